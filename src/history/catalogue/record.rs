//! One revision as the catalogue holds it, in bytes.
//!
//! ```text
//! frame  := length:u32le body checksum:u32le length:u32le      checksum over the previous id, length and body
//! body   := id:20 flags:u8 time offset name email via message count item*
//! item   := kind:u8 key [before] [after]
//! ```
//!
//! Texts are UTF-8 after their length; lengths, counts and times are variable-length integers, the signed ones
//! in zigzag. A frame can be found from either end, and its checksum holds only behind the revision it follows.

use std::fmt::Write as _;

use flate2::Crc;

use crate::document::{Change, Value};
use crate::revision::{Author, Moment, Revision, RevisionId};

/// What a frame has besides its body.
pub(super) const FRAME: usize = 12;
/// Where in a frame the revision's id stands.
pub(super) const ID: std::ops::Range<usize> = 4..24;

/// The message ends with the changes, as [`Change`] prints them; they are not repeated.
const TELLS_CHANGES: u8 = 1;
/// The record would be too large. It holds the id alone, and the rest is read from the repository.
const LEFT_OUT: u8 = 2;
/// Records above this are left out: a catalogue is read often, and such a revision rarely.
pub(super) const LARGEST: usize = 64 << 10;

const HAS_BEFORE: u8 = 1;
const HAS_AFTER: u8 = 2;
const TEXT_ONLY: u8 = 4;

/// What the catalogue tells of one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The revision; of its message only the first line.
    pub revision: Revision,
    /// The settings that it changed; each key begins with the plugin's name. A change of a whole plugin without
    /// values means that its file was no TOML before or after.
    pub changes: Vec<Change>,
    /// The plugins whose text it changed and none of whose values: comments, order, spelling.
    pub rewritten: Vec<String>,
}

/// A body, taken apart as far as needed to see whether it matters.
pub(super) struct View<'b> {
    pub id: RevisionId,
    /// All is to be read from the repository.
    pub left_out: bool,
    pub seconds: i64,
    offset: i64,
    pub name: &'b [u8],
    pub email: &'b [u8],
    via: &'b [u8],
    message: &'b [u8],
    tells_changes: bool,
    items: Bytes<'b>,
    count: u64,
}

/// One change, its values as TOML literals.
pub(super) struct Item<'b> {
    pub key: &'b [u8],
    before: Option<&'b [u8]>,
    after: Option<&'b [u8]>,
    text_only: bool,
}

impl Entry {
    /// The frame of this revision, behind that of `previous`.
    pub(super) fn frame(&self, previous: Option<RevisionId>) -> Vec<u8> {
        let body = self.body();
        if body.len() > LARGEST {
            return left_out(self.revision.id, previous);
        }
        framed(&body, previous)
    }

    fn body(&self) -> Vec<u8> {
        let revision = &self.revision;
        let told = tell(&self.changes);
        let shortened = revision.message.strip_suffix(&told).filter(|_| !told.is_empty());
        let mut body = revision.id.as_bytes().to_vec();
        body.push(if shortened.is_some() { TELLS_CHANGES } else { 0 });
        put_signed(&mut body, revision.time.seconds);
        put_signed(&mut body, revision.time.offset.into());
        put_text(&mut body, &revision.author.name);
        put_text(&mut body, &revision.author.email);
        put_text(&mut body, &revision.via);
        put_text(&mut body, shortened.unwrap_or(&revision.message));
        put_number(&mut body, (self.changes.len() + self.rewritten.len()) as u64);
        for change in &self.changes {
            let (before, after) = (value(change.before.as_ref()), value(change.after.as_ref()));
            let has_before = if before.is_some() { HAS_BEFORE } else { 0 };
            let has_after = if after.is_some() { HAS_AFTER } else { 0 };
            body.push(has_before | has_after);
            put_text(&mut body, &change.key.to_string());
            for value in [before, after].into_iter().flatten() {
                put_text(&mut body, &value);
            }
        }
        for plugin in &self.rewritten {
            body.push(TEXT_ONLY);
            put_text(&mut body, plugin);
        }
        body
    }
}

/// The frame of a revision whose record would be too large.
pub(super) fn left_out(id: RevisionId, previous: Option<RevisionId>) -> Vec<u8> {
    framed(&[id.as_bytes().as_slice(), &[LEFT_OUT]].concat(), previous)
}

fn framed(body: &[u8], previous: Option<RevisionId>) -> Vec<u8> {
    // At most LARGEST.
    let length = u32::try_from(body.len()).unwrap_or_default().to_le_bytes();
    let sum = checksum(previous, &length, body).to_le_bytes();
    [length.as_slice(), body, &sum, &length].concat()
}

/// How a value stands in the catalogue: the only place where values get there.
fn value(value: Option<&Value>) -> Option<String> {
    value.map(ToString::to_string)
}

fn tell(changes: &[Change]) -> String {
    let mut told = String::new();
    for change in changes {
        let separator = if told.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _infallible = write!(told, "{separator}{change}");
        if told.len() > LARGEST {
            break;
        }
    }
    told
}

/// The checksum of a frame, which holds only behind the revision that it follows.
pub(super) fn checksum(previous: Option<RevisionId>, length: &[u8], body: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(previous.map_or([0; 20], |id| *id.as_bytes()).as_slice());
    crc.update(length);
    crc.update(body);
    crc.sum()
}

impl<'b> View<'b> {
    /// Nothing where the bytes are no body.
    pub(super) fn parse(body: &'b [u8]) -> Option<Self> {
        let mut bytes = Bytes(body);
        let id: [u8; 20] = bytes.take(20)?.try_into().ok()?;
        let flags = bytes.byte()?;
        let mut view = Self {
            id: id.into(),
            left_out: flags & LEFT_OUT != 0,
            seconds: 0,
            offset: 0,
            name: b"",
            email: b"",
            via: b"",
            message: b"",
            tells_changes: flags & TELLS_CHANGES != 0,
            items: Bytes(b""),
            count: 0,
        };
        if view.left_out {
            return Some(view);
        }
        view.seconds = bytes.signed()?;
        view.offset = bytes.signed()?;
        view.name = bytes.text()?;
        view.email = bytes.text()?;
        view.via = bytes.text()?;
        view.message = bytes.text()?;
        view.count = bytes.number()?;
        view.items = bytes;
        Some(view)
    }

    /// What was changed. An item that cannot be read is `None`, and the last one.
    pub(super) fn items(&self) -> impl Iterator<Item = Option<Item<'b>>> + use<'b> {
        let mut rest = Some(Bytes(self.items.0));
        let mut count = self.count;
        std::iter::from_fn(move || {
            let bytes = rest.as_mut()?;
            if count == 0 {
                let left = !bytes.0.is_empty();
                rest = None;
                return left.then_some(None);
            }
            let item = bytes.item();
            count -= 1;
            if item.is_none() {
                rest = None;
            }
            Some(item)
        })
    }

    /// The whole entry; `parent` is the revision whose record stands before. Nothing where the bytes are none.
    pub(super) fn entry(&self, parent: Option<RevisionId>) -> Option<Entry> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let mut changes = Vec::new();
        let mut rewritten = Vec::new();
        for item in self.items() {
            let item = item?;
            if item.text_only {
                rewritten.push(text(item.key)?);
                continue;
            }
            let value = |literal: Option<&[u8]>| match literal {
                Some(literal) => Value::parse_literal(std::str::from_utf8(literal).ok()?).map(Some),
                None => Some(None),
            };
            changes.push(Change {
                key: std::str::from_utf8(item.key).ok()?.parse().ok()?,
                before: value(item.before)?,
                after: value(item.after)?,
            });
        }
        let mut message = text(self.message)?;
        if self.tells_changes {
            message.push_str(&tell(&changes));
        }
        let revision = Revision {
            id: self.id,
            parent,
            time: Moment {
                seconds: self.seconds,
                offset: i32::try_from(self.offset).ok()?,
            },
            author: Author {
                name: text(self.name)?,
                email: text(self.email)?,
            },
            message,
            via: text(self.via)?,
        };
        Some(Entry {
            revision,
            changes,
            rewritten,
        })
    }
}

fn put_number(body: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        body.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    body.push(number.to_le_bytes()[0]);
}

fn put_signed(body: &mut Vec<u8>, number: i64) {
    put_number(body, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    put_number(body, text.len() as u64);
    body.extend_from_slice(text.as_bytes());
}

/// What is left to read.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn text(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn item(&mut self) -> Option<Item<'b>> {
        let kind = self.byte()?;
        let key = self.text()?;
        let before = if kind & HAS_BEFORE == 0 {
            None
        } else {
            Some(self.text()?)
        };
        let after = if kind & HAS_AFTER == 0 {
            None
        } else {
            Some(self.text()?)
        };
        Some(Item {
            key,
            before,
            after,
            text_only: kind & TEXT_ONLY != 0,
        })
    }
}
