//! A GitLab Code Quality report: one JSON array of issues, each with a fingerprint by which GitLab tells an old issue
//! from a new one.

use std::collections::HashSet;
use std::io::{self, Write};

use serde::Serialize;

use super::printable::sentence;
use super::record::write_json;
use crate::schema::{Code, Severity, Violation};
use crate::store::CheckedFile;

/// All violations as one report.
pub(super) fn write(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    let mut seen = HashSet::new();
    let mut issues = Vec::new();
    for file in files {
        for violation in &file.violations {
            issues.push(Issue::new(file, violation, &mut seen));
        }
    }
    write_json(out, &issues)
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: Code,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    positions: Positions,
}

#[derive(Serialize)]
struct Positions {
    begin: Place,
    end: Place,
}

#[derive(Serialize)]
struct Place {
    line: usize,
    column: usize,
}

impl<'a> Issue<'a> {
    fn new(file: &'a CheckedFile, violation: &Violation, seen: &mut HashSet<u64>) -> Self {
        let place = violation.position;
        Self {
            description: sentence(&violation.message).into_owned(),
            check_name: violation.code,
            fingerprint: fingerprint(&file.path, violation, seen),
            severity: match violation.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Note => "info",
            },
            location: Location {
                path: &file.path,
                positions: Positions {
                    begin: Place {
                        line: place.line,
                        column: place.column,
                    },
                    end: Place {
                        line: place.end_line,
                        column: place.end_column,
                    },
                },
            },
        }
    }
}

/// The same for the same broken rule of the same setting, wherever its line has moved and whatever its value has
/// become; different for any two violations of one report.
fn fingerprint(path: &str, violation: &Violation, seen: &mut HashSet<u64>) -> String {
    let key = violation.key.to_string();
    let mut hash = FNV_OFFSET;
    for part in [path, violation.code.as_str(), &key, &violation.schema] {
        hash = fnv(hash, part.as_bytes());
        // No part contains this byte, so that parts cannot run into each other.
        hash = fnv(hash, &[0xff]);
    }
    while !seen.insert(hash) {
        hash = fnv(hash, b"again");
    }
    format!("{hash:016x}")
}

/// FNV-1a, 64 bits: fixed for ever, unlike the standard library's hashes.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}
