//! Looking: what was edited by hand is recorded, and what is not valid is told, or put back. What fails is tried again.

use std::collections::BTreeSet;
use std::time::Duration;

use super::OnInvalid;
use super::absorb::{Absorption, Writers as _};
use super::event::WatchEvent;
use super::eye::Eye;
use super::follow::{Follower, PATIENCE};
use super::put_back::PutBack;
use crate::plugin::sentence;
use crate::store::manifest::{MANIFEST, plugin_of};
use crate::store::{CheckedFile, FindError, LockError, StoreError};
use crate::watch::BootTime;

/// The pauses between attempts: the first one, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// What is to be looked at.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// These settings files.
    Settings(BTreeSet<String>),
    /// All settings files.
    All,
    /// All of them, also those that are as they are recorded: what they must be may have changed.
    Everything,
}

impl Scope {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, _) | (_, Self::Everything) => Self::Everything,
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Settings(mut these), Self::Settings(others)) => {
                these.extend(others);
                Self::Settings(these)
            }
        }
    }
}

impl Follower<'_> {
    /// Records what was edited by hand, and tells what is not valid. What fails is tried again.
    pub(super) fn look(&mut self, scope: Scope) {
        let Some(rules) = self.version_of_rules(&[]) else {
            // Everything is looked at when they are complete.
            return;
        };
        let (scope, pause) = match self.again.take() {
            Some((before, _, pause)) => (before.and(scope), pause),
            None => (scope, Duration::ZERO),
        };
        match self.try_look(&scope, rules) {
            Ok(()) => {
                if self.said.is_over() {
                    self.say(WatchEvent::Resumed);
                }
            }
            Err(error) => self.postpone(scope, pause, error),
        }
    }

    fn postpone(&mut self, scope: Scope, pause: Duration, error: StoreError) {
        // The manifest: it is shown where it is wrong, and looked at when it is saved.
        if let StoreError::Invalid { files } = error {
            for file in files {
                self.report(file);
            }
            return;
        }
        let busy = matches!(error, StoreError::Lock(LockError::Busy { .. }));
        let first = if busy { PATIENCE } else { FIRST_PAUSE };
        let next = (pause * 2).clamp(first, LONGEST_PAUSE);
        self.again = Some((scope, BootTime::now() + next, next));
        if busy && next < FIRST_PAUSE * 8 {
            return;
        }
        let is_gone = self.is_gone();
        let reason = if is_gone {
            format!("{} is gone", self.store.root.display())
        } else {
            sentence(&error)
        };
        if is_gone {
            // It is seen when it is there again.
            self.again = None;
        }
        if self.said.is_new_trouble(&reason) {
            self.say(WatchEvent::Waiting { reason });
        }
    }

    fn try_look(&mut self, scope: &Scope, rules: u64) -> Result<(), StoreError> {
        if self.is_gone() {
            // Nothing is made in a folder that somebody may be removing just now.
            let folder = self.store.root.clone();
            return Err(FindError::NotAStore { folder }.into());
        }
        let only = match scope {
            Scope::Settings(paths) => Some(paths),
            Scope::All | Scope::Everything => None,
        };
        let mut eye = Eye {
            places: &self.places,
            watcher: &mut self.watcher,
            gone: &mut self.gone,
        };
        let mut absorption = Absorption::default();
        let absorbed = self.store.absorb(only, &mut eye, &mut absorption);
        let Absorption {
            recorded,
            mut left,
            seen,
        } = absorption;
        let invalid = match scope {
            Scope::Everything if absorbed.is_ok() => self.store.invalid_settings(),
            Scope::Everything | Scope::All | Scope::Settings(_) => Ok(Vec::new()),
        };
        for (_, outcome) in &recorded {
            // Before anything is said: whoever reads what we print may be slow.
            for plugin in self.deliveries.want_edited(&outcome.concerned.told) {
                self.warn(format!(
                    "the settings of {plugin} are edited whenever it is told of them; it is told less often from now on"
                ));
            }
        }
        for (revision, outcome) in recorded {
            self.head = Some(revision.id);
            self.say(WatchEvent::Recorded {
                revision: Box::new(revision),
                changes: outcome.changes,
                files: outcome.files,
            });
        }
        absorbed?;
        let known: BTreeSet<String> = left.iter().map(|file| file.path.clone()).collect();
        left.extend(invalid?.into_iter().filter(|file| !known.contains(&file.path)));
        if self.version_of_rules(&left) != Some(rules) {
            // It was judged by rules that somebody was writing.
            return Ok(());
        }
        let refused: BTreeSet<String> = left.iter().map(|file| file.path.clone()).collect();
        // The manifest could be read, or nothing had been looked at.
        let is_mended = |path: &&str| !refused.contains(*path) && (seen.contains(*path) || plugin_of(path).is_none());
        let mended: Vec<String> = self.said.invalid().filter(is_mended).map(str::to_owned).collect();
        for path in mended {
            self.said.is_mended(&path);
            self.say(WatchEvent::Valid { path });
        }
        for file in left {
            self.refused(file)?;
        }
        Ok(())
    }

    /// A number that is another one once the manifest, a schema or a migration has changed; nothing while somebody writes
    /// one, or has taken the manifest away for a moment. For what was not accepted it is looked at closely.
    fn version_of_rules(&mut self, refused: &[CheckedFile]) -> Option<u64> {
        let is_gone = self.is_gone();
        let mut eye = Eye {
            places: &self.places,
            watcher: &mut self.watcher,
            gone: &mut self.gone,
        };
        if eye.is_fleeting(MANIFEST, is_gone) {
            return None;
        }
        eye.version(MANIFEST)?;
        for plugin in refused.iter().filter_map(|file| plugin_of(&file.path)) {
            let folder = self.store.root.join("schemas").join(plugin);
            for schema in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                eye.watcher.version(&schema.path())?;
            }
        }
        let places = &self.places;
        self.watcher.version_of(&|path| places.is_rule(path))
    }

    /// Whether the store is gone.
    pub(super) fn is_gone(&self) -> bool {
        !self.store.root.join(MANIFEST).exists()
    }

    /// What becomes of a settings file that is not valid.
    fn refused(&mut self, file: CheckedFile) -> Result<(), StoreError> {
        if self.on_invalid == OnInvalid::Restore {
            match self.store.put_back(&file.path) {
                Ok(PutBack::Done { rejected }) => {
                    self.said.is_mended(&file.path);
                    self.say(WatchEvent::Restored { file, rejected });
                    return Ok(());
                }
                // Its own event is on its way.
                Ok(PutBack::Overtaken) => return Ok(()),
                Ok(PutBack::NoneBetter) => {}
                Err(StoreError::File(error)) => {
                    let path = file.path.clone();
                    if self.report(file) {
                        let why = sentence(&error);
                        self.warn(format!("{path} was not put back: {why}"));
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.report(file);
        Ok(())
    }

    /// Tells that a file is not valid, where that is new.
    fn report(&mut self, file: CheckedFile) -> bool {
        let is_news = self.said.is_news(&file);
        if is_news {
            self.say(WatchEvent::Invalid { file });
        }
        is_news
    }
}
