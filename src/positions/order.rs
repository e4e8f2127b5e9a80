//! Which of two reports about one client stays: part of the protocol between servers, since all of
//! them must decide alike for their positions to become the same.
//!
//! The greater report replaces the smaller. Reports, of positions and of tombstones, are compared
//! by, in this order,
//!
//! 1. the client's time, exactly: the later is greater. Whole nanoseconds decide, then the digits
//!    of the fraction beyond the ninth; trailing zeros do not count.
//! 2. the kind: a tombstone is greater than a position. So at equal times a client is forgotten,
//!    whichever of the two was taken first.
//! 3. the difference: the *smaller* is greater. At equal times it is the report that was taken
//!    first, so a client that repeats itself to another server does not change what the first one
//!    answered.
//! 4. the bytes of the location (a tombstone's is empty), of the time as it was written, and of the
//!    origin's name: those that sort later are greater.
//!
//! Nothing else of a report is compared, so equal means identical.
//!
//! A server that takes a report itself looks at 1 and 2 only: at equal times what it knows was taken before.

use super::report::Kind;
use std::cmp::Ordering;

/// What decides between two reports about one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Whether it is a position or a tombstone.
    pub kind: Kind,
    /// The client's time in whole nanoseconds since 1970-01-01T00:00:00Z, rounded down.
    pub time_nanoseconds: i64,
    /// When the origin took the report, minus the client's time, in nanoseconds.
    pub difference_nanoseconds: i64,
    /// The location as the client wrote it; empty if it is a tombstone.
    pub location: &'a [u8],
    /// The time as the client wrote it: decimal digits, optionally with a fraction.
    pub time: &'a [u8],
    /// The name of the server that took the report.
    pub origin_name: &'a [u8],
}

/// `Greater` if `a` replaces `b`, `Less` if `b` replaces `a`, `Equal` if they are identical.
pub fn compare(a: &Claim<'_>, b: &Claim<'_>) -> Ordering {
    compare_as_taken(a, b)
        .then_with(|| b.difference_nanoseconds.cmp(&a.difference_nanoseconds))
        .then_with(|| a.location.cmp(b.location))
        .then_with(|| a.time.cmp(b.time))
        .then_with(|| a.origin_name.cmp(b.origin_name))
}

/// The same where a server takes `a` from a client and knows `b`, but for what clocks say: `b` was taken first.
/// So what a server has answered stays, though two reports come within one turn, or its clock is put back.
pub fn compare_as_taken(a: &Claim<'_>, b: &Claim<'_>) -> Ordering {
    a.time_nanoseconds.cmp(&b.time_nanoseconds).then_with(|| compare_at_equal_nanoseconds(a, b))
}

// Apart, so that what nearly always decides stays small where it is inlined.
#[inline(never)]
fn compare_at_equal_nanoseconds(a: &Claim<'_>, b: &Claim<'_>) -> Ordering {
    finer_digits(a.time).cmp(finer_digits(b.time)).then_with(|| a.kind.cmp(&b.kind))
}

/// The digits of the fraction beyond the ninth, without trailing zeros. Of two of these the one
/// that sorts later is the larger: digits of the same weight stand at the same place.
fn finer_digits(time: &[u8]) -> &[u8] {
    let Some(point) = time.iter().position(|&byte| byte == b'.') else { return &[] };
    let digits = time.get(point + 10..).unwrap_or_default();
    let len = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    &digits[..len]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::time::parse_time;
    use proptest::prelude::*;

    /// Few values of each field, so that every rule gets to decide.
    fn claims() -> impl Strategy<Value = Claim<'static>> {
        let times = prop::sample::select(vec![
            (5_000_000_000, &b"5"[..]),
            (5_000_000_000, b"5.0"),
            (5_000_000_000, b"5.0000000000"),
            (5_000_000_000, b"5.0000000001"),
            (5_000_000_000, b"5.00000000010"),
            (5_000_000_000, b"5.000000000099"),
            (5_000_000_001, b"5.000000001"),
            (5_000_000_001, b"5.0000000010"),
            (6_000_000_000, b"6."),
        ]);
        let bytes = || prop::sample::select(vec![&b"a"[..], b"b", b"ab"]);
        let position = bytes().prop_map(|location| (Kind::Position, location));
        let kinds = prop_oneof![position, Just((Kind::Tombstone, &b""[..]))];
        (times, kinds, -1_i64..=1, bytes()).prop_map(
            |((time_nanoseconds, time), (kind, location), difference_nanoseconds, origin_name)| {
                Claim {
                    kind,
                    time_nanoseconds,
                    difference_nanoseconds,
                    location,
                    time,
                    origin_name,
                }
            },
        )
    }

    const OLD: Claim<'static> = Claim {
        kind: Kind::Position,
        time_nanoseconds: 5_000_000_000,
        difference_nanoseconds: 7,
        location: b"+1-2",
        time: b"5",
        origin_name: b"Hands",
    };

    fn tombstone(claim: Claim<'_>) -> Claim<'_> {
        Claim { kind: Kind::Tombstone, location: b"", ..claim }
    }

    #[test]
    fn what_is_known_stays_at_equal_times_whatever_the_clock_says() {
        let before = Claim { difference_nanoseconds: 6, location: b"+9-9", ..OLD };
        assert_eq!(compare(&before, &OLD), Ordering::Greater);
        assert_eq!(compare_as_taken(&before, &OLD), Ordering::Equal);
        assert_eq!(compare_as_taken(&tombstone(before), &OLD), Ordering::Greater);
        assert_eq!(compare_as_taken(&before, &tombstone(OLD)), Ordering::Less);
        let later = Claim { time: b"5.0000000001", ..before };
        assert_eq!(compare_as_taken(&later, &OLD), Ordering::Greater);
        assert_eq!(compare_as_taken(&OLD, &later), Ordering::Less);
    }

    #[test]
    fn of_two_tombstones_at_equal_times_the_one_taken_first_stays() {
        let first = tombstone(OLD);
        let second = Claim { difference_nanoseconds: 8, origin_name: b"Welsh", ..first };
        assert_eq!(compare(&first, &second), Ordering::Greater);
        assert_eq!(compare(&first, &first), Ordering::Equal);
    }

    #[test]
    fn a_position_with_a_later_time_beats_a_tombstone() {
        let later = Claim { time: b"5.0000000000001", difference_nanoseconds: 9, ..OLD };
        assert_eq!(compare(&later, &tombstone(OLD)), Ordering::Greater);
    }

    #[test]
    fn each_rule_decides_when_those_before_it_do_not() {
        let winners = [
            Claim { time_nanoseconds: 5_000_000_001, difference_nanoseconds: 9, ..OLD },
            Claim { time: b"5.0000000000001", difference_nanoseconds: 9, ..OLD },
            Claim { difference_nanoseconds: 9, location: b"", time: b"05", ..tombstone(OLD) },
            Claim { difference_nanoseconds: 6, location: b"+0-2", time: b"05", ..OLD },
            Claim { location: b"+1-3", time: b"05", origin_name: b"Ball", ..OLD },
            Claim { time: b"5.0", origin_name: b"Ball", ..OLD },
            Claim { origin_name: b"Welsh", ..OLD },
        ];
        for winner in winners {
            assert_eq!(compare(&winner, &OLD), Ordering::Greater, "{winner:?}");
            assert_eq!(compare(&OLD, &winner), Ordering::Less, "{winner:?}");
        }
    }

    fn claim(time: &str) -> Claim<'_> {
        let time_nanoseconds = parse_time(time.as_bytes()).unwrap();
        Claim { time_nanoseconds, time: time.as_bytes(), ..OLD }
    }

    /// Compares only what the times are, not how they are written.
    fn compare_times(a: &str, b: &str) -> Ordering {
        let smaller = Claim { difference_nanoseconds: 8, ..claim(a) };
        let greater = Claim { difference_nanoseconds: 6, ..claim(a) };
        match [smaller, greater].map(|a| compare(&a, &claim(b))) {
            [Ordering::Less, Ordering::Greater] => Ordering::Equal,
            [one, other] => {
                assert_eq!(one, other);
                one
            }
        }
    }

    #[test]
    fn times_are_compared_exactly() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("1", "2", Less),
            ("1", "1.000000000000", Equal),
            ("01.5", "1.50", Equal),
            ("1.0000000001", "1", Greater),
            ("1.0000000001", "1.00000000010", Equal),
            ("1.00000000019", "1.0000000002", Less),
            ("1.123456789", "1.1234567890001", Less),
            ("1.123456789", "1.12345679", Less),
            ("10.0000000001", "9.9999999999", Greater),
        ] {
            assert_eq!(compare_times(a, b), expected, "{a} {b}");
            assert_eq!(compare_times(b, a), expected.reverse(), "{b} {a}");
        }
    }

    #[test]
    fn finer_digits_start_after_the_ninth() {
        let cases = [
            ("5", ""),
            ("5.", ""),
            ("5.123456789", ""),
            ("5.1234567890", ""),
            ("5.1234567891", "1"),
            ("5.12345678901200", "012"),
        ];
        for (time, finer) in cases {
            assert_eq!(finer_digits(time.as_bytes()), finer.as_bytes(), "{time}");
        }
    }

    /// A number as a string whose order is that of the numbers.
    fn padded(text: &str) -> String {
        let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
        format!("{integer:0>20}.{fraction:0<40}")
    }

    proptest! {
        #[test]
        fn the_order_of_times_is_that_of_the_padded_numbers(
            // Few different digits, so that long common beginnings are usual.
            a in "0{0,3}1{0,2}[0-9](\\.[09]{1,9}[01]{0,9}0{0,3})?",
            b in "0{0,3}1{0,2}[0-9](\\.[09]{1,9}[01]{0,9}0{0,3})?",
            prefix in "([1-9](\\.[0-9]{8})?)?",
            a_rest in "[01]{1,8}",
            b_rest in "[01]{1,8}",
        ) {
            prop_assert_eq!(compare_times(&a, &b), padded(&a).cmp(&padded(&b)));
            let [a, b] = [a_rest, b_rest].map(|rest| prefix.clone() + &rest);
            prop_assert_eq!(compare_times(&a, &b), padded(&a).cmp(&padded(&b)));
        }

        #[test]
        fn equal_means_identical(a in claims(), b in claims()) {
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
        }

        #[test]
        fn either_way_round_is_the_same_verdict(a in claims(), b in claims()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
        }

        #[test]
        fn three_claims_do_not_go_in_a_circle(a in claims(), b in claims(), c in claims()) {
            if compare(&a, &b).is_ge() && compare(&b, &c).is_ge() {
                prop_assert!(compare(&a, &c).is_ge());
            }
        }
    }
}
