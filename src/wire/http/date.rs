//! The time of a `Date` field: IMF-fixdate (RFC 9110, section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.

use crate::wire::calendar::{SECONDS_A_DAY, SECONDS_MAX, civil_date};

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A date that is formatted once a second, however often it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct HttpDate {
    second: u64,
    text: [u8; 29],
}

impl HttpDate {
    /// The date of that time in nanoseconds since 1970; before 1970 and after the year 9999 the nearest
    /// that there is.
    pub fn at(posix_nanoseconds: i64) -> Self {
        let mut date = HttpDate { second: 0, text: *b"Thu, 01 Jan 1970 00:00:00 GMT" };
        date.set(posix_nanoseconds);
        date
    }

    /// Moves to that time.
    #[inline]
    pub fn set(&mut self, posix_nanoseconds: i64) {
        let second = u64::try_from(posix_nanoseconds / 1_000_000_000).unwrap_or_default();
        if second != self.second {
            self.write(second.min(SECONDS_MAX));
        }
    }

    /// The text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; 29] {
        &self.text
    }

    fn write(&mut self, second: u64) {
        self.second = second;
        let (days, of_day) = (second / SECONDS_A_DAY, (second % SECONDS_A_DAY) as u32);
        let (year, month, day) = civil_date(days);
        self.text[..3].copy_from_slice(DAYS[(days % 7) as usize]);
        self.text[8..11].copy_from_slice(MONTHS[month as usize - 1]);
        let two = [
            (5, day),
            (12, year / 100),
            (14, year % 100),
            (17, of_day / 3_600),
            (20, of_day / 60 % 60),
            (23, of_day % 60),
        ];
        for (place, number) in two {
            self.text[place] = b'0' + (number / 10) as u8;
            self.text[place + 1] = b'0' + (number % 10) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        let mut date = HttpDate::at(0);
        for (seconds, text) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
            (1_795_231_678, "Sat, 21 Nov 2026 03:27:58 GMT"),
            (9_223_372_036, "Fri, 11 Apr 2262 23:47:16 GMT"),
        ] {
            date.set(seconds * 1_000_000_000 + 854_775_807);
            assert_eq!(str::from_utf8(date.as_bytes()).unwrap(), text);
            assert_eq!(HttpDate::at(seconds * 1_000_000_000).as_bytes(), date.as_bytes());
        }
        assert_eq!(HttpDate::at(i64::MIN).as_bytes(), b"Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
