//! A `WHATSAT` from asking to answer. A **question** is a client's, with its bound; a **call** is
//! one request to Places, which may serve several questions that are equal but for their bounds.
//! Calls wait here for a connection of the pool, and answers for the clients that asked.
//!
//! # When Places is left alone
//!
//! | what happened | when it opens the [breaker](breaker) | for how long |
//! |---|---|---|
//! | no connection could be made | at once | 100 ms, doubling to 2 s |
//! | no answer in time, or the connection broke | three times in a row | 100 ms, doubling to 2 s |
//! | `REQUEST_DENIED`, `OVER_QUERY_LIMIT`, or the key is wrong | three times in a row | 100 ms, doubling to 30 s |
//! | any other answer, errors included | never: the next question may fare better | |
//!
//! Then one question at a time is asked, and the first that fares better ends it. Meanwhile the
//! others are answered at once, with the status and the message of what happened: a wrong key costs
//! two calls a minute, and an operator who has mended it waits for half a minute at most. An error
//! is never kept in the cache.

mod breaker;
mod cache;
mod calls;
mod counters;
mod pool;
mod quota;
mod trouble;

pub(super) use counters::CallFailure;
pub use counters::Counters;

use super::Actions;
use super::lines::TRAFFIC;
use crate::limits;
use crate::places::{Answer, PlacesSettings, Problem, Search, Status};
use crate::transport::{Action, ConnectionId, Monotonic, Now};
use breaker::{Breaker, Failure};
use cache::Cache;
use log::info;
use pool::Pool;
use quota::{Quota, Reservation};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use trouble::{Kind, Trouble};

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
    /// The call that is to answer it.
    call: Option<CallId>,
    /// Once it is there. Those who asked the same share it until they take it.
    answer: Option<Rc<Answer>>,
}

#[derive(Debug)]
struct Call {
    search: Search,
    since: Monotonic,
    /// Those that it serves; some may have been forgotten.
    questions: Vec<QuestionId>,
    /// How many have not been.
    askers: usize,
    state: State,
    /// Whether it was on a connection before that was lost.
    again: bool,
    /// What it takes of the caps.
    reserved: Reservation,
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
    pool: Pool,
    cache: Cache,
    breaker: Breaker,
    quota: Quota,
    counters: Counters,
    trouble: Trouble,
    /// When the counters were last logged.
    summed_up: Monotonic,
}

impl Queries {
    pub(super) fn new(settings: PlacesSettings) -> Self {
        Queries {
            questions: BTreeMap::new(),
            calls: BTreeMap::new(),
            by_search: HashMap::new(),
            next_id: 0,
            waiting: VecDeque::new(),
            pool: Pool::new(settings.service.endpoint.clone(), settings.limits.connect_timeout),
            cache: Cache::new(settings.limits.cache),
            breaker: Breaker::new(),
            quota: Quota::new(settings.limits.calls_per_second, settings.limits.calls_per_day),
            counters: Counters::default(),
            trouble: Trouble::new(settings.service.endpoint.to_string()),
            summed_up: Monotonic::default(),
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
        if now.monotonic.since(self.summed_up) >= limits::PLACES_SUMMARY_INTERVAL {
            self.sum_up(now.monotonic);
        }
        self.counters.questions += 1;
        let id = QuestionId(self.next_id());
        let mut question = Question { asker, bound, call: None, answer: None };
        if let Some(answer) = self.cache.find(&search, now.monotonic) {
            self.counters.cached += 1;
            info!(target: TRAFFIC, "places: question {id} is answered from the cache");
            self.questions.insert(id, question);
            self.answer(id, answer, actions);
            return id;
        }
        if let Some(&call_id) = self.by_search.get(&search)
            && let Some(call) = self.calls.get_mut(&call_id)
        {
            self.counters.shared += 1;
            call.questions.push(id);
            call.askers += 1;
            question.call = Some(call_id);
            self.questions.insert(id, question);
            return id;
        }
        let verdict = self.may_call(now);
        if verdict.is_ok() {
            question.call = Some(self.call(search, id, now.monotonic, actions));
        }
        self.questions.insert(id, question);
        match verdict {
            Ok(()) => {}
            Err((kind, problem)) => {
                let text = format_args!("places: question {id} is not asked: {problem}");
                self.trouble.tell(kind, now.monotonic, text);
                self.answer(id, Rc::new(problem.answer()), actions);
            }
        }
        id
    }

    /// The JSON, once it is there.
    pub(super) fn take_answer(&mut self, id: QuestionId) -> Option<Vec<u8>> {
        let Question { bound, answer, .. } = self.questions.get_mut(&id)?;
        let json = answer.take()?.cut(*bound);
        self.questions.remove(&id);
        Some(json)
    }

    /// Nobody waits for that answer any more. A call that has been made is let come to its end, for
    /// the sake of its connection; one that still waits for a connection is saved.
    pub(super) fn forget(&mut self, id: QuestionId, now: Monotonic) {
        // A crowd may leave at once: neither calls nor their questions are searched.
        if let Some(call_id) = self.questions.remove(&id).and_then(|question| question.call)
            && let Some(call) = self.calls.get_mut(&call_id)
        {
            call.askers -= 1;
            if call.askers == 0 && call.state == State::Waiting {
                self.remove_call(call_id);
                self.breaker.abandoned(now);
            }
        }
    }

    /// When the next call runs out of time.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        // All have the same time, and ids grow: the oldest is the first.
        self.calls.first_key_value().map(|(_, call)| call.since + self.settings.limits.timeout)
    }

    /// Ends the calls that have run out of time.
    pub(super) fn expire(&mut self, now: Monotonic, actions: &mut Actions) {
        while let Some((&id, call)) = self.calls.first_key_value()
            && call.since + self.settings.limits.timeout <= now
        {
            let why = match call.state {
                State::Waiting => self.pool.why_none(),
                State::Asked(connection) => {
                    // Its answer would be taken for that of the next call.
                    actions.push_back(Action::Wake(connection));
                    "Places did not answer in time".to_owned()
                }
            };
            self.failed(id, CallFailure::Late, &why, now, actions);
        }
    }

    /// Logs what has been asked and what came of it.
    pub(super) fn sum_up(&mut self, now: Monotonic) {
        self.summed_up = now;
        info!("places, since the start: {}", self.counters);
    }

    /// What has been asked and what came of it.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether a call may be made now, or what the client is told instead.
    fn may_call(&mut self, now: Now) -> Result<(), (Kind, Problem)> {
        if self.waiting.len() >= limits::PLACES_WAITING_MAX {
            self.counters.spared += 1;
            return Err((Kind::Crowded, unknown("too many questions wait for Places")));
        }
        if let Err(why) = self.quota.check(now) {
            self.counters.over_cap += 1;
            return Err((Kind::OverCap, Problem::new(Status::OverQueryLimit, why, None)));
        }
        if let Err(problem) = self.breaker.admit(now.monotonic) {
            self.counters.spared += 1;
            let message = format!("{}; it is left alone for a moment", problem.message());
            return Err((Kind::LeftAlone, Problem::new(problem.status(), &message, None)));
        }
        Ok(())
    }

    fn call(
        &mut self,
        search: Search,
        question: QuestionId,
        now: Monotonic,
        actions: &mut Actions,
    ) -> CallId {
        let reserved = self.quota.reserve();
        let id = CallId(self.next_id());
        let call = Call {
            search,
            since: now,
            questions: vec![question],
            askers: 1,
            state: State::Waiting,
            again: false,
            reserved,
        };
        self.calls.insert(id, call);
        self.by_search.insert(search, id);
        self.waiting.push_back(id);
        self.pool.spread(self.waiting.len(), actions);
        id
    }

    /// Lays the answer down for a question, unless nobody waits for it any more.
    fn answer(&mut self, id: QuestionId, answer: Rc<Answer>, actions: &mut Actions) {
        if let Some(question) = self.questions.get_mut(&id) {
            question.answer = Some(answer);
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
