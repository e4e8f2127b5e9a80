//! Which requests there are, and by which methods.

use super::access::{self, Caller, Deed};
use super::figures::answers;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use super::{Node, clients, digests, events, near, page, reports};
use crate::transport::Context;
use crate::wire::http::{Payload, Request};
use crate::wire::{Reason, ingest, uri};
use std::borrow::Cow;

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route<'a> {
    /// `/`: the map, or a report.
    Root,
    /// `/pub` and `/owntracks`.
    OwnTracks,
    /// `/clients`.
    Clients,
    /// `/clients/ID`.
    Client(Cow<'a, [u8]>),
    /// `/clients/ID/places`.
    Places(Cow<'a, [u8]>),
    /// `/events`.
    Events,
    /// `/status`.
    Status,
    /// `/metrics`.
    Metrics,
    /// `/digests`.
    Digests,
    /// `/healthz`.
    Health,
    /// `/readyz`.
    Readiness,
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Result<Self, Refusal> {
        if path == "/" {
            return Ok(Route::Root);
        }
        let client = |segment| {
            let client = uri::decode_segment(segment)
                .map_err(|misescaped| Refusal::new(400, format!("in the path {misescaped}")))?;
            match Reason::of_client(&client) {
                None => Ok(client),
                Some(why) => Err(Refusal::new(400, why.to_string())),
            }
        };
        let mut segments = uri::segments(path);
        let route = match [(); 4].map(|()| segments.next()) {
            [Some("pub" | "owntracks"), None, ..] => Route::OwnTracks,
            [Some("clients"), None, ..] => Route::Clients,
            [Some("clients"), Some(id), None, _] => Route::Client(client(id)?),
            [Some("clients"), Some(id), Some("places"), None] => Route::Places(client(id)?),
            [Some("events"), None, ..] => Route::Events,
            [Some("status"), None, ..] => Route::Status,
            [Some("metrics"), None, ..] => Route::Metrics,
            [Some("digests"), None, ..] => Route::Digests,
            [Some("healthz"), None, ..] => Route::Health,
            [Some("readyz"), None, ..] => Route::Readiness,
            _ => return Err(Refusal::new(404, "there is nothing at that path")),
        };
        Ok(route)
    }

    /// The methods that there are, and what each does.
    fn methods(&self) -> &'static [(&'static str, Deed)] {
        match self {
            Route::Root => {
                &[("GET", Deed::See), ("HEAD", Deed::See), ("POST", Deed::Change), OPTIONS]
            }
            Route::Health | Route::Readiness => &[("GET", Deed::See), ("HEAD", Deed::See), OPTIONS],
            Route::OwnTracks => &[("POST", Deed::Change), OPTIONS],
            Route::Client(_) => &[
                ("GET", Deed::Ask),
                ("HEAD", Deed::Ask),
                ("PUT", Deed::Change),
                ("DELETE", Deed::Change),
                OPTIONS,
            ],
            _ => &[("GET", Deed::Ask), ("HEAD", Deed::Ask), OPTIONS],
        }
    }

    /// Their names, as `Allow` has them.
    fn allow(&self) -> String {
        let names: Vec<&str> = self.methods().iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// What a request would do; None if there is no such method. A `HEAD` never reports.
    fn deed(&self, request: &Request<'_>) -> Option<Deed> {
        let method = request.method();
        let reports = *self == Route::Root && ingest::is_report(request.query().as_bytes());
        if method == "HEAD" && reports {
            return None;
        }
        let found = self.methods().iter().find(|(name, _)| *name == method);
        found.map(|(_, deed)| if reports { Deed::Change } else { *deed })
    }
}

const OPTIONS: (&str, Deed) = ("OPTIONS", Deed::See);

/// Whether a request is one that there is, and may be; its body need not have come.
pub(super) fn admit(cx: &mut Context<'_, Node>, request: &Request<'_>) -> Result<(), Refusal> {
    let route = Route::of(request.path())?;
    admit_to(cx, &route, request).map(|_| ())
}

fn admit_to(
    cx: &mut Context<'_, Node>,
    route: &Route<'_>,
    request: &Request<'_>,
) -> Result<(Deed, Caller), Refusal> {
    let deed = route.deed(request).ok_or_else(|| Refusal::of_method(route.allow()))?;
    access::may(cx.app, request, deed)?;
    let caller = access::caller(cx, request, deed)?;
    if !request.is_identity() {
        return Err(Refusal::new(415, "a body must come as it is, without Content-Encoding"));
    }
    Ok((deed, caller))
}

/// Answers a request, or begins to.
pub(super) fn answer(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    // Most requests are this one, and what it is shows in its query.
    if (request.method(), request.path()) == ("GET", "/") {
        return match reports::take_query(cx, request, reply) {
            Some(taken) => taken,
            None => Ok(page::answer(cx, reply)),
        };
    }
    if request.path() == "*" {
        reply.head(cx, 204, Payload::Length(0), |head| {
            head.allow("GET, HEAD, POST, PUT, DELETE, OPTIONS")
        });
        return Ok(None);
    }
    let route = Route::of(request.path())?;
    let (deed, caller) = admit_to(cx, &route, request)?;
    let query = request.query().as_bytes();
    if request.method() == "OPTIONS" {
        let methods = route.allow();
        reply.head(cx, 204, Payload::Length(0), |head| {
            head.allow(&methods).preflight(&methods, "Authorization, Content-Type, Last-Event-ID")
        });
        return Ok(None);
    }
    match (route, deed) {
        (Route::Root, Deed::Change) => return reports::take(cx, request, &caller, reply),
        (Route::Root, _) => return Ok(page::answer(cx, reply)),
        (Route::OwnTracks, _) => return reports::take_owntracks(cx, request, &caller, reply),
        (Route::Client(id), Deed::Change) if request.method() == "DELETE" => {
            return reports::forget(cx, &id, request, &caller, reply);
        }
        (Route::Client(id), Deed::Change) => {
            return reports::put(cx, &id, request, &caller, reply);
        }
        (Route::Client(id), _) => clients::get(cx, &id, &caller, reply)?,
        (Route::Clients, _) => return near::answer(cx, query, caller, reply),
        (Route::Places(id), _) => return clients::places(cx, &id, query, &caller, reply),
        (Route::Events, _) => return events::answer(cx, request, caller, reply),
        (Route::Status, _) => {
            caller.may_see_status(cx)?;
            return answers::status(cx, reply);
        }
        (Route::Metrics, _) => {
            caller.may_see_status(cx)?;
            return answers::metrics(cx, reply);
        }
        (Route::Digests, _) => {
            caller.may_see_status(cx)?;
            return digests::answer(cx, query, caller, reply);
        }
        (Route::Health, _) => answers::health(cx, reply),
        (Route::Readiness, _) => answers::readiness(cx, reply)?,
    }
    Ok(None)
}
