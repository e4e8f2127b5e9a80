//! What was measured, for people and for programs.

use crate::command::Questions;
use crate::engine::Progress;
use crate::histogram::Histogram;
use crate::options::Options;
use crate::schedule::Pace;
use crate::tally::Tally;
use std::fmt::Write;

/// The columns of the latency table: name, name in JSON, share.
const QUANTILES: [(&str, &str, f64); 4] =
    [("p50", "p50", 0.5), ("p90", "p90", 0.9), ("p99", "p99", 0.99), ("p99.9", "p99_9", 0.999)];

/// A few lines with a table of latencies.
pub fn text(options: &Options, target: &str, tally: &Tally) -> String {
    let mut out = String::new();
    let seconds = tally.nanoseconds as f64 / 1e9;
    let (answers, rate) = (grouped(tally.answers()), grouped(tally.per_second() as u64));
    let _ = writeln!(out, "{target}: {}", settings(options));
    let _ = writeln!(
        out,
        "{answers} answers in {seconds:.2} s: {rate} a second, {} wrong, {} missing",
        grouped(tally.wrong),
        grouped(tally.lost)
    );
    if tally.unsent > 0 {
        let unsent = grouped(tally.unsent);
        let _ = writeln!(out, "{unsent} commands that were due could not even be sent");
    }
    if tally.places_failed > 0 {
        let failed = grouped(tally.places_failed);
        let _ = writeln!(out, "{failed} questions were answered without Places");
    }
    if tally.moved > 0 {
        let moved = grouped(tally.moved);
        let _ = writeln!(out, "{moved} times a connection went on with another server");
    }
    if let Some(why) = &tally.broken {
        let _ = writeln!(out, "connections broke: {why}");
    }
    for example in &tally.examples {
        let _ = writeln!(out, "wrong: {example}");
    }
    let _ = writeln!(out, "generator busy {:.0} %", tally.busy() * 100.0);
    let columns = QUANTILES.iter().map(|(name, _, _)| *name).chain(["max"]);
    let _ = write!(out, "latency ");
    columns.for_each(|name| out += &format!("{name:>12}"));
    out += "\n";
    let rows = [("reports", &tally.reports), ("WHATSAT", &tally.questions), ("NEAR", &tally.nears)];
    for (name, histogram) in rows {
        if histogram.total() > 0 {
            let _ = write!(out, "{name:<8}");
            values(histogram).for_each(|value| out += &format!("{:>12}", duration(value)));
            out += "\n";
        }
    }
    out
}

/// One line of JSON, latencies in microseconds.
pub fn json(options: &Options, target: &str, tally: &Tally) -> String {
    let latencies = |histogram: &Histogram| {
        let names = QUANTILES.iter().map(|(_, name, _)| *name).chain(["max"]);
        let members = names
            .zip(values(histogram))
            .map(|(name, value)| (name.to_owned(), serde_json::Value::from(value as f64 / 1e3)));
        serde_json::Value::Object(members.collect())
    };
    let rate = match options.pace {
        Pace::AsAnswered => None,
        Pace::PerSecond(rate) => Some(rate),
    };
    let report = serde_json::json!({
        "target": target,
        "connections": options.connections,
        "pipeline": options.pipeline,
        "clients": options.clients,
        "whatsat_percent": options.questions.whatsat * 100.0,
        "near_percent": options.questions.near * 100.0,
        "near_kilometres": options.questions.near_kilometres,
        "near_results": options.questions.near_results,
        "rate": rate,
        "reconnect": options.reconnect,
        "tls": options.trust.is_tls(),
        "handshakes": options.handshakes,
        "seconds": tally.nanoseconds as f64 / 1e9,
        "answers": tally.answers(),
        "answers_per_second": tally.per_second(),
        "wrong": tally.wrong,
        "missing": tally.lost,
        "unsent": tally.unsent,
        "moved": tally.moved,
        "without_places": tally.places_failed,
        "generator_busy": tally.busy(),
        "report_microseconds": latencies(&tally.reports),
        "whatsat_microseconds": latencies(&tally.questions),
        "near_microseconds": latencies(&tally.nears),
    });
    report.to_string() + "\n"
}

/// How it goes, in one line.
pub fn progress(what: &str, progress: &Progress) -> String {
    let Progress { seconds, answers, per_second, worst_nanoseconds } = progress;
    format!(
        "{what} {seconds:>5} s: {:>15} answers, {:>11} a second, slowest lately {}",
        grouped(*answers),
        grouped(*per_second as u64),
        duration(*worst_nanoseconds)
    )
}

fn settings(options: &Options) -> String {
    let connections = grouped(options.connections as u64);
    let mut out = match options.reconnect {
        true if options.handshakes => {
            format!("{connections} at a time, each on a connection with a TLS handshake of its own")
        }
        true => format!("{connections} at a time, each on a connection of its own"),
        false => {
            let pipeline = grouped(options.pipeline as u64);
            format!("{connections} connections, at most {pipeline} in flight on each")
        }
    };
    if options.trust.is_tls() && !options.handshakes {
        out += " over TLS";
    }
    let _ = write!(out, ", {} clients", grouped(options.clients));
    let Questions { whatsat, near, near_kilometres, near_results } = options.questions;
    if whatsat > 0.0 {
        let _ = write!(out, ", {} % WHATSAT", whatsat * 100.0);
    }
    if near > 0.0 {
        let results = grouped(near_results as u64);
        let _ = write!(out, ", {} % NEAR for {results} within {near_kilometres} km", near * 100.0);
    }
    match options.pace {
        Pace::AsAnswered => out += ", closed loop",
        Pace::PerSecond(rate) => {
            let _ = write!(out, ", open loop of {} a second", grouped(rate));
        }
    }
    out
}

fn values(histogram: &Histogram) -> impl Iterator<Item = u64> {
    QUANTILES.iter().map(|(_, _, share)| histogram.quantile(*share)).chain([histogram.max()])
}

/// With commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three digits and a unit.
fn duration(nanoseconds: u64) -> String {
    let (value, unit) = match nanoseconds {
        0..1_000_000 => (nanoseconds as f64 / 1e3, "us"),
        1_000_000..1_000_000_000 => (nanoseconds as f64 / 1e6, "ms"),
        _ => (nanoseconds as f64 / 1e9, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Kind;
    use crate::options::{Request, read};

    fn options() -> Options {
        match read(["-p", "64", "-w", "1", "--near", "2", "Goloman"].into_iter().map(Into::into)) {
            Ok(Request::Run(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    fn tally() -> Tally {
        let mut tally = Tally::new();
        for latency in 1..=1_000 {
            tally.answered(Kind::Report, latency * 1_000);
        }
        tally.answered(Kind::Question, 2_500_000_000);
        tally.answered(Kind::Near, 750_000);
        tally.mistaken(b"IAMAT a\n", b"? b\n");
        (tally.nanoseconds, tally.busy_nanoseconds) = (500_000_000, 125_000_000);
        tally
    }

    #[test]
    fn people_get_a_table() {
        let text = text(&options(), "Goloman at 127.0.0.1:11645", &tally());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "Goloman at 127.0.0.1:11645: 50 connections, at most 64 in flight on each, \
             1,000 clients, 1 % WHATSAT, 2 % NEAR for 10 within 100 km, closed loop"
        );
        assert_eq!(lines[1], "1,002 answers in 0.50 s: 2,004 a second, 1 wrong, 0 missing");
        assert_eq!(lines[2], "wrong: IAMAT a was answered ? b");
        assert_eq!(lines[3], "generator busy 25 %");
        let fields = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(fields(lines[4]), ["latency", "p50", "p90", "p99", "p99.9", "max"]);
        assert!(lines[5].starts_with("reports ") && lines[5].ends_with("1.00 ms"), "{text}");
        assert!(lines[6].starts_with("WHATSAT ") && lines[6].ends_with("2.50 s"), "{text}");
        assert!(lines[7].starts_with("NEAR ") && lines[7].ends_with("750 us"), "{text}");
    }

    #[test]
    fn programs_get_one_line() {
        let line = json(&options(), "x", &tally());
        assert_eq!(line.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((value["answers"].as_u64(), value["wrong"].as_u64()), (Some(1_002), Some(1)));
        assert_eq!(value["report_microseconds"]["max"].as_f64(), Some(1_000.0));
        assert_eq!(value["near_microseconds"]["p99"].as_f64(), Some(750.0));
        assert_eq!(value["answers_per_second"].as_f64(), Some(2_004.0));
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 999, 12_345, 999_999, 1_000_000, 61_000_000_000].map(duration),
            ["0.00 us", "1.00 us", "12.3 us", "1000 us", "1.00 ms", "61.0 s"]
        );
    }
}
