//! A file for one reader: what it holds is secret, so it is never there half, and never for others to read.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{Durability, FileError, Ownership, mode_of, refuse_special};

/// The rights of group and others.
const OTHERS: u32 = 0o077;

/// The file that a path names, with symbolic links resolved, and what it is now.
pub fn private_target(path: &Path) -> Result<PathBuf, FileError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    match std::fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            let resolved = std::fs::canonicalize(folder);
            let resolved = resolved.map_err(|source| FileError::io("resolve", folder, source))?;
            Ok(resolved.join(path.file_name().unwrap_or_default()))
        }
        Err(source) => Err(FileError::io("resolve", path, source)),
    }
}

/// How a private file is to be, where somebody says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Private {
    /// Its permissions.
    pub mode: Option<u32>,
    /// The numbers of its owner and group.
    pub owner: (Option<u32>, Option<u32>),
}

/// Puts bytes in the place of a file, or of none, at once and durably. `target` has no links left. Where nothing is said
/// of it, a file that neither group nor others had any right to keeps its owner and mode; any other becomes one of mode
/// 0600, its owner that of new files.
pub fn replace_private(target: &Path, bytes: &[u8], wanted: Private) -> Result<(), FileError> {
    let io = |source: std::io::Error| FileError::io("write", target, source);
    let folder = target.parent().unwrap_or(Path::new("/"));
    let kept = match std::fs::symlink_metadata(target) {
        Ok(metadata) => {
            refuse_special(target, &metadata)?;
            Some(metadata)
        }
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => return Err(FileError::io("look at", target, source)),
    };
    if let Some(metadata) = &kept
        && is_so(metadata, wanted)
        && super::read(target, bytes.len() as u64).is_ok_and(|before| before == bytes)
    {
        return Ok(());
    }
    let kept = kept.filter(|metadata| mode_of(metadata) & OTHERS == 0);
    let mut durability = Durability::begin(folder)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // Made with mode 0600, and gone again where anything below fails.
    let mut staged = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .tempfile_in(folder)
        .map_err(io)?;
    let file = staged.as_file();
    match &kept {
        Some(metadata) => {
            let own = file.metadata().map_err(io)?;
            if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
                std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid())).map_err(io)?;
            }
        }
        None => Ownership::of(folder)?.apply(file).map_err(io)?,
    }
    if let (user, group) = wanted.owner
        && (user.is_some() || group.is_some())
    {
        std::os::unix::fs::fchown(file, user, group).map_err(io)?;
    }
    staged.write_all(bytes).map_err(io)?;
    // Last: others may read it only once it is whole and its owner's.
    if let Some(mode) = wanted.mode.or(kept.as_ref().map(mode_of)) {
        let mode = std::fs::Permissions::from_mode(mode);
        staged.as_file().set_permissions(mode).map_err(io)?;
    }
    durability.file(staged.path());
    durability.barrier()?;
    staged.persist(target).map_err(|error| io(error.error))?;
    durability.file(target);
    durability.barrier()
}

/// Whether a file is already as it is wanted, but for its content.
fn is_so(metadata: &std::fs::Metadata, wanted: Private) -> bool {
    let mode = mode_of(metadata);
    let (user, group) = wanted.owner;
    wanted.mode.map_or(mode & OTHERS == 0, |wanted| wanted == mode)
        && user.is_none_or(|user| user == metadata.uid())
        && group.is_none_or(|group| group == metadata.gid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{Private, private_target, replace_private};
    use crate::files::FileError;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn the_mode_of_a_file_stays_only_where_nobody_else_had_a_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("valve.toml");
        replace_private(&path, b"1", Private::default()).unwrap();
        assert_eq!(mode(&path), 0o600);
        for (before, after) in [
            (0o400, 0o400),
            (0o640, 0o600),
            (0o604, 0o600),
            (0o644, 0o600),
            (0o700, 0o700),
        ] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before)).unwrap();
            replace_private(&path, b"22", Private::default()).unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"22");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_and_what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("valve.toml"), folder.path().join("link"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        std::fs::File::create(&path).unwrap();
        replace_private(&private_target(&link).unwrap(), b"1", Private::default()).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        assert!(matches!(
            replace_private(folder.path(), b"1", Private::default()),
            Err(FileError::NotRegular { .. })
        ));
        assert!(matches!(
            replace_private(Path::new("/dev/null"), b"1", Private::default()),
            Err(FileError::NotRegular { .. })
        ));
    }
}
