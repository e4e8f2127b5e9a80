//! One who watches: what, and what it has yet to be told.

mod departed;
mod ended;
mod judge;
mod resumed;
mod sight;

use super::beginning::{Beginning, Look};
use super::event::{Event, Form};
use super::everything::Everything;
use super::recent::Recent;
use super::watches::{Noted, Watched, Watches};
use crate::node::access::Sight;
use crate::positions::{Point, Position, Positions, RecordNumber};
use crate::transport::ConnectionId;
pub(super) use departed::Departed;
use resumed::Resumed;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Watcher {
    connection: ConnectionId,
    form: Form,
    /// Whom it may be told of; of all, if it is not said.
    sight: Option<Sight>,
    watches: Watches,
    everything: Option<Everything>,
    /// What is so now of watches that have begun, one after the other.
    beginnings: VecDeque<Beginning>,
    /// Of whom there is to tell, in the feed's order. One who has changed again and is still watched is
    /// there again, and told of then. While everything is watched too, that tells of them, and these are
    /// for when it ends.
    noted: VecDeque<Noted>,
    /// At how many of these all but the last of each are left out.
    noted_max: usize,
    /// Whom it has been told of that are watched one by one or by where they are, and where they were
    /// then; also by the watch of everything.
    told: HashMap<RecordNumber, Option<Point>>,
    /// Who of these has departed, which is told before all else.
    departed: VecDeque<Departed>,
    /// While it is told what has changed since another connection ended on which it was told before.
    resumed: Option<Box<Resumed>>,
    /// Up to which number of the feed it has been told, as the last event said.
    told_up_to: u64,
    /// Up to which number it has been told who departed; none of those behind concerns it that are not
    /// among the departed.
    departure: u64,
    /// As how many clients these are counted among those that are kept for all.
    counted: usize,
    state: State,
}

/// Whether it is its turn to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// There is nothing to tell.
    Idle,
    /// It waits for its turn.
    Due,
    /// It is its turn.
    Called,
    /// It has no room.
    Blocked,
}

/// What is to be told next.
#[derive(Debug)]
pub(super) enum Next<'r> {
    /// Nothing.
    Nothing,
    /// That this client has departed.
    Departed(Departed),
    /// One was looked at that is not to be told.
    PassedOver,
    /// What has changed in this turn, once it has been noted.
    Later,
    /// What is so now in an area, once the index is up to date.
    Areas,
    /// This record, as it is now.
    Of(Noted),
    /// This tombstone, if it was told of the client before.
    Gone(Noted),
    /// This record, as it is now, for one who was told before all changes up to that number.
    Since(Noted, u64),
    /// That all is told that was so when this watch began, and what has changed up to that number.
    Now(Rc<[u8]>, u64),
    /// The same of the watch of everything.
    NowEverything(u64),
    /// These, which are written.
    Written(&'r [u8]),
}

/// The least at which notes are looked through for those to be left out.
const NOTED_MIN: usize = 64;

impl Watcher {
    pub fn new(connection: ConnectionId, form: Form, sight: Option<Sight>) -> Self {
        Watcher {
            connection,
            form,
            sight,
            watches: Watches::default(),
            everything: None,
            beginnings: VecDeque::new(),
            noted: VecDeque::new(),
            noted_max: NOTED_MIN,
            told: HashMap::new(),
            departed: VecDeque::new(),
            resumed: None,
            told_up_to: 0,
            departure: 0,
            counted: 0,
            state: State::Idle,
        }
    }

    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    pub fn form(&self) -> Form {
        self.form
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn set_state(&mut self, state: State) {
        self.state = state;
    }

    /// Goes from one state to another; false if it was in neither of the first.
    pub fn change_state(&mut self, from: State, to: State) -> bool {
        let changes = self.state == from;
        if changes {
            self.state = to;
        }
        changes
    }

    /// How many clients it has been told of and is to be told of.
    pub fn kept(&self) -> usize {
        let resumed = self.resumed.as_ref().map_or(0, |resumed| resumed.len());
        self.told.len() + self.noted.len() + self.departed.len() + resumed
    }

    /// As how many these were counted; from now on as many as they are.
    pub fn take_counted(&mut self) -> usize {
        let kept = self.kept();
        std::mem::replace(&mut self.counted, kept)
    }

    /// How many watches it has.
    pub fn len(&self) -> usize {
        self.watches.len() + usize::from(self.everything.is_some())
    }

    /// Whether it watches everything, and something else.
    pub fn watches_more_than_everything(&self) -> bool {
        self.everything.is_some() && self.watches.len() > 0
    }

    /// Whether something that was so when a watch began has not been told.
    pub fn is_beginning(&self) -> bool {
        let everything = self.everything.as_ref().is_some_and(Everything::is_beginning);
        everything || !self.beginnings.is_empty()
    }

    /// What is so now is told again, if there is that watch.
    pub fn begin_again(&mut self, fields: &[u8], positions: &mut Positions) -> bool {
        if fields == b"*" {
            let everything = self.everything.as_mut();
            return everything.map(|everything| everything.begin_again(positions)).is_some();
        }
        let Some(watched) = self.watches.find(fields) else { return false };
        if !self.beginnings.iter_mut().any(|beginning| beginning.counts_for(fields)) {
            self.beginnings.push_back(Beginning::new(watched));
        }
        true
    }

    /// Another watch; of who was told before all changes up to `after`.
    pub fn add(&mut self, watched: Watched, after: Option<u64>) {
        self.beginnings.push_back(match after {
            None => Beginning::new(&watched),
            Some(after) => Beginning::since(&watched, after),
        });
        self.watches.add(watched);
    }

    /// Everything is watched from now on.
    pub fn add_everything(&mut self, after: Option<u64>, positions: &mut Positions) {
        self.everything = Some(match after {
            None => Everything::new(positions, self.told.is_empty()),
            Some(after) => Everything::since(after, positions),
        });
        self.restrict(self.sight.clone());
    }

    /// The recent lines that it has not been told, which count as told; none for who is far behind.
    pub fn take_recent<'r>(
        &mut self,
        positions: &mut Positions,
        noted_up_to: u64,
        recent: &'r Recent,
    ) -> &'r [u8] {
        let Some(everything) = &mut self.everything else { return &[] };
        let lines = everything.take_recent(positions, noted_up_to, recent);
        self.follow_recent(positions);
        lines
    }

    /// Of all who have changed it has been told. Who of them are told of for the other watches, too, and who
    /// have left these?
    fn follow_recent(&mut self, positions: &Positions) {
        let Some(everything) = &self.everything else { return };
        let (is_level, is_recent) = (everything.is_level(positions), everything.is_recent());
        while is_level && let Some(noted) = self.noted.pop_front() {
            if is_recent {
                self.told_by_recent(noted.number, positions);
            } else {
                self.judge(noted.number, positions);
            }
        }
    }

    /// It watches nothing any more: all that it did but everything.
    pub fn leave(mut self, positions: &mut Positions) -> Vec<Watched> {
        for beginning in self.beginnings.drain(..) {
            beginning.end(positions);
        }
        self.watches.drain().collect()
    }

    /// Whether it watches everything and has nothing more to be told of the recent lines.
    pub fn is_told(&self, recent: &Recent, positions: &Positions) -> bool {
        self.everything
            .as_ref()
            .is_some_and(|everything| everything.has_caught_up(recent, positions))
    }

    /// An event has been told.
    pub fn told(&mut self, event: &Event<'_>) {
        self.told_up_to = event.sequence;
    }

    /// Up to which number of the feed it has been told.
    pub fn told_up_to(&self) -> u64 {
        self.told_up_to
    }

    /// It is to be told of that change.
    pub fn note(&mut self, noted: Noted) {
        let is_again = self.noted.back().is_some_and(|last| last.sequence == noted.sequence);
        if is_again {
            return;
        }
        self.noted.push_back(noted);
        if self.noted.len() >= self.noted_max {
            self.keep_last_notes();
            self.noted_max = NOTED_MIN.max(2 * self.noted.len());
        }
    }

    fn keep_last_notes(&mut self) {
        let mut later = HashSet::new();
        let is_last = self.noted.iter().rev().map(|noted| later.insert(noted.number));
        let mut is_last: Vec<bool> = is_last.collect();
        self.noted.retain(|_| is_last.pop().unwrap_or(true));
    }

    /// What is to be told next, of the changes up to `noted_up_to`.
    pub fn next<'r>(
        &mut self,
        positions: &mut Positions,
        noted_up_to: u64,
        recent: Option<&'r Recent>,
    ) -> Next<'r> {
        if let Some(departed) = self.departed.pop_front() {
            return Next::Departed(departed);
        }
        if let (Some(everything), Some(recent)) = (&mut self.everything, recent) {
            let next = everything.next(positions, noted_up_to, recent);
            self.follow_recent(positions);
            // What is so now of other watches comes behind: before it, older lines would follow.
            if !matches!(next, Next::Nothing) {
                return next;
            }
        }
        if let Some(noted) = self.noted.front().copied()
            && !noted.is_last(positions)
        {
            return self.look_again(noted, noted_up_to, positions);
        }
        let noted = self.noted.front().copied();
        let Some(beginning) = self.beginnings.front_mut() else {
            self.noted.pop_front();
            return noted.map_or(Next::Nothing, Next::Of);
        };
        // Of who was told before it is not known of whom.
        let after = beginning.after();
        let next_of = |noted: Noted| match after {
            Some(after) => Next::Since(noted, after),
            None => Next::Of(noted),
        };
        let now = match beginning.look(positions) {
            Look::PassedOver => return Next::PassedOver,
            Look::Areas => return Next::Areas,
            Look::Over => {
                let end_at = beginning.end_at(noted_up_to);
                return match noted.filter(|noted| noted.sequence <= end_at) {
                    Some(noted) => {
                        self.noted.pop_front();
                        next_of(noted)
                    }
                    None => self.end_of_beginning(end_at, positions),
                };
            }
            Look::At(now) => now,
        };
        // The earlier first; what is both is told once.
        let noted = noted.filter(|noted| noted.sequence <= now.sequence);
        if let Some(noted) = noted {
            self.noted.pop_front();
            if noted.sequence < now.sequence {
                return next_of(noted);
            }
        }
        beginning.take(positions);
        next_of(now)
    }

    /// The record of the first note has changed again. If it is still watched that is noted, too. If it is
    /// not any more, nothing may be: then it is noted here, to be told in its turn.
    fn look_again(
        &mut self,
        noted: Noted,
        noted_up_to: u64,
        positions: &Positions,
    ) -> Next<'static> {
        let has_left = positions.change_of(noted.number).filter(|change| {
            let is_taken = |position: Position<'_>| self.watches.take(&position).0;
            let may_know = self.told.contains_key(&noted.number)
                || self.beginnings.front().is_some_and(|beginning| beginning.after().is_some());
            may_know && !change.position().is_some_and(is_taken)
        });
        if has_left.is_some_and(|change| change.sequence() > noted_up_to) {
            return Next::Later;
        }
        self.noted.pop_front();
        if let Some(change) = has_left {
            let at = self.noted.partition_point(|other| other.sequence < change.sequence());
            if self.noted.get(at).is_none_or(|other| other.sequence != change.sequence()) {
                self.noted.insert(at, Noted::new(&change));
            }
        }
        Next::PassedOver
    }

    fn end_of_beginning(&mut self, end_at: u64, positions: &mut Positions) -> Next<'static> {
        if let Some(beginning) = self.beginnings.front_mut()
            && beginning.take_end()
        {
            return Next::Now(Rc::clone(beginning.fields()), end_at);
        }
        if let Some(beginning) = self.beginnings.pop_front() {
            beginning.end(positions);
        }
        self.resumed = None;
        Next::PassedOver
    }

    #[cfg(test)]
    pub fn noted_len(&self) -> usize {
        self.noted.len()
    }

    /// What is wrong with it, if anything is.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self, positions: &Positions) -> Result<(), String> {
        let is_sorted = self.noted.iter().is_sorted_by(|a, b| a.sequence < b.sequence);
        if !is_sorted || self.noted.back().is_some_and(|last| last.sequence > positions.head()) {
            return Err(format!("{}: notes out of order", self.connection));
        }
        let out = self.resumed.iter().flat_map(|resumed| resumed.out());
        let told = self.told.keys().chain(out).all(|&number| positions.change_of(number).is_some());
        if !told {
            return Err(format!("{}: told of a record that is not there", self.connection));
        }
        Ok(())
    }
}
