//! A folder in memory for what must not come on a disk. It goes with all that is in it, also where a signal ends the
//! program.

use std::env;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tempfile::TempDir;

use crate::cli::report::Failure;

/// What `statfs` calls the file systems that live in memory: tmpfs and ramfs, from linux/magic.h.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// How often the editor's end is looked for.
const TICK: Duration = Duration::from_millis(20);

/// A folder of this user alone, in memory.
pub(super) struct MemoryFolder {
    folder: TempDir,
    /// Told to end, other than by Ctrl-C, which the editor gets too and may take for its own.
    ended: Arc<AtomicBool>,
}

impl MemoryFolder {
    /// Makes one in `$XDG_RUNTIME_DIR`, or where that is not set in /dev/shm. From here on no signal that can be
    /// caught ends the program before the folder is gone.
    pub(super) fn make() -> Result<Self, Failure> {
        let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
        let place = runtime.map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
        let in_memory = rustix::fs::statfs(&place).is_ok_and(|statfs| {
            // Its sign and width are those of the platform.
            u64::try_from(statfs.f_type).is_ok_and(|kind| IN_MEMORY.contains(&(kind & 0xffff_ffff)))
        });
        if !in_memory {
            return Err(Failure::usage(
                format!(
                    "{} is no folder in memory, and opened secrets must not come on a disk",
                    place.display()
                ),
                "edit without --reveal, or set $XDG_RUNTIME_DIR to a folder of yours on a tmpfs",
            ));
        }
        let failed = |error| Failure::outside(format!("cannot make a private folder in {}", place.display()), error);
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::clone(&ended)).map_err(failed)?;
        }
        signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false))).map_err(failed)?;
        let folder = tempfile::Builder::new()
            .prefix("valvecfg-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place)
            .map_err(failed)?;
        Ok(Self { folder, ended })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end, whose temporary files go here too. A signal that would end this program ends the
    /// command instead.
    pub(super) fn run(&self, command: &mut Command) -> std::io::Result<ExitStatus> {
        let mut child = command.env("TMPDIR", self.path()).spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.ended.load(Ordering::Relaxed) {
                child.kill()?;
                return child.wait();
            }
            thread::sleep(TICK);
        }
    }
}
