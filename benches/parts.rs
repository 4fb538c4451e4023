//! The paths that are walked most, inside one process: what a change of the code does to them.

use std::fmt::Write as _;
use std::hint::black_box;

use anyhow::{Context as _, Result};
use criterion::Criterion;
use valvecfg::document::{Document, EditError, KeyPath, Rewrite, Value};
use valvecfg::schema::{CheckOptions, Checker, Library, Schema};

const SCHEMA: &str = include_str!("../src/cli/demo/gateway/schemas/valve/1.schema.json");
const SETTINGS: &str = include_str!("../src/cli/demo/gateway/plugins/valve.toml");

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    documents(&mut criterion)?;
    rewrites(&mut criterion)?;
    schemas(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// A file of so many lines, every second one a comment.
fn long_text(lines: usize) -> Result<String> {
    let mut text = String::new();
    for number in 0..lines / 20 {
        writeln!(text, "[zone-{number}]\n# Row {number}, counted from the door.")?;
        for key in 0..9 {
            writeln!(text, "# What the probe said in week {key}.\nkey-{key} = {number}")?;
        }
    }
    Ok(text)
}

fn documents(criterion: &mut Criterion) -> Result<()> {
    let mut group = criterion.benchmark_group("document");
    let text = long_text(10_000)?;
    let document = Document::parse(text.clone()).ok().context("it is TOML")?;
    let key: KeyPath = "zone-250.key-4".parse()?;
    document.set(&key, &Value::Integer(7))?;
    group.bench_function("parse 10,000 lines", |bencher| {
        bencher.iter(|| Document::parse(black_box(text.clone())));
    });
    group.bench_function("set a value in 10,000 lines", |bencher| {
        bencher.iter(|| document.set(black_box(&key), &Value::Integer(7)));
    });
    group.finish();
    Ok(())
}

/// The edits of a schema migration, made together and one by one.
fn rewrites(criterion: &mut Criterion) -> Result<()> {
    let mut group = criterion.benchmark_group("rewrite");
    let text = zones_text(13)?;
    let document = Document::parse(text).ok().context("it is TOML")?;
    let edits = (0..30).map(|number| {
        let key: KeyPath = format!("zones[{}].{}", number % 13, ["flow", "threshold", "pin"][number / 13]).parse()?;
        Ok((key, Value::Integer(7)))
    });
    let edits: Vec<(KeyPath, Value)> = edits.collect::<Result<_>>()?;
    let together = |document: &Document| {
        let mut rewrite = document.rewrite();
        for (key, value) in &edits {
            rewrite.set(key, value)?;
        }
        rewrite.finish()
    };
    let one_by_one = |document: &Document| {
        let set = |document: Document, (key, value): &(KeyPath, Value)| document.set(key, value);
        edits.iter().try_fold(document.clone(), set)
    };
    anyhow::ensure!(together(&document)?.text() == one_by_one(&document)?.text());
    group.bench_function("30 sets together in 2.4 KB", |bencher| {
        bencher.iter(|| together(black_box(&document)));
    });
    group.bench_function("30 sets one by one in 2.4 KB", |bencher| {
        bencher.iter(|| one_by_one(black_box(&document)));
    });
    let document = Document::parse(long_text(20_000)?).ok().context("it is TOML")?;
    let keys = |name: &str| {
        let key = |number: usize| format!("zone-{number}.{name}").parse();
        (0..1_000).map(key).collect::<Result<Vec<KeyPath>, _>>()
    };
    let (old, new, other) = (keys("key-4")?, keys("named")?, keys("other.named")?);
    let many = |edit: &dyn Fn(&mut Rewrite<'_>, usize) -> Result<(), EditError>| {
        let mut rewrite = document.rewrite();
        (0..1_000).try_for_each(|number| edit(&mut rewrite, number))?;
        rewrite.finish()
    };
    group.sample_size(10);
    group.bench_function("1,000 sets in 1,000 sections", |bencher| {
        bencher.iter(|| many(&|rewrite, number| rewrite.set(&old[number], &Value::Integer(-7))));
    });
    group.bench_function("1,000 renames in 1,000 sections", |bencher| {
        bencher.iter(|| many(&|rewrite, number| rewrite.rename(&old[number], &new[number])));
    });
    group.bench_function("1,000 new sections beside 1,000", |bencher| {
        bencher.iter(|| many(&|rewrite, number| rewrite.rename(&old[number], &other[number])));
    });
    group.finish();
    Ok(())
}

/// Zones as they are in large greenhouses.
fn zones_text(zones: usize) -> Result<String> {
    let mut text = SETTINGS.to_owned();
    for zone in 0..zones {
        writeln!(
            text,
            "\n# Row {zone}, counted from the door, beside the path.\n[[zones]]\nname = \"zone-{zone}\"\npin = {}\nflow = 5.5\nthreshold = 40",
            zone + 2
        )?;
    }
    Ok(text)
}

fn schemas(criterion: &mut Criterion) -> Result<()> {
    let mut group = criterion.benchmark_group("schema");
    let schema = Schema::parse("1.schema.json", SCHEMA)?;
    let library = Library::default();
    let checker = Checker::compile(&schema, &library, CheckOptions::default());
    let checker = checker.ok().context("the schema is right")?;
    let text = zones_text(13)?;
    let document = Document::parse(text.clone()).ok().context("it is TOML")?;
    anyhow::ensure!(checker.check(&document).is_empty(), "it is not valid");
    let key: KeyPath = "mqtt.port".parse()?;
    group.bench_function("parse a schema", |bencher| {
        bencher.iter(|| Schema::parse("1.schema.json", black_box(SCHEMA)));
    });
    group.bench_function("look up a default", |bencher| {
        bencher.iter(|| schema.default(black_box(&key)));
    });
    group.bench_function("compile a schema", |bencher| {
        bencher.iter(|| Checker::compile(black_box(&schema), &library, CheckOptions::default()));
    });
    group.bench_function("parse and check 2.4 KB", |bencher| {
        bencher.iter(|| {
            let document = Document::parse(black_box(text.clone()));
            document.map(|document| checker.check(&document).len())
        });
    });
    group.finish();
    Ok(())
}
