//! Time stamps of log lines: `2026-11-21T03:27:58.123456Z`.

use crate::wire::calendar::{SECONDS_A_DAY, SECONDS_MAX, civil_date};
use crate::wire::decimal::nine_digits;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a time stamp.
pub(super) const TIMESTAMP_BYTES: usize = 27;

/// A time stamp that remembers what it last was, since most are the same or differ only in the fraction.
pub(super) struct Timestamp {
    time: SystemTime,
    second: u64,
    text: [u8; TIMESTAMP_BYTES],
}

impl Timestamp {
    pub(super) fn new() -> Self {
        Timestamp { time: UNIX_EPOCH, second: 0, text: *b"1970-01-01T00:00:00.000000Z" }
    }

    /// The text for that time; clocks beyond the year 9999 or before 1970 show the nearest that fits.
    pub(super) fn at(&mut self, time: SystemTime) -> &[u8] {
        if time == self.time {
            return &self.text;
        }
        self.time = time;
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(SECONDS_MAX);
        if second != self.second {
            self.second = second;
            self.write_second();
        }
        self.text[20..26].copy_from_slice(&nine_digits(since.subsec_nanos())[..6]);
        &self.text
    }

    fn write_second(&mut self) {
        let (year, month, day) = civil_date(self.second / SECONDS_A_DAY);
        let of_day = (self.second % SECONDS_A_DAY) as u32;
        self.digits(0, 4, year);
        self.digits(5, 7, month);
        self.digits(8, 10, day);
        self.digits(11, 13, of_day / 3_600);
        self.digits(14, 16, of_day / 60 % 60);
        self.digits(17, 19, of_day % 60);
    }

    /// Writes `number` in decimal, zeros ahead, over `start..end`.
    fn digits(&mut self, start: usize, end: usize, mut number: u32) {
        for place in self.text[start..end].iter_mut().rev() {
            *place = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(stamp: &mut Timestamp, seconds: u64, microseconds: u64) -> String {
        let time = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(microseconds);
        String::from_utf8(stamp.at(time).to_vec()).unwrap()
    }

    #[test]
    fn known_times() {
        let stamp = &mut Timestamp::new();
        assert_eq!(at(stamp, 0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(at(stamp, 0, 999_999), "1970-01-01T00:00:00.999999Z");
        assert_eq!(at(stamp, 951_782_399, 1), "2000-02-28T23:59:59.000001Z");
        assert_eq!(at(stamp, 951_782_400, 0), "2000-02-29T00:00:00.000000Z");
        assert_eq!(at(stamp, 1_000_000_000, 0), "2001-09-09T01:46:40.000000Z");
        assert_eq!(at(stamp, 1_795_231_678, 123_456), "2026-11-21T03:27:58.123456Z");
        assert_eq!(at(stamp, 4_107_542_400, 0), "2100-03-01T00:00:00.000000Z");
        assert_eq!(at(stamp, SECONDS_MAX, 0), "9999-12-31T23:59:59.000000Z");
        assert_eq!(at(stamp, 0, 0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn clocks_out_of_range_show_what_fits() {
        let mut stamp = Timestamp::new();
        assert_eq!(at(&mut stamp, SECONDS_MAX + 1, 0), "9999-12-31T23:59:59.000000Z");
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(stamp.at(before), b"1970-01-01T00:00:00.000000Z");
    }
}
