//! Whether a response of Places in the legacy shape can be passed on, and if not, why.

use super::answer::squeeze_line_ends;
use super::{Answer, Key, Problem, Status};
use crate::wire::http::Response;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;
use std::str;

/// What clients get for a response, or why they get none of it.
///
/// Passed on is a JSON object whose `results` is a list: with HTTP status 200 always, with another
/// if it has a `status` as well (the service's own errors). Not passed on is what would show the
/// key, redirects, and bodies in an encoding that was not asked for. A byte order mark makes a body
/// something else than JSON (RFC 8259, section 8.1). Nesting is not limited: it is not followed.
pub fn judge(response: Response, key: Option<&Key>) -> Result<Answer, Problem> {
    let Response { status: http_status, identity, body: mut text, .. } = response;
    let problem = |message: &str| Problem::new(Status::UnknownError, message, key);
    if !identity {
        return Err(problem("Places compressed its answer, which was not asked for"));
    }
    if (300..400).contains(&http_status) {
        let message = format!("Places redirects (HTTP status {http_status}), it is not followed");
        return Err(problem(&message));
    }
    squeeze_line_ends(&mut text);
    let envelope = read_envelope(&text);
    if let Ok(envelope) = &envelope
        && envelope.has_results()
        && (http_status == 200 || envelope.has_status())
        && !key.is_some_and(|key| key.is_in(&text))
    {
        let ranges: Vec<_> = envelope.results.iter().map(|list| range_in(&text, list)).collect();
        return Answer::with_results(text, &ranges)
            .ok_or_else(|| problem("Places sent no list of results"));
    }
    let why = match &envelope {
        _ if http_status != 200 => format!("Places answered with HTTP status {http_status}"),
        Err(why) => format!("Places sent {why}"),
        Ok(envelope) if !envelope.has_results() => "Places sent no list of results".to_owned(),
        Ok(_) => "Places sent the key back in its answer".to_owned(),
    };
    let (status, message) = envelope.map_or((None, None), |envelope| envelope.complaint());
    let message = message.map_or(why, |message| format!("Places: {message}"));
    Err(Problem::new(status.unwrap_or(Status::UnknownError), &message, key))
}

/// The members of an answer that matter here, as they are in the text.
#[derive(Default)]
struct Envelope<'a> {
    /// Once for each time that the key comes.
    results: Vec<&'a RawValue>,
    status: Option<&'a RawValue>,
    error_message: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

/// How Google's newer interfaces and its front ends report errors.
#[derive(Deserialize)]
struct ErrorMember {
    status: Option<String>,
    message: Option<String>,
}

impl Envelope<'_> {
    fn has_results(&self) -> bool {
        !self.results.is_empty() && self.results.iter().all(|list| list.get().starts_with('['))
    }

    fn has_status(&self) -> bool {
        self.status.is_some_and(|status| status.get().starts_with('"'))
    }

    /// Status and message of the error that this reports, as far as it does.
    fn complaint(&self) -> (Option<Status>, Option<String>) {
        let error = self.error.and_then(parsed::<ErrorMember>);
        let (code, words) = error.map_or((None, None), |error| (error.status, error.message));
        let status = self.status.and_then(parsed::<String>);
        let status = status.and_then(|name| Status::from_name(&name));
        let message = self.error_message.and_then(parsed::<String>);
        let status = status.or_else(|| code.as_deref().map(Status::from_code));
        (status, message.or(words).filter(|message| !message.trim().is_empty()))
    }
}

fn parsed<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

/// Validates the whole text. An error is a noun phrase.
fn read_envelope(text: &[u8]) -> Result<Envelope<'_>, &'static str> {
    let text = str::from_utf8(text).map_err(|_| "what is not UTF-8")?;
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Eof if text.trim_ascii().is_empty() => "nothing",
        Category::Eof => "JSON that ends in the middle",
        Category::Data => "JSON that is no object",
        Category::Syntax | Category::Io => "what is not JSON",
    })
}

/// Where `part`, which lies in `text`, begins and ends in it.
fn range_in(text: &[u8], part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + part.get().len()
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            match name {
                Name::Results => envelope.results.push(members.next_value()?),
                Name::Status => envelope.status = Some(members.next_value()?),
                Name::ErrorMessage => envelope.error_message = Some(members.next_value()?),
                Name::Error => envelope.error = Some(members.next_value()?),
                Name::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// The name of a member.
enum Name {
    Results,
    Status,
    ErrorMessage,
    Error,
    Other,
}

/// Reads a name as bytes, since one with half a surrogate pair is no text but still JSON.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Name, E> {
        Ok(match name {
            b"results" => Name::Results,
            b"status" => Name::Status,
            b"error_message" => Name::ErrorMessage,
            b"error" => Name::Error,
            _ => Name::Other,
        })
    }
}

#[cfg(test)]
mod tests;
