//! The lines between servers: what is taken, what is refused, and that there is one way to write.

mod properties;

use super::super::Command;
use super::*;

const AT: &str =
    "AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
const GONE: &str = "GONE Goloman +0.263873386 kiwi.cs.ucla.edu 1520023934.918963997";

fn parse(line: &str) -> Option<NeighbourLine<'_>> {
    NeighbourLine::parse(line.as_bytes())
}

fn mark(sequence: u64, sum: u64, step: Option<u64>) -> NeighbourLine<'static> {
    NeighbourLine::Mark { sequence, digest: Digest { sum, step } }
}

fn acknowledge(sequence: u64, sum: u64, step: Option<u64>) -> NeighbourLine<'static> {
    NeighbourLine::Acknowledge { sequence, digest: Digest { sum, step } }
}

/// Writes a line as its sender would (without LF).
fn write(line: &NeighbourLine<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match *line {
        NeighbourLine::Greeting { version, herd, from, to, epoch, lifetimes } => {
            let lifetimes = lifetimes.unwrap_or_default();
            write_greeting(&mut out, version, [herd, from, to], epoch, lifetimes);
        }
        NeighbourLine::Heard { version, server, epoch, up_to } => {
            write_heard(&mut out, version, server, epoch, up_to);
        }
        NeighbourLine::Refused { reason } => {
            write_refused(&mut out, &String::from_utf8_lossy(reason));
        }
        NeighbourLine::At(At { server, difference_nanoseconds, text, .. }) => {
            write_at(&mut out, server, difference_nanoseconds, text);
        }
        NeighbourLine::Gone(At { server, difference_nanoseconds, text, .. }) => {
            write_gone(&mut out, server, difference_nanoseconds, text);
        }
        NeighbourLine::Mark { sequence, digest } => write_mark(&mut out, sequence, digest),
        NeighbourLine::Acknowledge { sequence, digest } => {
            write_acknowledge(&mut out, sequence, digest);
        }
    }
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.contains(&b'\n'));
    out
}

#[test]
fn lines_are_read_and_written() {
    let epoch = 0x0123_4567_89ab_cdef;
    for (text, expected) in [
        (
            "HERD 1 goloman Goloman Hands 0123456789abcdef",
            NeighbourLine::Greeting {
                version: Version::new(1),
                herd: b"goloman",
                from: b"Goloman",
                to: b"Hands",
                epoch,
                lifetimes: None,
            },
        ),
        (
            "HERD 2 goloman Goloman Hands 0123456789abcdef 0 604800",
            NeighbourLine::Greeting {
                version: Version::new(2),
                herd: b"goloman",
                from: b"Goloman",
                to: b"Hands",
                epoch,
                lifetimes: Some(Lifetimes::default()),
            },
        ),
        (
            "HERD 2 goloman Goloman Hands 0123456789abcdef 5 9",
            NeighbourLine::Greeting {
                version: Version::new(2),
                herd: b"goloman",
                from: b"Goloman",
                to: b"Hands",
                epoch,
                lifetimes: Some(Lifetimes { ttl_seconds: Some(5), tombstone_seconds: 9 }),
            },
        ),
        (
            "HEARD 1 Hands 0123456789abcdef 18446744073709551615",
            NeighbourLine::Heard {
                version: Version::new(1),
                server: b"Hands",
                epoch,
                up_to: u64::MAX,
            },
        ),
        (
            "HEARD 1 Hands 0000000000000000 0",
            NeighbourLine::Heard { version: Version::new(1), server: b"Hands", epoch: 0, up_to: 0 },
        ),
        ("REFUSED not my  herd ", NeighbourLine::Refused { reason: b"not my  herd " }),
        ("REFUSED ", NeighbourLine::Refused { reason: b"" }),
        ("MARK 17 ffffffffffffffff", mark(17, u64::MAX, None)),
        ("MARK 17 0000000000000000 18446744073709551615", mark(17, 0, Some(u64::MAX))),
        ("ACK 0 000000000000000a", acknowledge(0, 10, None)),
        ("ACK 0 000000000000000a 0", acknowledge(0, 10, Some(0))),
    ] {
        assert_eq!(parse(text), Some(expected), "{text}");
        assert_eq!(parse(&format!("{text}\r")), Some(expected), "{text}");
        assert_eq!(write(&expected), text.as_bytes());
    }
}

#[test]
fn an_at_and_a_gone() {
    let at = At {
        server: b"Goloman",
        difference_nanoseconds: 263_873_386,
        client: b"kiwi.cs.ucla.edu",
        location: b"+34.068930-118.445127",
        time: b"1520023934.918963997",
        time_nanoseconds: 1_520_023_934_918_963_997,
        text: b"kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997",
    };
    assert_eq!(parse(AT), Some(NeighbourLine::At(at)));
    assert_eq!(parse(&format!("{AT}\r")), Some(NeighbourLine::At(at)));
    assert_eq!(write(&NeighbourLine::At(at)), AT.as_bytes());
    let gone = At { location: b"", text: b"kiwi.cs.ucla.edu 1520023934.918963997", ..at };
    assert_eq!(parse(GONE), Some(NeighbourLine::Gone(gone)));
    assert_eq!(parse(&format!("{GONE}\r")), Some(NeighbourLine::Gone(gone)));
    assert_eq!(write(&NeighbourLine::Gone(gone)), GONE.as_bytes());
}

#[test]
fn what_no_client_and_no_clock_can_have_is_broken_and_all_else_is_not() {
    for (difference, time, is_whole) in [
        ("+0.000000000", "0", true),
        ("-0.000000001", "0", false),
        ("-0.000000001", "0.000000001", true),
        ("+9223372036.854775807", "0", true),
        ("+9223372036.854775807", "0.000000001", false),
        ("+0.000000001", "9223372036.854775806", true),
        ("+0.000000001", "9223372036.854775807", false),
        ("-315619200.000000000", "9200000000.00000000001", true),
        ("-315619200.000000001", "9200000000.00000000001", false),
        ("-9000000000.000000000", "9200000000", false),
    ] {
        let line = format!("AT a {difference} c +1+1 {time}");
        assert_eq!(parse(&line).is_some(), is_whole, "{line}");
        let line = format!("GONE a {difference} c {time}");
        assert_eq!(parse(&line).is_some(), is_whole, "{line}");
    }
}

#[test]
fn broken_lines() {
    for line in [
        "",
        "\r",
        " ",
        "AT",
        "AT ",
        "MARK",
        "HELLO",
        "herd 1 a b c 0123456789abcdef",
        " MARK 1 0",
        "IAMAT a +1+1 1",
        "WHATSAT a 1 1",
        "REFUSED",
        // Greetings.
        "HERD 1 a b 0123456789abcdef",
        "HERD 1 a b c 0123456789abcde",
        "HERD 1 a b c d",
        "HERD 1 a b c 0123456789abcdef ",
        "HERD 1 a b c 0123456789abcdef0",
        "HERD 1 a b c 0123456789ABCDEF",
        "HERD 1 a b c +123456789abcdef",
        "HERD 1 a b c 0123456789abcdef 0 604800",
        "HERD 2 a b c 0123456789abcdef",
        "HERD 2 a b c 0123456789abcdef 0",
        "HERD 2 a b c 0123456789abcdef 0 604800 1",
        "HERD 2 a b c 0123456789abcdef 0 0",
        "HERD 2 a b c 0123456789abcdef 00 604800",
        "HERD 2 a b c 0123456789abcdef 9 8",
        "HERD 2 a b c 0123456789abcdef 315619201 315619201",
        "HERD 01 a b c 0123456789abcdef",
        "HERD  1 a b c 0123456789abcdef",
        "HERD 1  b c 0123456789abcdef",
        "HERD x a b c 0123456789abcdef",
        "HERD 4294967296 a b c 0123456789abcdef",
        "HERD 1 a\tb c d 0123456789abcdef",
        "HERD 3 a b c 0123456789abcdef0",
        "HERD 3",
        "HERD 2 a b c 0123456789abcdef more",
        "HERD 1 a b c 0123456789abcdef more",
        // Answers.
        "HEARD 1 a 0123456789abcdef",
        "HEARD 1 a 0123456789abcdef -1",
        "HEARD 1 a 0123456789abcdef 01",
        "HEARD 1 a 0123456789abcdef 18446744073709551616",
        "HEARD 1 a 0123456789abcdef 1 ",
        "HEARD 3 a 0123456789abcdef 1x",
        // Marks.
        "MARK 1",
        "MARK 1 ",
        "MARK 1 0",
        "MARK x 0123456789abcdef",
        "MARK 01 0123456789abcdef",
        "MARK 1  0123456789abcdef",
        "MARK 1 0123456789abcdeg",
        "MARK 1 0123456789abcdef x",
        "MARK 1 0123456789abcdef\r\r",
        "ACK 1 0123456789abcdef0",
        "ACK -1 0123456789abcdef",
        "ACK 1.0 0123456789abcdef",
        "ACK 1 0123456789abcdef ",
        "ACK 1 0123456789abcdef 01",
        "ACK 1 0123456789abcdef 1 ",
        "MARK 1 0123456789abcdef  1",
        // Positions.
        "AT a +1.0 c +1+1 1",
        "AT a 1.000000000 c +1+1 1",
        "AT a -0.000000000 c +1+1 1",
        "AT a +01.000000000 c +1+1 1",
        "AT a +1.000000000  c +1+1 1",
        "AT a +1.000000000 c +1+1  1",
        "AT a +1.000000000 c\t+1+1 1",
        "AT a +1.000000000 c +1+1 1 ",
        "AT a +1.000000000 c +1+1 1 x",
        "AT a +1.000000000 c +91+1 1",
        "AT a +1.000000000 c +1+1 1.",
        "AT a +1.000000000 c +1+1",
        "AT  a +1.000000000 c +1+1 1",
        "AT \u{7f} +1.000000000 c +1+1 1",
        "AT +1.000000000 c +1+1 1",
        // Clients that were forgotten.
        "GONE",
        "GONE ",
        "GONE a +1.000000000 c",
        "GONE a +1.000000000 c ",
        "GONE a +1.000000000 c 1 ",
        "GONE a +1.000000000 c  1",
        "GONE a +1.000000000 c +1+1 1",
        "GONE a +1.0 c 1",
        "GONE a -0.000000000 c 1",
        "GONE a +1.000000000 c 1.",
        "GONE a +1.000000000 c\t1",
        "GONE +1.000000000 c 1",
        "GONE a +1.000000000 c -1",
    ] {
        assert_eq!(parse(line), None, "{line:?}");
    }
}

#[test]
fn names_are_bounded() {
    let name = |more| "x".repeat(limits::SERVER_NAME_BYTES_MAX + more);
    for (more, good) in [(0, true), (1, false)] {
        let name = name(more);
        assert_eq!(parse(&AT.replace("Goloman", &name)).is_some(), good);
        assert_eq!(parse(&format!("HERD 1 {name} b c 0123456789abcdef")).is_some(), good);
        assert_eq!(parse(&format!("HERD 1 a {name} c 0123456789abcdef")).is_some(), good);
        assert_eq!(parse(&format!("HERD 1 a b {name} 0123456789abcdef")).is_some(), good);
        assert_eq!(parse(&format!("HEARD 1 {name} 0123456789abcdef 1")).is_some(), good);
    }
}

#[test]
fn other_versions_are_understood_as_far_as_need_be() {
    for more in ["", " ", " more fields"] {
        let line = format!("HERD 3 a b c 0000000000000001 0 604800{more}");
        let expected = NeighbourLine::Greeting {
            version: Version::new(3),
            herd: b"a",
            from: b"b",
            to: b"c",
            epoch: 1,
            lifetimes: Some(Lifetimes::default()),
        };
        assert_eq!(parse(&line), Some(expected));
        let line = format!("HEARD 4294967295 a 0000000000000001 7{more}");
        let expected = NeighbourLine::Heard {
            version: Version::new(u32::MAX),
            server: b"a",
            epoch: 1,
            up_to: 7,
        };
        assert_eq!(parse(&line), Some(expected));
    }
}

#[test]
fn a_reason_stays_on_its_line() {
    let mut out = Vec::new();
    write_refused(&mut out, "no\nMARK 1\r\nno");
    assert_eq!(out, b"REFUSED no MARK 1  no\n");
}

#[test]
fn the_longest_command_becomes_a_line_that_neighbours_take() {
    let command = "IAMAT c +1+1 1.";
    let command = format!("{command:0<width$}", width = limits::CLIENT_LINE_BYTES_MAX);
    let Ok(Some(Command::IamAt(report))) = Command::parse(command.as_bytes()) else {
        panic!("not taken");
    };
    let mut out = Vec::new();
    write_at(&mut out, &[b's'; limits::SERVER_NAME_BYTES_MAX], -1, &report.text());
    assert!(out.len() <= limits::NEIGHBOUR_LINE_BYTES_MAX);
    assert!(NeighbourLine::parse(&out[..out.len() - 1]).is_some());
}
