//! Rust source as a list of words and marks, without comments and literals: as much of the language as the rules of
//! the house need, and no more.

/// A word or a single mark, and the line on which it stands, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    pub(super) line: usize,
}

/// The tokens of a source text. A literal is one token `""`, whatever it holds.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, text) = if first.is_whitespace() {
            (first.len_utf8(), None)
        } else if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (block_comment(rest), None)
        } else if let Some(length) = literal(rest) {
            (length, Some("\"\""))
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (length, Some(&rest[..length]))
        } else {
            (first.len_utf8(), Some(&rest[..first.len_utf8()]))
        };
        tokens.extend(text.map(|text| Token { text, line }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of the string or character with which the text begins, if it does with one.
fn literal(text: &str) -> Option<usize> {
    let prefix = text.len() - text.trim_start_matches(['b', 'c']).len();
    if prefix > 1 {
        return None;
    }
    let body = &text[prefix..];
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let opened = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = opened.find(&end).map_or(opened.len(), |at| at + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    match body.chars().next()? {
        '"' => Some(prefix + 1 + quoted(&body[1..], '"')),
        '\'' => {
            let mut following = body[1..].chars();
            let character = following.next()?;
            // `'a` without a second quote is a lifetime.
            (character == '\\' || following.next() == Some('\'')).then(|| prefix + 1 + quoted(&body[1..], '\''))
        }
        _ => None,
    }
}

/// The length up to and with the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, character)| {
        let closes = *character == quote && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[test]
fn comments_and_literals_hide_what_they_hold() {
    let source = "a // x \"\n/* y /* z */ ' */ b\"c\\\"d\" 'e' 'f '\\'' r#\"g\" h\"# br\"i\" j::k\n\nl";
    let words: Vec<_> = tokens(source).into_iter().map(|token| token.text).collect();
    let expected = [
        "a", "\"\"", "\"\"", "'", "f", "\"\"", "\"\"", "\"\"", "j", ":", ":", "k", "l",
    ];
    assert_eq!(words, expected);
    assert_eq!(tokens(source).last().map(|token| token.line), Some(4));
}
