//! What is written into history about a change: a message made from it where none was given, and trailers
//! that `git log --grep` finds.

use crate::document::{Change, Segment};
use crate::revision::Message;

/// More changes than this are counted instead of named in the first line.
const NAMED: usize = 3;
/// A value longer than this many characters is cut in the message; history holds it whole.
const VALUE_LENGTH: usize = 60;

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
    let text = format!("edited by hand: {}", summary(changes, files));
    Message {
        text,
        trailers: trailers("hand", changes, files),
    }
}

fn hand_summary(changes: &[Change], files: &[String]) -> String {
    format!("edited by hand: {}", summary(changes, files))
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
    if text.chars().count() <= 2 * VALUE_LENGTH {
        return text;
    }
    let cut: String = text.chars().take(2 * VALUE_LENGTH).collect();
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
