//! Setting aside what a file held, under another name beside it.

use std::path::Path;

use super::attributes::keep_attributes;
use super::{Durability, FileError, Ownership, create, mode_of, refuse_special, remove, rename, staged_path};

/// Writes bytes that a file held, or some of them, under another name, durably. It gets that file's owner, mode and
/// attributes, as far as the system lets us, and takes the place of what has that name.
pub fn set_aside(original: &Path, bytes: &[u8], aside: &Path) -> Result<(), FileError> {
    let metadata = std::fs::metadata(original).map_err(|source| FileError::io("look at", original, source))?;
    refuse_special(original, &metadata)?;
    let folder = aside.parent().unwrap_or(Path::new("/"));
    let mut durability = Durability::begin(folder)?;
    let staged = staged_path(aside);
    remove(&staged)?;
    // What its owner may not do with it nobody may, until it is his.
    create(&staged, bytes, mode_of(&metadata) & 0o700, Ownership::of(folder)?)?;
    let placed = keep_attributes(original, &metadata, &staged).and_then(|_kept| {
        durability.file(&staged);
        durability.barrier()?;
        rename(&staged, aside)?;
        durability.folder(folder);
        durability.barrier()
    });
    placed.inspect_err(|_| {
        // Its own failure would say nothing new.
        drop(remove(&staged));
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::set_aside;

    #[test]
    fn what_is_set_aside_keeps_the_mode_and_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (
            folder.path().join("valve.toml"),
            folder.path().join("valve.toml.rejected"),
        );
        for (mode, text) in [(0o640, "a = 1"), (0o600, "b")] {
            File::create(&path).unwrap().write_all(b"x").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            set_aside(&path, text.as_bytes(), &aside).unwrap();
            assert_eq!(fs::read(&aside).unwrap(), text.as_bytes());
            assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
