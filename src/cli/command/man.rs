//! `valvecfg man`

use std::io::{self, Write};

use clap::{Args, CommandFactory as _};
use serde_json::{Value as Json, json};

use crate::cli::diagnostic::Style;
use crate::cli::options::Options;
use crate::cli::printer::{Answer, Reply};
use crate::cli::report::Failure;

/// Print the manual page of the program or of a verb
///
/// Examples:
///   valvecfg man | man -l -
///   valvecfg man set | man -l -
///   valvecfg man > /usr/local/share/man/man1/valvecfg.1
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ManArgs {
    /// The verb; `plugin add` is two words
    #[arg(value_name = "VERB")]
    verb: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &ManArgs, _options: &Options) -> Result<Reply, Failure> {
    let mut command = super::Arguments::command();
    command.build();
    let mut name = "valvecfg".to_owned();
    for word in &args.verb {
        let Some(found) = command.find_subcommand(word).cloned() else {
            return Err(Failure::usage(
                format!("there is no verb `{}`", args.verb.join(" ")),
                "`valvecfg --help` lists the verbs",
            ));
        };
        command = found;
        name = format!("{name}-{word}");
    }
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command)
        .title(name)
        .source(concat!("valvecfg ", env!("CARGO_PKG_VERSION")))
        .manual("valvecfg");
    man.render(&mut page)
        .map_err(|error| Failure::outside("cannot make the page", error))?;
    Ok(Reply::of(Page(page)))
}

struct Page(Vec<u8>);

impl Answer for Page {
    fn json(&self) -> Vec<Json> {
        vec![json!({ "page": String::from_utf8_lossy(&self.0) })]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        out.write_all(&self.0)
    }
}
