//! Keeping a grown repository small and quick: objects that stand in files of their own are packed every
//! thousand revisions or so, and small packs, of those runs or of one revision of many files, are folded into larger
//! ones. At 100,000 revisions this is the
//! difference between two gigabytes and some fifty megabytes.
//!
//! It needs no writer lock and never loses an object. A pack is built aside, read back, made durable and put
//! in place before anything that it holds is removed, and only what was read back is removed. Packs that were
//! folded stay until the next run, for processes that have begun to read them. Killed at any point it leaves a
//! workspace that the next run clears.
//!
//! What it packs is whatever stands loose, reachable or not: it decides nothing about what is needed.

mod existing;
mod pack;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use git2::{Oid, Repository};

use self::existing::ExistingPack;
use self::pack::Workspace;
use super::HistoryError;
use crate::files::{self, Durability, FileError, Ownership};

/// Objects are spread evenly over 256 folders by their ids, so a few of them tell how many there are.
const SAMPLED: [&str; 4] = ["17", "5b", "a1", "e9"];
/// This many in the sampled folders: about 4,096 in all, or a thousand revisions of four objects.
const DUE: usize = 64;
/// One run packs at most this many loose objects, so that it ends soon; what is left is due at once.
const LOOSE_AT_ONCE: usize = 20_000;
/// Packs of fewer objects are folded together.
const SMALL_PACK: usize = 20_000;
/// So many small packs are folded into one. Each pack more makes every look-up a little slower.
const FOLDED: usize = 10;
/// One run folds at most this many objects.
const FOLD_AT_ONCE: usize = 100_000;

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Another process was at it, and nothing was done.
    pub busy: bool,
    /// Objects that stood in files of their own, and stand in a pack now.
    pub packed: usize,
    /// Packs that were folded into one.
    pub folded: usize,
    /// Packs that were removed, since a larger one holds all that they held.
    pub removed: usize,
}

/// Whether so many objects stand in files of their own, or in small packs, in the repository whose folder is `git`, that
/// packing them is worth while. It reads five folders of some ten names each; what cannot be read is not due.
#[must_use]
pub fn due(git: &Path) -> bool {
    let text = files::read_text(&lock_path(git), 64).unwrap_or_default();
    let mut numbers = text.split_whitespace().map(|number| number.parse::<usize>().ok());
    let mut left = || numbers.next().flatten().unwrap_or(0);
    sample(git) >= left().saturating_add(DUE) || existing::count_small(git, SMALL_PACK) >= left().saturating_add(FOLDED)
}

/// Packs loose objects, folds small packs, and removes packs that an earlier run has folded. `progress` is told
/// how many of how many objects have been compressed.
///
/// A failed run is not due again before as many objects have come as made it due.
pub fn run(git: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<Report, HistoryError> {
    let path = lock_path(git);
    let Some(lock) = lock(&path, git)? else {
        return Ok(Report {
            busy: true,
            ..Report::default()
        });
    };
    let done = maintain(git, progress);
    let more_is_due = matches!(done, Ok((_, true)));
    let left = if more_is_due {
        (0, 0)
    } else {
        (sample(git), existing::count_small(git, SMALL_PACK))
    };
    let noted = note(&lock.0, left).map_err(|source| FileError::io("write", &path, source));
    let (report, _) = done?;
    noted?;
    Ok(report)
}

/// Everything, under the lock. Says also whether loose objects are left that the next run packs.
fn maintain(git: &Path, progress: &mut dyn FnMut(usize, usize)) -> Result<(Report, bool), HistoryError> {
    let repository = Repository::open(git).map_err(HistoryError::git("open the git repository"))?;
    let workspace = Workspace::prepare(git, Ownership::of(git)?)?;
    let mut durability = Durability::begin(&git.join("objects"))?;
    let mut report = Report::default();

    let mut packs = existing::list(git)?;
    report.removed = remove_redundant(&workspace, &mut packs, &mut durability)?;

    let loose = loose_objects(git, LOOSE_AT_ONCE)?;
    let partial = loose.len() == LOOSE_AT_ONCE;
    let arranged = pack::arrange(&repository, &loose)?;
    if !arranged.is_empty() {
        let built = workspace.build(&repository, &arranged, progress)?;
        let held = workspace.read_back(&loose)?;
        workspace.place(&built, &mut durability)?;
        for id in &held {
            files::remove(&loose_path(git, *id))?;
        }
        report.packed = held.len();
        packs = existing::list(git)?;
    }

    let small = foldable(&packs);
    if small.len() >= FOLDED {
        let ids: Vec<Oid> = small.iter().flat_map(|pack| pack.ids()).collect();
        let built = workspace.build(&repository, &pack::arrange(&repository, &ids)?, progress)?;
        workspace.place(&built, &mut durability)?;
        report.folded = small.len();
    }
    workspace.clear()?;
    Ok((report, partial))
}

/// Removes small packs all of whose objects a larger one holds and gives back.
fn remove_redundant(
    workspace: &Workspace,
    packs: &mut Vec<ExistingPack>,
    durability: &mut Durability,
) -> Result<usize, HistoryError> {
    let mut redundant = Vec::new();
    for (position, pack) in packs.iter().enumerate() {
        let holder = packs.iter().find(|other| pack.is_foldable() && pack.is_held_by(other));
        redundant.extend(holder.map(|holder| (position, holder.clone())));
    }
    let mut held = Vec::new();
    for (position, holder) in redundant {
        let ids: Vec<Oid> = packs[position].ids().collect();
        if workspace.read_back_from(&holder, &ids)? {
            holder.note(durability);
            held.push(packs[position].clone());
        }
    }
    // Whoever made the holders may not have synced them.
    durability.barrier()?;
    for pack in &held {
        pack.remove(durability)?;
    }
    packs.retain(|pack| !held.iter().any(|held| held.name() == pack.name()));
    Ok(held.len())
}

/// The small packs, as many as are folded at once; those that a larger one holds already are none.
fn foldable(packs: &[ExistingPack]) -> Vec<&ExistingPack> {
    let mut objects = 0;
    let small = packs.iter().filter(|pack| {
        let held = packs.iter().any(|other| pack.is_held_by(other));
        pack.is_foldable() && pack.len() < SMALL_PACK && !held
    });
    small
        .take_while(|pack| {
            objects += pack.len();
            objects <= FOLD_AT_ONCE
        })
        .collect()
}

fn lock_path(git: &Path) -> std::path::PathBuf {
    git.join("valvecfg/maintenance.lock")
}

/// The lock that one run holds.
struct Lock(File);

impl Drop for Lock {
    /// Closing the file is not enough: a child that another thread is about to start shares it for a moment.
    fn drop(&mut self) {
        // It is closed in any case.
        let _closed = self.0.unlock();
    }
}

/// Takes the lock; nothing where another process holds it.
fn lock(path: &Path, git: &Path) -> Result<Option<Lock>, HistoryError> {
    let io = |source: io::Error| FileError::io("lock", path, source);
    files::create_folder(&git.join("valvecfg"), Ownership::of(git)?)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o644)
        .open(path)
        .map_err(io)?;
    files::give(path, Ownership::of(git)?)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(io(source).into()),
    }
}

/// Remembers in the lock file how many objects were left in the sampled folders, and how many small packs, which [`due`]
/// does not count again.
fn note(lock: &File, (objects, packs): (usize, usize)) -> io::Result<()> {
    lock.set_len(0)?;
    lock.write_all_at(format!("{objects} {packs}\n").as_bytes(), 0)
}

fn sample(git: &Path) -> usize {
    let count = |name: &str| std::fs::read_dir(git.join("objects").join(name)).map_or(0, Iterator::count);
    SAMPLED.iter().map(|name| count(name)).sum()
}

fn loose_path(git: &Path, id: Oid) -> std::path::PathBuf {
    let id = id.to_string();
    git.join("objects").join(&id[..2]).join(&id[2..])
}

/// The ids of objects that stand in files of their own.
fn loose_objects(git: &Path, most: usize) -> Result<Vec<Oid>, HistoryError> {
    let mut found = Vec::new();
    for first in 0..=u8::MAX {
        let name = format!("{first:02x}");
        let folder = git.join("objects").join(&name);
        let io = |source| FileError::io("list", &folder, source);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(io(source).into()),
        };
        for entry in entries {
            let rest = entry.map_err(io)?.file_name();
            let id = format!("{name}{}", rest.to_string_lossy());
            // Others are files that a git is about to rename.
            let is_id = id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            if let (true, Ok(id)) = (is_id, Oid::from_str(&id)) {
                found.push(id);
            }
            if found.len() == most {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
