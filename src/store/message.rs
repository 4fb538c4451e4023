//! What is written into history about a change: a message made from it where none was given, and trailers
//! that `git log --grep` finds.

use std::collections::{BTreeSet, HashSet};

use indexmap::IndexSet;

use crate::document::{Change, Segment};
use crate::revision::Message;

/// More changes than this are counted instead of named in the first line.
const NAMED: usize = 3;
/// A line that is longer than this many characters is cut; history holds its values whole.
const LONGEST_LINE: usize = 120;
/// More plugins than this are counted in the first line.
const LISTED: usize = 10;
/// More changes than this have no lines and no trailers of their own: those of their plugins find them.
const MOST_LINES: usize = 1000;
/// How the message of a hand edit begins.
const BY_HAND: &str = "edited by hand: ";

/// The message of a verb's change.
///
/// `by_hand` says that it was made in the folder and is only recorded now.
pub(super) fn of_change(
    via: &'static str,
    given: Option<&str>,
    by_hand: bool,
    changes: &[Change],
    files: &[String],
) -> Message {
    let made = || {
        if via == "plugin remove" && !changes.is_empty() {
            // What was in it alone would read as if it had been added.
            let lines: Vec<String> = changes.iter().map(line).collect();
            let settings = if lines.len() == 1 { "setting" } else { "settings" };
            let plugins = Vec::from_iter(plugins(changes)).join(", ");
            format!("removed {plugins}: {} {settings}\n\n{}", lines.len(), lines.join("\n"))
        } else if by_hand {
            hand_summary(changes, files)
        } else {
            summary(changes, files)
        }
    };
    Message {
        // An empty message would leave the trailers as the first line.
        text: given
            .filter(|text| !text.trim().is_empty())
            .map_or_else(made, str::to_owned),
        trailers: trailers(via, changes, files),
    }
}

/// The message of a hand edit that was recorded on the way.
pub(super) fn of_hand_edit(changes: &[Change], files: &[String]) -> Message {
    Message {
        text: hand_summary(changes, files),
        trailers: trailers("hand", changes, files),
    }
}

/// The lines of a message that say more than its changes do. Those were made by [`of_change`] where nobody gave
/// another message.
pub(super) fn remarks<'m>(message: &'m str, changes: &[Change]) -> Vec<&'m str> {
    let told: HashSet<String> = changes.iter().map(line).collect();
    let summary = (changes.len() <= NAMED).then(|| changes.iter().map(line).collect::<Vec<_>>().join(", "));
    let summary = summary.as_deref();
    let rest = changes.len().checked_sub(MOST_LINES).map(|_| more(changes.len()));
    let mut remarks: Vec<&str> = Vec::new();
    for (at, text) in message.lines().enumerate() {
        let by_hand = text.strip_prefix(BY_HAND);
        if at == 0 && by_hand.is_some() && by_hand == summary {
            remarks.push(BY_HAND.trim_end_matches([':', ' ']));
        } else if !(at == 0 && Some(text) == summary
            || at > 0 && (told.contains(text) || rest.as_deref() == Some(text)))
        {
            remarks.push(text);
        }
    }
    while remarks.last().is_some_and(|line| line.trim().is_empty()) {
        remarks.pop();
    }
    remarks
}

/// The changes that a message does not tell.
pub(super) fn untold<'c>(message: &str, changes: &'c [Change]) -> Vec<&'c Change> {
    let lines: HashSet<&str> = message.lines().collect();
    let first = message.lines().next().unwrap_or_default();
    // A few stand together in the first line.
    let is_told = |told: &str| lines.contains(told) || first.contains(told);
    changes.iter().filter(|change| !is_told(&line(change))).collect()
}

fn hand_summary(changes: &[Change], files: &[String]) -> String {
    format!("{BY_HAND}{}", summary(changes, files))
}

/// `valve.threshold 60 -> 55`; several by name, many by number with a line each below.
fn summary(changes: &[Change], files: &[String]) -> String {
    let lines: Vec<String> = changes.iter().take(MOST_LINES).map(line).collect();
    match changes.len() {
        0 if files.len() > LISTED => {
            let most = &files[..files.len().min(MOST_LINES)];
            format!("{} files\n\n{}", files.len(), body(most, files.len()))
        }
        0 => files.join(", "),
        1..=NAMED => lines.join(", "),
        count => {
            let plugins = plugins(changes);
            let plugins = if plugins.len() > LISTED {
                format!("{} plugins", plugins.len())
            } else {
                Vec::from_iter(plugins).join(", ")
            };
            format!("{plugins}: {count} settings\n\n{}", body(&lines, count))
        }
    }
}

/// The first lines of so many, as long as somebody may read them. Git reads a commit whole whenever anything of its revision
/// is asked for, so a message of megabytes would slow down all that comes after it.
fn body(lines: &[String], count: usize) -> String {
    if count <= MOST_LINES {
        return lines.join("\n");
    }
    format!("{}\n{}", lines.join("\n"), more(count))
}

fn more(count: usize) -> String {
    format!("and {} more", count - MOST_LINES)
}

fn line(change: &Change) -> String {
    let text = change.to_string();
    if text.chars().count() <= LONGEST_LINE {
        return text;
    }
    let cut: String = text.chars().take(LONGEST_LINE).collect();
    format!("{cut}…")
}

fn trailers(via: &'static str, changes: &[Change], files: &[String]) -> Vec<(&'static str, String)> {
    let mut trailers = vec![(Message::VIA, via.to_owned())];
    let mut named: BTreeSet<&str> = plugins(changes).into_iter().collect();
    named.extend(files.iter().filter_map(|path| super::manifest::plugin_of(path)));
    trailers.extend(named.into_iter().map(|plugin| ("Plugin", plugin.to_owned())));
    if changes.len() <= MOST_LINES {
        trailers.extend(changes.iter().map(|change| ("Key", change.key.to_string())));
    }
    trailers
}

/// The plugins whose settings changed, in that order.
pub(super) fn plugins<'c>(changes: impl IntoIterator<Item = &'c Change>) -> IndexSet<&'c str> {
    let named = changes
        .into_iter()
        .filter_map(|change| match change.key.segments().first()? {
            Segment::Key(plugin) => Some(plugin.as_str()),
            Segment::Index(_) => None,
        });
    named.collect()
}
