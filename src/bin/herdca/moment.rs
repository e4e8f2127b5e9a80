//! Times as certificates and people have them.

use std::time::{Duration, SystemTime};

/// Seconds of a day.
pub const DAY_SECONDS: u64 = 86_400;

/// POSIX seconds now; 0 on a clock that is before 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The date (UTC) of a POSIX second, as `2026-11-22`.
pub fn date(seconds: u64) -> String {
    let time = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    format!("{:04}-{:02}-{:02}", time.year(), u8::from(time.month()), time.day())
}

/// `3 days`, `1 day`.
pub fn days(count: u64) -> String {
    format!("{count} day{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (4_102_444_800, "2100-01-01"),
        ] {
            assert_eq!(date(seconds), expected);
        }
        assert_eq!((days(0), days(1), days(2)), ("0 days".into(), "1 day".into(), "2 days".into()));
    }
}
