//! What a running plugin proves of a revision: that it runs it, that it does not, and whether it is well.

use std::collections::BTreeMap;
use std::time::Duration;

use super::AT_A_TIME;
use super::state::Record;
use super::tell::Deliverer;
use crate::plugin::{Need, Notify, Telling};
use crate::revision::RevisionId;
use crate::store::local::Reach;
use crate::store::manifest::settings_path;
use crate::store::{StoreError, parallel};

/// How a plugin stands to a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Standing {
    /// It has said that it runs it, or a later one.
    Runs,
    /// It has said that it does not.
    Refused {
        /// Its words.
        reason: String,
    },
    /// It has said neither.
    Open,
}

/// What came of asking a plugin whether it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Checkup {
    /// Why it is not.
    pub ill: Option<String>,
    /// How long it is given to become well.
    pub patience: Duration,
}

impl Reach {
    /// Whether the plugin can ever say that it runs a revision.
    pub(in crate::store) fn proves(&self) -> bool {
        let answers = |way: &Notify| match way {
            Notify::Systemd { .. } | Notify::Command { .. } => true,
            Notify::Signal { .. } => false,
        };
        self.acknowledges || self.health.is_some() || self.notify.iter().any(answers)
    }
}

impl Deliverer<'_> {
    /// How plugins stand to a revision that changed the settings of each.
    pub(in crate::store) fn stand(
        &self,
        plugins: &[String],
        revision: RevisionId,
    ) -> Result<BTreeMap<String, Standing>, StoreError> {
        let standing = |plugin: &String| Ok((plugin.clone(), self.stands(plugin, revision)?));
        plugins.iter().map(standing).collect()
    }

    fn stands(&self, plugin: &str, revision: RevisionId) -> Result<Standing, StoreError> {
        let history = &self.session.history;
        let record = Record::read(&self.session.store.git(), plugin)?;
        if let Some(answer) = &record.answer
            && answer.revision == revision
            && let Some(reason) = &answer.refused
        {
            return Ok(Standing::Refused { reason: reason.clone() });
        }
        let Some(running) = record.running else {
            return Ok(Standing::Open);
        };
        if history.follows_or_is(running, revision)? {
            return Ok(Standing::Runs);
        }
        // Where the revision went back to what the plugin runs before it was told of anything else, there is nothing to tell.
        let told = record.told.filter(|told| told.revision == running);
        let content = history.blob(revision, &settings_path(plugin))?;
        Ok(match told {
            Some(told) if Some(told.content) == content => Standing::Runs,
            Some(_) | None => Standing::Open,
        })
    }

    /// Asks those of the plugins that can be asked whether they are well. Where nobody here has trusted the program that
    /// tells, there is no answer, and that is none of being well.
    pub(in crate::store) fn check_up(
        &self,
        plugins: &[String],
        revision: RevisionId,
    ) -> Result<BTreeMap<String, Checkup>, StoreError> {
        let store = self.session.store.root();
        let mut asked = Vec::new();
        for plugin in plugins {
            let Some(reach) = self.reach(plugin) else { continue };
            let Some(health) = reach.health.clone() else { continue };
            let untrusted = self.untrusted(plugin, &reach)?;
            asked.push((plugin.clone(), health, untrusted.is_empty()));
        }
        let checkups = parallel::in_threads(AT_A_TIME, &asked, &|_, _| {}, |(plugin, health, is_trusted)| {
            let telling = Telling {
                plugin,
                revision,
                keys: &[],
                need: Need::Reload,
                store,
            };
            let ill = if *is_trusted {
                health.check(&telling).err()
            } else {
                Some("nobody here has trusted the program that tells".to_owned())
            };
            let patience = health.timeout.duration();
            (plugin.clone(), Checkup { ill, patience })
        });
        Ok(checkups.into_iter().collect())
    }
}
