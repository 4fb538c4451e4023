//! `--on-invalid restore`: what is recorded takes the place of a settings file that is not valid.

use crate::files::{self, Durability, FileError, Ownership, Replacement};
use crate::store::draft;
use crate::store::editing::without_plain_secrets;
use crate::store::manifest::plugin_of;
use crate::store::session::{Access, Session};
use crate::store::{Store, StoreError};

/// What became of a settings file that is not valid.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PutBack {
    /// What is recorded is in its place, and it is set aside under this name, if there was anything.
    Done { rejected: Option<String> },
    /// It is valid by now, or was saved again just now.
    Overtaken,
    /// What is recorded is not valid either.
    NoneBetter,
}

impl Store {
    /// Puts what is recorded of a settings file in its place, where it is not valid. What stood there is set aside,
    /// without the secrets that stood there in plain text.
    pub(super) fn put_back(&self, path: &str) -> Result<PutBack, StoreError> {
        let session = Session::begin(self, Access::Write)?;
        let Some(plugin) = plugin_of(path).filter(|plugin| session.rules.has(plugin)) else {
            return Ok(PutBack::Overtaken);
        };
        let live = session.live.read(path)?;
        let Some(recorded) = session.history.read(session.head, path)? else {
            return Ok(PutBack::NoneBetter);
        };
        if live.as_ref() == Some(&recorded) || session.rules.check_bytes(plugin, recorded.clone())?.is_refused() {
            return Ok(PutBack::NoneBetter);
        }
        if let Some(live) = &live
            && session.accepts_by_hand(plugin, path, &recorded, live)?
        {
            return Ok(PutBack::Overtaken);
        }
        let file = self.root.join(path);
        let mut rejected = None;
        if let Some(live) = &live {
            let kept = without_plain_secrets(&session.rules, plugin, live, &|_| false)?;
            let aside = format!("{path}.rejected");
            files::set_aside(&file, &kept, &self.root.join(&aside))?;
            rejected = Some(aside);
        }
        match replace(&file, live, recorded, Ownership::of(&self.root)?) {
            Ok(()) => Ok(PutBack::Done { rejected }),
            Err(FileError::Changed { .. }) => Ok(PutBack::Overtaken),
            Err(error) => Err(error.into()),
        }
    }
}

impl Session<'_> {
    /// Whether a text may take the place of another by hand.
    fn accepts_by_hand(&self, plugin: &str, path: &str, before: &[u8], after: &[u8]) -> Result<bool, StoreError> {
        let parse = |bytes: &[u8]| draft::parse(path, bytes.to_vec(), &self.live);
        let (before, after) = match (parse(before), parse(after)) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(StoreError::HandEdit { .. }), _) | (_, Err(StoreError::HandEdit { .. })) => return Ok(false),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let keyring = || self.store.keyring(&|_| None).ok().flatten();
        let checked = self.rules.check_by_hand(plugin, &before, &after, &keyring)?;
        Ok(!checked.is_refused())
    }
}

/// Puts one content in the place of another. A save in between is an error, and stays.
fn replace(
    file: &std::path::Path,
    before: Option<Vec<u8>>,
    after: Vec<u8>,
    ownership: Ownership,
) -> Result<(), FileError> {
    let folder = file.parent().unwrap_or(std::path::Path::new("/"));
    let mut durability = Durability::begin(folder)?;
    let mut replacement = Replacement::plan(file, before, Some(after))?;
    replacement.stage(0o644, ownership, &mut durability)?;
    durability.barrier()?;
    replacement.apply_without_journal(&mut durability)?;
    durability.barrier()?;
    replacement.finish()
}
