//! What gateways say to each other on a message bus: the first line of each message.
//!
//! | line | on | what it says |
//! |---|---|---|
//! | `FEED <herd> <server> <epoch> <from> <to>` | `<subject>.feed` | behind it stand all changes of my feed from behind the one number up to the other that are still so, as [`AT` and `GONE`](super::neighbour) |
//! | `DIGEST <herd> <server> <epoch> <to> <digest> <step> <ttl> <tombstones>` | `<subject>.digest` | I have told my feed up to there; all I know at that second since 1970; for how many seconds my herd remembers positions (0: for ever) and tombstones |
//! | `AGAIN <herd> <server> <epoch> <from> <to>` | `<subject>.again.<server>` | you, in that epoch: tell your feed again from behind the one number up to the other |
//! | `ALL <herd> <server> <epoch>` | `<subject>.again.<server>` | you, in that epoch: tell everything that you know, whoever took it |
//!
//! Fields are separated by one space and written as between neighbours; a CR before the LF is tolerated. A
//! herd's feed is that of its own servers: what a gateway was told by the bus it does not tell there, but
//! for `ALL`. The LF of a message's last line may lack.

use super::decimal::write_integer;
use super::lifetimes::Lifetimes;
use super::neighbour::{
    Digest, parse_hexadecimal, parse_lifetimes, parse_number, write_hexadecimal, write_lifetimes,
};
use super::scanner::Scanner;
use crate::limits;

/// One life of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Its herd's name.
    pub herd: &'a [u8],
    /// The server's.
    pub server: &'a [u8],
    /// Its epoch.
    pub epoch: u64,
}

/// A stretch of a gateway's feed, by its sequence numbers: those behind `from` up to `to`, which is not less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The last number before it.
    pub from: u64,
    /// Its last number.
    pub to: u64,
}

/// The first line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayLine<'a> {
    /// That gateway tells a stretch of its feed, in the lines that follow.
    Feed(Source<'a>, Stretch),
    /// How far that gateway has told its feed, and what it knows.
    Digest {
        /// Who.
        source: Source<'a>,
        /// Up to where.
        up_to: u64,
        /// Of all that it knows, with a step.
        digest: Digest,
        /// For how long its herd remembers.
        lifetimes: Lifetimes,
    },
    /// That gateway is to tell a stretch of its feed again.
    Again(Source<'a>, Stretch),
    /// That gateway is to tell everything that it knows.
    All(Source<'a>),
}

impl<'a> GatewayLine<'a> {
    /// Reads a line (without its LF); `None` if it breaks the grammar.
    pub fn parse(line: &'a [u8]) -> Option<GatewayLine<'a>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut scanner = Scanner::new(line);
        let said = if scanner.literal(b"FEED ").is_some() {
            GatewayLine::Feed(source(&mut scanner)?, stretch(&mut scanner)?)
        } else if scanner.literal(b"DIGEST ").is_some() {
            let source = source(&mut scanner)?;
            scanner.literal(b" ")?;
            let up_to = parse_number(&mut scanner)?;
            scanner.literal(b" ")?;
            let sum = parse_hexadecimal(&mut scanner)?;
            scanner.literal(b" ")?;
            let digest = Digest { sum, step: Some(parse_number(&mut scanner)?) };
            GatewayLine::Digest { source, up_to, digest, lifetimes: parse_lifetimes(&mut scanner)? }
        } else if scanner.literal(b"AGAIN ").is_some() {
            GatewayLine::Again(source(&mut scanner)?, stretch(&mut scanner)?)
        } else {
            scanner.literal(b"ALL ")?;
            GatewayLine::All(source(&mut scanner)?)
        };
        scanner.end()?;
        Some(said)
    }
}

/// `<herd> <server> <epoch>`.
fn source<'a>(scanner: &mut Scanner<'a>) -> Option<Source<'a>> {
    let herd = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    let server = scanner.name(limits::SERVER_NAME_BYTES_MAX)?;
    scanner.literal(b" ")?;
    Some(Source { herd, server, epoch: parse_hexadecimal(scanner)? })
}

/// ` <from> <to>`.
fn stretch(scanner: &mut Scanner<'_>) -> Option<Stretch> {
    scanner.literal(b" ")?;
    let from = parse_number(scanner)?;
    scanner.literal(b" ")?;
    let to = parse_number(scanner)?;
    (from <= to).then_some(Stretch { from, to })
}

/// Appends `FEED <herd> <server> <epoch> <from> <to>` and LF.
pub fn write_feed(out: &mut Vec<u8>, source: Source<'_>, stretch: Stretch) {
    out.extend_from_slice(b"FEED ");
    write_stretch(out, source, stretch);
}

/// Appends `AGAIN <herd> <server> <epoch> <from> <to>` and LF.
pub fn write_again(out: &mut Vec<u8>, source: Source<'_>, stretch: Stretch) {
    out.extend_from_slice(b"AGAIN ");
    write_stretch(out, source, stretch);
}

/// Appends `ALL <herd> <server> <epoch>` and LF.
pub fn write_all(out: &mut Vec<u8>, source: Source<'_>) {
    out.extend_from_slice(b"ALL ");
    write_source(out, source);
    out.push(b'\n');
}

/// Appends `DIGEST <herd> <server> <epoch> <to> <digest> <step> <ttl> <tombstones>` and LF.
pub fn write_digest(
    out: &mut Vec<u8>,
    source: Source<'_>,
    up_to: u64,
    digest: Digest,
    lifetimes: Lifetimes,
) {
    out.extend_from_slice(b"DIGEST ");
    write_source(out, source);
    out.push(b' ');
    write_integer(out, up_to);
    out.push(b' ');
    write_hexadecimal(out, digest.sum);
    out.push(b' ');
    write_integer(out, digest.step.unwrap_or(0));
    write_lifetimes(out, lifetimes);
    out.push(b'\n');
}

fn write_stretch(out: &mut Vec<u8>, source: Source<'_>, stretch: Stretch) {
    write_source(out, source);
    for number in [stretch.from, stretch.to] {
        out.push(b' ');
        write_integer(out, number);
    }
    out.push(b'\n');
}

fn write_source(out: &mut Vec<u8>, source: Source<'_>) {
    for name in [source.herd, source.server] {
        out.extend_from_slice(name);
        out.push(b' ');
    }
    write_hexadecimal(out, source.epoch);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Option<GatewayLine<'_>> {
        GatewayLine::parse(text.as_bytes())
    }

    #[test]
    fn each_line_is_read_as_it_is_written_and_no_other_way() {
        let source = Source { herd: b"west", server: b"Ball", epoch: 0xfe };
        let fed = GatewayLine::Feed(source, Stretch { from: 3, to: 9 });
        assert_eq!(lines("FEED west Ball 00000000000000fe 3 9"), Some(fed));
        assert_eq!(lines("FEED west Ball 00000000000000fe 3 9\r"), Some(fed));
        assert_eq!(lines("ALL west Ball 00000000000000fe"), Some(GatewayLine::All(source)));
        let lifetimes = Lifetimes { ttl_seconds: None, tombstone_seconds: 60 };
        let digest = Digest { sum: 1, step: Some(5) };
        let told = GatewayLine::Digest { source, up_to: 9, digest, lifetimes };
        let line = "DIGEST west Ball 00000000000000fe 9 0000000000000001 5 0 60";
        assert_eq!(lines(line), Some(told));
        for broken in [
            "",
            "FEED",
            "FEED west Ball 00000000000000fe 9 3",
            "FEED west Ball 00000000000000fe 03 9",
            "FEED west Ball 00000000000000fe 3 9 ",
            "FEED west Ball 00000000000000FE 3 9",
            "FEED west Ball fe 3 9",
            "FEED west  Ball 00000000000000fe 3 9",
            "FEED west Ball 00000000000000fe 3 18446744073709551616",
            "ALL west Ball 00000000000000fe 3",
            "AGAIN west Ball 00000000000000fe 3",
            "DIGEST west Ball 00000000000000fe 9 0000000000000001 0 60",
            "DIGEST west Ball 00000000000000fe 9 0000000000000001 5 61 60",
            "AT Ball +0.1 kiwi +1.0-2.0 3",
        ] {
            assert_eq!(lines(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            herd in "[!-~]{1,64}", server in "[!-~]{1,64}", epoch: u64, from: u64, more: u32,
            sum: u64, step: u64, ttl in proptest::option::of(1_u32..1_000),
        ) {
            let source = Source { herd: herd.as_bytes(), server: server.as_bytes(), epoch };
            let stretch = Stretch { from, to: from.saturating_add(more.into()) };
            let digest = Digest { sum, step: Some(step) };
            let lifetimes = Lifetimes { ttl_seconds: ttl, tombstone_seconds: 1_000 };
            let mut out = Vec::new();
            let mut read = |write: &dyn Fn(&mut Vec<u8>), meant: GatewayLine<'_>| {
                out.clear();
                write(&mut out);
                let line = out.strip_suffix(b"\n");
                prop_assert_eq!(line.and_then(GatewayLine::parse), Some(meant));
                Ok(())
            };
            read(&|out| write_feed(out, source, stretch), GatewayLine::Feed(source, stretch))?;
            read(&|out| write_again(out, source, stretch), GatewayLine::Again(source, stretch))?;
            read(&|out| write_all(out, source), GatewayLine::All(source))?;
            let told = GatewayLine::Digest { source, up_to: from, digest, lifetimes };
            read(&|out| write_digest(out, source, from, digest, lifetimes), told)?;
        }
    }
}
