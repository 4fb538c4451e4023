//! One new pack: what goes into it in which order, building it aside, reading it back, putting it in place.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, Oid, Repository};

use super::super::{HistoryError, unexpected};
use super::existing::ExistingPack;
use crate::files::{self, Durability, FileError, Ownership};

/// An object and the path under which it is recorded, by which similar ones are found.
pub(super) type Arranged = (Oid, Option<String>);

/// The folder where packs are built. It looks like an object database, so that libgit2 can read from it alone.
pub(super) struct Workspace {
    folder: PathBuf,
    packs: PathBuf,
    placed: PathBuf,
    ownership: Ownership,
}

impl Workspace {
    /// Makes the workspace, or clears what a killed run left there.
    pub(super) fn prepare(git: &Path, ownership: Ownership) -> Result<Self, HistoryError> {
        let folder = git.join("valvecfg/maintenance");
        let workspace = Self {
            packs: folder.join("pack"),
            placed: git.join("objects/pack"),
            folder,
            ownership,
        };
        files::create_folder(&workspace.folder, ownership)?;
        files::create_folder(&workspace.packs, ownership)?;
        files::create_folder(&workspace.placed, ownership)?;
        workspace.clear()?;
        Ok(workspace)
    }

    /// Removes everything in it, and a pack that was put in place without its index: that one is here still, and
    /// nothing has been removed for it.
    pub(super) fn clear(&self) -> Result<(), HistoryError> {
        let io = |source: io::Error| FileError::io("list", &self.packs, source);
        for entry in std::fs::read_dir(&self.packs).map_err(io)? {
            let staged = entry.map_err(io)?.path();
            let is_index = staged.extension().is_some_and(|extension| extension == "idx");
            if let (true, Some(name)) = (is_index && !staged.with_extension("pack").exists(), staged.file_stem()) {
                let placed = self.placed.join(name);
                if !placed.with_extension("idx").exists() {
                    files::remove(&placed.with_extension("pack"))?;
                }
            }
            files::remove(&staged)?;
        }
        Ok(())
    }

    /// Builds a pack of these objects and says its name.
    pub(super) fn build(
        &self,
        repository: &Repository,
        objects: &[Arranged],
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<String, HistoryError> {
        let failed = HistoryError::git;
        let mut builder = repository.packbuilder().map_err(failed("begin a pack"))?;
        for (id, path) in objects {
            builder
                .insert_object(*id, path.as_deref())
                .map_err(failed("add an object to a pack"))?;
        }
        builder
            .set_progress_callback(|_, current, total| {
                progress(current as usize, total as usize);
                true
            })
            .map_err(failed("begin a pack"))?;
        builder.write(&self.packs, 0o444).map_err(failed("write a pack"))?;
        let name = builder.name().map_err(failed("name a pack"))?;
        let name = name.ok_or_else(|| unexpected(&self.packs, "a new pack has no name"))?;
        Ok(format!("pack-{name}"))
    }

    /// Which of these objects can be read from the packs in the workspace, whole and with the right id.
    pub(super) fn read_back(&self, ids: &[Oid]) -> Result<Vec<Oid>, HistoryError> {
        let failed = HistoryError::git;
        let folder = File::open(&self.folder).map_err(|source| FileError::io("open", &self.folder, source))?;
        // git2 takes this name as text, which a path need not be.
        let name = match self.folder.to_str() {
            Some(name) => name.to_owned(),
            None => format!("/proc/self/fd/{}", folder.as_raw_fd()),
        };
        let database = Odb::new().map_err(failed("read a new pack"))?;
        database.add_disk_alternate(&name).map_err(failed("read a new pack"))?;
        // Reading checks the id.
        Ok(ids.iter().copied().filter(|id| database.read(*id).is_ok()).collect())
    }

    /// Whether all of these objects can be read from one pack of the repository.
    pub(super) fn read_back_from(&self, pack: &ExistingPack, ids: &[Oid]) -> Result<bool, HistoryError> {
        for extension in ["pack", "idx"] {
            let link = self.packs.join(pack.name()).with_extension(extension);
            files::remove(&link)?;
            std::os::unix::fs::symlink(pack.file(extension), &link)
                .map_err(|source| FileError::io("link to", &link, source))?;
        }
        let held = self.read_back(ids)?;
        // Not by `clear`: a link is no pack of ours.
        for extension in ["idx", "pack"] {
            files::remove(&self.packs.join(pack.name()).with_extension(extension))?;
        }
        Ok(held.len() == ids.len())
    }

    /// Puts a pack in place, durable: first its content, then its names.
    pub(super) fn place(&self, name: &str, durability: &mut Durability) -> Result<(), HistoryError> {
        for extension in ["pack", "idx"] {
            let staged = self.packs.join(name).with_extension(extension);
            files::give(&staged, self.ownership)?;
            durability.file(&staged);
        }
        durability.barrier()?;
        self.place_file(name, "pack")?;
        // Last: with its index a pack begins to be read.
        self.place_file(name, "idx")?;
        durability.folder(&self.placed);
        durability.folder(&self.packs);
        Ok(durability.barrier()?)
    }

    pub(super) fn place_file(&self, name: &str, extension: &str) -> Result<(), HistoryError> {
        let staged = self.packs.join(name).with_extension(extension);
        let placed = self.placed.join(name).with_extension(extension);
        // A pack's name is a checksum of all it holds, so one of that name is the same.
        if !files::rename_to_free(&staged, &placed)? {
            files::remove(&staged)?;
        }
        Ok(())
    }
}

/// Puts objects in the order in which they are best packed: the newest revisions first, each with its folders and
/// files. Objects that cannot be read are left out, and stay where they are.
pub(super) fn arrange(repository: &Repository, ids: &[Oid]) -> Result<Vec<Arranged>, HistoryError> {
    let database = repository
        .odb()
        .map_err(HistoryError::git("open the object database"))?;
    let mut pending = HashSet::with_capacity(ids.len());
    let mut commits = Vec::new();
    for id in ids {
        let Ok(object) = database.read(*id) else { continue };
        if pending.insert(*id)
            && object.kind() == ObjectType::Commit
            && let Ok(commit) = repository.find_commit(*id)
        {
            commits.push((commit.time().seconds(), *id, commit.tree_id()));
        }
    }
    // Only how well they compress depends on their times.
    commits.sort_unstable_by(|a, b| b.cmp(a));
    let mut arranged = Vec::with_capacity(pending.len());
    for (_, commit, tree) in commits {
        pending.remove(&commit);
        arranged.push((commit, None));
        let mut trees = vec![(tree, String::new())];
        while let Some((id, path)) = trees.pop() {
            if !pending.remove(&id) {
                continue;
            }
            if let Ok(tree) = repository.find_tree(id) {
                for entry in &tree {
                    // libgit2 takes names to the first NUL, which git's names do not have.
                    let below = format!("{path}/{}", String::from_utf8_lossy(entry.name_bytes()));
                    if entry.kind() == Some(ObjectType::Tree) {
                        trees.push((entry.id(), below));
                    } else if pending.remove(&entry.id()) {
                        arranged.push((entry.id(), Some(below)));
                    }
                }
            }
            arranged.push((id, Some(path)));
        }
    }
    // Tags, and what belongs to revisions that are packed already.
    let mut rest: Vec<Oid> = pending.into_iter().collect();
    rest.sort_unstable();
    arranged.extend(rest.into_iter().map(|id| (id, None)));
    Ok(arranged)
}
