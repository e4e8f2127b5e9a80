//! A report is taken, or a client forgotten, by whichever port that came.

use super::Node;
use super::counts::Refused;
use crate::limits;
use crate::positions::{Report, Text, Update};
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::decimal::NANOS;
use crate::wire::plural;
use log::{debug, error, warn};
use std::fmt;
use std::time::Duration;

/// Why a report was not taken, or a client not forgotten. Its `Display` is a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untaken {
    /// Its time is too far ahead of our clock.
    Ahead,
    /// That somebody is to be forgotten could not be remembered: its time is too long ago.
    TooOld,
    /// The positions take all the memory that they may.
    NoRoom,
    /// The disk fails, and it would be answered only when that holds it.
    NotKept,
}

/// Who brings a report, for the log: what it is, and its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reporter(pub &'static str, pub ConnectionId);

impl fmt::Display for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reporter(role, id) = self;
        write!(f, "{role} {id}")
    }
}

impl Node {
    /// Takes the position in `text`, which came at `got_nanoseconds` since 1970: the difference to the
    /// client's time, in nanoseconds.
    #[inline(always)]
    pub(super) fn take_report(
        &mut self,
        from: Reporter,
        text: Text<'_>,
        time_nanoseconds: i64,
        got_nanoseconds: i64,
        now: Monotonic,
    ) -> Result<i64, Untaken> {
        // Both are nanoseconds since 1970, neither below zero.
        let difference_nanoseconds = got_nanoseconds - time_nanoseconds;
        // One comparison for both ends: what is too far ahead is below zero, and so more than any.
        let after_least = difference_nanoseconds.wrapping_add(self.settings.max_skew_nanoseconds);
        if after_least as u64 > self.settings.report_span_nanoseconds {
            return self.tell_untimely(from, difference_nanoseconds, now);
        }
        let report = Report { origin: self.origin, difference_nanoseconds, time_nanoseconds, text };
        let update = self.positions.report(&report);
        if matches!(update, Update::Known | Update::Full) {
            self.tell_unchanged(from, update, now)?;
        }
        Ok(difference_nanoseconds)
    }

    /// Forgets the client in `text`, a tombstone's, which came at `got_nanoseconds` since 1970: the
    /// difference to the client's time, in nanoseconds.
    pub(super) fn take_forget(
        &mut self,
        from: Reporter,
        text: Text<'_>,
        time_nanoseconds: i64,
        got_nanoseconds: i64,
        now: Monotonic,
    ) -> Result<i64, Untaken> {
        // Both are nanoseconds since 1970, neither below zero.
        let difference_nanoseconds = got_nanoseconds - time_nanoseconds;
        self.refuse_ahead(from, difference_nanoseconds, now)?;
        if difference_nanoseconds
            > i64::from(self.settings.lifetimes.tombstone_seconds) * NANOS as i64
        {
            self.counts.refused(Refused::TooOld);
            debug!("{from}: that time is longer ago than tombstone_seconds");
            return Err(Untaken::TooOld);
        }
        let report = Report { origin: self.origin, difference_nanoseconds, time_nanoseconds, text };
        self.note_positions();
        let update = self.positions.forget(&report);
        if matches!(update, Update::Known | Update::Full) {
            self.tell_unchanged(from, update, now)?;
        }
        Ok(difference_nanoseconds)
    }

    /// Before a client is forgotten: who watches is to be told that it is, and so of where it was, if that
    /// has come in this turn. Does nothing where nobody watches.
    pub(super) fn note_positions(&mut self) {
        self.hub.walk(&mut self.positions);
    }

    /// The report is of a time that is too far ahead, which is an error; or of one so long ago that it is
    /// dead: then it is not kept.
    #[cold]
    fn tell_untimely(
        &mut self,
        from: Reporter,
        difference_nanoseconds: i64,
        now: Monotonic,
    ) -> Result<i64, Untaken> {
        self.refuse_ahead(from, difference_nanoseconds, now)?;
        self.counts.unchanged();
        debug!("{from}: that report is older than ttl_seconds, and is not kept");
        Ok(difference_nanoseconds)
    }

    /// An error if that difference is of a time that is too far ahead.
    fn refuse_ahead(
        &mut self,
        from: Reporter,
        difference_nanoseconds: i64,
        now: Monotonic,
    ) -> Result<(), Untaken> {
        if difference_nanoseconds < -self.settings.max_skew_nanoseconds {
            let ahead = Duration::from_nanos(difference_nanoseconds.unsigned_abs());
            self.tell_ahead(from, ahead, now);
            return Err(Untaken::Ahead);
        }
        Ok(())
    }

    /// The report changed nothing; an error if that is for want of room. (Of one that did nothing is
    /// said: that is what they are for.)
    #[cold]
    fn tell_unchanged(
        &mut self,
        from: Reporter,
        update: Update,
        now: Monotonic,
    ) -> Result<(), Untaken> {
        if update == Update::Full {
            self.counts.refused(Refused::NoRoom);
            self.tell_no_room(now);
            return Err(Untaken::NoRoom);
        }
        self.counts.unchanged();
        debug!("{from}: that report changes nothing: it or a later one is known");
        Ok(())
    }

    /// A client's report has found no room.
    #[cold]
    fn tell_no_room(&mut self, now: Monotonic) {
        let Some(others) = self.no_room.admit(now, limits::NO_ROOM_REMINDER) else { return };
        let (clients, bytes) = (self.positions.len(), self.positions.bytes());
        let (clients, bytes) = (plural(clients, "client"), plural(bytes, "byte"));
        error!(
            "no room for a client's report: the positions of {clients} take {bytes} (see --memory); \
             {others} more were refused since this was last said"
        );
    }

    /// A report is refused for its time. Of one client that is its own affair; where all are, it is this
    /// server's clock that is wrong, and nobody else would say so.
    #[cold]
    fn tell_ahead(&mut self, from: Reporter, ahead: Duration, now: Monotonic) {
        self.counts.refused(Refused::ClockAhead);
        debug!("{from}: that time is {ahead:?} ahead of our clock, more than --max-skew");
        if let Some(others) = self.clocks_ahead.admit(now, limits::CLOCK_REMINDER) {
            let seconds = ahead.as_secs();
            warn!(
                "a client's clock is {seconds} s ahead of ours, more than --max-skew, and its report is \
                 refused: is this machine's clock right? {others} more were refused since this was \
                 last said"
            );
        }
    }
}

impl fmt::Display for Untaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Untaken::Ahead => "the time is too far ahead of this server's clock",
            Untaken::TooOld => "the time is too long ago to be remembered: see tombstone_seconds",
            Untaken::NotKept => "the journal's disk fails, so it cannot be promised to be kept",
            Untaken::NoRoom => "this server has no room for another client",
        })
    }
}
