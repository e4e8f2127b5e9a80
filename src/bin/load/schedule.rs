//! When commands are due.

/// How commands follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Closed loop: the next is due as soon as there is room for it.
    AsAnswered,
    /// Open loop: so many are due each second, whatever the target does.
    PerSecond(u64),
}

/// Which commands are due, on a clock of nanoseconds.
#[derive(Debug)]
pub struct Schedule {
    pace: Pace,
    begin: u64,
    end: u64,
    taken: u64,
    /// How many there are at most.
    most: u64,
}

impl Schedule {
    /// Commands for so long.
    pub fn lasting(pace: Pace, begin: u64, nanoseconds: u64) -> Self {
        let most = match pace {
            Pace::AsAnswered => u64::MAX,
            Pace::PerSecond(rate) => {
                (u128::from(rate) * u128::from(nanoseconds) / 1_000_000_000) as u64
            }
        };
        Schedule { pace, begin, end: begin.saturating_add(nanoseconds), taken: 0, most }
    }

    /// So many commands as fast as they are answered, within that time.
    pub fn counting(most: u64, begin: u64, nanoseconds: u64) -> Self {
        Schedule { most, ..Schedule::lasting(Pace::AsAnswered, begin, nanoseconds) }
    }

    /// When the next command was due, if it is; then the one after it is the next.
    pub fn take(&mut self, now: u64) -> Option<u64> {
        let due = self.due(now)?;
        self.taken += 1;
        Some(due)
    }

    /// When the next command was due, if it is.
    pub fn due(&self, now: u64) -> Option<u64> {
        let due = self.next()?;
        match self.pace {
            Pace::AsAnswered => (now < self.end).then_some(now.max(due)),
            Pace::PerSecond(_) => (due <= now).then_some(due),
        }
    }

    /// When the next command will be due; none if there is none.
    pub fn next(&self) -> Option<u64> {
        let after = match self.pace {
            _ if self.taken >= self.most => return None,
            Pace::AsAnswered => 0,
            Pace::PerSecond(rate) => {
                (u128::from(self.taken) * 1_000_000_000 / u128::from(rate)) as u64
            }
        };
        Some(self.begin + after)
    }

    /// Whether no command will be due any more.
    pub fn is_over(&self, now: u64) -> bool {
        self.taken >= self.most || (self.pace == Pace::AsAnswered && now >= self.end)
    }

    /// Commands of an open loop that were never taken.
    pub fn left(&self) -> u64 {
        match self.pace {
            Pace::AsAnswered => 0,
            Pace::PerSecond(_) => self.most - self.taken,
        }
    }

    /// How commands follow each other.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// When it began.
    pub fn begin(&self) -> u64 {
        self.begin
    }

    /// When the last command is due, about.
    pub fn end(&self) -> u64 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn an_open_loop_does_not_wait_and_forgets_nothing() {
        let mut schedule = Schedule::lasting(Pace::PerSecond(4), 100, 2 * SECOND);
        assert_eq!(schedule.take(99), None);
        assert_eq!(schedule.take(100), Some(100));
        assert_eq!((schedule.take(200), schedule.next()), (None, Some(100 + SECOND / 4)));
        // The target has slept for a long time: what was due is due since then.
        let late: Vec<u64> = std::iter::from_fn(|| schedule.take(60 * SECOND)).collect();
        let due: Vec<u64> = (1..8).map(|n| 100 + n * SECOND / 4).collect();
        assert_eq!(late, due);
        assert!(schedule.is_over(0) && schedule.next().is_none() && schedule.left() == 0);
    }

    #[test]
    fn a_closed_loop_goes_on_until_its_end() {
        let mut schedule = Schedule::lasting(Pace::AsAnswered, 100, SECOND);
        assert_eq!((schedule.take(500), schedule.take(501)), (Some(500), Some(501)));
        assert!(!schedule.is_over(99 + SECOND) && schedule.is_over(100 + SECOND));
        assert_eq!((schedule.take(100 + SECOND), schedule.left()), (None, 0));
    }

    #[test]
    fn a_count_is_kept() {
        let mut schedule = Schedule::counting(2, 0, SECOND);
        assert_eq!(
            (schedule.take(1), schedule.take(2), schedule.take(3)),
            (Some(1), Some(2), None)
        );
        assert!(schedule.is_over(3));
    }
}
