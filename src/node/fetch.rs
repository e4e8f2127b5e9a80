//! A connection to Places: one question after the other, as long as Places keeps it open.

use super::Node;
use super::query::{QueryId, unknown};
use crate::limits;
use crate::places::Problem;
use crate::transport::{Context, Lost, Protocol};
use crate::wire::http::{HttpError, Response, ResponseReader};
use log::{debug, info};

/// The client side of HTTP/1.1 with Places.
#[derive(Debug)]
pub(super) struct Fetch {
    state: State,
    /// Answers had on this connection.
    answers: u64,
}

#[derive(Debug)]
enum State {
    Connecting,
    Idle,
    Busy {
        query: QueryId,
        reader: Box<ResponseReader>,
        heard: bool,
    },
    /// Nothing more is expected of it.
    Over,
}

impl Fetch {
    pub(super) fn new() -> Self {
        Fetch { state: State::Connecting, answers: 0 }
    }

    /// Asks the next question, or waits for one for a while.
    fn next(&mut self, cx: &mut Context<'_, Node>) {
        match cx.app.queries.next_for(cx.transport.id()) {
            Some((query, request)) => {
                debug!("places {} > query {query}", cx.transport.id());
                cx.transport.write(&request);
                cx.transport.set_timer(None);
                let reader = Box::new(ResponseReader::new());
                self.state = State::Busy { query, reader, heard: false };
            }
            None => {
                self.state = State::Idle;
                cx.transport.set_timer(Some(cx.now.monotonic + limits::PLACES_IDLE_MAX));
            }
        }
    }

    /// The answer is whole, or will never be.
    fn finish(&mut self, cx: &mut Context<'_, Node>, outcome: Result<Response, HttpError>) {
        let State::Busy { query, .. } = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        self.answers += 1;
        let outcome = outcome.map_err(Problem::from);
        let node = &mut *cx.app;
        node.queries.answered(query, outcome, cx.now.monotonic, &mut node.actions);
    }
}

impl Protocol<Node> for Fetch {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>) {
        info!("places {} is connected", cx.transport.id());
        cx.app.queries.connected();
        self.next(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        let State::Busy { reader, heard, .. } = &mut self.state else {
            debug!("places {}: {} bytes that were not asked for", cx.transport.id(), data.len());
            cx.transport.abort();
            return;
        };
        *heard = true;
        match reader.receive(data) {
            Ok(None) => {}
            Ok(Some((response, taken))) => {
                let reusable = response.keep_alive && taken == data.len();
                self.finish(cx, Ok(response));
                if reusable {
                    self.next(cx);
                } else {
                    cx.transport.abort();
                }
            }
            Err(error) => {
                self.finish(cx, Err(error));
                cx.transport.abort();
            }
        }
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        if let State::Busy { reader, heard: true, .. } = &mut self.state {
            let outcome = reader.finish();
            self.finish(cx, outcome.and_then(|response| response.ok_or(HttpError::Truncated)));
        }
        cx.transport.close();
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        if matches!(self.state, State::Idle) {
            cx.transport.close();
        }
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        match self.state {
            State::Idle if !cx.transport.is_ending() => self.next(cx),
            State::Busy { query, .. } if !cx.app.queries.is_asked_on(query, cx.transport.id()) => {
                self.state = State::Over;
                cx.transport.abort();
            }
            _ => {}
        }
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        if matches!(self.state, State::Idle) {
            cx.transport.close();
        }
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let now = cx.now.monotonic;
        let node = &mut *cx.app;
        match std::mem::replace(&mut self.state, State::Over) {
            State::Connecting => {
                let problem = unknown(&format!("Places cannot be reached: {cause}"));
                node.queries.unreachable(problem, now, &mut node.actions);
                return;
            }
            State::Busy { query, heard, .. } => {
                let may_ask_again = !heard && self.answers > 0;
                if !may_ask_again || !node.queries.ask_again(query, &mut node.actions) {
                    let problem = unknown(&format!("Places broke the connection: {cause}"));
                    node.queries.answered(query, Err(problem), now, &mut node.actions);
                }
            }
            State::Idle | State::Over => {}
        }
        info!("places {}: {cause}", cx.transport.id());
        node.queries.disconnected(cx.transport.id(), &mut node.actions);
    }
}
