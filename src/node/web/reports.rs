//! Reports and forgettings as they come over HTTP: taken as those on the line are.

use super::Node;
use super::access::{self, Caller, Deed};
use super::clients;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use crate::fault::fault;
use crate::node::journal::{Promise, Promised};
use crate::node::lines::{TRAFFIC, lines_are_logged, log_in};
use crate::node::report::{Reporter, Untaken};
use crate::positions::Text;
use crate::tokens::Right;
use crate::transport::{ConnectionId, Context};
use crate::wire::http::{Payload, Request};
use crate::wire::ingest::{Sender, Unfit, is_report};
use crate::wire::{Forget, IamAt, Printable, may_hold_token};
use log::info;
use std::mem;

/// What has been taken, and is to be answered.
#[derive(Debug)]
pub(super) enum Taken {
    /// A report as most apps send it.
    Done,
    /// One of OwnTracks.
    OfOwnTracks,
    /// Where that client is.
    Client(Box<[u8]>),
    /// Something that there is nothing more to say of.
    Silently,
}

/// Logs which request has come, without its query, which may hold what is nobody's business.
#[inline]
pub(super) fn log_request(id: ConnectionId, request: &Request<'_>) {
    if lines_are_logged() {
        let path = request.path().as_bytes();
        let path = if may_hold_token(path) { b"(a token)" } else { path };
        let (method, path) = (request.method(), Printable(path));
        info!(target: TRAFFIC, "web {id} < {method} {path}");
    }
}

/// A report as OsmAnd and Traccar Client send it in a query; None if it is none.
pub(super) fn take_query(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    reply: Reply,
) -> Option<Result<Option<Pending>, Refusal>> {
    let mut line = mem::take(&mut cx.app.web.report);
    let report = line.osmand_get(request.query().as_bytes(), cx.now.posix_nanoseconds);
    let taken = report.map(|report| {
        access::may(cx.app, request, Deed::Change)?;
        let caller = access::caller(cx, request, Deed::Change)?;
        take_one(cx, &caller, &report.map_err(unfit)?)
    });
    cx.app.web.report = line;
    taken.map(|taken| taken.and_then(|()| when_kept(cx, reply, Taken::Done)))
}

/// The same in a `POST`: in the query, as a form or as JSON.
pub(super) fn take(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    caller: &Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let (query, body, now) = (request.query().as_bytes(), request.body(), cx.now.posix_nanoseconds);
    let is_json = request.is_of_type("application/json");
    let is_of_known_type = is_json || request.is_of_type("application/x-www-form-urlencoded");
    let in_query = is_report(query);
    if !in_query
        && !is_of_known_type
        && !body.is_empty()
        && request.header("content-type").is_some()
    {
        return Err(Refusal::new(415, "a report is a form or application/json"));
    }
    let mut line = mem::take(&mut cx.app.web.report);
    let report =
        if !in_query && is_json { line.traccar(body, now) } else { line.osmand(query, body, now) };
    let taken = report.map_err(unfit).and_then(|report| take_one(cx, caller, &report));
    cx.app.web.report = line;
    taken.and_then(|()| when_kept(cx, reply, Taken::Done))
}

/// A report as OwnTracks sends it. Its app gives up for good on an answer that is an error, so all is well
/// but what is no JSON.
pub(super) fn take_owntracks(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    caller: &Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let sender = Sender {
        query: request.query().as_bytes(),
        user: request.header("x-limit-u"),
        device: request.header("x-limit-d"),
    };
    let mut line = mem::take(&mut cx.app.web.report);
    let taken = match line.owntracks(request.body(), &sender, cx.now.posix_nanoseconds) {
        Ok(None) => Ok(()),
        Ok(Some(report)) if !caller.may(cx, Right::Report, Some(report.client)) => {
            Err("its token does not allow that".to_owned())
        }
        Ok(Some(report)) => match take_allowed(cx, &report) {
            // It is worth another try.
            Err(untaken @ Untaken::NotKept) => {
                cx.app.web.report = line;
                return Err(self::untaken(untaken));
            }
            taken => taken.map_err(|untaken| untaken.to_string()),
        },
        Err(unfit @ Unfit::NoJson) => {
            let refusal = self::unfit(unfit);
            cx.app.web.report = line;
            return Err(refusal);
        }
        Err(unfit) => Err(unfit.to_string()),
    };
    cx.app.web.report = line;
    if let Err(why) = taken {
        info!(target: TRAFFIC, "web {}: that location is not taken: {why}", cx.transport.id());
    }
    when_kept(cx, reply, Taken::OfOwnTracks)
}

/// `PUT /clients/ID`: answered by where the client is now known to be.
pub(super) fn put(
    cx: &mut Context<'_, Node>,
    client: &[u8],
    request: &Request<'_>,
    caller: &Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let mut line = mem::take(&mut cx.app.web.report);
    let report = line.put(client, request.body(), cx.now.posix_nanoseconds);
    let taken = report.map_err(unfit).and_then(|report| take_one(cx, caller, &report));
    cx.app.web.report = line;
    taken?;
    let sight = caller.sight(cx.app, Right::Ask, cx.now);
    let may_know = sight.is_none_or(|sight| sight.covers(client));
    when_kept(cx, reply, if may_know { Taken::Client(client.into()) } else { Taken::Silently })
}

/// `DELETE /clients/ID`: of a client that is not known nothing is kept.
pub(super) fn forget(
    cx: &mut Context<'_, Node>,
    client: &[u8],
    request: &Request<'_>,
    caller: &Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let now = cx.now.posix_nanoseconds;
    let mut line = mem::take(&mut cx.app.web.report);
    let known = cx.app.positions.find(client);
    let is_known = known.is_some();
    let latest = known.as_ref().map(|known| (known.time_nanoseconds(), known.time()));
    let forget = line.forget(client, request.query().as_bytes(), now, latest);
    let forgotten = forget.map_err(unfit).and_then(|forget| {
        match caller.may(cx, Right::Forget, Some(client)) && is_known {
            true => forget_one(cx, &forget).map_err(untaken),
            false => Err(clients::unknown()),
        }
    });
    cx.app.web.report = line;
    forgotten?;
    when_kept(cx, reply, Taken::Silently)
}

/// What is wrong with what was sent.
pub(super) fn unfit(unfit: Unfit<'_>) -> Refusal {
    Refusal::new(400, unfit.to_string())
}

fn untaken(untaken: Untaken) -> Refusal {
    let status = match untaken {
        Untaken::Ahead | Untaken::TooOld => 400,
        Untaken::NoRoom | Untaken::NotKept => 503,
    };
    Refusal::new(status, untaken.to_string())
}

/// Answers what has been taken, when the disk holds it where that is promised.
fn when_kept(
    cx: &mut Context<'_, Node>,
    reply: Reply,
    taken: Taken,
) -> Result<Option<Pending>, Refusal> {
    if let Some(promise) = cx.app.promise()
        && cx.app.wait_for(promise, cx.transport.id()) == Promised::Waiting
    {
        return Ok(Some(Pending::Disk { promise, taken, reply }));
    }
    taken.answer(cx, reply).map(|()| None)
}

impl Taken {
    /// Answers, if it is known what became of the promise.
    pub fn answer_if_known(
        &self,
        cx: &mut Context<'_, Node>,
        promise: Promise,
        reply: Reply,
    ) -> bool {
        let answered = match cx.app.look_at(promise) {
            Promised::Waiting => return false,
            Promised::Kept => self.answer(cx, reply),
            Promised::Broken => Err(untaken(Untaken::NotKept)),
        };
        if let Err(refusal) = answered {
            reply.refuse(cx, &refusal);
        }
        true
    }

    fn answer(&self, cx: &mut Context<'_, Node>, reply: Reply) -> Result<(), Refusal> {
        match self {
            Taken::Done => reply.done(cx),
            Taken::OfOwnTracks => reply.json(cx, b"[]"),
            // One whose time is over is taken and not kept.
            Taken::Client(client) if cx.app.positions.find(client).is_some() => {
                return clients::show(cx, client, reply);
            }
            Taken::Client(_) | Taken::Silently => {
                reply.head(cx, 204, Payload::Length(0), |head| head);
            }
        }
        Ok(())
    }
}

/// Takes a report; of who may not make it, it is as if that client were not known.
fn take_one(
    cx: &mut Context<'_, Node>,
    caller: &Caller,
    report: &IamAt<'_>,
) -> Result<(), Refusal> {
    match caller.may(cx, Right::Report, Some(report.client)) {
        true => take_allowed(cx, report).map_err(untaken),
        false => Err(clients::unknown()),
    }
}

fn take_allowed(cx: &mut Context<'_, Node>, report: &IamAt<'_>) -> Result<(), Untaken> {
    cx.app.may_promise()?;
    let (id, now) = (cx.transport.id(), cx.now);
    let text = report.text();
    log_in("web", id, &text);
    let text = Text::of_parsed(&text, report.client.len(), report.location.len());
    let time = report.time_nanoseconds;
    cx.app
        .take_report(Reporter("web", id), text, time, now.posix_nanoseconds, now.monotonic)
        .map(|_| ())
}

fn forget_one(cx: &mut Context<'_, Node>, forget: &Forget<'_>) -> Result<(), Untaken> {
    let (id, now) = (cx.transport.id(), cx.now);
    let text = forget.text();
    log_in("web", id, &text);
    let Some(text) = Text::of_tombstone(&text, forget.client.len()) else {
        fault!("what was read as a FORGET is none");
        return Ok(());
    };
    cx.app.may_promise()?;
    let (from, time) = (Reporter("web", id), forget.time_nanoseconds);
    cx.app.take_forget(from, text, time, now.posix_nanoseconds, now.monotonic).map(|_| ())
}
