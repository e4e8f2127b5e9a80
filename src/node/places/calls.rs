//! Calls, from being asked to their end: what the connections to Places have to do with. A connection
//!
//! * comes up ([`connected`](Questions::connected)) or does not
//!   ([`unreachable`](Questions::unreachable)),
//! * asks for its [`next_call`](Questions::next_call) and tells that it was
//!   [`answered`](Questions::answered) or is [`late`](Questions::late), again and again,
//! * is given up, by itself ([`retire`](Questions::retire), [`retire_idle`](Questions::retire_idle)) or
//!   by us ([`is_wanted`](Questions::is_wanted) says so when it is woken),
//! * and is [`lost`](Questions::lost).

use super::breaker::Failure;
use super::counters::CallFailure;
use super::trouble::Trouble;
use super::{Call, CallId, QuestionId, Questions, Reply, State, unknown};
use crate::fault::fault;
use crate::node::lines::TRAFFIC;
use crate::places::{Answer, AskingLimits, Problem};
use crate::transport::{ConnectionId, Monotonic, Now};
use crate::wire::http::Response;
use crate::wire::plural;
use log::info;
use std::fmt;
use std::rc::Rc;

/// Why a call is not made that had to wait.
const NO_TIME_LEFT: &str = "Places was not asked: when its turn came too little time was left";

/// A call for a connection to make.
pub(super) struct NextCall {
    pub id: CallId,
    /// What is to be sent.
    pub request: Vec<u8>,
    /// When the first byte of the response must have come.
    pub first_byte_by: Monotonic,
}

/// A call that was on a connection when that was lost.
pub(super) struct Unanswered<'a> {
    pub id: CallId,
    /// Whether the connection was a kept one and not a byte of the response had come: the peer may have
    /// closed it before it saw the request.
    pub is_unseen: bool,
    /// What happened, for people.
    pub why: &'a str,
}

/// For whom a call is, in the log.
struct Askers<'a>(&'a [QuestionId]);

impl fmt::Display for Askers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nobody"),
            [question] => write!(f, "question {question}"),
            [first, others @ ..] => write!(f, "question {first} and {} more", others.len()),
        }
    }
}

impl Questions {
    /// A dialled connection came up.
    pub(super) fn connected(&mut self) {
        self.pool.connected();
    }

    /// A connection could not be made: nor could those be that others wait for. But as long as
    /// there is one that works, they wait for that.
    pub(super) fn unreachable(&mut self, why: &str, now: Monotonic) {
        self.pool.unreachable();
        if self.pool.has_connections() {
            info!("places: no further connection: {why}");
            return;
        }
        while let Some(id) = self.waiting.pop() {
            self.failed(id, CallFailure::Unreachable, why, now);
        }
    }

    /// The next call for that connection; None when none waits, and then the connection is kept for
    /// the next.
    pub(super) fn next_call(
        &mut self,
        connection: ConnectionId,
        now: Monotonic,
    ) -> Option<NextCall> {
        while let Some(id) = self.waiting.pop() {
            let Some(call) = self.calls.get_mut(&id) else {
                fault!("a call waits for a connection to Places that has come to its end");
                continue;
            };
            let left = (call.since + self.settings.limits.timeout).since(now);
            if self.pace.is_too_short(left) {
                // It would cost as much as one that is answered, and a new connection besides.
                self.failed(id, CallFailure::NotAsked, NO_TIME_LEFT, now);
                continue;
            }
            call.state = State::Asked(connection);
            call.asked = now;
            let (askers, search) = (Askers(&call.questions), &call.search);
            info!(target: TRAFFIC, "places {connection} > call {id} for {askers}: {search}");
            self.pool.took(connection);
            self.counters.calls += 1;
            let request = self.settings.service.request(&call.search);
            let first_byte_by = now + self.settings.limits.first_byte_timeout;
            return Some(NextCall { id, request, first_byte_by });
        }
        self.pool.keep(connection);
        None
    }

    /// Places has answered that call, or has sent something that is no answer.
    pub(super) fn answered(&mut self, id: CallId, outcome: Result<Response, Problem>, now: Now) {
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
        // In this very turn its time may have run out.
        let Some(call) = self.remove_call(id) else {
            return;
        };
        if outcome.is_ok() {
            self.pace.answered(now.monotonic.since(call.asked));
        }
        let took = now.monotonic.since(call.since);
        self.counters.count_response(trouble.as_ref().map(Problem::status), took);
        match (&trouble, &outcome) {
            (Some(problem), _) => {
                let trouble = Trouble::Answer(problem.status());
                let text = format_args!("places < call {id}: {problem} (after {took:.1?})");
                self.trouble.tell(trouble, now.monotonic, text);
            }
            (None, Ok(answer)) => {
                let bytes = plural(answer.bytes(), "byte");
                info!(target: TRAFFIC, "places < call {id}: {bytes} after {took:.1?}");
            }
            (None, Err(_)) => {}
        }
        let answer = Rc::new(outcome.unwrap_or_else(|problem| problem.answer()));
        if trouble.is_none() {
            self.cache.insert(call.search, &answer, now.monotonic);
        }
        self.answer_all(call.questions, &answer);
    }

    /// Places has not begun to answer that call in time.
    pub(super) fn late(&mut self, id: CallId, now: Monotonic) {
        self.failed(id, CallFailure::Late, "Places did not begin to answer in time", now);
    }

    /// That connection ends, which may take its time: what was to be its call is another's.
    pub(super) fn retire(&mut self, connection: ConnectionId) {
        self.pool.retire(connection);
        self.dispatch();
    }

    /// As [`retire`](Self::retire), unless the connection has just been woken for a call. Whether it
    /// ends.
    pub(super) fn retire_idle(&mut self, connection: ConnectionId) -> bool {
        let is_idle = self.pool.is_idle(connection);
        if is_idle {
            self.retire(connection);
        }
        is_idle
    }

    /// Whether that connection is to go on: with that call, or without one.
    pub(super) fn is_wanted(&self, connection: ConnectionId, call: Option<CallId>) -> bool {
        match call {
            Some(id) => {
                self.calls.get(&id).is_some_and(|call| call.state == State::Asked(connection))
            }
            None => !self.pool.is_ending(connection),
        }
    }

    /// A connection that was up is gone, and the call that was on it may be made once more.
    pub(super) fn lost(
        &mut self,
        connection: ConnectionId,
        unanswered: Option<Unanswered<'_>>,
        now: Monotonic,
    ) {
        if let Some(unanswered) = unanswered {
            self.broke_off(&unanswered, now);
        }
        self.pool.disconnected(connection);
        self.dispatch();
    }

    fn broke_off(&mut self, &Unanswered { id, is_unseen, why }: &Unanswered<'_>, now: Monotonic) {
        match self.calls.get_mut(&id) {
            Some(call) if is_unseen && call.askers == 0 => {
                // Nobody would have it made once more, and of Places it tells nothing.
                self.remove_call(id);
                self.counters.count_failure(CallFailure::Broken);
                self.breaker.abandoned(now);
            }
            Some(call) if is_unseen && !call.again => {
                call.again = true;
                call.state = State::Waiting;
                call.reserved = self.quota.reserve();
                self.waiting.put_back(id, call.asker);
                // Nor is it made on another one that has been idle.
                self.pool.distrust_idle(&mut self.outbox);
                self.dispatch();
            }
            _ => self.failed(id, CallFailure::Broken, why, now),
        }
    }

    /// There is no answer to that call.
    pub(super) fn failed(&mut self, id: CallId, failure: CallFailure, why: &str, now: Monotonic) {
        // In this very turn its time may have run out.
        let Some(call) = self.remove_call(id) else {
            return;
        };
        self.counters.count_failure(failure);
        let problem = unknown(why);
        match self.what_it_tells(failure, &call, now) {
            Some(told) => {
                if failure == CallFailure::Late && call.state != State::Waiting {
                    // A machine that has gone without a word has gone for the idle ones, too.
                    self.pool.distrust_idle(&mut self.outbox);
                }
                self.breaker.failed(told, &problem, now);
            }
            None => self.breaker.abandoned(now),
        }
        let took = now.since(call.since);
        let trouble = Trouble::Failure(failure);
        if call.state == State::Waiting {
            let askers = Askers(&call.questions);
            let text = format_args!("places: call {id} for {askers}: {why} (after {took:.1?})");
            self.trouble.tell(trouble, now, text);
        } else {
            let text = format_args!("places < call {id}: {why} (after {took:.1?})");
            self.trouble.tell(trouble, now, text);
        }
        self.answer_all(call.questions, &Rc::new(problem.answer()));
    }

    /// What the failure of that call says of Places: nothing, unless it was Places that had the time.
    fn what_it_tells(&self, failure: CallFailure, call: &Call, now: Monotonic) -> Option<Failure> {
        let AskingLimits { first_byte_timeout, timeout, .. } = self.settings.limits;
        // The rest is for making a connection.
        let enough = first_byte_timeout.min(timeout * 4 / 5);
        match (failure, call.state) {
            (CallFailure::NotAsked, _) => None,
            (CallFailure::Unreachable, _) => Some(Failure::Unreachable),
            (CallFailure::Late, State::Asked(_)) if now.since(call.asked) < enough => None,
            (CallFailure::Late | CallFailure::Broken, _) => Some(Failure::NoAnswer),
        }
    }

    /// Lays the answer down for those who still wait for it.
    pub(super) fn answer_all(&mut self, questions: Vec<QuestionId>, answer: &Rc<Answer>) {
        for id in questions {
            if let Some(question) = self.questions.get_mut(&id) {
                question.reply = Reply::There(Rc::clone(answer));
                self.outbox.wake(question.asker);
            }
        }
    }

    /// Sees to the calls that wait.
    pub(super) fn dispatch(&mut self) {
        self.pool.dispatch(self.waiting.len(), &mut self.outbox);
    }

    pub(super) fn remove_call(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.by_search.remove(&call.search);
        if call.state == State::Waiting {
            // Or a connection would be dialled for it that nobody needs. It costs nobody anything.
            self.waiting.remove(id);
            self.quota.give_back(call.reserved);
        }
        Some(call)
    }
}
