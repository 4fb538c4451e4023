//! A schema that is brought into the store, with the schemas beside it that it refers to.

use std::path::Path;

use super::draft::{ByHand, Draft};
use super::plugin::PluginError;
use super::{Store, StoreError};
use crate::files;
use crate::schema::{CheckOptions, Checker, Library, Schema};

/// A schema that was read from elsewhere and can be used.
pub(super) struct Brought {
    /// What it is called there.
    name: String,
    text: String,
    /// It with all that it refers to.
    pub schema: Schema,
    /// The files that come along, by where they will stand.
    referenced: Vec<(String, Vec<u8>)>,
}

impl Brought {
    /// Reads a schema for a plugin. What is wrong with it is said of the file that was named, not of the copy that is to
    /// be.
    pub(super) fn read(store: &Store, plugin: &str, path: &Path) -> Result<Self, StoreError> {
        let text = files::read_text(path, store.limits.file_size)?;
        let name = path.display().to_string();
        let parsed = Schema::parse(&name, &text)?;
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let own = store.root.join("schemas").join(plugin);
        let folders = [folder.unwrap_or(Path::new(".")).to_owned(), own];
        let library = Library::new(folders.into_iter().filter(|folder| folder.is_dir()));
        let schema = parsed.with_references(&library)?;
        let compiled = Checker::compile(&schema, &library, CheckOptions::default());
        compiled.map_err(|errors| StoreError::Schema { errors })?;
        let referenced = schema.referenced().map(|path| {
            let path = Path::new(path);
            let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = files::read(path, store.limits.file_size)?;
            Ok((format!("schemas/{plugin}/{file_name}"), bytes))
        });
        let referenced = referenced.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Self {
            name,
            text,
            schema,
            referenced,
        })
    }

    /// Puts the schema at its place, and those that it refers to beside it, so that the store needs nothing outside it.
    ///
    /// # Errors
    /// [`PluginError::SchemaThere`] where another one stands there under the name of one of these.
    pub(super) fn put(&self, draft: &mut Draft<'_, '_>, place: &str) -> Result<(), StoreError> {
        for (path, bytes) in &self.referenced {
            let is_main = path == place;
            let file = draft.file(path)?;
            match &file.live {
                Some(there) if there == bytes && !is_main => file.by_hand = ByHand::Accepted,
                None if !is_main => file.after = Some(bytes.clone()),
                Some(_) | None => {
                    let (path, schema) = (path.clone(), self.name.clone());
                    return Err(PluginError::SchemaThere { path, schema }.into());
                }
            }
        }
        draft.put_file(place, Some(self.text.clone().into_bytes()))
    }
}
