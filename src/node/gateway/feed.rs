//! What we tell on the bus: our herd's feed by one cursor, and by another one what somebody has missed.

use crate::limits;
use crate::positions::{Change, Cursor, OriginId, Positions};
use crate::transport::Monotonic;
use crate::wire::gateway::Stretch;
use std::time::Duration;

/// A walk through the feed, and up to where it has been told.
#[derive(Debug)]
pub(super) struct Telling {
    cursor: Cursor,
    told: u64,
    /// Whether the cursor is on its way to where it begins.
    seeks: bool,
    /// Where it ends; the feed's head if that is not said.
    end: Option<u64>,
    /// Up to which number it says that it tells: not beyond what the feed itself has been told, though
    /// everything may be.
    says: u64,
    /// Whether its last message has been told.
    is_over: bool,
    /// Whether whatever we know is told, or what servers of our herd have taken.
    everything: bool,
    /// When it began.
    since: Monotonic,
}

impl Telling {
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Whether the cursor is where it begins: it goes there in shares.
    pub fn has_begun(&mut self, positions: &mut Positions) -> bool {
        if self.seeks {
            let most = limits::GATEWAY_SEEK_RECORDS_PER_TURN;
            self.seeks = !positions.seek_some(&self.cursor, self.told, true, most);
        }
        !self.seeks
    }

    /// Whether a change that such a server took is told.
    pub fn tells(&self, origin: OriginId, own: &[OriginId]) -> bool {
        self.everything || own.binary_search(&origin).is_ok()
    }

    /// The next change, unless it is at its end.
    pub fn peek<'a>(&self, positions: &'a Positions) -> Option<Change<'a>> {
        let end = self.end.unwrap_or(u64::MAX);
        positions.peek(&self.cursor).filter(|change| change.sequence() <= end)
    }

    /// Whether it has an end.
    pub fn is_again(&self) -> bool {
        self.end.is_some()
    }

    /// What a message tells that has all from where the last one ended up to where the cursor is.
    pub fn stretch(&self, positions: &Positions) -> Stretch {
        let here = positions.sent_up_to(&self.cursor);
        Stretch { from: self.told, to: here.min(self.says).max(self.told) }
    }

    /// A message has told that.
    pub fn told(&mut self, stretch: Stretch) {
        self.told = stretch.to;
    }

    /// It has been told to its end.
    pub fn end(&mut self) {
        self.is_over = true;
    }

    fn of(cursor: Cursor, since: Monotonic) -> Self {
        let (end, says) = (None, u64::MAX);
        let (seeks, everything, is_over) = (false, false, false);
        Telling { cursor, told: 0, seeks, end, says, is_over, everything, since }
    }
}

/// The feed of our herd as the bus is told it.
#[derive(Debug)]
pub(super) struct Feed {
    telling: Telling,
    /// Up to where the bus has taken it.
    confirmed: u64,
    /// What is told again.
    again: Option<Telling>,
    /// What has been asked for since, and when it may begin.
    asked: Option<(Stretch, bool)>,
    again_at: Monotonic,
    /// Who belongs to our herd, or did in this life: sorted.
    own: Vec<OriginId>,
    /// Since when there has been something that the bus has not taken, and the feed's head up to which it has.
    behind_since: Option<Monotonic>,
    taken: u64,
    times_again: u64,
}

impl Feed {
    /// Of which nothing has been told.
    pub fn new(positions: &mut Positions) -> Self {
        let cursor = positions.open_cursor_at_front();
        let since = Monotonic::default();
        Feed {
            telling: Telling::of(cursor, since),
            confirmed: 0,
            again: None,
            asked: None,
            again_at: since,
            own: Vec::new(),
            behind_since: None,
            taken: 0,
            times_again: 0,
        }
    }

    /// These belong to our herd, too. Whether one of them is new.
    pub fn add_own(&mut self, servers: impl IntoIterator<Item = OriginId>) -> bool {
        let before = self.own.len();
        self.own.extend(servers);
        self.own.sort_unstable();
        self.own.dedup();
        self.own.len() > before
    }

    /// All of it is told again: some that was passed belongs to it now.
    pub fn start_over(&mut self, positions: &mut Positions) {
        self.confirmed = 0;
        self.telling.told = 0;
        positions.seek(&self.telling.cursor, 0);
    }

    /// The walk through the feed, and that through what is told again, if anything is; and whose they are.
    pub fn tellings(&mut self) -> (&mut Telling, Option<&mut Telling>, &[OriginId]) {
        (&mut self.telling, self.again.as_mut(), &self.own)
    }

    /// Up to where it has been told.
    pub fn told(&self) -> u64 {
        self.telling.told
    }

    /// Whether the bus has been told all that there is.
    pub fn is_told(&self, positions: &Positions) -> bool {
        !self.telling.seeks && positions.is_at_head(&self.telling.cursor)
    }

    /// Whether it has taken all that it has been told.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed >= self.telling.told
    }

    /// The bus has taken what it had been told up to there, at that time: all up to that head, if it had been
    /// told all.
    pub fn confirm(&mut self, up_to: u64, head: Option<u64>, since: Monotonic) {
        self.confirmed = self.confirmed.max(up_to);
        if let Some(head) = head {
            self.taken = head;
            self.behind_since = self.behind_since.map(|before| before.max(since));
        }
    }

    /// Nothing is certain that was under way: it is told again. Of what was asked for, whoever still
    /// misses it asks again.
    pub fn restart(&mut self, positions: &mut Positions) {
        if !self.is_confirmed() {
            self.telling.told = self.confirmed;
            self.telling.seeks = true;
        }
        self.asked = None;
        self.end_again(positions);
    }

    fn end_again(&mut self, positions: &mut Positions) {
        if let Some(again) = self.again.take() {
            positions.close_cursor(again.cursor);
        }
    }

    /// Somebody misses that stretch, or `everything`: it is told to all, unless it is about to be.
    pub fn ask(&mut self, stretch: Stretch, everything: bool) {
        let mut missed = stretch;
        if !everything {
            missed.to = missed.to.min(self.telling.told);
        }
        if let Some(again) = &self.again
            && let Some(end) = again.end
            && (again.everything || !everything)
            && (everything || missed.to <= end)
        {
            // The rest is about to be told.
            missed.to = missed.to.min(again.told);
        }
        if missed.from >= missed.to {
            return;
        }
        let (asked, all) = self.asked.get_or_insert((missed, everything));
        *asked = Stretch { from: asked.from.min(missed.from), to: asked.to.max(missed.to) };
        *all |= everything;
    }

    /// When what was asked for may be told.
    pub fn deadline(&self) -> Option<Monotonic> {
        self.asked.filter(|_| self.again.is_none()).map(|_| self.again_at)
    }

    /// Begins with what was asked for, if it is time. Whether it does.
    pub fn begin_again(&mut self, positions: &mut Positions, now: Monotonic) -> bool {
        if self.again.is_some() || now < self.again_at {
            return false;
        }
        let Some((Stretch { from, to }, everything)) = self.asked.take() else { return false };
        let cursor = positions.open_cursor();
        let seeks = !positions.seek_some(&cursor, from, false, 1);
        let says = to.min(self.telling.told);
        let again = Telling::of(cursor, now);
        self.again = Some(Telling { told: from, seeks, end: Some(to), says, everything, ..again });
        self.times_again += 1;
        true
    }

    /// What was asked for has been told, if it has.
    pub fn end_again_if_over(&mut self, positions: &mut Positions, now: Monotonic) {
        if let Some(again) = self.again.as_ref().filter(|again| again.is_over) {
            let took = now.since(again.since);
            self.again_at = now + (4 * took).max(limits::GATEWAY_AGAIN_PAUSE_MIN);
            self.end_again(positions);
        }
    }

    /// A turn has ended: whether there is something to be told.
    pub fn turn_ended(&mut self, positions: &Positions, now: Monotonic) -> bool {
        let has_news = !self.is_told(positions);
        if has_news {
            self.behind_since.get_or_insert(now);
        }
        has_news
    }

    /// The bus may have taken all that there is.
    pub fn look_whether_behind(&mut self, positions: &Positions) {
        if self.is_told(positions) && self.is_confirmed() {
            self.taken = positions.head();
            self.behind_since = None;
        }
    }

    /// How many changes, whoever took them, have come since the bus is known to have been told all, and for how
    /// long at most one of ours among them has waited.
    pub fn behind(&self, positions: &Positions, now: Monotonic) -> (u64, Duration) {
        match self.behind_since {
            None => (0, Duration::ZERO),
            Some(since) => (positions.head() - self.taken, now.since(since)),
        }
    }

    /// How often something was told again.
    pub fn times_again(&self) -> u64 {
        self.times_again
    }
}
