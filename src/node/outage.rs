//! The absence of who is dialled for ever, a neighbour or the bus: when it is dialled again, and how much
//! of it belongs in the log.

use crate::limits;
use crate::node::random::Random;
use crate::transport::Monotonic;
use std::time::Duration;

/// How long, how often tried, when it was last mentioned, and why it was.
#[derive(Debug)]
pub(super) struct Outage {
    since: Option<Monotonic>,
    tries: u32,
    mentioned: Monotonic,
    reason: String,
    pause: Duration,
    pause_max: Duration,
    /// Since when the link is up, if it is.
    up_since: Option<Monotonic>,
    /// When it was dialled last, if ever.
    dialled_at: Option<Monotonic>,
    /// Whether it refused us then.
    refused: bool,
    /// Whether it has greeted us since then.
    expected: bool,
}

/// How much of a failure to reach a neighbour belongs in the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// The link was up.
    Down,
    /// This is the first try, or the reason is another than was mentioned last.
    News,
    /// It has been away for so long and so many tries.
    Reminder { away: Duration, tries: u32 },
    /// Nothing new.
    Nothing,
}

impl Outage {
    /// Of somebody who has not been dialled yet, and waits for no longer than that to be, unless it refuses
    /// us.
    pub fn new(pause_max: Duration) -> Self {
        Outage {
            since: None,
            tries: 0,
            mentioned: Monotonic::default(),
            reason: String::new(),
            pause: limits::REDIAL_PAUSE_MIN,
            pause_max,
            up_since: None,
            dialled_at: None,
            refused: false,
            expected: false,
        }
    }

    /// The link is up: the next failure is news again.
    pub fn end(&mut self, now: Monotonic) {
        let Outage { pause, pause_max, dialled_at, expected, .. } = *self;
        let anew = Outage::new(pause_max);
        *self = Outage { pause, dialled_at, expected, up_since: Some(now), ..anew };
    }

    /// The link breaks, and it was heard last at that time: since then what it knows may be another.
    pub fn begin(&mut self, heard: Monotonic) {
        self.since.get_or_insert(heard);
    }

    /// It is dialled.
    pub fn dialled(&mut self, now: Monotonic) {
        self.dialled_at = Some(now);
        self.expected = false;
    }

    /// It is there, though our connection to it is about to break, as likely as not: then the next try
    /// is soon.
    pub fn expect(&mut self) {
        self.expected = true;
    }

    /// When it may be dialled at the soonest, if it is there: later if it refused us, though it may have
    /// read a herd file since in which we are its neighbour.
    pub fn soonest(&self, now: Monotonic) -> Monotonic {
        let pause = match self.refused {
            false => limits::REDIAL_PAUSE_MIN,
            true => limits::REDIAL_REFUSED_PAUSE,
        };
        self.dialled_at.map_or(now, |at| (at + pause).max(now))
    }

    /// When the attempt that is under way should have connected, if it is there.
    pub fn doubted_at(&self) -> Monotonic {
        self.dialled_at.unwrap_or_default() + limits::DIAL_DOUBTED_AFTER
    }

    /// Since when it is away: since it was heard last, or the first try that failed, or for ever.
    pub fn since(&self) -> Monotonic {
        self.since.unwrap_or_default()
    }

    /// For how long it has been away, if it is.
    pub fn lasts(&self, now: Monotonic) -> Option<Duration> {
        self.since.map(|since| now.since(since))
    }

    /// Since when the link is up, if it is.
    pub fn up_since(&self) -> Option<Monotonic> {
        self.up_since
    }

    /// The pause before the next try. It doubles with each try and is drawn from its upper half so
    /// that neighbours do not dial in step; it is the longest if we were refused, since only people
    /// can mend that. It starts anew when the link was up for [`limits::LINK_PROVEN_AFTER`]: a
    /// neighbour that listens and breaks at once is not dialled without a pause for ever. If it has
    /// greeted us meanwhile it is the shortest, once.
    pub fn next_pause(&mut self, now: Monotonic, refused: bool, random: &mut Random) -> Duration {
        if self.up_since.take().is_some_and(|up| now.since(up) >= limits::LINK_PROVEN_AFTER) {
            self.pause = limits::REDIAL_PAUSE_MIN;
        }
        self.refused = refused;
        let pause = match std::mem::take(&mut self.expected) {
            _ if refused => limits::REDIAL_PAUSE_MAX,
            true => limits::REDIAL_PAUSE_MIN,
            false => self.pause,
        };
        self.pause = (self.pause * 2).min(self.pause_max);
        let shortest = (pause / 2).max(limits::REDIAL_PAUSE_MIN);
        let range = pause.saturating_sub(shortest).as_millis() as u64;
        shortest + Duration::from_millis(random.up_to(range))
    }

    /// The link is gone, or was tried in vain. Says what belongs in the log.
    pub fn mention(&mut self, now: Monotonic, why: &str) -> Mention {
        let was_up = self.up_since.is_some();
        self.tries = self.tries.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        if self.tries == 1 || self.reason != why {
            self.mentioned = now;
            why.clone_into(&mut self.reason);
            return if was_up { Mention::Down } else { Mention::News };
        }
        if now.since(self.mentioned) < limits::AWAY_REMINDER {
            return Mention::Nothing;
        }
        self.mentioned = now;
        Mention::Reminder { away: now.since(since), tries: self.tries }
    }
}
