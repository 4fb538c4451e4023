//! The settings document of a plugin that has none yet: its required settings, each with what it means and
//! its default. What has no default is left for a person to fill in, as a comment.

use super::{Annotation, Kind, Schema};
use crate::document::{KeyPath, Segment, Table, Value};

/// How wide comments are.
const COMMENT_WIDTH: usize = 88;
/// How deep tables may require tables; a schema may require itself without end.
const DEEPEST_TABLE: usize = 16;

impl Schema {
    /// The document with every required setting: its description as a comment, its default as its value.
    /// A required setting without a default is a commented line. Without the `#:schema` line.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let mut text = String::new();
        if let Some(annotation) = self.annotation(&KeyPath::root()) {
            let about = annotation.description.or(annotation.title);
            comment(&mut text, &about.unwrap_or_default());
        }
        Skeleton { schema: self }.table(&KeyPath::root(), &mut text);
        text
    }
}

struct Skeleton<'s> {
    schema: &'s Schema,
}

/// How a required key is written.
enum Form {
    Line(String),
    Table,
    /// An array of tables, to be filled in.
    Tables,
}

impl Skeleton<'_> {
    /// Values first: behind a `[header]` they would belong to it.
    fn table(&self, path: &KeyPath, text: &mut String) {
        let keys = self.schema.required(path).into_iter().map(|key| path.key(key));
        let settings = keys.map(|key| {
            let annotation = self.schema.annotation(&key).unwrap_or_default();
            (self.form(&key, &annotation), key, annotation)
        });
        let (lines, tables): (Vec<_>, Vec<_>) = settings.partition(|(form, ..)| matches!(form, Form::Line(_)));
        for (form, _, annotation) in lines {
            if let Form::Line(line) = form {
                blank_line(text);
                explain(text, &annotation, &line);
                push_line(text, &line);
            }
        }
        for (form, key, annotation) in tables {
            blank_line(text);
            explain(text, &annotation, "");
            match form {
                Form::Tables => {
                    push_line(text, &format!("# [[{key}]]"));
                    let mut item = String::new();
                    self.table(&key.index(0), &mut item);
                    for line in item.lines().filter(|line| !line.is_empty() && !line.starts_with('[')) {
                        let line = line.trim_start_matches("# ");
                        push_line(text, &format!("# {line}"));
                    }
                }
                Form::Line(_) | Form::Table => {
                    push_line(text, &format!("[{key}]"));
                    self.table(&key, text);
                }
            }
        }
    }

    fn form(&self, path: &KeyPath, annotation: &Annotation) -> Form {
        let in_item = path.segments().iter().any(|step| matches!(step, Segment::Index(_)));
        let is_table = annotation.kinds == [Kind::Table];
        let nested = is_table && !in_item && path.len() < DEEPEST_TABLE;
        let own = annotation.default.clone().filter(|_| !annotation.secret);
        // A default of the whole table may hold keys that are not required: it is written as it is.
        let given = own.as_ref().and_then(Value::as_table);
        if nested && given.is_none_or(Table::is_empty) {
            return Form::Table;
        }
        let item = self.schema.annotation(&path.index(0)).unwrap_or_default();
        if own.is_none() && !in_item && annotation.kinds == [Kind::Array] && item.kinds == [Kind::Table] {
            return Form::Tables;
        }
        let only = match &annotation.values[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        let key = match path.split_last() {
            Some((_, Segment::Key(key))) => KeyPath::root().key(key.as_str()).to_string(),
            _ => path.to_string(),
        };
        Form::Line(match own.or(only) {
            Some(value) => format!("{key} = {value}"),
            None => format!("# {key} = …  # required: {}", demanded(annotation)),
        })
    }
}

/// What has to be filled in: "a string, 1 to 63 characters".
fn demanded(annotation: &Annotation) -> String {
    let kind = annotation.kind_in_words().filter(|_| annotation.values.is_empty());
    let mut words: Vec<String> = kind.into_iter().chain(annotation.bounds()).collect();
    if annotation.secret {
        words.push("kept secret".to_owned());
    }
    if words.is_empty() {
        "any value".to_owned()
    } else {
        words.join(", ")
    }
}

/// The description, and the bounds behind it where `line` does not tell them.
fn explain(text: &mut String, annotation: &Annotation, line: &str) {
    let about = annotation.description.as_ref().or(annotation.title.as_ref());
    let told = line.starts_with('#') || annotation.values.len() == 1;
    let unsaid = Annotation {
        // The default is the value itself.
        default: None,
        ..annotation.clone()
    };
    let bounds = unsaid.bounds().filter(|_| !told).map(|bounds| format!("({bounds})"));
    let words: Vec<&str> = about.into_iter().chain(&bounds).map(String::as_str).collect();
    comment(text, &words.join(" "));
}

fn comment(text: &mut String, words: &str) {
    for paragraph in words.lines() {
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.len() > 1 && line.chars().count() + 1 + word.chars().count() > COMMENT_WIDTH {
                push_line(text, &line);
                line.truncate(1);
            }
            line.push(' ');
            line.push_str(word);
        }
        if line.len() > 1 {
            push_line(text, &line);
        }
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Between settings, not below a header and not at the start.
fn blank_line(text: &mut String) {
    let last = text.lines().last();
    if last.is_some_and(|last| !last.is_empty() && !last.starts_with('[')) {
        text.push('\n');
    }
}
