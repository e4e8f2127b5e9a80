//! Answers that take their time: what each waits for, and what is done when it comes.

use super::Node;
use super::events::Stream;
use super::near::NearAnswer;
use super::reply::Reply;
use super::{clients, page};
use crate::node::QuestionId;
use crate::transport::{Context, Monotonic};

/// An answer that takes its time.
#[derive(Debug)]
pub(super) enum Pending {
    /// The answer of Places to a question, about this client in JSON.
    Places { question: QuestionId, client: Vec<u8>, reply: Reply },
    /// The turn of a question about who is near.
    Near(NearAnswer),
    /// Room for the rest of the page.
    Page { rest: &'static [u8] },
    /// Events, and more events.
    Events(Box<Stream>),
    /// Nothing: of a stream of events only the head was asked for.
    HeadOfEvents,
}

impl Pending {
    /// Something may have come, or room. Whether that was the end of the answer.
    pub fn go_on(&mut self, cx: &mut Context<'_, Node>) -> bool {
        match self {
            Pending::Places { question, client, reply } => {
                clients::answer_places(cx, *question, client, *reply)
            }
            Pending::Near(answer) => answer.go_on(cx),
            Pending::Page { rest } => page::go_on(cx, rest),
            Pending::Events(stream) => stream.tell(cx),
            Pending::HeadOfEvents => true,
        }
    }

    /// Whether its end is that of the connection.
    pub fn ends_connection(&self) -> bool {
        match self {
            Pending::Near(answer) => answer.ends_connection(),
            Pending::Events(_) | Pending::HeadOfEvents => true,
            Pending::Places { .. } | Pending::Page { .. } => false,
        }
    }

    /// The visitor will send no more: what was asked is still answered. Whether it has been: nothing need
    /// change any more for that to be seen.
    pub fn note_end(&mut self, cx: &mut Context<'_, Node>) -> bool {
        match self {
            Pending::Events(stream) => {
                stream.end_with_what_is_so();
                stream.tell(cx)
            }
            _ => false,
        }
    }

    /// The server stops: nothing is waited for that is not an answer.
    pub fn note_stop(&mut self) {
        if let Pending::Events(stream) = self {
            stream.end_now();
        }
    }

    /// When [`pass_time`](Self::pass_time) is to be called.
    pub fn deadline(&self) -> Option<Monotonic> {
        match self {
            Pending::Events(stream) => Some(stream.comment_at()),
            _ => None,
        }
    }

    /// Time has passed.
    pub fn pass_time(&mut self, cx: &mut Context<'_, Node>) {
        if let Pending::Events(stream) = self {
            stream.comment(cx);
        }
    }

    /// Nobody waits for it any more.
    pub fn end(self, cx: &mut Context<'_, Node>) {
        match self {
            Pending::Places { question, .. } => {
                cx.app.questions.forget(question, cx.now.monotonic);
            }
            Pending::Events(stream) => stream.leave(cx),
            Pending::Near(_) | Pending::Page { .. } | Pending::HeadOfEvents => {}
        }
    }
}
