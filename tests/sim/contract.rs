//! The contract for clients' lines, written down a second time and independently of the program:
//! what a command means, and what its answer is, byte for byte.

use super::scope::{KILOMETRES_MAX, Scope};
use herd::wire::Location;

/// Longest line, without its end.
pub const LINE_BYTES_MAX: usize = 16_384;

/// What a line says.
#[derive(Debug, PartialEq)]
pub enum Meaning<'a> {
    /// White space alone: passed over.
    Nothing,
    Report {
        client: &'a [u8],
        location: &'a [u8],
        time: &'a [u8],
        time_nanoseconds: i64,
    },
    Forget {
        client: &'a [u8],
        time: &'a [u8],
        time_nanoseconds: i64,
    },
    Question {
        client: &'a [u8],
        radius_micrometres: u64,
        bound: u8,
    },
    /// Near a client or a place.
    Near {
        place: &'a [u8],
        radius_micrometres: u64,
        bound: u16,
    },
    /// And its fields, with one space between them.
    Watch(Scope, Vec<u8>),
    Unwatch(Scope, Vec<u8>),
    Nonsense,
}

/// Reads a line without its LF.
pub fn meaning(line: &[u8]) -> Meaning<'_> {
    let white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let mut fields = line.split(white).filter(|field| !field.is_empty());
    let mut next = || fields.next().unwrap_or_default();
    match (next(), next(), next(), next(), next()) {
        (b"", ..) => Meaning::Nothing,
        (b"IAMAT", client, location, time, b"") => match nanoseconds(time) {
            Some(time_nanoseconds) if is_id(client) && Location::parse(location).is_some() => {
                Meaning::Report { client, location, time, time_nanoseconds }
            }
            _ => Meaning::Nonsense,
        },
        (b"FORGET", client, time, b"", b"") => match nanoseconds(time) {
            Some(time_nanoseconds) if is_id(client) => {
                Meaning::Forget { client, time, time_nanoseconds }
            }
            _ => Meaning::Nonsense,
        },
        (b"WHATSAT", client, radius, bound, b"") if is_id(client) => {
            match (kilometres(radius, 50), whole(bound)) {
                (Some(radius_micrometres), Some(bound @ 0..=20)) => {
                    Meaning::Question { client, radius_micrometres, bound: bound as u8 }
                }
                _ => Meaning::Nonsense,
            }
        }
        (b"NEAR", place, radius, bound, b"") if is_id(place) => {
            match (kilometres(radius, KILOMETRES_MAX), whole(bound)) {
                (Some(radius_micrometres), Some(bound @ 0..=1_000)) => {
                    Meaning::Near { place, radius_micrometres, bound: bound as u16 }
                }
                _ => Meaning::Nonsense,
            }
        }
        (verb @ (b"WATCH" | b"UNWATCH"), first, second, b"", b"") => {
            let gap: &[u8] = if second.is_empty() { b"" } else { b" " };
            let fields = [first, gap, second].concat();
            match (verb, Scope::parse(first, second)) {
                (b"WATCH", Some(scope)) => Meaning::Watch(scope, fields),
                (_, Some(scope)) => Meaning::Unwatch(scope, fields),
                (_, None) => Meaning::Nonsense,
            }
        }
        _ => Meaning::Nonsense,
    }
}

/// `AT` and the rest, with LF.
pub fn at_line(
    server: &str,
    difference: i64,
    client: &[u8],
    location: &[u8],
    time: &[u8],
) -> Vec<u8> {
    line_of(b"AT ", server, difference, &[client, location, time])
}

/// `GONE` and the rest, with LF.
pub fn gone_line(server: &str, difference: i64, client: &[u8], time: &[u8]) -> Vec<u8> {
    line_of(b"GONE ", server, difference, &[client, time])
}

fn line_of(word: &[u8], server: &str, difference: i64, fields: &[&[u8]]) -> Vec<u8> {
    let bytes: usize = fields.iter().map(|field| field.len()).sum();
    let mut line = Vec::with_capacity(bytes + server.len() + 40);
    line.extend_from_slice(word);
    line.extend_from_slice(server.as_bytes());
    line.extend_from_slice(if difference < 0 { b" -" } else { b" +" });
    write_seconds(&mut line, difference.unsigned_abs());
    for field in fields {
        line.push(b' ');
        line.extend_from_slice(field);
    }
    line.push(b'\n');
    line
}

/// Nanoseconds as seconds with nine decimals. Written by hand, as simulations spend much time here.
fn write_seconds(line: &mut Vec<u8>, mut nanoseconds: u64) {
    let start = line.len();
    for at in 0.. {
        if at == 9 {
            line.push(b'.');
        }
        if at > 9 && nanoseconds == 0 {
            break;
        }
        line.push(b'0' + (nanoseconds % 10) as u8);
        nanoseconds /= 10;
    }
    line[start..].reverse();
}

/// The answer to nonsense, with LF.
pub fn refusal(line: &[u8]) -> Vec<u8> {
    [b"? ", line, b"\n"].concat()
}

/// Whether that can be a client.
pub fn is_id(field: &[u8]) -> bool {
    let text = std::str::from_utf8(field);
    (1..=1_024).contains(&field.len()) && text.is_ok_and(|text| !text.chars().any(char::is_control))
}

/// Integer and fraction digits of a plain decimal number.
fn digits(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = field.splitn(2, |&byte| byte == b'.');
    let integer = parts.next()?;
    let fraction = parts.next();
    let all_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let sound = all_digits(integer) && fraction.is_none_or(all_digits);
    sound.then_some((integer, fraction.unwrap_or_default()))
}

fn whole(field: &[u8]) -> Option<u128> {
    let (integer, b"") = digits(field)? else {
        return None;
    };
    if integer.len() < field.len() {
        return None;
    }
    let significant = integer.iter().position(|&digit| digit != b'0').unwrap_or(integer.len());
    let text = std::str::from_utf8(&integer[significant..]).ok()?;
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// In thousand-millionths, cut.
fn billionths(field: &[u8]) -> Option<u128> {
    let (integer, fraction) = digits(field)?;
    let mut nine = *b"000000000";
    let count = fraction.len().min(9);
    nine[..count].copy_from_slice(&fraction[..count]);
    whole(integer)?.checked_mul(1_000_000_000)?.checked_add(whole(&nine)?)
}

/// Nanoseconds of a time in seconds, cut.
pub fn nanoseconds(field: &[u8]) -> Option<i64> {
    i64::try_from(billionths(field)?).ok()
}

/// A radius of at most so many kilometres, in micrometres.
pub fn kilometres(field: &[u8], most: u128) -> Option<u64> {
    let (integer, fraction) = digits(field)?;
    let kilometres = whole(integer)?;
    let more = fraction.iter().any(|&digit| digit != b'0');
    if kilometres > most || (kilometres == most && more) {
        return None;
    }
    u64::try_from(billionths(field)?).ok()
}
