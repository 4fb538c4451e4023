//! The table of everything a check can say: one code for each kind of violation, with the page that
//! `valvecfg explain` prints. Documentation is made from this table; nothing else lists codes.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($variant:ident, $code:literal, $title:literal, $page:literal;)+) => {
        /// The kind of a violation, `VC101` and so on. Codes are never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as printed, such as `VC101`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it means, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// What it means, why it is refused and how to mend it.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self { $(Self::$variant => $page),+ }
            }
        }
    };
}

codes! {
    Unreadable, "VC001", "the file cannot be read",
        "The file is missing, is no regular file, may not be read, or is not UTF-8. A file that cannot be read is never taken for an empty one: the last recorded settings stay in force.";
    Syntax, "VC002", "the file is not TOML",
        "The text breaks the grammar of TOML 1.1: a quote that is never closed, a value that is missing, a key that stands twice. Every such place is listed.";
    TooLarge, "VC003", "the file is too large",
        "Settings files above the limit (4 MiB unless `--max-size` says otherwise) are refused before they are read, so that a wrong file cannot exhaust a small gateway.";
    SchemaMissing, "VC004", "the schema is not found",
        "The file names a schema that is not there, or a `$ref` in a schema names another one that is in neither its own folder nor any `--schema-dir`. Schemas are never fetched from the network.";
    SchemaBroken, "VC005", "the schema itself is wrong",
        "The schema is not JSON, breaks the rules of its own draft, holds a pattern that is no regular expression, or refers to itself without ever checking anything.";
    Manifest, "VC006", "the manifest is wrong",
        "`valvecfg.toml` has a key that valvecfg does not know, a value of the wrong kind, or names a plugin or a schema version whose files are not there.";
    OutOfRange, "VC101", "a number is out of range",
        "The schema bounds this number by `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` or `multipleOf`. Choose a value inside the bounds that the message names.";
    WrongType, "VC102", "a value has the wrong type",
        "The schema wants another type here. `\"60\"` is a string and `60` a number: programs that compare them disagree about which is larger. Write the value as the type that the message names.";
    Missing, "VC103", "a required setting is missing",
        "The schema requires this key, always or because of another setting that is present, and gives no value to go by. Add it.";
    UnknownKey, "VC104", "a key is not known",
        "The schema does not declare this key and allows no others. It is often a typing error that would otherwise be ignored in silence; a similar name is suggested where there is one.";
    NotAllowed, "VC105", "a value is not one of those allowed",
        "The schema lists the values that may stand here (`enum` or `const`). Letter case counts.";
    Pattern, "VC106", "a text does not match its pattern",
        "The schema gives a regular expression (`pattern`) that this text, or this key's name, must match.";
    Format, "VC107", "a text does not have its format",
        "The schema names a `format`, such as `ipv4`, `email` or `date-time`, and this text has another form. Formats are checked as errors in every draft, because an address that is none must not reach a plugin; `validate --formats warn` makes them warnings.";
    Length, "VC108", "a text is too short or too long",
        "The schema bounds the number of characters by `minLength` or `maxLength`.";
    Count, "VC109", "there are too few or too many items",
        "The schema bounds the items of an array or the keys of a table (`minItems`, `maxItems`, `minProperties`, `maxProperties`, `contains`), or allows no equal items twice (`uniqueItems`).";
    NoBranch, "VC110", "a value fits none of the alternatives",
        "The schema offers alternatives (`anyOf` or `oneOf`), and this value fits none. The message speaks of the alternative that comes nearest.";
    SeveralBranches, "VC111", "a value fits several alternatives that exclude each other",
        "The schema offers alternatives of which exactly one may hold (`oneOf`), and this value fits more than one. Set what tells them apart.";
    Forbidden, "VC112", "a value is not allowed here",
        "The schema forbids what stands here (`not`, or `false` as a schema), at all or together with other settings.";
    NotFinite, "VC113", "a number is not finite",
        "TOML can write `inf` and `nan`; JSON Schema has no such numbers, and a plugin that computes with them is lost. Write a finite number.";
    TooCostly, "VC114", "the check was given up",
        "A pattern ran into its limit, or checking this file against its schema took longer than allowed. What was not checked counts as refused. Simplify the pattern or the schema.";
    Encoding, "VC115", "a text is not encoded as declared",
        "The schema says how this text is encoded (`contentEncoding`, `contentMediaType`), and it is not.";
    SecretExposed, "VC201", "a secret stands in plain text",
        "The schema marks this setting `x-secret` or `writeOnly`, and the file holds it as plain text. It is not recorded: history never forgets. `valvecfg secret set KEY --from-file` seals it where it stands; `valvecfg secret set KEY` asks for a new value. Change the password at its source if somebody may have read the file, or where git recorded it: sealing it now does not take back what a history, a backup or a clone holds.";
    SecretUnopened, "VC202", "a secret could not be opened",
        "As a note: these secrets are sealed for somebody else, or there is no identity here, so their values were not checked; `--identity FILE` names one, and `valvecfg validate --require-secrets` makes it an error. As an error: the sealed value is damaged, or was copied from another setting and is worth nothing here. An earlier one is in the history (`valvecfg rollback`), and `valvecfg secret set KEY` gives it a new one. A value that opens is the one that was sealed for this setting; it does not say by whom, since sealing needs public keys only.";
    VersionsDisagree, "VC301", "the file names two schema versions",
        "The `#:schema` line and `schema_version` name different versions, so nobody can tell which schema the file was written for. Correct the one that is wrong.";
    VersionUnknown, "VC302", "the file was written for a schema version that is not here",
        "The file names a schema version that the store does not have, often because a newer release wrote it. The file is left alone. Add that schema, or go back to a revision that fits.";
    VersionOther, "VC303", "the file was written for another schema version than the one in force",
        "As a warning: the file is of an earlier schema version. It is led up along the migrations whenever it is read, and `valvecfg migrate` records it so. As an error: nothing leads from its version to the one in force, or what it leads to does not fit; or the file is of a later version than the manifest puts in force, and `valvecfg migrate` puts that one in force.";
    Migration, "VC304", "a migration cannot be used",
        "A file of `migrations/` is no TOML, has a step that cannot be done, or has a name that does not say from which schema version it leads to which. `valvecfg migrate new PLUGIN` drafts one; `valvecfg migrate check` tries them all.";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{0}`")]
pub struct UnknownCode(pub String);

/// Letter case does not matter: `vc101` names `VC101`.
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Self::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(text));
        found.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
