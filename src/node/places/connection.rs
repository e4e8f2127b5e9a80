//! A connection to Places: one call after the other, as long as Places keeps it open.

use super::CallId;
use super::calls::Unanswered;
use crate::fault::fault;
use crate::limits;
use crate::node::Node;
use crate::node::deadlines::Deadlines;
use crate::places::{Problem, RESPONSE_LIMITS};
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::http::{HttpError, Response, ResponseReader};
use crate::wire::plural;
use log::{debug, info};
use std::mem;

/// The client side of HTTP/1.1 with Places.
#[derive(Debug)]
pub(in crate::node) struct Connection {
    state: State,
    /// Answers had on this connection.
    answers: u64,
}

#[derive(Debug)]
enum State {
    Connecting,
    /// There is no call for it; it is kept until then.
    Idle {
        until: Monotonic,
    },
    Busy {
        call: CallId,
        reader: Box<ResponseReader>,
        /// When a byte of the response must have come; None once one has: from there on the call's
        /// own deadline counts.
        first_byte_by: Option<Monotonic>,
    },
    /// Nothing more is expected of it.
    Over,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    /// The first byte of the response.
    FirstByte,
    /// A call.
    Idle,
}

impl Connection {
    /// One that is being dialled.
    pub fn new() -> Self {
        Connection { state: State::Connecting, answers: 0 }
    }

    /// Makes the next call, or waits for one for a while.
    fn next(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        self.state = match cx.app.questions.next_call(cx.transport.id(), now) {
            Some(next) => {
                cx.transport.write(&next.request);
                let reader = Box::new(ResponseReader::new(RESPONSE_LIMITS));
                State::Busy { call: next.id, reader, first_byte_by: Some(next.first_byte_by) }
            }
            None if cx.app.is_stopping() => {
                self.retire(cx);
                cx.transport.close();
                return;
            }
            None => State::Idle { until: now + limits::PLACES_IDLE_MAX },
        };
        self.set_timer(cx);
    }

    fn deadlines(&self) -> Deadlines<Timer, 2> {
        let (first_byte, idle) = match self.state {
            State::Busy { first_byte_by, .. } => (first_byte_by, None),
            State::Idle { until } => (None, Some(until)),
            State::Connecting | State::Over => (None, None),
        };
        Deadlines([(Timer::FirstByte, first_byte), (Timer::Idle, idle)])
    }

    fn set_timer(&self, cx: &mut Context<'_, Node>) {
        cx.transport.set_timer(self.deadlines().next());
    }

    /// The response is whole, or will never be.
    fn finish(&mut self, cx: &mut Context<'_, Node>, outcome: Result<Response, HttpError>) {
        match mem::replace(&mut self.state, State::Over) {
            State::Busy { call, .. } => {
                self.answers += 1;
                cx.app.questions.answered(call, outcome.map_err(Problem::from), cx.now);
            }
            state => fault!("a response of Places without a call, {state:?}"),
        }
    }

    /// Nobody asks on this connection any more, however long it takes to end.
    fn retire(&mut self, cx: &mut Context<'_, Node>) {
        self.state = State::Over;
        cx.app.questions.retire(cx.transport.id());
    }
}

impl Protocol<Node> for Connection {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, _: &PeerInfo) {
        info!("places {} is connected", cx.transport.id());
        cx.app.questions.connected();
        self.next(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        let State::Busy { reader, first_byte_by, .. } = &mut self.state else {
            let bytes = plural(data.len(), "byte");
            debug!("places {}: {bytes} not asked for", cx.transport.id());
            self.retire(cx);
            cx.transport.abort();
            return;
        };
        let is_first = first_byte_by.take().is_some();
        let outcome = reader.receive(data);
        if is_first {
            self.set_timer(cx);
        }
        match outcome {
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
        match &mut self.state {
            State::Busy { reader, first_byte_by: None, .. } => {
                let outcome = reader.finish();
                self.finish(cx, outcome.and_then(|response| response.ok_or(HttpError::Truncated)));
            }
            State::Idle { .. } => self.retire(cx),
            // Its call is not answered: that it is told when the connection is gone.
            State::Busy { .. } | State::Over => {}
            State::Connecting => fault!("the end of a connection to Places that is not up"),
        }
        cx.transport.close();
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        match (self.deadlines().due(cx.now.monotonic), &self.state) {
            (Some(Timer::FirstByte), &State::Busy { call, .. }) => {
                self.state = State::Over;
                cx.app.questions.late(call, cx.now.monotonic);
                cx.transport.abort();
            }
            (Some(Timer::Idle), _) => {
                if cx.app.questions.retire_idle(cx.transport.id()) {
                    self.state = State::Over;
                    cx.transport.close();
                }
            }
            (Some(Timer::FirstByte), state) => fault!("no byte in time of no call, {state:?}"),
            // It had been set before the connection was given up.
            (None, _) => {}
        }
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        let call = match self.state {
            State::Idle { .. } => None,
            State::Busy { call, .. } => Some(call),
            State::Over => return,
            State::Connecting => {
                fault!("a connection to Places is woken that is not up");
                return;
            }
        };
        if !cx.app.questions.is_wanted(cx.transport.id(), call) {
            self.state = State::Over;
            // Not in order: a peer that is gone would take its time, and there is nothing to lose.
            cx.transport.abort();
        } else if call.is_none() {
            self.next(cx);
        }
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        if matches!(self.state, State::Idle { .. }) {
            self.retire(cx);
            cx.transport.close();
        }
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let (id, now) = (cx.transport.id(), cx.now.monotonic);
        let questions = &mut cx.app.questions;
        match self.state {
            State::Connecting => {
                questions.unreachable(&format!("Places cannot be reached: {cause}"), now);
                return;
            }
            State::Busy { call, first_byte_by, .. } => {
                let is_unseen = first_byte_by.is_some() && self.answers > 0;
                let why = match cause {
                    Lost::Closed => "Places closed the connection without an answer".to_owned(),
                    _ => format!("Places broke the connection: {cause}"),
                };
                let unanswered = Unanswered { id: call, is_unseen, why: &why };
                questions.lost(id, Some(unanswered), now);
            }
            State::Idle { .. } | State::Over => questions.lost(id, None, now),
        }
        info!("places {id}: {cause}");
    }
}

#[cfg(test)]
mod tests;
