//! The socket on which plugins say that they run a revision, or why they do not: for those that cannot write in the
//! store, or are to start no program. Whoever may connect is decided by the system, by the socket's owner and mode.
//!
//! A line of JSON, `{"plugin": "valve", "revision": "3f2a9c1", "applied": true}` or with `"applied": false, "reason": "…"`, is
//! answered with a line. Lines, connections and time are bounded: nobody keeps it from hearing others.

use std::fs::{self, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_peercred;

use crate::files::{self, FileError, Ownership};
use crate::plugin::sentence;
use crate::store::delivery::{Address, LONGEST_LINE, Reply, SOCKET, Word};
use crate::store::{Answered, Store};
use crate::watch::Bell;

/// So many are heard at the same time; more are turned away.
const AT_A_TIME: usize = 16;
/// How long one may be silent, and how long it may speak in all.
const SILENCE: Duration = Duration::from_secs(5);
const MOST_TIME: Duration = Duration::from_secs(30);

/// Listens to plugins.
pub(super) struct AnswerSocket {
    path: PathBuf,
    listener: Arc<UnixListener>,
    receiver: Receiver<Heard>,
}

/// A plugin's word that was taken.
pub(super) struct Heard {
    pub answered: Answered,
    /// The user that the process ran as which gave it.
    pub uid: u32,
}

/// What every connection needs.
#[derive(Clone)]
struct Listening {
    store: Store,
    bell: Arc<Bell>,
    sender: Sender<Heard>,
    open: Arc<AtomicUsize>,
}

impl AnswerSocket {
    /// Opens the socket of a store. The caller holds the watcher's lock, so one that is there is a crash's.
    pub(super) fn open(store: &Store, bell: Arc<Bell>) -> Result<Self, FileError> {
        let folder = store.git().join("valvecfg");
        let path = folder.join(SOCKET);
        let failed = |source| FileError::io("open the socket", &path, source);
        let listener = Arc::new(bind(&folder, &path, Ownership::of(&store.root)?)?);
        let (sender, receiver) = channel();
        let listening = Listening {
            store: store.clone(),
            bell,
            sender,
            open: Arc::default(),
        };
        let heard = Arc::clone(&listener);
        thread::Builder::new()
            .spawn(move || listening.listen(&heard))
            .map_err(failed)?;
        Ok(Self {
            path,
            listener,
            receiver,
        })
    }

    /// What was heard since.
    pub(super) fn heard(&self) -> impl Iterator<Item = Heard> + '_ {
        self.receiver.try_iter()
    }
}

impl Drop for AnswerSocket {
    fn drop(&mut self) {
        // Wakes the thread that listens, and ends it.
        let _ended = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        // A file that stays is taken away by the next watcher.
        let _removed = files::remove(&self.path);
    }
}

/// Makes the socket under another name first, so that nobody meets it before it has its owner and mode.
fn bind(folder: &Path, path: &Path, ownership: Ownership) -> Result<UnixListener, FileError> {
    let io = |source: io::Error| FileError::io("open the socket", path, source);
    let staged = format!(".{SOCKET}.new");
    for left in [path, &folder.join(&staged)] {
        match fs::symlink_metadata(left) {
            Ok(found) if found.file_type().is_socket() => files::remove(left)?,
            Ok(_) => return Err(io(io::ErrorKind::AlreadyExists.into())),
            Err(_) => {}
        }
    }
    let made = folder.join(&staged);
    let address = Address::new(folder, &staged).map_err(io)?;
    let listener = UnixListener::bind(address.path).map_err(io)?;
    fs::set_permissions(&made, Permissions::from_mode(0o660)).map_err(io)?;
    ownership.give_name(&made)?;
    files::rename(&made, path)?;
    Ok(listener)
}

impl Listening {
    fn listen(&self, listener: &UnixListener) {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => {
                    // No more files can be opened; others may be closed soon.
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            if self.open.fetch_add(1, Ordering::SeqCst) >= AT_A_TIME {
                self.open.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let own = self.clone();
            let hear = move || {
                // Who breaks off, or says nothing, is not waited for.
                let _heard = own.hear(&stream);
                own.open.fetch_sub(1, Ordering::SeqCst);
            };
            if thread::Builder::new().spawn(hear).is_err() {
                self.open.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }

    fn hear(&self, stream: &UnixStream) -> io::Result<()> {
        let begun = Instant::now();
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        let uid = socket_peercred(stream)?.uid.as_raw();
        let (mut stream, mut said) = (stream, Vec::new());
        while begun.elapsed() < MOST_TIME && said.len() < LONGEST_LINE {
            let mut piece = [0; 1024];
            let length = stream.read(&mut piece)?;
            said.extend_from_slice(&piece[..length]);
            // The last line needs no end.
            if length == 0 && !said.is_empty() {
                said.push(b'\n');
            }
            while let Some(end) = said.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = said.drain(..=end).collect();
                let reply = serde_json::to_string(&self.take(&line, uid))?;
                writeln!(stream, "{reply}")?;
            }
            if length == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Takes a plugin's word.
    fn take(&self, line: &[u8], uid: u32) -> Reply {
        let taken = serde_json::from_slice(line)
            .map_err(|error| {
                format!(
                    "not a line such as {{\"plugin\": \"valve\", \"revision\": \"3f2a9c1\", \"applied\": true}}: {error}"
                )
            })
            .and_then(|word: Word| self.store.take_answer(&word).map_err(|error| sentence(&error)));
        match taken {
            Ok(answered) => {
                let heard = answered.clone();
                // Where nobody listens any more, it is remembered all the same.
                if self.sender.send(Heard { answered: heard, uid }).is_ok() {
                    self.bell.ring();
                }
                Reply {
                    accepted: true,
                    answered: Some(answered),
                    error: None,
                }
            }
            Err(error) => Reply {
                accepted: false,
                answered: None,
                error: Some(error),
            },
        }
    }
}
