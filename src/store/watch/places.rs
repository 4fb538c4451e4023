//! Which files of a store are followed, and what it means when one is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::history;
use crate::store::manifest::{MANIFEST, plugin_of};
use crate::watch::Place;

/// What is said of this machine alone, beside the manifest.
const LOCAL: &str = "valvecfg.local.toml";
/// What waits for confirmation, in `.git/valvecfg`.
const CONFIRMATION: &str = "confirmation";
/// As many links as the system follows.
const MOST_LINKS: usize = 40;

/// What was touched.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Settings files, from the store's folder.
    pub settings: BTreeSet<String>,
    /// Whether the manifest, a schema or a migration was.
    pub rules: bool,
    /// Whether the branch was, or what is noted for delivery or waits for confirmation.
    pub history: bool,
    /// Whether links lead elsewhere, or other folders are to be followed.
    pub places: bool,
}

/// The files of a store that are followed.
pub(super) struct Places {
    root: PathBuf,
    /// Where links of followed files lead, and which files they are.
    targets: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Places {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            targets: BTreeMap::new(),
        }
    }

    /// Looks what is to be followed.
    pub(super) fn look(&mut self) -> Vec<Place> {
        let root = self.root.clone();
        let git = root.join(".git");
        let branch = git.join(history::BRANCH);
        let mut places = vec![
            Place::these(root.clone(), [MANIFEST, LOCAL]),
            Place::ending(root.join("plugins"), ".toml"),
            Place::these(git.clone(), ["HEAD", "packed-refs"]),
            Place::whole(git.join("valvecfg/undelivered")),
            Place::these(git.join("valvecfg"), [CONFIRMATION]),
        ];
        if let (Some(folder), Some(name)) = (branch.parent(), branch.file_name()) {
            places.push(Place::these(folder.to_owned(), [name]));
        }
        for (folder, end) in [("schemas", ".json"), ("migrations", ".toml")] {
            let folder = root.join(folder);
            let below = entries(&folder).filter(|path| path.is_dir());
            places.extend(below.map(|below| Place::ending(below, end)));
            places.push(Place::whole(folder));
        }
        self.look_for_links();
        let mut linked: BTreeMap<PathBuf, BTreeSet<OsString>> = BTreeMap::new();
        for target in self.targets.keys() {
            if let (Some(folder), Some(name)) = (target.parent(), target.file_name()) {
                linked.entry(folder.to_owned()).or_default().insert(name.to_owned());
            }
        }
        places.extend(linked.into_iter().map(|(folder, names)| Place::these(folder, names)));
        places.sort();
        places
    }

    fn look_for_links(&mut self) {
        self.targets.clear();
        let settings = entries(&self.root.join("plugins"));
        for file in settings.chain([self.root.join(MANIFEST), self.root.join(LOCAL)]) {
            let Some(path) = self.path_of(&file) else { continue };
            let mut link = file;
            for _ in 0..MOST_LINKS {
                let Ok(target) = std::fs::read_link(&link) else { break };
                link = link.parent().map_or(target.clone(), |folder| folder.join(&target));
                self.targets.entry(link.clone()).or_default().insert(path.clone());
            }
        }
    }

    /// What these paths mean.
    pub(super) fn meaning(&self, paths: &BTreeSet<PathBuf>) -> Touched {
        let mut touched = Touched::default();
        for path in paths {
            if let Some(links) = self.targets.get(path) {
                touched.places |= path.is_symlink();
                for link in links {
                    touched.note(link);
                }
            }
            if let Some(own) = self.path_of(path) {
                let was_link = self.targets.values().any(|links| links.contains(&own));
                touched.places |= was_link || path.is_symlink();
                touched.note(&own);
            }
        }
        touched
    }

    /// The file at a path from the store's folder, and those that it leads to.
    pub(super) fn files_of(&self, path: &str) -> Vec<PathBuf> {
        let leads_there = self.targets.iter().filter(|(_, links)| links.contains(path));
        let targets = leads_there.map(|(target, _)| target.clone());
        std::iter::once(self.root.join(path)).chain(targets).collect()
    }

    /// Whether a file is the manifest, a schema or a migration.
    pub(super) fn is_rule(&self, path: &Path) -> bool {
        let mut touched = Touched::default();
        let linked = self.targets.get(path).into_iter().flatten().map(String::as_str);
        let own = self.path_of(path);
        for path in linked.chain(own.as_deref()) {
            touched.note(path);
        }
        touched.rules
    }

    /// A path from the store's folder.
    fn path_of(&self, path: &Path) -> Option<String> {
        let own = path.strip_prefix(&self.root).ok()?;
        own.to_str().map(str::to_owned)
    }
}

impl Touched {
    fn note(&mut self, path: &str) {
        if path.starts_with(".git/") {
            self.history = true;
        } else if plugin_of(path).is_some() {
            self.settings.insert(path.to_owned());
        } else if !path.starts_with("plugins/") {
            self.rules = true;
            self.places |= path.starts_with("schemas/") || path.starts_with("migrations/");
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}
