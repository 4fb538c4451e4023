//! A save that a crash leaves beside its file. Whoever exchanges two names and is killed before it has put back what
//! it displaced leaves two saves of somebody else, one under each name, and nobody can tell which is the newer.

use std::path::{Path, PathBuf};

use super::super::{FileError, read_if_present, rename_to_free};
use super::Replacement;

impl Replacement {
    /// Puts what stands under the staged name aside, under a free name beside the target, where it is neither the old
    /// content nor the new one and `undo` or `redo` would forget it. Answers that name. For recovery after a crash
    /// alone: a writer that lives has seen which save was the last.
    pub fn keep_save(&self, is_undone: bool) -> Result<Option<PathBuf>, FileError> {
        let now = read_if_present(&self.target, u64::MAX - 1)?;
        let staged = read_if_present(&self.staged, u64::MAX - 1)?;
        let is_save = staged.is_some() && staged != self.before && staged != self.after && staged != now;
        // Undoing puts back what was displaced by our content, or by nothing.
        let comes_back = is_undone && !self.in_place && now == self.after;
        if !is_save || comes_back {
            return Ok(None);
        }
        for number in 1_u64.. {
            let kept = kept_path(&self.target, number);
            if rename_to_free(&self.staged, &kept)? {
                return Ok(Some(kept));
            }
        }
        Ok(None)
    }
}

/// `valve.kept-1.toml` beside `valve.toml`, which `status` shows as a file of no plugin. Other files get the number at
/// the end of their names: a second schema could be taken for the first.
fn kept_path(target: &Path, number: u64) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(match name.strip_suffix(".toml") {
        Some(stem) => format!("{stem}.kept-{number}.toml"),
        None => format!("{name}.kept-{number}"),
    })
}
