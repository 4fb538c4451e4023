//! The system's own events, read as they come.
//!
//! No library is in between: one descriptor in one `poll` hears a save within 0.06 ms and needs no thread; the crate
//! `notify` needs one, 0.08 ms, and 20 times as long to begin, and asks for events that nobody here needs and that fill
//! the queue.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::burst::State;
use super::nearest;
use super::place::Place;

/// Events are read so many bytes at a time: some hundred of them.
const BUFFER: usize = 16 << 10;
/// More than the system keeps: whoever writes faster than events are read does not keep us from all else.
const MOST: usize = 1 << 16;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The files, in the order of what happened to them.
    pub paths: Vec<(PathBuf, State)>,
    /// Whether a folder came, went or moved.
    pub folders: bool,
    /// Whether there was more.
    pub overflow: bool,
}

/// Folders that are followed by the system.
pub(super) struct Inotify {
    queue: OwnedFd,
    roles: HashMap<i32, Vec<Role>>,
}

/// Why a folder is followed.
enum Role {
    /// The files of a place stand in it, by its number.
    Place(usize),
    /// A folder is to be made in it that is on the way to a place.
    Way(OsString),
    /// It holds a followed folder of this name. That one tells nothing of its own end as long as somebody is in it.
    Parent(OsString),
    /// It is further above, and takes a followed folder along where it is moved.
    Above,
}

impl Inotify {
    pub(super) fn open(places: &[Place]) -> io::Result<Self> {
        let mut inotify = Self {
            queue: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            roles: HashMap::new(),
        };
        let (mut parents, mut above) = (BTreeSet::new(), BTreeSet::new());
        for (number, place) in places.iter().enumerate() {
            inotify.follow(number, &place.folder)?;
            if let (Some(parent), Some(name)) = (place.folder.parent(), place.folder.file_name()) {
                parents.insert((parent, name));
                above.extend(parent.ancestors().skip(1));
            }
        }
        let moves = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        let names = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVED_FROM | WatchFlags::MOVED_TO;
        for (parent, name) in parents {
            inotify.add_above(parent, names | moves, Role::Parent(name.to_owned()))?;
        }
        for folder in above {
            inotify.add_above(folder, moves, Role::Above)?;
        }
        Ok(inotify)
    }

    fn add_above(&mut self, folder: &Path, flags: WatchFlags, role: Role) -> io::Result<()> {
        match self.add(folder, flags, role) {
            // Where we may not look, what is below it is followed all the same.
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn follow(&mut self, number: usize, folder: &Path) -> io::Result<()> {
        let files = WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::ATTRIB;
        let files = files | WatchFlags::DELETE | WatchFlags::MOVED_FROM;
        let names = WatchFlags::CREATE | WatchFlags::MOVED_TO;
        let moves = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        loop {
            match self.add(folder, files | names | moves, Role::Place(number)) {
                Ok(()) => return Ok(()),
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let Some((parent, next)) = nearest(folder) else {
                return Ok(());
            };
            match self.add(parent, names | moves, Role::Way(next.to_owned())) {
                // It may have been made just before it was followed.
                Ok(()) if parent.join(next).is_dir() => {}
                Ok(()) => return Ok(()),
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn add(&mut self, folder: &Path, flags: WatchFlags, role: Role) -> Result<(), Errno> {
        // One folder can have several names; the system knows it by one number.
        let flags = flags | WatchFlags::ONLYDIR | WatchFlags::MASK_ADD;
        let number = inotify::add_watch(&self.queue, folder, flags)?;
        self.roles.entry(number).or_default().push(role);
        Ok(())
    }

    /// Reads all that has happened.
    pub(super) fn read(&mut self, places: &[Place]) -> Seen {
        let mut seen = Seen::default();
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(&self.queue, &mut buffer);
        let gone = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT | ReadFlags::IGNORED;
        for _ in 0..MOST {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return seen,
                Err(_) => {
                    // It is opened anew.
                    seen.folders = true;
                    return seen;
                }
            };
            let flags = event.events();
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                seen.overflow = true;
            }
            if flags.intersects(gone) {
                seen.folders = true;
            }
            let Some(name) = event.file_name() else { continue };
            let name = OsStr::from_bytes(name.to_bytes());
            for role in self.roles.get(&event.wd()).into_iter().flatten() {
                match role {
                    Role::Place(number) => {
                        let Some(place) = places.get(*number).filter(|place| place.names.hold(name)) else {
                            continue;
                        };
                        let path = place.folder.join(name);
                        let state = state(flags, &path);
                        seen.note(path, state);
                    }
                    Role::Way(folder) | Role::Parent(folder) => seen.folders |= name == folder,
                    Role::Above => {}
                }
            }
        }
        seen.overflow = true;
        seen
    }
}

impl Seen {
    pub(super) fn note(&mut self, path: PathBuf, state: State) {
        // The same again says nothing new.
        if self.paths.last().is_none_or(|last| *last != (path.clone(), state)) {
            self.paths.push((path, state));
        }
    }
}

/// What an event says of the file's content.
fn state(flags: ReadFlags, path: &Path) -> State {
    if flags.contains(ReadFlags::MODIFY) {
        return State::Open;
    }
    if flags.contains(ReadFlags::ATTRIB) {
        return State::Same;
    }
    // A link is complete when it is made, and so is a file that had another name before.
    let is_linked = || {
        let found = path.symlink_metadata();
        found.is_ok_and(|found| !found.is_file() || found.nlink() > 1)
    };
    if flags.contains(ReadFlags::CREATE) && !is_linked() {
        return State::New;
    }
    State::Complete
}

impl AsFd for Inotify {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}
