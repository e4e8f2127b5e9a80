//! A `WHATSAT` from asking to answer. A **question** is a client's, with its bound; a **call** is
//! one request to Places, which may serve several questions that are equal but for their bounds.
//! Calls wait here for a connection of the pool, and answers for the clients that asked.

mod breaker;
mod cache;
mod counters;
mod meter;
mod pool;
mod settings;

pub(super) use counters::CallFailure;
pub use counters::Counters;
pub use settings::PlacesSettings;

use super::Actions;
use crate::limits;
use crate::places::{Answer, Problem, Search, Status};
use crate::transport::{Action, ConnectionId, Monotonic, Now};
use crate::wire::http::Response;
use breaker::{Breaker, Failure};
use cache::Cache;
use log::{info, warn};
use meter::Meter;
use pool::Pool;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// Which question; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QuestionId(u64);

/// Which call; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallId(u64);

#[derive(Debug)]
struct Question {
    asker: ConnectionId,
    bound: u8,
    /// The JSON, once it is there.
    answer: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Call {
    search: Search,
    since: Monotonic,
    questions: Vec<QuestionId>,
    state: State,
    /// Whether it was on a connection before that was lost.
    again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// For a connection.
    Waiting,
    /// On that connection.
    Asked(ConnectionId),
}

/// All questions and calls.
#[derive(Debug)]
pub(super) struct Queries {
    settings: PlacesSettings,
    questions: BTreeMap<QuestionId, Question>,
    calls: BTreeMap<CallId, Call>,
    /// The calls under way by what they ask.
    by_search: HashMap<Search, CallId>,
    next_id: u64,
    /// Calls without a connection, the oldest first; some may have ended meanwhile.
    waiting: VecDeque<CallId>,
    /// When each call must have ended, soonest first; some may have ended meanwhile.
    deadlines: VecDeque<(Monotonic, CallId)>,
    pool: Pool,
    cache: Cache,
    breaker: Breaker,
    meter: Meter,
    counters: Counters,
}

impl Queries {
    pub(super) fn new(settings: PlacesSettings) -> Self {
        Queries {
            questions: BTreeMap::new(),
            calls: BTreeMap::new(),
            by_search: HashMap::new(),
            next_id: 0,
            waiting: VecDeque::new(),
            deadlines: VecDeque::new(),
            pool: Pool::new(settings.service.endpoint.clone(), settings.connect_timeout),
            cache: Cache::new(settings.cache),
            breaker: Breaker::new(),
            meter: Meter::new(settings.calls_per_second, settings.calls_per_day),
            counters: Counters::default(),
            settings,
        }
    }

    /// Asks on behalf of a client, who is woken when the answer can be
    /// [taken](Self::take_answer).
    pub(super) fn ask(
        &mut self,
        search: Search,
        bound: u8,
        asker: ConnectionId,
        now: Now,
        actions: &mut Actions,
    ) -> QuestionId {
        self.counters.questions += 1;
        let id = QuestionId(self.next_id());
        self.questions.insert(id, Question { asker, bound, answer: None });
        if let Some(answer) = self.cache.find(&search, now.monotonic) {
            self.counters.cached += 1;
            info!("places: question {id} is answered from the cache");
            self.answer(id, &answer, actions);
            return id;
        }
        if let Some(call) = self.by_search.get(&search).and_then(|call| self.calls.get_mut(call)) {
            self.counters.shared += 1;
            call.questions.push(id);
            return id;
        }
        match self.may_call(now) {
            Ok(()) => self.call(search, id, now.monotonic, actions),
            Err(problem) => {
                warn!("places: question {id} is not asked: {problem}");
                self.answer(id, &problem.answer(), actions);
            }
        }
        id
    }

    /// The JSON, once it is there.
    pub(super) fn take_answer(&mut self, id: QuestionId) -> Option<Vec<u8>> {
        let answer = self.questions.get_mut(&id)?.answer.take()?;
        self.questions.remove(&id);
        Some(answer)
    }

    /// Nobody waits for that answer any more. A call that has been made is let come to its end, for
    /// the sake of its connection; one that still waits for a connection is saved.
    pub(super) fn forget(&mut self, id: QuestionId, now: Monotonic) {
        self.questions.remove(&id);
        let found = self.calls.iter_mut().find(|(_, call)| call.questions.contains(&id));
        if let Some((&call_id, call)) = found {
            call.questions.retain(|&question| question != id);
            if call.questions.is_empty() && call.state == State::Waiting {
                self.remove_call(call_id);
                self.breaker.abandoned(now);
            }
        }
    }

    /// When the next call runs out of time.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        self.deadlines.front().map(|&(at, _)| at)
    }

    /// Ends the calls that have run out of time.
    pub(super) fn expire(&mut self, now: Monotonic, actions: &mut Actions) {
        while let Some(&(at, id)) = self.deadlines.front() {
            let state = self.calls.get(&id).map(|call| call.state);
            if at > now && state.is_some() {
                return;
            }
            self.deadlines.pop_front();
            if let Some(State::Asked(connection)) = state {
                // Its answer would be taken for that of the next call.
                actions.push_back(Action::Wake(connection));
            }
            self.failed(id, CallFailure::Late, "Places did not answer in time", now, actions);
        }
    }

    /// What has been asked and what came of it.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    // What follows is for the connections to Places.

    /// From a request to the first byte of its response.
    pub(super) fn first_byte_timeout(&self) -> Duration {
        self.settings.first_byte_timeout
    }

    /// The next call for that connection and its request; None when none waits, and then the
    /// connection is kept for the next.
    pub(super) fn next_for(&mut self, connection: ConnectionId) -> Option<(CallId, Vec<u8>)> {
        while let Some(id) = self.waiting.pop_front() {
            if let Some(call) = self.calls.get_mut(&id)
                && call.state == State::Waiting
            {
                call.state = State::Asked(connection);
                self.pool.took(connection);
                return Some((id, self.settings.service.request(&call.search)));
            }
        }
        self.pool.keep(connection);
        None
    }

    /// Whether that connection still has to do with that call.
    pub(super) fn is_asked_on(&self, id: CallId, connection: ConnectionId) -> bool {
        self.calls.get(&id).is_some_and(|call| call.state == State::Asked(connection))
    }

    /// Places has answered that call, or has sent something that is no answer.
    pub(super) fn answered(
        &mut self,
        id: CallId,
        outcome: Result<Response, Problem>,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        self.breaker.succeeded();
        let Some(call) = self.remove_call(id) else {
            return;
        };
        let took = now.since(call.since);
        let outcome = outcome.and_then(|response| self.settings.service.judge(response));
        self.counters.count_response(outcome.is_ok(), took);
        let answer = match outcome {
            Ok(answer) => {
                info!("places < call {id}: {} bytes after {took:.1?}", answer.bytes());
                let answer = Rc::new(answer);
                self.cache.insert(call.search, &answer, now);
                answer
            }
            Err(problem) => {
                warn!("places < call {id}: {problem} (after {took:.1?})");
                Rc::new(problem.answer())
            }
        };
        for question in call.questions {
            self.answer(question, &answer, actions);
        }
    }

    /// There is no answer to that call.
    pub(super) fn failed(
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
        self.breaker.failed(failure.into(), why, now);
        warn!("places < call {id}: {why} (after {:.1?})", now.since(call.since));
        let answer = unknown(why).answer();
        for question in call.questions {
            self.answer(question, &answer, actions);
        }
    }

    /// The connection on which that call was made was lost before a byte of the answer came, and it
    /// was a kept one: the peer may have closed it before it saw the request, so the call is made
    /// once more, and not on another one that has been idle. False if that was done before.
    pub(super) fn call_again(&mut self, id: CallId, actions: &mut Actions) -> bool {
        match self.calls.get_mut(&id) {
            Some(call) if !call.again => {
                call.again = true;
                call.state = State::Waiting;
                self.waiting.push_front(id);
                self.pool.distrust_idle(actions);
                self.pool.spread(self.waiting.len(), actions);
                true
            }
            _ => false,
        }
    }

    /// Whether that connection is to end instead of waiting for a call.
    pub(super) fn is_ending(&self, connection: ConnectionId) -> bool {
        self.pool.is_ending(connection)
    }

    /// Whether that connection has no call and none is about to be given to it.
    pub(super) fn is_idle(&self, connection: ConnectionId) -> bool {
        self.pool.is_idle(connection)
    }

    /// That connection ends: what was to be its call is another's.
    pub(super) fn retire(&mut self, connection: ConnectionId, actions: &mut Actions) {
        self.pool.retire(connection);
        self.pool.spread(self.waiting.len(), actions);
    }

    /// A dialled connection came up.
    pub(super) fn connected(&mut self) {
        self.pool.connected();
    }

    /// A connection could not be made: nor could those be that others wait for. But as long as
    /// there is one that works, they wait for that.
    pub(super) fn unreachable(&mut self, why: &str, now: Monotonic, actions: &mut Actions) {
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
    pub(super) fn disconnected(&mut self, connection: ConnectionId, actions: &mut Actions) {
        self.pool.disconnected(connection);
        self.pool.spread(self.waiting.len(), actions);
    }

    /// Whether a call may be made now, or what the client is told instead.
    fn may_call(&mut self, now: Now) -> Result<(), Problem> {
        if self.waiting.len() >= limits::PLACES_WAITING_MAX {
            self.counters.spared += 1;
            return Err(unknown("too many questions wait for Places"));
        }
        if let Err(why) = self.meter.check(now) {
            self.counters.over_cap += 1;
            return Err(Problem::new(Status::OverQueryLimit, why, None));
        }
        if let Err(why) = self.breaker.admit(now.monotonic) {
            self.counters.spared += 1;
            return Err(unknown(&format!("{why}; it is left alone for a moment")));
        }
        Ok(())
    }

    fn call(
        &mut self,
        search: Search,
        question: QuestionId,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        self.meter.count();
        self.counters.calls += 1;
        let id = CallId(self.next_id());
        info!("places > call {id} for question {question}: {search}");
        let questions = vec![question];
        let state = State::Waiting;
        self.calls.insert(id, Call { search, since: now, questions, state, again: false });
        self.by_search.insert(search, id);
        self.waiting.push_back(id);
        self.deadlines.push_back((now + self.settings.timeout, id));
        self.pool.spread(self.waiting.len(), actions);
    }

    fn remove_call(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.by_search.remove(&call.search);
        if call.state == State::Waiting {
            // Or a connection would be dialled for it that nobody needs.
            self.waiting.retain(|&waiting| waiting != id);
        }
        Some(call)
    }

    /// Lays the answer down for a question, unless nobody waits for it any more.
    fn answer(&mut self, id: QuestionId, answer: &Answer, actions: &mut Actions) {
        if let Some(question) = self.questions.get_mut(&id) {
            question.answer = Some(answer.cut(question.bound));
            actions.push_back(Action::Wake(question.asker));
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

/// A problem of ours with Places, for which it has given no status.
fn unknown(message: &str) -> Problem {
    Problem::new(Status::UnknownError, message, None)
}

impl From<CallFailure> for Failure {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Unreachable => Failure::Unreachable,
            CallFailure::Late | CallFailure::Broken => Failure::NoAnswer,
        }
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
