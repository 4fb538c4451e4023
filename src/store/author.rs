//! Who makes a revision: the person, even behind sudo, under the name that git knows.

use std::env;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::account::Account;
use crate::history::{self, History, Origin};
use crate::revision::{Author, Moment};

/// Who makes a revision now, and when.
///
/// The name comes from git's own variables, else from the store's or the person's git settings, else from the
/// account. `GIT_AUTHOR_DATE` and `GIT_COMMITTER_DATE` hold for the time, as in git.
pub(super) fn origin(history: Option<&History>) -> Origin {
    let author = current(history, "AUTHOR");
    let committer = current(history, "COMMITTER");
    Origin {
        author,
        committer,
        time: now(),
    }
}

/// The account that a file belongs to, as an author.
pub(super) fn owner(history: Option<&History>, uid: u32) -> Author {
    if uid == current_uid() {
        return current(history, "AUTHOR");
    }
    let account = Account::of(uid);
    let name = account
        .as_ref()
        .map_or_else(|| format!("uid {uid}"), |account| account.name.clone());
    let home = account.as_ref().map(|account| account.home.as_path());
    describe(history, home, account.as_ref(), &name)
}

/// The user id of the person: the one behind sudo, else the process's own.
fn current_uid() -> u32 {
    let me = rustix::process::geteuid();
    let behind_sudo = env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    behind_sudo.filter(|_| me.is_root()).unwrap_or(me.as_raw())
}

fn current(history: Option<&History>, role: &str) -> Author {
    let uid = current_uid();
    let account = Account::of(uid);
    let from_environment = || env::var("USER").or_else(|_| env::var("LOGNAME")).ok();
    let name = account
        .as_ref()
        .map(|account| account.name.clone())
        .or_else(from_environment);
    let name = name.unwrap_or_else(|| format!("uid {uid}"));
    let own_home = env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|_| uid == rustix::process::geteuid().as_raw());
    let home = own_home.or_else(|| account.as_ref().map(|account| account.home.clone()));
    let mut author = describe(history, home.as_deref(), account.as_ref(), &name);
    for (variable, field) in [("NAME", &mut author.name), ("EMAIL", &mut author.email)] {
        if let Ok(value) = env::var(format!("GIT_{role}_{variable}"))
            && !value.is_empty()
        {
            *field = value;
        }
    }
    author
}

fn describe(history: Option<&History>, home: Option<&Path>, account: Option<&Account>, name: &str) -> Author {
    let configured = |key| history::setting(history, key, home);
    let full_name = account
        .map(|account| account.full_name.clone())
        .filter(|full_name| !full_name.is_empty());
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    Author {
        name: configured("user.name").or(full_name).unwrap_or_else(|| name.to_owned()),
        email: configured("user.email").unwrap_or_else(|| format!("{name}@{}", host())),
    }
}

/// The current time, or the one that git's variables name.
pub(super) fn now() -> Moment {
    let given = env::var("GIT_COMMITTER_DATE")
        .or_else(|_| env::var("GIT_AUTHOR_DATE"))
        .ok();
    given
        .as_deref()
        .and_then(parse_date)
        .unwrap_or_else(|| moment(&Zoned::now()))
}

/// The current time, whatever anybody would have it be.
pub(super) fn clock() -> Moment {
    moment(&Zoned::now())
}

/// `@1764547200 +0100`, as git writes it, or RFC 3339.
fn parse_date(text: &str) -> Option<Moment> {
    let (seconds, zone) = text
        .trim_start_matches('@')
        .split_once(' ')
        .unwrap_or((text.trim_start_matches('@'), "+0000"));
    if let (Ok(seconds), Ok(zone)) = (seconds.parse(), zone.parse::<i32>()) {
        return Some(Moment {
            seconds,
            offset: zone / 100 * 60 + zone % 100,
        });
    }
    let timestamp: Timestamp = text.parse().ok()?;
    Some(Moment {
        seconds: timestamp.as_second(),
        offset: 0,
    })
}

/// A time, in seconds since 1970, with the offset of this place's clock.
pub(super) fn moment_of(seconds: i64) -> Moment {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    moment(&time.to_zoned(TimeZone::system()))
}

fn moment(time: &Zoned) -> Moment {
    Moment {
        seconds: time.timestamp().as_second(),
        offset: time.offset().seconds() / 60,
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, parse_date};

    #[test]
    fn dates_are_read_as_git_writes_them() {
        assert_eq!(
            parse_date("@1764547200 +0130"),
            Some(Moment {
                seconds: 1_764_547_200,
                offset: 90
            })
        );
        assert_eq!(
            parse_date("1764547200 -0200"),
            Some(Moment {
                seconds: 1_764_547_200,
                offset: -120
            })
        );
        assert_eq!(
            parse_date("2025-12-01T00:00:00Z"),
            Some(Moment {
                seconds: 1_764_547_200,
                offset: 0
            })
        );
        assert_eq!(parse_date("yesterday"), None);
    }
}
