//! Identities: the private keys that open sealed values, and the files that they stand in.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{Recipient, forbid_dumps, off_stack};
use crate::files::{self, FileError};

/// An identity file is a few lines.
const LARGEST: u64 = 64 << 10;
/// The age program locks with 2^18 rounds, which take about a second. The file itself says how many, so a foreign one
/// could ask for days.
const MOST_WORK: u8 = 18;

/// Asks a person for the passphrase of a file; nothing where nobody can be asked.
pub type Ask<'a> = dyn Fn(&Path) -> Option<SecretString> + 'a;

/// Why an identity file cannot be used. No error holds any of its text.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// It could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Others can read it.
    #[error("{} can be read by others (mode {mode:04o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is no identity in it.
    #[error("{} holds no identity", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{} is no identity file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It needs a passphrase, and nobody can be asked.
    #[error("{} is locked with a passphrase, and there is no terminal to ask for it", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase was not the right one.
    #[error("the passphrase does not open {}", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
}

/// The identities of one file, ready to open with.
pub struct Keyring {
    file: PathBuf,
    identities: Vec<Box<dyn age::Identity + Send + Sync>>,
}

impl Keyring {
    /// Reads an identity file: of `age-keygen`, locked with a passphrase or not, or an SSH private key.
    ///
    /// # Errors
    /// Where others could read it too: group and others may have no rights at all. A file below
    /// `$CREDENTIALS_DIRECTORY`, where systemd gives rights by the group, may be the group's.
    pub fn read(path: &Path, ask: &Ask<'_>) -> Result<Self, IdentityError> {
        forbid_dumps();
        off_stack(|| Self::parse(path, ask))
    }

    fn parse(path: &Path, ask: &Ask<'_>) -> Result<Self, IdentityError> {
        let bytes = Zeroizing::new(files::read(path, LARGEST)?);
        let metadata = std::fs::metadata(path).map_err(|source| FileError::io("look at", path, source))?;
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder));
        let forbidden = if credentials { 0o007 } else { 0o077 };
        if metadata.mode() & forbidden != 0 {
            return Err(IdentityError::Open {
                path: path.to_owned(),
                mode: metadata.mode() & 0o7777,
            });
        }
        let identities = if bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE") {
            let plain = unlock(path, &bytes, ask)?;
            native(path, &plain)?
        } else if bytes.starts_with(b"-----BEGIN ") {
            vec![ssh(path, &bytes, ask)?]
        } else {
            native(path, &bytes)?
        };
        if identities.is_empty() {
            return Err(IdentityError::Empty { path: path.to_owned() });
        }
        Ok(Self {
            file: path.to_owned(),
            identities,
        })
    }

    /// The file that the identities stand in.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn identities(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.identities.iter().map(|identity| &**identity as &dyn age::Identity)
    }
}

/// A new identity: the text of its file, and its recipient.
#[must_use]
pub fn generate(created: &str) -> (Zeroizing<String>, String) {
    forbid_dumps();
    off_stack(|| {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let text = format!(
            "# created: {created}\n# public key: {recipient}\n{}\n",
            identity.to_string().expose_secret()
        );
        (Zeroizing::new(text), recipient)
    })
}

fn native(path: &Path, bytes: &[u8]) -> Result<Vec<Box<dyn age::Identity + Send + Sync>>, IdentityError> {
    let malformed = |reason: String| IdentityError::Malformed {
        path: path.to_owned(),
        reason,
    };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
    let mut identities: Vec<Box<dyn age::Identity + Send + Sync>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.parse::<Recipient>().is_ok() {
            let reason = format!("line {} is a recipient, the public half of a key", number + 1);
            return Err(malformed(reason));
        }
        let identity = line.parse::<age::x25519::Identity>();
        // What is wrong with it would be told with its text.
        let identity = identity.map_err(|_| malformed(format!("line {} is no AGE-SECRET-KEY-1…", number + 1)))?;
        identities.push(Box::new(identity));
    }
    Ok(identities)
}

/// Opens an identity file that is itself sealed with a passphrase.
fn unlock(path: &Path, bytes: &[u8], ask: &Ask<'_>) -> Result<Zeroizing<Vec<u8>>, IdentityError> {
    let malformed = |reason: &str| IdentityError::Malformed {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let decryptor = age::Decryptor::new(age::armor::ArmoredReader::new(bytes));
    let decryptor = decryptor.map_err(|_| malformed("it is no whole age file"))?;
    if !decryptor.is_scrypt() {
        return Err(malformed("it is sealed for a recipient, not with a passphrase"));
    }
    let passphrase = ask(path).ok_or_else(|| IdentityError::Locked { path: path.to_owned() })?;
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MOST_WORK);
    let opened = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let mut reader = opened.map_err(|error| match error {
        age::DecryptError::ExcessiveWork { .. } => malformed("its passphrase asks for too much work"),
        // The enum may grow.
        age::DecryptError::DecryptionFailed
        | age::DecryptError::KeyDecryptionFailed
        | age::DecryptError::NoMatchingKeys
        | _ => IdentityError::WrongPassphrase { path: path.to_owned() },
    })?;
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    let read = reader.read_to_end(&mut plain);
    read.map_err(|_| malformed("its checksum does not hold"))?;
    Ok(plain)
}

#[cfg(feature = "ssh")]
fn ssh(path: &Path, bytes: &[u8], ask: &Ask<'_>) -> Result<Box<dyn age::Identity + Send + Sync>, IdentityError> {
    use age::ssh::Identity;
    let malformed = |reason: &str| IdentityError::Malformed {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let identity = Identity::from_buffer(std::io::BufReader::new(bytes), None);
    match identity.map_err(|_| malformed("it is no whole SSH private key"))? {
        key @ Identity::Unencrypted(_) => Ok(Box::new(key)),
        Identity::Encrypted(key) => {
            let passphrase = ask(path).ok_or_else(|| IdentityError::Locked { path: path.to_owned() })?;
            let opened = key.decrypt(passphrase);
            let opened = opened.map_err(|_| IdentityError::WrongPassphrase { path: path.to_owned() })?;
            Ok(Box::new(Identity::from(opened)))
        }
        Identity::Unsupported(_) => Err(malformed("of SSH keys, only ed25519 and rsa can be used")),
    }
}

#[cfg(not(feature = "ssh"))]
fn ssh(path: &Path, _: &[u8], _: &Ask<'_>) -> Result<Box<dyn age::Identity + Send + Sync>, IdentityError> {
    Err(IdentityError::Malformed {
        path: path.to_owned(),
        reason: "it is an SSH key, and this valvecfg was built without its feature `ssh`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use age::secrecy::SecretString;

    use super::{IdentityError, Keyring, generate};

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn refused(bytes: &[u8]) -> IdentityError {
        let read = Keyring::read(file(bytes).path(), &|_| None);
        read.err().unwrap()
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let file = file(generate("now").0.as_bytes());
        for (mode, accepted) in [
            (0o600, true),
            (0o400, true),
            (0o640, false),
            (0o604, false),
            (0o610, false),
        ] {
            file.as_file().set_permissions(Permissions::from_mode(mode)).unwrap();
            let read = Keyring::read(file.path(), &|_| None);
            assert_eq!(read.is_ok(), accepted, "{mode:o}");
            assert!(accepted || matches!(read, Err(IdentityError::Open { .. })));
        }
    }

    #[test]
    fn what_is_no_identity_file_is_refused_without_its_text() {
        assert!(matches!(refused(b""), IdentityError::Empty { .. }));
        assert!(matches!(refused(b"# only a comment\n\n"), IdentityError::Empty { .. }));
        let (text, recipient) = generate("now");
        for wrong in [
            "hunter2".to_owned(),
            recipient,
            text[..text.len() - 3].to_owned(),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n".to_owned(),
            "age-encryption.org/v1\nhunter2\n".to_owned(),
            "-----BEGIN AGE ENCRYPTED FILE-----\nhunter2\n".to_owned(),
        ] {
            let error = refused(wrong.as_bytes());
            assert!(matches!(error, IdentityError::Malformed { .. }), "{error}");
            let told = format!("{error} {error:?}");
            assert!(
                !told.contains("hunter2") && !told.contains("AGE-SECRET-KEY-1Q"),
                "{told}"
            );
        }
        assert!(matches!(refused(b"\xff\xfe"), IdentityError::Malformed { .. }));
    }

    /// The same identity, sealed with a passphrase as `age -p` does.
    fn locked(rounds: u8) -> tempfile::NamedTempFile {
        let mut recipient = age::scrypt::Recipient::new(SecretString::from("open sesame".to_owned()));
        recipient.set_work_factor(rounds);
        file(&age::encrypt(&recipient, generate("now").0.as_bytes()).unwrap())
    }

    #[test]
    fn a_locked_file_asks_for_its_passphrase() {
        let file = locked(2);
        let read = |passphrase: Option<&'static str>| {
            Keyring::read(file.path(), &|_| {
                passphrase.map(|text| SecretString::from(text.to_owned()))
            })
        };
        assert!(read(Some("open sesame")).is_ok());
        assert!(matches!(
            read(Some("sesame")),
            Err(IdentityError::WrongPassphrase { .. })
        ));
        assert!(matches!(read(None), Err(IdentityError::Locked { .. })));
    }

    #[test]
    fn a_passphrase_that_asks_for_too_much_work_is_refused() {
        let file = locked(19);
        let read = Keyring::read(file.path(), &|_| Some(SecretString::from("open sesame".to_owned())));
        assert!(matches!(read, Err(IdentityError::Malformed { reason, .. }) if reason.contains("too much work")));
    }
}
