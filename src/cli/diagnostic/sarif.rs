//! A SARIF 2.1.0 log (OASIS, 2020), as code scanning reads it: only the properties that say something here.

use std::io::{self, Write};
use std::iter;

use serde::Serialize;

use super::printable::sentence;
use super::record::write_json;
use crate::schema::{Code, Violation};
use crate::store::CheckedFile;

/// All violations as one run of one tool.
pub(super) fn write(out: &mut dyn Write, files: &[CheckedFile]) -> io::Result<()> {
    let results = files
        .iter()
        .flat_map(|file| file.violations.iter().map(|violation| Finding::new(file, violation)));
    write_json(
        out,
        &Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "valvecfg",
                        version: env!("CARGO_PKG_VERSION"),
                        rules: Code::ALL.iter().copied().map(Rule::new).collect(),
                    },
                },
                column_kind: "unicodeCodePoints",
                results: results.collect(),
            }],
        },
    )
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: Code,
    short_description: Text,
    full_description: Text,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: Code,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    logical_locations: Option<[LogicalLocation; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

impl Rule {
    fn new(code: Code) -> Self {
        Self {
            id: code,
            short_description: Text {
                text: code.title().to_owned(),
            },
            full_description: Text {
                text: code.page().to_owned(),
            },
        }
    }
}

impl Finding {
    fn new(file: &CheckedFile, violation: &Violation) -> Self {
        let place = violation.position;
        Self {
            rule_id: violation.code,
            // Codes are listed in the order of their variants; the table has them all.
            rule_index: violation.code as usize,
            level: super::severity_word(violation.severity),
            message: Text {
                text: sentence(&violation.message).into_owned(),
            },
            locations: [Location {
                physical_location: PhysicalLocation {
                    artifact_location: ArtifactLocation { uri: uri(&file.path) },
                    region: file.text.as_ref().map(|_| Region {
                        start_line: place.line,
                        start_column: place.column,
                        end_line: place.end_line,
                        end_column: place.end_column,
                    }),
                },
                logical_locations: (!violation.key.is_empty()).then(|| {
                    [LogicalLocation {
                        fully_qualified_name: violation.key.to_string(),
                        kind: "member",
                    }]
                }),
            }],
        }
    }
}

/// A path as a URI reference: absolute ones become `file:` URIs, relative ones stay relative to where the
/// program ran. A colon is escaped, since before the first slash it would end a scheme.
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let escaped = path.bytes().map(|byte| {
        // RFC 3986, section 2.3, and the slash between segments.
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    iter::once(scheme.to_owned()).chain(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::uri;
    use crate::schema::Code;

    #[test]
    fn a_path_becomes_a_uri_reference() {
        assert_eq!(uri("plugins/valve.toml"), "plugins/valve.toml");
        assert_eq!(uri("/etc/valve cfg/100%.toml"), "file:///etc/valve%20cfg/100%25.toml");
        assert_eq!(uri("a:b/ü#?.toml"), "a%3Ab/%C3%BC%23%3F.toml");
    }

    #[test]
    fn a_rule_stands_at_the_index_of_its_code() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(*code as usize, index, "{code}");
        }
    }
}
