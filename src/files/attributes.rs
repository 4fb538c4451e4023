//! What a file has besides its content: owner, mode, ACL, extended attributes.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::XattrFlags;
use rustix::io::Errno;

use super::FileError;

/// Gives the staged file what the target has: owner, mode, ACL, extended attributes. `false` where the system
/// does not let us, so that a rename would lose it.
pub(super) fn keep_attributes(target: &Path, metadata: &Metadata, staged: &Path) -> Result<bool, FileError> {
    let io = |source: io::Error| FileError::io("copy the attributes of", target, source);
    let file = File::open(staged).map_err(io)?;
    let ours = file.metadata().map_err(io)?;
    if (ours.uid(), ours.gid()) != (metadata.uid(), metadata.gid()) {
        match std::os::unix::fs::fchown(&file, Some(metadata.uid()), Some(metadata.gid())) {
            Ok(()) => {}
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => return Ok(false),
            Err(source) => return Err(io(source)),
        }
    }
    if !copy_extended_attributes(target, &file).map_err(|errno| io(errno.into()))? {
        return Ok(false);
    }
    // Last: an ACL and a change of owner both alter the mode.
    file.set_permissions(metadata.permissions()).map_err(io)?;
    Ok(true)
}

fn copy_extended_attributes(target: &Path, staged: &File) -> rustix::io::Result<bool> {
    let mut names = vec![0_u8; 4096];
    let length = loop {
        match rustix::fs::listxattr(target, &mut names[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) => names.resize(names.len() * 4, 0),
            Err(Errno::NOTSUP) => return Ok(true),
            Err(errno) => return Err(errno),
        }
    };
    // 64 KiB is the kernel's limit for one value.
    let mut value = Vec::new();
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        value.resize(64 << 10, 0);
        let size = rustix::fs::getxattr(target, name, &mut value[..])?;
        match rustix::fs::fsetxattr(staged, name, &value[..size], XattrFlags::empty()) {
            Ok(()) => {}
            Err(Errno::PERM | Errno::ACCESS | Errno::NOTSUP) => return Ok(false),
            Err(errno) => return Err(errno),
        }
    }
    Ok(true)
}
