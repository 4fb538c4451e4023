//! Who can open what is sealed: the public keys that stand in the manifest.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A public key that values are sealed for: of age (`age1…`) or of SSH (`ssh-ed25519 …`, `ssh-rsa …`).
#[derive(Clone)]
pub struct Recipient {
    text: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    X25519(age::x25519::Recipient),
    #[cfg(feature = "ssh")]
    Ssh(age::ssh::Recipient),
}

/// Why a text names no recipient.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecipientError {
    /// It is a private key, which must stand in no manifest.
    #[error("this is an identity, the private half of a key; a recipient is its public half")]
    Identity,
    /// It is an SSH key, and the program cannot use those.
    #[error("`{text}` is an SSH key, and this valvecfg was built without its feature `ssh`")]
    WithoutSsh {
        /// What was given.
        text: String,
    },
    /// It is none.
    #[error("`{text}` is no recipient: {reason}")]
    Unknown {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Recipient {
    /// What age takes.
    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        match &self.key {
            Key::X25519(key) => key,
            #[cfg(feature = "ssh")]
            Key::Ssh(key) => key,
        }
    }
}

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Self, RecipientError> {
        let text = text.trim();
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") || text.starts_with("-----BEGIN") {
            return Err(RecipientError::Identity);
        }
        let unknown = |reason| RecipientError::Unknown {
            text: text.to_owned(),
            reason,
        };
        let key = if text.starts_with("ssh-") {
            ssh(text)?
        } else if text.starts_with("age1") {
            let key = text
                .parse()
                .map_err(|_| unknown("its letters do not fit its checksum"))?;
            Key::X25519(key)
        } else {
            return Err(unknown("one begins with `age1`, `ssh-ed25519` or `ssh-rsa`"));
        };
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }
}

#[cfg(feature = "ssh")]
fn ssh(text: &str) -> Result<Key, RecipientError> {
    let unknown = |reason| RecipientError::Unknown {
        text: text.to_owned(),
        reason,
    };
    text.parse().map(Key::Ssh).map_err(|error| match error {
        age::ssh::ParseRecipientKeyError::RsaModulusTooLarge | age::ssh::ParseRecipientKeyError::RsaModulusTooSmall => {
            unknown("an RSA key has 2,048 to 16,384 bits")
        }
        age::ssh::ParseRecipientKeyError::Unsupported(_) => unknown("only ssh-ed25519 and ssh-rsa keys can be used"),
        age::ssh::ParseRecipientKeyError::Ignore | age::ssh::ParseRecipientKeyError::Invalid(_) | _ => {
            unknown("it is no whole SSH public key")
        }
    })
}

#[cfg(not(feature = "ssh"))]
fn ssh(text: &str) -> Result<Key, RecipientError> {
    Err(RecipientError::WithoutSsh { text: text.to_owned() })
}

impl PartialEq for Recipient {
    /// The same key; an SSH key's comment does not count.
    fn eq(&self, other: &Self) -> bool {
        let key = |recipient: &Self| -> Vec<String> {
            recipient.text.split_whitespace().take(2).map(str::to_owned).collect()
        };
        key(self) == key(other)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Recipient({})", self.text)
    }
}
