//! Calls, from being asked to their end: what the connections to Places have to do with.

use super::breaker::Failure;
use super::counters::CallFailure;
use super::trouble::Kind;
use super::{Call, CallId, Queries, QuestionId, State, unknown};
use crate::node::Actions;
use crate::node::lines::TRAFFIC;
use crate::places::Problem;
use crate::transport::{ConnectionId, Monotonic, Now};
use crate::wire::http::Response;
use log::info;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// For whom a call is, in the log.
struct Questions<'a>(&'a [QuestionId]);

impl fmt::Display for Questions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nobody"),
            [question] => write!(f, "question {question}"),
            [first, others @ ..] => write!(f, "question {first} and {} more", others.len()),
        }
    }
}

impl Queries {
    /// From a request to the first byte of its response.
    pub(in crate::node) fn first_byte_timeout(&self) -> Duration {
        self.settings.limits.first_byte_timeout
    }

    /// The next call for that connection and its request; None when none waits, and then the
    /// connection is kept for the next.
    pub(in crate::node) fn next_for(
        &mut self,
        connection: ConnectionId,
    ) -> Option<(CallId, Vec<u8>)> {
        while let Some(id) = self.waiting.pop_front() {
            if let Some(call) = self.calls.get_mut(&id)
                && call.state == State::Waiting
            {
                call.state = State::Asked(connection);
                let (questions, search) = (Questions(&call.questions), &call.search);
                info!(target: TRAFFIC, "places {connection} > call {id} for {questions}: {search}");
                self.pool.took(connection);
                self.counters.calls += 1;
                return Some((id, self.settings.service.request(&call.search)));
            }
        }
        self.pool.keep(connection);
        None
    }

    /// Whether that connection still has to do with that call.
    pub(in crate::node) fn is_asked_on(&self, id: CallId, connection: ConnectionId) -> bool {
        self.calls.get(&id).is_some_and(|call| call.state == State::Asked(connection))
    }

    /// Places has answered that call, or has sent something that is no answer.
    pub(in crate::node) fn answered(
        &mut self,
        id: CallId,
        outcome: Result<Response, Problem>,
        now: Now,
        actions: &mut Actions,
    ) {
        let outcome = outcome.and_then(|response| self.settings.service.judge(response));
        let trouble = match &outcome {
            Ok(answer) => answer.complaint().cloned(),
            Err(problem) => Some(problem.clone()),
        };
        match &trouble {
            Some(problem) if problem.concerns_all() => {
                self.breaker.failed(Failure::Refused, problem, now.monotonic);
            }
            _ => self.breaker.succeeded(),
        }
        let Some(call) = self.remove_call(id) else {
            return;
        };
        let took = now.monotonic.since(call.since);
        self.counters.count_response(trouble.as_ref().map(Problem::status), took);
        match (&trouble, &outcome) {
            (Some(problem), _) => {
                let kind = Kind::Answer(problem.status());
                let text = format_args!("places < call {id}: {problem} (after {took:.1?})");
                self.trouble.tell(kind, now.monotonic, text);
            }
            (None, Ok(answer)) => {
                let bytes = answer.bytes();
                info!(target: TRAFFIC, "places < call {id}: {bytes} bytes after {took:.1?}");
            }
            (None, Err(_)) => {}
        }
        let answer = Rc::new(outcome.unwrap_or_else(|problem| problem.answer()));
        if trouble.is_none() {
            self.cache.insert(call.search, &answer, now.monotonic);
        }
        for question in call.questions {
            self.answer(question, Rc::clone(&answer), actions);
        }
    }

    /// There is no answer to that call.
    pub(in crate::node) fn failed(
        &mut self,
        id: CallId,
        failure: CallFailure,
        why: &str,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        let Some(call) = self.remove_call(id) else {
            return;
        };
        self.counters.count_failure(failure);
        if failure == CallFailure::Late && call.state != State::Waiting {
            // A machine that has gone without a word has gone for the idle ones, too.
            self.pool.distrust_idle(actions);
        }
        let problem = unknown(why);
        self.breaker.failed(failure.into(), &problem, now);
        let took = now.since(call.since);
        let kind = Kind::Failure(failure);
        if call.state == State::Waiting {
            let questions = Questions(&call.questions);
            let text = format_args!("places: call {id} for {questions}: {why} (after {took:.1?})");
            self.trouble.tell(kind, now, text);
        } else {
            let text = format_args!("places < call {id}: {why} (after {took:.1?})");
            self.trouble.tell(kind, now, text);
        }
        let answer = Rc::new(problem.answer());
        for question in call.questions {
            self.answer(question, Rc::clone(&answer), actions);
        }
    }

    /// The connection on which that call was made was lost before a byte of the answer came, and it
    /// was a kept one: the peer may have closed it before it saw the request, so the call is made
    /// once more, and not on another one that has been idle. False if that was done before.
    pub(in crate::node) fn call_again(&mut self, id: CallId, actions: &mut Actions) -> bool {
        match self.calls.get_mut(&id) {
            Some(call) if !call.again => {
                call.again = true;
                call.state = State::Waiting;
                call.reserved = self.quota.reserve();
                self.waiting.push_front(id);
                self.pool.distrust_idle(actions);
                self.pool.spread(self.waiting.len(), actions);
                true
            }
            _ => false,
        }
    }

    /// Whether that connection is to end instead of waiting for a call.
    pub(in crate::node) fn is_ending(&self, connection: ConnectionId) -> bool {
        self.pool.is_ending(connection)
    }

    /// Whether that connection has no call and none is about to be given to it.
    pub(in crate::node) fn is_idle(&self, connection: ConnectionId) -> bool {
        self.pool.is_idle(connection)
    }

    /// That connection ends: what was to be its call is another's.
    pub(in crate::node) fn retire(&mut self, connection: ConnectionId, actions: &mut Actions) {
        self.pool.retire(connection);
        self.pool.spread(self.waiting.len(), actions);
    }

    /// A dialled connection came up.
    pub(in crate::node) fn connected(&mut self) {
        self.pool.connected();
    }

    /// A connection could not be made: nor could those be that others wait for. But as long as
    /// there is one that works, they wait for that.
    pub(in crate::node) fn unreachable(
        &mut self,
        why: &str,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        self.pool.unreachable();
        if self.pool.has_connections() {
            info!("places: no further connection: {why}");
            return;
        }
        for id in std::mem::take(&mut self.waiting) {
            if self.calls.get(&id).is_some_and(|call| call.state == State::Waiting) {
                self.failed(id, CallFailure::Unreachable, why, now, actions);
            }
        }
    }

    /// A connection is gone.
    pub(in crate::node) fn disconnected(
        &mut self,
        connection: ConnectionId,
        actions: &mut Actions,
    ) {
        self.pool.disconnected(connection);
        self.pool.spread(self.waiting.len(), actions);
    }

    pub(super) fn remove_call(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.by_search.remove(&call.search);
        if call.state == State::Waiting {
            // Or a connection would be dialled for it that nobody needs. It costs nobody anything.
            self.waiting.retain(|&waiting| waiting != id);
            self.quota.give_back(call.reserved);
        }
        Some(call)
    }
}
