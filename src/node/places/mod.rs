//! A `WHATSAT` from asking to answer. A **question** is a client's, with its bound; a **call** is
//! one request to Places, which may serve several questions that are equal but for their bounds.
//! Calls wait here for a connection of the pool, for each client [in its turn](waiting), and answers
//! for the clients that asked.
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
//!
//! Only what a call meets on its connection says anything of Places. One that has waited for a connection
//! until there was no time left says that too much is asked. So that this is said at once, and nobody pays
//! for calls that cannot be answered in time, a question is refused if those ahead of it would take all
//! its time at Places' present [pace].

mod breaker;
mod cache;
mod calls;
#[cfg(any(test, debug_assertions))]
mod check;
mod connection;
mod counters;
mod outbox;
mod pace;
mod pool;
mod quota;
mod stop;
mod trouble;
mod waiting;

pub(super) use connection::Connection;
pub use counters::Counters;
pub(super) use outbox::Request;

use crate::limits;
use crate::node::lines::TRAFFIC;
use crate::places::{Answer, PlacesSettings, Problem, Search, Status};
use crate::transport::{ConnectionId, Monotonic, Now};
use breaker::Breaker;
use cache::Cache;
use counters::CallFailure;
use log::info;
use outbox::Outbox;
use pace::Pace;
use pool::Pool;
use quota::{Quota, Reservation};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::rc::Rc;
use stop::last_answer;
use trouble::{Trouble, TroubleLog};
use waiting::Waiting;

/// Why a question is not asked while others are.
const TOO_MANY: &str = "too many questions wait for Places";
const NOT_IN_TIME: &str = "too many questions wait for Places: this one would not be asked in time";

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
    /// Who asked first.
    asker: ConnectionId,
    since: Monotonic,
    /// When it was last put on a connection; before, as `since`.
    asked: Monotonic,
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
    /// Calls without a connection.
    waiting: Waiting,
    pace: Pace,
    pool: Pool,
    cache: Cache,
    breaker: Breaker,
    quota: Quota,
    counters: Counters,
    trouble: TroubleLog,
    outbox: Outbox,
    /// When the counters were last logged.
    summed_up: Monotonic,
    /// Since the server stops: until when answers are waited for.
    ends_at: Option<Monotonic>,
}

impl Questions {
    pub(super) fn new(settings: PlacesSettings) -> Self {
        Questions {
            questions: BTreeMap::new(),
            calls: BTreeMap::new(),
            by_search: HashMap::new(),
            next_id: 0,
            waiting: Waiting::default(),
            pace: Pace::default(),
            pool: Pool::new(settings.service.endpoint.clone(), settings.limits.connect_timeout),
            cache: Cache::new(settings.limits.cache),
            breaker: Breaker::new(),
            quota: Quota::new(settings.limits.calls_per_second, settings.limits.calls_per_day),
            counters: Counters::default(),
            trouble: TroubleLog::new(settings.service.endpoint.to_string()),
            outbox: Outbox::default(),
            summed_up: Monotonic::default(),
            ends_at: None,
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
        let reply = self.reply_to(id, search, asker, now);
        if let Reply::There(_) = reply {
            self.outbox.wake(asker);
        }
        self.questions.insert(id, Question { asker, bound, reply });
        id
    }

    fn reply_to(&mut self, id: QuestionId, search: Search, asker: ConnectionId, now: Now) -> Reply {
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
            if call.state == State::Waiting {
                self.waiting.join(call_id, asker);
            }
            return Reply::From(call_id);
        }
        if self.has_ended(now.monotonic) {
            return Reply::There(last_answer());
        }
        match self.may_call(asker, now) {
            Ok(()) => Reply::From(self.call(search, id, asker, now.monotonic)),
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
        let (_, oldest) = self.calls.first_key_value()?;
        let late_at = oldest.since + self.settings.limits.timeout;
        Some(self.ends_at.map_or(late_at, |ends_at| ends_at.min(late_at)))
    }

    /// Ends the calls that have run out of time.
    pub(super) fn expire(&mut self, now: Monotonic) {
        self.end_if_due(now);
        while let Some((&id, call)) = self.calls.first_key_value()
            && call.since + self.settings.limits.timeout <= now
        {
            let (failure, why) = match call.state {
                State::Waiting if self.pool.is_up() => {
                    (CallFailure::NotAsked, self.pool.why_none())
                }
                State::Waiting => (CallFailure::Late, self.pool.why_none()),
                State::Asked(connection) => {
                    // Its answer would be taken for that of the next call.
                    self.outbox.wake(connection);
                    (CallFailure::Late, "Places did not answer in time".to_owned())
                }
            };
            self.failed(id, failure, &why, now);
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
    fn may_call(&mut self, asker: ConnectionId, now: Now) -> Result<(), (Trouble, Problem)> {
        if let Err(why) = self.quota.check(now) {
            self.counters.over_cap += 1;
            return Err((Trouble::OverCap, Problem::new(Status::OverQueryLimit, why, None)));
        }
        if let Err(problem) = self.breaker.admit(now.monotonic) {
            self.counters.short_circuited += 1;
            let message = format!("{}; it is left alone for a moment", problem.message());
            return Err((Trouble::LeftAlone, Problem::new(problem.status(), &message, None)));
        }
        self.may_wait(asker, now.monotonic).map_err(|why| {
            self.counters.short_circuited += 1;
            self.breaker.abandoned(now.monotonic);
            (Trouble::Crowded, unknown(why))
        })
    }

    /// Whether another call of that client may wait for a connection, or why not. If too many wait, one
    /// of those who ask most makes room.
    fn may_wait(&mut self, asker: ConnectionId, now: Monotonic) -> Result<(), &'static str> {
        let calls = self.pace.calls_in(self.settings.limits.timeout);
        if self.waiting.len() >= calls && self.waiting.ahead_of_next(asker, calls) >= calls {
            return Err(NOT_IN_TIME);
        }
        if self.waiting.len() >= limits::PLACES_WAITING_MAX {
            let last = self.waiting.make_room(asker).ok_or(TOO_MANY)?;
            self.failed(last, CallFailure::NotAsked, TOO_MANY, now);
        }
        Ok(())
    }

    fn call(
        &mut self,
        search: Search,
        question: QuestionId,
        asker: ConnectionId,
        now: Monotonic,
    ) -> CallId {
        let reserved = self.quota.reserve();
        let id = CallId(self.next_id());
        let call = Call {
            search,
            asker,
            since: now,
            asked: now,
            questions: vec![question],
            askers: 1,
            state: State::Waiting,
            again: false,
            reserved,
        };
        self.calls.insert(id, call);
        self.by_search.insert(search, id);
        self.waiting.add(id, asker);
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
