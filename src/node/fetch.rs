//! A connection to Places: one call after the other, as long as Places keeps it open.

use super::Node;
use super::query::{CallFailure, CallId};
use crate::limits;
use crate::places::{Problem, RESPONSE_LIMITS};
use crate::transport::{Context, Lost, PeerInfo, Protocol};
use crate::wire::http::{HttpError, Response, ResponseReader};
use log::{debug, info};
use std::mem;

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
        call: CallId,
        reader: Box<ResponseReader>,
        /// Whether a byte of the response has come.
        heard: bool,
    },
    /// Nothing more is expected of it.
    Over,
}

impl Fetch {
    pub(super) fn new() -> Self {
        Fetch { state: State::Connecting, answers: 0 }
    }

    /// Makes the next call, or waits for one for a while.
    fn next(&mut self, cx: &mut Context<'_, Node>) {
        let timeout = match cx.app.queries.next_for(cx.transport.id()) {
            Some((call, request)) => {
                cx.transport.write(&request);
                let reader = Box::new(ResponseReader::new(RESPONSE_LIMITS));
                self.state = State::Busy { call, reader, heard: false };
                cx.app.queries.first_byte_timeout()
            }
            None if cx.app.stopping => {
                self.retire(cx);
                cx.transport.close();
                return;
            }
            None => {
                self.state = State::Idle;
                limits::PLACES_IDLE_MAX
            }
        };
        cx.transport.set_timer(Some(cx.now.monotonic + timeout));
    }

    /// The response is whole, or will never be.
    fn finish(&mut self, cx: &mut Context<'_, Node>, outcome: Result<Response, HttpError>) {
        if let State::Busy { call, .. } = mem::replace(&mut self.state, State::Over) {
            self.answers += 1;
            let outcome = outcome.map_err(Problem::from);
            let node = &mut *cx.app;
            node.queries.answered(call, outcome, cx.now, &mut node.actions);
        }
    }

    /// Nobody asks on this connection any more, however long it takes to end.
    fn retire(&mut self, cx: &mut Context<'_, Node>) {
        self.state = State::Over;
        let node = &mut *cx.app;
        node.queries.retire(cx.transport.id(), &mut node.actions);
    }

    /// The call has failed, and the connection with it.
    fn fail(&mut self, cx: &mut Context<'_, Node>, failure: CallFailure, why: &str) {
        if let State::Busy { call, .. } = mem::replace(&mut self.state, State::Over) {
            let node = &mut *cx.app;
            node.queries.failed(call, failure, why, cx.now.monotonic, &mut node.actions);
        }
    }
}

impl Protocol<Node> for Fetch {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, _: &PeerInfo) {
        info!("places {} is connected", cx.transport.id());
        cx.app.queries.connected();
        self.next(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        let State::Busy { reader, heard, .. } = &mut self.state else {
            debug!("places {}: {} bytes that were not asked for", cx.transport.id(), data.len());
            self.retire(cx);
            cx.transport.abort();
            return;
        };
        if !mem::replace(heard, true) {
            // From here on the call's own deadline counts.
            cx.transport.set_timer(None);
        }
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
        match &mut self.state {
            State::Busy { reader, heard: true, .. } => {
                let outcome = reader.finish();
                self.finish(cx, outcome.and_then(|response| response.ok_or(HttpError::Truncated)));
            }
            State::Idle => self.retire(cx),
            _ => {}
        }
        cx.transport.close();
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        match self.state {
            State::Idle if cx.app.queries.is_idle(cx.transport.id()) => {
                self.retire(cx);
                cx.transport.close();
            }
            // It has just been woken for a call.
            State::Idle => {}
            State::Busy { .. } => {
                self.fail(cx, CallFailure::Late, "Places did not begin to answer in time");
                cx.transport.abort();
            }
            State::Connecting | State::Over => {}
        }
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        match self.state {
            State::Idle if cx.app.queries.is_ending(cx.transport.id()) => {
                self.state = State::Over;
                // Not in order: a peer that is gone would take its time, and there is nothing to lose.
                cx.transport.abort();
            }
            State::Idle => self.next(cx),
            State::Busy { call, .. } if !cx.app.queries.is_asked_on(call, cx.transport.id()) => {
                self.state = State::Over;
                cx.transport.abort();
            }
            _ => {}
        }
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        if matches!(self.state, State::Idle) {
            self.retire(cx);
            cx.transport.close();
        }
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let node = &mut *cx.app;
        match self.state {
            State::Connecting => {
                let why = format!("Places cannot be reached: {cause}");
                node.queries.unreachable(&why, cx.now.monotonic, &mut node.actions);
                return;
            }
            State::Busy { call, heard, .. } => {
                let may_call_again = !heard && self.answers > 0;
                if !may_call_again || !node.queries.call_again(call, &mut node.actions) {
                    let why = match cause {
                        Lost::Closed => "Places closed the connection without an answer".to_owned(),
                        _ => format!("Places broke the connection: {cause}"),
                    };
                    self.fail(cx, CallFailure::Broken, &why);
                }
            }
            State::Idle | State::Over => {}
        }
        info!("places {}: {cause}", cx.transport.id());
        let node = &mut *cx.app;
        node.queries.disconnected(cx.transport.id(), &mut node.actions);
    }
}

#[cfg(test)]
mod tests;
