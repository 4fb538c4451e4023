//! The example gateway that `valvecfg demo` makes a store of: three plugins with schemas and settings as they are
//! found in the field. The files lie beside this one and travel inside the program.
//!
//! Nothing here writes: the verb hands these texts to the store, by the same way as anyone's.

/// One plugin of the example.
#[derive(Clone, Copy, Debug)]
pub struct ExamplePlugin {
    /// Its name, and that of its files.
    pub name: &'static str,
    /// Version 1 of its JSON Schema.
    pub schema: &'static str,
    /// Its settings, which that schema allows.
    pub settings: &'static str,
}

macro_rules! plugin {
    ($name:literal) => {
        ExamplePlugin {
            name: $name,
            schema: include_str!(concat!("gateway/schemas/", $name, "/1.schema.json")),
            settings: include_str!(concat!("gateway/plugins/", $name, ".toml")),
        }
    };
}

/// The plugins of the example, in the order of their names. Of their top-level settings, `threshold` is in
/// `valve` alone, so that it can be named without its plugin.
pub const GATEWAY: [ExamplePlugin; 3] = [plugin!("heating"), plugin!("irrigation"), plugin!("valve")];

/// The valve controller's next schema: two settings have another name, one is a text now, one is new, and one may not be
/// as small as it was.
pub const VALVE_2: &str = include_str!("gateway/schemas/valve/2.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{ExamplePlugin, GATEWAY};
    use crate::document::Document;

    fn schema(plugin: &ExamplePlugin) -> Value {
        serde_json::from_str(plugin.schema).unwrap()
    }

    fn violations(plugin: &ExamplePlugin, settings: &str) -> Vec<String> {
        let checker = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema(plugin))
            .unwrap();
        let settings = Document::parse(settings).unwrap().to_json();
        checker.iter_errors(&settings).map(|error| error.to_string()).collect()
    }

    #[test]
    fn the_settings_are_what_the_schemas_allow() {
        for plugin in &GATEWAY {
            assert_eq!(violations(plugin, plugin.settings), [""; 0], "{}", plugin.name);
        }
    }

    #[test]
    fn the_schemas_refuse_what_would_harm() {
        let cases = [
            ("valve", "threshold = 60 ", "threshold = 180 "),
            ("valve", "threshold = 60 ", "threshold = \"60\" "),
            ("valve", "threshold = 60 ", "treshold = 60 "),
            ("valve", "mode = \"auto\"", "mode = \"manual\""),
            ("valve", "keep_alive = 30", "tls = true"),
            ("valve", "host = \"broker.gateway.example\"", ""),
            ("valve", "pin = 27", "pin = 28"),
            ("irrigation", "station = \"http://192.0.2.40/readings.json\"", ""),
            ("irrigation", "budget = 90 ", "budget = 91 "),
            ("irrigation", "start = \"21:30\"", "start = \"9:30 pm\""),
            ("irrigation", "\"mon\", \"wed\"", "\"mon\", \"mon\""),
            ("irrigation", "first = \"04-01\"", "first = \"04-32\""),
            ("heating", "target = 20.5", "target = 20.3"),
            ("heating", "address = \"192.0.2.17\"", "address = \"192.0.2.1700\""),
            ("heating", "link = \"tcp\" ", "link = \"serial\" "),
            ("heating", "legionella.day = \"sun\"", ""),
            ("heating", "[curve]", "away_until = \"tomorrow\"\n[curve]"),
        ];
        for (name, right, wrong) in cases {
            let plugin = GATEWAY.iter().find(|plugin| plugin.name == name).unwrap();
            let settings = plugin.settings.replacen(right, wrong, 1);
            assert_ne!(settings, plugin.settings, "{name}: {right}");
            assert_ne!(violations(plugin, &settings), [""; 0], "{name}: {wrong}");
        }
    }

    #[test]
    fn every_file_names_its_schema_and_every_schema_its_draft() {
        for plugin in &GATEWAY {
            let first = format!("#:schema ../schemas/{}/1.schema.json\n", plugin.name);
            assert!(plugin.settings.starts_with(&first), "{}", plugin.name);
            let schema = schema(plugin);
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert!(
                schema["$id"]
                    .as_str()
                    .unwrap()
                    .ends_with(&format!("/{}/1.schema.json", plugin.name))
            );
        }
    }

    #[test]
    fn threshold_can_be_named_without_its_plugin() {
        let having = GATEWAY
            .iter()
            .filter(|plugin| schema(plugin)["properties"].get("threshold").is_some());
        assert_eq!(having.map(|plugin| plugin.name).collect::<Vec<_>>(), ["valve"]);
    }

    #[test]
    fn every_default_is_allowed_and_every_keyword_of_ours_is_one() {
        fn walk(value: &Value, definitions: &Value, seen: &mut BTreeSet<String>) {
            let Value::Object(object) = value else {
                for item in value.as_array().into_iter().flatten() {
                    walk(item, definitions, seen);
                }
                return;
            };
            seen.extend(object.keys().filter(|key| key.starts_with("x-")).cloned());
            if let Some(default) = object.get("default") {
                let mut schema = object.clone();
                schema.insert("$defs".to_owned(), definitions.clone());
                assert!(jsonschema::is_valid(&schema.into(), default), "{value}");
            }
            for inner in object.values() {
                walk(inner, definitions, seen);
            }
        }
        let mut seen = BTreeSet::new();
        for plugin in &GATEWAY {
            let schema = schema(plugin);
            walk(&schema, &schema["$defs"], &mut seen);
        }
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            ["x-apply", "x-key", "x-secret", "x-unit"]
        );
    }
}
