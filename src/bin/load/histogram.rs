//! Latencies in buckets: fixed memory, a bounded relative error, no allocation to record one.
//!
//! The buckets are log-linear, as in Gil Tene's HdrHistogram: each power of two is cut into
//! [`PARTS`] equal parts, so that a value is known to better than one part in [`PARTS`].

/// Parts of a power of two, as a power of two.
const PART_BITS: u32 = 7;
/// Parts of a power of two.
const PARTS: usize = 1 << PART_BITS;
/// The values below `PARTS` have a bucket each; above, each leading bit has `PARTS` buckets.
const BUCKETS: usize = (u64::BITS - PART_BITS + 1) as usize * PARTS;

/// How often which value came.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    max: u64,
}

impl Histogram {
    /// Without values.
    pub fn new() -> Self {
        Histogram { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0, max: 0 }
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket_of(value)] += 1;
        self.total += 1;
        self.max = self.max.max(value);
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The greatest value, exactly; 0 without values.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that the given share of all values (0 to 1) does not exceed, at most one part in
    /// 128 too high; 0 without values.
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = (share * self.total as f64).ceil().max(1.0) as u64;
        let mut passed = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            passed += count;
            if passed >= rank {
                return highest_in(bucket).min(self.max);
            }
        }
        self.max
    }
}

fn bucket_of(value: u64) -> usize {
    let shift = (u64::BITS - PART_BITS - 1).saturating_sub(value.leading_zeros());
    shift as usize * PARTS + (value >> shift) as usize
}

/// The greatest value of a bucket.
fn highest_in(bucket: usize) -> u64 {
    if bucket < 2 * PARTS {
        return bucket as u64;
    }
    let shift = bucket / PARTS - 1;
    let leading = (bucket - shift * PARTS) as u64;
    (leading << shift) | ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_buckets_cover_all_values_in_order() {
        let mut expected = 0;
        for bucket in 0..BUCKETS {
            let highest = highest_in(bucket);
            assert_eq!((bucket_of(expected), bucket_of(highest)), (bucket, bucket));
            expected = highest.wrapping_add(1);
        }
        assert_eq!(expected, 0, "the last bucket ends with the greatest value");
    }

    #[test]
    fn nothing_has_no_latency() {
        let empty = Histogram::new();
        assert_eq!((empty.quantile(0.99), empty.max(), empty.total()), (0, 0, 0));
    }

    proptest! {
        #[test]
        fn a_quantile_is_never_too_low_and_hardly_too_high(
            mut values in prop::collection::vec(prop_oneof![0..1_000_u64, any::<u64>()], 1..200),
            share in 0.0..=1.0_f64,
        ) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|&value| histogram.record(value));
            values.sort_unstable();
            let rank = (share * values.len() as f64).ceil().max(1.0) as usize;
            let (exact, told) = (values[rank - 1], histogram.quantile(share));
            prop_assert!(told >= exact && told - exact <= exact / PARTS as u64, "{exact} {told}");
            prop_assert_eq!(histogram.max(), *values.last().unwrap());
        }
    }
}
