//! What a failure with one setting means to a person.

use crate::cli::exit::Exit;
use crate::document::{KeyPath, Segment};
use crate::store::{GetError, SetError, ValueError};

pub(super) fn get_hints(
    GetError::NotSet {
        key,
        suggestion,
        declared,
    }: &GetError,
) -> (Exit, Vec<String>) {
    let hint = match (suggestion, key.split_first()) {
        (Some(similar), _) => Some(format!("a similar setting is `{similar}`")),
        (None, Some((plugin, _))) if !declared => {
            let plugin = KeyPath::from(vec![plugin.clone()]);
            Some(format!("`valvecfg list {plugin}` shows the settings there are"))
        }
        (None, _) => None,
    };
    (Exit::No, hint.into_iter().collect())
}

pub(super) fn value_hints(error: &ValueError) -> Vec<String> {
    match error {
        ValueError::Type {
            key,
            allowed: Some(allowed),
            ..
        } => {
            vec![format!("`{key}`: {allowed}; nothing was written")]
        }
        ValueError::Type { .. } => vec!["nothing was written".to_owned()],
        ValueError::NotFinite { .. } => {
            let hint = "nothing was written; `--string` takes it as text, and as a number the schema must declare it";
            vec![hint.to_owned()]
        }
        ValueError::NotAString { .. } => vec!["leave out --string".to_owned()],
    }
}

pub(super) fn set_hints(error: &SetError) -> (Exit, Vec<String>) {
    match error {
        SetError::Unexpected { .. } => (Exit::Conflict, vec!["nothing was written".to_owned()]),
        SetError::NotSet { suggestion, .. } => (
            Exit::No,
            suggestion
                .iter()
                .map(|key| format!("a similar setting is `{key}`"))
                .collect(),
        ),
        SetError::NoSuchItem { .. } => (Exit::No, Vec::new()),
        SetError::NoArray { key } if matches!(key.segments().last(), Some(Segment::Index(_))) => {
            let hint =
                format!("`valvecfg unset '{key}'` takes the item away; `valvecfg set '{key}' VALUE` replaces it");
            (Exit::No, vec![hint])
        }
        SetError::NoArray { key } => (Exit::No, vec![format!("`valvecfg set {key} VALUE` replaces a value")]),
        SetError::Twice { .. } => (
            Exit::Usage,
            vec!["give each setting once; nothing was written".to_owned()],
        ),
        SetError::WholePlugin { key } => (
            Exit::Usage,
            vec![format!(
                "`valvecfg list {key}` shows its settings; `valvecfg apply` changes several at once"
            )],
        ),
    }
}
