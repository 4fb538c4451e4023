//! Files of `.git/valvecfg` that say what is to be done: a checksum, then JSON. One that was torn is known as such and
//! never half believed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::history::BlobId;

/// What such a file holds.
#[derive(Debug)]
pub(super) enum Content<T> {
    /// It is whole.
    Whole(T),
    /// It is empty, cut off, or not what was written.
    Torn,
}

/// A value as such a file has it.
pub(super) fn encode<T: Serialize>(
    value: &T,
    explain: impl FnOnce(serde_json::Error) -> StoreError,
) -> Result<Vec<u8>, StoreError> {
    let body = serde_json::to_string(value).map_err(explain)?;
    let sum = BlobId::of(body.as_bytes())?;
    Ok(format!("{sum}\n{body}\n").into_bytes())
}

/// What such a file holds. A whole one that says nothing sensible is of another version.
pub(super) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    explain: impl FnOnce(serde_json::Error) -> StoreError,
) -> Result<Content<T>, StoreError> {
    let text = String::from_utf8_lossy(bytes);
    let (sum, body) = text.split_once('\n').unwrap_or_default();
    let body = body.strip_suffix('\n').unwrap_or_default();
    if BlobId::of(body.as_bytes())?.to_string() != sum {
        return Ok(Content::Torn);
    }
    serde_json::from_str(body).map(Content::Whole).map_err(explain)
}
