//! Keys exchanged where a text names them: in entries, dotted keys, inline tables and headers. Every byte
//! beside the key stays.

use std::borrow::Cow;
use std::ops::Range;

use super::super::directory::Directory;
use super::super::inline::{Piece, Spot};
use super::super::layout::{Entry, Header, Layout, Meeting, Place, Section, meet};
use super::super::manner::{header_keys, owned};
use super::super::splice::{Done, Unexpected};
use super::super::{Segment, literal};

impl<'t> Layout<'t> {
    /// Gives the key at a path another name, spelled as `known` says, occurrence by occurrence, and else as the
    /// old one was. Tells how it was spelled.
    pub(super) fn exchange_key(&mut self, path: &[Segment], name: &str, known: &[String]) -> Vec<String> {
        let mut old = Vec::new();
        let mut exchange = |text: &mut Cow<'t, str>, keys: &mut [Cow<'t, str>], position: usize| {
            let (Some(span), Some(key)) = (key_span(text, position), keys.get_mut(position)) else {
                return;
            };
            let before = text[span.clone()].to_owned();
            let spelled = known
                .get(old.len())
                .cloned()
                .unwrap_or_else(|| key_like(&before, key, name));
            text.to_mut().replace_range(span, &spelled);
            *key = Cow::Owned(name.to_owned());
            old.push(before);
        };
        let position = header_keys(path).len().saturating_sub(1);
        if let Place::Entry { section, entry, .. } = self.find(path) {
            let section = &mut self.sections[section];
            let (entry, rest) = (&mut section.entries[entry], &path[section.path.len()..]);
            exchange_in_entry(entry, rest, &mut exchange);
            return old;
        }
        self.directory = Directory::default();
        for section in &mut self.sections {
            if let Some(header) = &mut section.header
                && section.path.starts_with(path)
            {
                exchange(&mut header.line, &mut header.keys, position);
                section.path[path.len() - 1] = Segment::Key(name.to_owned());
            } else if let Some(rest) = path.strip_prefix(&section.path[..]).filter(|rest| !rest.is_empty()) {
                let entries = section.entries.iter_mut();
                entries.for_each(|entry| exchange_in_entry(entry, rest, &mut exchange));
            }
        }
        old
    }

    /// Whether what stands at a path can go to another one by its headers alone, which stay where they stand.
    pub(super) fn moves_by_headers(&self, from: &[Segment], to: &[Segment]) -> bool {
        let is_element = matches!(from.last(), Some(Segment::Index(_)));
        let among_elements = to.iter().any(|segment| matches!(segment, Segment::Index(_)));
        !is_element && !among_elements && self.is_sections(from) && self.takes_sections(to)
    }

    /// Gives the sections of one path another.
    pub(super) fn move_headers(&mut self, from: &[Segment], to: &[Segment]) -> Done {
        let moved = |section: &&mut Section<'t>| section.path.starts_with(from);
        for section in self.sections.iter_mut().filter(moved) {
            retarget(section, from, to)?;
        }
        self.resolve();
        Ok(())
    }

    /// Whether nothing but sections make what stands at a path.
    pub(super) fn is_sections(&self, path: &[Segment]) -> bool {
        let is_below = |section: &Section<'t>| section.header.is_some() && section.path.starts_with(path);
        self.sections.iter().any(is_below) && self.last_dotted(path).is_none()
    }
}

fn exchange_in_entry<'t>(
    entry: &mut Entry<'t>,
    path: &[Segment],
    exchange: &mut impl FnMut(&mut Cow<'t, str>, &mut [Cow<'t, str>], usize),
) {
    match meet(&entry.keys, path) {
        Meeting::Through if entry.keys.len() < path.len() => {
            exchange_inside(&mut entry.value, &path[entry.keys.len()..], exchange);
        }
        Meeting::Through | Meeting::Below => exchange(&mut entry.name, &mut entry.keys, path.len() - 1),
        Meeting::Apart => {}
    }
}

fn exchange_inside<'t>(
    piece: &mut Piece<'t>,
    path: &[Segment],
    exchange: &mut impl FnMut(&mut Cow<'t, str>, &mut [Cow<'t, str>], usize),
) {
    let (Some(collection), Some(position)) = (piece.open(), path.len().checked_sub(1)) else {
        return;
    };
    if let Spot::Item { index, steps } = collection.find(path)
        && steps < path.len()
    {
        return exchange_inside(&mut collection.items[index].value, &path[steps..], exchange);
    }
    for item in &mut collection.items {
        if let Meeting::Through | Meeting::Below = meet(&item.keys, path) {
            exchange(&mut item.name, &mut item.keys, position);
        }
    }
}

/// Gives a section below one path the header that it has below another. The keys that both paths begin with,
/// and the last one if it is the same, keep their spelling.
pub(super) fn retarget(section: &mut Section<'_>, from: &[Segment], to: &[Segment]) -> Done {
    let is_element_itself = section.path == from && matches!(from.last(), Some(Segment::Index(_)));
    let Some(header) = &mut section.header else {
        return Err(Unexpected("the document's own table has no header"));
    };
    let (old, new) = (header_keys(from), header_keys(to));
    let spelled = |position: usize| key_span(&header.line, position).map(|span| &header.line[span]);
    let common = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let keys: Vec<Cow<'_, str>> = new
        .iter()
        .enumerate()
        .map(|(position, name)| {
            let kept = if position < common {
                Some(position)
            } else {
                (position + 1 == new.len() && old.last() == Some(name)).then(|| old.len() - 1)
            };
            kept.and_then(spelled)
                .map_or_else(|| Cow::Owned(literal::key(name)), Cow::Borrowed)
        })
        .collect();
    let ends = key_span(&header.line, 0).zip(key_span(&header.line, old.len().saturating_sub(1)));
    let (first, last) = ends.ok_or(Unexpected("a header has fewer keys than its path"))?;
    let mut line = header.line.clone().into_owned();
    line.replace_range(first.start..last.end, &keys.join("."));
    let mut names = owned(&new);
    names.extend(
        header
            .keys
            .drain(..)
            .skip(old.len())
            .map(|key| Cow::Owned(key.into_owned())),
    );
    *header = Header {
        line: Cow::Owned(if is_element_itself {
            single(line, names.len())
        } else {
            line
        }),
        keys: names,
        element: header.element && !is_element_itself,
    };
    Ok(())
}

/// The line `[a]` as `[[a]]`; `keys` is how many it names.
pub(super) fn doubled(line: &str, keys: usize) -> Option<String> {
    let last = key_span(line, keys.checked_sub(1)?)?;
    let close = last.end + line[last.end..].find(']')?;
    let open = line.find('[')?;
    let (indent, keys, rest) = (&line[..open], &line[open..=close], &line[close + 1..]);
    Some(format!("{indent}[{keys}]{rest}"))
}

/// The line `[[a]]` as `[a]`; `keys` is how many it names.
pub(super) fn single(mut line: String, keys: usize) -> String {
    if let Some(last) = key_span(&line, keys.saturating_sub(1))
        && let Some(close) = line[last.end..].find("]]")
        && let Some(open) = line.find("[[")
    {
        line.remove(last.end + close);
        line.remove(open);
    }
    line
}

/// Where the key at a position of a dotted key stands, in a header's line or an entry's name.
fn key_span(text: &str, position: usize) -> Option<Range<usize>> {
    let mut end = 0;
    for passed in 0.. {
        let start = end + text[end..].find(|next: char| !next.is_whitespace() && next != '.' && next != '[')?;
        end = start + key_length(&text[start..])?;
        if passed == position {
            return Some(start..end);
        }
    }
    None
}

/// How long the key is that a text begins with; nothing if it begins with none.
fn key_length(text: &str) -> Option<usize> {
    let Some(quote @ ('"' | '\'')) = text.chars().next() else {
        let end = text.find(|next: char| next.is_whitespace() || matches!(next, '.' | '=' | ']' | '#'));
        return Some(end.unwrap_or(text.len())).filter(|length| *length > 0);
    };
    let mut escaped = false;
    let close = text[1..].find(|next: char| {
        let closes = next == quote && !escaped;
        escaped = quote == '"' && next == '\\' && !escaped;
        closes
    })?;
    Some(close + 2)
}

/// A key for `name` in the quotes that `old` has. Double quotes that the old name needed and the new one does
/// not are dropped, so that a name that gets quotes and its old name back loses them.
fn key_like(old: &str, old_name: &str, name: &str) -> String {
    let plain = literal::key(name);
    let is_bare = |plain: &str| !plain.starts_with('"');
    if old.starts_with('\'')
        && !name
            .chars()
            .any(|character| character == '\'' || character.is_control())
    {
        format!("'{name}'")
    } else if old.starts_with('"') && is_bare(&plain) && is_bare(&literal::key(old_name)) {
        format!("\"{name}\"")
    } else {
        plain
    }
}
