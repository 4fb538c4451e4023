//! Two commands, turn by turn, and what came of it.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// One side of a contest: its name, and what is done in a given round.
pub(crate) struct Side<'s> {
    pub name: &'s str,
    pub act: Box<dyn FnMut(usize) -> Result<()> + 's>,
}

impl<'s> Side<'s> {
    pub(crate) fn new(name: &'s str, act: impl FnMut(usize) -> Result<()> + 's) -> Self {
        Self {
            name,
            act: Box::new(act),
        }
    }

    fn time(&mut self, round: usize) -> Result<Duration> {
        let begun = Instant::now();
        (self.act)(round)?;
        Ok(begun.elapsed())
    }
}

/// Prints results, and counts the bars that were missed.
pub(crate) struct Report {
    is_measured: bool,
    missed: usize,
}

impl Report {
    pub(crate) fn new(is_measured: bool) -> Self {
        Self { is_measured, missed: 0 }
    }

    /// Prints a line.
    #[expect(clippy::unused_self, reason = "printing is the report's business")]
    pub(crate) fn say(&self, line: &str) -> Result<()> {
        Ok(writeln!(io::stdout().lock(), "{line}")?)
    }

    /// Lets two sides take turns; `bar` is what the first may take of the second's time. The ratio is the median of
    /// those of the rounds: what slows a whole round down does not count.
    pub(crate) fn duel(&mut self, rounds: usize, bar: f64, ours: Side<'_>, theirs: Side<'_>) -> Result<()> {
        self.duel_with_pauses(rounds, bar, ours, theirs, &|| {})
    }

    /// The same with a pause before each turn.
    pub(crate) fn duel_with_pauses(
        &mut self,
        rounds: usize,
        bar: f64,
        ours: Side<'_>,
        theirs: Side<'_>,
        pause: &dyn Fn(),
    ) -> Result<()> {
        let (sides, times) = self.take_turns(rounds, ours, theirs, pause)?;
        let ratio = median(times.iter().map(|(ours, theirs)| ours / theirs).collect());
        let verdict = self.verdict(ratio <= bar);
        self.say(&format!("{sides}; ratio {ratio:.3}, bar {bar:.3}{verdict}"))
    }

    /// The same where the first may take so much longer than the second, as a time.
    pub(crate) fn excess(
        &mut self,
        rounds: usize,
        bar: Duration,
        ours: Side<'_>,
        theirs: Side<'_>,
        pause: &dyn Fn(),
    ) -> Result<()> {
        let (sides, times) = self.take_turns(rounds, ours, theirs, pause)?;
        let excess = median(times.iter().map(|(ours, theirs)| ours - theirs).collect());
        let verdict = self.verdict(excess <= bar.as_secs_f64());
        let (excess, bar) = (shown(excess), shown(bar.as_secs_f64()));
        self.say(&format!("{sides}; {excess} more, bar {bar}{verdict}"))
    }

    /// Times both sides, turn by turn, in seconds.
    fn take_turns(
        &self,
        rounds: usize,
        mut ours: Side<'_>,
        mut theirs: Side<'_>,
        pause: &dyn Fn(),
    ) -> Result<(String, Vec<(f64, f64)>)> {
        let rounds = if self.is_measured { rounds } else { 1 };
        // Once beforehand, so that files and programs are in memory; as round 1, since round 0 comes next and must
        // find something to change.
        ours.time(1)?;
        theirs.time(1)?;
        let mut times = Vec::new();
        for round in 0..rounds {
            let take = |side: &mut Side<'_>| {
                pause();
                side.time(round)
            };
            // Whoever goes second finds the machine as the first left it, so that changes as well.
            let (our_time, their_time) = if round % 2 == 0 {
                let first = take(&mut ours)?;
                (first, take(&mut theirs)?)
            } else {
                let first = take(&mut theirs)?;
                (take(&mut ours)?, first)
            };
            times.push((our_time.as_secs_f64(), their_time.as_secs_f64()));
        }
        let sides = format!(
            "  {} {}, {} {}; n = {rounds}",
            ours.name,
            shown(median(times.iter().map(|(ours, _)| *ours).collect())),
            theirs.name,
            shown(median(times.iter().map(|(_, theirs)| *theirs).collect())),
        );
        Ok((sides, times))
    }

    /// Times one side alone, which may take `bar`.
    pub(crate) fn alone(&mut self, rounds: usize, bar: Duration, mut side: Side<'_>) -> Result<()> {
        let rounds = if self.is_measured { rounds } else { 1 };
        side.time(1)?;
        let times: Result<Vec<f64>> = (0..rounds).map(|round| Ok(side.time(round)?.as_secs_f64())).collect();
        let (time, bar) = (median(times?), bar.as_secs_f64());
        let verdict = self.verdict(time <= bar);
        let (time, bar) = (shown(time), shown(bar));
        self.say(&format!("  {} {time}; n = {rounds}; bar {bar}{verdict}", side.name))
    }

    /// Says that a comparison was not made, and why.
    pub(crate) fn skip(&self, what: &str, why: &str) -> Result<()> {
        self.say(&format!("  skipped: {what}: {why}"))
    }

    fn verdict(&mut self, is_met: bool) -> &'static str {
        match (self.is_measured, is_met) {
            (false, _) => "",
            (true, true) => ": met",
            (true, false) => {
                self.missed += 1;
                ": NOT MET"
            }
        }
    }

    /// The last words.
    pub(crate) fn close(self) -> Result<ExitCode> {
        if !self.is_measured {
            self.say("\ntried once each; `cargo bench --bench peers` measures")?;
        } else if self.missed > 0 {
            self.say(&format!("\n{} bars were not met", self.missed))?;
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (_, None) => f64::NAN,
        (1, Some(value)) => *value,
        (_, Some(value)) => f64::midpoint(values[middle - 1], *value),
    }
}

fn shown(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
