//! Places as the new dialect tells of them, in the legacy shape.
//!
//! Numbers keep their digits and strings their escapes: they are copied from the text. What is
//! missing, or of another type than it should be, is left out.

use crate::limits;
use crate::places::Answer;
use crate::places::judge::read_envelope;
use crate::wire::json;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::PrettyFormatter;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A whole answer. Members are in their alphabetical order, as in the legacy dialect.
#[derive(Serialize)]
struct Document<'a> {
    html_attributions: Vec<String>,
    results: Vec<Entry<'a>>,
    status: &'static str,
}

/// One place.
#[derive(Serialize)]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    business_status: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geometry: Option<Geometry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place_id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<Vec<&'a RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ratings_total: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vicinity: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Geometry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Point<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    viewport: Option<Viewport<'a>>,
}

#[derive(Serialize)]
struct Viewport<'a> {
    northeast: Point<'a>,
    southwest: Point<'a>,
}

#[derive(Serialize)]
struct Point<'a> {
    lat: &'a RawValue,
    lng: &'a RawValue,
}

/// The answer for a list of places, of which at most [`RESULTS_MAX`](limits::RESULTS_MAX) are kept;
/// `None` if it is no list. An element that is no object is left out.
pub(super) fn answer(places: &str) -> Option<Answer> {
    let places = json::elements(places, usize::from(limits::RESULTS_MAX)).ok()?;
    let mut html_attributions = Vec::new();
    let results: Vec<Entry<'_>> =
        places.into_iter().filter_map(|place| entry(place, &mut html_attributions)).collect();
    let status = if results.is_empty() { "ZERO_RESULTS" } else { "OK" };
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"   ");
    Document { html_attributions, results, status }
        .serialize(&mut Serializer::with_formatter(&mut text, formatter))
        .ok()?;
    let ranges = read_envelope(&text).ok()?.result_ranges(&text);
    Answer::with_results(text, &ranges)
}

fn entry<'a>(place: &'a RawValue, html_attributions: &mut Vec<String>) -> Option<Entry<'a>> {
    let [id, name, location, viewport, address, types] = json::members(
        place.get(),
        ["id", "displayName", "location", "viewport", "shortFormattedAddress", "types"],
    )
    .ok()?;
    let [status, rating, ratings, price, attributions] = json::members(
        place.get(),
        ["businessStatus", "rating", "userRatingCount", "priceLevel", "attributions"],
    )
    .ok()?;
    collect_attributions(attributions, html_attributions);
    let [name] = name.and_then(|name| json::members(name.get(), ["text"]).ok()).unwrap_or_default();
    Some(Entry {
        business_status: status.filter(is_string),
        geometry: geometry(location, viewport),
        name: name.filter(is_string),
        place_id: id.filter(is_string),
        price_level: price.and_then(price_level),
        rating: rating.filter(is_number),
        types: types.and_then(strings),
        user_ratings_total: ratings.filter(is_number),
        vicinity: address.filter(is_string),
    })
}

fn is_string(value: &&RawValue) -> bool {
    value.get().starts_with('"')
}

fn is_number(value: &&RawValue) -> bool {
    value.get().starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// The strings of a list, up to the limit.
fn strings(list: &RawValue) -> Option<Vec<&RawValue>> {
    let mut elements = json::elements(list.get(), limits::PLACES_TYPES_MAX).ok()?;
    elements.retain(is_string);
    Some(elements)
}

fn geometry<'a>(
    location: Option<&'a RawValue>,
    viewport: Option<&'a RawValue>,
) -> Option<Geometry<'a>> {
    let location = location.and_then(point);
    let viewport = viewport.and_then(|viewport| {
        let [low, high] = json::members(viewport.get(), ["low", "high"]).ok()?;
        Some(Viewport { northeast: point(high?)?, southwest: point(low?)? })
    });
    let is_known = location.is_some() || viewport.is_some();
    is_known.then_some(Geometry { location, viewport })
}

/// A point. One coordinate may be missing: that is how the interface's JSON (of Protocol Buffers)
/// writes zero.
fn point(point: &RawValue) -> Option<Point<'_>> {
    let coordinates = json::members(point.get(), ["latitude", "longitude"]).ok()?;
    let (lat, lng) = match coordinates {
        [None, None] => return None,
        [lat, lng] => (lat.map_or_else(zero, Some)?, lng.map_or_else(zero, Some)?),
    };
    (is_number(&lat) && is_number(&lng)).then_some(Point { lat, lng })
}

fn zero<'a>() -> Option<&'a RawValue> {
    serde_json::from_str("0").ok()
}

/// The legacy number for a price level; none for one that is not specified.
fn price_level(name: &RawValue) -> Option<u8> {
    match text(name)?.as_ref() {
        "PRICE_LEVEL_FREE" => Some(0),
        "PRICE_LEVEL_INEXPENSIVE" => Some(1),
        "PRICE_LEVEL_MODERATE" => Some(2),
        "PRICE_LEVEL_EXPENSIVE" => Some(3),
        "PRICE_LEVEL_VERY_EXPENSIVE" => Some(4),
        _ => None,
    }
}

/// The text that a JSON string stands for.
fn text(string: &RawValue) -> Option<Cow<'_, str>> {
    /// Borrows where it can: alone, `Cow` would always be owned.
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(string.get()).ok().map(|text| text.0)
}

/// Adds who must be named with a place, each once, up to the limits.
fn collect_attributions(attributions: Option<&RawValue>, html_attributions: &mut Vec<String>) {
    let most = limits::PLACES_ATTRIBUTIONS_MAX;
    let list = attributions.and_then(|list| json::elements(list.get(), most).ok());
    for html in list.unwrap_or_default().into_iter().filter_map(attribution) {
        if html_attributions.len() < most && !html_attributions.contains(&html) {
            html_attributions.push(html);
        }
    }
}

/// A provider's name, as a link if it has an address: HTML, which the legacy dialect has here.
fn attribution(attribution: &RawValue) -> Option<String> {
    let [provider, uri] = json::members(attribution.get(), ["provider", "providerUri"]).ok()?;
    let fits = |text: &Cow<'_, str>| text.len() <= limits::PLACES_ATTRIBUTION_BYTES_MAX;
    let provider = text(provider?).filter(fits).filter(|name| !name.is_empty())?;
    let uri = uri.and_then(text).filter(fits);
    // Anything but the web could be a script.
    let uri = uri.filter(|uri| uri.starts_with("https://") || uri.starts_with("http://"));
    let mut html = String::new();
    if let Some(uri) = &uri {
        html.push_str("<a href=\"");
        push_escaped(&mut html, uri);
        html.push_str("\">");
    }
    push_escaped(&mut html, &provider);
    if uri.is_some() {
        html.push_str("</a>");
    }
    Some(html)
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(c),
        }
    }
}
