//! The deliveries of a watcher. Each plugin is told in a thread of its own, so that one that hangs keeps neither another
//! nor the watcher waiting; one that cannot be reached is tried again, ever less often.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::plugin::sentence;
use crate::revision::RevisionId;
use crate::store::{Delivery, DeliveryState, Store, StoreError, Urgency};
use crate::watch::{Bell, BootTime};

/// So many plugins are told at the same time; the others wait for their turn.
const AT_A_TIME: usize = 64;
/// The pauses between attempts: the first one, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// Settings that are edited within so long after their plugin was told may be written by the plugin itself. A burst of
/// edits is looked at once a second.
const ECHO: Duration = Duration::from_secs(3);
/// More than so many of those in a minute, and the plugin is told less often.
const MOST_ECHOES: usize = 10;
const MINUTE: Duration = Duration::from_mins(1);

/// Tells plugins.
pub(super) struct Deliveries {
    pub(super) store: Store,
    bell: Arc<Bell>,
    sender: Sender<Done>,
    receiver: Receiver<Done>,
    plugins: BTreeMap<String, Job>,
    running: usize,
}

/// What came of telling a plugin.
struct Done {
    plugin: String,
    told: Result<Vec<Delivery>, StoreError>,
}

/// What is known of one plugin.
#[derive(Default)]
struct Job {
    is_running: bool,
    /// Whether it is to be told, or told again.
    is_wanted: bool,
    /// Not before then.
    not_before: Option<BootTime>,
    /// How long it pauses after the next attempt that fails.
    pause: Duration,
    /// When it was told last.
    told: Option<BootTime>,
    /// When it seemed to write its own settings, of late.
    echoes: VecDeque<BootTime>,
    /// For how long it is left alone because of that.
    held: Duration,
    /// What was said of it.
    said: Option<(RevisionId, DeliveryState)>,
}

impl Deliveries {
    pub(super) fn new(store: Store, bell: Arc<Bell>) -> Self {
        let (sender, receiver) = channel();
        Self {
            store,
            bell,
            sender,
            receiver,
            plugins: BTreeMap::new(),
            running: 0,
        }
    }

    /// Tells plugins as soon as possible.
    pub(super) fn want(&mut self, plugins: &BTreeSet<String>) {
        for plugin in plugins {
            let job = self.plugins.entry(plugin.clone()).or_default();
            job.is_wanted = true;
            if job.held.is_zero() {
                job.not_before = None;
            }
        }
        self.start();
    }

    /// The same because their settings were edited by hand. Answers with those that are left alone for a while from now
    /// on: they seem to write their settings whenever they are told of them.
    pub(super) fn want_edited(&mut self, plugins: &BTreeSet<String>) -> Vec<String> {
        let now = BootTime::now();
        let echoing = plugins.iter().filter(|plugin| {
            let job = self.plugins.entry((*plugin).clone()).or_default();
            job.note_edit(now)
        });
        let echoing = echoing.cloned().collect();
        self.want(plugins);
        echoing
    }

    /// What came of those that were told since, where it is news.
    pub(super) fn collect(&mut self) -> Vec<Result<Delivery, String>> {
        let mut news = Vec::new();
        while let Ok(Done { plugin, told }) = self.receiver.try_recv() {
            self.running -= 1;
            let job = self.plugins.entry(plugin.clone()).or_default();
            job.is_running = false;
            job.told = Some(BootTime::now());
            match told {
                Ok(deliveries) => {
                    let fails = deliveries.iter().any(|delivery| is_tried_again(&delivery.state));
                    job.note_attempt(fails);
                    for delivery in deliveries {
                        let said = Some((delivery.revision, delivery.state.clone()));
                        if job.said != said {
                            job.said = said;
                            news.push(Ok(delivery));
                        }
                    }
                }
                Err(error) => {
                    job.note_attempt(true);
                    news.push(Err(format!("{plugin} was not told: {}", sentence(&error))));
                }
            }
        }
        self.start();
        news
    }

    /// When the next one is to be told.
    pub(super) fn next(&self) -> Option<BootTime> {
        let waiting = self.plugins.values().filter(|job| job.is_wanted && !job.is_running);
        waiting.filter_map(|job| job.not_before).min()
    }

    /// Whether any plugin is being told just now.
    pub(super) fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// Begins with those whose time has come.
    pub(super) fn start(&mut self) {
        let now = BootTime::now();
        for (plugin, job) in &mut self.plugins {
            let is_due = job.not_before.is_none_or(|time| time <= now);
            if self.running >= AT_A_TIME || !(job.is_wanted && is_due) || job.is_running {
                continue;
            }
            let (store, bell, sender) = (self.store.clone(), Arc::clone(&self.bell), self.sender.clone());
            let plugin = plugin.clone();
            let tell = move || {
                let told = store.deliver(&BTreeSet::from([plugin.clone()]), Urgency::Now, None);
                // Where nobody listens any more, it is told at the next start.
                if sender.send(Done { plugin, told }).is_ok() {
                    bell.ring();
                }
            };
            if thread::Builder::new().spawn(tell).is_err() {
                // The system has no more threads.
                job.not_before = Some(now + FIRST_PAUSE);
                continue;
            }
            (job.is_running, job.is_wanted, job.not_before) = (true, false, None);
            self.running += 1;
        }
    }
}

impl Job {
    fn note_attempt(&mut self, fails: bool) {
        if !fails {
            self.pause = Duration::ZERO;
            return;
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        if !self.is_wanted {
            self.is_wanted = true;
            self.not_before = Some(BootTime::now() + self.pause);
        }
    }

    /// Notes that the settings were edited, and answers whether the plugin is left alone for a while from now on.
    fn note_edit(&mut self, now: BootTime) -> bool {
        let is_echo = self.is_running || self.told.is_some_and(|told| now.since(told) < ECHO);
        if !is_echo {
            self.echoes.clear();
            self.held = Duration::ZERO;
            return false;
        }
        self.echoes.push_back(now);
        while self.echoes.front().is_some_and(|echo| now.since(*echo) > MINUTE) {
            self.echoes.pop_front();
        }
        let was_held = !self.held.is_zero();
        if !was_held && self.echoes.len() <= MOST_ECHOES {
            return false;
        }
        // Who goes on writing is told once a minute in the end.
        if self.not_before.is_none_or(|time| time <= now) {
            self.held = (self.held * 2).clamp(FIRST_PAUSE, MINUTE);
            self.not_before = Some(now + self.held);
        }
        !was_held
    }
}

/// Whether telling it again may come to something else.
fn is_tried_again(state: &DeliveryState) -> bool {
    match state {
        DeliveryState::Unreachable { .. } | DeliveryState::NotRendered { .. } | DeliveryState::Busy => true,
        DeliveryState::Applied
        | DeliveryState::Told
        | DeliveryState::Awaited
        | DeliveryState::Refused { .. }
        | DeliveryState::Stopped { .. }
        | DeliveryState::Late { .. }
        | DeliveryState::Untrusted { .. }
        | DeliveryState::Pending
        | DeliveryState::Untold => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Job;
    use crate::watch::BootTime;

    fn at(milliseconds: u64) -> BootTime {
        BootTime::after_start(Duration::from_millis(1_000_000 + milliseconds))
    }

    #[test]
    fn a_plugin_that_writes_whenever_it_is_told_is_told_ever_less_often() {
        let mut job = Job::default();
        let (mut now, mut told, mut warnings) = (0, Vec::new(), 0);
        while now < 600_000 {
            job.told = Some(at(now));
            told.push(now);
            now += 50;
            warnings += usize::from(job.note_edit(at(now)));
            let pause = job.not_before.map_or(Duration::ZERO, |time| time.since(at(now)));
            now += u64::try_from(pause.as_millis()).unwrap();
        }
        assert!(warnings >= 1, "it is said");
        assert!(told.len() < 40, "{} times in ten minutes", told.len());
    }

    #[test]
    fn who_edits_in_between_is_no_echo() {
        let mut job = Job::default();
        for edit in 0..100 {
            job.told = Some(at(edit * 6_000));
            assert!(!job.note_edit(at(edit * 6_000 + 3_500)));
        }
        assert!(job.not_before.is_none() && job.held.is_zero());
    }

    #[test]
    fn what_fails_is_tried_again_ever_less_often_and_what_succeeds_is_not() {
        let mut job = Job::default();
        let pauses: Vec<u64> = (0..12)
            .map(|_| {
                job.is_wanted = false;
                job.note_attempt(true);
                job.pause.as_secs()
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        job.is_wanted = false;
        job.note_attempt(false);
        assert!(!job.is_wanted && job.pause.is_zero());
    }
}
