//! Each rule of the house as one function from sources to sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::token::{Token, tokens};

/// Above this a file has taken in a second idea; the house style aims at 400.
const MOST_LINES: usize = 450;

const EMPTY_NAMES: [&str; 7] = ["util", "helper", "common", "manager", "misc", "data", "imp"];

/// One source file, its path from the crate's root.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// Every breach of every rule: `src/document/mod.rs:3: …`.
pub(super) fn breaches(sources: &[Source]) -> Vec<String> {
    let groups = groups(sources.iter().find(|source| source.path == "src/lib.rs"));
    let test_files = test_files(sources);
    let mut breaches = Vec::new();
    for source in sources {
        let tokens = tokens(&source.text);
        let tests = if test_files.contains(&source.path) {
            vec![0..=usize::MAX]
        } else {
            test_lines(&tokens)
        };
        let mut found = Vec::new();
        opening(source, &mut found);
        names(source, &tokens, &mut found);
        size(source, &tests, &mut found);
        uses(source, &tokens, &groups, &mut found);
        exits(source, &tokens, &mut found);
        panics(source, &tokens, &tests, &mut found);
        found.sort_by_key(|(line, _)| *line);
        breaches.extend(found.into_iter().map(|(line, what)| match line {
            0 => format!("{}: {what}", source.path),
            _ => format!("{}:{line}: {what}", source.path),
        }));
    }
    breaches
}

/// A breach: its line, or 0 for the whole file, and what is wrong.
type Found = Vec<(usize, String)>;

/// The modules of the crate's root and the group in which each stands, from the map in `lib.rs`.
fn groups(map: Option<&Source>) -> BTreeMap<String, usize> {
    let mut groups = BTreeMap::new();
    let mut group = 0;
    for line in map.into_iter().flat_map(|map| map.text.lines()) {
        if let Some(heading) = line.strip_prefix("// -- ") {
            let number = heading.split_whitespace().next().and_then(|word| word.parse().ok());
            group = number.unwrap_or_else(|| panic!("src/lib.rs: `{line}` names no group's number"));
        }
        let declared = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ");
        if let Some(name) = declared.and_then(|rest| rest.strip_suffix(';')) {
            assert!(group > 0, "src/lib.rs: `{name}` stands above the first group");
            groups.insert(name.to_owned(), group);
        }
    }
    groups
}

/// The files that a `#[cfg(test)] mod …;` brings in.
fn test_files(sources: &[Source]) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for source in sources {
        let tokens = tokens(&source.text);
        let folder = match source.path.strip_suffix("/mod.rs") {
            Some(folder) => folder,
            None => source.path.trim_end_matches(".rs"),
        };
        for at in cfg_tests(&tokens) {
            if let [Token { text: "mod", .. }, name, Token { text: ";", .. }, ..] = &tokens[at + TEST.len()..] {
                files.insert(format!("{folder}/{}.rs", name.text));
                files.insert(format!("{folder}/{}/mod.rs", name.text));
            }
        }
    }
    files
}

const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

/// Where `#[cfg(test)]` stands.
fn cfg_tests<'a>(tokens: &'a [Token<'_>]) -> impl Iterator<Item = usize> + 'a {
    let starts = tokens.windows(TEST.len()).enumerate();
    starts
        .filter(|(_, window)| window.iter().map(|token| token.text).eq(TEST))
        .map(|(at, _)| at)
}

/// The lines of the items that only tests see.
fn test_lines(tokens: &[Token<'_>]) -> Vec<RangeInclusive<usize>> {
    let mut lines = Vec::new();
    for at in cfg_tests(tokens) {
        let mut depth = 0_usize;
        let end = tokens[at + TEST.len()..].iter().find(|token| {
            match token.text {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(token.text, "}" | ";")
        });
        let last = end.or(tokens.last()).map_or(0, |token| token.line);
        lines.push(tokens[at].line..=last);
    }
    lines
}

fn is_test(line: usize, tests: &[RangeInclusive<usize>]) -> bool {
    tests.iter().any(|lines| lines.contains(&line))
}

fn opening(source: &Source, found: &mut Found) {
    let first = source
        .text
        .lines()
        .find(|line| !line.is_empty() && !line.starts_with("#!["));
    if !first.is_some_and(|line| line.starts_with("//!")) {
        found.push((0, "opens without `//!`".to_owned()));
    }
}

fn names(source: &Source, tokens: &[Token<'_>], found: &mut Found) {
    let mut refuse = |line, name| {
        if EMPTY_NAMES.contains(&name) {
            found.push((line, format!("`{name}` says nothing about what the module is")));
        }
    };
    for part in source.path.trim_end_matches(".rs").split('/') {
        refuse(0, part);
    }
    for pair in tokens.windows(3) {
        // A declaration without a body is named by its own file.
        if let [Token { text: "mod", .. }, name, Token { text: "{", .. }] = pair {
            refuse(name.line, name.text);
        }
    }
}

fn size(source: &Source, tests: &[RangeInclusive<usize>], found: &mut Found) {
    let lines = (1..=source.text.lines().count())
        .filter(|line| !is_test(*line, tests))
        .count();
    if lines > MOST_LINES {
        found.push((
            0,
            format!("{lines} lines without tests; at most {MOST_LINES} make one idea"),
        ));
    }
}

/// What a module takes from the crate's root, by `crate::` or by as many `super::` as lead there.
fn uses(source: &Source, tokens: &[Token<'_>], groups: &BTreeMap<String, usize>, found: &mut Found) {
    if ["src/lib.rs", "src/main.rs"].contains(&source.path.as_str()) {
        return;
    }
    let inside = source
        .path
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    let module = inside.split('/').next().unwrap_or(inside);
    let Some(own) = groups.get(module) else {
        found.push((0, format!("`{module}` stands in no group of src/lib.rs")));
        return;
    };
    for taken in taken_from_root(tokens, inside.split('/').count()) {
        let name = taken.text;
        let what = match groups.get(name) {
            _ if name == module => continue,
            None => format!("`{module}` uses `{name}` of the crate's root, which is no module of src/lib.rs"),
            Some(other) if other == own => {
                format!("`{module}` uses `{name}`, which stands in the same group ({own})")
            }
            Some(other) if other > own => format!("`{module}` (group {own}) uses `{name}` (group {other})"),
            Some(_) => continue,
        };
        found.push((taken.line, what));
    }
}

/// The first names of all paths from the crate's root, in a file whose module stands `depth` below it.
fn taken_from_root<'t>(tokens: &[Token<'t>], depth: usize) -> Vec<Token<'t>> {
    let mut taken = Vec::new();
    // The brace depth at which each inline module around the token was opened.
    let mut inline = Vec::new();
    let mut braces = 0_usize;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text {
            "{" => {
                braces += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    inline.push(braces);
                }
            }
            "}" => {
                inline.pop_if(|opened| *opened == braces);
                braces = braces.saturating_sub(1);
            }
            "crate" => take(&tokens[at + 1..], &mut taken),
            "super" => {
                let mut steps = 1;
                while matches!(&tokens[at + 1..], [a, b, c, ..] if [a.text, b.text, c.text] == [":", ":", "super"]) {
                    steps += 1;
                    at += 3;
                }
                if steps == depth + inline.len() {
                    take(&tokens[at + 1..], &mut taken);
                }
            }
            _ => {}
        }
        at += 1;
    }
    taken
}

/// The names that follow a `::`: one, or the first of each path in a `{…}`.
fn take<'t>(following: &[Token<'t>], taken: &mut Vec<Token<'t>>) {
    let [Token { text: ":", .. }, Token { text: ":", .. }, first, rest @ ..] = following else {
        return;
    };
    if first.text != "{" {
        taken.push(*first);
        return;
    }
    let mut depth = 1_usize;
    let mut begins = true;
    for token in rest {
        match token.text {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," if depth == 1 => begins = true,
            _ if begins => {
                taken.push(*token);
                begins = false;
            }
            _ => {}
        }
    }
}

fn exits(source: &Source, tokens: &[Token<'_>], found: &mut Found) {
    if source.path == "src/main.rs" {
        return;
    }
    for window in tokens.windows(4) {
        if window.iter().map(|token| token.text).eq(["process", ":", ":", "exit"]) {
            found.push((window[3].line, "only src/main.rs may end the process".to_owned()));
        }
    }
}

fn panics(source: &Source, tokens: &[Token<'_>], tests: &[RangeInclusive<usize>], found: &mut Found) {
    const PANICKING: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];
    let lines: Vec<_> = source.text.lines().map(str::trim).collect();
    for window in tokens.windows(3) {
        let [Token { text: ".", .. }, call, Token { text: "(", .. }] = window else {
            continue;
        };
        if PANICKING.contains(&call.text) && !is_test(call.line, tests) && !has_reason(&lines, call.line) {
            found.push((
                call.line,
                format!("`{}` without the reason that it cannot fail beside it", call.text),
            ));
        }
    }
}

/// Whether a comment stands on the line, or above the statement that the line belongs to.
fn has_reason(lines: &[&str], line: usize) -> bool {
    let is_comment = |line: &str| line.starts_with("//") && !line.starts_with("///") && !line.starts_with("//!");
    let mut at = line - 1;
    if lines[at].contains("// ") {
        return true;
    }
    while at > 0
        && !is_comment(lines[at - 1])
        && !lines[at - 1].ends_with([';', '{', '}', ']'])
        && !lines[at - 1].is_empty()
    {
        at -= 1;
    }
    at > 0 && is_comment(lines[at - 1])
}
