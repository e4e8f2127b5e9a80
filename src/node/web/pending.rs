//! Answers that take their time: what each waits for, and what is done when it comes.

use super::Node;
use super::digests::DigestAnswer;
use super::events::Stream;
use super::near::NearAnswer;
use super::reply::Reply;
use super::reports::Taken;
use super::{clients, page};
use crate::node::QuestionId;
use crate::node::journal::Promise;
use crate::transport::{Context, Monotonic, Now};

/// An answer that takes its time.
#[derive(Debug)]
pub(super) enum Pending {
    /// The answer of Places to a question, about this client in JSON.
    Places { question: QuestionId, client: Vec<u8>, reply: Reply },
    /// The turn of a question about who is near.
    Near(NearAnswer),
    /// The next share of what there is to look at for digests.
    Digests(Box<DigestAnswer>),
    /// That the disk holds what has been taken.
    Disk { promise: Promise, taken: Taken, reply: Reply },
    /// Room for the rest of the page.
    Page { rest: &'static [u8] },
    /// Events, and more events.
    Events(Box<Stream>),
    /// The next turn: the answer is whole, and has taken long.
    Turn,
    /// Nothing: the answer is whole, and its end is that of the connection.
    End,
}

impl Pending {
    /// Something may have come, or room. Whether that was the end of the answer.
    pub fn go_on(&mut self, cx: &mut Context<'_, Node>) -> bool {
        match self {
            Pending::Places { question, client, reply } => {
                clients::answer_places(cx, *question, client, *reply)
            }
            Pending::Near(answer) => answer.go_on(cx),
            Pending::Digests(answer) => answer.go_on(cx),
            Pending::Disk { promise, taken, reply } => taken.answer_if_known(cx, *promise, *reply),
            Pending::Page { rest } => page::go_on(cx, rest),
            Pending::Events(stream) => stream.tell(cx),
            Pending::Turn | Pending::End => true,
        }
    }

    /// Whether its end is that of the connection.
    pub fn ends_connection(&self) -> bool {
        match self {
            Pending::Near(answer) => answer.ends_connection(),
            Pending::Events(_) | Pending::End => true,
            Pending::Places { .. }
            | Pending::Digests(_)
            | Pending::Disk { .. }
            | Pending::Page { .. }
            | Pending::Turn => false,
        }
    }

    /// The visitor will send no more: what was asked is still answered.
    pub fn note_end(&mut self) {
        if let Pending::Events(stream) = self {
            stream.end_with_what_is_so();
        }
    }

    /// The server stops: nothing is waited for that is not an answer, and this is the `last` one, if no
    /// request is behind it.
    pub fn note_stop(&mut self, last: bool) {
        match self {
            Pending::Events(stream) => stream.end_now(),
            Pending::Places { reply, .. } | Pending::Disk { reply, .. } if last => {
                *reply = reply.closing();
            }
            _ => {}
        }
    }

    /// When [`pass_time`](Self::pass_time) is to be called.
    pub fn deadline(&self, now: Now) -> Option<Monotonic> {
        match self {
            Pending::Events(stream) => Some(stream.deadline(now)),
            _ => None,
        }
    }

    /// Time has passed. Whether that was the end of the answer.
    pub fn pass_time(&mut self, cx: &mut Context<'_, Node>) -> bool {
        match self {
            Pending::Events(stream) => stream.pass_time(cx),
            _ => false,
        }
    }

    /// Nobody waits for it any more.
    pub fn end(self, cx: &mut Context<'_, Node>) {
        match self {
            Pending::Places { question, .. } => {
                cx.app.questions.forget(question, cx.now.monotonic);
            }
            Pending::Events(stream) => stream.leave(cx),
            Pending::Near(_)
            | Pending::Digests(_)
            | Pending::Disk { .. }
            | Pending::Page { .. }
            | Pending::Turn
            | Pending::End => {}
        }
    }
}
