//! The accounts of this machine.
//!
//! Its files are read by ourselves: the C library's look-ups load code of the machine, which a static program cannot
//! rely on. An account from elsewhere is known by its number only.

use std::path::{Path, PathBuf};

use crate::files;

/// `/etc/passwd` of a machine with many users.
const LIMIT: u64 = 16 << 20;

/// One account of this machine.
pub(super) struct Account {
    pub name: String,
    pub full_name: String,
    pub home: PathBuf,
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account with a number.
    pub(super) fn of(uid: u32) -> Option<Self> {
        Self::find(|account| account.uid == uid)
    }

    fn find(fits: impl Fn(&Self) -> bool) -> Option<Self> {
        let text = files::read_text(Path::new("/etc/passwd"), LIMIT).ok()?;
        let parse = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, gecos, home, _] = fields.as_slice() else {
                return None;
            };
            Some(Self {
                name: (*name).to_owned(),
                full_name: gecos.split(',').next().unwrap_or_default().to_owned(),
                home: PathBuf::from(home),
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            })
        };
        text.lines().filter_map(parse).find(fits)
    }
}

/// The numbers that `USER`, `USER:GROUP` or `:GROUP` mean, by name or number. A user without a group is one of its own
/// group. Nothing where there is no such account.
pub(super) fn owner(text: &str) -> Option<(Option<u32>, Option<u32>)> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let (uid, own) = match (user, user.parse()) {
        ("", _) => (None, None),
        (_, Ok(uid)) => (Some(uid), Account::of(uid).map(|account| account.gid)),
        (name, Err(_)) => {
            let account = Account::find(|account| account.name == name)?;
            (Some(account.uid), Some(account.gid))
        }
    };
    let gid = match group {
        None => own,
        Some(group) => Some(group.parse().ok().or_else(|| group_of(group))?),
    };
    Some((uid, gid))
}

fn group_of(name: &str) -> Option<u32> {
    let text = files::read_text(Path::new("/etc/group"), LIMIT).ok()?;
    text.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [group, _, gid, _] = fields.as_slice() else {
            return None;
        };
        gid.parse().ok().filter(|_| *group == name)
    })
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn an_owner_is_named_by_name_or_number() {
        assert_eq!(owner("root"), Some((Some(0), Some(0))));
        assert_eq!(owner("0:0"), Some((Some(0), Some(0))));
        assert_eq!(owner("root:root"), Some((Some(0), Some(0))));
        assert_eq!(owner("4242424"), Some((Some(4_242_424), None)));
        assert_eq!(owner(":0"), Some((None, Some(0))));
        assert_eq!(owner("nobody-of-this-name"), None);
        assert_eq!(owner("root:no-such-group"), None);
    }
}
