//! The lines of a text that a violation is shown in: few, short and safe to print.
//!
//! It knows nothing of how they are drawn. Whatever a file holds (one line of ten megabytes, a byte order
//! mark, lone carriage returns, a span that reaches past the end), what comes out is small and well formed.

use std::ops::Range;

use super::printable::pictured;

/// A value of more lines is marked where it begins: drawing it whole would hide what follows.
const MOST_LINES: usize = 12;

/// Some lines of a text with the place to be marked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines, without the last one's line end.
    pub(super) text: String,
    /// What to mark, in bytes of [`Excerpt::text`].
    pub(super) mark: Range<usize>,
}

impl Excerpt {
    /// The lines around `span`, of which no more than some `width` characters before and behind it are kept.
    pub(super) fn around(text: &str, span: &Range<usize>, width: usize) -> Self {
        let first = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let start = text.floor_char_boundary(span.start).clamp(first, text.len());
        let end = text.ceil_char_boundary(span.end).clamp(start, text.len());
        let marked = &text[start..end];
        let marked = match marked.split_once('\n') {
            Some((line, _)) if marked.lines().nth(MOST_LINES).is_some() => line,
            _ => marked,
        };
        // A span that ends with a line's end does not reach into the next line.
        let end = start + marked.trim_end_matches(['\r', '\n']).len();

        let line_start = text[first..start].rfind('\n').map_or(first, |at| first + at + 1);
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let mut excerpt = Self {
            text: String::new(),
            mark: 0..0,
        };
        excerpt.push(tail(&text[line_start..start], width));
        excerpt.mark.start = excerpt.text.len();
        let mut lines = text[start..end].split('\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_some() {
                excerpt.push(head(line.trim_end_matches('\r'), width));
                excerpt.text.push('\n');
            } else {
                excerpt.push(head(line, width));
            }
        }
        excerpt.mark.end = excerpt.text.len();
        excerpt.push(head(text[end..line_end].trim_end_matches('\r'), width));
        excerpt
    }

    fn push(&mut self, text: &str) {
        self.text.extend(text.chars().map(pictured));
    }
}

/// The first `length` characters.
fn head(text: &str, length: usize) -> &str {
    text.char_indices().nth(length).map_or(text, |(end, _)| &text[..end])
}

/// The last `length` characters.
fn tail(text: &str, length: usize) -> &str {
    text.char_indices()
        .rev()
        .take(length)
        .last()
        .map_or("", |(start, _)| &text[start..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Excerpt;

    #[track_caller]
    fn check(text: &str, marked: &str, expected: &str) {
        let start = text.find(marked).unwrap();
        let excerpt = Excerpt::around(text, &(start..start + marked.len()), 10);
        let Excerpt { text, mark } = excerpt;
        let shown = format!("{}<{}>{}", &text[..mark.start], &text[mark.clone()], &text[mark.end..]);
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_line_of_a_value_is_shown_alone() {
        check("a = 1\nb = 22\nc = 3\n", "22", "b = <22>");
        check("a = 1\r\nb = 22\r\nc = 3\r\n", "22", "b = <22>");
        check("a = 1", "a", "<a> = 1");
        check("\u{feff}a = 1", "a", "<a> = 1");
        check("\u{feff}a = 1", "\u{feff}a", "<a> = 1");
    }

    #[test]
    fn a_value_of_several_lines_is_shown_with_all_of_them() {
        check(
            "a = [\r\n  1,\r\n] # end\r\n",
            "[\r\n  1,\r\n]",
            "a = <[\n  1,\n]> # end",
        );
        check("[a]\r\n\r\nb = 1", "[a]\r\n", "<[a]>");
    }

    #[test]
    fn a_value_of_many_lines_is_marked_where_it_begins() {
        let array = format!("[{}]", "\r\n1,".repeat(12));
        check(&format!("a = {array}"), &array, "a = <[>");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}MARK{}", "x".repeat(5_000_000), "y".repeat(5_000_000));
        check(&text, "MARK", "xxxxxxxxxx<MARK>yyyyyyyyyy");
        check(&"ü".repeat(30), &"ü".repeat(30), "<üüüüüüüüüü>");
    }

    #[test]
    fn what_a_terminal_would_obey_is_a_picture() {
        check("\"\u{1b}[2J\u{9b}\u{202e}\"\t1", "1", "\"␛[2J��\"\t<1>");
    }

    proptest! {
        #[test]
        fn any_place_of_any_text_gives_an_excerpt(text in "([a-z\t\r\n\u{1b}\u{feff}ü大]|\r\n){0,60}", start in 0..200_usize, length in 0..200_usize) {
            let excerpt = Excerpt::around(&text, &(start..start + length), 8);
            prop_assert!(excerpt.text.get(excerpt.mark.clone()).is_some());
            prop_assert!(excerpt.text.chars().count() <= 8 * 3 + 12 * 9);
            let unsafe_part = excerpt.text.find(['\u{1b}', '\r', '\u{feff}']);
            prop_assert_eq!(unsafe_part, None);
        }
    }
}
