//! Digests of ranges of clients: servers that hold different positions find by them which clients differ,
//! without telling each other all.
//!
//! A client's **place** is the fixed hash of its id (as of a server's name: see `hash`), the same on all
//! servers. A range is of the clients whose places begin with the same bytes, and has 256 parts, one for each
//! next byte. Its digest is the sum of those of its records, as that of the store is of all. Who follows the
//! parts that differ has few clients before it soon; of a million, 15 behind two bytes.
//!
//! **In shares.** Records are looked at in the order of their numbers, so many in a turn. A client keeps its
//! number while it has a record, so none is counted twice, and each as it is when it is looked at.

use super::{Change, Positions, digest_of, hash};
use crate::limits;
use std::fmt;

/// Parts of a range.
const PARTS: usize = 256;
/// Hexadecimal digits of a byte.
const DIGITS: usize = 2;

/// The clients whose places begin with the same bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// The bytes, and zeros behind them.
    start: u64,
    bytes: u32,
}

/// Records, and the sum of their digests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RangeSum {
    records: u64,
    digest: u64,
}

/// The sums of a range's parts, as far as records have been looked at.
#[derive(Debug)]
pub struct RangeSums {
    range: Range,
    /// Only records that were taken before this time count, by their takers' clocks: POSIX nanoseconds.
    taken_before: i64,
    /// The number of the record that is looked at next, and of the first that is not looked at any more.
    at: usize,
    end: usize,
    parts: Box<[RangeSum; PARTS]>,
    /// The first records of the range.
    first: Vec<u32>,
}

impl Range {
    /// An even number of hexadecimal digits, at most 16; without any it is of all clients.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let is_even = digits.len().is_multiple_of(DIGITS);
        let bytes =
            u32::try_from(digits.len() / DIGITS).ok().filter(|&bytes| bytes <= u64::BITS / 8);
        let start = digits.iter().try_fold(0, |start: u64, &digit| {
            Some(start << 4 | u64::from(char::from(digit).to_digit(16)?))
        })?;
        let range = Range { start: start.checked_shl(64 - 8 * bytes?).unwrap_or(0), bytes: bytes? };
        is_even.then_some(range)
    }

    /// The range of those of its clients that have this next byte; none if their whole places are the same.
    pub fn part(&self, byte: u8) -> Option<Range> {
        let shift = (u64::BITS - 8).checked_sub(8 * self.bytes)?;
        Some(Range { start: self.start | u64::from(byte) << shift, bytes: self.bytes + 1 })
    }

    fn contains(&self, place: u64) -> bool {
        let shift = u64::BITS - 8 * self.bytes;
        (place ^ self.start).checked_shr(shift).unwrap_or(0) == 0
    }

    /// Which part of it has that place.
    fn part_of(&self, place: u64) -> usize {
        let shift = (u64::BITS - 8).saturating_sub(8 * self.bytes);
        usize::from((place >> shift) as u8)
    }
}

/// As [`Range::parse`] reads it.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:016x}", self.start);
        f.write_str(&digits[..DIGITS * self.bytes as usize])
    }
}

impl RangeSum {
    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The sum of their digests.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    fn add(&mut self, other: RangeSum) {
        self.records += other.records;
        self.digest = self.digest.wrapping_add(other.digest);
    }
}

impl RangeSums {
    /// Of that range, with nothing looked at. Only records count that were taken before that time by their
    /// takers' clocks, which all servers tell alike: POSIX nanoseconds.
    pub fn new(range: Range, taken_before: i64, positions: &Positions) -> Self {
        let (parts, first) = (Box::new([RangeSum::default(); PARTS]), Vec::new());
        RangeSums { range, taken_before, at: 0, end: positions.feed.numbers_given(), parts, first }
    }

    /// Which range it is.
    pub fn range(&self) -> Range {
        self.range
    }

    /// Whether all records have been looked at.
    pub fn is_whole(&self) -> bool {
        self.at >= self.end
    }

    /// The sum of all.
    pub fn total(&self) -> RangeSum {
        self.parts.iter().fold(RangeSum::default(), |mut total, part| {
            total.add(*part);
            total
        })
    }

    /// The parts that have records, in their order; none of a range of one place.
    pub fn parts(&self) -> impl Iterator<Item = (Range, RangeSum)> {
        let parts = (0..=u8::MAX).zip(self.parts.iter());
        parts.filter_map(|(byte, sum)| {
            Some((self.range.part(byte)?, *sum)).filter(|_| sum.records > 0)
        })
    }

    /// Whether so few records were found that they can be listed.
    pub fn are_few(&self) -> bool {
        self.first.len() <= limits::DIGEST_CLIENTS_MAX
    }

    /// Whether a record of that place counts that was taken at that time.
    fn takes(&self, place: u64, taken: i64) -> bool {
        self.range.contains(place) && taken < self.taken_before
    }
}

impl Positions {
    /// Looks at that many more records; how many there were to look at.
    pub fn sum_ranges(&self, sums: &mut RangeSums, records: usize) -> usize {
        let from = sums.at;
        sums.at = sums.end.min(from.saturating_add(records));
        for number in from..sums.at {
            let number = number as u32;
            let Some(place) = self.place_in(sums, number) else { continue };
            let report = self.feed.record(number).report();
            let digest = digest_of(&self.origins, &report);
            sums.parts[sums.range.part_of(place)].add(RangeSum { records: 1, digest });
            if sums.are_few() {
                sums.first.push(number);
            }
        }
        sums.at - from
    }

    /// The first records that were found, at most [`limits::DIGEST_CLIENTS_MAX`], as they are now, each with
    /// its digest; those that have gone meanwhile are left out.
    pub fn first_of(&self, sums: &RangeSums) -> impl Iterator<Item = (Change<'_>, u64)> {
        let numbers = sums.first.iter().take(limits::DIGEST_CLIENTS_MAX).copied();
        let there = numbers.filter(|&number| self.place_in(sums, number).is_some());
        there.map(|number| {
            let change = self.change(number);
            (change, digest_of(&self.origins, &change.record.report()))
        })
    }

    /// The place of a record's client, if it is one that counts.
    fn place_in(&self, sums: &RangeSums, number: u32) -> Option<u64> {
        let record = self.feed.find_record(number)?;
        let place = hash::of_name(record.text().client());
        let taken = record.time_nanoseconds.saturating_add(record.difference_nanoseconds);
        sums.takes(place, taken).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positions::{Report, Text, Update};
    use proptest::prelude::*;

    const ALL: i64 = i64::MAX;

    fn tell(positions: &mut Positions, client: &str, time: i64) {
        let origin = positions.intern(b"Hands").unwrap();
        let text = format!("{client} +1+1 {time}");
        let text = Text::new(text.as_bytes(), client.len(), 4).unwrap();
        let report = Report {
            origin,
            difference_nanoseconds: 7,
            time_nanoseconds: time * 1_000_000_000,
            text,
        };
        assert_ne!(positions.report(&report), Update::Full);
    }

    fn sums(positions: &Positions, digits: &str, taken_before: i64, share: usize) -> RangeSums {
        let range = Range::parse(digits.as_bytes()).unwrap();
        assert_eq!(range.to_string(), digits);
        let mut sums = RangeSums::new(range, taken_before, positions);
        while !sums.is_whole() {
            assert!(positions.sum_ranges(&mut sums, share) <= share);
        }
        sums
    }

    #[test]
    fn a_range_is_an_even_number_of_digits() {
        for digits in ["", "00", "ff", "0a1b", "0123456789abcdef"] {
            assert_eq!(Range::parse(digits.as_bytes()).unwrap().to_string(), digits);
        }
        for wrong in ["0", "abc", "xy", "+1", "0123456789abcdef00", "a\u{e9}"] {
            assert_eq!(Range::parse(wrong.as_bytes()), None, "{wrong}");
        }
        let whole = Range::parse(b"0123456789abcdef").unwrap();
        assert!(whole.contains(0x0123_4567_89ab_cdef) && !whole.contains(0x0123_4567_89ab_cdee));
        assert_eq!(whole.part(0), None);
        assert!(Range::default().contains(0) && Range::default().contains(u64::MAX));
    }

    proptest! {
        /// Whatever was told in whichever order, in whatever shares it is summed.
        #[test]
        fn parts_sum_up_to_the_whole_and_the_whole_to_the_digest(
            times in proptest::collection::vec((0_u16..500, 1_i64..50), 0..300),
            share in 1_usize..100,
        ) {
            let mut positions = Positions::new([1, 2]);
            times.iter().for_each(|(n, time)| tell(&mut positions, &format!("c{n}"), *time));
            let mut others = Positions::new([3, 4]);
            times.iter().rev().for_each(|(n, time)| tell(&mut others, &format!("c{n}"), *time));
            let all = sums(&positions, "", ALL, share);
            prop_assert_eq!(all.total().digest(), positions.digest());
            prop_assert_eq!(all.total().records(), positions.len() as u64);
            prop_assert!(all.parts().eq(sums(&others, "", ALL, 1_000).parts()));
            for (range, sum) in all.parts() {
                let part = sums(&positions, &range.to_string(), ALL, share);
                prop_assert_eq!(part.total(), sum);
                let listed: Vec<u64> = positions.first_of(&part).map(|(_, digest)| digest).collect();
                prop_assert_eq!(listed.iter().fold(0, |sum: u64, d| sum.wrapping_add(*d)), sum.digest());
            }
            // What was taken from a time on is left out, whoever took it.
            let half = sums(&positions, "", 25 * 1_000_000_000, share).total();
            let mut half_alone = RangeSum::default();
            for (change, digest) in (0..500).filter_map(|n| {
                let change = *positions.find(format!("c{n}").as_bytes())?;
                Some((change, digest_of(&positions.origins, &change.record.report())))
            }) {
                if change.time_nanoseconds() + 7 < 25 * 1_000_000_000 {
                    half_alone.add(RangeSum { records: 1, digest });
                }
            }
            prop_assert_eq!(half, half_alone);
        }
    }

    #[test]
    fn so_many_are_listed_and_no_more() {
        let mut positions = Positions::new([1, 2]);
        for n in 0..limits::DIGEST_CLIENTS_MAX {
            tell(&mut positions, &format!("c{n}"), 1);
        }
        let just = sums(&positions, "", ALL, 10);
        assert!(just.are_few());
        assert_eq!(positions.first_of(&just).count(), limits::DIGEST_CLIENTS_MAX);
        tell(&mut positions, "one more", 1);
        let more = sums(&positions, "", ALL, 10);
        assert!(!more.are_few());
        assert_eq!(positions.first_of(&more).count(), limits::DIGEST_CLIENTS_MAX);
        // Who has gone since is not listed.
        positions.remove(b"c7");
        assert_eq!(positions.first_of(&just).count(), limits::DIGEST_CLIENTS_MAX - 1);
    }
}
