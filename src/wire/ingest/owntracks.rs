//! OwnTracks' HTTP mode (its booklet, "HTTP" and "JSON"): one JSON object a request, of which only
//! those of `_type` `location` report.

use super::{Fields, Unfit, document, members, number, string, time};
use crate::wire::uri;
use serde_json::value::RawValue;

/// Who sends, as far as the request says it beside its body.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sender<'a> {
    /// The query, with `u` and `d`.
    pub query: &'a [u8],
    /// `X-Limit-U`.
    pub user: Option<&'a str>,
    /// `X-Limit-D`.
    pub device: Option<&'a str>,
}

/// Whether there is a report to be written.
pub(super) fn write(
    line: &mut Fields<'_>,
    body: &[u8],
    sender: &Sender<'_>,
    now_nanoseconds: i64,
) -> Result<bool, Unfit<'static>> {
    if body.is_empty() {
        return Ok(false);
    }
    let names = ["_type", "topic", "tid", "lat", "lon", "tst"];
    let Ok([kind, topic, tid, latitude, longitude, tst]) = members(document(body)?, "body", names)
    else {
        return Ok(false);
    };
    let kind = kind.and_then(|kind| string(kind, "_type").ok());
    if kind.as_deref() != Some("location") {
        return Ok(false);
    }
    line.client(client(topic, sender, tid)?.as_bytes())?;
    line.location(number(latitude, "lat")?, number(longitude, "lon")?)?;
    line.time(time(tst)?.as_deref().map(str::as_bytes), now_nanoseconds)?;
    Ok(true)
}

/// The last two parts of the topic, else `u` and `d` of the query, else those of the headers, else the
/// tracker's id. What is only a half or empty does not count.
fn client(
    topic: Option<&RawValue>,
    sender: &Sender<'_>,
    tid: Option<&RawValue>,
) -> Result<String, Unfit<'static>> {
    if let Some(topic) = topic.and_then(|topic| string(topic, "topic").ok()) {
        let mut parts = topic.rsplit('/');
        if let (Some(device), Some(user)) = (parts.next(), parts.next())
            && let Some(client) = joined(user, device)
        {
            return Ok(client);
        }
    }
    let of_query = |name| {
        let value = uri::value(sender.query, name);
        value.map_err(|misescaped| Unfit::Escape("query", misescaped))
    };
    if let (Some(user), Some(device)) = (of_query("u")?, of_query("d")?)
        && let (Ok(user), Ok(device)) = (str::from_utf8(&user), str::from_utf8(&device))
        && let Some(client) = joined(user, device)
    {
        return Ok(client);
    }
    if let (Some(user), Some(device)) = (sender.user, sender.device)
        && let Some(client) = joined(user, device)
    {
        return Ok(client);
    }
    Ok(string(tid.ok_or(Unfit::Missing("topic"))?, "tid")?.into_owned())
}

fn joined(user: &str, device: &str) -> Option<String> {
    (!user.is_empty() && !device.is_empty()).then(|| format!("{user}/{device}"))
}
