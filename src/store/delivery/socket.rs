//! What a plugin, or who speaks for it, says on the watcher's socket, and what it is answered: a line of JSON each way.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::{AnswerError, Answered};
use crate::store::StoreError;

/// The socket's name, in `.git/valvecfg`.
pub(in crate::store) const SOCKET: &str = "watch.sock";
/// A longer line is none of theirs.
pub(in crate::store) const LONGEST_LINE: usize = 4 << 10;
/// The system takes shorter paths of sockets than this.
const LONGEST_PATH: usize = 108;
/// How long a watcher may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a plugin says: that it runs a revision, or why it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::store) struct Word {
    pub plugin: String,
    pub revision: String,
    applied: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Reply {
    pub accepted: bool,
    /// What was taken.
    #[serde(flatten)]
    pub answered: Option<Answered>,
    /// Why nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where a socket is: its folder is kept open, so that a path that is too long for a socket is a short one.
pub(in crate::store) struct Address {
    pub path: PathBuf,
    _folder: Option<File>,
}

impl Word {
    pub(super) fn new(plugin: &str, revision: &str, refused: Option<&str>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            revision: revision.to_owned(),
            applied: refused.is_none(),
            reason: refused.map(str::to_owned),
        }
    }

    /// Why it does not run it.
    pub(super) fn refused(&self) -> Option<&str> {
        (!self.applied).then(|| self.reason.as_deref().unwrap_or("it gave no reason"))
    }
}

impl Address {
    /// The address of a socket of this name.
    pub(in crate::store) fn new(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        if path.as_os_str().len() < LONGEST_PATH {
            return Ok(Self { path, _folder: None });
        }
        let opened = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{name}", opened.as_raw_fd()));
        Ok(Self {
            path,
            _folder: Some(opened),
        })
    }
}

/// Says a word to the watcher of a store; nothing where none listens to this user.
pub(super) fn say(git: &Path, word: &Word) -> Option<Result<Answered, StoreError>> {
    let address = Address::new(&git.join("valvecfg"), SOCKET).ok()?;
    let stream = UnixStream::connect(address.path).ok()?;
    let not_taken = |reason: String| Err(AnswerError::NotTaken { reason }.into());
    Some(match converse(&stream, word) {
        Ok(Reply {
            accepted: true,
            answered: Some(answered),
            ..
        }) => Ok(answered),
        Ok(reply) => not_taken(reply.error.unwrap_or_else(|| "it does not say why".to_owned())),
        Err(error) => not_taken(error.to_string()),
    })
}

fn converse(mut stream: &UnixStream, word: &Word) -> io::Result<Reply> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(word)?)?;
    let mut reply = String::new();
    BufReader::new(stream.take(LONGEST_LINE as u64)).read_line(&mut reply)?;
    Ok(serde_json::from_str(&reply)?)
}
