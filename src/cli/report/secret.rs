//! What a failure with secrets means to a person: nothing here repeats what is secret.

use crate::cli::exit::Exit;
use crate::secret::{IdentityError, OpenError};
use crate::store::SecretError;

/// The exit code, and what to type next.
pub(super) fn hints(error: &SecretError) -> (Exit, Vec<String>) {
    // Never `valvecfg set` for what was perhaps misspelt: the secret would stand among its arguments.
    if let SecretError::NotSecret {
        suggestion: Some(key), ..
    } = error
    {
        return (Exit::Usage, vec![format!("did you mean `{key}`?")]);
    }
    let (exit, hint) = match error {
        SecretError::NoRecipients { .. } | SecretError::Seal { .. } => (
            Exit::Failed,
            "`valvecfg secret keygen` makes a key for this machine; `valvecfg secret recipients add age1…` names another",
        ),
        SecretError::Recipient(_) | SecretError::NotARecipient(_) => (
            Exit::No,
            "a recipient is `age1…`, `ssh-ed25519 …` or `ssh-rsa …`; `valvecfg secret recipients list` shows those there are",
        ),
        SecretError::Open { source, .. } => (
            Exit::Sealed,
            match source {
                OpenError::WrongIdentity { .. } => "name another one with `--identity FILE`",
                OpenError::Damaged { .. } => {
                    "an earlier one is in the history: `valvecfg rollback`; else set it anew with `valvecfg secret set`"
                }
                OpenError::Envelope(_) => "a sealed value cannot be copied; set it here with `valvecfg secret set`",
            },
        ),
        SecretError::NoIdentity { .. } => (
            Exit::Sealed,
            "name its file with `--identity FILE` or $VALVECFG_IDENTITY, or put it at ~/.config/valvecfg/identity.txt",
        ),
        SecretError::Identity(error) => (
            match error {
                IdentityError::Locked { .. } => Exit::NeedsAnswer,
                IdentityError::Open { .. }
                | IdentityError::Empty { .. }
                | IdentityError::Malformed { .. }
                | IdentityError::WrongPassphrase { .. }
                | IdentityError::File(_) => Exit::Sealed,
            },
            match error {
                IdentityError::Open { .. } => "take that right away: `chmod 600 FILE`",
                IdentityError::Empty { .. } | IdentityError::Malformed { .. } => {
                    "an identity file holds a line AGE-SECRET-KEY-1…, or is an SSH private key; `valvecfg secret keygen` makes one"
                }
                IdentityError::Locked { .. } => "run it on a terminal, or name another file with `--identity FILE`",
                IdentityError::WrongPassphrase { .. } => "try again",
                IdentityError::File(_) => "name another file with `--identity FILE`",
            },
        ),
        SecretError::Hidden { .. } => (Exit::No, "`--reveal` prints it"),
        SecretError::NotSecret { .. } => (
            Exit::Usage,
            "`valvecfg secret list` shows what is secret; `valvecfg set` is for the rest",
        ),
        SecretError::InArguments { .. } => (
            Exit::Usage,
            "other users see the arguments of every process, and shells remember them: `valvecfg secret set KEY` asks for \
             it, and `--value-stdin` reads it",
        ),
        SecretError::Sealed { .. } => (Exit::No, "`valvecfg secret set KEY` gives it a new value"),
        SecretError::RecipientThere { .. } => (Exit::No, "`valvecfg secret recipients list` shows those there are"),
    };
    (exit, vec![hint.to_owned()])
}
