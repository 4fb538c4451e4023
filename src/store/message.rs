//! What is written into history about a change: a message made from it where none was given, and trailers
//! that `git log --grep` finds.

use crate::document::{Change, Segment};
use crate::revision::Message;

/// More changes than this are counted instead of named in the first line.
const NAMED: usize = 3;
/// A line that is longer than this many characters is cut; history holds its values whole.
const LONGEST_LINE: usize = 120;
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
            let plugins = plugins(changes).join(", ");
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
    let told: Vec<String> = changes.iter().map(line).collect();
    let summary = told.join(", ");
    let mut remarks: Vec<&str> = Vec::new();
    for (at, text) in message.lines().enumerate() {
        let by_hand = text.strip_prefix(BY_HAND);
        if at == 0 && by_hand == Some(summary.as_str()) {
            remarks.push(BY_HAND.trim_end_matches([':', ' ']));
        } else if !(at == 0 && text == summary || at > 0 && told.iter().any(|told| told == text)) {
            remarks.push(text);
        }
    }
    while remarks.last().is_some_and(|line| line.trim().is_empty()) {
        remarks.pop();
    }
    remarks
}

/// Whether a message tells a change.
pub(super) fn tells(message: &str, change: &Change) -> bool {
    message.contains(&line(change))
}

fn hand_summary(changes: &[Change], files: &[String]) -> String {
    format!("{BY_HAND}{}", summary(changes, files))
}

/// `valve.threshold 60 -> 55`; several by name, many by number with a line each below.
fn summary(changes: &[Change], files: &[String]) -> String {
    let lines: Vec<String> = changes.iter().map(line).collect();
    match lines.len() {
        0 => files.join(", "),
        1..=NAMED => lines.join(", "),
        count => {
            let plugins = plugins(changes).join(", ");
            format!("{plugins}: {count} settings\n\n{}", lines.join("\n"))
        }
    }
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
    let mut named = plugins(changes);
    named.extend(
        files
            .iter()
            .filter_map(|path| super::manifest::plugin_of(path))
            .map(str::to_owned),
    );
    named.sort();
    named.dedup();
    trailers.extend(named.into_iter().map(|plugin| ("Plugin", plugin)));
    trailers.extend(changes.iter().map(|change| ("Key", change.key.to_string())));
    trailers
}

/// The plugins that changes concern, in order.
fn plugins(changes: &[Change]) -> Vec<String> {
    let mut plugins: Vec<String> = Vec::new();
    for change in changes {
        if let Some(Segment::Key(plugin)) = change.key.segments().first()
            && !plugins.contains(plugin)
        {
            plugins.push(plugin.clone());
        }
    }
    plugins
}
