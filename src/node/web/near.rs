//! `GET /clients?near=LAT,LNG&km=R&limit=N`: who is near. A long answer is of one moment and is written in
//! shares, as on the line.

use super::Node;
use super::access::Caller;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use super::reports::unfit;
use crate::fault::fault;
use crate::limits;
use crate::node::access::Sight;
use crate::node::near::{Asked, NearClients};
use crate::positions::Kept;
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::Near;
use crate::wire::client_json::{ClientAt, write_client};
use crate::wire::decimal::write_kilometres;
use crate::wire::http::{LAST_CHUNK, write_chunk};
use std::mem;

/// How far an answer has come.
#[derive(Debug)]
pub(super) enum NearAnswer {
    /// It waits for its turn.
    Asked(Near<'static>, Caller, Reply),
    /// These are to be told yet, in chunks or, to who does not take these, until the connection ends.
    Begun { rest: Kept, is_chunked: bool },
}

/// Answers, or begins to, or waits for its turn.
pub(super) fn answer(
    cx: &mut Context<'_, Node>,
    query: &[u8],
    caller: Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let mut line = mem::take(&mut cx.app.web.question);
    let question = line.near(query).map_err(unfit);
    cx.app.web.question = line;
    let mut answer = NearAnswer::Asked(question?, caller, reply);
    if cx.app.nears.anybody_waits() {
        cx.app.nears.wait(cx.transport.id(), false);
    } else if answer.go_on(cx) {
        return Ok(answer.ends_connection().then_some(Pending::End));
    }
    Ok(Some(Pending::Near(answer)))
}

impl NearAnswer {
    /// Whether its end is that of the connection.
    pub fn ends_connection(&self) -> bool {
        matches!(self, NearAnswer::Begun { is_chunked: false, .. })
    }

    /// It is its turn, or there is room. Whether that was the end.
    pub fn go_on(&mut self, cx: &mut Context<'_, Node>) -> bool {
        if !cx.transport.request_room() {
            return false;
        }
        let mut body = mem::take(&mut cx.app.web.body);
        body.clear();
        let is_whole = match self {
            NearAnswer::Begun { .. } if cx.app.nears.have_spent() => {
                cx.app.nears.wait(cx.transport.id(), false);
                false
            }
            NearAnswer::Begun { rest, is_chunked } => {
                let is_whole = write_clients(&mut body, rest);
                write_piece(cx, &body, *is_chunked);
                match is_whole {
                    true if *is_chunked => cx.transport.write(LAST_CHUNK),
                    true => {}
                    false => cx.app.nears.wait(cx.transport.id(), true),
                }
                is_whole
            }
            NearAnswer::Asked(question, caller, reply) => {
                let (question, reply) = (*question, *reply);
                let sight = caller.sight(cx.app, Right::Ask, cx.now);
                self.begin(cx, (&question, sight), reply, &mut body)
            }
        };
        cx.app.nears.charge_bytes(body.len());
        cx.app.web.body = body;
        is_whole
    }

    fn begin(
        &mut self,
        cx: &mut Context<'_, Node>,
        (question, sight): (&Near<'_>, Option<Sight>),
        reply: Reply,
        body: &mut Vec<u8>,
    ) -> bool {
        let rest = match cx.app.near(cx.transport.id(), question, sight.as_ref()) {
            Asked::Found(found) => begin_clients(body, found),
            Asked::Kept(kept) => begin_clients(body, kept),
            Asked::TooEarly => return false,
            Asked::Unknown => {
                fault!("a place is not known");
                reply.refuse(cx, &Refusal::new(500, "that place is not known"));
                return true;
            }
        };
        let Some((rest, bytes)) = rest else {
            reply.json(cx, body);
            return true;
        };
        cx.app.nears.charge_bytes(bytes);
        let is_chunked = reply.begin_json(cx);
        *self = NearAnswer::Begun { rest, is_chunked };
        if !reply.is_head() {
            write_piece(cx, body, is_chunked);
            cx.app.nears.wait(cx.transport.id(), true);
        }
        reply.is_head()
    }
}

/// Appends the first of an answer; the rest, if that was not all, and how many bytes have been copied for it.
fn begin_clients(out: &mut Vec<u8>, mut clients: impl NearClients) -> Option<(Kept, usize)> {
    out.extend_from_slice(b"{\"clients\":[");
    let is_whole = write_clients(out, &mut clients);
    (!is_whole).then(|| clients.keep())
}

fn write_piece(cx: &mut Context<'_, Node>, piece: &[u8], is_chunked: bool) {
    match is_chunked {
        true => cx.transport.write_with(|out| write_chunk(out, piece)),
        false => cx.transport.write(piece),
    }
}

/// Appends as many as a turn has of one answer, and behind the last its end; whether that was all.
fn write_clients(out: &mut Vec<u8>, clients: &mut impl NearClients) -> bool {
    let start = out.len();
    let mut kilometres = Vec::new();
    while out.len() - start < limits::NEAR_SHARE_BYTES {
        let Some(found) = clients.next() else {
            out.extend_from_slice(b"]}");
            return true;
        };
        // Other shares begin behind another client.
        if out.last() != Some(&b'[') {
            out.push(b',');
        }
        kilometres.clear();
        write_kilometres(&mut kilometres, found.metres);
        let at = ClientAt {
            client: found.text.client(),
            location: found.text.location(),
            time: found.text.time(),
            server: found.server,
            difference_nanoseconds: found.difference_nanoseconds,
        };
        write_client(out, Some(&kilometres), &at);
    }
    false
}
