//! `GET /clients?near=LAT,LNG&km=R&limit=N`: who is near. A long answer is of one moment and is written in
//! shares, as on the line.

use super::Node;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use super::reports::unfit;
use crate::limits;
use crate::node::near::{Asked, Kept, NearClients};
use crate::transport::Context;
use crate::wire::client_json::{ClientAt, write_client};
use crate::wire::decimal::write_kilometres;
use crate::wire::http::{LAST_CHUNK, write_chunk};
use std::mem;

/// How far an answer has come.
#[derive(Debug)]
pub(super) enum NearAnswer {
    /// It waits for its turn; the question is in this query.
    Asked(Box<[u8]>, Reply),
    /// These are to be told yet, in chunks or, to who does not take these, until the connection ends.
    Begun { rest: Kept, is_chunked: bool },
}

/// Answers, or begins to, or waits for its turn.
pub(super) fn answer(
    cx: &mut Context<'_, Node>,
    query: &[u8],
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let mut line = mem::take(&mut cx.app.web.question);
    let is_question = line.near(query).map(|_| ()).map_err(unfit);
    cx.app.web.question = line;
    is_question?;
    let mut answer = NearAnswer::Asked(query.into(), reply);
    if cx.app.nears.anybody_waits() {
        cx.app.nears.wait(cx.transport.id(), false);
    } else if answer.go_on(cx) {
        return Ok(None);
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
        if matches!(self, NearAnswer::Begun { .. }) && cx.app.nears.have_spent() {
            cx.app.nears.wait(cx.transport.id(), false);
            return false;
        }
        let mut body = mem::take(&mut cx.app.web.body);
        body.clear();
        let is_whole = self.write_share(cx, &mut body);
        cx.app.nears.charge_bytes(body.len());
        cx.app.web.body = body;
        is_whole
    }

    fn write_share(&mut self, cx: &mut Context<'_, Node>, body: &mut Vec<u8>) -> bool {
        match self {
            NearAnswer::Asked(query, reply) => {
                let reply = *reply;
                let mut line = mem::take(&mut cx.app.web.question);
                let begun = line.near(query).ok().and_then(|question| {
                    let Asked::Found(mut found) = cx.app.near(&question) else { return None };
                    body.extend_from_slice(b"{\"clients\":[");
                    let is_whole = write_clients(body, &mut found);
                    Some((!is_whole).then(|| found.keep()))
                });
                cx.app.web.question = line;
                match begun {
                    None => {
                        cx.app.nears.wait(cx.transport.id(), false);
                        false
                    }
                    Some(None) => {
                        reply.json(cx, body);
                        true
                    }
                    Some(Some(rest)) => {
                        cx.app.nears.charge_bytes(rest.bytes());
                        let is_chunked = reply.begin_json(cx);
                        if reply.is_head() {
                            return true;
                        }
                        write_piece(cx, body, is_chunked);
                        *self = NearAnswer::Begun { rest, is_chunked };
                        cx.app.nears.wait(cx.transport.id(), true);
                        false
                    }
                }
            }
            NearAnswer::Begun { rest, is_chunked } => {
                let is_chunked = *is_chunked;
                let is_whole = write_clients(body, rest);
                write_piece(cx, body, is_chunked);
                if !is_whole {
                    cx.app.nears.wait(cx.transport.id(), true);
                } else if is_chunked {
                    cx.transport.write(LAST_CHUNK);
                }
                is_whole
            }
        }
    }
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
