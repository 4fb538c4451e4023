//! What each verb answers with `--json`, for its help. The fields are a promise to programs: fields are added,
//! never renamed. A test runs every verb and compares.
//!
//! A line names fields, apart by commas, and after two spaces what they are. `a[].b` is the field `b` of each object
//! in the array `a`.

pub(super) const INIT: &str = "\
JSON: one object
  folder      the store's folder
  revision    the id of its last revision; null where there would be none yet
  files[]     what the first revision records, from the store's folder
  settings[]  the git settings that a clone was given, as NAME=VALUE
  already     whether it was a store already, and nothing had to be made
  dry_run     whether nothing was written because of --dry-run";

/// Every verb that records something.
pub(super) const OUTCOME: &str = "\
JSON: one object
  revision          the id of what was recorded; null where nothing was
  changes[].key     a setting that changed, as PLUGIN.KEY
  changes[].before  its value before; null where it was not set
  changes[].after   its value now; null where it is not set any more
  files[]           files that changed otherwise: comments, manifest, schemas
  absorbed          hand edits that were recorded first, or null; with the same:
  absorbed.revision, absorbed.changes[], absorbed.files[]
  confirmation      what is taken back unless it is confirmed, or null
  confirmation.revision, confirmation.author, confirmation.until
  confirmation.seconds_left, confirmation.carrier, confirmation.by
  confirmation.bake.plugins[], confirmation.bake.seconds
  confirmation.bake.since
  confirmation.changed_since[]  as in `status`
  dry_run           whether nothing was written because of --dry-run
  warnings[]        what else there is to know, in words
  deliveries[]      how running plugins took it, as in `status`";

pub(super) const APPLIED: &str = "\
JSON: one object
  plugin     the plugin
  revision   of which revision it spoke
  refused    why it does not run it; null where it does
  is_latest  whether its settings are still those of that revision";

pub(super) const IMPORT: &str = "\
JSON: one object
  settings[].key      the setting, as PLUGIN.KEY; null where the name means none
  settings[].name     what the file calls it; null where it does not hold it
  settings[].where    the file, with the line or row; null likewise
  settings[].state    one word: taken, converted, unknown, refused, missing …
  settings[].found    what the file gives; null where it is not to be shown
  settings[].becomes  what it is from now on, or would be; else null
  settings[].reason   why it is unresolved, and what is allowed; else null
  settings[].suggestion  the setting that was probably meant; else null
  unresolved        how many keep everything from being written
  revision          the id of what was recorded; null where nothing was
  changes[].key     a setting that changed, as PLUGIN.KEY
  changes[].before  its value before; null where it was not set
  changes[].after   its value now; null where it is not set any more
  files[]           files that changed otherwise, as by comments
  absorbed          hand edits that were recorded first, or null; with the same:
  absorbed.revision, absorbed.changes[], absorbed.files[]
  confirmation      what is taken back unless it is confirmed, or null
  confirmation.revision, confirmation.author, confirmation.until
  confirmation.seconds_left, confirmation.carrier, confirmation.by
  confirmation.bake.plugins[], confirmation.bake.seconds
  confirmation.bake.since
  confirmation.changed_since[]  as in `status`
  dry_run           whether nothing was written because of --dry-run
  warnings[]        what else there is to know, in words
  deliveries[]      how running plugins took it, as in `status`";

pub(super) const PLUGIN_LIST: &str = "\
JSON: an object a line
  name            the plugin
  schema_version  the version in force
  title           what its schema calls it, or null
  settings        its file, from the store's folder
  schema          its schema, from the store's folder";

pub(super) const GET: &str = "\
JSON: the value itself; with --show-origin one object
  key            the setting, as PLUGIN.KEY
  value          its value
  guessed        whether the plugin was found by the key alone
  origin.from    file, migrated (a file of an earlier version) or default
  origin.file    where it stands, with line and column; only from a file
  origin.line, origin.column
  origin.version  the schema version of the file; only of a migrated one
  origin.schema  the schema that gives the default; only from there";

pub(super) const LIST: &str = "\
JSON: an object a line
  key            the setting, as PLUGIN.KEY
  value          the value in force
  default        the schema's default, or null
  origin.from    file, migrated (a file of an earlier version) or default
  origin.file    where it stands, with line and column; only from a file
  origin.line, origin.column
  origin.version  the schema version of the file; only of a migrated one
  origin.schema  the schema that gives the default; only from there";

pub(super) const DESCRIBE: &str = "\
JSON: one object
  key          the setting, as PLUGIN.KEY
  value        the value in force, or null
  is_set       whether it stands in the file; else it is the default
  guessed      whether the plugin was found by the key alone
  annotation   what the schema says; null where it does not declare the setting
  annotation.kinds[]  string, integer, number, boolean, array, table
  annotation.title, annotation.description, annotation.default, annotation.unit
  annotation.minimum, annotation.exclusive_minimum, annotation.multiple_of
  annotation.maximum, annotation.exclusive_maximum
  annotation.min_length, annotation.max_length, annotation.pattern
  annotation.min_items, annotation.max_items, annotation.format
  annotation.values[], annotation.examples[]
  annotation.secret, annotation.read_only, annotation.deprecated
  annotation.apply, annotation.key[], annotation.renamed_from[]
  annotation.pointer  where the schema declares it
  last_change  the newest line of `history KEY`; null where there is none
  last_change.id, last_change.parent, last_change.time, last_change.message
  last_change.author.name, last_change.author.email, last_change.via
  last_change.key, last_change.before, last_change.after";

pub(super) const CONFIRM: &str = "\
JSON: one object
  revision      the change that waited
  confirmation  what it still waits for, as in `status`; null where it stays
  confirmation.revision, confirmation.author, confirmation.until
  confirmation.seconds_left, confirmation.carrier, confirmation.by
  confirmation.bake.plugins[], confirmation.bake.seconds
  confirmation.bake.since
  confirmation.changed_since[]
  dry_run       whether nothing was changed because of --dry-run";

pub(super) const STATUS: &str = "\
JSON: one object
  folder       the store's folder
  revision     the last revision, as in `show`; null where none can be read
  revision.id, revision.parent, revision.time, revision.message, revision.via
  revision.author.name, revision.author.email
  trouble      what keeps the store from recording, as in `doctor`; else null
  trouble.severity, trouble.message, trouble.mend, trouble.alternative
  confirmation  what is taken back unless it is confirmed; else null
  confirmation.revision, confirmation.author
  confirmation.until            when, as in RFC 3339
  confirmation.seconds_left     in how many seconds; 0 is now
  confirmation.carrier          by whom: watch, systemd, guard or next-command
  confirmation.by               who confirms it: person or health
  confirmation.bake             what plugins have to prove; null for a person
  confirmation.bake.plugins[]   those that have to run it and be well
  confirmation.bake.seconds     for how many seconds without a break
  confirmation.bake.since       since when they do; null where one does not
  confirmation.changed_since[]  what of it was changed again: a person decides
  plugins[].name        the plugin
  plugins[].state       recorded, edited, new, missing or unknown
  plugins[].changes[]   what was edited by hand, as in `diff`
  plugins[].violations  how many there are
  plugins[].delivery    how it runs; null where nobody says how it is told
  plugins[].delivery.plugin, plugins[].delivery.revision  its latest settings
  plugins[].delivery.state    applied, told, awaited, refused, stopped …
  plugins[].delivery.reason   why, or null
  plugins[].delivery.since    since when it cannot be told, or null
  plugins[].delivery.told     the last revision that it was told of, or null
  plugins[].delivery.running  the last that it said it runs, or null
  plugins[].delivery.need     of a change: hot, reload or restart, or null
  plugins[].delivery.restart  what has to be started anew for it, or null
  plugins[].delivery.ways[]   how it is told, in words
  files[].path          a manifest or schema that is not as recorded
  files[].state         edited, new or missing
  strangers[]  settings files of no plugin";

pub(super) const DIFF: &str = "\
JSON: an object a line, for each setting that differs
  key     the setting, as PLUGIN.KEY
  before  its value before; null where it was not set
  after   its value after; null where it is not set any more
and for each file that differs in other ways
  file    its path, from the store's folder";

pub(super) const VALIDATE: &str = "\
JSON: an object a line, for each violation
  file        the file, as it was named or from the store's folder
  line, column          from 1
  end_line, end_column  one behind the end; where a secret is masked, the start
  code        such as VC101; `valvecfg explain VC101` is a page on it
  severity    error, warning or note
  message     one sentence
  key         the setting, below the document's root
  schema      the rule: a pointer into the schema, or the file named before #
  label       a few words for the place; perhaps not there
  allowed     what is allowed; perhaps not there
  suggestion  what would be right; perhaps not there";

pub(super) const HISTORY: &str = "\
JSON: an object a line, newest first
  id           of the revision
  parent       of the revision before; null for the first
  time         when it was made, as in RFC 3339
  author.name, author.email
  message      why; with KEY its first line
  via          the verb, or hand or git
  changes[].key, changes[].before, changes[].after  the settings that it changed
  files[]      all files that it changed
with KEY, an object for each value that the setting got, and for the last two
  key, before, after";

pub(super) const SHOW: &str = "\
JSON: one object
  id           of the revision
  parent       of the revision before; null for the first
  time         when it was made, as in RFC 3339
  author.name, author.email
  message      why
  via          the verb, or hand or git
  changes[].key, changes[].before, changes[].after  the settings that it changed
  files[]      all files that it changed";

pub(super) const SECRET_KEYGEN: &str = "\
JSON: one object
  recipient  the public key
  identity   the file that holds the private one
  revision   what was recorded: the manifest names it; null on a dry run
  dry_run    whether nothing was written because of --dry-run";

pub(super) const SECRET_LIST: &str = "\
JSON: an object a line
  key         the setting, as PLUGIN.KEY
  state       opens, sealed, broken, exposed or unset
  sealed_for  for how many recipients it is sealed
  recipients  for how many it would be sealed today
  changed     when what stands there was recorded, as in RFC 3339; else null";

pub(super) const SECRET_SCAN: &str = "\
JSON: an object a line, for each secret that stands or stood in plain text
  plugin        the plugin whose file holds it
  key           the setting, as PLUGIN.KEY; null outside of values
  kind          plain-text at a marked key; else a shape, such as github-token
  file          the file, from the store's folder
  line, column  where it begins, from 1; of what is gone, where it first stood
  present       whether it stands in the file today
  first         the revision that first held it; null where none was found
  first.id, first.time, first.author.name, first.author.email";

pub(super) const RECIPIENTS_LIST: &str = "\
JSON: an object a line
  recipient  the public key
  plugin     the plugin whose secrets it opens; null for all others";

pub(super) const EXEC: &str = "\
JSON: the command's own answer; with --dry-run one object
  command[]    what would be run
  variables[]  the names of the variables that it would be given";

pub(super) const RENDER: &str = "\
JSON: one object
  plugin   the plugin
  format   toml, json or env
  text     the settings in that format; null where they go to a file
  file     the file, links resolved; null without --output
  dry_run  whether nothing was written because of --dry-run";

pub(super) const WATCH: &str = "\
JSON: an object a line, as things happen
  event     started, recorded, delivered, invalid, valid, restored, waiting, …
  time      when, as in RFC 3339
started also has
  folder, plugins   the store's folder, and how many plugins it has
recorded also has
  revision          the id of what was edited by hand
  author.name, author.email  to whom the files belong
  changes[].key, changes[].before, changes[].after  the settings that changed
  files[]           files that changed otherwise, as by comments
delivered also has what `status` has in plugins[].delivery
  plugin, revision, state, reason, since, told, running, need, restart, ways[]
answered also has what `applied` answers, and uid, whose process said it
  plugin, revision, refused, is_latest, uid
confirmed also has
  revision          what has proved itself
taken-back also has
  revision, by      what was not confirmed, and what takes it back
  reason            which plugin refused it, and why; null where none did
invalid, valid and restored also have
  path              the file, from the store's folder
  violations[]      what is wrong with it, as in `validate`; not of valid
  rejected          where a restored file was set aside; null where it was gone
waiting also has
  reason            why nothing can be recorded; resumed says that this is over
warning also has
  message           what there is to know, in words";

pub(super) const TRUST: &str = "\
JSON: one object
  folder   the store's folder
  list     the file that remembers it
  already  whether it was trusted before
  commands[]  what its manifest has this machine do, and was not trusted before
  dry_run  whether nothing was written because of --dry-run";

pub(super) const MIGRATE_STATUS: &str = "\
JSON: an object a line, for each plugin
  plugin   the plugin
  version  the schema version of its settings
  current  the one in force
  newest   the newest that is there
  ahead[].file     a migration that leads there
  ahead[].steps[]  its steps: verb and setting
  trouble  what keeps them from being used; else null";

pub(super) const MIGRATE_CHECK: &str = "\
JSON: an object a line, for each migration
  plugin     the plugin
  from, to   the schema versions
  documents  on how many documents it was tried
  failures[]  what is wrong with it, each with the document that shows it first
  losses[]    settings that the way back alone would not restore";

pub(super) const DOCTOR: &str = "\
JSON: an object a line, for each finding
  severity  error, warning or note
  message   what was found
  mend      the command that mends it
  alternative  another that mends it another way; null where there is none
with --types, an object for each value of the wrong type
  key           the setting, as PLUGIN.KEY
  value         the value; masked where it is secret
  secret        whether it is secret
  wanted[]      the types that the schema declares
  file          the file, from the store's folder
  line, column  where it begins, from 1; of what is gone, where it first stood
  present       whether it stands in the file today
  first         the revision that first held it; null where none does
  first.id, first.time, first.author.name, first.author.email
  mend          the command that mends it, or null";

pub(super) const EXPLAIN: &str = "\
JSON: one object, or without CODE an object a line
  code   the code or keyword
  title  what it means, in a few words
  page   the page; only with CODE";

pub(super) const COMPLETION: &str = "\
JSON: one object
  script  what the shell is to read";

pub(super) const MAN: &str = "\
JSON: one object
  page  what `man -l -` is to read";

pub(super) const DEMO: &str = "\
JSON: an object a line, for each command
  command  what was typed
  output   what it printed
  exit     its exit code";

/// Every verb that fails.
pub(super) const FAILURE: &str = "\
JSON: the help of each verb lists the fields of its answer. A failure is one
object on stderr
  error         what failed
  cause[]       why, from the near cause to the far one
  hints[]       what to type next
  exit          the exit code
  violations[]  where files were refused; as in `validate`";
