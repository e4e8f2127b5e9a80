//! How long things took, counted by how long.

use std::time::Duration;

/// Upper bounds of what is counted together: three a decade, from 10 µs to 10 s. What took longer than the
/// last is counted apart.
const BOUNDS: [Duration; 19] = {
    let mut bounds = [Duration::from_secs(10); 19];
    let mut at = 0;
    while at < bounds.len() {
        let first = 10 * 10_u64.pow(at as u32 / 3);
        bounds[at] = Duration::from_micros(first * [1, 2, 5][at % 3]);
        at += 1;
    }
    bounds
};

/// Times since the start, as many for each bound as took no longer than it and longer than the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Histogram {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Something took so long.
    pub fn add(&mut self, took: Duration) {
        self.counts[BOUNDS.partition_point(|&bound| bound < took)] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// Each bound, and how many took no longer; the last is that of all, for which there is none.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        BOUNDS.into_iter().map(Some).chain([None]).zip(self.counts).scan(
            0,
            |all, (bound, count)| {
                *all += count;
                Some((bound, *all))
            },
        )
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// What they took together.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const NS: Duration = Duration::from_nanos(1);

    /// How many are counted at a bound and not at the one before.
    fn counted(histogram: &Histogram) -> Vec<(Option<Duration>, u64)> {
        let mut before = 0;
        let each = histogram.cumulative().map(|(bound, all)| {
            let count = all - before;
            before = all;
            (bound, count)
        });
        each.filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn a_time_is_counted_at_the_first_bound_that_is_not_below_it() {
        for (took, bound) in [
            (Duration::ZERO, Some(MS / 100)),
            (MS / 100, Some(MS / 100)),
            (MS / 100 + NS, Some(MS / 50)),
            (MS, Some(MS)),
            (MS + NS, Some(2 * MS)),
            (10_000 * MS, Some(10_000 * MS)),
            (10_000 * MS + NS, None),
            (Duration::MAX, None),
        ] {
            let mut histogram = Histogram::default();
            histogram.add(took);
            assert_eq!(counted(&histogram), [(bound, 1)], "{took:?}");
            assert_eq!((histogram.count(), histogram.sum()), (1, took));
        }
    }

    #[test]
    fn bounds_grow_and_each_counts_all_that_took_no_longer() {
        let mut histogram = Histogram::default();
        (0..100).for_each(|number| histogram.add(number * MS));
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert!(cumulative.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        let bounds: Vec<Duration> = cumulative.iter().filter_map(|(bound, _)| *bound).collect();
        assert!(bounds.is_sorted() && bounds.len() == cumulative.len() - 1);
        assert_eq!(cumulative[bounds.iter().position(|&bound| bound == 20 * MS).unwrap()].1, 21);
        assert_eq!(cumulative.last(), Some(&(None, 100)));
        assert_eq!(histogram.sum(), 4_950 * MS);
    }
}
