//! How often touched paths are answered: the first touch at once, those that follow it ever more slowly.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Lost;
use super::clock::BootTime;

/// How long after the first answer of a burst the second one may come. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause between two answers.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long somebody who makes a new file may take to begin to write it.
const NEW: Duration = Duration::from_millis(100);
/// How long somebody who writes a file may pause. One that is never closed is taken as it is after that.
const OPEN: Duration = Duration::from_secs(2);
/// A path that was not touched for so long is touched for the first time again.
const QUIET: Duration = Duration::from_secs(1);
/// More paths than a store has: beyond, all are looked at.
const MOST_PATHS: usize = 1 << 16;

/// What is known of a file that was touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is as whoever wrote it wanted it: closed, renamed, removed.
    Complete,
    /// It got other rights, which says nothing of its content.
    Same,
    /// It has just got its name, and may be written from now on.
    New,
    /// Somebody writes it, and has not closed it.
    Open,
}

/// The paths that were touched of late.
#[derive(Default)]
pub(super) struct Bursts {
    paths: BTreeMap<PathBuf, Burst>,
    /// The same for what concerns all of them.
    all: Option<Burst>,
    /// How often the content of any of them has changed.
    changes: u64,
}

/// One path.
#[derive(Clone, Copy, Debug, Default)]
struct Burst {
    /// When it was touched last.
    touched: BootTime,
    /// When it was answered last, and how long to pause after that.
    answered: Option<(BootTime, Duration)>,
    /// When it is to be answered.
    due: Option<BootTime>,
    /// Since when it is written, where that is so.
    open: Option<BootTime>,
    /// How often any content had changed when this one did last.
    changed: u64,
}

impl Burst {
    fn touch(&mut self, now: BootTime, state: State) {
        if now.since(self.touched) > QUIET {
            self.answered = None;
        }
        self.touched = now;
        let earliest = self.answered.map_or(now, |(answered, pause)| answered + pause);
        let soonest = |due: Option<BootTime>, at: BootTime| Some(due.map_or(at, |before| before.min(at)));
        match state {
            State::Complete => {
                self.open = None;
                self.due = Some(earliest);
            }
            State::Same if self.is_open(now) => {}
            State::Same => self.due = soonest(self.due, earliest),
            State::New => self.due = soonest(self.due, earliest.max(now + NEW)),
            State::Open => {
                self.open = Some(now);
                self.due = Some(earliest.max(now + OPEN));
            }
        }
    }

    /// Whether somebody is writing it.
    fn is_open(&self, now: BootTime) -> bool {
        self.open.is_some_and(|since| now.since(since) < OPEN)
    }

    /// Whether it is to be answered now.
    fn take(&mut self, now: BootTime) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = None;
        let pause = self.answered.map_or(FIRST_PAUSE, |(_, pause)| pause * 2);
        self.answered = Some((now, pause.min(LONGEST_PAUSE)));
        true
    }

    fn is_over(&self, now: BootTime) -> bool {
        self.due.is_none() && now.since(self.touched) > QUIET
    }
}

impl Bursts {
    /// Notes that a path was touched. `false` where there are too many.
    pub(super) fn touch(&mut self, path: PathBuf, now: BootTime, state: State) -> bool {
        if self.paths.len() >= MOST_PATHS && !self.paths.contains_key(&path) {
            self.paths.retain(|_, burst| !burst.is_over(now));
            if self.paths.len() >= MOST_PATHS {
                return false;
            }
        }
        let burst = self.paths.entry(path).or_default();
        burst.touch(now, state);
        if state != State::Same {
            self.changes += 1;
            burst.changed = self.changes;
        }
        true
    }

    /// Notes that any path may have been touched.
    pub(super) fn touch_all(&mut self, now: BootTime) {
        let all = self.all.get_or_insert_default();
        if all.due.is_none() {
            all.touch(now, State::Complete);
        }
    }

    /// The paths that are to be answered now.
    pub(super) fn take(&mut self, now: BootTime) -> BTreeSet<PathBuf> {
        let due = self.paths.iter_mut().filter_map(|(path, burst)| {
            let is_due = burst.take(now);
            is_due.then(|| path.clone())
        });
        let taken = due.collect();
        self.paths.retain(|_, burst| !burst.is_over(now));
        taken
    }

    /// Why all paths are to be looked at now, where they are. That answers each of them.
    pub(super) fn take_rescan(&mut self, now: BootTime, lost: &mut Option<Lost>) -> Option<Lost> {
        if !self.all.as_mut()?.take(now) {
            return None;
        }
        // A file that is being written is looked at when it is closed.
        self.paths.retain(|_, burst| burst.is_open(now));
        lost.take()
    }

    /// A number that is another one once the content of a file has changed; nothing while somebody writes it.
    pub(super) fn version(&self, path: &Path, now: BootTime) -> Option<u64> {
        match self.paths.get(path) {
            Some(burst) if burst.is_open(now) => None,
            Some(burst) => Some(burst.changed),
            None => Some(0),
        }
    }

    /// The same of all files that are concerned.
    pub(super) fn version_of(&self, concerned: &dyn Fn(&Path) -> bool, now: BootTime) -> Option<u64> {
        let mut concerned = self.paths.iter().filter(|(path, _)| concerned(path));
        concerned.try_fold(0, |latest, (_, burst)| {
            (!burst.is_open(now)).then(|| latest.max(burst.changed))
        })
    }

    /// When the next answer is due.
    pub(super) fn next(&self) -> Option<BootTime> {
        let all = self.all.and_then(|burst| burst.due);
        self.paths.values().filter_map(|burst| burst.due).chain(all).min()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{BootTime, Bursts, State};

    fn at(milliseconds: u64) -> BootTime {
        BootTime::after_start(Duration::from_millis(1_000_000 + milliseconds))
    }

    fn path() -> PathBuf {
        PathBuf::from("valve.toml")
    }

    /// When a path is answered that is touched at these times, in milliseconds.
    fn answers(touches: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut bursts = Bursts::default();
        let mut answers = Vec::new();
        let (mut now, mut touches) = (0, touches.peekable());
        while touches.peek().is_some() || bursts.next().is_some() {
            while touches.next_if(|touch| *touch <= now).is_some() {
                assert!(bursts.touch(path(), at(now), State::Complete));
            }
            if !bursts.take(at(now)).is_empty() {
                answers.push(now);
            }
            now += 1;
        }
        answers
    }

    #[test]
    fn the_first_touch_is_answered_at_once_and_the_last_one_always() {
        assert_eq!(answers([5].into_iter()), [5]);
        assert_eq!(answers([5, 6, 7].into_iter()), [5, 15]);
        assert_eq!(answers([5, 40].into_iter()), [5, 40]);
    }

    #[test]
    fn a_burst_is_answered_ever_more_slowly_and_no_more_than_once_a_second_in_the_end() {
        let burst = answers(0..10_000);
        assert_eq!(burst[..8], [0, 10, 30, 70, 150, 310, 630, 1270]);
        assert!(burst.len() <= 17, "{burst:?}");
        assert!(*burst.last().unwrap() >= 9_999);
        assert!(burst.windows(2).all(|pair| pair[1] - pair[0] <= 1000));
    }

    #[test]
    fn after_quiet_the_first_touch_is_the_first_again() {
        let touches = (0..5_000).chain([6_500, 6_505]);
        let answers = answers(touches);
        assert_eq!(answers[answers.len() - 2..], [6_500, 6_510]);
    }

    #[test]
    fn a_new_file_waits_until_it_is_closed_but_not_for_ever() {
        let mut bursts = Bursts::default();
        bursts.touch(path(), at(0), State::New);
        assert!(bursts.take(at(99)).is_empty());
        assert_eq!(bursts.take(at(100)).len(), 1);
        bursts.touch(path(), at(5_000), State::New);
        bursts.touch(path(), at(5_001), State::Complete);
        assert_eq!(bursts.take(at(5_001)).len(), 1);
    }

    #[test]
    fn a_file_that_is_being_written_waits_until_it_is_closed_but_not_for_ever() {
        let mut bursts = Bursts::default();
        bursts.touch(path(), at(0), State::Complete);
        // Opened again before the answer.
        bursts.touch(path(), at(0), State::Open);
        assert!(bursts.take(at(500)).is_empty());
        bursts.touch(path(), at(1_000), State::Open);
        bursts.touch(path(), at(1_001), State::Same);
        assert_eq!(bursts.version(&path(), at(2_999)), None);
        assert!(bursts.take(at(2_999)).is_empty());
        assert!(bursts.version(&path(), at(3_000)).is_some());
        assert_eq!(bursts.take(at(3_000)).len(), 1);
        bursts.touch(path(), at(9_000), State::Open);
        bursts.touch(path(), at(9_001), State::Complete);
        let version = bursts.version(&path(), at(9_001));
        assert!(version.is_some());
        bursts.touch(path(), at(9_001), State::Same);
        assert_eq!(bursts.version(&path(), at(9_001)), version);
        assert_eq!(bursts.take(at(9_001)).len(), 1);
    }

    #[test]
    fn one_path_does_not_slow_down_another() {
        let mut bursts = Bursts::default();
        for now in 0..3_000 {
            bursts.touch(path(), at(now), State::Complete);
            bursts.take(at(now));
        }
        bursts.touch("heating.toml".into(), at(3_000), State::Complete);
        assert!(bursts.take(at(3_000)).contains(&PathBuf::from("heating.toml")));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut bursts = Bursts::default();
        for number in 0..1000 {
            bursts.touch(format!("{number}.toml").into(), at(number), State::Complete);
            bursts.take(at(number));
        }
        bursts.take(at(10_000));
        assert!(bursts.paths.is_empty());
    }
}
