//! Calls that wait for a connection, each for the client that asked: clients take turns, so that one
//! with much to ask does not keep the others waiting.
//!
//! ```text
//! first    a call each of those who had nothing waiting, in the order in which they came
//! further  what such a client asks besides, its second before anybody's third
//! ```
//!
//! The next call is taken from each in turn while both have some: who asks one thing at a time waits for
//! others that do so and for as many of the rest, however many those are, and the rest is never starved.

use super::CallId;
use crate::fault::fault;
use crate::transport::ConnectionId;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The calls that wait, in their order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    first: BTreeSet<CallId>,
    further: BTreeSet<(u64, CallId)>,
    calls: BTreeMap<CallId, Entry>,
    /// Those for whom calls wait.
    askers: HashMap<ConnectionId, Asker>,
    /// The round that the last of `further` was taken from.
    round: u64,
    /// Whether the last call was taken from `first`.
    was_first: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Who is charged for it.
    asker: ConnectionId,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    First,
    /// In that round.
    Further(u64),
}

#[derive(Debug, Default)]
struct Asker {
    waiting: usize,
    /// Of its last call in `further`.
    round: u64,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// A call waits for that client.
    pub(super) fn add(&mut self, id: CallId, asker: ConnectionId) {
        let place = self.next_place(asker);
        self.put(id, Entry { asker, place });
    }

    /// A call that was taken for that client waits again, and before those that were asked later.
    pub(super) fn put_back(&mut self, id: CallId, asker: ConnectionId) {
        self.put(id, Entry { asker, place: Place::First });
    }

    /// Another client waits for that call, too: if it would come sooner for that one, it does.
    pub(super) fn join(&mut self, id: CallId, asker: ConnectionId) {
        if let Some(entry) = self.calls.get(&id)
            && self.next_place(asker) < entry.place
        {
            self.remove(id);
            self.add(id, asker);
        }
    }

    /// The next call to make.
    pub(super) fn pop(&mut self) -> Option<CallId> {
        let from_first = !(self.first.is_empty() || self.was_first && !self.further.is_empty());
        let id = if from_first { self.first.first().copied() } else { self.next_further() };
        self.was_first = from_first;
        self.remove(id?);
        id
    }

    /// Makes room for another call of that client: takes out the one that would be made last, and of
    /// all clients is of one that has most waiting. None if the other call would be made still later.
    pub(super) fn make_room(&mut self, asker: ConnectionId) -> Option<CallId> {
        let &(round, last) = self.further.last()?;
        let goes_before = self.next_place(asker) < Place::Further(round);
        goes_before.then(|| {
            self.remove(last);
            last
        })
    }

    /// How many of those that wait are made before another call of that client would be, counted up to
    /// `most`, which bounds what this costs.
    pub(super) fn ahead_of_next(&self, asker: ConnectionId, most: usize) -> usize {
        let (firsts, further) = (self.first.len(), self.further.len());
        match self.next_place(asker) {
            Place::First => firsts + further.min(firsts + usize::from(self.was_first)),
            Place::Further(round) => {
                let before = self.further.iter().take(most);
                let before = before.take_while(|&&(other, _)| other <= round).count();
                before + firsts.min(before + usize::from(!self.was_first))
            }
        }
        .min(most)
    }

    /// That call waits no more; whether it did.
    pub(super) fn remove(&mut self, id: CallId) -> bool {
        let Some(Entry { asker, place }) = self.calls.remove(&id) else { return false };
        let was_there = match place {
            Place::First => self.first.remove(&id),
            Place::Further(round) => self.further.remove(&(round, id)),
        };
        debug_assert!(was_there, "call {id} does not wait where it is said to");
        match self.askers.get_mut(&asker) {
            Some(known) if known.waiting > 1 => known.waiting -= 1,
            Some(_) => drop(self.askers.remove(&asker)),
            None => fault!("a call waits for a client for whom none waits"),
        }
        true
    }

    fn next_further(&mut self) -> Option<CallId> {
        let &(round, id) = self.further.first()?;
        self.round = round;
        Some(id)
    }

    /// Where another call of that client waits.
    fn next_place(&self, asker: ConnectionId) -> Place {
        match self.askers.get(&asker) {
            None => Place::First,
            Some(known) => Place::Further(self.round.max(known.round + 1)),
        }
    }

    fn put(&mut self, id: CallId, entry: Entry) {
        let asker = self.askers.entry(entry.asker).or_default();
        asker.waiting += 1;
        match entry.place {
            Place::First => {
                // Its next one is behind what others have asked beside their first.
                asker.round = asker.round.max(self.round);
                self.first.insert(id);
            }
            Place::Further(round) => {
                asker.round = round;
                self.further.insert((round, id));
            }
        }
        let before = self.calls.insert(id, entry);
        debug_assert!(before.is_none(), "call {id} waits already");
    }
}

#[cfg(any(test, debug_assertions))]
impl Waiting {
    pub(super) fn iter(&self) -> impl Iterator<Item = CallId> {
        self.calls.keys().copied()
    }

    /// What is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        let queued = self.first.len() + self.further.len();
        let charged: usize = self.askers.values().map(|asker| asker.waiting).sum();
        let idle = self.askers.values().any(|asker| asker.waiting == 0);
        if queued != self.calls.len() || charged != self.calls.len() || idle {
            return Err(format!("calls wait, and are not counted so: {self:?}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    /// What is taken, until there is no more.
    fn taken(waiting: &mut Waiting) -> Vec<u64> {
        std::iter::from_fn(|| {
            let id = waiting.pop();
            assert_eq!(waiting.check(), Ok(()));
            id.map(|id| id.0)
        })
        .collect()
    }

    fn with(calls: &[(u64, u32)]) -> Waiting {
        let mut waiting = Waiting::default();
        for &(id, slot) in calls {
            waiting.add(CallId(id), client(slot));
            assert_eq!(waiting.check(), Ok(()));
        }
        waiting
    }

    #[test]
    fn clients_take_turns_however_much_one_asks() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 3)]);
        assert_eq!(taken(&mut waiting), [1, 2, 4, 5, 6, 3]);
        assert_eq!(waiting.len(), 0);
    }

    #[test]
    fn who_asks_one_thing_at_a_time_waits_for_next_to_nothing() {
        let mut waiting = Waiting::default();
        for slot in 0..100 {
            for call in 0..16 {
                waiting.add(CallId(u64::from(slot) * 16 + call), client(slot));
            }
        }
        // Once each of the hundred has been served, and while they go on asking.
        (0..200).for_each(|_| assert!(waiting.pop().is_some()));
        let mut id = 10_000;
        for _ in 0..50 {
            id += 1;
            let asked = CallId(id);
            assert!(waiting.ahead_of_next(client(500), usize::MAX) <= 1);
            waiting.add(asked, client(500));
            let place = std::iter::from_fn(|| waiting.pop()).position(|call| call == asked);
            assert!(place.is_some_and(|place| place <= 1), "{place:?}");
        }
    }

    #[test]
    fn those_with_much_to_ask_are_not_starved_by_those_who_ask_one_thing_at_a_time() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1)]);
        let mut taken = Vec::new();
        for other in 10..20 {
            waiting.add(CallId(other), client(other as u32));
            taken.push(waiting.pop().unwrap().0);
        }
        assert_eq!(taken, [1, 2, 10, 3, 11, 12, 13, 14, 15, 16]);
    }

    #[test]
    fn a_call_comes_when_it_comes_for_the_first_of_those_who_share_it() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]);
        waiting.join(CallId(5), client(2));
        assert_eq!(waiting.check(), Ok(()));
        waiting.join(CallId(4), client(2));
        assert_eq!(taken(&mut waiting), [1, 2, 5, 4, 3]);
        waiting.join(CallId(9), client(3));
        assert_eq!(waiting.len(), 0, "it waits no more");
    }

    #[test]
    fn a_call_that_is_put_back_goes_before_the_others_of_its_client_and_they_keep_their_turns() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1), (4, 2)]);
        assert_eq!(waiting.pop(), Some(CallId(1)));
        waiting.put_back(CallId(1), client(1));
        waiting.add(CallId(5), client(1));
        waiting.add(CallId(6), client(2));
        assert_eq!(waiting.check(), Ok(()));
        assert_eq!(taken(&mut waiting), [2, 1, 6, 4, 3, 5]);
    }

    #[test]
    fn room_is_made_at_the_expense_of_who_asked_most() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1), (4, 2)]);
        assert_eq!(waiting.make_room(client(1)), None);
        assert_eq!(waiting.make_room(client(3)), Some(CallId(3)));
        assert_eq!(waiting.check(), Ok(()));
        waiting.add(CallId(5), client(2));
        assert_eq!(waiting.make_room(client(2)), None, "it has as much waiting");
        assert!(waiting.remove(CallId(5)) && !waiting.remove(CallId(5)));
        assert_eq!(waiting.make_room(client(3)), Some(CallId(2)));
        assert_eq!(waiting.make_room(client(3)), None, "all wait for their first");
        assert_eq!(taken(&mut waiting), [1, 4]);
    }

    #[test]
    fn what_is_ahead_is_what_is_taken_before_and_counted_no_further_than_wanted() {
        let mut waiting = with(&[(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3)]);
        for slot in [4, 2, 3, 1] {
            let ahead = waiting.ahead_of_next(client(slot), usize::MAX);
            assert_eq!(waiting.ahead_of_next(client(slot), 2), 2);
            let id = CallId(100 + u64::from(slot));
            let mut copy = with(&[(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3)]);
            copy.add(id, client(slot));
            let place = taken(&mut copy).iter().position(|&taken| taken == id.0);
            assert_eq!(place, Some(ahead), "client {slot}");
        }
        assert_eq!(taken(&mut waiting).len(), 6);
    }
}
