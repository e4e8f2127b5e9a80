//! What a client's line may say: `IAMAT`, `WHATSAT`, `NEAR`, `WATCH`, `UNWATCH`, `FORGET`, `AUTH` and
//! `SERVERS`; and why it says none of these.

mod auth;
mod forget;
mod malformed;
mod near;
mod watch;

pub use auth::{Auth, may_hold_token};
pub use forget::Forget;
pub use malformed::{Malformed, Reason};
pub use near::{Near, Place};
pub use watch::Watch;

use super::scanner::Scanner;
use crate::limits;
use std::borrow::Cow;

/// A client's command, checked as far as the line alone tells (not against the clock, nor against
/// the clients that are known).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// `IAMAT <client> <location> <time>`: the client tells where it is.
    IamAt(IamAt<'a>),
    /// `WHATSAT <client> <radius> <bound>`: what is near a client?
    WhatsAt(WhatsAt<'a>),
    /// `NEAR <client>|<location> <radius> <bound>`: which clients are near?
    Near(Near<'a>),
    /// `WATCH <client>`, `WATCH <location> <radius>` or `WATCH *`: tell me when these move.
    Watch(Watch<'a>),
    /// `UNWATCH` with the same fields: no longer.
    Unwatch(Watch<'a>),
    /// `AUTH <token>`: this is who I am.
    Auth(Auth<'a>),
    /// `FORGET <client> <time>`: it is not known any more where the client is.
    Forget(Forget<'a>),
    /// `SERVERS`: which servers are there, and which of them are up?
    Servers,
}

/// The fields of an `IAMAT`, as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IamAt<'a> {
    /// The client's id.
    pub client: &'a [u8],
    /// A valid [`Location`](super::Location).
    pub location: &'a [u8],
    /// A valid time (see [`parse_time`](super::time::parse_time)).
    pub time: &'a [u8],
    /// The time in nanoseconds.
    pub time_nanoseconds: i64,
    /// From the client's id to the end of the time.
    span: &'a [u8],
    /// Whether one space separates the fields, and nothing else.
    single_spaces: bool,
}

/// A report that was found at the front of some data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Front<'a> {
    /// What [`Command::parse`] makes of its line.
    pub report: IamAt<'a>,
    /// The line, without its LF.
    pub line: &'a [u8],
    /// What is behind the line.
    pub rest: &'a [u8],
}

/// The fields of a `WHATSAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatsAt<'a> {
    /// The id of the client whose surroundings are asked for.
    pub client: &'a [u8],
    /// At most [`limits::RADIUS_KILOMETRES_MAX`]; what is finer than a micrometre is cut off.
    pub radius_micrometres: u64,
    /// Most results: at most [`limits::RESULTS_MAX`].
    pub bound: u8,
}

impl<'a> Command<'a> {
    /// Whether a line cannot be a whole command yet, but may become one if more of it comes.
    pub fn is_unfinished(line: &[u8]) -> bool {
        malformed::is_unfinished(line)
    }

    /// Reads a line (without its LF). `Ok(None)` is a line of white space alone.
    ///
    /// # Errors
    /// What can be asked why the line is neither a command nor white space.
    pub fn parse(line: &'a [u8]) -> Result<Option<Command<'a>>, Malformed<'a>> {
        let mut scanner = Scanner::new(line);
        scanner.skip_white_space();
        if scanner.end().is_some() {
            return Ok(None);
        }
        let command = if scanner.literal(b"IAMAT").is_some() {
            IamAt::parse_fields(scanner).map(Command::IamAt)
        } else if scanner.literal(b"WHATSAT").is_some() {
            WhatsAt::parse_fields(scanner).map(Command::WhatsAt)
        } else if scanner.literal(b"NEAR").is_some() {
            Near::parse_fields(scanner).map(Command::Near)
        } else if scanner.literal(b"WATCH").is_some() {
            Watch::parse_fields(scanner).map(Command::Watch)
        } else if scanner.literal(b"UNWATCH").is_some() {
            Watch::parse_fields(scanner).map(Command::Unwatch)
        } else if scanner.literal(b"FORGET").is_some() {
            Forget::parse_fields(scanner).map(Command::Forget)
        } else if scanner.literal(b"AUTH").is_some() {
            Auth::parse_fields(scanner).map(Command::Auth)
        } else if scanner.literal(b"SERVERS").is_some() {
            scanner.skip_white_space();
            scanner.end().map(|_| Command::Servers)
        } else {
            None
        };
        command.map(Some).ok_or(Malformed(line))
    }
}

impl<'a> IamAt<'a> {
    /// `<client> <location> <time>` with single spaces, as all answers have it. Borrowed if it came
    /// so, which is what clients do.
    #[inline(always)]
    pub fn text(&self) -> Cow<'a, [u8]> {
        if self.single_spaces {
            Cow::Borrowed(self.span)
        } else {
            Cow::Owned([self.client, self.location, self.time].join(&b' '))
        }
    }

    /// The report in the first line of `data`, if it is written as clients do: with single spaces,
    /// and none but those. So the end of the line is found by reading it, and need not be searched
    /// for first.
    ///
    /// `None` tells nothing: the line is to be found, and to be read by [`Command::parse`]. Lines
    /// that are too long are never read.
    #[inline(always)]
    pub fn parse_front(data: &'a [u8]) -> Option<Front<'a>> {
        let before = Scanner::new(data);
        let mut scanner = before;
        scanner.literal(b"IAMAT ")?;
        let start = scanner;
        let client = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        scanner.literal(b" ")?;
        let (location, time, time_nanoseconds) = scanner.plain_location_and_time()?;
        let span = scanner.since(&start);
        if scanner.rest().first() == Some(&b'\r') {
            // It belongs to the line, as white space at its end.
            scanner.literal(b"\r")?;
        }
        let line = scanner.since(&before);
        scanner.literal(b"\n")?;
        let report = IamAt { client, location, time, time_nanoseconds, span, single_spaces: true };
        Some(Front { report, line, rest: scanner.rest() })
    }

    fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let start = scanner;
        let client = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        let first = scanner.gap()?;
        let location = scanner.location()?;
        let second = scanner.gap()?;
        let (time, time_nanoseconds) = scanner.time()?;
        let span = scanner.since(&start);
        scanner.skip_white_space();
        scanner.end()?;
        let single_spaces = first == b" " && second == b" ";
        Some(IamAt { client, location, time, time_nanoseconds, span, single_spaces })
    }
}

impl<'a> WhatsAt<'a> {
    fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let client = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        scanner.gap()?;
        let radius_micrometres = radius(&mut scanner, limits::RADIUS_KILOMETRES_MAX)?;
        scanner.gap()?;
        let (bound, _) = scanner.integer()?;
        let bound = u8::try_from(bound).ok().filter(|&bound| bound <= limits::RESULTS_MAX)?;
        scanner.skip_white_space();
        scanner.end()?;
        Some(WhatsAt { client, radius_micrometres, bound })
    }
}

/// A radius in kilometres, in micrometres.
fn radius(scanner: &mut Scanner<'_>, kilometres_max: u64) -> Option<u64> {
    let radius = scanner.decimal()?;
    // A kilometre has as many micrometres as a whole has nanos.
    if radius.is_at_most(kilometres_max) { radius.in_nanos() } else { None }
}

#[cfg(test)]
mod tests;
