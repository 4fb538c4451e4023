//! What a watcher sees of real files.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{Asked, Bell, BootTime, Lost, Place, Wake, Watcher};

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long without an event there is none.
const SILENCE: Duration = Duration::from_millis(300);

struct Scene {
    folder: TempDir,
    bell: Arc<Bell>,
    watcher: Watcher,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("plugins")).unwrap();
        write(&folder.path().join("plugins/valve.toml"), "a = 1\n");
        let bell = Arc::new(Bell::new().unwrap());
        let places = vec![Place::ending(folder.path().join("plugins"), ".toml")];
        let watcher = Watcher::new(places, Arc::clone(&bell)).unwrap();
        Self { folder, bell, watcher }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn wait(&mut self) -> Wake {
        let wake = self.watcher.wait(Some(BootTime::now() + PATIENCE)).unwrap();
        assert!(!matches!(wake, Wake::Due), "nothing was seen");
        wake
    }

    /// The names of the files that were touched, once nothing more comes.
    fn touched(&mut self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut patience = PATIENCE;
        loop {
            match self.watcher.wait(Some(BootTime::now() + patience)).unwrap() {
                Wake::Touched(paths) => {
                    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
                    names.extend(paths.iter().map(name));
                    patience = SILENCE;
                }
                Wake::Due => return names,
                other @ (Wake::Rescan(_) | Wake::Rung | Wake::Asked(_)) => panic!("{other:?}"),
            }
        }
    }

    fn assert_silent(&mut self) {
        let wake = self.watcher.wait(Some(BootTime::now() + SILENCE)).unwrap();
        assert!(matches!(wake, Wake::Due), "{wake:?}");
    }
}

fn write(path: &Path, text: &str) {
    File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn every_way_of_saving_is_seen() {
    let mut scene = Scene::new();
    let file = scene.path("plugins/valve.toml");
    let beside = scene.path("plugins/.valve.toml.new");
    let ways: [(&str, &dyn Fn()); 8] = [
        ("in place", &|| write(&file, "a = 2\n")),
        ("appended", &|| {
            let mut opened = OpenOptions::new().append(true).open(&file).unwrap();
            opened.write_all(b"b = 1\n").unwrap();
        }),
        ("renamed over", &|| {
            write(&beside, "a = 3\n");
            fs::rename(&beside, &file).unwrap();
        }),
        ("backed up and written anew", &|| {
            fs::rename(&file, file.with_extension("toml~")).unwrap();
            write(&file, "a = 4\n");
        }),
        ("removed", &|| fs::remove_file(&file).unwrap()),
        ("linked", &|| {
            write(&beside, "a = 5\n");
            fs::hard_link(&beside, &file).unwrap();
            fs::remove_file(&beside).unwrap();
        }),
        ("given other rights", &|| {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("a symbolic link", &|| {
            fs::remove_file(&file).unwrap();
            symlink("../elsewhere.toml", &file).unwrap();
        }),
    ];
    for (way, save) in ways {
        save();
        assert_eq!(scene.touched(), BTreeSet::from(["valve.toml".to_owned()]), "{way}");
    }
}

#[test]
fn a_file_without_a_name_that_gets_one_is_seen() {
    let mut scene = Scene::new();
    let flags = rustix::fs::OFlags::TMPFILE.bits();
    let opened = OpenOptions::new()
        .write(true)
        .custom_flags(flags.cast_signed())
        .open(scene.path("plugins"));
    // Not every file system has such files.
    let Ok(mut file) = opened else { return };
    file.write_all(b"a = 1\n").unwrap();
    let own = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    let (cwd, follow) = (rustix::fs::CWD, rustix::fs::AtFlags::SYMLINK_FOLLOW);
    rustix::fs::linkat(cwd, own, cwd, scene.path("plugins/heating.toml"), follow).unwrap();
    assert_eq!(scene.touched(), BTreeSet::from(["heating.toml".to_owned()]));
}

#[test]
fn reading_and_what_stands_beside_are_not_seen() {
    let mut scene = Scene::new();
    fs::read(scene.path("plugins/valve.toml")).unwrap();
    fs::read_dir(scene.path("plugins")).unwrap().for_each(drop);
    for litter in [".valve.toml.valvecfg", ".valve.toml.swp", "valve.toml~", "4913"] {
        let path = scene.path("plugins").join(litter);
        write(&path, "a = 1\n");
        fs::remove_file(path).unwrap();
    }
    scene.assert_silent();
}

#[test]
fn folders_that_come_and_go_are_found_again() {
    let mut scene = Scene::new();
    let root = scene.path("");
    // Each takes the followed folder away by another way, and then brings it back.
    let removed = scene.path("plugins");
    fs::remove_dir_all(&removed).unwrap();
    while let Wake::Touched(_) = scene.wait() {}
    fs::create_dir(&removed).unwrap();
    assert!(matches!(scene.wait(), Wake::Rescan(Lost::Folders)));
    write(&scene.path("plugins/valve.toml"), "a = 1\n");
    assert!(matches!(scene.wait(), Wake::Touched(_)));
    while !matches!(scene.watcher.wait(Some(BootTime::now() + SILENCE)).unwrap(), Wake::Due) {}

    let moved = root.with_extension("moved");
    fs::rename(&root, &moved).unwrap();
    assert!(matches!(scene.wait(), Wake::Rescan(Lost::Folders)));
    fs::create_dir_all(&removed).unwrap();
    while !matches!(
        scene.watcher.wait(Some(BootTime::now() + SILENCE * 5)).unwrap(),
        Wake::Due
    ) {}
    write(&moved.join("plugins/valve.toml"), "a = 1\n");
    scene.assert_silent();
    write(&scene.path("plugins/valve.toml"), "a = 1\n");
    assert!(matches!(scene.wait(), Wake::Touched(_)));
    fs::remove_dir_all(moved).unwrap();
}

#[test]
fn a_folder_that_somebody_is_in_is_found_again_too() {
    let mut scene = Scene::new();
    let plugins = scene.path("plugins");
    // As a shell is in the folder that it works in.
    let inside = File::open(&plugins).unwrap();
    fs::remove_dir_all(&plugins).unwrap();
    while let Wake::Touched(_) = scene.wait() {}
    fs::create_dir(&plugins).unwrap();
    assert!(matches!(scene.wait(), Wake::Rescan(Lost::Folders)));
    write(&scene.path("plugins/valve.toml"), "a = 1\n");
    assert!(matches!(scene.wait(), Wake::Touched(_)));
    drop(inside);
}

#[test]
fn more_than_the_system_keeps_is_a_rescan() {
    let limit = crate::files::read_text(Path::new("/proc/sys/fs/inotify/max_queued_events"), 100).unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    let mut scene = Scene::new();
    let files = ["plugins/valve.toml", "plugins/heating.toml"].map(|path| scene.path(path));
    // The same event twice would be kept as one.
    for number in 0..=limit {
        File::create(&files[number % 2]).unwrap();
    }
    assert!(matches!(scene.wait(), Wake::Rescan(Lost::Overflow)));
    scene.assert_silent();
    write(&files[0], "a = 1\n");
    assert_eq!(scene.touched(), BTreeSet::from(["valve.toml".to_owned()]));
}

/// Who runs programs in this process has the same signals end it, so this signals a process of its own.
#[test]
fn signals_end_the_wait() {
    let own = std::env::current_exe().unwrap();
    let output = std::process::Command::new(own)
        .args(["--ignored", "--exact", "watch::tests::threads_and_signals_wake_it"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "it is a part of another"]
fn threads_and_signals_wake_it() {
    let folder = tempfile::tempdir().unwrap();
    let bell = Arc::new(Bell::of_signals().unwrap());
    let mut watcher = Watcher::new(vec![Place::whole(folder.path().to_owned())], Arc::clone(&bell)).unwrap();
    let mut wait = || watcher.wait(Some(BootTime::now() + PATIENCE)).unwrap();
    let ringer = std::thread::spawn({
        let bell = Arc::clone(&bell);
        move || bell.ring()
    });
    assert!(matches!(wait(), Wake::Rung));
    ringer.join().unwrap();
    signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
    assert!(matches!(wait(), Wake::Asked(Asked::Reload)));
    signal_hook::low_level::raise(signal_hook::consts::SIGHUP).unwrap();
    signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
    assert!(matches!(wait(), Wake::Asked(Asked::End)));
    assert!(matches!(wait(), Wake::Asked(Asked::Reload)));
}

#[test]
fn a_time_that_has_come_ends_the_wait() {
    let mut scene = Scene::new();
    let now = BootTime::now();
    let wake = scene.watcher.wait(Some(now + Duration::from_millis(20))).unwrap();
    assert!(matches!(wake, Wake::Due));
    assert!(BootTime::now() >= now + Duration::from_millis(20));
    scene.bell.ring();
    assert!(matches!(scene.watcher.wait(None).unwrap(), Wake::Rung));
}
