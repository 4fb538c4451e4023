//! Which running plugins a plan concerns.

use super::{Concerned, Plan};
use crate::plugin::Need;
use crate::store::confirmation::Witness;
use crate::store::draft::{Draft, DraftFile};
use crate::store::local::Local;
use crate::store::manifest::settings_path;
use crate::store::rules::Rules;
use crate::store::{StoreError, message, needs};

/// The running plugins whose settings a plan changes.
pub(super) fn concerned(plan: &Plan, rules: &Rules<'_>, draft: &Draft<'_, '_>) -> Result<Concerned, StoreError> {
    let local = Local::read(rules.live())?;
    let mut concerned = Concerned::default();
    let changes = plan.changes.iter().chain(&plan.by_hand_changes);
    let meant = message::plugins(&plan.changes);
    for (plugin, keys) in needs::keys_by_plugin(changes) {
        if !rules.has(plugin) {
            continue;
        }
        let path = settings_path(plugin);
        // One that has just come runs nothing yet, and what is only sealed anew is the same when it is open.
        let is_as_it_was = |file: &DraftFile| file.live.is_none() || file.resealed;
        if let Some(reach) = local.reach(plugin, rules.manifest()) {
            concerned.told.insert(plugin.to_owned());
            if meant.contains(plugin) {
                let witness = Witness {
                    proves: reach.proves(),
                    by: reach.confirm,
                };
                concerned.witnesses.insert(plugin.to_owned(), witness);
            }
        } else if !draft.seen(&path).is_some_and(is_as_it_was) && rules.need(plugin, &keys)? == Some(Need::Restart) {
            concerned.stale.insert(plugin.to_owned());
        }
    }
    Ok(concerned)
}
