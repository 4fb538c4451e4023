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
    pub(crate) fn duel(&mut self, rounds: usize, bar: f64, mut ours: Side<'_>, mut theirs: Side<'_>) -> Result<()> {
        let rounds = if self.is_measured { rounds } else { 1 };
        // Once beforehand, so that files and programs are in memory; as round 1, since round 0 comes next and must
        // find something to change.
        ours.time(1)?;
        theirs.time(1)?;
        let mut times = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for round in 0..rounds {
            // Whoever goes second finds the machine as the first left it, so that changes as well.
            let (our_time, their_time) = if round % 2 == 0 {
                let first = ours.time(round)?;
                (first, theirs.time(round)?)
            } else {
                let first = theirs.time(round)?;
                (ours.time(round)?, first)
            };
            ratios.push(our_time.as_secs_f64() / their_time.as_secs_f64());
            times[0].push(our_time.as_secs_f64());
            times[1].push(their_time.as_secs_f64());
        }
        let [our_times, their_times] = times;
        let sides = format!(
            "  {} {}, {} {}; n = {rounds}",
            ours.name,
            shown(median(our_times)),
            theirs.name,
            shown(median(their_times)),
        );
        let ratio = median(ratios);
        let verdict = self.verdict(ratio <= bar);
        self.say(&format!("{sides}; ratio {ratio:.3}, bar {bar:.3}{verdict}"))
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
