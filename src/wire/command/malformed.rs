//! Why a line is no command: for people, who ask after it was refused. The parsers only say that it
//! is none; here its fields are looked at once more, one after the other, at leisure.

use super::super::Printable;
use super::super::ascii::is_white_space;
use super::super::location::{self, Misplaced};
use super::super::misnumbered::{Misnumbered, misnumbered};
use super::super::time::to_nanoseconds;
use super::auth::may_hold_token;
use crate::fault::fault;
use crate::limits;
use crate::wire::{Decimal, Location};
use std::fmt;

/// The line is neither a command nor white space. Nothing is looked for until it is asked
/// [why](Self::reason); its `Display` is that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed<'a>(pub(super) &'a [u8]);

/// What is wrong with a line. Its `Display` is a clause that quotes of the line what is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<'a> {
    /// It begins with no command's name; with what it begins.
    Unknown(&'a [u8]),
    /// It begins with that command's name in other letters.
    Capitals(&'static str),
    /// That command takes other fields than there are, in words.
    Fields(&'static str, &'static str),
    /// The client's id is empty.
    ClientEmpty,
    /// The client's id has white space in it.
    ClientWhiteSpace,
    /// The client's id has so many bytes.
    ClientTooLong(usize),
    /// The client's id is not UTF-8.
    ClientNotUtf8,
    /// The client's id has a control character.
    ClientControl,
    /// What is wrong with the location.
    Location(Misplaced<'a>),
    /// What is wrong with the number that is called so.
    Number(&'static str, Misnumbered),
    /// The number that is called so has a fraction.
    Fraction(&'static str),
    /// The number that is called so is beyond the largest.
    Beyond(&'static str, &'a [u8], u64),
    /// The time does not fit into nanoseconds since 1970.
    TooLate,
    /// A location is watched without a radius.
    NoRadius,
    /// A command as any other: nothing is wrong.
    Nothing,
}

impl<'a> Malformed<'a> {
    /// What is wrong with the line, and the field that it is wrong with (empty where it is none
    /// alone).
    pub fn reason(self) -> (Reason<'a>, &'a [u8]) {
        let found = look(&fields(self.0));
        if found.0 == Reason::Nothing {
            fault!("{} was no command, and nothing is wrong with it", Printable(self.0));
        }
        found
    }
}

impl Reason<'static> {
    /// Why `client` is no id of a client, wherever it comes from; `None` if it is one.
    pub fn of_client(client: &[u8]) -> Option<Reason<'static>> {
        client_fault(client)
    }
}

/// Whether a line cannot be a whole command yet, but may become one: the beginning of a command's
/// name, a command with too few fields, or one whose last number ends at its point.
pub(super) fn is_unfinished(line: &[u8]) -> bool {
    match *fields(line) {
        [b"SERVERS"] => false,
        [name] => COMMANDS.iter().any(|(known, _)| known.as_bytes().starts_with(name)),
        [b"IAMAT" | b"WHATSAT" | b"NEAR", .., last] => match fields(line).len() {
            ..4 => true,
            4 => last.ends_with(b"."),
            _ => false,
        },
        [b"FORGET", _] => true,
        [b"FORGET", _, time] => time.ends_with(b"."),
        _ => false,
    }
}

/// The first fields of a line, one more than any command takes.
fn fields(line: &[u8]) -> Vec<&[u8]> {
    let fields = line.split(|&byte| is_white_space(byte)).filter(|field| !field.is_empty());
    fields.take(5).collect()
}

/// The names of the commands, and what fields they take.
const COMMANDS: [(&str, &str); 8] = [
    ("IAMAT", "client, location and time"),
    ("WHATSAT", "client, radius and bound"),
    ("NEAR", "client or location, radius and bound"),
    ("WATCH", "a client, or location and radius, or *"),
    ("UNWATCH", "a client, or location and radius, or *"),
    ("FORGET", "client and time"),
    ("AUTH", "a token"),
    ("SERVERS", "nothing more"),
];

fn look<'a>(fields: &[&'a [u8]]) -> (Reason<'a>, &'a [u8]) {
    match *fields {
        [b"IAMAT", client, location, time] => first([
            (client_fault(client), client),
            (location::misplaced(location).map(Reason::Location), location),
            (time_fault(time), time),
        ]),
        [b"WHATSAT", client, radius, bound] => first([
            (client_fault(client), client),
            (radius_fault(radius, limits::RADIUS_KILOMETRES_MAX), radius),
            (bound_fault(bound, limits::RESULTS_MAX.into()), bound),
        ]),
        [b"NEAR", place, radius, bound] => first([
            (client_fault(place), place),
            (radius_fault(radius, limits::NEAR_KILOMETRES_MAX), radius),
            (bound_fault(bound, limits::NEAR_RESULTS_MAX.into()), bound),
        ]),
        [b"WATCH" | b"UNWATCH", client] => {
            let half = Location::parse(client).map(|_| Reason::NoRadius);
            first([(client_fault(client), client), (half, client)])
        }
        [b"WATCH" | b"UNWATCH", location, radius] => first([
            (client_fault(location), location),
            (location::misplaced(location).map(Reason::Location), location),
            (radius_fault(radius, limits::NEAR_KILOMETRES_MAX), radius),
        ]),
        [b"FORGET", client, time] => {
            first([(client_fault(client), client), (time_fault(time), time)])
        }
        [name, ..] => (name_fault(name), &[]),
        [] => (Reason::Nothing, &[]),
    }
}

/// It is the name alone that is wrong, or other fields follow it than should.
fn name_fault(name: &[u8]) -> Reason<'_> {
    let alike = COMMANDS.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
    match alike {
        Some(&(known, fields)) if known.as_bytes() == name => Reason::Fields(known, fields),
        Some((known, _)) => Reason::Capitals(known),
        None => Reason::Unknown(name),
    }
}

/// The first field with which something is wrong.
fn first<'a, const N: usize>(
    faults: [(Option<Reason<'a>>, &'a [u8]); N],
) -> (Reason<'a>, &'a [u8]) {
    let mut faults = faults.into_iter();
    let found = faults.find_map(|(reason, field)| reason.map(|reason| (reason, field)));
    found.unwrap_or((Reason::Nothing, &[]))
}

/// What is wrong with a client's id; neither of the first two can be where white space has split a line.
fn client_fault(client: &[u8]) -> Option<Reason<'static>> {
    match str::from_utf8(client) {
        _ if client.is_empty() => Some(Reason::ClientEmpty),
        _ if client.iter().any(|&byte| is_white_space(byte)) => Some(Reason::ClientWhiteSpace),
        _ if client.len() > limits::CLIENT_ID_BYTES_MAX => {
            Some(Reason::ClientTooLong(client.len()))
        }
        Err(_) => Some(Reason::ClientNotUtf8),
        Ok(text) => text.chars().any(char::is_control).then_some(Reason::ClientControl),
    }
}

fn time_fault(time: &[u8]) -> Option<Reason<'_>> {
    match Decimal::parse(time) {
        Some(seconds) => to_nanoseconds(seconds).is_none().then_some(Reason::TooLate),
        None => Some(Reason::Number("time", misnumbered(time))),
    }
}

fn radius_fault(radius: &[u8], most: u64) -> Option<Reason<'_>> {
    match Decimal::parse(radius) {
        Some(kilometres) => {
            (!kilometres.is_at_most(most)).then_some(Reason::Beyond("radius", radius, most))
        }
        None => Some(Reason::Number("radius", misnumbered(radius))),
    }
}

fn bound_fault(bound: &[u8], most: u64) -> Option<Reason<'_>> {
    match Decimal::parse(bound) {
        Some(_) if bound.contains(&b'.') => Some(Reason::Fraction("bound")),
        Some(results) => {
            (!results.is_at_most(most)).then_some(Reason::Beyond("bound", bound, most))
        }
        None => Some(Reason::Number("bound", misnumbered(bound))),
    }
}

impl fmt::Display for Malformed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason().0.fmt(f)
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unknown(name) if may_hold_token(name) => {
                f.write_str("there is no such command")
            }
            Reason::Unknown(name) => write!(f, "there is no command {}", Printable(name)),
            Reason::Capitals(name) => write!(f, "commands are case-sensitive: {name}"),
            Reason::Fields(name, fields) => write!(f, "{name} takes {fields}"),
            Reason::ClientEmpty => f.write_str("the client's id is empty"),
            Reason::ClientWhiteSpace => f.write_str("the client's id has white space in it"),
            Reason::ClientTooLong(bytes) => {
                let most = limits::CLIENT_ID_BYTES_MAX;
                write!(f, "the client's id has {bytes} bytes, of {most} at most")
            }
            Reason::ClientNotUtf8 => f.write_str("the client's id is not UTF-8"),
            Reason::ClientControl => f.write_str("the client's id has a control character"),
            Reason::Location(misplaced) => misplaced.fmt(f),
            Reason::Number(name, misnumbered) => write!(f, "the {name} {misnumbered}"),
            Reason::Fraction(name) => write!(f, "the {name} is no whole number"),
            Reason::Beyond(name, given, most) => {
                write!(f, "{name} {} is beyond {most}", Printable(given))
            }
            Reason::TooLate => f.write_str("the time is beyond the year 2262"),
            Reason::NoRadius => f.write_str("a location is watched with a radius"),
            Reason::Nothing => f.write_str("nothing is wrong with it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Command;
    use super::*;

    fn why(line: &str) -> String {
        match Command::parse(line.as_bytes()) {
            Err(malformed) => malformed.to_string(),
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn a_line_that_is_no_command_can_be_explained() {
        for (line, expected) in [
            ("HELLO there", "there is no command HELLO"),
            ("\x07", r"there is no command \x07"),
            ("AT Solo +0.1 a +1+1 1", "there is no command AT"),
            ("iamat a +1+1 1", "commands are case-sensitive: IAMAT"),
            ("WhatsAt", "commands are case-sensitive: WHATSAT"),
            ("IAMAT", "IAMAT takes client, location and time"),
            ("IAMAT a +1+1", "IAMAT takes client, location and time"),
            ("IAMAT a b +1+1 1", "IAMAT takes client, location and time"),
            ("WHATSAT a 1", "WHATSAT takes client, radius and bound"),
            ("WHATSAT a 1 2 3 4 5", "WHATSAT takes client, radius and bound"),
            ("IAMAT a\u{7f} +1+1 1", "the client's id has a control character"),
            ("IAMAT a 1+1 1", "the latitude has no sign"),
            ("IAMAT a + 1", "the latitude is no number"),
            ("IAMAT a +1 1", "the longitude is missing"),
            ("IAMAT a +1.-1 1", "the latitude has no digits behind its point"),
            ("IAMAT a +1+1.x 1", "the longitude has no digits behind its point"),
            ("IAMAT a +1x 1", "the longitude has no sign"),
            ("IAMAT a +1++ 1", "the longitude is no number"),
            ("IAMAT a +95-118 1", "latitude 95 is beyond 90"),
            ("IAMAT a -90.5-118 1", "latitude -90.5 is beyond 90"),
            ("IAMAT a +9000.1-11800 1", "latitude 9000.1 is beyond 90"),
            ("IAMAT a +34-181 1", "longitude -181 is beyond 180"),
            ("IAMAT a +3460-11800 1", "the latitude has 60 minutes"),
            ("IAMAT a +340000-1180075 1", "the longitude has 75 seconds"),
            ("IAMAT a +34-11800 1", "latitude and longitude are in different forms"),
            ("IAMAT a +12345-118 1", "the latitude has 5 digits before its point"),
            ("IAMAT a +34-118// 1", "something follows the location: /"),
            ("IAMAT a +34-118,5 1", "something follows the location: ,5"),
            ("IAMAT a +1+1 1e9", "the time has an exponent"),
            ("IAMAT a +1+1 -1", "the time has a sign"),
            ("IAMAT a +1+1 1.", "the time has no digits behind its point"),
            ("IAMAT a +1+1 nan", "the time is no number"),
            ("IAMAT a +1+1 99999999999", "the time is beyond the year 2262"),
            ("IAMAT a +1+1 99999999999999999999999", "the time is too large"),
            ("WHATSAT a 51 1", "radius 51 is beyond 50"),
            ("WHATSAT a 50.001 1", "radius 50.001 is beyond 50"),
            ("WHATSAT a -1 1", "the radius has a sign"),
            ("WHATSAT a 1 21", "bound 21 is beyond 20"),
            ("WHATSAT a 1 2.0", "the bound is no whole number"),
            ("WHATSAT a 1 1e0", "the bound has an exponent"),
            ("near a 1 1", "commands are case-sensitive: NEAR"),
            ("NEAR a 1", "NEAR takes client or location, radius and bound"),
            ("NEAR a 20041 1", "radius 20041 is beyond 20040"),
            ("NEAR +1+1 20040.001 1", "radius 20040.001 is beyond 20040"),
            ("NEAR a -1 1", "the radius has a sign"),
            ("NEAR a 1 1001", "bound 1001 is beyond 1000"),
            ("NEAR a 1 1.0", "the bound is no whole number"),
            ("SERVERS all", "SERVERS takes nothing more"),
            ("servers", "commands are case-sensitive: SERVERS"),
            ("WATCH", "WATCH takes a client, or location and radius, or *"),
            ("UNWATCH a 1 2", "UNWATCH takes a client, or location and radius, or *"),
            ("WATCH +1+1", "a location is watched with a radius"),
            ("WATCH +1 5", "the longitude is missing"),
            ("WATCH * 5", "the latitude has no sign"),
            ("WATCH +1+1 20041", "radius 20041 is beyond 20040"),
            ("UNWATCH +1+1 1e3", "the radius has an exponent"),
            ("Forget a 1", "commands are case-sensitive: FORGET"),
            ("FORGET", "FORGET takes client and time"),
            ("FORGET a", "FORGET takes client and time"),
            ("FORGET a +1+1 1", "FORGET takes client and time"),
            ("FORGET a\u{7f} 1", "the client's id has a control character"),
            ("FORGET a -1", "the time has a sign"),
            ("FORGET a 99999999999", "the time is beyond the year 2262"),
        ] {
            assert_eq!(why(line), expected, "{line:?}");
        }
        let line = format!("IAMAT {} +1+1 1", "x".repeat(1_025));
        assert_eq!(why(&line), "the client's id has 1025 bytes, of 1024 at most");
        let malformed = Command::parse(b"WHATSAT \xff 1 1").unwrap_err();
        assert_eq!(malformed.reason(), (Reason::ClientNotUtf8, &b"\xff"[..]));
    }

    #[test]
    fn a_client_s_id_can_be_judged_alone() {
        let why = |client: &[u8]| Reason::of_client(client).map(|reason| reason.to_string());
        for good in ["a", "..", "a/b", "Zo\u{eb}", "a\u{a0}b"] {
            assert_eq!(why(good.as_bytes()), None, "{good:?}");
        }
        assert_eq!(why(b"").unwrap(), "the client's id is empty");
        assert_eq!(why(b"a b").unwrap(), "the client's id has white space in it");
        assert_eq!(why(b"\x1b").unwrap(), "the client's id has a control character");
        assert_eq!(why(b"\xff").unwrap(), "the client's id is not UTF-8");
    }

    #[test]
    fn half_a_command_is_told_from_a_whole_one() {
        let whole = "IAMAT kiwi +34.0-118.0 1.5";
        for end in 1..whole.len() {
            let is_whole = end == whole.len() - 2;
            let half = &whole.as_bytes()[..end];
            assert_eq!(is_unfinished(half), !is_whole, "{}", &whole[..end]);
        }
        for line in [
            "WHATSAT kiwi 10",
            "\tWH",
            "IAMAT seg +34.06",
            "IAMAT x y",
            "FOR",
            "FORGET",
            "FORGET x",
            "FORGET x 1.",
        ] {
            assert!(is_unfinished(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            " ",
            whole,
            "nonsense",
            "iamat",
            "WHATSAT kiwi 10 5",
            "IAMAT a b c d.",
            "FORGET x 1",
            "FORGET x 1 .",
        ] {
            assert!(!is_unfinished(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn the_field_is_told_with_the_reason() {
        let field = |line: &'static str| Command::parse(line.as_bytes()).unwrap_err().reason().1;
        assert_eq!(field("IAMAT a +95-118 1"), b"+95-118");
        assert_eq!(field("WHATSAT  a 51\t1"), b"51");
        assert_eq!(field("IAMAT a +1+1 1e9\r"), b"1e9");
        assert_eq!(field("IAMAT a"), b"");
    }
}
