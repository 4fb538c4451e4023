//! A new repository: built aside, made durable, and renamed into place as a whole, so that a crash leaves
//! either no repository or a complete one.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use git2::Repository;

use super::prepare::{Edit, Origin, build_in_memory, prepare};
use super::{BRANCH, History, HistoryError, libgit2, publish, reference, settings};
use crate::files::{self, Durability, FileError, Ownership};
use crate::revision::{Message, RevisionId};

/// Where a repository is built. One that a crash left is removed by the next attempt.
const BUILDING: &str = ".git.valvecfg-new";

/// Makes the repository of a store in `root`, with a first revision of these files.
pub fn create(root: &Path, edits: &[Edit], origin: &Origin, message: &Message) -> Result<RevisionId, HistoryError> {
    libgit2::configure();
    let building = root.join(BUILDING);
    match std::fs::remove_dir_all(&building) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(FileError::io("remove", &building, source).into());
        }
        Ok(()) | Err(_) => {}
    }
    let ownership = Ownership::of(root)?;
    let mut durability = Durability::begin(root)?;
    let folders = [
        "",
        "objects",
        "objects/info",
        "objects/pack",
        "refs",
        "refs/heads",
        "refs/tags",
        "refs/valvecfg",
        "info",
        "valvecfg",
    ];
    for folder in folders {
        let folder = building.join(folder);
        files::create_folder(&folder, ownership)?;
        durability.folder(&folder);
    }
    for (name, text) in [
        ("HEAD", format!("ref: {BRANCH}\n").as_str()),
        ("config", settings::NEW_CONFIG),
        ("info/exclude", &settings::new_exclude()),
    ] {
        let path = building.join(name);
        files::create(&path, text.as_bytes(), 0o644, ownership)?;
        durability.file(&path);
    }
    publish::sweep(&building, ownership)?;
    durability.folder(&publish::incoming(&building));

    let repository = Repository::open(&building).map_err(HistoryError::git("open the new repository"))?;
    build_in_memory(&repository)?;
    let prepared = prepare(&repository, None, edits, origin, message)?;
    let history = History {
        repository,
        git: building.clone(),
        builds_in_memory: Cell::new(true),
        folders: RefCell::default(),
    };
    let file_of = |path: &str| {
        std::fs::symlink_metadata(root.join(path))
            .ok()
            .filter(std::fs::Metadata::is_file)
    };
    let publication = prepared.stage(&building, ownership, &mut durability)?.complete(
        &history,
        &file_of,
        ownership,
        &mut durability,
    )?;
    durability.barrier()?;
    publication.place(&building, ownership, &mut durability)?;
    publication
        .lock(&building, Duration::ZERO)?
        .publish(&mut durability)??;
    durability.barrier()?;

    if reference::read(&building, BRANCH)? != Some(publication.revision) {
        return Err(super::unexpected(
            &building.join(BRANCH),
            "it does not hold what was written",
        ));
    }
    let git = root.join(".git");
    if !files::rename_to_free(&building, &git)? {
        return Err(FileError::io("make", &git, std::io::Error::from(std::io::ErrorKind::AlreadyExists)).into());
    }
    durability.folder(root);
    durability.barrier()?;
    Ok(publication.revision)
}
