//! What the clocks show. Within one boot only the boot clock counts, which goes on in sleep and which nobody can set;
//! across boots there is only the wall clock.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::{self, FileError};
use crate::watch::BootTime;

/// The file in which the kernel tells one boot from another.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What the clocks show at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clocks {
    /// Which boot it is.
    pub boot: String,
    /// Milliseconds since that boot.
    pub since_boot: u64,
    /// Milliseconds since 1970.
    pub wall: i64,
}

impl Clocks {
    /// What they show now.
    pub(super) fn now() -> Result<Self, FileError> {
        let boot = files::read_text(Path::new(BOOT_ID), 1 << 10)?;
        let up = BootTime::now().since(BootTime::default());
        Ok(Self {
            boot: boot.trim().to_owned(),
            since_boot: u64::try_from(up.as_millis()).unwrap_or(u64::MAX),
            wall: Timestamp::now().as_millisecond(),
        })
    }

    /// How many milliseconds of a window that began at `self` are left.
    ///
    /// After a reboot the wall clock decides, and one window after the boot it is over in any case: a clock without a
    /// battery begins in 1970 each time. One that shows a time before the beginning says nothing.
    pub(super) fn left(&self, window: u64, now: &Self) -> u64 {
        if now.boot == self.boot {
            return window.saturating_sub(now.since_boot.saturating_sub(self.since_boot));
        }
        let by_boot = window.saturating_sub(now.since_boot);
        match u64::try_from(now.wall.saturating_sub(self.wall)) {
            Ok(passed) => by_boot.min(window.saturating_sub(passed)),
            Err(_) => by_boot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Clocks;

    const MINUTE: u64 = 60_000;
    const DAY: i64 = 86_400_000;
    /// 2026-11-02 07:00 UTC.
    const BEGIN: i64 = 1_793_602_800_000;

    fn clocks(boot: &str, since_boot: u64, wall: i64) -> Clocks {
        Clocks {
            boot: boot.to_owned(),
            since_boot,
            wall,
        }
    }

    /// What is left of ten minutes that began an hour after the first boot.
    fn left(now: &Clocks) -> u64 {
        clocks("first", 60 * MINUTE, BEGIN).left(10 * MINUTE, now)
    }

    #[test]
    fn within_one_boot_a_wall_clock_that_is_set_changes_nothing() {
        for wall in [BEGIN, BEGIN - DAY, BEGIN + DAY, 0, i64::MIN, i64::MAX] {
            assert_eq!(left(&clocks("first", 60 * MINUTE, wall)), 10 * MINUTE);
            assert_eq!(left(&clocks("first", 64 * MINUTE, wall)), 6 * MINUTE);
            assert_eq!(left(&clocks("first", 70 * MINUTE - 1, wall)), 1);
            assert_eq!(left(&clocks("first", 70 * MINUTE, wall)), 0);
            assert_eq!(left(&clocks("first", u64::MAX, wall)), 0);
        }
    }

    #[test]
    fn a_boot_clock_that_shows_an_earlier_time_lengthens_nothing_beyond_the_window() {
        assert_eq!(left(&clocks("first", 0, BEGIN)), 10 * MINUTE);
    }

    #[test]
    fn after_a_reboot_the_wall_clock_decides() {
        let minutes = |count: i64| BEGIN + count * 60_000;
        assert_eq!(left(&clocks("second", MINUTE, minutes(3))), 7 * MINUTE);
        assert_eq!(left(&clocks("second", MINUTE, minutes(9))), MINUTE);
        assert_eq!(left(&clocks("second", MINUTE, minutes(10))), 0);
        assert_eq!(left(&clocks("second", MINUTE, BEGIN + DAY)), 0);
    }

    #[test]
    fn after_a_reboot_it_is_over_one_window_after_the_boot_whatever_the_wall_clock_shows() {
        for wall in [0, i64::MIN, BEGIN - DAY, BEGIN] {
            assert_eq!(left(&clocks("second", MINUTE, wall)), 9 * MINUTE, "{wall}");
            assert_eq!(left(&clocks("second", 10 * MINUTE, wall)), 0, "{wall}");
        }
    }

    #[test]
    fn the_clocks_of_this_machine_can_be_read_and_go_forward() {
        let (one, other) = (Clocks::now().unwrap(), Clocks::now().unwrap());
        assert_eq!(one.boot, other.boot);
        assert_eq!(one.boot.len(), 36, "{}", one.boot);
        assert!(one.since_boot <= other.since_boot && one.since_boot > 0);
    }
}
