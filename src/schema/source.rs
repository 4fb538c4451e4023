//! A schema as it was read: its JSON, and that of the schemas it refers to. Nothing is compiled here, so
//! that a single default costs a parse and a walk.

use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use serde_json::Value as Json;

use super::outline::Secrecy;
use super::place::{Place, find, pointer_to};
use super::{Library, SchemaError, keyword};

/// A JSON Schema that was read but not compiled.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The schema itself first, then those that its references lead to.
    files: Vec<Arc<File>>,
    /// Which of its settings are secret, found when it is first asked for.
    pub(super) secrecy: OnceLock<Arc<Secrecy>>,
}

/// One schema file.
#[derive(Debug)]
pub(super) struct File {
    /// What messages call it.
    pub name: String,
    pub json: Arc<Json>,
    /// Drafts 4, 6 and 7 ignore everything beside a `$ref`.
    pub lonely_references: bool,
    /// Whether a reference may lead to another file; most schemas have none, and need not be searched.
    refers_elsewhere: bool,
    /// A hash of its text.
    fingerprint: u64,
}

/// The keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// A reference that leads to no file at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    pub file: usize,
    /// The place of the schema that holds the `$ref`.
    pub pointer: String,
    pub reference: String,
}

impl Schema {
    /// Whether it says of any setting what a change of it needs (`x-apply`).
    #[must_use]
    pub fn says_apply(&self) -> bool {
        fn says(json: &Json) -> bool {
            match json {
                Json::Object(members) => members.contains_key(keyword::APPLY) || members.values().any(says),
                Json::Array(items) => items.iter().any(says),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
            }
        }
        self.files.iter().any(|file| says(&file.json))
    }
}

impl Schema {
    /// Reads a schema. `name` is what messages call it, usually its path.
    pub fn parse(name: &str, text: &str) -> Result<Self, SchemaError> {
        Ok(Self {
            files: vec![Arc::new(File::parse(name, text)?)],
            secrecy: OnceLock::new(),
        })
    }

    /// What messages call the schema.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.files[0].name
    }

    /// The schema's JSON.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.files[0].json
    }

    /// The same schema under another name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let mut files = self.files.clone();
        files[0] = Arc::new(File {
            name: name.to_owned(),
            json: Arc::clone(&self.files[0].json),
            ..*self.files[0]
        });
        Self {
            files,
            secrecy: self.secrecy.clone(),
        }
    }

    /// Whether it says all by itself, so that its text alone tells what it means.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        matches!(&*self.files, [only] if !only.refers_elsewhere)
    }

    /// A number that schemas of the same text share, whatever they are called. Others may share it too.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.files[0].fingerprint
    }

    /// Whether this and another schema say the same by themselves, whatever they are called.
    #[must_use]
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let same = || Arc::ptr_eq(&self.files[0].json, &other.files[0].json) || self.json() == other.json();
        self.stands_alone() && other.stands_alone() && same()
    }

    /// Whether a `$ref` leads to another file that was not looked for yet.
    #[must_use]
    pub fn has_open_references(&self) -> bool {
        !self.unanswered().is_empty()
    }

    /// This schema together with every schema that its references lead to, as far as `library` has them.
    ///
    /// A reference without an answer is no error here: it becomes one where it is needed, so that a schema
    /// can be used for documents that never come near the missing part.
    pub fn with_references(mut self, library: &Library) -> Result<Self, SchemaError> {
        let mut given_up = Vec::new();
        loop {
            let mut found = Vec::new();
            for open in self.unanswered() {
                if given_up.contains(&open) {
                    continue;
                }
                let (address, _) = split_reference(&open.reference);
                let base = self.files[open.file].json.get("$id").and_then(Json::as_str);
                match library.find(address, base)? {
                    Some(file) if !found.iter().any(|other| Arc::ptr_eq(other, &file)) => found.push(file),
                    Some(_) => {}
                    None => given_up.push(open),
                }
            }
            found.retain(|file| !self.files.iter().any(|known| Arc::ptr_eq(known, file)));
            if found.is_empty() {
                return Ok(self);
            }
            self.files.append(&mut found);
            self.secrecy = OnceLock::new();
        }
    }

    /// What messages call the other schemas that its references lead to, as far as they were found: their paths.
    pub fn referenced(&self) -> impl Iterator<Item = &str> {
        self.files.iter().skip(1).map(|file| file.name.as_str())
    }

    pub(super) fn files(&self) -> &[Arc<File>] {
        &self.files
    }

    pub(super) fn root(&self) -> Place<'_> {
        self.start_of(0)
    }

    pub(super) fn start_of(&self, file: usize) -> Place<'_> {
        let json = &self.files[file].json;
        Place {
            file,
            root: json,
            schema: json,
            pointer: "#".to_owned(),
        }
    }

    /// What messages and hints print for a place: `#/a` in the schema itself, `other.json#/a` elsewhere.
    pub(super) fn print_pointer(&self, place: &Place<'_>) -> String {
        if place.file == 0 {
            place.pointer.clone()
        } else {
            format!("{}{}", self.files[place.file].name, place.pointer)
        }
    }

    /// Where a reference found at `place` leads, if that is at hand.
    pub(super) fn follow<'s>(&'s self, place: &Place<'s>, reference: &str) -> Option<Place<'s>> {
        let (address, fragment) = split_reference(reference);
        let start = if address.is_empty() {
            Place {
                schema: place.root,
                pointer: pointer_to(&self.files[place.file].json, place.root)?,
                ..place.clone()
            }
        } else {
            self.file_for(place, address)?
        };
        let fragment = percent_decoded(fragment)?;
        if fragment.is_empty() {
            return Some(start);
        }
        if fragment.starts_with('/') {
            return start.descend_pointer(&fragment);
        }
        let target = find_anchor(start.schema, &fragment)?;
        Some(Place {
            schema: target,
            pointer: pointer_to(&self.files[start.file].json, target)?,
            ..start
        })
    }

    /// The references that lead to no file at hand, in the schema and in those it refers to.
    pub(super) fn unanswered(&self) -> Vec<Unanswered> {
        let mut open = Vec::new();
        for file in (0..self.files.len()).filter(|file| self.files[*file].refers_elsewhere) {
            let mut visit = |place: &Place<'_>| {
                for keyword in REFERENCES {
                    let Some(reference) = place.schema.get(keyword).and_then(Json::as_str) else {
                        continue;
                    };
                    let (address, _) = split_reference(reference);
                    if !address.is_empty() && self.file_for(place, address).is_none() {
                        open.push(Unanswered {
                            file,
                            pointer: place.pointer.clone(),
                            reference: reference.to_owned(),
                        });
                    }
                }
            };
            self.start_of(file).visit(&mut visit);
        }
        open
    }

    /// Whether the file that an address means is at hand.
    pub(super) fn knows(&self, place: &Place<'_>, address: &str) -> bool {
        self.file_for(place, address).is_some()
    }

    fn file_for<'s>(&'s self, place: &Place<'s>, address: &str) -> Option<Place<'s>> {
        let base = place.root.get("$id").and_then(Json::as_str);
        if let Some(embedded) = find_embedded(&self.files[place.file].json, address, base) {
            return Some(Place {
                file: place.file,
                root: embedded,
                schema: embedded,
                pointer: pointer_to(&self.files[place.file].json, embedded)?,
            });
        }
        let named = |file: &Arc<File>| file.answers(address, base);
        self.files.iter().position(named).map(|file| self.start_of(file))
    }
}

impl File {
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, SchemaError> {
        let text = text.trim_start_matches('\u{feff}');
        let json: Json = serde_json::from_str(text).map_err(|error| {
            let reason = error.to_string();
            // The parser counts bytes, and none at the begin of a line.
            let line = text.split('\n').nth(error.line().saturating_sub(1));
            let before = line.and_then(|line| line.get(..error.column()));
            SchemaError::NotJson {
                name: name.to_owned(),
                line: error.line(),
                column: before.map_or(error.column(), |before| before.chars().count()).max(1),
                reason: reason.split(" at line ").next().unwrap_or_default().to_owned(),
            }
        })?;
        if !(json.is_object() || json.is_boolean()) {
            return Err(SchemaError::NotASchema { name: name.to_owned() });
        }
        let dialect = json.get("$schema").and_then(Json::as_str).unwrap_or_default();
        let lonely_references = ["draft-04", "draft-06", "draft-07"]
            .iter()
            .any(|draft| dialect.contains(draft));
        let leads_away = |candidate: &Json| {
            let mut references = REFERENCES
                .iter()
                .filter_map(|keyword| candidate.get(*keyword)?.as_str());
            references.any(|reference| !reference.starts_with('#'))
        };
        Ok(Self {
            name: name.to_owned(),
            refers_elsewhere: find(&json, &leads_away).is_some(),
            json: Arc::new(json),
            lonely_references,
            fingerprint: FixedState::default().hash_one(text),
        })
    }

    /// Its `$id`, under the name that draft 4 gives it too.
    pub(super) fn id(&self) -> Option<&str> {
        let id = self.json.get("$id").or_else(|| self.json.get("id"))?;
        id.as_str().map(|id| id.trim_end_matches('#'))
    }

    /// Whether a reference to `address` means this file: by its `$id`, else by its file name.
    pub(super) fn answers(&self, address: &str, base: Option<&str>) -> bool {
        let named = Path::new(&self.name).file_name().and_then(|name| name.to_str());
        self.id().is_some_and(|id| same_address(id, address, base)) || named == Some(file_name(address))
    }
}

/// A reference without its fragment, and the fragment.
pub(super) fn split_reference(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

pub(super) fn file_name(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or(address)
}

/// Whether `address`, seen from a schema whose `$id` is `base`, is the schema whose `$id` is `id`.
pub(super) fn same_address(id: &str, address: &str, base: Option<&str>) -> bool {
    let joined = base.and_then(|base| base.rsplit_once('/')).is_some_and(|(folder, _)| {
        id.strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| rest == address.trim_start_matches("./"))
    });
    id == address || joined
}

fn find_embedded<'s>(json: &'s Json, address: &str, base: Option<&str>) -> Option<&'s Json> {
    find(json, &|candidate| {
        let id = candidate.get("$id").and_then(Json::as_str);
        id.is_some_and(|id| same_address(id.trim_end_matches('#'), address, base))
    })
}

fn find_anchor<'s>(json: &'s Json, anchor: &str) -> Option<&'s Json> {
    find(json, &|candidate| {
        let named = |keyword: &str| candidate.get(keyword).and_then(Json::as_str);
        named("$anchor") == Some(anchor)
            || named("$dynamicAnchor") == Some(anchor)
            || [named("$id"), named("id")].contains(&Some(&format!("#{anchor}")))
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}
