//! A plugin's own view of its settings, for plugins written in Rust: what is in force now, what changes, and how the
//! plugin says that it runs a change or why it does not.

#[cfg(feature = "stream")]
mod stream;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

use super::delivery::Deliverer;
use super::manifest::settings_path;
use super::render::{self, RenderFormat};
use super::session::{Access, Session};
use super::{Answered, FindError, Limits, Store, StoreError, find};
use crate::history::BlobId;
use crate::revision::RevisionId;
use crate::watch::{Bell, Place, Wake, Watcher};

#[cfg(feature = "stream")]
pub use stream::ChangeStream;

/// Why a plugin's settings could not be had.
#[derive(Debug, Error)]
pub enum ConfigurationError {
    /// No store, or not one to be opened.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The store could not be read, or what is recorded is not valid.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings are valid, and not what the plugin's own type expects.
    #[error("the settings of `{plugin}` are not what the plugin expects: {reason}")]
    Type {
        /// The plugin.
        plugin: String,
        /// What does not fit, without values: one may be secret.
        reason: String,
    },
    /// The files cannot be followed.
    #[error("the store's files cannot be followed")]
    Watch(#[from] io::Error),
}

/// The settings of one plugin, as a type of its own.
///
/// They are those of the last revision, checked, with the defaults filled in and the secrets open; what stands in the file
/// and is not recorded yet, because it is not valid, is never among them.
///
/// ```no_run
/// use serde::Deserialize;
/// use valvecfg::store::Configuration;
///
/// #[derive(Deserialize)]
/// struct Valve {
///     threshold: i64,
/// }
///
/// # fn open_at(_: i64) -> Result<(), String> { Ok(()) }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = Configuration::<Valve>::open(None, "valve")?;
/// open_at(configuration.get().threshold)?;
/// for change in configuration.changes()? {
///     let change = change?;
///     match open_at(change.settings().threshold) {
///         Ok(()) => change.applied()?,
///         Err(reason) => change.refused(&reason)?,
///     };
/// }
/// # Ok(())
/// # }
/// ```
pub struct Configuration<T>(Arc<Inner<T>>);

struct Inner<T> {
    store: Store,
    plugin: String,
    current: Mutex<Current<T>>,
}

/// What is in force.
struct Current<T> {
    settings: Arc<T>,
    seen: Seen,
}

/// What was read last, to know a change by.
#[derive(Clone)]
struct Seen {
    revision: RevisionId,
    content: BlobId,
    text: Zeroizing<String>,
}

/// Settings that are new to the plugin. It runs them once it has said so.
pub struct Offer<T> {
    configuration: Arc<Inner<T>>,
    settings: Arc<T>,
    seen: Seen,
}

/// The changes of a plugin's settings, each when it comes.
pub struct Changes<T> {
    configuration: Arc<Inner<T>>,
    watcher: Watcher,
    bell: Arc<Bell>,
    /// What was offered last, whatever became of it.
    offered: Seen,
    /// Whether it waits before it reads: what cannot be read is told once for each time that something happens.
    waits: bool,
}

/// Ends a wait for changes from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<Bell>);

impl Stopper {
    /// Ends it. The iterator answers with nothing more.
    pub fn stop(&self) {
        self.0.ring();
    }
}

impl<T: DeserializeOwned> Configuration<T> {
    /// Reads a plugin's settings from the store in `folder`, or from the one that would be found from here.
    pub fn open(folder: Option<&Path>, plugin: &str) -> Result<Self, ConfigurationError> {
        let store = Store::open(find(folder)?, Limits::default())?;
        Self::of(store, plugin)
    }

    /// Reads a plugin's settings from a store.
    pub fn of(store: Store, plugin: &str) -> Result<Self, ConfigurationError> {
        let seen = read(&store, plugin)?;
        let settings = parse(plugin, &seen.text)?;
        Ok(Self(Arc::new(Inner {
            store,
            plugin: plugin.to_owned(),
            current: Mutex::new(Current {
                settings: Arc::new(settings),
                seen,
            }),
        })))
    }

    /// The settings in force: those that were read first, or the last that the plugin said it runs.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.current().settings)
    }

    /// Of which revision those are.
    #[must_use]
    pub fn revision(&self) -> RevisionId {
        self.0.current().seen.revision
    }

    /// The changes since then, each when it comes; it ends after [`Stopper::stop`]. Of several that come at once only the
    /// last is told. What cannot be read is an error, and the next change comes all the same.
    pub fn changes(&self) -> Result<Changes<T>, ConfigurationError> {
        let git = self.0.store.git();
        let places = vec![
            Place::these(git.join("refs/heads"), ["main"]),
            Place::these(git, ["packed-refs"]),
        ];
        let bell = Arc::new(Bell::new()?);
        Ok(Changes {
            configuration: Arc::clone(&self.0),
            watcher: Watcher::new(places, Arc::clone(&bell))?,
            bell,
            offered: self.0.current().seen.clone(),
            waits: false,
        })
    }

    /// Says that the plugin runs the settings that it read first.
    pub fn applied(&self) -> Result<Answered, StoreError> {
        self.0.answer(self.revision(), None)
    }

    /// Says why it does not.
    pub fn refused(&self, reason: &str) -> Result<Answered, StoreError> {
        self.0.answer(self.revision(), Some(reason))
    }
}

impl<T> Inner<T> {
    fn answer(&self, revision: RevisionId, refused: Option<&str>) -> Result<Answered, StoreError> {
        self.store.applied(&self.plugin, &revision.to_string(), refused)
    }

    /// A thread that panicked has not left it half written.
    fn current(&self) -> MutexGuard<'_, Current<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Offer<T> {
    /// The new settings.
    #[must_use]
    pub fn settings(&self) -> &T {
        &self.settings
    }

    /// Of which revision they are.
    #[must_use]
    pub fn revision(&self) -> RevisionId {
        self.seen.revision
    }

    /// Says that the plugin runs them; from now on [`Configuration::get`] answers with them.
    pub fn applied(self) -> Result<Answered, StoreError> {
        let revision = self.seen.revision;
        *self.configuration.current() = Current {
            settings: self.settings,
            seen: self.seen,
        };
        self.configuration.answer(revision, None)
    }

    /// Says why the plugin does not run them. It goes on with those that it had.
    pub fn refused(self, reason: &str) -> Result<Answered, StoreError> {
        self.configuration.answer(self.seen.revision, Some(reason))
    }
}

impl<T> Changes<T> {
    /// What ends the wait from another thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.bell))
    }
}

impl<T: DeserializeOwned> Iterator for Changes<T> {
    type Item = Result<Offer<T>, ConfigurationError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if std::mem::replace(&mut self.waits, true) {
                match self.watcher.wait(None) {
                    Ok(Wake::Rung) => return None,
                    Ok(Wake::Touched(_) | Wake::Rescan(_) | Wake::Due | Wake::Asked(_)) => {}
                    Err(error) => return Some(Err(error.into())),
                }
            }
            let Inner { store, plugin, .. } = &*self.configuration;
            let seen = match read_after(store, plugin, &self.offered) {
                Ok(Some(seen)) => seen,
                Ok(None) => continue,
                Err(error) => return Some(Err(error)),
            };
            // Comments alone are no change.
            let is_same = seen.text == self.offered.text;
            self.offered = seen.clone();
            if is_same {
                continue;
            }
            // More may have come while the plugin was busy with this.
            self.waits = false;
            return Some(parse(plugin, &seen.text).map(|settings| Offer {
                configuration: Arc::clone(&self.configuration),
                settings: Arc::new(settings),
                seen,
            }));
        }
    }
}

/// What is recorded of a plugin's settings now.
fn read(store: &Store, plugin: &str) -> Result<Seen, ConfigurationError> {
    let session = Session::begin(store, Access::Read)?;
    let head = session.head;
    let Some(content) = session
        .history
        .blob(head, &settings_path(plugin))
        .map_err(StoreError::from)?
    else {
        return Err(session.rules.no_such_plugin(plugin).into());
    };
    let text = render::recorded(&session, plugin, content)?.text(RenderFormat::Json);
    let text = text.map_err(StoreError::from)?;
    let revision = Deliverer::new(session)?.saved(plugin, head)?;
    Ok(Seen {
        revision,
        content,
        text,
    })
}

/// The same, where it is another file than before.
fn read_after(store: &Store, plugin: &str, before: &Seen) -> Result<Option<Seen>, ConfigurationError> {
    let session = Session::begin(store, Access::Read)?;
    let content = session.history.blob(session.head, &settings_path(plugin));
    let content = content.map_err(StoreError::from)?;
    if content == Some(before.content) {
        return Ok(None);
    }
    drop(session);
    read(store, plugin).map(Some)
}

fn parse<T: DeserializeOwned>(plugin: &str, text: &str) -> Result<T, ConfigurationError> {
    serde_json::from_str(text).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        // What stands before is the value.
        let reason = text.find("expected ").map_or(text, |at| &text[at..]);
        ConfigurationError::Type {
            plugin: plugin.to_owned(),
            reason: reason.to_owned(),
        }
    })
}
