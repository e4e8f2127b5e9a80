//! The parsers of lines and of what is in them.

use herd::limits;
use herd::wire::neighbour::{
    Version, write_acknowledge, write_at, write_gone, write_greeting, write_heard, write_mark,
    write_refused,
};
use herd::wire::time::parse_time;
use herd::wire::{
    Command, Decimal, Line, LineReader, Location, NeighbourLine, Place, Reason, may_hold_token,
};

/// Any stream in any pieces makes the lines that a naive reading of the whole makes. The first
/// byte chooses how long a line may be, the second where the stream is cut.
pub fn lines(input: &[u8]) {
    let [max_bytes, step, stream @ ..] = input else { return };
    let (max_bytes, step) = (usize::from(*max_bytes), usize::from(*step) + 1);
    let mut reader = LineReader::new();
    let mut seen = Vec::new();
    for (number, piece) in stream.chunks(step).enumerate() {
        // Pieces of other lengths, too: some are cut once more.
        let (first, second) = piece.split_at(piece.len() * (number % 3) / 2);
        for mut data in [first, second] {
            while let Some(line) = reader.next(&mut data, max_bytes) {
                seen.push(match line {
                    Line::Whole(line) => (true, line.to_vec()),
                    Line::TooLong(beginning) => (false, beginning.to_vec()),
                });
            }
            assert!(data.is_empty(), "data was left although there is no line in it");
        }
    }
    let pending = reader.has_partial();
    let last = reader.finish();
    assert_eq!(last.is_some(), pending);
    seen.extend(last.map(|line| (true, line)));
    let mut expected: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
    // What follows the last LF is a line only if there is something in it.
    expected.pop_if(|last| last.is_empty());
    let expected = expected.iter().map(|line| match line.get(..max_bytes) {
        Some(beginning) if line.len() > max_bytes => (false, beginning.to_vec()),
        _ => (true, line.to_vec()),
    });
    assert_eq!(seen, expected.collect::<Vec<_>>());
}

/// A command's fields are those between the white space, within their limits, and make the same
/// command again.
pub fn command(line: &[u8]) {
    let white = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let fields: Vec<&[u8]> = line.split(white).filter(|field| !field.is_empty()).collect();
    match Command::parse(line) {
        Ok(Some(Command::Auth(auth))) => {
            assert_eq!(fields, [b"AUTH", auth.token]);
            assert!(may_hold_token(line), "a log would show it");
        }
        Ok(Some(Command::Servers)) => assert_eq!(fields, [b"SERVERS"]),
        Ok(None) => assert!(fields.is_empty()),
        Ok(Some(Command::IamAt(report))) => {
            assert_eq!(fields, [b"IAMAT", report.client, report.location, report.time]);
            assert!((1..=limits::CLIENT_ID_BYTES_MAX).contains(&report.client.len()));
            assert!(Location::parse(report.location).is_some());
            assert_eq!(parse_time(report.time), Some(report.time_nanoseconds));
            assert_eq!(report.text(), fields[1..].join(&b' '));
        }
        Ok(Some(Command::WhatsAt(question))) => {
            assert_eq!((fields.len(), fields[0], fields[1]), (4, &b"WHATSAT"[..], question.client));
            let micrometres_max = limits::RADIUS_KILOMETRES_MAX * 1_000_000_000;
            assert!(question.radius_micrometres <= micrometres_max);
            assert!(question.bound <= limits::RESULTS_MAX);
        }
        Ok(Some(Command::Near(question))) => {
            assert_eq!((fields.len(), fields[0]), (4, &b"NEAR"[..]));
            match question.place {
                Place::Client(client) => assert_eq!(client, fields[1]),
                Place::Location(location) => {
                    assert_eq!(Location::parse(fields[1]), Some(location));
                }
            }
            assert!(question.radius_micrometres <= limits::NEAR_KILOMETRES_MAX * 1_000_000_000);
            assert!(question.bound <= limits::NEAR_RESULTS_MAX);
        }
        Ok(Some(Command::Watch(watch) | Command::Unwatch(watch))) => {
            assert!(matches!(fields[0], b"WATCH" | b"UNWATCH"));
            let mut written = Vec::new();
            watch.write(&mut written);
            assert_eq!(written, fields[1..].join(&b' '));
            let again = [b"WATCH ", &written[..]].concat();
            assert_eq!(Command::parse(&again), Ok(Some(Command::Watch(watch))));
        }
        Ok(Some(Command::Forget(forget))) => {
            assert_eq!(fields, [b"FORGET", forget.client, forget.time]);
            assert!((1..=limits::CLIENT_ID_BYTES_MAX).contains(&forget.client.len()));
            assert_eq!(parse_time(forget.time), Some(forget.time_nanoseconds));
            assert_eq!(forget.text(), fields[1..].join(&b' '));
        }
        Err(malformed) => {
            assert!(!fields.is_empty());
            let (reason, field) = malformed.reason();
            assert_ne!(reason, Reason::Nothing);
            assert!(field.is_empty() || fields.contains(&field));
            assert!(!reason.to_string().contains(char::is_control));
            let well_formed =
                |time, location| parse_time(time).is_some() && Location::parse(location).is_some();
            if let [b"IAMAT", client, location, time] = fields[..]
                && client.len() <= limits::CLIENT_ID_BYTES_MAX
                && client.iter().all(u8::is_ascii_graphic)
            {
                assert!(!well_formed(time, location), "a good report is refused");
            }
        }
    }
}

/// There is one way to write a line, so what was read is written as it came.
pub fn neighbour_line(line: &[u8]) {
    let Some(parsed) = NeighbourLine::parse(line) else { return };
    let mut out = Vec::new();
    match parsed {
        NeighbourLine::Greeting { version, herd, from, to, epoch, lifetimes }
            if version <= Version::HIGHEST =>
        {
            let lifetimes = lifetimes.unwrap_or_default();
            write_greeting(&mut out, version, [herd, from, to], epoch, lifetimes);
        }
        NeighbourLine::Heard { version: version @ Version::HIGHEST, server, epoch, up_to } => {
            write_heard(&mut out, version, server, epoch, up_to);
        }
        // Later versions may add what we do not know.
        NeighbourLine::Greeting { .. } | NeighbourLine::Heard { .. } => return,
        NeighbourLine::Refused { reason } => match str::from_utf8(reason) {
            Ok(reason) if !reason.contains(['\r', '\n']) => write_refused(&mut out, reason),
            _ => return,
        },
        NeighbourLine::At(at) => {
            assert!(Location::parse(at.location).is_some());
            assert_eq!(parse_time(at.time), Some(at.time_nanoseconds));
            write_at(&mut out, at.server, at.difference_nanoseconds, at.text);
        }
        NeighbourLine::Gone(gone) => {
            assert!(gone.location.is_empty());
            assert_eq!(parse_time(gone.time), Some(gone.time_nanoseconds));
            write_gone(&mut out, gone.server, gone.difference_nanoseconds, gone.text);
        }
        NeighbourLine::Mark { sequence, digest } => write_mark(&mut out, sequence, digest),
        NeighbourLine::Acknowledge { sequence, digest } => {
            write_acknowledge(&mut out, sequence, digest);
        }
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    assert_eq!(out.strip_suffix(b"\n"), Some(line));
}

/// Locations, times, decimals.
pub fn numbers(text: &[u8]) {
    const NANOS: i64 = 1_000_000_000;
    if let Some(location) = Location::parse(text) {
        assert!(location.latitude_nanodegrees.abs() <= 90 * NANOS);
        assert!(location.longitude_nanodegrees.abs() <= 180 * NANOS);
        assert!(text.iter().all(|byte| b"+-./0123456789".contains(byte)));
    }
    let by_the_book = read_decimal(text);
    let decimal = Decimal::parse(text);
    assert_eq!(decimal.map(|d| (d.integer, d.nanos, d.beyond)), by_the_book);
    let in_nanos = decimal.and_then(|decimal| decimal.in_nanos());
    assert_eq!(parse_time(text), in_nanos.and_then(|nanos| i64::try_from(nanos).ok()));
}

/// A decimal digit by digit, as the docs of [`Decimal`] have it.
fn read_decimal(text: &[u8]) -> Option<(u64, u32, bool)> {
    let text = str::from_utf8(text).ok()?;
    let (integer, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(integer) || !digits(fraction) {
        return None;
    }
    let (nanos, beyond) = fraction.split_at(fraction.len().min(9));
    let nanos = format!("{nanos:0<9}").parse().ok()?;
    Some((integer.parse().ok()?, nanos, beyond.bytes().any(|digit| digit != b'0')))
}
