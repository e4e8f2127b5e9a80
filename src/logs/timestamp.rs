//! Time stamps of log lines: `2026-11-21T03:27:58.123456Z`.

use crate::wire::decimal::nine_digits;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a time stamp.
pub(super) const TIMESTAMP_BYTES: usize = 27;
const SECONDS_A_DAY: u64 = 86_400;
/// The last second of the year 9999; clocks beyond it (or before 1970) show the nearest that fits.
const SECONDS_MAX: u64 = 253_402_300_799;

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

    /// The text for that time.
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

/// Year, month and day of the day `days` after 1970-01-01, up to the year 9999.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`, for days that
/// are not negative. Years begin in March there, so that the leap day comes last.
fn civil_date(days: u64) -> (u32, u32, u32) {
    let days = days + 719_468; // from 0000-03-01
    let era = days / 146_097; // 400 years
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year as u32, month as u32, day as u32)
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

    #[test]
    fn days_follow_one_another() {
        let mut expected = (1970, 1, 1);
        for days in 0..=SECONDS_MAX / SECONDS_A_DAY {
            assert_eq!(civil_date(days), expected);
            let (year, month, day) = expected;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + u32::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                _ if day == last => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
        assert_eq!(expected, (10_000, 1, 1));
    }
}
