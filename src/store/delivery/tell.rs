//! Telling one plugin: look whether it has to be, write what it reads, tell it, remember what came of it.

use std::time::{Duration, Instant};

use super::standing::{Delivery, DeliveryState, News};
use super::state::{self, Answer, Record, Told, Trouble, notes};
use super::{Urgency, target};
use crate::history;
use crate::plugin::{self, Health, Need, Notify, Target, Telling, sentence};
use crate::revision::RevisionId;
use crate::store::local::{Local, Reach};
use crate::store::lock::LockError;
use crate::store::manifest::settings_path;
use crate::store::session::Session;
use crate::store::{StoreError, author, commands, render};

/// How long somebody else may take beyond what the plugin's own programs may.
const MARGIN: Duration = Duration::from_secs(5);
/// The pause between two questions grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The variable that names the plugin to a program that tells it.
const PLUGIN: &str = "VALVECFG_PLUGIN";

/// Tells plugins, as one session sees the store.
pub(in crate::store) struct Deliverer<'s> {
    pub(super) session: Session<'s>,
    local: Local,
}

impl<'s> Deliverer<'s> {
    pub(in crate::store) fn new(session: Session<'s>) -> Result<Self, StoreError> {
        let local = Local::read(&session.live)?;
        Ok(Self { session, local })
    }

    /// How a plugin is reached here, if anybody says how.
    pub(in crate::store) fn reach(&self, plugin: &str) -> Option<Reach> {
        let mut reach = self.local.reach(plugin, self.session.rules.manifest())?;
        for way in &mut reach.notify {
            // Whoever tells it may stand anywhere.
            if let Notify::Signal {
                target: Target::PidFile { path, .. },
                ..
            } = way
            {
                *path = self.session.store.root().join(&*path);
            }
        }
        Some(reach)
    }

    /// Tells a plugin where it has to be told; nothing where nobody says how, or where it has to wait for its turn.
    pub(in crate::store) fn deliver(&self, plugin: &str, urgency: Urgency) -> Option<Delivery> {
        let outcome = match self.reach(plugin) {
            Some(reach) => self.try_deliver(plugin, &reach, urgency),
            // What was to be told to nobody.
            None => self.forget(plugin).map(|()| None),
        };
        outcome.unwrap_or_else(|error| {
            let reason = sentence(&error);
            let since = author::clock();
            Some(Delivery::of(
                plugin,
                self.session.head,
                DeliveryState::Unreachable { reason, since },
            ))
        })
    }

    fn forget(&self, plugin: &str) -> Result<(), StoreError> {
        let git = self.session.store.git();
        for (noted, revision) in notes::list(&git)? {
            if noted == plugin {
                notes::remove(&git, plugin, revision)?;
            }
        }
        Ok(())
    }

    fn try_deliver(&self, plugin: &str, reach: &Reach, urgency: Urgency) -> Result<Option<Delivery>, StoreError> {
        let git = self.session.store.git();
        // A program that tells this plugin may run valvecfg itself: its parent holds the lock and tells what is new.
        let is_nested = std::env::var_os(PLUGIN).is_some_and(|told| told == plugin);
        let patience = if is_nested {
            Duration::ZERO
        } else {
            time_of(reach) + MARGIN
        };
        let _lock = match state::lock(&git, plugin, patience) {
            Err(StoreError::Lock(LockError::Busy { .. })) => {
                return Ok(Some(Delivery::of(plugin, self.session.head, DeliveryState::Busy)));
            }
            lock => lock?,
        };
        loop {
            let noted: Vec<RevisionId> = notes::list(&git)?
                .into_iter()
                .filter_map(|(name, revision)| (name == plugin).then_some(revision))
                .collect();
            // Read after the notes: what they announce is recorded by now, or never.
            let head = history::branch(&git)?.unwrap_or(self.session.head);
            let record = Record::read(&git, plugin)?;
            let delivery = match self.news(plugin, head, &record)? {
                Some(news) if urgency == Urgency::MakeUp && !is_due(&record) => {
                    return Ok(Some(self.standing(plugin, &news, &record, reach)?));
                }
                Some(news) => self.tell(plugin, reach, &news)?,
                None => self.settled(plugin, head, &record, reach)?,
            };
            if !matches!(
                delivery.state,
                DeliveryState::Unreachable { .. } | DeliveryState::NotRendered { .. } | DeliveryState::Untrusted { .. }
            ) {
                for revision in noted {
                    notes::remove(&git, plugin, revision)?;
                }
            }
            // Somebody may have recorded more, and have left it to whoever holds the lock.
            let path = settings_path(plugin);
            let now = history::branch(&git)?.unwrap_or(head);
            if now == head || self.session.history.blob(now, &path)? == self.session.history.blob(head, &path)? {
                return Ok(Some(delivery));
            }
        }
    }

    fn tell(&self, plugin: &str, reach: &Reach, news: &News) -> Result<Delivery, StoreError> {
        let store = self.session.store;
        let git = store.git();
        let untrusted = self.untrusted(plugin, reach)?;
        if !untrusted.is_empty() {
            return Ok(Delivery::told(
                plugin,
                news,
                DeliveryState::Untrusted { commands: untrusted },
                reach,
            ));
        }
        if let Err(reason) = self.render(plugin, reach, news) {
            let record = self.remember_trouble(plugin, &reason, true)?;
            return self.standing(plugin, news, &record, reach);
        }
        let keys: Vec<String> = news.keys.iter().map(ToString::to_string).collect();
        let telling = Telling {
            plugin,
            revision: news.revision,
            keys: &keys,
            need: news.need.unwrap_or(Need::Reload),
            store: store.root(),
        };
        let answer = tell_all(reach, &telling);
        let now = author::clock();
        let remember = |edit: &dyn Fn(&mut Record)| {
            Record::change(&git, plugin, |record| {
                record.trouble = None;
                record.told = Some(Told {
                    revision: news.revision,
                    content: news.content,
                    time: now,
                    stopped: false,
                });
                edit(record);
            })
        };
        let record = match &answer {
            plugin::Told::Unreachable { why } => self.remember_trouble(plugin, why, false)?,
            plugin::Told::NotRunning { .. } => remember(&|record| {
                if let Some(told) = &mut record.told {
                    told.stopped = true;
                }
            })?,
            plugin::Told::Sent => remember(&|_| {})?,
            plugin::Told::Applied => remember(&|record| {
                record.running = Some(news.revision);
                record.answer = Some(Answer {
                    revision: news.revision,
                    refused: None,
                    time: now,
                });
            })?,
            plugin::Told::Refused { reason } => remember(&|record| {
                record.answer = Some(Answer {
                    revision: news.revision,
                    refused: Some(reason.clone()),
                    time: now,
                });
            })?,
        };
        let mut delivery = self.standing(plugin, news, &record, reach)?;
        if let plugin::Told::NotRunning { why } = answer {
            delivery.state = DeliveryState::Stopped { reason: why };
        }
        Ok(delivery)
    }

    /// Writes what a plugin reads, all of it or nothing, before it is told.
    fn render(&self, plugin: &str, reach: &Reach, news: &News) -> Result<(), String> {
        if reach.render.is_empty() {
            return Ok(());
        }
        let write = || -> Result<(), StoreError> {
            let rendered = render::recorded(&self.session, plugin, news.content)?;
            target::write_all(self.session.store.root(), &reach.render, &rendered)
        };
        write().map_err(|error| sentence(&error))
    }

    fn remember_trouble(&self, plugin: &str, why: &str, not_rendered: bool) -> Result<Record, StoreError> {
        let now = author::clock();
        Record::change(&self.session.store.git(), plugin, |record| {
            let before = record.trouble.take();
            record.trouble = Some(Trouble {
                why: why.to_owned(),
                since: before.as_ref().map_or(now, |trouble| trouble.since),
                last: now,
                tries: before.map_or(0, |trouble| trouble.tries).saturating_add(1),
                not_rendered,
            });
        })
    }

    /// What a plugin's manifest has this machine do that nobody here has trusted.
    pub(super) fn untrusted(&self, plugin: &str, reach: &Reach) -> Result<Vec<String>, StoreError> {
        let recorded = || self.session.recorded_manifest();
        commands::untrusted(&self.session.store.git(), plugin, &reach.shared, &recorded)
    }
}

fn is_due(record: &Record) -> bool {
    let trouble = record.trouble.as_ref();
    trouble.is_none_or(|trouble| trouble.is_due(author::clock()))
}

/// How long telling a plugin may take, by what is said of it.
fn time_of(reach: &Reach) -> Duration {
    let way = |way: &Notify| match way {
        // As good as at once.
        Notify::Signal { .. } => Duration::ZERO,
        Notify::Systemd { timeout, .. } | Notify::Command { timeout, .. } => timeout.duration(),
    };
    // Its health may be asked for once more at the very end of its time.
    let health = reach.health.iter().map(|health| health.timeout.duration() * 2);
    reach.notify.iter().map(way).chain(health).sum()
}

/// Tells a plugin by each way in turn, until one of them fails, and then asks whether it is well.
fn tell_all(reach: &Reach, telling: &Telling<'_>) -> plugin::Told {
    let mut answer = plugin::Told::Sent;
    for way in &reach.notify {
        match way.tell(telling) {
            plugin::Told::Sent => {}
            plugin::Told::Applied => answer = plugin::Told::Applied,
            failed @ (plugin::Told::Refused { .. }
            | plugin::Told::NotRunning { .. }
            | plugin::Told::Unreachable { .. }) => return failed,
        }
    }
    match &reach.health {
        None => answer,
        Some(health) => match await_well(health, telling) {
            Ok(()) => plugin::Told::Applied,
            Err(why) => plugin::Told::Refused {
                reason: format!("it is not well: {why}"),
            },
        },
    }
}

/// Asks a plugin whether it is well until it is, or its time is over: it may just be reading its settings.
fn await_well(health: &Health, telling: &Telling<'_>) -> Result<(), String> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        match health.check(telling) {
            Err(_) if begun.elapsed() + pause < health.timeout.duration() => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            answer => return answer,
        }
    }
}
