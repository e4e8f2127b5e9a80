//! The difference in an answer, to the nanosecond, and how far ahead a report may be.

use crate::harness::{Herd, posix_nanoseconds, time_in};

const SECOND: i128 = 1_000_000_000;

/// A signed decimal number with at most nine decimals, in billionths.
fn billionths(text: &str) -> i128 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(fraction.len() <= 9, "{text}");
    let fraction = format!("{fraction:0<9}");
    sign * (whole.parse::<i128>().unwrap() * SECOND + fraction.parse::<i128>().unwrap())
}

#[test]
fn difference_is_time_of_receipt_minus_time_of_report_to_the_nanosecond() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let now = posix_nanoseconds();
    let near = |nanoseconds: i128| {
        let at = now + nanoseconds;
        format!("{}.{:09}", at / SECOND, at % SECOND)
    };
    let times = [
        "0".to_owned(),
        "0.000000001".to_owned(),
        "0.999999999".to_owned(),
        "1520023934.918963997".to_owned(),
        near(0),
        near(-1),
        near(3_600 * SECOND + 1),
        near(80_000 * SECOND - 1),
    ];
    for time in times {
        let before = posix_nanoseconds();
        let answer = server.report("kiwi", &time);
        let after = posix_nanoseconds();
        let fields: Vec<&str> = answer.split(' ').collect();
        assert_eq!(fields[5], time);
        let received = billionths(fields[2]) + billionths(&time);
        assert!(before <= received && received <= after, "{before} {answer} {received} {after}");
    }
}

#[test]
fn digits_beyond_nanoseconds_are_cut_off_in_the_difference_only() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let before = posix_nanoseconds();
    let answer = server.report("kiwi", "1.0000000019999999999999999999");
    let after = posix_nanoseconds();
    let difference = billionths(answer.split(' ').nth(2).unwrap());
    assert!(before <= difference + SECOND + 1 && difference + SECOND < after, "{answer}");
    // What is beyond still decides which report is the newer.
    let newer = server.report("kiwi", "1.0000000020000000000000000000");
    server.report("kiwi", "1.0000000019999999999999999999999");
    assert_eq!(server.find("kiwi"), Some(newer));
}

#[test]
fn an_answer_is_the_same_though_the_report_is_older() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let newer = server.report("kiwi", "1000.5");
    let older = server.report("kiwi", "1000.4");
    assert!(older.ends_with(" 1000.4"), "{older}");
    assert_eq!(server.find("kiwi"), Some(newer));
}

#[test]
fn a_report_may_be_a_day_ahead() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let accepted = server.report("kiwi", &time_in(86_400 - 30));
    assert!(accepted.contains(" -863"), "{accepted}");
    for seconds in [86_400 + 30, 90_000, 1_000_000_000] {
        let command = format!("IAMAT kiwi +34.0-118.0 {}", time_in(seconds));
        assert_eq!(server.ask(&command), format!("? {command}"));
    }
    assert_eq!(server.find("kiwi"), Some(accepted));
}

#[test]
fn max_skew_sets_how_far_ahead() {
    let herd = Herd::of(&[("None", &[]), ("Hour", &[])]);
    let start = |name: &str, skew: &str| {
        let mut command = herd.command(name);
        command.args(["--max-skew", skew]);
        herd.start_by(name, command)
    };
    let (none, hour) = (start("None", "0"), start("Hour", "3600.5"));
    none.report("kiwi", &time_in(0));
    let command = format!("IAMAT kiwi +34.0-118.0 {}", time_in(30));
    assert_eq!(none.ask(&command), format!("? {command}"));
    hour.report("kiwi", &time_in(3_570));
    let command = format!("IAMAT kiwi +34.0-118.0 {}", time_in(3_630));
    assert_eq!(hour.ask(&command), format!("? {command}"));
}
