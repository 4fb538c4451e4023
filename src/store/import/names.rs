//! Which setting a foreign name means. A variable's name is matched with all settings, since its `_` may stand for a dot;
//! where several fit, or none does, that is told and nothing is chosen.

use std::collections::HashMap;

use crate::document::{KeyPath, Segment};
use crate::schema::{Annotation, Schema};
use crate::store::setting;

/// The names of a plugin's settings.
pub(super) struct Names<'n> {
    plugin: &'n str,
    schema: &'n Schema,
    settings: Vec<(KeyPath, Annotation)>,
    /// The settings by their names without what differs between manners of spelling.
    squeezed: HashMap<Vec<String>, usize>,
    /// For how many names a similar one was looked for.
    asked: usize,
}

/// A slip in a name is looked for in so many of them: each is compared with all settings.
const MOST_SLIPS: usize = 200;

impl<'n> Names<'n> {
    pub(super) fn new(plugin: &'n str, schema: &'n Schema) -> Self {
        let settings = schema.settings();
        let squeezed = settings.iter().enumerate().rev();
        Self {
            plugin,
            schema,
            squeezed: squeezed.map(|(at, (path, _))| (squeezed_name(path), at)).collect(),
            settings,
            asked: 0,
        }
    }

    /// The settings that the name of a variable could mean: `VALVE_MQTT__HOST` is `mqtt.host` of the plugin `valve`.
    /// `__` is a dot, and `_` may be one.
    pub(super) fn of_variable(&self, name: &str) -> Vec<KeyPath> {
        let name = name.to_lowercase();
        let prefix = self.plugin.to_lowercase().replace('-', "_");
        let below = name
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_prefix("__").or_else(|| rest.strip_prefix('_')));
        let mut exact = Vec::new();
        let mut loose = Vec::new();
        for name in [Some(name.as_str()), below].into_iter().flatten() {
            let groups: Vec<Vec<&str>> = name.split("__").map(words).collect();
            let all: Vec<&str> = groups.concat();
            for (path, _) in &self.settings {
                if let Some(path) = fit(path, &all) {
                    let parts: Vec<String> = path.segments().iter().map(part).collect();
                    let is_exact = groups.len() > 1
                        && groups.len() == parts.len()
                        && parts.iter().zip(&groups).all(|(part, group)| words(part) == *group);
                    if is_exact {
                        exact.push(path.clone());
                    }
                    loose.push(path);
                }
            }
        }
        let mut found = if exact.is_empty() { loose } else { exact };
        found.sort();
        found.dedup();
        found
    }

    /// The setting that was probably meant by a name that means none: spelled in another manner, called so before, below
    /// the plugin's name, or with a slip in it.
    pub(super) fn suggest(&mut self, path: &KeyPath) -> Option<KeyPath> {
        let below = match path.split_first() {
            Some((Segment::Key(first), rest)) if first == self.plugin && !rest.is_empty() => Some(rest),
            Some(_) | None => None,
        };
        for path in [Some(path), below.as_ref()].into_iter().flatten() {
            let same = self.squeezed.get(&squeezed_name(path)).map(|at| &self.settings[*at].0);
            if let Some(same) = same.and_then(|same| with_indices_of(same, path)) {
                return Some(same);
            }
        }
        if let Some(below) = below.filter(|below| self.schema.annotation(below).is_some()) {
            return Some(below);
        }
        let (table, last) = path.split_last()?;
        if let Segment::Key(name) = last {
            let mut renamed = self
                .settings
                .iter()
                .filter(|(_, said)| said.renamed_from.contains(name));
            let here = renamed.find_map(|(known, _)| {
                let known = with_indices_of(known, path)?;
                known
                    .split_last()
                    .is_some_and(|(around, _)| around == table)
                    .then_some(known)
            });
            if here.is_some() {
                return here;
            }
        }
        self.asked += 1;
        if self.asked > MOST_SLIPS {
            return None;
        }
        let known = self
            .settings
            .iter()
            .filter_map(|(known, _)| with_indices_of(known, path));
        setting::nearest(path, known)
    }

    /// The setting that was probably meant by the name of a variable that means none.
    pub(super) fn suggest_variable(&mut self, name: &str) -> Option<KeyPath> {
        let name = name.to_lowercase();
        let prefix = format!("{}_", self.plugin.to_lowercase().replace('-', "_"));
        let name = name.strip_prefix(&prefix).unwrap_or(&name);
        let path = name.split("__").fold(KeyPath::root(), |path, part| path.key(part));
        self.suggest(&path)
    }
}

/// The words of a name.
fn words(name: &str) -> Vec<&str> {
    name.split(['_', '-', '.', ' '])
        .filter(|word| !word.is_empty())
        .collect()
}

/// A step of a path as variables spell it.
fn part(segment: &Segment) -> String {
    match segment {
        Segment::Key(key) => key.to_lowercase(),
        Segment::Index(index) => index.to_string(),
    }
}

/// The setting where its words are these; index 0 of a schema's setting stands for every item.
fn fit(path: &KeyPath, all: &[&str]) -> Option<KeyPath> {
    let mut rest = all;
    let mut found = KeyPath::root();
    for segment in path.segments() {
        match segment {
            Segment::Index(_) => {
                let (first, behind) = rest.split_first()?;
                found = found.index(first.parse().ok()?);
                rest = behind;
            }
            Segment::Key(key) => {
                let lower = key.to_lowercase();
                let wanted = words(&lower);
                if !rest.starts_with(&wanted) {
                    return None;
                }
                rest = &rest[wanted.len()..];
                found = found.key(key.as_str());
            }
        }
    }
    rest.is_empty().then_some(found)
}

/// A path without what differs between `close_above`, `close-above` and `closeAbove`.
fn squeezed_name(path: &KeyPath) -> Vec<String> {
    let squeeze = |segment: &Segment| match segment {
        Segment::Key(key) => key
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect(),
        Segment::Index(_) => "[]".to_owned(),
    };
    path.segments().iter().map(squeeze).collect()
}

/// A schema's setting with the indices of a path, where it has as many.
fn with_indices_of(known: &KeyPath, path: &KeyPath) -> Option<KeyPath> {
    let index = |segment: &Segment| match segment {
        Segment::Index(index) => Some(*index),
        Segment::Key(_) => None,
    };
    let mut indices = path.segments().iter().filter_map(index);
    let mut steps = Vec::with_capacity(known.len());
    for segment in known.segments() {
        steps.push(match segment {
            Segment::Index(_) => Segment::Index(indices.next()?),
            key @ Segment::Key(_) => key.clone(),
        });
    }
    indices.next().is_none().then(|| KeyPath::from(steps))
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::document::KeyPath;
    use crate::schema::Schema;

    const SCHEMA: &str = r#"{"properties": {
        "mode": {}, "valve_mode": {}, "close_above": {"x-renamed-from": "threshold"}, "keepAlive": {},
        "mqtt": {"properties": {"host": {}, "host_name": {}, "tls": {"properties": {"ca": {}}}}},
        "mqtt_host": {"properties": {"name": {}}},
        "zones": {"items": {"properties": {"flow": {}, "max_open": {}}}}}}"#;

    fn variable(name: &str) -> Vec<String> {
        let schema = Schema::parse("s", SCHEMA).unwrap();
        let found = Names::new("valve", &schema).of_variable(name);
        found.iter().map(ToString::to_string).collect()
    }

    fn suggestion(name: &str) -> Option<String> {
        let schema = Schema::parse("s", SCHEMA).unwrap();
        let path: KeyPath = name.parse().unwrap();
        Names::new("valve", &schema).suggest(&path).map(|path| path.to_string())
    }

    #[test]
    fn the_name_of_a_variable_means_a_setting_with_or_without_the_plugin() {
        assert_eq!(variable("CLOSE_ABOVE"), ["close_above"]);
        assert_eq!(variable("Valve_Close_Above"), ["close_above"]);
        assert_eq!(variable("VALVE__MQTT__HOST"), ["mqtt.host"]);
        assert_eq!(variable("MQTT_HOST"), ["mqtt.host"]);
        assert_eq!(variable("MQTT_TLS_CA"), ["mqtt.tls.ca"]);
        assert_eq!(variable("ZONES_2_MAX_OPEN"), ["zones[2].max_open"]);
        assert_eq!(variable("KEEPALIVE"), ["keepAlive"]);
        assert_eq!(variable("NOTHING"), [""; 0]);
        assert_eq!(variable("VALVE"), [""; 0]);
    }

    #[test]
    fn a_name_that_could_mean_several_means_them_all_unless_it_says_which() {
        assert_eq!(variable("MQTT_HOST_NAME"), ["mqtt.host_name", "mqtt_host.name"]);
        assert_eq!(variable("MQTT__HOST_NAME"), ["mqtt.host_name"]);
        assert_eq!(variable("MQTT_HOST__NAME"), ["mqtt_host.name"]);
        assert_eq!(variable("VALVE_MODE"), ["mode", "valve_mode"]);
        assert_eq!(variable("VALVE_VALVE_MODE"), ["valve_mode"]);
    }

    #[test]
    fn another_manner_of_spelling_is_suggested() {
        assert_eq!(suggestion("closeAbove").as_deref(), Some("close_above"));
        assert_eq!(suggestion("close-above").as_deref(), Some("close_above"));
        assert_eq!(suggestion("keep_alive").as_deref(), Some("keepAlive"));
        assert_eq!(suggestion("MQTT.Host").as_deref(), Some("mqtt.host"));
        assert_eq!(suggestion("zones[3].maxOpen").as_deref(), Some("zones[3].max_open"));
        assert_eq!(suggestion("valve.mqtt.host").as_deref(), Some("mqtt.host"));
        assert_eq!(suggestion("threshold").as_deref(), Some("close_above"));
        assert_eq!(suggestion("mqtt.hots").as_deref(), Some("mqtt.host"));
        assert_eq!(suggestion("pressure"), None);
    }
}
