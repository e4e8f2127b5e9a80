//! What servers say to each other, line by line.
//!
//! | line | who says it | what it says |
//! |---|---|---|
//! | `HERD <version> <herd> <from> <to> <epoch> <ttl> <tombstones>` | dialler, first | who I am and whom I look for, and for how many seconds my herd remembers positions (0: for ever) and tombstones |
//! | `HEARD <version> <server> <epoch> <up-to>` | accepter | my name, my epoch, what I know of yours |
//! | `REFUSED <reason>` | accepter | why not; the connection ends |
//! | `AT <server> <difference> <client> <location> <time>` | dialler | a position |
//! | `GONE <server> <difference> <client> <time>` | dialler | a client was forgotten |
//! | `MARK <sequence> <digest> <step>` | dialler | you have my feed up to here; all I know at that second since 1970 |
//! | `ACK <sequence> <digest> <step>` | accepter | I have it; all I know at that second |
//!
//! Fields are separated by one space and written in one way only; a CR before the LF is tolerated.
//! Epochs and digests are 16 lower-case hexadecimal digits, sequence numbers decimal without
//! leading zeros. A second `MARK` with neither of these between says that this was the whole feed: it also
//! goes out every second, but not while there is more to tell.
//!
//! # Versions
//!
//! `HERD` names the highest version that the dialler speaks, `HEARD` the one that both speak, and
//! that is spoken from there on: see [`Version`]. Later versions keep the fields of these two lines
//! and may add more behind them, so that servers whose versions are too far apart can tell each other
//! what is wrong.
//!
//! Version 1 has no `GONE`, ttl, tombstones or step.

mod version;

pub use version::Version;

use super::decimal::write_integer;
use super::lifetimes::Lifetimes;
use super::scanner::Scanner;
use super::time::write_difference_and_space;
use crate::limits;

/// How negative the difference of a position may be: a client's time is ahead by no more than this.
const DIFFERENCE_NANOSECONDS_MIN: i64 = -(limits::SKEW_MAX.as_nanos() as i64);

/// A line between servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeighbourLine<'a> {
    /// The server that dials greets.
    Greeting {
        /// The highest that the dialler speaks.
        version: Version,
        /// The herd's name.
        herd: &'a [u8],
        /// The dialler's name.
        from: &'a [u8],
        /// Whom it means to have dialled.
        to: &'a [u8],
        /// The dialler's present epoch.
        epoch: u64,
        /// For how long its herd remembers; not told in version 1.
        lifetimes: Option<Lifetimes>,
    },
    /// The accepter answers the greeting.
    Heard {
        /// The one that both speak.
        version: Version,
        /// The accepter's name.
        server: &'a [u8],
        /// The accepter's present epoch.
        epoch: u64,
        /// The last sequence number of the dialler's feed, in the greeting's epoch, that the
        /// accepter has heard; 0 if none.
        up_to: u64,
    },
    /// The accepter refuses the connection.
    Refused {
        /// Why: any bytes.
        reason: &'a [u8],
    },
    /// A position.
    At(At<'a>),
    /// That a client was forgotten.
    Gone(At<'a>),
    /// The dialler's feed up to here has been sent.
    Mark {
        /// Where the feed is.
        sequence: u64,
        /// Of all that the dialler knows.
        digest: Digest,
    },
    /// The accepter has taken in what came before a mark.
    Acknowledge {
        /// The mark's.
        sequence: u64,
        /// Of all that the accepter knows.
        digest: Digest,
    },
}

/// Of all that a server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// The sum of the hashes of all records.
    pub sum: u64,
    /// At which second since 1970 it is that of all that is not dead; 0 while something that is dead is
    /// still part of it. Not told in version 1.
    pub step: Option<u64>,
}

/// A position as servers tell it, or that a client was forgotten: the client's report, who took it and
/// when. By its grammar valid, and
/// taken between 1970 and 2262 (the end of what nanoseconds in an `i64` can say), with a time that is no
/// further ahead of that than any server allows; whether it was too far ahead for the one that took it was
/// judged there. All servers judge a line alike: by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<'a> {
    /// The server that took the report.
    pub server: &'a [u8],
    /// When it took it, minus the client's time.
    pub difference_nanoseconds: i64,
    /// The client's id.
    pub client: &'a [u8],
    /// A valid [`Location`](super::Location); empty of a client that was forgotten.
    pub location: &'a [u8],
    /// A valid time (see [`parse_time`](super::time::parse_time)).
    pub time: &'a [u8],
    /// The time in nanoseconds.
    pub time_nanoseconds: i64,
    /// `<client> <location> <time>`, or `<client> <time>`.
    pub text: &'a [u8],
}

impl<'a> NeighbourLine<'a> {
    /// Reads a line (without its LF); `None` if it breaks the grammar.
    pub fn parse(line: &'a [u8]) -> Option<NeighbourLine<'a>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut scanner = Scanner::new(line);
        if scanner.literal(b"AT ").is_some() {
            At::parse_fields::<true>(scanner).map(NeighbourLine::At)
        } else if scanner.literal(b"MARK ").is_some() {
            let (sequence, digest) = parse_place(scanner)?;
            Some(NeighbourLine::Mark { sequence, digest })
        } else if scanner.literal(b"ACK ").is_some() {
            let (sequence, digest) = parse_place(scanner)?;
            Some(NeighbourLine::Acknowledge { sequence, digest })
        } else if scanner.literal(b"GONE ").is_some() {
            At::parse_fields::<false>(scanner).map(NeighbourLine::Gone)
        } else if scanner.literal(b"HERD ").is_some() {
            parse_greeting(scanner)
        } else if scanner.literal(b"HEARD ").is_some() {
            parse_heard(scanner)
        } else {
            scanner.literal(b"REFUSED ")?;
            Some(NeighbourLine::Refused { reason: scanner.rest() })
        }
    }
}

impl<'a> At<'a> {
    /// `IS_AT`: there is a location, of a position.
    #[inline(always)]
    fn parse_fields<const IS_AT: bool>(mut scanner: Scanner<'a>) -> Option<Self> {
        let server = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
        scanner.literal(b" ")?;
        let difference_nanoseconds = scanner.difference()?;
        scanner.literal(b" ")?;
        let text = scanner.rest();
        let client = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        scanner.literal(b" ")?;
        let (location, time, time_nanoseconds) = if IS_AT {
            scanner.last_location_and_time()?
        } else {
            let (time, time_nanoseconds) = scanner.time()?;
            scanner.end()?;
            (&b""[..], time, time_nanoseconds)
        };
        // When it was taken, by the clock of who took it.
        let taken = time_nanoseconds.checked_add(difference_nanoseconds)?;
        if taken < 0 || difference_nanoseconds < DIFFERENCE_NANOSECONDS_MIN {
            return None;
        }
        Some(At { server, difference_nanoseconds, client, location, time, time_nanoseconds, text })
    }
}

fn parse_greeting(mut scanner: Scanner<'_>) -> Option<NeighbourLine<'_>> {
    let version = parse_version(&mut scanner)?;
    scanner.literal(b" ")?;
    let herd = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    let from = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    let to = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    let epoch = parse_hexadecimal(&mut scanner)?;
    let lifetimes = match version {
        _ if version.tells_ends() => Some(parse_lifetimes(&mut scanner)?),
        _ => None,
    };
    end_of_version(version, scanner)?;
    Some(NeighbourLine::Greeting { version, herd, from, to, epoch, lifetimes })
}

/// ` <ttl> <tombstones>`, as they may stand in a herd file.
pub(super) fn parse_lifetimes(scanner: &mut Scanner<'_>) -> Option<Lifetimes> {
    let mut seconds = || {
        scanner.literal(b" ")?;
        u32::try_from(parse_number(scanner)?).ok()
    };
    let (ttl, tombstone_seconds) = (seconds()?, seconds()?);
    let ttl_seconds = (ttl > 0).then_some(ttl);
    let all = ttl_seconds.into_iter().chain([tombstone_seconds]);
    let are_in_range = all.into_iter().all(|seconds| Lifetimes::SECONDS.contains(&seconds));
    (are_in_range && ttl <= tombstone_seconds)
        .then_some(Lifetimes { ttl_seconds, tombstone_seconds })
}

fn parse_heard(mut scanner: Scanner<'_>) -> Option<NeighbourLine<'_>> {
    let version = parse_version(&mut scanner)?;
    scanner.literal(b" ")?;
    let server = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    let epoch = parse_hexadecimal(&mut scanner)?;
    scanner.literal(b" ")?;
    let up_to = parse_number(&mut scanner)?;
    end_of_version(version, scanner)?;
    Some(NeighbourLine::Heard { version, server, epoch, up_to })
}

fn parse_version(scanner: &mut Scanner<'_>) -> Option<Version> {
    u32::try_from(parse_number(scanner)?).ok().map(Version::new)
}

/// The end of the line, or in a later version than we know anything more.
fn end_of_version(version: Version, mut scanner: Scanner<'_>) -> Option<()> {
    if version <= Version::HIGHEST || scanner.end().is_some() {
        return scanner.end();
    }
    scanner.literal(b" ")
}

/// `<sequence> <digest>`, maybe ` <step>`, and the end of the line.
fn parse_place(mut scanner: Scanner<'_>) -> Option<(u64, Digest)> {
    let sequence = parse_number(&mut scanner)?;
    scanner.literal(b" ")?;
    let sum = parse_hexadecimal(&mut scanner)?;
    let step = match scanner.end() {
        Some(()) => None,
        None => {
            scanner.literal(b" ")?;
            let step = parse_number(&mut scanner)?;
            scanner.end()?;
            Some(step)
        }
    };
    Some((sequence, Digest { sum, step }))
}

/// A whole number as [`write_integer`] writes it.
pub(super) fn parse_number(scanner: &mut Scanner<'_>) -> Option<u64> {
    match scanner.integer()? {
        (_, [b'0', _, ..]) => None,
        (number, _) => Some(number),
    }
}

/// 16 lower-case hexadecimal digits.
pub(super) fn parse_hexadecimal(scanner: &mut Scanner<'_>) -> Option<u64> {
    let digits = scanner.rest().first_chunk::<16>()?;
    let number = digits.iter().try_fold(0, |number: u64, &digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })?;
    scanner.literal(digits)?;
    Some(number)
}

/// Appends `HERD <version> <herd> <from> <to> <epoch>` and, but for version 1, ` <ttl> <tombstones>`; and
/// LF.
pub fn write_greeting(
    out: &mut Vec<u8>,
    version: Version,
    [herd, from, to]: [&[u8]; 3],
    epoch: u64,
    lifetimes: Lifetimes,
) {
    out.extend_from_slice(b"HERD ");
    write_integer(out, u64::from(version.number()));
    for name in [herd, from, to] {
        out.push(b' ');
        out.extend_from_slice(name);
    }
    out.push(b' ');
    write_hexadecimal(out, epoch);
    if version.tells_ends() {
        write_lifetimes(out, lifetimes);
    }
    out.push(b'\n');
}

/// ` <ttl> <tombstones>`.
pub(super) fn write_lifetimes(out: &mut Vec<u8>, lifetimes: Lifetimes) {
    for seconds in [lifetimes.ttl_seconds.unwrap_or(0), lifetimes.tombstone_seconds] {
        out.push(b' ');
        write_integer(out, seconds.into());
    }
}

/// Appends `HEARD <version> <server> <epoch> <up-to>` and LF.
pub fn write_heard(out: &mut Vec<u8>, version: Version, server: &[u8], epoch: u64, up_to: u64) {
    out.extend_from_slice(b"HEARD ");
    write_integer(out, u64::from(version.number()));
    out.push(b' ');
    out.extend_from_slice(server);
    out.push(b' ');
    write_hexadecimal(out, epoch);
    out.push(b' ');
    write_integer(out, up_to);
    out.push(b'\n');
}

/// Appends `REFUSED <reason>` and LF. Line ends in the reason become spaces.
pub fn write_refused(out: &mut Vec<u8>, reason: &str) {
    out.extend_from_slice(b"REFUSED ");
    out.extend(reason.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    out.push(b'\n');
}

/// Appends `AT <server> <difference> <text>` and LF, where `text` is `<client> <location> <time>`:
/// to a neighbour, and to a client as the answer to its `IAMAT`.
pub fn write_at(out: &mut Vec<u8>, server: &[u8], difference_nanoseconds: i64, text: &[u8]) {
    out.extend_from_slice(b"AT ");
    out.extend_from_slice(server);
    out.push(b' ');
    write_at_behind(out, difference_nanoseconds, text);
}

/// Appends `GONE <server> <difference> <text>` and LF, where `text` is `<client> <time>`: to a
/// neighbour, to who watches, and to a client as the answer to its `FORGET`.
pub fn write_gone(out: &mut Vec<u8>, server: &[u8], difference_nanoseconds: i64, text: &[u8]) {
    out.extend_from_slice(b"GONE ");
    out.extend_from_slice(server);
    out.push(b' ');
    write_at_behind(out, difference_nanoseconds, text);
}

/// What all `AT` lines of a server begin with, for [`write_at_after`].
pub fn at_beginning(server: &[u8]) -> Vec<u8> {
    [b"AT ", server, b" "].concat()
}

/// As [`write_at`], with the [`at_beginning`] of the server.
pub fn write_at_after(
    out: &mut Vec<u8>,
    beginning: &[u8],
    difference_nanoseconds: i64,
    text: &[u8],
) {
    out.extend_from_slice(beginning);
    write_at_behind(out, difference_nanoseconds, text);
}

#[inline(always)]
fn write_at_behind(out: &mut Vec<u8>, difference_nanoseconds: i64, text: &[u8]) {
    write_difference_and_space(out, difference_nanoseconds);
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// Appends `MARK <sequence> <digest>`, maybe ` <step>`, and LF.
pub fn write_mark(out: &mut Vec<u8>, sequence: u64, digest: Digest) {
    write_place(out, b"MARK ", sequence, digest);
}

/// Appends `ACK <sequence> <digest>`, maybe ` <step>`, and LF.
pub fn write_acknowledge(out: &mut Vec<u8>, sequence: u64, digest: Digest) {
    write_place(out, b"ACK ", sequence, digest);
}

fn write_place(out: &mut Vec<u8>, word: &[u8], sequence: u64, digest: Digest) {
    out.extend_from_slice(word);
    write_integer(out, sequence);
    out.push(b' ');
    write_hexadecimal(out, digest.sum);
    if let Some(step) = digest.step {
        out.push(b' ');
        write_integer(out, step);
    }
    out.push(b'\n');
}

pub(super) fn write_hexadecimal(out: &mut Vec<u8>, number: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend((0..16).rev().map(|place| DIGITS[(number >> (4 * place)) as usize & 15]));
}

#[cfg(test)]
mod tests;
