//! Days and dates of the Gregorian calendar, as far as POSIX times reach.
//!
//! Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days` and
//! `days_from_civil`, for days that are not negative. Years begin in March there, so that the leap day
//! comes last.

/// Seconds of a day: POSIX times know no others.
pub(crate) const SECONDS_A_DAY: u64 = 86_400;
/// The last second of the year 9999.
pub(crate) const SECONDS_MAX: u64 = 253_402_300_799;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;

/// Year, month and day of the day `days` after 1970-01-01, up to the year 9999.
pub(crate) fn civil_date(days: u64) -> (u32, u32, u32) {
    let days = days + EPOCH_DAYS;
    let era = days / ERA_DAYS;
    let day_of_era = days % ERA_DAYS;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

/// How many days after 1970-01-01 that day is (before it: less than none). `None` if there is no
/// such day; years from 1 to 9999.
pub(crate) fn days_of(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_of_month = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9_999).contains(&year) || !(1..=days_of_month).contains(&day) {
        return None;
    }
    let year = u64::from(year) - u64::from(month <= 2);
    let month_from_march = u64::from(if month > 2 { month - 3 } else { month + 9 });
    let day_of_year = (153 * month_from_march + 2) / 5 + u64::from(day) - 1;
    let year_of_era = year % 400;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((year / 400 * ERA_DAYS + day_of_era) as i64 - EPOCH_DAYS as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_one_another() {
        let mut expected = (1970, 1, 1);
        for days in 0..=SECONDS_MAX / SECONDS_A_DAY {
            assert_eq!(civil_date(days), expected);
            let (year, month, day) = expected;
            assert_eq!(days_of(year, month, day), Some(days as i64), "{expected:?}");
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
        assert_eq!(days_of(1969, 12, 31), Some(-1));
        assert_eq!(days_of(1, 1, 1), Some(-719_162));
    }

    #[test]
    fn days_that_there_are_not() {
        for (year, month, day) in [
            (2026, 0, 1),
            (2026, 13, 1),
            (2026, 1, 0),
            (2026, 1, 32),
            (2026, 2, 29),
            (1900, 2, 29),
            (2026, 4, 31),
            (0, 1, 1),
            (10_000, 1, 1),
        ] {
            assert_eq!(days_of(year, month, day), None, "{year}-{month}-{day}");
        }
        for (year, days) in [(2000, 11_016), (2024, 19_782)] {
            assert_eq!(days_of(year, 2, 29), Some(days));
        }
    }
}
