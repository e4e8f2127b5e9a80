//! What a server has said over the last minutes: rates, and lines of blocks that show them.

use crate::look::Status;
use std::collections::VecDeque;

/// Samples that are kept of each server: as many as a wide terminal shows.
const SAMPLES_MAX: usize = 240;
/// From nothing to the most.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The samples of one figure, the newest last; none where the server did not answer.
#[derive(Debug, Default)]
pub struct Series(VecDeque<Option<f64>>);

/// What is kept of one server.
#[derive(Debug, Default)]
pub struct History {
    last: Option<Counts>,
    pub reports: Series,
    pub questions: Series,
    pub lag: Series,
}

#[derive(Debug, Clone, Copy)]
struct Counts {
    at_seconds: f64,
    uptime_seconds: f64,
    reports: u64,
    questions: u64,
}

impl Series {
    fn push(&mut self, sample: Option<f64>) {
        if self.0.len() >= SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The newest.
    pub fn last(&self) -> Option<f64> {
        self.0.back().copied().flatten()
    }

    /// The last of them as blocks, one a column; the highest is `most` or, if one is more, that.
    pub fn blocks(&self, columns: usize, most: f64) -> String {
        let shown = || self.0.iter().skip(self.0.len().saturating_sub(columns));
        let most = shown().flatten().copied().fold(most, f64::max);
        let block = |sample: &Option<f64>| match sample {
            None => ' ',
            Some(_) if most <= 0.0 => BLOCKS[0],
            Some(value) => {
                let at = (value / most * (BLOCKS.len() - 1) as f64).ceil().max(0.0) as usize;
                BLOCKS[at.min(BLOCKS.len() - 1)]
            }
        };
        let blocks: String = shown().map(block).collect();
        format!("{blocks:>columns$}")
    }
}

impl History {
    /// At that time, in seconds, the server said this, if anything, and was so many seconds behind.
    pub fn note(&mut self, at_seconds: f64, status: Option<&Status>, lag: Option<f64>) {
        let counts = status.map(|status| Counts {
            at_seconds,
            uptime_seconds: status.uptime_seconds,
            reports: status.reports,
            questions: status.questions,
        });
        // Of another life the counts begin anew.
        let pair = self.last.zip(counts).filter(|(before, now)| {
            now.uptime_seconds >= before.uptime_seconds && now.at_seconds > before.at_seconds
        });
        let rate = |count: fn(&Counts) -> u64| {
            let (before, now) = pair?;
            let more = count(&now).saturating_sub(count(&before));
            Some(more as f64 / (now.at_seconds - before.at_seconds))
        };
        self.reports.push(rate(|counts| counts.reports));
        self.questions.push(rate(|counts| counts.questions));
        self.lag.push(lag);
        self.last = counts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(uptime_seconds: f64, reports: u64) -> Status {
        Status { uptime_seconds, reports, questions: reports / 2, ..Status::default() }
    }

    #[test]
    fn rates_are_of_one_life_and_without_gaps() {
        let mut history = History::default();
        history.note(1.0, Some(&status(10.0, 100)), Some(0.5));
        assert_eq!(history.reports.last(), None, "not known before the second");
        history.note(3.0, Some(&status(12.0, 150)), Some(0.0));
        assert_eq!((history.reports.last(), history.questions.last()), (Some(25.0), Some(12.5)));
        history.note(4.0, None, None);
        history.note(5.0, Some(&status(14.0, 200)), None);
        assert_eq!(history.reports.last(), None, "it was away in between");
        history.note(6.0, Some(&status(0.5, 7)), None);
        assert_eq!(history.reports.last(), None, "it was started anew");
        history.note(7.0, Some(&status(1.5, 9)), None);
        assert_eq!(history.reports.last(), Some(2.0));
    }

    #[test]
    fn blocks_are_as_high_as_samples() {
        let mut series = Series::default();
        assert_eq!(series.blocks(3, 0.0), "   ");
        [Some(0.0), Some(1.0), None, Some(7.0)].into_iter().for_each(|sample| series.push(sample));
        assert_eq!(series.blocks(6, 0.0), "  ▁▂ █");
        assert_eq!(series.blocks(2, 0.0), " █");
        assert_eq!(series.blocks(4, 14.0), "▁▂ ▅", "against that at least");
        let mut flat = Series::default();
        flat.push(Some(0.0));
        assert_eq!(flat.blocks(1, 0.0), "▁");
        (0..2 * SAMPLES_MAX).for_each(|_| flat.push(Some(1.0)));
        assert_eq!(flat.0.len(), SAMPLES_MAX);
    }
}
