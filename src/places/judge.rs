//! Whether a response of Places in the legacy shape can be passed on, and if not, why.

use super::answer::squeeze_line_ends;
use super::{Answer, Key, Problem, Status};
use crate::wire::http::Response;
use crate::wire::json;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::ops::Range;
use std::str;

/// What clients get for a response, or why they get none of it.
///
/// Passed on is a JSON object whose `results` is a list: with HTTP status 200 always, with another
/// if it has a `status` as well (the service's own errors). Not passed on is what would show the
/// key, redirects, and bodies in an encoding that was not asked for. A byte order mark makes a body
/// something else than JSON (RFC 8259, section 8.1). Nesting is not limited: it is not followed.
pub fn judge(response: Response, key: Option<&Key>) -> Result<Answer, Problem> {
    let problem = |message: &str| Problem::new(Status::UnknownError, message, key);
    if let Some(why) = unreadable(&response) {
        return Err(problem(&why));
    }
    let Response { status: http_status, body: mut text, .. } = response;
    squeeze_line_ends(&mut text);
    let envelope = read_envelope(&text);
    if let Ok(envelope) = &envelope
        && envelope.has_results()
        && (http_status == 200 || envelope.has_status())
        && !key.is_some_and(|key| key.is_in(&text))
    {
        let ranges = envelope.result_ranges(&text);
        let complaint = envelope.complaint_in_shape(key);
        return Answer::with_results(text, &ranges)
            .map(|answer| answer.with_complaint(complaint))
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

/// Why the body of that response is not looked at, if so.
pub(super) fn unreadable(response: &Response) -> Option<String> {
    let Response { status, identity, .. } = response;
    if !identity {
        return Some("Places compressed its answer, which was not asked for".to_owned());
    }
    matches!(status, 300..=303 | 305..=399)
        .then(|| format!("Places redirects (HTTP status {status}), it is not followed"))
}

/// The members of an answer that matter in either dialect, as they are in the text.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    /// Once for each time that the key comes.
    results: Vec<&'a RawValue>,
    status: Option<&'a RawValue>,
    error_message: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    /// What the new dialect has in the place of `results`.
    pub(super) places: Option<&'a RawValue>,
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

    /// Whether there is any member that only errors have, or the other dialect's answers.
    pub(super) fn is_other_than_places(&self) -> bool {
        let others = [self.status, self.error_message, self.error];
        !self.results.is_empty() || others.iter().any(Option::is_some)
    }

    /// The error that an answer in the legacy shape is, if its status is one.
    fn complaint_in_shape(&self, key: Option<&Key>) -> Option<Problem> {
        let name = self.status.and_then(parsed::<String>)?;
        if name == "OK" || Status::from_name(&name) == Some(Status::ZeroResults) {
            return None;
        }
        let (_, message) = self.complaint();
        let message = message.unwrap_or_else(|| "it does not say why".to_owned());
        Some(match Status::from_name(&name) {
            Some(status) => Problem::new(status, &message, key),
            None => Problem::new(Status::UnknownError, &format!("{name}: {message}"), key),
        })
    }

    /// Where the lists of results begin and end in the text that this was read from.
    pub(super) fn result_ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        self.results.iter().map(|list| range_in(text, list)).collect()
    }

    /// Status and message of the error that this reports, as far as it does.
    pub(super) fn complaint(&self) -> (Option<Status>, Option<String>) {
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
pub(super) fn read_envelope(text: &[u8]) -> Result<Envelope<'_>, &'static str> {
    const NAMES: [&str; 5] = ["results", "status", "error_message", "error", "places"];
    let text = str::from_utf8(text).map_err(|_| "what is not UTF-8")?;
    let mut envelope = Envelope::default();
    json::each_member(text, &NAMES, |name, value| match NAMES[name] {
        "results" => envelope.results.push(value),
        "status" => envelope.status = Some(value),
        "error_message" => envelope.error_message = Some(value),
        "error" => envelope.error = Some(value),
        _ => envelope.places = Some(value),
    })
    .map_err(|error| match error.classify() {
        Category::Eof if text.trim_ascii().is_empty() => "nothing",
        Category::Eof => "JSON that ends in the middle",
        Category::Data => "JSON that is no object",
        Category::Syntax | Category::Io => "what is not JSON",
    })?;
    Ok(envelope)
}

/// Where `part`, which lies in `text`, begins and ends in it.
fn range_in(text: &[u8], part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr().addr() - text.as_ptr().addr();
    start..start + part.get().len()
}

#[cfg(test)]
mod tests;
