//! Reports as stock apps send them over HTTP: bytes to one report, or why it is none; and questions as
//! the web port's queries have them.
//!
//! A [`ReportLine`] writes what it is given as the `IAMAT` that a client would have sent, and has it
//! read by the very parser of that: so ids, locations and times are judged as on the line, and whoever
//! takes the report cannot tell the difference. The shapes are in a file each; what they share is how
//! numbers and times are written:
//!
//! * Numbers keep their digits (`34.068930` becomes `+34.068930`): signs are added, exponents written
//!   out, superfluous zeros ahead left away.
//! * Times are POSIX seconds, whole or decimal; whole numbers from
//!   [`MILLISECONDS_FROM`](crate::limits::MILLISECONDS_FROM) on are milliseconds; or ISO 8601, in
//!   UTC if it says no zone. Where there is none it is now.
//! * Further fields are ignored; of one that comes several times the last counts.

mod clients;
mod moment;
mod number;
mod osmand;
mod owntracks;
mod questions;
mod traccar;
mod unfit;

pub use osmand::is_report;
pub use owntracks::Sender;
pub use questions::QuestionLine;
pub use unfit::Unfit;

use super::command::{Command, Forget, IamAt, Reason};
use super::json;
use super::name::is_client_id;
use super::uri;
use crate::fault::fault;
use crate::limits;
use number::Number;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Where a report is written. Made once and used for one after the other, it allocates nothing.
#[derive(Debug, Default)]
pub struct ReportLine {
    line: Vec<u8>,
}

impl ReportLine {
    /// A line with nothing on it.
    pub const fn new() -> Self {
        ReportLine { line: Vec::new() }
    }

    /// OsmAnd and the old form of Traccar Client: `id` or `deviceid`, `lat` and `lon` or `location`,
    /// `timestamp`, from the query or, where nothing of it is there, from a form as body (empty where
    /// there is none).
    pub fn osmand(
        &mut self,
        query: &[u8],
        form: &[u8],
        now_nanoseconds: i64,
    ) -> Result<IamAt<'_>, Unfit<'_>> {
        osmand::write(&mut self.begin(), query, form, now_nanoseconds)?;
        self.read()
    }

    /// The same of the query of a `GET`. `None` if that is not meant as a report: then it asks for the map.
    pub fn osmand_get(
        &mut self,
        query: &[u8],
        now_nanoseconds: i64,
    ) -> Option<Result<IamAt<'_>, Unfit<'_>>> {
        match osmand::write_query(&mut self.begin(), query, now_nanoseconds)? {
            Ok(()) => Some(self.read()),
            Err(unfit) => Some(Err(unfit)),
        }
    }

    /// The new form of Traccar Client: JSON with `location.coords`, `location.timestamp` and
    /// `device_id`.
    pub fn traccar(&mut self, body: &[u8], now_nanoseconds: i64) -> Result<IamAt<'_>, Unfit<'_>> {
        traccar::write(&mut self.begin(), body, now_nanoseconds)?;
        self.read()
    }

    /// OwnTracks. `None` for what parses and reports nothing: another `_type`, another shape, an empty
    /// body. Of the errors only [`Unfit::NoJson`] is one that OwnTracks is told of.
    pub fn owntracks(
        &mut self,
        body: &[u8],
        sender: &Sender<'_>,
        now_nanoseconds: i64,
    ) -> Result<Option<IamAt<'_>>, Unfit<'_>> {
        if !owntracks::write(&mut self.begin(), body, sender, now_nanoseconds)? {
            return Ok(None);
        }
        self.read().map(Some)
    }

    /// `PUT /clients/ID`: JSON with `latitude`, `longitude` and `time`, about that client.
    pub fn put(
        &mut self,
        client: &[u8],
        body: &[u8],
        now_nanoseconds: i64,
    ) -> Result<IamAt<'_>, Unfit<'_>> {
        clients::write(&mut self.begin(), client, body, now_nanoseconds)?;
        self.read()
    }

    /// `DELETE /clients/ID` with `time` in the query, about that client. Where there is none it is now, or
    /// the time of the report that is `known`, in nanoseconds and as it is written, if that is later: then
    /// the client is forgotten whatever it said.
    pub fn forget(
        &mut self,
        client: &[u8],
        query: &[u8],
        now_nanoseconds: i64,
        known: Option<(i64, &[u8])>,
    ) -> Result<Forget<'_>, Unfit<'_>> {
        let mut fields = self.begin_as(b"FORGET ");
        fields.client(client)?;
        let given = uri::value(query, "time").map_err(|why| Unfit::Escape("time", why))?;
        match (given, known) {
            (None, Some((nanoseconds, time))) if nanoseconds >= now_nanoseconds => {
                fields.line.extend_from_slice(time);
            }
            (given, _) => fields.time(given.as_deref(), now_nanoseconds)?,
        }
        self.is_short_enough()?;
        match Command::parse(&self.line) {
            Ok(Some(Command::Forget(forget))) => Ok(forget),
            Err(malformed) => Err(Unfit::Line(malformed.reason().0)),
            Ok(_) => {
                fault!("who is to be forgotten was written as another command");
                Err(Unfit::Line(Reason::Nothing))
            }
        }
    }

    fn begin(&mut self) -> Fields<'_> {
        self.begin_as(b"IAMAT ")
    }

    fn begin_as(&mut self, command: &[u8]) -> Fields<'_> {
        self.line.clear();
        self.line.extend_from_slice(command);
        Fields { line: &mut self.line }
    }

    fn is_short_enough(&self) -> Result<(), Unfit<'static>> {
        match self.line.len() {
            length if length > limits::CLIENT_LINE_BYTES_MAX => Err(Unfit::TooLong(length)),
            _ => Ok(()),
        }
    }

    fn read(&mut self) -> Result<IamAt<'_>, Unfit<'_>> {
        let length = self.line.len();
        self.is_short_enough()?;
        self.line.push(b'\n');
        if let Some(front) = IamAt::parse_front(&self.line) {
            return Ok(front.report);
        }
        match Command::parse(&self.line[..length]) {
            Ok(Some(Command::IamAt(report))) => Ok(report),
            Err(malformed) => Err(Unfit::Line(malformed.reason().0)),
            Ok(_) => {
                fault!("a report was written as another command");
                Err(Unfit::Line(Reason::Nothing))
            }
        }
    }
}

/// The fields of the line, which are to be written in their order: client, location, time.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
}

impl Fields<'_> {
    /// An id without white space, which would make two fields of it; the rest is judged on the line.
    fn client(&mut self, client: &[u8]) -> Result<(), Unfit<'static>> {
        if !is_client_id(client) {
            return Err(Unfit::Line(Reason::of_client(client).unwrap_or(Reason::Nothing)));
        }
        self.line.extend_from_slice(client);
        self.line.push(b' ');
        Ok(())
    }

    fn location(&mut self, latitude: &[u8], longitude: &[u8]) -> Result<(), Unfit<'static>> {
        for (name, text) in [("latitude", latitude), ("longitude", longitude)] {
            let number = Number::parse(text).map_err(|why| Unfit::Number(name, why))?;
            self.line.push(if number.is_negative() { b'-' } else { b'+' });
            let start = self.line.len();
            number.write_size(self.line).ok_or(Unfit::Exponent(name))?;
            // On the line more digits would be those of minutes.
            let degrees = self.line[start..].iter().position(|&byte| byte == b'.');
            if degrees.unwrap_or(self.line.len() - start) > 3 {
                return Err(Unfit::Beyond(name));
            }
        }
        self.line.push(b' ');
        Ok(())
    }

    /// A time as apps write it, or none: now.
    fn time(&mut self, time: Option<&[u8]>, now_nanoseconds: i64) -> Result<(), Unfit<'static>> {
        match time {
            Some(text) => moment::write(self.line, text),
            None => {
                moment::write_now(self.line, now_nanoseconds);
                Ok(())
            }
        }
    }
}

/// The members of that object; of those that are `null` it is as if they were not there.
fn members<'a, const N: usize>(
    object: &'a RawValue,
    name: &'static str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], Unfit<'static>> {
    let members = json::members(object.get(), names);
    let members = members.map_err(|_| Unfit::Kind(name, "an object"))?;
    Ok(members.map(|member| member.filter(|value| value.get() != "null")))
}

/// A body that is JSON, whatever kind of.
fn document(body: &[u8]) -> Result<&RawValue, Unfit<'static>> {
    serde_json::from_slice(body).map_err(|_| Unfit::NoJson)
}

/// The digits of a JSON number.
fn number<'a>(value: Option<&'a RawValue>, name: &'static str) -> Result<&'a [u8], Unfit<'static>> {
    let text = value.ok_or(Unfit::Missing(name))?.get().as_bytes();
    match text.first() {
        Some(b'-' | b'0'..=b'9') => Ok(text),
        _ => Err(Unfit::Kind(name, "a number")),
    }
}

/// What a JSON string says.
fn string<'a>(value: &'a RawValue, name: &'static str) -> Result<Cow<'a, str>, Unfit<'static>> {
    let text = value.get();
    if !text.starts_with('"') {
        return Err(Unfit::Kind(name, "a string"));
    }
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(text).map(Cow::Owned).map_err(|_| Unfit::Kind(name, "text")),
    }
}

/// A time as a JSON number or string.
fn time<'a>(value: Option<&'a RawValue>) -> Result<Option<Cow<'a, str>>, Unfit<'static>> {
    match value {
        None => Ok(None),
        Some(value) if value.get().starts_with('"') => string(value, "time").map(Some),
        Some(value)
            if value.get().starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
        {
            Ok(Some(Cow::Borrowed(value.get())))
        }
        Some(_) => Err(Unfit::Kind("time", "a number or a string")),
    }
}

#[cfg(test)]
mod tests;
