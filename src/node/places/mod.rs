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
#[cfg(any(test, debug_assertions))]
mod check;
mod connection;
mod counters;
mod outbox;
mod pool;
mod quota;
mod trouble;

pub(super) use connection::Connection;
pub use counters::Counters;
pub(super) use outbox::Request;

use crate::limits;
use crate::node::lines::TRAFFIC;
use crate::places::{Answer, PlacesSettings, Problem, Search, Status};
use crate::transport::{ConnectionId, Monotonic, Now};
use breaker::{Breaker, Failure};
use cache::Cache;
use counters::CallFailure;
use log::info;
use outbox::Outbox;
use pool::Pool;
use quota::{Quota, Reservation};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::rc::Rc;
use trouble::{Trouble, TroubleLog};

/// Which question; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QuestionId(u64);

#[cfg(test)]
impl QuestionId {
    pub fn numbered(number: u64) -> Self {
        QuestionId(number)
    }

    pub fn number(self) -> u64 {
        self.0
    }
}

/// Which call; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct CallId(u64);

#[derive(Debug)]
struct Question {
    asker: ConnectionId,
    bound: u8,
    reply: Reply,
}

/// What comes of a question.
#[derive(Debug)]
enum Reply {
    /// That call is to answer it.
    From(CallId),
    /// The answer is there. Those who asked the same share it until they take it.
    There(Rc<Answer>),
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

/// An answer with the bound of who asked: it is written where it is to go, and only there. Those who
/// asked the same share it until then.
#[derive(Debug)]
pub(super) struct BoundAnswer {
    answer: Rc<Answer>,
    bound: u8,
}

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// For a connection.
    Waiting,
    /// On that connection.
    Asked(ConnectionId),
}

/// All questions and calls.
#[derive(Debug)]
pub(super) struct Questions {
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
    trouble: TroubleLog,
    outbox: Outbox,
    /// When the counters were last logged.
    summed_up: Monotonic,
}

impl Questions {
    pub(super) fn new(settings: PlacesSettings) -> Self {
        Questions {
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
            trouble: TroubleLog::new(settings.service.endpoint.to_string()),
            outbox: Outbox::default(),
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
    ) -> QuestionId {
        if now.monotonic.since(self.summed_up) >= limits::PLACES_SUMMARY_INTERVAL {
            self.sum_up(now.monotonic);
        }
        self.counters.questions += 1;
        let id = QuestionId(self.next_id());
        let reply = self.reply_to(id, search, now);
        if let Reply::There(_) = reply {
            self.outbox.wake(asker);
        }
        self.questions.insert(id, Question { asker, bound, reply });
        id
    }

    fn reply_to(&mut self, id: QuestionId, search: Search, now: Now) -> Reply {
        if let Some(answer) = self.cache.find(&search, now.monotonic) {
            self.counters.cached += 1;
            info!(target: TRAFFIC, "places: question {id} is answered from the cache");
            return Reply::There(answer);
        }
        if let Some(&call_id) = self.by_search.get(&search)
            && let Some(call) = self.calls.get_mut(&call_id)
        {
            self.counters.shared += 1;
            call.questions.push(id);
            call.askers += 1;
            return Reply::From(call_id);
        }
        match self.may_call(now) {
            Ok(()) => Reply::From(self.call(search, id, now.monotonic)),
            Err((trouble, problem)) => {
                let text = format_args!("places: question {id} is not asked: {problem}");
                self.trouble.tell(trouble, now.monotonic, text);
                Reply::There(Rc::new(problem.answer()))
            }
        }
    }

    /// The answer, once it is there.
    pub(super) fn take_answer(&mut self, id: QuestionId) -> Option<BoundAnswer> {
        let Question { bound, reply: Reply::There(answer), .. } = self.questions.get(&id)? else {
            return None;
        };
        let answer = BoundAnswer { answer: Rc::clone(answer), bound: *bound };
        self.questions.remove(&id);
        Some(answer)
    }

    /// Nobody waits for that answer any more. A call that has been made is let come to its end, for
    /// the sake of its connection; one that still waits for a connection is saved.
    pub(super) fn forget(&mut self, id: QuestionId, now: Monotonic) {
        // A crowd may leave at once: neither calls nor their questions are searched.
        if let Some(Question { reply: Reply::From(call_id), .. }) = self.questions.remove(&id)
            && let Some(call) = self.calls.get_mut(&call_id)
        {
            debug_assert!(call.askers > 0, "nobody asked call {call_id}");
            call.askers = call.askers.saturating_sub(1);
            if call.askers == 0 && call.state == State::Waiting {
                self.remove_call(call_id);
                self.breaker.abandoned(now);
            }
        }
    }

    /// What is wanted of the driver next; polled until there is nothing more.
    pub(super) fn next_request(&mut self) -> Option<Request> {
        self.outbox.next()
    }

    /// When the next call runs out of time.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        // All have the same time, and ids grow: the oldest is the first.
        self.calls.first_key_value().map(|(_, call)| call.since + self.settings.limits.timeout)
    }

    /// Ends the calls that have run out of time.
    pub(super) fn expire(&mut self, now: Monotonic) {
        while let Some((&id, call)) = self.calls.first_key_value()
            && call.since + self.settings.limits.timeout <= now
        {
            let why = match call.state {
                State::Waiting => self.pool.why_none(),
                State::Asked(connection) => {
                    // Its answer would be taken for that of the next call.
                    self.outbox.wake(connection);
                    "Places did not answer in time".to_owned()
                }
            };
            self.failed(id, CallFailure::Late, &why, now);
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
    fn may_call(&mut self, now: Now) -> Result<(), (Trouble, Problem)> {
        if self.waiting.len() >= limits::PLACES_WAITING_MAX {
            self.counters.short_circuited += 1;
            return Err((Trouble::Crowded, unknown("too many questions wait for Places")));
        }
        if let Err(why) = self.quota.check(now) {
            self.counters.over_cap += 1;
            return Err((Trouble::OverCap, Problem::new(Status::OverQueryLimit, why, None)));
        }
        if let Err(problem) = self.breaker.admit(now.monotonic) {
            self.counters.short_circuited += 1;
            let message = format!("{}; it is left alone for a moment", problem.message());
            return Err((Trouble::LeftAlone, Problem::new(problem.status(), &message, None)));
        }
        Ok(())
    }

    fn call(&mut self, search: Search, question: QuestionId, now: Monotonic) -> CallId {
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
        self.dispatch();
        id
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

impl BoundAnswer {
    /// Appends the JSON with as many results as were asked for, and returns its length in bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        // And the line ends behind it: it may be large, and is not to be moved for them.
        out.reserve(self.answer.bytes() + 2);
        self.answer.write_cut(self.bound, out);
        out.len() - start
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
