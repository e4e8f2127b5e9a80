//! The new dialect: Nearby Search as a `POST` with a JSON body. Its answers are reshaped to the
//! legacy shape, which is what clients see.
//!
//! <https://developers.google.com/maps/documentation/places/web-service/nearby-search>

mod reshape;

use super::judge::{read_envelope, unreadable};
use super::numbers::{push_decimal, push_signed};
use super::{Answer, Key, Problem, Search, Service, Status};
use crate::limits;
use crate::wire::decimal::NANOS;
use crate::wire::http::Response;

const MICRO: u64 = 1_000_000;
const RADIUS_MICROMETRES_MAX: u64 = limits::RADIUS_KILOMETRES_MAX * 1_000 * MICRO;

/// The request for `search`, whole. Nothing but numbers, printed as plain decimals, comes from the
/// question. As many places as there may be are asked for, so that one answer serves all bounds.
///
/// A radius of zero is asked as a millionth of a metre: the interface takes zero for a radius that
/// was not given, and says that it must be more.
pub fn request(service: &Service, search: &Search) -> Vec<u8> {
    let body = body(search);
    let mut out = String::with_capacity(1_024);
    out.push_str("POST ");
    out.push_str(&service.path);
    out.push_str(" HTTP/1.1\r\nHost: ");
    out.push_str(&service.authority);
    out.push_str(concat!("\r\nUser-Agent: herd/", env!("CARGO_PKG_VERSION")));
    out.push_str("\r\nAccept: application/json\r\nAccept-Encoding: identity");
    out.push_str("\r\nContent-Type: application/json\r\nContent-Length: ");
    out.push_str(&body.len().to_string());
    if let Some(key) = &service.key {
        out.push_str("\r\nX-Goog-Api-Key: ");
        out.push_str(key.in_header());
    }
    out.push_str("\r\nX-Goog-FieldMask: ");
    out.push_str(service.fields.as_str());
    out.push_str("\r\n\r\n");
    out.push_str(&body);
    out.into_bytes()
}

fn body(search: &Search) -> String {
    let mut out = String::with_capacity(256);
    out.push_str("{\"maxResultCount\": ");
    out.push_str(&limits::RESULTS_MAX.to_string());
    out.push_str(", \"locationRestriction\": {\"circle\": {\"center\": {\"latitude\": ");
    push_signed(&mut out, search.latitude_nanodegrees, NANOS);
    out.push_str(", \"longitude\": ");
    push_signed(&mut out, search.longitude_nanodegrees, NANOS);
    out.push_str("}, \"radius\": ");
    push_decimal(&mut out, search.radius_micrometres.clamp(1, RADIUS_MICROMETRES_MAX), MICRO);
    out.push_str("}}}");
    out
}

/// What clients get for a response, reshaped, or why they get none of it.
///
/// Passed on is a JSON object with HTTP status 200 whose `places` is a list, or that has none at
/// all, which is how the service says that nothing is there. The message of its errors is passed on
/// as it is.
pub fn judge(response: Response, key: Option<&Key>) -> Result<Answer, Problem> {
    let problem = |message: &str| Problem::new(Status::UnknownError, message, key);
    if let Some(why) = unreadable(&response) {
        return Err(problem(&why));
    }
    let Response { status: http_status, body: text, .. } = response;
    let envelope = read_envelope(&text);
    if http_status == 200
        && let Ok(envelope) = &envelope
        && let Some(places) = list_of_places(envelope.places, envelope.is_other_than_places())
    {
        if key.is_some_and(|key| key.is_in(&text)) {
            return Err(problem("Places sent the key back in its answer"));
        }
        return reshape::answer(places).ok_or_else(|| problem("Places sent places that are none"));
    }
    let why = match &envelope {
        _ if http_status != 200 => format!("Places answered with HTTP status {http_status}"),
        Err(why) => format!("Places sent {why}"),
        Ok(_) => "Places sent no list of places".to_owned(),
    };
    let (status, message) = envelope.map_or((None, None), |envelope| envelope.complaint());
    let status = status.unwrap_or(Status::UnknownError);
    Err(Problem::new(status, message.as_deref().unwrap_or(&why), key))
}

/// The text of the list. A missing one is empty, unless there is something else in its place.
fn list_of_places(
    places: Option<&serde_json::value::RawValue>,
    is_something_else: bool,
) -> Option<&str> {
    match places.map(serde_json::value::RawValue::get) {
        Some(list) if list.starts_with('[') => Some(list),
        None | Some("null") if !is_something_else => Some("[]"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
