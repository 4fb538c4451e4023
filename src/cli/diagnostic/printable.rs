//! Text from files, made safe to print.
//!
//! A settings file may hold escape sequences that recolour, retitle or rewrite a terminal, and marks that
//! reverse the order in which text is read. None of them leaves this module as it is.

use std::borrow::Cow;

/// Whether a character moves, colours or reorders what stands around it instead of being seen itself.
pub(super) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Directional marks, embeddings, overrides and isolates: shown text differs from stored text.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators break a record of one line; a byte order mark and tags are unseen.
            | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line, with every unprintable character spelled as TOML escapes it: `\n`, `\u001B`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if is_unprintable(character) => safe.push_str(&code(character)),
            _ => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// The text as [`escaped`], cut where it is longer than a person reads: a key may be megabytes long.
pub(super) fn sentence(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 1_000;
    match text.char_indices().nth(LONGEST) {
        None => escaped(text),
        Some((end, _)) => Cow::Owned(format!("{}…", escaped(&text[..end]))),
    }
}

/// One character in the place of one, so that columns stay: control characters become their pictures, others
/// the replacement character. A tab stays, because whoever draws carets knows its width.
pub(super) fn pictured(character: char) -> char {
    match character {
        '\t' => character,
        '\u{7f}' => '\u{2421}',
        // The block of control pictures begins at U+2400 in the order of ASCII.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        _ if is_unprintable(character) => '\u{fffd}',
        _ => character,
    }
}

/// A character as TOML escapes it by its number.
fn code(character: char) -> String {
    let code = u32::from(character);
    if code > 0xffff {
        format!("\\U{code:08X}")
    } else {
        format!("\\u{code:04X}")
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, is_unprintable, pictured, sentence};

    #[test]
    fn an_escape_sequence_is_spelled_out() {
        assert_eq!(escaped("\u{1b}[31mred\u{9b}0m"), r"\u001B[31mred\u009B0m");
        assert_eq!(escaped("a\tb\r\nc\u{7f}"), r"a\tb\r\nc\u007F");
        assert_eq!(escaped("a\u{202e}b\u{e0041}"), r"a\u202Eb\U000E0041");
        assert_eq!(escaped("Größe 大 👩‍🌾"), "Größe 大 👩‍🌾");
    }

    #[test]
    fn no_character_survives_unseen() {
        for character in '\0'..=char::MAX {
            let shown = pictured(character);
            assert!(shown == '\t' || !is_unprintable(shown), "{character:?}");
            assert!(
                !escaped(character.encode_utf8(&mut [0; 4])).contains(is_unprintable),
                "{character:?}"
            );
        }
    }

    #[test]
    fn a_sentence_ends_where_nobody_reads_on() {
        assert_eq!(sentence("short"), "short");
        assert_eq!(sentence(&"ü".repeat(1_000)), "ü".repeat(1_000));
        assert_eq!(sentence(&"ü".repeat(1_001)), format!("{}…", "ü".repeat(1_000)));
    }
}
