//! Up and down again over generated documents, by the inverse alone and through a store.

use std::fmt::Write as _;
use std::ops::Range;

use valvecfg::document::{Document, KeyPath, Value};
use valvecfg::migration::{Migration, Stated, Step, apply_all};

use super::invented::{Spelling, document, migration};
use super::random::Random;
use crate::environment::TestEnvironment;

const CASES: u64 = 600;

/// Whether the inverse gives every byte back where nothing is lost, as [`Migration::undo`] says.
fn keeps_bytes(migration: &Migration, before: &Document) -> bool {
    let has_dotted_keys = before.text().contains(".x =");
    migration.steps.iter().all(|step| match &step.step {
        Step::Rename(_)
        | Step::Remove(_)
        | Step::Set(_)
        | Step::Default(_)
        | Step::Scale(_)
        | Step::Clamp(_)
        | Step::Map(_)
        | Step::Copy(_) => true,
        Step::Convert(_) => !has_dotted_keys,
        Step::Move(_)
        | Step::Split(_)
        | Step::Join(_)
        | Step::Wrap(_)
        | Step::Unwrap(_)
        | Step::Command(_)
        | Step::Decide(_) => false,
    })
}

#[test]
fn where_nothing_is_lost_the_inverse_gives_all_settings_back_and_the_bytes_where_it_says_so() {
    let (mut lossless, mut exact) = (0, 0);
    for seed in 0..CASES * 3 {
        let mut random = Random::new(seed);
        let before = document(&mut random, Spelling::Plain);
        let text = migration(&mut random, &before, seed % 2 == 0);
        let migration = Migration::parse(&text).unwrap();
        let mut run = |_: &[String], _, _: &_| Err("no programs here".to_owned());
        let up = migration.apply(&before, &mut run).unwrap();
        if !up.losses.is_empty() {
            continue;
        }
        let told = || format!("seed {seed}\n{}---\n{text}---\n{}", before.text(), up.document.text());
        let down = migration
            .undo(&up.document, &mut run)
            .unwrap_or_else(|error| panic!("{error}\n{}", told()));
        let root = KeyPath::root();
        assert_eq!(
            down.document.get(&root),
            before.get(&root),
            "{}---\n{}",
            told(),
            down.document.text()
        );
        lossless += 1;
        if keeps_bytes(&migration, &before) {
            assert_eq!(down.document.text(), before.text(), "{}", told());
            exact += 1;
        }
    }
    assert!(lossless > 500 && exact > 200, "{lossless} {exact}");
}

#[test]
fn several_migrations_in_one_pass_are_those_one_after_the_other() {
    let mut changed = 0;
    for seed in 0..CASES {
        let mut random = Random::new(seed.wrapping_add(991_000));
        let before = document(&mut random, Spelling::Any);
        let mut run = |_: &[String], _, _: &_| Err("no programs here".to_owned());
        let (mut expected, mut texts, mut migrations) = (before.clone(), String::new(), Vec::new());
        for _ in 0..3 {
            let text = migration(&mut random, &expected, true);
            let migration = Migration::parse(&text).unwrap();
            expected = migration.apply(&expected, &mut run).unwrap().document;
            write!(texts, "---\n{text}").unwrap();
            migrations.push(migration);
        }
        let row: Vec<&Migration> = migrations.iter().collect();
        let told = || format!("seed {seed}\n{}{texts}", before.text());
        let nothing = Stated {
            key: &"no_such_setting".parse().unwrap(),
            value: &Value::Boolean(true),
            respell: &|_| None,
        };
        let found =
            apply_all(&row, &before, &nothing, &mut run).unwrap_or_else(|error| panic!("{error:?}\n{}", told()));
        assert_eq!(found.document.text(), expected.text(), "{}", told());
        changed += usize::from(found.document.text() != before.text());
    }
    assert!(changed > 500, "{changed}");
}

#[test]
fn up_and_down_through_a_store_gives_the_very_bytes_and_what_was_written_meanwhile() {
    // One store of them all would be edited as often as it has plugins.
    for first in (0..CASES).step_by(100) {
        through_a_store(first..first + 100);
    }
}

fn through_a_store(seeds: Range<u64>) {
    let environment = TestEnvironment::gateway();
    let open = "{\"type\": \"object\", \"properties\": {\"schema_version\": {\"type\": \"integer\"}}}";
    let mut manifest = String::from_utf8(environment.read("valvecfg.toml")).unwrap();
    let mut documents = Vec::new();
    for seed in seeds {
        let mut random = Random::new(seed.wrapping_add(77_000));
        let before = document(&mut random, Spelling::Any);
        let name = format!("p{seed}");
        writeln!(manifest, "\n[plugins.{name}]\nschema-version = 1").unwrap();
        environment.write(&format!("schemas/{name}/1.schema.json"), open);
        environment.write(&format!("schemas/{name}/2.schema.json"), open);
        environment.write(
            &format!("migrations/{name}/1-to-2.toml"),
            migration(&mut random, &before, true),
        );
        environment.write(&format!("plugins/{name}.toml"), before.text());
        documents.push((name, before));
    }
    environment.write("valvecfg.toml", manifest);
    environment.succeed(&["commit", "-m", "all of them"]);
    environment.succeed(&["migrate"]);
    let mut noted = Vec::new();
    for (at, (name, before)) in documents.iter().enumerate() {
        let path = format!("plugins/{name}.toml");
        let up = String::from_utf8(environment.read(&path)).unwrap();
        // A comment that nobody's key takes away, in every other file.
        let is_noted = at % 2 == 0 && up.ends_with('\n') && before.text().ends_with('\n');
        if is_noted {
            let end = if up.ends_with("\r\n") { "\r\n" } else { "\n" };
            environment.write(&path, format!("{up}# noted{end}"));
        }
        noted.push(is_noted);
    }
    environment.succeed(&["commit", "-m", "notes"]);
    environment.succeed(&["migrate", "--to", "1"]);
    for ((name, before), is_noted) in documents.iter().zip(noted) {
        let down = String::from_utf8(environment.read(&format!("plugins/{name}.toml"))).unwrap();
        let steps = || String::from_utf8(environment.read(&format!("migrations/{name}/1-to-2.toml"))).unwrap();
        let end = if before.text().ends_with("\r\n") { "\r\n" } else { "\n" };
        let expected = if is_noted {
            format!("{}# noted{end}", before.text())
        } else {
            before.text().to_owned()
        };
        // A blank line above the note may belong to it, or to what a step had put above it.
        let down = down
            .replace("\n\n# noted", "\n# noted")
            .replace("\r\n\r\n# noted", "\r\n# noted");
        let expected = expected
            .replace("\n\n# noted", "\n# noted")
            .replace("\r\n\r\n# noted", "\r\n# noted");
        assert_eq!(down, expected, "{name}\n{}", steps());
        assert!(Document::parse(down).is_ok());
    }
}
