//! The loop: waits, looks at what was touched, records and tells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::deliveries::Deliveries;
use super::event::{WatchEvent, WatchReport};
use super::lock::WatchLock;
use super::look::Scope;
use super::places::Places;
use super::proving::Proving;
use super::said::Said;
use super::socket::{AnswerSocket, Heard};
use super::{OnInvalid, WatchError};
use crate::files::FileError;
use crate::history::{self, History, maintain};
use crate::plugin::sentence;
use crate::revision::RevisionId;
use crate::store::confirmation::{self, Expiry, Proof};
use crate::store::manifest::{MANIFEST, plugin_of};
use crate::store::{DeliveryState, Limits, Store, StoreError, author, find};
use crate::watch::service::ServiceManager;
use crate::watch::{Asked, Bell, BootTime, Lost, Wake, Watcher};

/// How long it waits for the writer lock before it looks after other things.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);
/// How long plugins that are being told at the end may take for it.
const ENDING: Duration = Duration::from_secs(5);

/// Follows a store.
pub(super) struct Follower<'t> {
    pub(super) store: Store,
    pub(super) on_invalid: OnInvalid,
    tell: &'t mut dyn FnMut(WatchReport) -> ControlFlow<()>,
    lock: WatchLock,
    pub(super) watcher: Watcher,
    pub(super) places: Places,
    pub(super) deliveries: Deliveries,
    /// Where plugins answer; none where it could not be opened.
    socket: Option<AnswerSocket>,
    bell: Arc<Bell>,
    service: ServiceManager,
    pub(super) said: Said,
    /// Files that are gone or empty, and when that counts.
    pub(super) gone: BTreeMap<String, BootTime>,
    /// What is to be tried again, when, and how long to pause after that.
    pub(super) again: Option<(Scope, BootTime, Duration)>,
    /// When a change that nobody confirmed is to be taken back.
    expiry: Option<BootTime>,
    proving: Proving,
    /// The last revision that was looked at.
    pub(super) head: Option<RevisionId>,
    /// Packs the history.
    packing: Option<JoinHandle<Result<(), StoreError>>>,
    is_over: bool,
}

impl<'t> Follower<'t> {
    pub(super) fn begin(
        store: &Store,
        on_invalid: OnInvalid,
        bell: Arc<Bell>,
        tell: &'t mut dyn FnMut(WatchReport) -> ControlFlow<()>,
    ) -> Result<Self, StoreError> {
        let wait = |source| WatchError::Wait { source };
        let lock = WatchLock::acquire(&store.root)?;
        let patient = store.limits;
        let store = Store {
            // It must hold when the folder that this process works in is gone.
            root: std::path::absolute(&store.root).map_err(wait)?,
            limits: Limits {
                patience: PATIENCE,
                ..store.limits
            },
            ..store.clone()
        };
        let deliverer = Store {
            limits: patient,
            ..store.clone()
        };
        let proving = Proving::new(deliverer.clone(), Arc::clone(&bell));
        let deliveries = Deliveries::new(deliverer, Arc::clone(&bell));
        let mut places = Places::new(&store.root);
        // Before anything is looked at: what is touched from here on is seen.
        let watcher = Watcher::new(places.look(), Arc::clone(&bell)).map_err(wait)?;
        Ok(Self {
            store,
            on_invalid,
            tell,
            lock,
            watcher,
            places,
            deliveries,
            socket: None,
            bell,
            service: ServiceManager::from_environment(),
            said: Said::default(),
            gone: BTreeMap::new(),
            again: None,
            expiry: None,
            proving,
            head: None,
            packing: None,
            is_over: false,
        })
    }

    pub(super) fn run(mut self) -> Result<(), StoreError> {
        let plugins = self.store.plugin_names().map_or(0, |names| names.len());
        let folder = self.store.root.clone();
        let opened = self.open_socket();
        self.say(WatchEvent::Started { folder, plugins });
        self.warn_of(opened);
        self.look_at_all();
        self.service.ready();
        while !self.is_over {
            self.service.status(self.status());
            let alive = self.service.alive(BootTime::now());
            let until = [alive, self.next()].into_iter().flatten().min();
            match self.wait(until)? {
                Wake::Touched(paths) => self.touched(&paths),
                Wake::Rescan(lost) => self.rescan(&lost)?,
                Wake::Due => self.due(),
                Wake::Rung => self.hear(),
                Wake::Asked(Asked::End) => break,
                Wake::Asked(Asked::Reload) => {
                    self.service.reloading();
                    self.said.forget();
                    self.watcher.renew();
                    self.look_at_all();
                    self.service.ready();
                }
            }
            for notice in self.store.notices.take() {
                self.warn(notice);
            }
            self.pack();
        }
        self.end()
    }

    fn wait(&mut self, until: Option<BootTime>) -> Result<Wake, StoreError> {
        let wake = self.watcher.wait(until);
        Ok(wake.map_err(|source| WatchError::Wait { source })?)
    }

    /// Lets plugins that are just being told come to an end. What is not told is told at the next start.
    fn end(mut self) -> Result<(), StoreError> {
        self.service.stopping();
        let last = BootTime::now() + ENDING;
        while !self.is_over && self.deliveries.is_busy() {
            match self.wait(Some(last))? {
                Wake::Rung => self.hear(),
                Wake::Due | Wake::Asked(Asked::End) => break,
                Wake::Touched(_) | Wake::Rescan(_) | Wake::Asked(Asked::Reload) => {}
            }
        }
        self.say(WatchEvent::Stopped);
        Ok(())
    }

    /// Looks at everything, also at what should have been delivered.
    fn look_at_all(&mut self) {
        self.look_at_confirmation();
        self.look(Scope::Everything);
        let undelivered = self.store.undelivered();
        let standings = self.store.deliveries();
        let (Ok(mut plugins), Ok(standings)) = (undelivered, standings) else {
            // What keeps them from being read was told by looking.
            return;
        };
        for delivery in standings {
            // Settings that were recorded while nobody told it of them, by git for instance.
            if delivery.state == DeliveryState::Pending && delivery.told.is_some() {
                plugins.insert(delivery.plugin);
            }
        }
        self.deliveries.want(&plugins);
    }

    /// Takes up a store that was made anew, perhaps by somebody else.
    fn take_over(&mut self) -> Result<(), StoreError> {
        find::check_trust(&self.store.root)?;
        match WatchLock::acquire(&self.store.root) {
            Ok(lock) => self.lock = lock,
            Err(error @ StoreError::Watch(_)) => return Err(error),
            // It is being made, or removed: that is seen, and it is tried again.
            Err(_) => return Ok(()),
        }
        let opened = self.open_socket();
        self.warn_of(opened);
        Ok(())
    }

    fn open_socket(&mut self) -> Result<(), FileError> {
        // The one before takes its file away.
        self.socket = None;
        self.socket = Some(AnswerSocket::open(&self.deliveries.store, Arc::clone(&self.bell))?);
        Ok(())
    }

    fn warn_of(&mut self, opened: Result<(), FileError>) {
        if let Err(error) = opened {
            self.warn(format!("plugins cannot answer through a socket: {}", sentence(&error)));
        }
    }

    /// Tells what other threads have to say.
    fn hear(&mut self) {
        self.tell_answers();
        self.tell_deliveries();
        self.tell_proofs();
    }

    fn tell_answers(&mut self) {
        let heard: Vec<Heard> = self.socket.iter().flat_map(AnswerSocket::heard).collect();
        for Heard { answered, uid } in heard {
            self.say(WatchEvent::Answered { answered, uid });
        }
    }

    fn tell_deliveries(&mut self) {
        for news in self.deliveries.collect() {
            match news {
                Ok(delivery) => self.say(WatchEvent::Delivered {
                    delivery: Box::new(delivery),
                }),
                Err(message) => self.warn(message),
            }
        }
    }

    /// Delivers what others have recorded.
    fn deliver_of_others(&mut self) {
        match self.undelivered_of_others() {
            Ok(plugins) => self.deliveries.want(&plugins),
            Err(error) => self.warn_once(format!("what others recorded is delivered later: {}", sentence(&error))),
        }
    }

    fn undelivered_of_others(&mut self) -> Result<BTreeSet<String>, StoreError> {
        let mut plugins = self.store.undelivered()?;
        let head = history::branch(&self.store.git())?;
        if let (Some(before), Some(now)) = (self.head, head)
            && before != now
        {
            plugins.extend(changed_plugins(&self.store, before, now)?);
        }
        self.head = head.or(self.head);
        Ok(plugins)
    }

    /// Takes back what nobody confirmed in time.
    fn look_at_confirmation(&mut self) {
        self.expiry = None;
        match confirmation::time_left(&self.store) {
            Ok(None) => {}
            Ok(Some(left)) if !left.is_zero() => {
                self.expiry = Some(BootTime::now() + left);
                match confirmation::unproven(&self.store) {
                    Ok(revision) => revision.into_iter().for_each(|revision| self.proving.want(revision)),
                    Err(error) => self.keep_confirmation(&error),
                }
            }
            Ok(Some(_)) => match self.store.expire_untold() {
                Ok(Expiry::TakenBack { revision, outcome }) => {
                    self.deliveries.want(&outcome.concerned.told);
                    self.head = outcome.revision.or(self.head);
                    let by = outcome.revision;
                    let reason = None;
                    self.say(WatchEvent::TakenBack { revision, by, reason });
                }
                Ok(Expiry::NotDue(_)) => self.expiry = Some(BootTime::now() + PATIENCE),
                Ok(Expiry::Nothing | Expiry::ChangedSince(_)) => {}
                Err(error) => self.keep_confirmation(&error),
            },
            Err(error) => self.keep_confirmation(&error),
        }
    }

    /// Tells of changes that have proved themselves, or were refused.
    fn tell_proofs(&mut self) {
        for proof in self.proving.collect() {
            match proof {
                Ok(Proof::Confirmed(revision)) => self.say(WatchEvent::Confirmed { revision }),
                Ok(Proof::TakenBack {
                    revision,
                    reason,
                    outcome,
                }) => {
                    self.deliveries.want(&outcome.concerned.told);
                    let (by, reason) = (outcome.revision, Some(reason));
                    self.say(WatchEvent::TakenBack { revision, by, reason });
                }
                Ok(Proof::Nothing | Proof::Again(_)) => {}
                Err(error) => self.keep_confirmation(&error),
            }
        }
        // What waits now, or what could not be looked at.
        self.look_at_confirmation();
    }

    fn keep_confirmation(&mut self, error: &StoreError) {
        // Where a person has to decide, nothing waits any more.
        self.expiry = Some(BootTime::now() + Duration::from_secs(1));
        self.warn_once(format!(
            "what was not confirmed is not taken back yet: {}",
            sentence(error)
        ));
    }

    /// Packs the history where that is due, beside all else.
    fn pack(&mut self) {
        if let Some(done) = self.packing.take_if(|packing| packing.is_finished())
            && let Ok(Err(error)) = done.join()
        {
            self.warn(format!("the history could not be packed: {}", sentence(&error)));
        }
        if self.packing.is_none() && maintain::due(&self.store.git()) {
            let store = self.store.clone();
            self.packing = std::thread::Builder::new().spawn(move || store.maintain()).ok();
        }
    }

    pub(super) fn say(&mut self, event: WatchEvent) {
        let time = author::now();
        if (self.tell)(WatchReport { time, event }).is_break() {
            self.is_over = true;
        }
    }

    /// Warns, unless that was the last warning too.
    fn warn_once(&mut self, message: String) {
        if self.said.is_new_warning(&message) {
            self.warn(message);
        }
    }

    pub(super) fn warn(&mut self, message: String) {
        self.say(WatchEvent::Warning { message });
    }

    fn status(&self) -> String {
        if let Some(trouble) = self.said.trouble() {
            return trouble.to_owned();
        }
        let invalid: Vec<&str> = self.said.invalid().collect();
        if invalid.is_empty() {
            "following".to_owned()
        } else {
            format!("following; not valid: {}", invalid.join(", "))
        }
    }

    /// When it has to do something though nothing happens.
    fn next(&self) -> Option<BootTime> {
        let again = self.again.as_ref().map(|(_, at, _)| *at);
        let times = [again, self.expiry, self.deliveries.next()];
        times.into_iter().flatten().chain(self.gone.values().copied()).min()
    }

    fn due(&mut self) {
        let now = BootTime::now();
        if self.expiry.is_some_and(|expiry| expiry <= now) {
            self.look_at_confirmation();
        }
        self.deliveries.start();
        let gone = self.gone.iter().filter(|(_, at)| **at <= now);
        let gone: BTreeSet<String> = gone.map(|(path, _)| path.clone()).collect();
        if !gone.is_empty() {
            let is_manifest = gone.contains(MANIFEST);
            self.look(if is_manifest {
                Scope::Everything
            } else {
                Scope::Settings(gone)
            });
            // Of one that is no plugin's any more, nobody asked.
            self.gone.retain(|_, at| *at > now);
        }
        if let Some((scope, _, _)) = self.again.clone().filter(|(_, at, _)| *at <= now) {
            self.look(scope);
        }
    }

    fn touched(&mut self, paths: &BTreeSet<PathBuf>) {
        let touched = self.places.meaning(paths);
        if touched.history {
            self.look_at_confirmation();
        }
        if touched.rules {
            self.look(Scope::Everything);
        } else if touched.history && (self.again.is_some() || self.is_behind()) {
            // What was done to the branch may be what kept it from recording.
            self.look(Scope::All);
        } else if !touched.settings.is_empty() {
            self.look(Scope::Settings(touched.settings));
        }
        if touched.history {
            self.deliver_of_others();
        }
        if touched.places {
            self.watcher.follow(self.places.look());
        }
    }

    fn rescan(&mut self, lost: &Lost) -> Result<(), StoreError> {
        match lost {
            Lost::Overflow | Lost::Folders => {}
            Lost::Watches(error) => self.warn(format!(
                "the system allows no more watches ({error}); the files are looked at every two seconds"
            )),
        }
        if !self.is_gone() && !self.lock.is_current()? {
            self.take_over()?;
        }
        self.watcher.follow(self.places.look());
        self.look_at_all();
        Ok(())
    }

    /// Whether somebody moved the branch in another way than valvecfg does.
    fn is_behind(&self) -> bool {
        let git = self.store.git();
        match (history::branch(&git), history::last_known(&git)) {
            (Ok(branch), Ok(known)) => branch != known,
            // What is wrong is told by looking.
            _ => true,
        }
    }
}

/// The plugins whose settings files two revisions hold differently.
fn changed_plugins(store: &Store, before: RevisionId, after: RevisionId) -> Result<BTreeSet<String>, StoreError> {
    let history = History::open(&store.root)?;
    let (before, after) = (history.files(before, "plugins")?, history.files(after, "plugins")?);
    let changed = after.iter().filter(|file| !before.contains(file));
    Ok(changed
        .filter_map(|file| plugin_of(&file.path))
        .map(str::to_owned)
        .collect())
}
