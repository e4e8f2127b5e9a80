//! What a neighbour has told us: in which of its epochs, up to where, and on which connection.
//!
//! # Two connections in one name
//!
//! A neighbour that greets us while another connection of it seems alive has come back, and we have
//! not noticed yet that it was gone; or it is somebody else who uses its name. The present connection
//! stays as long as it shows that it lives: it has marked the feed since it greeted, which only who
//! feeds us does, and was heard a moment ago. Who greets meanwhile waits for it to close or to fall
//! silent, and is refused when it does neither. So a true neighbour is back in less time than silence
//! is allowed, and a false one disturbs nobody.
//!
//! Who came first need not be the true one. Where our own link to the neighbour is up we know its epoch
//! from itself: a connection that greets in that goes before one that does not
//! ([`Peer::keeps_waiting`](super::peers::Peer::keeps_waiting)).

use crate::limits;
use crate::node::log_throttle::{Burst, LogThrottle};
use crate::node::told::NotTaken;
use crate::positions::{NeighbourEpoch, Positions};
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::Lifetimes;
use crate::wire::neighbour::Digest;

/// What one neighbour has told us.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The epoch with which it greeted us last. None before it ever did.
    epoch: Option<u64>,
    /// Up to which of its sequence numbers of that epoch we have received everything, as it says.
    up_to: u64,
    /// Marks the positions that it told us in that epoch.
    mark: Option<NeighbourEpoch>,
    /// Its digest, by its last mark, if nothing was told before that and nobody has asked since.
    whole: Option<Digest>,
    /// The connection on which it greeted us last; an earlier one is given up.
    present: Option<Present>,
    /// Others that have greeted in its name since.
    waiting: Vec<ConnectionId>,
    /// Of those.
    conflicts: LogThrottle,
    /// Of those that were welcomed.
    welcomes: Burst,
    /// How many servers it has named, as the first, that are not of the herd.
    foreign_servers: usize,
    /// Of positions that were left out for the names of their servers, and how many were.
    names: LogThrottle,
    left_out: u64,
    /// Of links that were dropped since there was no room for what they told; when the last one was.
    no_room: LogThrottle,
    no_room_at: Option<Monotonic>,
    /// How many changes it has told that were news here, and the newest time at which one of them was
    /// taken, by the clock of who took it.
    told: u64,
    newest_nanoseconds: Option<i64>,
    /// For how long its herd remembers, if that is another one than ours and has been said.
    other_lifetimes: Option<Lifetimes>,
    /// When it was heard last on a connection that is gone.
    gone: Monotonic,
}

/// The connection on which a neighbour feeds us.
#[derive(Debug, Clone, Copy)]
struct Present {
    connection: ConnectionId,
    /// When it greeted.
    since: Monotonic,
    /// When it was heard last.
    heard: Monotonic,
    /// Whether it has marked its feed.
    has_marked: bool,
    /// Whether it ever told on it all that there was, and whether by its last mark it had.
    has_told_all: bool,
    is_whole: bool,
}

/// What a neighbour's link to us looks like.
#[derive(Debug)]
pub(super) struct Seen {
    /// Whether it is up; since when it is, or when it was heard last before it was not.
    pub is_up: bool,
    pub since: Monotonic,
    /// When it was heard last, if it is up.
    pub heard: Option<Monotonic>,
    /// Whether it has told all that there was when it came up; and whether by its last mark nothing has
    /// come since.
    pub has_told_all: bool,
    pub is_whole: bool,
    /// How many changes the neighbour has told that were news here; the newest time at which one was taken.
    pub told: u64,
    pub newest_nanoseconds: Option<i64>,
}

/// What a neighbour that greets us is to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Welcome {
    /// Whether it is in the epoch that we know, and up to where we have received its feed of that.
    pub is_known_epoch: bool,
    pub received_up_to: u64,
    /// The connection on which it greeted us before, to be given up.
    pub former: Option<ConnectionId>,
}

impl Received {
    /// It greets us. In an epoch that we do not know it has received nothing from us, we have received
    /// nothing from it, and what it told us in an earlier one it may have lost.
    pub fn greeted(
        &mut self,
        positions: &mut Positions,
        epoch: u64,
        connection: ConnectionId,
        now: Monotonic,
    ) -> Welcome {
        self.waiting.retain(|&waiting| waiting != connection);
        let present = Present {
            connection,
            since: now,
            heard: now,
            has_marked: false,
            has_told_all: false,
            is_whole: false,
        };
        (self.whole, self.other_lifetimes) = (None, None);
        let former = self.present.replace(present).map(|former| former.connection);
        let is_known_epoch = self.epoch == Some(epoch);
        if !is_known_epoch {
            self.epoch = Some(epoch);
            self.up_to = 0;
            self.doubt(positions);
        }
        Welcome { is_known_epoch, received_up_to: self.up_to, former }
    }

    /// It greets us, and its herd remembers for other times than ours. Whether that is news.
    pub fn differs(&mut self, theirs: Lifetimes) -> bool {
        self.other_lifetimes.replace(theirs) != Some(theirs)
    }

    /// What it told us so far counts from now on as told by nobody: it may have lost it.
    pub fn doubt(&mut self, positions: &mut Positions) {
        if let Some(mark) = self.mark.take() {
            positions.end_epoch(mark);
        }
        if self.epoch.is_some() {
            self.mark = positions.begin_epoch();
        }
    }

    /// It is no neighbour any more.
    pub fn end(&mut self, positions: &mut Positions) {
        if let Some(mark) = self.mark.take() {
            positions.end_epoch(mark);
        }
    }

    /// All of its feed has been received up to here, as it says on that connection; on a former one it
    /// says nothing, for what that still delivers may be of another epoch, or of somebody else. A
    /// neighbour that tells everything again goes back. If it has told nothing since the mark before,
    /// its whole feed has been received, and that is the digest of what it holds.
    pub fn marked(&mut self, connection: ConnectionId, sequence: u64, whole: Option<Digest>) {
        if let Some(present) = &mut self.present
            && present.connection == connection
        {
            present.has_marked = true;
            present.is_whole = whole.is_some();
            present.has_told_all |= present.is_whole;
            self.up_to = sequence;
            self.whole = whole;
        }
    }

    /// What it held when its whole feed had been received, by a mark that has come since the last time
    /// and with nothing told before it.
    pub fn take_whole(&mut self) -> Option<Digest> {
        self.whole.take()
    }

    /// It was heard on that connection.
    pub fn heard(&mut self, connection: ConnectionId, now: Monotonic) {
        if let Some(present) = &mut self.present
            && present.connection == connection
        {
            present.heard = now;
        }
    }

    /// It has told a change that was news here; when that was taken, by the clock of who took it.
    pub fn told(&mut self, taken_nanoseconds: i64) {
        self.told += 1;
        self.newest_nanoseconds = self.newest_nanoseconds.max(Some(taken_nanoseconds));
    }

    /// In which epoch it greeted us on the connection that is alive.
    pub fn present_epoch(&self) -> Option<u64> {
        self.present.and(self.epoch)
    }

    /// Until when another connection has to wait, as this one has shown that it lives, and is who it says
    /// or `is_proven` to be.
    pub fn alive_until(&self, now: Monotonic, is_proven: bool) -> Option<Monotonic> {
        let present = self.present.filter(|present| present.has_marked || is_proven)?;
        Some(present.heard + limits::NEIGHBOUR_ALIVE).filter(|&until| now < until)
    }

    /// A connection is welcomed. Whether that belongs in the log, and of how many that was not said.
    pub fn welcome(&mut self, now: Monotonic) -> Option<u64> {
        self.welcomes.admit(now)
    }

    /// A connection waits for the present one to close or to fall silent. Whether that belongs in the
    /// log, and of how many before that was not said.
    pub fn wait(&mut self, connection: ConnectionId, now: Monotonic) -> Option<u64> {
        self.waiting.push(connection);
        self.conflicts.admit(now, limits::NEIGHBOUR_TROUBLE_REMINDER)
    }

    /// Those that wait.
    pub fn waiting(&self) -> &[ConnectionId] {
        &self.waiting
    }

    /// Up to which of its sequence numbers we have received everything.
    pub fn up_to(&self) -> u64 {
        self.up_to
    }

    /// Marks the positions that it told us in that epoch, unless that is over.
    pub fn mark_of(&self, epoch: u64) -> Option<&NeighbourEpoch> {
        if self.epoch == Some(epoch) { self.mark.as_ref() } else { None }
    }

    /// The connection on which it greeted us last, if it is alive.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.present.map(|present| present.connection)
    }

    /// Whether that is the connection on which it greeted us last.
    pub fn is_heard_on(&self, connection: ConnectionId) -> bool {
        self.connection() == Some(connection)
    }

    /// What it tells is not taken. Whether that belongs in the log, and of how many that was not said.
    pub fn not_taken(&mut self, why: NotTaken, now: Monotonic) -> Option<u64> {
        let throttle = if why == NotTaken::NoRoom {
            self.no_room_at = Some(now);
            &mut self.no_room
        } else {
            self.left_out += 1;
            &mut self.names
        };
        throttle.admit(now, limits::NEIGHBOUR_TROUBLE_REMINDER)
    }

    /// It has named a server, as the first, that is not of the herd.
    pub fn named_a_foreign_server(&mut self) {
        self.foreign_servers += 1;
    }

    /// How many of those there were.
    pub fn foreign_servers(&self) -> usize {
        self.foreign_servers
    }

    /// How many positions were left out for the names of their servers.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether there was no room for what it told, a moment ago: then there is none yet.
    pub fn had_no_room(&self, now: Monotonic) -> bool {
        self.no_room_at.is_some_and(|at| now.since(at) < limits::REDIAL_PAUSE_MAX)
    }

    /// A connection on which it greeted us is gone; those that waited for that.
    pub fn hung_up(&mut self, connection: ConnectionId) -> &[ConnectionId] {
        self.waiting.retain(|&waiting| waiting != connection);
        if !self.is_heard_on(connection) {
            return &[];
        }
        self.gone = self.present.map_or(self.gone, |present| present.heard);
        (self.present, self.whole) = (None, None);
        &self.waiting
    }

    /// What there is to see of it from outside.
    pub fn seen(&self) -> Seen {
        Seen {
            is_up: self.present.is_some(),
            since: self.present.map_or(self.gone, |present| present.since),
            heard: self.present.map(|present| present.heard),
            has_told_all: self.present.is_some_and(|present| present.has_told_all),
            is_whole: self.present.is_some_and(|present| present.is_whole),
            told: self.told,
            newest_nanoseconds: self.newest_nanoseconds,
        }
    }

    /// What is wrong with it, if anything is.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self) -> Result<(), String> {
        let Received { epoch, up_to, whole, mark, present, .. } = self;
        if epoch.is_none() && (*up_to > 0 || mark.is_some() || present.is_some()) {
            return Err(format!("it has never greeted, and we have received up to {up_to}"));
        }
        if whole.is_some() && present.is_none() {
            return Err("its whole feed has come, and no connection on which it could".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NINE: Digest = Digest { sum: 9, step: Some(1) };

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 0 }
    }

    #[test]
    fn who_marks_and_is_heard_keeps_others_waiting_until_it_closes_or_falls_silent() {
        let mut positions = Positions::new([1, 2]);
        let mut received = Received::default();
        let start = Monotonic::default();
        received.greeted(&mut positions, 7, id(1), start);
        assert_eq!(received.alive_until(start, false), None, "it has shown nothing yet");
        let until = start + limits::NEIGHBOUR_ALIVE;
        assert_eq!(received.alive_until(start, true), Some(until), "it need not");
        received.marked(id(1), 0, None);
        assert_eq!(received.alive_until(start, false), Some(until));
        assert_eq!(received.alive_until(until, false), None, "it has fallen silent");
        assert_eq!(received.wait(id(2), start), Some(0));
        assert_eq!(received.wait(id(3), start), None, "that has been said");
        received.marked(id(2), 9, Some(NINE));
        assert_eq!(received.take_whole(), None);
        received.heard(id(2), until);
        assert_eq!((received.up_to(), received.alive_until(until, false)), (0, None));
        received.heard(id(1), until);
        assert!(received.alive_until(until, false).is_some());
        assert_eq!(received.hung_up(id(3)), []);
        assert_eq!(received.hung_up(id(1)), [id(2)]);
        assert_eq!(received.alive_until(until, false), None);
        let welcome = received.greeted(&mut positions, 7, id(2), until);
        assert_eq!((welcome.is_known_epoch, welcome.former), (true, None));
        assert_eq!(received.hung_up(id(2)), []);
        let later = start + limits::NEIGHBOUR_TROUBLE_REMINDER;
        assert_eq!(received.wait(id(4), later), Some(1));
    }

    #[test]
    fn a_mark_that_says_that_all_was_told_serves_once_and_only_on_its_connection() {
        let mut positions = Positions::new([1, 2]);
        let (mut received, start) = (Received::default(), Monotonic::default());
        received.greeted(&mut positions, 7, id(1), start);
        received.marked(id(1), 3, Some(NINE));
        assert_eq!((received.take_whole(), received.take_whole()), (Some(NINE), None));
        received.marked(id(1), 3, Some(NINE));
        received.marked(id(1), 4, None);
        assert_eq!(received.take_whole(), None, "more has been told");
        received.marked(id(1), 4, Some(NINE));
        received.greeted(&mut positions, 7, id(2), start);
        assert_eq!(received.take_whole(), None, "it has come back");
        received.marked(id(2), 4, Some(NINE));
        received.hung_up(id(2));
        assert_eq!((received.take_whole(), received.check()), (None, Ok(())));
    }
}
