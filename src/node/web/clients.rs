//! Questions about one client: where it is, what is near it.

use super::Node;
use super::access::Caller;
use super::pending::Pending;
use super::reply::{JSON, Refusal, Reply};
use super::reports::unfit;
use crate::node::QuestionId;
use crate::node::hub::client_at;
use crate::node::lines::TRAFFIC;
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::client_json::write_client;
use log::info;
use std::mem;

/// `GET /clients/ID`.
pub(super) fn get(
    cx: &mut Context<'_, Node>,
    client: &[u8],
    caller: &Caller,
    reply: Reply,
) -> Result<(), Refusal> {
    match caller.may(cx, Right::Ask, Some(client)) {
        true => {
            cx.app.counts.answered_question();
            show(cx, client, reply)
        }
        false => Err(unknown()),
    }
}

/// Where a client is, for who may know that.
pub(super) fn show(cx: &mut Context<'_, Node>, client: &[u8], reply: Reply) -> Result<(), Refusal> {
    reply.compose(cx, JSON, |node, body| {
        let position = node.positions.find(client).ok_or_else(unknown)?;
        write_client(body, None, &client_at(&position));
        Ok(())
    })
}

/// `GET /clients/ID/places?km=R&limit=N`.
pub(super) fn places(
    cx: &mut Context<'_, Node>,
    client: &[u8],
    query: &[u8],
    caller: &Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let asker = cx.transport.id();
    let mut line = mem::take(&mut cx.app.web.question);
    let pending = line.places(client, query).map_err(unfit).and_then(|asked| {
        if !caller.may(cx, Right::Ask, Some(asked.client)) {
            return Err(unknown());
        }
        let (question, position) = cx.app.ask_places(&asked, asker, cx.now).ok_or_else(unknown)?;
        info!(target: TRAFFIC, "web {asker} waits for the answer to question {question}");
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

pub(super) fn unknown() -> Refusal {
    Refusal::new(404, "nobody has told where that client is")
}
