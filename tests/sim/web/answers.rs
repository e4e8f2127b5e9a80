//! Whether a response answers what was asked, as far as one can tell who knows all reports.

use super::super::checks::Checks;
use super::json;
use super::{Asked, Response};

/// Whether that is an answer to that, given by this server.
pub fn judge(
    asked: &Asked,
    response: &Response,
    checks: &Checks,
    server: usize,
) -> Result<(), String> {
    let body = str::from_utf8(&response.body).map_err(|_| "no text".to_owned())?;
    let is_error = || body.starts_with("{\"error\":\"") && body.ends_with("\"}");
    let is_json = response.content_type == "application/json";
    let is_good = match (asked, response.status) {
        (Asked::Report(said), 200) if said.is_put => is_client(body, &said.client, checks),
        (Asked::Report(said), 200) if said.is_owntracks => is_json && body == "[]",
        (Asked::Report(said), 204) => said.is_put && body.is_empty(),
        // By a server whose disk fails.
        (Asked::Report(_), 503) => is_error(),
        (Asked::Report(_), 200) => body.is_empty(),
        (Asked::Report(said), 400) => is_error() && !said.is_owntracks,
        (Asked::Client(id), 200) => is_json && is_client(body, id, checks),
        (Asked::Client(_) | Asked::Places(_) | Asked::Nowhere, 404) => is_json && is_error(),
        (Asked::Near { bound }, 200) => is_json && are_near(body, *bound, checks),
        (Asked::Places(id), 200) => places(body, id, checks),
        (Asked::Status, 200) => {
            body.starts_with(&format!("{{\"server\":\"{}\",", checks.name(server)))
                && body.ends_with("}\n")
        }
        (Asked::Metrics, 200) => {
            let is_line = |line: &str| line.starts_with("herd_") || line.starts_with("# ");
            body.ends_with('\n') && body.lines().all(is_line)
        }
        (Asked::Health, 200) => body == "{\"alive\":true}",
        (Asked::HeadOfHealth, 200) => body.is_empty(),
        (Asked::Readiness, 200) => body == "{\"ready\":true}",
        (Asked::Readiness, 503) => is_error(),
        (Asked::Events, 200) => response.streams && response.content_type == "text/event-stream",
        _ => false,
    };
    if is_good {
        return Ok(());
    }
    let body: String = body.chars().take(300).collect();
    Err(format!("to {asked:?}\nthe answer is {}: {body}", response.status))
}

/// A client's position that some server took.
fn is_client(body: &str, id: &str, checks: &Checks) -> bool {
    json::object(body).is_some_and(|(members, behind)| {
        let report = checks.told_as(&members);
        behind.is_empty() && report.is_some_and(|report| report.client() == id.as_bytes())
    })
}

fn places(body: &str, id: &str, checks: &Checks) -> bool {
    let Some((members, behind)) = body.strip_prefix("{\"client\":").and_then(json::object) else {
        return false;
    };
    let is_it = checks.told_as(&members).is_some_and(|report| report.client() == id.as_bytes());
    is_it && behind.starts_with(",\"places\":{") && behind.ends_with('}')
}

/// So many at most, the nearest first.
fn are_near(body: &str, bound: usize, checks: &Checks) -> bool {
    let Some(mut rest) = body.strip_prefix("{\"clients\":[") else { return false };
    let (mut count, mut last) = (0, 0.0);
    while let Some((members, behind)) = json::object(rest) {
        let distance = members.first().filter(|(name, _)| name == "kilometres");
        let Some(distance) = distance.and_then(|(_, text)| text.parse::<f64>().ok()) else {
            return false;
        };
        if distance < last || checks.told_as(&members[1..]).is_none() {
            return false;
        }
        (count, last) = (count + 1, distance);
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    rest == "]}" && count <= bound
}
