//! "This path was touched": follows files by the folders that they stand in, and waits for what else may wake a
//! service: a time, a signal, another thread.
//!
//! It knows files and time; it does not know stores. Folders are followed, never files: an editor that writes a new file
//! and renames it over the old one leaves whoever follows the old one behind. The first event of a path is answered at
//! once, and those that follow it ever more slowly, so that a burst of thousands costs a few answers and its end is never
//! missed. Waiting costs nothing: one `poll` without a timeout.

mod bell;
mod burst;
mod clock;
mod inotify;
mod place;
mod polling;
pub mod service;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::{Mode, OFlags, SeekFrom};
use rustix::io::Errno;

pub use bell::{Asked, Bell};
pub(crate) use clock::Alarm;
pub use clock::BootTime;
pub use place::{Names, Place};

use burst::Bursts;
use inotify::Inotify;
use polling::Polling;

/// Why a wait ended.
#[derive(Debug)]
pub enum Wake {
    /// These files were written, replaced, made, removed, or given other rights.
    Touched(BTreeSet<PathBuf>),
    /// Any of the files may have been touched.
    Rescan(Lost),
    /// The time has come.
    Due,
    /// Another thread rang the bell.
    Rung,
    /// The process was asked to do something.
    Asked(Asked),
}

/// Why it is not known which files were touched.
#[derive(Debug)]
pub enum Lost {
    /// More happened than the system kept for us.
    Overflow,
    /// A folder was made, removed or moved, or others are followed from now on.
    Folders,
    /// The system allows no more watches; the files are looked at every two seconds from now on.
    Watches(io::Error),
}

/// Follows files.
pub struct Watcher {
    places: Vec<Place>,
    eye: Eye,
    bursts: Bursts,
    lost: Option<Lost>,
    alarm: Alarm,
    bell: Arc<Bell>,
}

/// How files are followed.
enum Eye {
    /// The system says what happens.
    Inotify(Inotify),
    /// It does not, so they are looked at from time to time.
    Polling(Polling),
}

impl Watcher {
    /// Follows these files. The bell is heard too.
    ///
    /// # Errors
    /// Where the process cannot even have a timer.
    pub fn new(places: Vec<Place>, bell: Arc<Bell>) -> io::Result<Self> {
        let (eye, lost) = open_eye(&places);
        Ok(Self {
            places,
            eye,
            bursts: Bursts::default(),
            lost: lost.map(Lost::Watches),
            alarm: Alarm::new()?,
            bell,
        })
    }

    /// Follows these files from now on. Where they are others than before, the next wait ends in [`Wake::Rescan`].
    pub fn follow(&mut self, places: Vec<Place>) {
        if places != self.places {
            self.places = places;
            self.renew();
        }
    }

    /// Looks for all folders anew. The next wait ends in [`Wake::Rescan`].
    pub fn renew(&mut self) {
        let (eye, refused) = open_eye(&self.places);
        let was_polling = matches!(self.eye, Eye::Polling(_));
        self.eye = eye;
        self.lost = Some(match refused {
            // It was said once.
            Some(refused) if !was_polling => Lost::Watches(refused),
            Some(_) | None => Lost::Folders,
        });
    }

    /// Waits for whatever comes first, at most until a time.
    pub fn wait(&mut self, until: Option<BootTime>) -> io::Result<Wake> {
        loop {
            self.look();
            let now = BootTime::now();
            if let Some(asked) = self.bell.asked() {
                return Ok(Wake::Asked(asked));
            }
            if let Some(lost) = self.bursts.take_rescan(now, &mut self.lost) {
                return Ok(Wake::Rescan(lost));
            }
            let touched = self.bursts.take(now);
            if !touched.is_empty() {
                return Ok(Wake::Touched(touched));
            }
            if self.bell.rung() {
                return Ok(Wake::Rung);
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(Wake::Due);
            }
            let next_look = match &self.eye {
                Eye::Inotify(_) => None,
                Eye::Polling(polling) => Some(polling.next()),
            };
            let times = [until, self.bursts.next(), next_look];
            self.sleep(times.into_iter().flatten().min())?;
        }
    }

    /// A number that is another one once the content of a file has changed; nothing while somebody is writing it, or
    /// where that is not known. Who reads a file between two equal ones has read what its writer wanted it to be.
    pub fn version(&mut self, path: &Path) -> Option<u64> {
        await_writers(path);
        self.look();
        match self.lost {
            Some(_) => None,
            None => self.bursts.version(path, BootTime::now()),
        }
    }

    /// The same of all files that are concerned, as far as their changes were told by now.
    pub fn version_of(&mut self, concerned: &dyn Fn(&Path) -> bool) -> Option<u64> {
        self.look();
        match self.lost {
            Some(_) => None,
            None => self.bursts.version_of(concerned, BootTime::now()),
        }
    }

    /// Takes up what has happened since.
    fn look(&mut self) {
        let now = BootTime::now();
        let seen = match &mut self.eye {
            Eye::Inotify(inotify) => inotify.read(&self.places),
            Eye::Polling(polling) => polling.look(&self.places, now),
        };
        for (path, state) in seen.paths {
            if !self.bursts.touch(path, now, state) {
                self.lost.get_or_insert(Lost::Overflow);
            }
        }
        if seen.folders {
            self.renew();
        } else if seen.overflow {
            self.lost.get_or_insert(Lost::Overflow);
        }
        if self.lost.is_some() {
            self.bursts.touch_all(now);
        }
    }

    fn sleep(&self, until: Option<BootTime>) -> io::Result<()> {
        self.alarm.set(until)?;
        let watched: [Option<BorrowedFd<'_>>; 3] = [
            Some(self.alarm.as_fd()),
            Some(self.bell.as_fd()),
            match &self.eye {
                Eye::Inotify(inotify) => Some(inotify.as_fd()),
                Eye::Polling(_) => None,
            },
        ];
        let mut watched: Vec<PollFd<'_>> = watched
            .iter()
            .flatten()
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        match rustix::event::poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

fn open_eye(places: &[Place]) -> (Eye, Option<io::Error>) {
    match Inotify::open(places) {
        Ok(inotify) => (Eye::Inotify(inotify), None),
        Err(error) => (Eye::Polling(Polling::new(places)), Some(error)),
    }
}

/// Waits until what the system is doing to a file's content is told too. Cutting a file takes its time, and it is seen
/// before it is told; looking for its data waits for the same lock.
fn await_writers(path: &Path) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) {
        // A file without data has none to be found.
        let _found = rustix::fs::seek(file, SeekFrom::Data(0));
    }
}

/// The nearest folder on the way to `folder` that is there, and the name in it that is next on the way.
fn nearest(folder: &Path) -> Option<(&Path, &std::ffi::OsStr)> {
    let mut missing = folder;
    loop {
        let parent = missing.parent()?;
        if parent.is_dir() {
            return Some((parent, missing.file_name()?));
        }
        missing = parent;
    }
}

#[cfg(test)]
mod tests;
