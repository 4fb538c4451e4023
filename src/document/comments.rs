//! Comments that have changed between two texts, taken over into a third one that says the same settings: what a
//! person wrote beside settings travels with them even where the settings themselves are taken from elsewhere.

use std::borrow::Cow;
use std::collections::HashMap;

use super::inline::Piece;
use super::layout::{Layout, attached};
use super::{Document, KeyPath, Segment};

/// A line with a key or a header on it, and what stands around it.
struct Line<'l> {
    lead: &'l str,
    /// The text of the value; nothing for a header.
    value: Option<Cow<'l, str>>,
    /// The comment behind it, with the spacing before it.
    beside: &'l str,
}

impl Document {
    /// This document with the comments that differ between `then` and `now`, where they stand above or behind a
    /// setting or a header that this document has too; and with the spelling of values that `now` spells differently
    /// but which are the same. Content never changes.
    #[must_use]
    pub fn with_comments_since(&self, then: &Self, now: &Self) -> Self {
        let mut layout = Layout::of(&self.text);
        let (then_layout, now_layout) = (Layout::of(&then.text), Layout::of(&now.text));
        let old = lines(&then_layout);
        let mut changed = HashMap::new();
        for (path, line) in lines(&now_layout) {
            if let Some(old) = old.get(&path)
                && (old.lead != line.lead || old.value != line.value || old.beside != line.beside)
            {
                changed.insert(path, (old, line));
            }
        }
        let is_same = |path: &[Segment]| {
            let path = KeyPath::from(path.to_vec());
            let value = now.get(&path);
            value == self.get(&path) && value == then.get(&path)
        };
        let line_end = layout.line_end;
        let own = |text: &str| text.replace("\r\n", "\n").replace('\n', line_end);
        for section in &mut layout.sections {
            if let Some(header) = &mut section.header
                && let Some((then, now)) = changed.get(&(section.path.clone(), true))
            {
                section.lead = Cow::Owned(own(&merged(&section.lead, then.lead, now.lead)));
                if then.beside != now.beside {
                    let bare = header.line.len() - header_comment(&header.line).len() - ending(&header.line).len();
                    header.line = Cow::Owned(format!(
                        "{}{}{}",
                        &header.line[..bare],
                        now.beside,
                        ending(&header.line)
                    ));
                }
            }
            for entry in &mut section.entries {
                let mut path = section.path.clone();
                path.extend(entry.keys.iter().map(|key| Segment::Key(key.clone().into_owned())));
                let Some((then, now)) = changed.get(&(path.clone(), false)) else {
                    continue;
                };
                entry.lead = Cow::Owned(own(&merged(&entry.lead, then.lead, now.lead)));
                if then.beside != now.beside {
                    entry.end = Cow::Owned(format!("{}{}", now.beside, ending(&entry.end)));
                }
                if let Some(value) = now.value.as_ref().filter(|value| then.value.as_ref() != Some(*value))
                    && is_same(&path)
                {
                    entry.value = Piece::Raw(Cow::Owned(value.clone().into_owned()));
                }
            }
        }
        if then_layout.tail != now_layout.tail {
            let tail = if same_lines(&layout.tail, &then_layout.tail) {
                merged(&layout.tail, &then_layout.tail, &now_layout.tail)
            } else {
                replaced(&layout.tail, &then_layout.tail, &now_layout.tail)
            };
            let tail = own(&tail);
            layout.close_last_line();
            layout.tail = Cow::Owned(tail);
            layout.settle();
        }
        // A text that says anything else would be worse than a comment that is lost.
        let edited = Self::parse(layout.to_text()).ok();
        let root = KeyPath::root();
        edited
            .filter(|edited| edited.get(&root) == self.get(&root))
            .unwrap_or_else(|| self.clone())
    }
}

/// Every line with a key or header, by its path and whether it is a header.
fn lines<'l>(layout: &'l Layout<'_>) -> HashMap<(Vec<Segment>, bool), Line<'l>> {
    let mut lines = HashMap::new();
    for section in &layout.sections {
        if let Some(header) = &section.header {
            let line = Line {
                lead: &section.lead,
                value: None,
                beside: header_comment(&header.line),
            };
            lines.insert((section.path.clone(), true), line);
        }
        for entry in &section.entries {
            let mut path = section.path.clone();
            path.extend(entry.keys.iter().map(|key| Segment::Key(key.clone().into_owned())));
            let line = Line {
                lead: &entry.lead,
                value: Some(entry.value.text()),
                beside: entry.end.trim_end_matches(['\r', '\n']),
            };
            lines.insert((path, false), line);
        }
    }
    lines
}

/// What stands behind the brackets of a header.
fn header_comment(line: &str) -> &str {
    let line = line.trim_end_matches(['\r', '\n']);
    let mut quote = None;
    let mut escaped = false;
    let mut end = 0;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (None, ']') => end = at + 1,
            (None, '#') => break,
            (Some(open), _) if character == open && !escaped => quote = None,
            (None | Some(_), _) => {}
        }
        escaped = quote == Some('"') && character == '\\' && !escaped;
    }
    &line[end..]
}

fn ending(line: &str) -> &str {
    &line[line.trim_end_matches(['\r', '\n']).len()..]
}

/// What stands above a line in a third text, after the change that `then` to `now` is.
fn merged(here: &str, then: &str, now: &str) -> String {
    if same_lines(here, then) {
        // What was only added goes below what is here; a blank line between may belong to what a step has put there.
        let count = comments_of(then).count();
        if count > 0 && comments_of(then).eq(comments_of(now).take(count)) {
            return comments_of(now)
                .skip(count)
                .fold(here.to_owned(), |text, line| text + line);
        }
        return now.to_owned();
    }
    let parts = |lead: &str| {
        let (above, own) = lead.split_at(attached(lead));
        (above.to_owned(), own.to_owned())
    };
    let ((above, own), (then_above, then_own), (now_above, now_own)) = (parts(here), parts(then), parts(now));
    let own = if same_lines(&then_own, &now_own) { own } else { now_own };
    let above = if same_lines(&then_above, &now_above) {
        above
    } else {
        replaced(&above, &then_above, &now_above)
    };
    format!("{above}{own}")
}

/// Comments of their own, without those that are gone and with those that have come.
fn replaced(here: &str, then: &str, now: &str) -> String {
    let (then, now): (Vec<&str>, Vec<&str>) = (comments_of(then).collect(), comments_of(now).collect());
    let kept = here
        .split_inclusive('\n')
        .filter(|line| !then.contains(line) || now.contains(line));
    kept.chain(now.iter().copied().filter(|line| !then.contains(line)))
        .collect()
}

fn comments_of(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter(|line| !line.trim().is_empty())
}

fn same_lines(one: &str, other: &str) -> bool {
    one.lines().eq(other.lines())
}

#[cfg(test)]
mod tests {
    use super::super::Document;

    #[track_caller]
    fn merged(here: &str, then: &str, now: &str, expected: &str) {
        let document = |text: &str| Document::parse(text).unwrap();
        let made = document(here).with_comments_since(&document(then), &document(now));
        assert_eq!(made.text(), expected);
    }

    #[test]
    fn a_comment_that_has_changed_is_taken_over_and_all_else_stays() {
        let then = "# a\na = 1 # x\n\n[t] # t\nb = 2\n";
        merged(
            "# a\na = 0x1 # x\n\n[t] # t\nb = 2\n",
            then,
            &then.replace("# x", "# y"),
            "# a\na = 0x1 # y\n\n[t] # t\nb = 2\n",
        );
        merged(
            then,
            then,
            &then.replace("# a\n", "# a\n# more\n"),
            "# a\n# more\na = 1 # x\n\n[t] # t\nb = 2\n",
        );
        merged(then, then, &then.replace(" # t", ""), "# a\na = 1 # x\n\n[t]\nb = 2\n");
        merged(
            then,
            then,
            &then.replace("\n[t]", "\n# over\n[t]"),
            "# a\na = 1 # x\n\n# over\n[t] # t\nb = 2\n",
        );
        merged(
            then,
            then,
            &format!("{then}# end\n"),
            "# a\na = 1 # x\n\n[t] # t\nb = 2\n# end\n",
        );
        merged(
            "b = 2\r\n",
            "b = 2\n",
            "# new\nb = 2 # too\n",
            "# new\r\nb = 2 # too\r\n",
        );
    }

    #[test]
    fn comments_that_stand_here_alone_stay_beside_new_ones() {
        merged(
            "# head\n\n# gone with a key\n\n# b\nb = 2\n",
            "# head\n\n# b\nb = 2\n",
            "# head\n# second\n\n# bee\nb = 2\n",
            "# head\n\n# gone with a key\n\n# second\n# bee\nb = 2\n",
        );
    }

    #[test]
    fn comments_in_an_array_and_another_spelling_of_the_same_value_come_too() {
        let then = "l = [1, 2]\nn = 30\nm = 5\n";
        let now = "l = [\n  1, # one\n  2,\n]\nn = 0x1e\nm = 6\n";
        merged(then, then, now, "l = [\n  1, # one\n  2,\n]\nn = 0x1e\nm = 5\n");
        merged(
            "a = 1\n[\"a]#\".x] # c\n",
            "[\"a]#\".x] # c\n",
            "[\"a]#\".x] # d\n",
            "a = 1\n[\"a]#\".x] # d\n",
        );
    }
}
