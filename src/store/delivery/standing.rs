//! How a running plugin stands to its settings: what it has not been told yet, and what it said last.

use serde::{Serialize, Serializer};

use super::state::{Answer, Record};
use super::tell::Deliverer;
use crate::document::{Document, KeyPath};
use crate::history::{BlobId, Query};
use crate::plugin::{Action, Need, Notify};
use crate::revision::{Moment, RevisionId};
use crate::store::local::Reach;
use crate::store::manifest::settings_path;
use crate::store::{StoreError, draft, needs};

/// How a running plugin stands to a revision of its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The plugin.
    pub plugin: String,
    /// The revision that holds its latest settings.
    pub revision: RevisionId,
    /// How it stands to it.
    pub state: DeliveryState,
    /// The last revision that it was told of.
    pub told: Option<RevisionId>,
    /// The last revision that it said it runs.
    pub running: Option<RevisionId>,
    /// What the settings that changed need to be in force, as far as their schema says.
    pub need: Option<Need>,
    /// What has to be started anew before the change is in force: its unit, else the plugin.
    pub restart: Option<String>,
    /// By which ways it is told, in words.
    pub ways: Vec<String>,
}

/// How a running plugin stands to a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It said that it runs it.
    Applied,
    /// It was told, and is none that answers.
    Told,
    /// It was told, and has not answered yet.
    Awaited,
    /// It said that it does not run it.
    Refused {
        /// Its words.
        reason: String,
    },
    /// It is not running; it reads its settings when it starts.
    Stopped {
        /// How that is known.
        reason: String,
    },
    /// It could not be told. That is tried again.
    Unreachable {
        /// Why.
        reason: String,
        /// Since when.
        since: Moment,
    },
    /// What it reads could not be written, so it was not told.
    NotRendered {
        /// Why.
        reason: String,
        /// Since when.
        since: Moment,
    },
    /// It was to answer in time, and has not.
    Late {
        /// How long was waited, in seconds.
        waited: u64,
    },
    /// Another process is telling it.
    Busy,
    /// How it is told came from elsewhere, and nobody here has trusted it.
    Untrusted {
        /// What it would have this machine do.
        commands: Vec<String>,
    },
    /// It has not been told yet.
    Pending,
    /// Nobody says how it is told.
    Untold,
}

impl DeliveryState {
    /// Whether "saved" and "running" differ, and somebody should know.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::NotRendered { .. }
            | Self::Late { .. }
            | Self::Untrusted { .. } => true,
            Self::Applied
            | Self::Told
            | Self::Awaited
            | Self::Stopped { .. }
            | Self::Busy
            | Self::Pending
            | Self::Untold => false,
        }
    }

    /// The state in one word, why, and since when.
    fn told(&self) -> (&'static str, Option<String>, Option<Moment>) {
        match self {
            Self::Applied => ("applied", None, None),
            Self::Told => ("told", None, None),
            Self::Awaited => ("awaited", None, None),
            Self::Refused { reason } => ("refused", Some(reason.clone()), None),
            Self::Stopped { reason } => ("stopped", Some(reason.clone()), None),
            Self::Unreachable { reason, since } => ("unreachable", Some(reason.clone()), Some(*since)),
            Self::NotRendered { reason, since } => ("not-rendered", Some(reason.clone()), Some(*since)),
            Self::Late { waited } => ("late", Some(format!("it said nothing for {waited} s")), None),
            Self::Busy => ("busy", None, None),
            Self::Untrusted { commands } => ("untrusted", Some(commands.join("; ")), None),
            Self::Pending => ("pending", None, None),
            Self::Untold => ("untold", None, None),
        }
    }
}

impl Delivery {
    /// How a plugin stands, and nothing else that is known.
    pub(super) fn of(plugin: &str, revision: RevisionId, state: DeliveryState) -> Self {
        Self {
            plugin: plugin.to_owned(),
            revision,
            state,
            told: None,
            running: None,
            need: None,
            restart: None,
            ways: Vec::new(),
        }
    }

    /// How a plugin stands that nobody says how to tell, and that has to be started anew.
    pub(super) fn stale(plugin: &str, revision: RevisionId) -> Self {
        Self {
            need: Some(Need::Restart),
            restart: Some(plugin.to_owned()),
            ..Self::of(plugin, revision, DeliveryState::Untold)
        }
    }

    /// How a plugin stands to what it is to be told.
    pub(super) fn told(plugin: &str, news: &News, state: DeliveryState, reach: &Reach) -> Self {
        let restart = news.need.filter(|need| *need == Need::Restart && !restarts(reach));
        let unit = reach.notify.iter().find_map(|way| match way {
            Notify::Systemd { unit, .. } => Some(unit.clone()),
            Notify::Signal { .. } | Notify::Command { .. } => None,
        });
        Self {
            need: news.need,
            restart: restart.map(|_| unit.unwrap_or_else(|| plugin.to_owned())),
            ways: reach.notify.iter().map(ToString::to_string).collect(),
            ..Self::of(plugin, news.revision, state)
        }
    }
}

/// Every field, in every state: programs need not ask which are there.
impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'d> {
            plugin: &'d str,
            revision: RevisionId,
            state: &'static str,
            reason: Option<String>,
            since: Option<Moment>,
            told: Option<RevisionId>,
            running: Option<RevisionId>,
            need: Option<Need>,
            restart: Option<&'d str>,
            ways: &'d [String],
        }
        let (state, reason, since) = self.state.told();
        let fields = Fields {
            plugin: &self.plugin,
            revision: self.revision,
            state,
            reason,
            since,
            told: self.told,
            running: self.running,
            need: self.need,
            restart: self.restart.as_deref(),
            ways: &self.ways,
        };
        fields.serialize(serializer)
    }
}

/// What a plugin is to be told.
pub(super) struct News {
    pub revision: RevisionId,
    pub content: BlobId,
    pub keys: Vec<KeyPath>,
    pub need: Option<Need>,
}

impl Deliverer<'_> {
    /// What the plugin has not been told yet. A change of comments alone is none.
    pub(super) fn news(&self, plugin: &str, head: RevisionId, record: &Record) -> Result<Option<News>, StoreError> {
        let path = settings_path(plugin);
        let Some(content) = self.session.history.blob(head, &path)? else {
            return Ok(None);
        };
        let told = record.told.as_ref();
        if told.is_some_and(|told| told.content == content) && record.trouble.is_none() {
            return Ok(None);
        }
        let parse = |blob: BlobId| -> Result<Document, StoreError> {
            draft::parse(&path, self.session.history.read_blob(blob)?, &self.session.live)
        };
        let revision = self.saved(plugin, head)?;
        let before = match told {
            // What it was told may be gone with a history that was cut.
            Some(told) => self.session.history.find_blob(told.content)?.map(|_| told.content),
            None => match self.session.history.revision(revision)?.parent {
                Some(parent) => self.session.history.blob(parent, &path)?,
                None => None,
            },
        };
        let after = parse(content)?;
        let before = before.map(parse).transpose()?.unwrap_or_default();
        let changes = self.session.rules.changes(plugin, &before, &after);
        if changes.is_empty() && record.trouble.is_none() && told.is_some() {
            return Ok(None);
        }
        let keys = needs::keys_by_plugin(changes.iter())
            .swap_remove(plugin)
            .unwrap_or_default();
        let need = self.session.rules.need(plugin, &keys)?;
        Ok(Some(News {
            revision,
            content,
            keys,
            need,
        }))
    }

    /// The revision that changed the plugin's file last.
    pub(in crate::store) fn saved(&self, plugin: &str, head: RevisionId) -> Result<RevisionId, StoreError> {
        let history = &self.session.history;
        let touched = history.changed_paths(head)?;
        let path = settings_path(plugin);
        if touched.iter().any(|change| change.path == path) {
            return Ok(head);
        }
        let query = Query {
            plugin: Some(plugin),
            ..Query::default()
        };
        let found = history.catalogue(head, &mut |_, _| {})?.find(&query, 1)?;
        Ok(found.first().map_or(head, |entry| entry.revision.id))
    }

    /// How a plugin stands that has been told all there is.
    pub(super) fn settled(
        &self,
        plugin: &str,
        head: RevisionId,
        record: &Record,
        reach: &Reach,
    ) -> Result<Delivery, StoreError> {
        let revision = match &record.told {
            Some(told) => told.revision,
            None => self.saved(plugin, head)?,
        };
        let news = News {
            revision,
            content: BlobId::of(b"")?,
            keys: Vec::new(),
            need: None,
        };
        self.standing(plugin, &news, record, reach)
    }

    /// How a plugin stands to a revision, by what is remembered of it.
    pub(super) fn standing(
        &self,
        plugin: &str,
        news: &News,
        record: &Record,
        reach: &Reach,
    ) -> Result<Delivery, StoreError> {
        let state = self.state(news.revision, record, reach)?;
        Ok(Delivery {
            told: record.told.as_ref().map(|told| told.revision),
            running: record.running,
            ..Delivery::told(plugin, news, state, reach)
        })
    }

    fn state(&self, revision: RevisionId, record: &Record, reach: &Reach) -> Result<DeliveryState, StoreError> {
        if let Some(trouble) = &record.trouble {
            let (reason, since) = (trouble.why.clone(), trouble.since);
            return Ok(if trouble.not_rendered {
                DeliveryState::NotRendered { reason, since }
            } else {
                DeliveryState::Unreachable { reason, since }
            });
        }
        let Some(told) = &record.told else {
            return Ok(DeliveryState::Pending);
        };
        let covers = |answer: &Answer| -> Result<bool, StoreError> {
            Ok(answer.revision == revision || self.session.history.follows(answer.revision, revision)?)
        };
        if let Some(answer) = &record.answer
            && covers(answer)?
        {
            return Ok(match &answer.refused {
                None => DeliveryState::Applied,
                Some(reason) => DeliveryState::Refused { reason: reason.clone() },
            });
        }
        if told.revision != revision && !self.session.history.follows(told.revision, revision)? {
            return Ok(DeliveryState::Pending);
        }
        if told.stopped {
            let reason = format!("it was not running when it was to be told, {}", told.time);
            return Ok(DeliveryState::Stopped { reason });
        }
        let answers = reach.acknowledges || record.answer.is_some();
        Ok(if answers {
            DeliveryState::Awaited
        } else {
            DeliveryState::Told
        })
    }

    /// Whether a plugin's settings are still those of a revision.
    pub(super) fn is_latest(&self, plugin: &str, revision: RevisionId) -> Result<bool, StoreError> {
        let path = settings_path(plugin);
        let history = &self.session.history;
        Ok(history.blob(revision, &path)? == history.blob(self.session.head, &path)?)
    }

    /// How each plugin stands that somebody says how to reach.
    pub(in crate::store) fn standings(&self) -> Result<Vec<Delivery>, StoreError> {
        let reached = self
            .session
            .rules
            .plugins()
            .filter_map(|plugin| Some((plugin, self.reach(plugin)?)));
        reached.map(|(plugin, reach)| self.looked_at(plugin, &reach)).collect()
    }

    /// How a plugin stands, without telling it anything.
    fn looked_at(&self, plugin: &str, reach: &Reach) -> Result<Delivery, StoreError> {
        let git = self.session.store.git();
        let head = self.session.head;
        let record = Record::read(&git, plugin)?;
        let Some(news) = self.news(plugin, head, &record)? else {
            return self.settled(plugin, head, &record, reach);
        };
        let untrusted = self.untrusted(plugin, reach)?;
        if untrusted.is_empty() {
            return self.standing(plugin, &news, &record, reach);
        }
        Ok(Delivery {
            told: record.told.as_ref().map(|told| told.revision),
            running: record.running,
            ..Delivery::told(plugin, &news, DeliveryState::Untrusted { commands: untrusted }, reach)
        })
    }
}

/// Whether one of the ways starts the plugin anew where that is needed. A program is told what is needed and knows best.
fn restarts(reach: &Reach) -> bool {
    let restarts = |way: &Notify| match way {
        Notify::Systemd { action, .. } => match action {
            Action::Restart | Action::AsNeeded => true,
            Action::Reload => false,
        },
        Notify::Command { .. } => true,
        Notify::Signal { .. } => false,
    };
    reach.notify.iter().any(restarts)
}
