//! Questions about clients: where one is, who is near, what is near one.

use super::Node;
use super::pending::Pending;
use super::reply::{Refusal, Reply};
use super::reports::unfit;
use crate::node::QuestionId;
use crate::node::hub::client_at;
use crate::node::near::Asked;
use crate::positions::{Near, Positions};
use crate::transport::Context;
use crate::wire::client_json::write_client;
use crate::wire::decimal::write_kilometres;
use std::mem;

/// `GET /clients/ID`.
pub(super) fn get(cx: &mut Context<'_, Node>, client: &[u8], reply: Reply) -> Result<(), Refusal> {
    let mut body = mem::take(&mut cx.app.web.body);
    body.clear();
    let known = cx.app.positions.find(client);
    let is_known = known.map(|position| write_client(&mut body, None, &client_at(&position)));
    if is_known.is_some() {
        reply.json(cx, &body);
    }
    cx.app.web.body = body;
    is_known.ok_or_else(unknown)
}

/// `GET /clients/ID/places?km=R&limit=N`.
pub(super) fn places(
    cx: &mut Context<'_, Node>,
    client: &[u8],
    query: &[u8],
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let asker = cx.transport.id();
    let mut line = mem::take(&mut cx.app.web.question);
    let pending = line.places(client, query).map_err(unfit).and_then(|asked| {
        let (question, position) = cx.app.ask_places(&asked, asker, cx.now).ok_or_else(unknown)?;
        let mut client = Vec::new();
        write_client(&mut client, None, &client_at(&position));
        Ok(Pending::Places { question, client, reply })
    });
    cx.app.web.question = line;
    pending.map(Some)
}

/// Answers with what Places has said, if that has come.
pub(super) fn answer_places(
    cx: &mut Context<'_, Node>,
    question: QuestionId,
    client: &[u8],
    reply: Reply,
) -> bool {
    let Some(answer) = cx.app.questions.take_answer(question) else { return false };
    let mut body = b"{\"client\":".to_vec();
    body.extend_from_slice(client);
    body.extend_from_slice(b",\"places\":");
    answer.write(&mut body);
    body.push(b'}');
    reply.json(cx, &body);
    true
}

/// `GET /clients?near=LAT,LNG&km=R&limit=N`.
pub(super) fn near(
    cx: &mut Context<'_, Node>,
    query: &[u8],
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let mut line = mem::take(&mut cx.app.web.question);
    let asked = line.near(query).map(|_| ()).map_err(unfit);
    cx.app.web.question = line;
    asked?;
    if !cx.app.nears.anybody_waits() && answer_near(cx, query, reply, false) {
        return Ok(None);
    }
    cx.app.nears.wait(cx.transport.id(), false);
    Ok(Some(Pending::Near { query: query.into(), reply }))
}

/// Answers who is near, if it is this question's turn; if it waited for it, it waits on.
pub(super) fn answer_near(
    cx: &mut Context<'_, Node>,
    query: &[u8],
    reply: Reply,
    waits: bool,
) -> bool {
    let mut line = mem::take(&mut cx.app.web.question);
    let mut body = mem::take(&mut cx.app.web.body);
    body.clear();
    let is_answered = line.near(query).is_ok_and(|question| match cx.app.near(&question) {
        Asked::Found(found, positions) => {
            write_found(&mut body, found, positions);
            true
        }
        Asked::TooEarly | Asked::Unknown => false,
    });
    if is_answered {
        cx.app.nears.charge_bytes(body.len());
        reply.json(cx, &body);
    } else if waits {
        cx.app.nears.wait(cx.transport.id(), false);
    }
    (cx.app.web.question, cx.app.web.body) = (line, body);
    is_answered
}

/// `{"clients": [...]}`, nearest first.
fn write_found(out: &mut Vec<u8>, found: &[Near], positions: &Positions) {
    out.extend_from_slice(b"{\"clients\":[");
    let start = out.len();
    let mut kilometres = Vec::new();
    for near in found {
        let Some(change) = positions.change_of(near.number) else { continue };
        if out.len() > start {
            out.push(b',');
        }
        kilometres.clear();
        write_kilometres(&mut kilometres, near.metres);
        write_client(out, Some(&kilometres), &client_at(&change));
    }
    out.extend_from_slice(b"]}");
}

fn unknown() -> Refusal {
    Refusal::new(404, "nobody has told where that client is")
}
