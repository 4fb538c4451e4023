//! A file system of its own in an image, on which the power can be cut: what was not synced is gone, as if somebody
//! had pulled the plug.
//!
//! The store is reached by a link from where a test's store always stands. Needs root and loop devices.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::memory;
use crate::environment::{TestEnvironment, copy_folder};

/// What stands in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileSystem {
    /// Writes out by itself after 5 minutes only, so that what was not synced is surely not there.
    Ext4,
    /// Writes out its log after 30 seconds.
    Xfs,
}

/// The major number of loop devices, in the kernel's list of devices.
const LOOP: u32 = 7;

/// The store on its disk, from the root of the disk. Two folders deep, since new folders must be durable too.
const STORE: &str = "site/store";

impl FileSystem {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    fn make(self) -> (&'static str, &'static [&'static str], u64) {
        match self {
            Self::Ext4 => ("mkfs.ext4", &["-q", "-F"], 48 << 20),
            // Newer ones refuse less. The image is sparse.
            Self::Xfs => ("mkfs.xfs", &["-q"], 320 << 20),
        }
    }

    fn options(self) -> &'static str {
        match self {
            Self::Ext4 => "loop,noatime,commit=300",
            // Copies of one image are mounted at the same time.
            Self::Xfs => "loop,noatime,nouuid",
        }
    }

    /// Why no power can be cut here.
    pub(super) fn is_missing(self) -> Option<&'static str> {
        if !rustix::process::geteuid().is_root() {
            return Some("not root");
        }
        let runs = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            output.is_ok_and(|output| output.status.success())
        };
        let (make, options, size) = self.make();
        let folder = tempfile::Builder::new().tempdir_in(memory()).unwrap();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(size).unwrap();
        let [image, folder] = [&image, folder.path()].map(|path| path.to_str().unwrap());
        let mount = ["-t", self.name(), "-o", self.options(), image, folder];
        if !runs("xfs_io", &["-V"]) {
            Some("there is no xfs_io to shut a file system down with")
        } else if !runs(make, &[options, &[image]].concat()) {
            Some("no such file system can be made")
        } else if !(runs("mount", &mount) && runs("umount", &[folder])) {
            Some("no such file system can be mounted on a loop device")
        } else {
            None
        }
    }
}

/// A file system as a test begins with it, to be copied.
pub(super) struct Image {
    folder: TempDir,
    kind: FileSystem,
}

impl Image {
    /// Makes a file system; `fill` is given where the store is to stand.
    pub(super) fn new(kind: FileSystem, fill: &dyn Fn(&TestEnvironment)) -> Self {
        let image = Self {
            folder: tempfile::Builder::new().tempdir_in(memory()).unwrap(),
            kind,
        };
        let path = image.path();
        let (program, options, size) = kind.make();
        File::create(&path).unwrap().set_len(size).unwrap();
        must(Command::new(program).args(options).arg(&path));
        let disk = Disk::of(&path, kind);
        fill(&disk.environment);
        drop(disk);
        image
    }

    /// A file system with a copy of a store on it.
    pub(super) fn of_store(kind: FileSystem, store: &TestEnvironment) -> Self {
        Self::new(kind, &|environment| {
            put_store(environment, store);
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

/// Copies a store to a disk.
pub(super) fn put_store(on: &TestEnvironment, store: &TestEnvironment) {
    let target = on.folder().join("disk").join(STORE);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    copy_folder(&store.store(), &target);
}

/// A mounted file system, unmounted when it is dropped, whatever happened to the test.
pub(super) struct Disk {
    pub environment: TestEnvironment,
    image: PathBuf,
    kind: FileSystem,
}

impl Disk {
    /// A copy of an image, mounted.
    pub(super) fn new(image: &Image) -> Self {
        let environment = TestEnvironment::empty_in(&memory());
        let copied = environment.folder().join("image");
        must(
            Command::new("cp")
                .args(["--reflink=auto", "--sparse=always"])
                .args([image.path(), copied.clone()]),
        );
        Self::mounted(environment, copied, image.kind)
    }

    /// An image itself, mounted.
    fn of(image: &Path, kind: FileSystem) -> Self {
        Self::mounted(TestEnvironment::empty_in(&memory()), image.to_owned(), kind)
    }

    fn mounted(environment: TestEnvironment, image: PathBuf, kind: FileSystem) -> Self {
        fs::create_dir(environment.folder().join("disk")).unwrap();
        symlink(Path::new("disk").join(STORE), environment.store()).unwrap();
        let disk = Self {
            environment,
            image,
            kind,
        };
        disk.mount();
        disk
    }

    /// Where it is mounted.
    pub(super) fn root(&self) -> PathBuf {
        self.environment.folder().join("disk")
    }

    /// Cuts the power and puts it on again. With `stranger`, another program has synced a file of its own just before:
    /// that makes metadata durable whose content is not, which leaves empty files behind.
    pub(super) fn cut(&mut self, stranger: bool) {
        if stranger {
            let mut file = File::create(self.root().join("stranger")).unwrap();
            file.write_all(b"of somebody else").unwrap();
            file.sync_all().unwrap();
        }
        // What is shut down must be this image and nothing else of the machine.
        let device = fs::metadata(self.root()).unwrap().dev();
        assert_eq!(rustix::fs::major(device), LOOP);
        // ioctl 0x8004587D with 2: without flushing the log.
        must(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.root()));
        self.unmount();
        self.mount();
    }

    /// A process that another test is just beginning holds for an instant what this one has open.
    fn unmount(&self) {
        for _ in 0..200 {
            let output = Command::new("umount").arg(self.root()).output().unwrap();
            if output.status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        must(Command::new("umount").arg(self.root()));
    }

    /// Writes these pieces of a file of the store to the disk, each an offset and a length in bytes, and nothing else of it: what the
    /// kernel may do at any time of its own accord.
    pub(super) fn write_out(&self, path: &str, pieces: &[(usize, usize)]) {
        let mut write = Command::new("xfs_io");
        for (offset, length) in pieces {
            write.args(["-c", &format!("sync_range -w -a {offset} {length}")]);
        }
        must(write.arg(self.environment.path(path)));
    }

    fn mount(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-t", self.kind.name(), "-o", self.kind.options()]);
        must(mount.arg(&self.image).arg(self.root()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = |options: &[&str]| {
            let status = Command::new("umount")
                .args(options)
                .arg(self.root())
                .stderr(std::process::Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        // The loop device goes with the mount. Lazily where something still runs there.
        let is_mounted = || fs::metadata(self.root()).is_ok_and(|root| rustix::fs::major(root.dev()) == LOOP);
        if is_mounted() && !unmount(&[]) {
            unmount(&["--lazy"]);
        }
    }
}

#[track_caller]
fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
