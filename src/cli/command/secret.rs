//! `valvecfg secret`: keygen, set, list, rekey, scan, recipients

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::{fields, scan};
use crate::cli::bar::Bar;
use crate::cli::diagnostic::Style;
use crate::cli::options::{ChangeOptions, Options};
use crate::cli::printer::{Answer, Reply};
use crate::cli::prompt;
use crate::cli::report::Failure;
use crate::cli::table::Table;
use crate::store::{
    Given, Intent, Outcome, RecipientRow, SecretError, SecretRow, SecretState, Store, StoreError, personal_identity,
};

/// Seal what is secret, and say for whom
///
/// Examples:
///   valvecfg secret keygen                       a key for this machine
///   valvecfg secret set valve.mqtt.password      asks for it, twice
///   pass show mqtt | valvecfg secret set valve.mqtt.password --value-stdin
///   valvecfg get valve.mqtt.password --reveal
///   valvecfg secret recipients add age1...       another machine, or a key kept in a safe
///   valvecfg secret rekey                        seals everything anew for today's recipients
///   valvecfg secret scan --history               what stands or stood in plain text
///
/// What the schema marks `x-secret` or `writeOnly` is stored sealed with age. It
/// protects against who reads the files or the history without a key; not against
/// who has one, nor against who can write: sealing needs only public keys.
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum SecretVerb {
    #[command(after_long_help = fields::SECRET_KEYGEN)]
    Keygen(KeygenArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Set(SecretSetArgs),
    #[command(after_long_help = fields::SECRET_LIST)]
    List(SecretListArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Rekey(RekeyArgs),
    #[command(after_long_help = fields::SECRET_SCAN)]
    Scan(scan::ScanArgs),
    #[command(subcommand)]
    Recipients(RecipientsVerb),
}

/// Make an identity for this machine, and name it as a recipient
///
/// Examples:
///   valvecfg secret keygen
///   valvecfg secret keygen --output ../recovery.txt    to print and lock away
///
/// The identity opens every secret that is sealed for it; there is no other way
/// in. Keep a copy away from this machine. What services open secrets with stands
/// in /etc/valvecfg/identity.txt, or is a credential of systemd, `age-identity`.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct KeygenArgs {
    /// Write it to FILE, which must not be there; by default ~/.config/valvecfg/identity.txt
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Name it for this plugin only
    #[arg(long, value_name = "PLUGIN", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Give a secret a new value, which is checked and then sealed
///
/// Examples:
///   valvecfg secret set valve.mqtt.password    asks for it, twice, unseen
///   pass show mqtt | valvecfg secret set valve.mqtt.password --value-stdin
///   valvecfg secret set valve.mqtt.password --from-file
///
/// With --from-file, what was written into the file in plain text is sealed there:
/// one setting, or all of a table or plugin.
///
/// The value is never an argument: other users see those, and shells remember
/// them.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SecretSetArgs {
    /// The setting
    #[arg(add = clap_complete::ArgValueCompleter::new(crate::cli::complete::keys))]
    key: String,
    /// Read the value from standard input; one last line end is dropped
    #[arg(long, conflicts_with = "from_file")]
    value_stdin: bool,
    /// Seal the plain text that stands in the settings file
    #[arg(long)]
    from_file: bool,
    /// A value here is refused, and not repeated
    #[arg(hide = true, allow_hyphen_values = true)]
    refused: Vec<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// List the secrets: for how many they are sealed, since when, and if they open
///
/// Examples:
///   valvecfg secret list
///   valvecfg secret list --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SecretListArgs {}

/// Open every secret and seal it anew for today's recipients: one revision
///
/// Examples:
///   valvecfg secret recipients remove age1... && valvecfg secret rekey
///
/// Whoever was a recipient can still open what stands in the history: change those
/// passwords at their source.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RekeyArgs {
    #[command(flatten)]
    change: ChangeOptions,
}

/// List, add and remove recipients: the public keys that secrets are sealed for
///
/// Examples:
///   valvecfg secret recipients list
///   valvecfg secret recipients add age1... -m "the spare gateway"
///   valvecfg secret recipients add "ssh-ed25519 AAAA... ines" --plugin valve
///   valvecfg secret recipients remove age1...
#[derive(Debug, Subcommand)]
#[command(verbatim_doc_comment)]
pub(crate) enum RecipientsVerb {
    #[command(after_long_help = fields::RECIPIENTS_LIST)]
    List(RecipientListArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Add(RecipientAddArgs),
    #[command(after_long_help = fields::OUTCOME)]
    Remove(RecipientRemoveArgs),
}

/// List the recipients
///
/// Examples:
///   valvecfg secret recipients list
///   valvecfg secret recipients list --json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RecipientListArgs {}

/// Add a recipient: who can open what is sealed from now on
///
/// Examples:
///   valvecfg secret recipients add "$(cat ../spare.pub)" -m "the spare gateway"
///   valvecfg secret recipients add "$(cat ../ines.pub)" --plugin valve
///
/// `valvecfg secret rekey` then seals for it what is there already.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RecipientAddArgs {
    #[command(flatten)]
    of: RecipientArgs,
}

/// Remove a recipient: who cannot open what is sealed from now on
///
/// Examples:
///   valvecfg secret recipients remove "$(cat ../spare.pub)"
///
/// `valvecfg secret rekey` then seals without it what is there already. What stands
/// in the history opens for it for ever: change those passwords at their source.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RecipientRemoveArgs {
    #[command(flatten)]
    of: RecipientArgs,
}

// No doc comment: clap would show it instead of the verb's own.
#[derive(Debug, Args)]
struct RecipientArgs {
    /// age1…, ssh-ed25519 … or ssh-rsa …
    recipient: String,
    /// Only for the secrets of this plugin, which then has recipients of its own
    #[arg(long, value_name = "PLUGIN", add = clap_complete::ArgValueCompleter::new(crate::cli::complete::plugins))]
    plugin: Option<String>,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Runs the verb.
pub(crate) fn run(verb: &SecretVerb, options: &Options) -> Result<Reply, Failure> {
    match verb {
        SecretVerb::Keygen(args) => keygen(args, options),
        SecretVerb::Set(args) => set(args, options),
        SecretVerb::List(SecretListArgs {}) => list(options),
        SecretVerb::Rekey(args) => rekey(args, options),
        SecretVerb::Scan(args) => scan::run(args, options),
        SecretVerb::Recipients(verb) => recipients(verb, options),
    }
}

fn set(args: &SecretSetArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let key = super::key(&args.key, &store, options)?;
    let intent = options.intent(&args.change);
    if !args.refused.is_empty() {
        return Err(StoreError::from(SecretError::InArguments { key }).into());
    }
    let outcome = if args.from_file {
        store.secret_set_from_file(&key, &intent)?
    } else if args.value_stdin {
        let given = Given::Text(super::set::read_stdin(options)?);
        store.secret_set(&key, &given, &intent)?
    } else {
        store.secret_set(&key, &prompt::secret(&key, options)?, &intent)?
    };
    Ok(super::outcome::reply(outcome))
}

fn list(options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let keyring = store.keyring(&|file| prompt::passphrase(file, options))?;
    let bar = Bar::new();
    let rows = store.secret_list(keyring.as_ref(), &mut |done, all| bar.show(done, all));
    bar.clear();
    let rows = rows?;
    let note = rows
        .is_empty()
        .then_some("no schema marks anything as secret: `valvecfg explain x-secret`");
    Ok(note.into_iter().fold(Reply::of(Secrets(rows)), Reply::note))
}

fn rekey(args: &RekeyArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let keyring = store.keyring(&|file| prompt::passphrase(file, options))?;
    let bar = Bar::new();
    let outcome = store.secret_rekey(keyring.as_ref(), &options.intent(&args.change), &mut |done, all| {
        bar.show(done, all);
    });
    bar.clear();
    Ok(super::outcome::reply(outcome?))
}

fn recipients(verb: &RecipientsVerb, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    match verb {
        RecipientsVerb::List(RecipientListArgs {}) => {
            let rows = store.recipients()?;
            let note = rows
                .is_empty()
                .then_some("no recipients yet; `valvecfg secret keygen` makes a key for this machine");
            Ok(note.into_iter().fold(Reply::of(Recipients(rows)), Reply::note))
        }
        RecipientsVerb::Add(RecipientAddArgs { of: args }) => {
            let intent = options.intent(&args.change);
            let outcome = store.recipient_add(&args.recipient, args.plugin.as_deref(), &intent)?;
            Ok(super::outcome::reply(outcome).note("`valvecfg secret rekey` seals what is there for it too"))
        }
        RecipientsVerb::Remove(RecipientRemoveArgs { of: args }) => {
            let intent = options.intent(&args.change);
            let outcome = store.recipient_remove(&args.recipient, args.plugin.as_deref(), &intent)?;
            Ok(super::outcome::reply(outcome)
                .note("what is sealed already still opens for it: `valvecfg secret rekey`, and change what it knew"))
        }
    }
}

fn keygen(args: &KeygenArgs, options: &Options) -> Result<Reply, Failure> {
    let store = options.open_store()?;
    let file = args.output.clone().unwrap_or_else(personal_identity);
    let intent = options.intent(&args.change);
    let made = Made::identity(&store, file, args.plugin.as_deref(), &intent)?;
    let recorded = made
        .outcome
        .revision
        .map(|revision| format!("recorded as {} all the same", revision.short()));
    let dry = intent.dry_run;
    let reply = Reply::of(made).recorded(recorded);
    Ok(if dry {
        reply.note("nothing was written: this was a dry run")
    } else {
        reply.note(
            "keep a copy of the identity away from this machine: lose it, and what is sealed for it alone is lost",
        )
    })
}

/// A new identity.
struct Made {
    recipient: String,
    file: PathBuf,
    outcome: Outcome,
}

impl Made {
    fn identity(store: &Store, file: PathBuf, plugin: Option<&str>, intent: &Intent) -> Result<Self, Failure> {
        let (text, recipient) = crate::secret::generate(&jiff::Timestamp::now().to_string());
        if crate::files::exists(&file)? {
            return Err(Failure::usage(
                format!("{} is there already", file.display()),
                "name another file with `--output FILE`; what is sealed for an identity opens with no other",
            ));
        }
        if !intent.dry_run {
            write_identity(&file, text.as_bytes())?;
        }
        let outcome = store.recipient_add(&recipient, plugin, intent)?;
        Ok(Self {
            recipient,
            file,
            outcome,
        })
    }
}

/// Writes an identity so that nobody else can ever have read it, and durable: it is needed as long as what it opens.
fn write_identity(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Failure::outside(format!("cannot make the folder {}", folder.display()), error))?;
    let ownership = crate::files::Ownership::of(folder)?;
    crate::files::create(file, bytes, 0o600, ownership)?;
    let mut durability = crate::files::Durability::begin(folder)?;
    durability.file(file);
    durability.folder(folder);
    Ok(durability.barrier()?)
}

impl Answer for Made {
    fn json(&self) -> Vec<Json> {
        vec![json!({
            "recipient": self.recipient,
            "identity": self.file.display().to_string(),
            "revision": self.outcome.revision,
            "dry_run": self.outcome.dry_run,
        })]
    }

    fn show(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        let word = if self.outcome.dry_run { "would be" } else { "is" };
        writeln!(out, "the identity {word} in {}", self.file.display())?;
        writeln!(out, "its recipient is {}", self.recipient)?;
        match self.outcome.revision {
            Some(revision) => writeln!(out, "saved as {}", revision.short()),
            None => Ok(()),
        }
    }
}

struct Secrets(Vec<SecretRow>);

impl Answer for Secrets {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|row| json!(row)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["secret", "sealed for", "since", "state"]);
        for row in &self.0 {
            let state = match row.state {
                SecretState::Opens if row.sealed_for != row.recipients => "opens; `secret rekey` is due",
                SecretState::Opens => "opens",
                SecretState::Sealed => "does not open here",
                SecretState::Broken => "broken: damaged, or sealed for another setting",
                SecretState::Exposed => "in plain text: `secret set KEY --from-file` seals it",
                SecretState::Unset => "not set",
            };
            let sealed_for = match row.state {
                SecretState::Opens | SecretState::Sealed => format!("{} of {}", row.sealed_for, row.recipients),
                SecretState::Broken | SecretState::Exposed | SecretState::Unset => String::new(),
            };
            let since = row.changed.map(|time| time.to_string()).unwrap_or_default();
            table.row([row.key.to_string(), sealed_for, since, state.to_owned()]);
        }
        table.write(out, style)
    }
}

struct Recipients(Vec<RecipientRow>);

impl Answer for Recipients {
    fn json(&self) -> Vec<Json> {
        self.0.iter().map(|row| json!(row)).collect()
    }

    fn show(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        let mut table = Table::new(["for", "recipient"]);
        for row in &self.0 {
            let of = row.plugin.clone().unwrap_or_else(|| "all plugins".to_owned());
            table.row([of, row.recipient.clone()]);
        }
        table.write(out, style)
    }
}
