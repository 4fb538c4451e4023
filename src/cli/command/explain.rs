//! `valvecfg explain`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::schema::{Code, Keyword};

/// Explain a code such as VC101, or one of our schema keywords
///
/// Examples:
///   valvecfg explain VC101
///   valvecfg explain x-unit
///   valvecfg explain                 lists them all
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ExplainArgs {
    /// The code or keyword
    #[arg(value_name = "CODE", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::codes))]
    code: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &ExplainArgs, _options: &Options) -> Result<Reply, Failure> {
    let Some(name) = &args.code else {
        return Ok(Reply::of(Index));
    };
    if let Some(keyword) = Keyword::named(name) {
        return Ok(Reply::of(Page {
            name: keyword.name,
            title: keyword.takes,
            text: keyword.page,
        }));
    }
    match name.parse::<Code>() {
        Ok(code) => Ok(Reply::of(Page {
            name: code.as_str(),
            title: code.title(),
            text: code.page(),
        })),
        Err(error) => Err(Failure::usage(error.to_string(), "`valvecfg explain` lists them all")),
    }
}

struct Page {
    name: &'static str,
    title: &'static str,
    text: &'static str,
}

impl Answer for Page {
    fn json(&self) -> Vec<Json> {
        vec![json!({ "code": self.name, "title": self.title, "page": self.text })]
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        writeln!(out, "{}: {}\n", self.name, self.title)?;
        let mut column = 0;
        let width = style.width.min(80);
        for word in self.text.split_whitespace() {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                writeln!(out)?;
                column = 0;
            }
            let gap = if column > 0 { " " } else { "" };
            write!(out, "{gap}{word}")?;
            column += gap.len() + length;
        }
        writeln!(out)
    }
}

struct Index;

impl Answer for Index {
    fn json(&self) -> Vec<Json> {
        let codes = Code::ALL
            .iter()
            .map(|code| json!({ "code": code, "title": code.title() }));
        let keywords = Keyword::ALL
            .iter()
            .map(|keyword| json!({ "code": keyword.name, "title": keyword.takes }));
        codes.chain(keywords).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["code", "meaning"]);
        for code in Code::ALL {
            table.row([code.to_string(), code.title().to_owned()]);
        }
        for keyword in Keyword::ALL {
            table.row([keyword.name.to_owned(), format!("a schema keyword: {}", keyword.takes)]);
        }
        table.write(out, style)
    }
}
