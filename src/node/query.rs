//! A `WHATSAT` from asking to answer: questions wait here for a connection to Places, and answers
//! here for the clients that asked.

use super::{Actions, Conversation};
use crate::limits;
use crate::places::{Answer, Problem, Search, Service, Status};
use crate::transport::{Action, ConnectionId, Monotonic};
use crate::wire::http::Response;
use log::{info, warn};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Which question; never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueryId(u64);

#[derive(Debug)]
struct Query {
    search: Search,
    bound: u8,
    asked: Monotonic,
    /// None when nobody waits for the answer any more.
    asker: Option<ConnectionId>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// For a connection; whether it has been on one before that was lost.
    Waiting { again: bool },
    /// On that connection.
    Asked { connection: ConnectionId, again: bool },
    /// The JSON, as the client gets it.
    Answered(Vec<u8>),
}

/// All questions, and the pool of connections that ask them.
#[derive(Debug)]
pub(super) struct Queries {
    service: Service,
    queries: BTreeMap<QueryId, Query>,
    next: u64,
    /// Those that wait for a connection, longest first; some may be answered or gone meanwhile.
    waiting: VecDeque<QueryId>,
    /// When each must be answered, soonest first; some may be answered or gone meanwhile.
    deadlines: VecDeque<(Monotonic, QueryId)>,
    /// Kept connections without a question, the one last used last.
    idle: Vec<ConnectionId>,
    /// Connections that exist or are being made, and how many of them are being made.
    connections: usize,
    dialling: usize,
}

impl Queries {
    pub(super) fn new(service: Service) -> Self {
        Queries {
            service,
            queries: BTreeMap::new(),
            next: 0,
            waiting: VecDeque::new(),
            deadlines: VecDeque::new(),
            idle: Vec::new(),
            connections: 0,
            dialling: 0,
        }
    }

    /// Asks on behalf of a client, who is woken when the answer can be
    /// [taken](Self::take_answer).
    pub(super) fn ask(
        &mut self,
        search: Search,
        bound: u8,
        asker: ConnectionId,
        now: Monotonic,
        actions: &mut Actions,
    ) -> QueryId {
        let id = QueryId(self.next);
        self.next += 1;
        let state = State::Waiting { again: false };
        self.queries.insert(id, Query { search, bound, asked: now, asker: Some(asker), state });
        if self.waiting.len() >= limits::PLACES_WAITING_MAX {
            self.finish(id, Err(unknown("too many questions wait for Places")), now, actions);
        } else {
            self.waiting.push_back(id);
            self.deadlines.push_back((now + limits::PLACES_DEADLINE, id));
            self.spread(actions);
        }
        id
    }

    /// The JSON, once it is there.
    pub(super) fn take_answer(&mut self, id: QueryId) -> Option<Vec<u8>> {
        match self.queries.get(&id)?.state {
            State::Answered(_) => {}
            State::Waiting { .. } | State::Asked { .. } => return None,
        }
        match self.queries.remove(&id)?.state {
            State::Answered(json) => Some(json),
            State::Waiting { .. } | State::Asked { .. } => None,
        }
    }

    /// Nobody waits for that answer any more. A call under way is let come to its end, for the
    /// sake of its connection.
    pub(super) fn forget(&mut self, id: QueryId) {
        if let Some(query) = self.queries.get_mut(&id) {
            query.asker = None;
            if !matches!(query.state, State::Asked { .. }) {
                self.queries.remove(&id);
            }
        }
    }

    /// When the next question runs out of time.
    pub(super) fn deadline(&self) -> Option<Monotonic> {
        self.deadlines.front().map(|&(at, _)| at)
    }

    /// Answers those that have run out of time.
    pub(super) fn expire(&mut self, now: Monotonic, actions: &mut Actions) {
        while let Some(&(at, id)) = self.deadlines.front() {
            if at > now && self.is_open(id) {
                return;
            }
            self.deadlines.pop_front();
            if !self.is_open(id) {
                continue;
            }
            if let Some(State::Asked { connection, .. }) = self.queries.get(&id).map(|q| &q.state) {
                // Its answer would be taken for that of the next question.
                actions.push_back(Action::Wake(*connection));
            }
            self.finish(id, Err(unknown("Places did not answer in time")), now, actions);
        }
    }

    /// The next question for that connection: its id and the request; None when none waits, and
    /// then the connection is kept for the next.
    pub(super) fn next_for(&mut self, connection: ConnectionId) -> Option<(QueryId, Vec<u8>)> {
        while let Some(id) = self.waiting.pop_front() {
            if let Some(query) = self.queries.get_mut(&id)
                && let State::Waiting { again } = query.state
            {
                query.state = State::Asked { connection, again };
                return Some((id, self.service.request(&query.search)));
            }
        }
        if !self.idle.contains(&connection) {
            self.idle.push(connection);
        }
        None
    }

    /// Whether that connection still has to do with that question.
    pub(super) fn is_asked_on(&self, id: QueryId, connection: ConnectionId) -> bool {
        matches!(self.queries.get(&id).map(|q| &q.state),
            Some(State::Asked { connection: on, .. }) if *on == connection)
    }

    /// The call for that question has ended.
    pub(super) fn answered(
        &mut self,
        id: QueryId,
        outcome: Result<Response, Problem>,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        let answer = outcome.and_then(|response| self.service.judge(response));
        self.finish(id, answer, now, actions);
    }

    /// The connection on which that question was asked was lost before a byte of the answer came,
    /// and it was an old one: the peer may have closed it before it saw the question, so the
    /// question is asked once more. False if that was done before.
    pub(super) fn ask_again(&mut self, id: QueryId, actions: &mut Actions) -> bool {
        match self.queries.get_mut(&id).map(|query| &mut query.state) {
            Some(state @ State::Asked { again: false, .. }) => {
                *state = State::Waiting { again: true };
                self.waiting.push_front(id);
                self.spread(actions);
                true
            }
            _ => false,
        }
    }

    /// A dialled connection came up.
    pub(super) fn connected(&mut self) {
        self.dialling -= 1;
    }

    /// A connection is gone.
    pub(super) fn disconnected(&mut self, connection: ConnectionId, actions: &mut Actions) {
        self.connections -= 1;
        self.idle.retain(|&idle| idle != connection);
        self.spread(actions);
    }

    /// A connection could not be made: whoever waits longest hears why.
    pub(super) fn unreachable(&mut self, problem: Problem, now: Monotonic, actions: &mut Actions) {
        self.dialling -= 1;
        self.connections -= 1;
        while let Some(id) = self.waiting.pop_front() {
            if self.is_open(id) {
                self.finish(id, Err(problem), now, actions);
                break;
            }
        }
        self.spread(actions);
    }

    /// Gives those who wait to idle connections, and dials for the rest within the limit.
    fn spread(&mut self, actions: &mut Actions) {
        let mut uncared = self.waiting.len().saturating_sub(self.dialling);
        while uncared > 0
            && let Some(connection) = self.idle.pop()
        {
            actions.push_back(Action::Wake(connection));
            uncared -= 1;
        }
        while uncared > 0 && self.connections < limits::PLACES_CONNECTIONS_MAX {
            self.connections += 1;
            self.dialling += 1;
            uncared -= 1;
            actions.push_back(Action::Dial {
                endpoint: self.service.endpoint.clone(),
                protocol: Conversation::fetch(),
                timeout: limits::PLACES_CONNECT_TIMEOUT,
            });
        }
    }

    fn is_open(&self, id: QueryId) -> bool {
        self.queries.get(&id).is_some_and(|query| !matches!(query.state, State::Answered(_)))
    }

    fn finish(
        &mut self,
        id: QueryId,
        outcome: Result<Answer, Problem>,
        now: Monotonic,
        actions: &mut Actions,
    ) {
        let Some(query) = self.queries.get_mut(&id) else {
            return;
        };
        let took = now.since(query.asked);
        let answer = match outcome {
            Ok(answer) => {
                info!("places < query {}: {} bytes after {took:?}", id.0, answer.bytes());
                answer
            }
            Err(problem) => {
                warn!("places < query {}: {problem} (after {took:?})", id.0);
                problem.answer()
            }
        };
        match query.asker {
            None => {
                self.queries.remove(&id);
            }
            Some(asker) => {
                query.state = State::Answered(answer.cut(query.bound));
                actions.push_back(Action::Wake(asker));
            }
        }
    }
}

/// A problem of ours with Places, for which it has given no status.
pub(super) fn unknown(message: &str) -> Problem {
    Problem::new(Status::UnknownError, message, None)
}

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
