//! A sealed value: `age:` and the base64 of an age file.

use std::io::{Read as _, Write as _};

use age::{DecryptError, Decryptor, Encryptor};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::envelope::{self, EnvelopeError};
use super::{Keyring, Recipient, Secret, off_stack};
use crate::document::KeyPath;

/// What a sealed value begins with.
const PREFIX: &str = "age:";
/// A longer text is not opened: a secret is a password or a key, not a file.
const LONGEST: usize = 256 << 10;
/// More stanzas are not tried. Each costs a key agreement per identity.
const MOST_STANZAS: usize = 100;

/// Why a value could not be sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// Nobody could open it.
    #[error("there is no recipient to seal for")]
    NoRecipients,
    /// It would be longer than what is opened.
    #[error("the value is longer than {} bytes", LONGEST / 2)]
    TooLong,
    /// The settings would not be TOML with the sealed values in their places.
    #[error("the sealed values do not fit where they are to stand")]
    NoPlace,
    /// age could not do it.
    #[error("cannot seal: {reason}")]
    Age {
        /// What age said.
        reason: String,
    },
}

/// Why a sealed value could not be opened. No error holds any of its plain text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// No identity at hand is one of its recipients.
    #[error("it is not sealed for the identity in {identity}")]
    WrongIdentity {
        /// The identity file.
        identity: String,
    },
    /// It was changed or cut off.
    #[error("the sealed value is damaged: {reason}")]
    Damaged {
        /// What is wrong.
        reason: &'static str,
    },
    /// It was opened, and does not belong here.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// Whether a text is a sealed value, whole or damaged.
#[must_use]
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Seals a value for its setting, whose name begins with the plugin's.
pub fn seal(setting: &KeyPath, secret: &Secret, recipients: &[Recipient]) -> Result<String, SealError> {
    if recipients.is_empty() {
        return Err(SealError::NoRecipients);
    }
    off_stack(|| encrypt(setting, secret, recipients))
}

fn encrypt(setting: &KeyPath, secret: &Secret, recipients: &[Recipient]) -> Result<String, SealError> {
    let failed = |reason: &dyn std::fmt::Display| SealError::Age {
        reason: reason.to_string(),
    };
    let plain = envelope::close(setting, secret.reveal());
    if plain.len() > LONGEST / 2 {
        return Err(SealError::TooLong);
    }
    let encryptor =
        Encryptor::with_recipients(recipients.iter().map(Recipient::as_age)).map_err(|error| failed(&error))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| failed(&error))?;
    let written = writer.write_all(plain.as_bytes()).and_then(|()| writer.finish());
    written.map_err(|error| failed(&error))?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(sealed)))
}

/// A sealed value whose form was looked at, and that was not opened.
pub struct Sealed {
    file: Vec<u8>,
    stanzas: Vec<String>,
}

impl Sealed {
    /// Reads a sealed value.
    pub fn read(text: &str) -> Result<Self, OpenError> {
        let damaged = |reason| OpenError::Damaged { reason };
        let text = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| damaged("it does not begin with `age:`"))?;
        if text.len() > LONGEST {
            return Err(damaged("it is too long"));
        }
        let file = STANDARD.decode(text.trim()).map_err(|_| damaged("it is not base64"))?;
        let end = file.windows(4).position(|window| window == b"\n---");
        let header = end.and_then(|end| std::str::from_utf8(&file[..end]).ok());
        let header = header.ok_or_else(|| damaged("it has no age header"))?;
        let stanzas = stanzas(header).ok_or_else(|| damaged("a recipient in its age header is not whole"))?;
        if stanzas.len() > MOST_STANZAS {
            return Err(damaged("it has too many recipients"));
        }
        Ok(Self { file, stanzas })
    }

    /// For how many recipients it was sealed. age adds a stanza of noise at times, which does not count.
    #[must_use]
    pub fn recipients(&self) -> usize {
        let real = |stanza: &&String| stanza.starts_with("X25519 ") || stanza.starts_with("ssh-");
        self.stanzas.iter().filter(real).count()
    }

    /// Opens it, if it belongs to this setting.
    pub fn open(&self, setting: &KeyPath, keyring: &Keyring) -> Result<Secret, OpenError> {
        off_stack(|| self.decrypt(setting, keyring))
    }

    fn decrypt(&self, setting: &KeyPath, keyring: &Keyring) -> Result<Secret, OpenError> {
        let damaged = |reason| OpenError::Damaged { reason };
        let failed = |error: DecryptError| match error {
            DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => OpenError::WrongIdentity {
                identity: keyring.file().display().to_string(),
            },
            DecryptError::InvalidMac | DecryptError::DecryptionFailed => damaged("its checksum does not hold"),
            DecryptError::ExcessiveWork { .. } => damaged("it asks for too much work"),
            DecryptError::UnknownFormat => damaged("it is of an unknown version of age"),
            // The enum may grow.
            DecryptError::InvalidHeader | DecryptError::Io(_) | _ => damaged("it is no whole age file"),
        };
        let decryptor = Decryptor::new(self.file.as_slice()).map_err(failed)?;
        if decryptor.is_scrypt() {
            return Err(damaged("it is sealed with a passphrase, not for recipients"));
        }
        let mut reader = decryptor.decrypt(keyring.identities()).map_err(failed)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(self.file.len()));
        let read = reader.read_to_end(&mut plain);
        read.map_err(|_| damaged("its checksum does not hold"))?;
        Ok(Secret::new(envelope::open(&plain, setting)?))
    }
}

/// What follows `-> ` in the header of an age file, recipient by recipient. Nothing where the body of one does not end as
/// the specification wants it, with a line that is not full: the library lets that pass, since early versions wrote it.
fn stanzas(header: &str) -> Option<Vec<String>> {
    const FULL: usize = 64;
    let mut found = Vec::new();
    let mut last = 0;
    for line in header.split('\n').skip(1) {
        if let Some(arguments) = line.strip_prefix("-> ") {
            if last >= FULL {
                return None;
            }
            found.push(arguments.to_owned());
            last = FULL;
        } else {
            last = line.len();
        }
    }
    (last < FULL).then_some(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{OpenError, Sealed, is_sealed, seal};
    use crate::document::{KeyPath, Value};
    use crate::secret::{EnvelopeError, Keyring, Recipient, Secret, generate};

    fn path(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    /// A new identity in a file of its own, and its recipient.
    fn identity() -> (tempfile::NamedTempFile, Keyring, Recipient) {
        let (text, recipient) = generate("2026-11-01");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let keyring = Keyring::read(file.path(), &|_| None).unwrap();
        (file, keyring, recipient.parse().unwrap())
    }

    fn secret() -> Secret {
        Secret::new(Value::String("correct horse".to_owned()))
    }

    #[test]
    fn what_is_sealed_for_several_opens_for_each_and_for_no_other() {
        let (_first, first, for_first) = identity();
        let (_second, second, for_second) = identity();
        let (_other, other, _) = identity();
        let key = path("valve.mqtt.password");
        let text = seal(&key, &secret(), &[for_first, for_second]).unwrap();
        assert!(is_sealed(&text) && !text.contains("correct"));
        let sealed = Sealed::read(&text).unwrap();
        assert_eq!(sealed.recipients(), 2);
        for keyring in [&first, &second] {
            let opened = sealed.open(&key, keyring).ok().unwrap();
            assert_eq!(*opened.reveal(), Value::String("correct horse".to_owned()));
        }
        let refused = sealed.open(&key, &other).err().unwrap();
        assert!(matches!(refused, OpenError::WrongIdentity { .. }), "{refused}");
    }

    #[test]
    fn the_same_value_is_sealed_differently_each_time() {
        let (_file, _, recipient) = identity();
        let one = seal(&path("valve.a"), &secret(), std::slice::from_ref(&recipient)).unwrap();
        assert_ne!(one, seal(&path("valve.a"), &secret(), &[recipient]).unwrap());
    }

    #[test]
    fn a_value_that_was_copied_elsewhere_is_refused() {
        let (_file, keyring, recipient) = identity();
        let sealed = Sealed::read(&seal(&path("valve.a"), &secret(), &[recipient]).unwrap()).unwrap();
        let sealed_for = path("valve.a");
        let refused = sealed.open(&path("heating.a"), &keyring).err().unwrap();
        assert_eq!(refused, OpenError::Envelope(EnvelopeError::Elsewhere { sealed_for }));
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        use base64::Engine as _;
        let (_file, keyring, recipient) = identity();
        let text = seal(&path("valve.a"), &secret(), &[recipient]).unwrap();
        let file = super::STANDARD.decode(&text["age:".len()..]).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let text = format!("age:{}", super::STANDARD.encode(&changed));
            let opened = Sealed::read(&text).and_then(|sealed| sealed.open(&path("valve.a"), &keyring));
            assert!(opened.is_err(), "byte {at}");
        }
        for end in 0..text.len() {
            let opened = Sealed::read(&text[..end]).and_then(|sealed| sealed.open(&path("valve.a"), &keyring));
            assert!(opened.is_err(), "cut at {end}");
        }
    }

    #[test]
    fn nothing_is_sealed_for_nobody() {
        assert!(seal(&path("valve.a"), &secret(), &[]).is_err());
    }
}
