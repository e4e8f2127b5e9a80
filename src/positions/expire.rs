//! When records end, and how those that are dead are found and taken out.
//!
//! A position lives until so long after its client's time, a tombstone until so long after its own:
//! [`Lifetimes`]. For questions that is exact, by the server's clock. For all that servers must have in
//! common it goes by **steps** of a second: a record is dead from the step after its end on, whoever
//! looks, so two servers that hold the same and are in the same step have the same digest.
//!
//! **What finds the dead.** The feed is in the order of arrival, not of times, so it cannot. Records are
//! grouped by their numbers, 64 to a group, and of each group the first step is known at which one of it
//! may be dead. A report only moves a record's end back, so nothing is done for it: that bound is then too
//! early, and is put right when it has come and the group is looked through. It costs an eighth of a byte
//! a record, an eighth of a nanosecond a record and second to look at all bounds, and each group is looked
//! through once in a lifetime and once for each second in which one of it ends.
//!
//! **In shares.** Looking and taking out count as work, of which a turn has so much. Until all is taken out
//! that is dead at a step the digest is of no step.

use super::Positions;
use super::change::RecordNumber;
use super::digest_of;
use super::feed::Feed;
use super::record::Record;
use super::report::{Kind, Report};
use crate::limits;
use crate::wire::Lifetimes;

const NANOSECONDS: i64 = 1_000_000_000;
/// Records of a group.
const GROUP: usize = 64;
/// Never.
const NEVER: u64 = u64::MAX;

/// What a turn may spend on finding and taking out, in looks at one bound.
#[derive(Debug)]
pub struct Share(i64);

/// What counts as much as to look at a bound: to look at a record of a group, and to take one out.
const RECORD_WORK: i64 = 8;
const REMOVAL_WORK: i64 = 256;

impl Share {
    /// So many looks at a bound.
    pub fn new(work: i64) -> Self {
        Share(work)
    }

    /// So many more looks at something.
    pub fn charge(&mut self, looks: usize) {
        self.0 -= looks as i64 * RECORD_WORK;
    }

    /// Whether it is used up.
    fn is_spent(&self) -> bool {
        self.0 <= 0
    }
}

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Expiry {
    lifetimes: Lifetimes,
    /// Positions of before that time, in nanoseconds, are dead to questions.
    oldest: i64,
    /// The present step; positions and tombstones of before these times, in nanoseconds, are dead at it.
    step: u64,
    /// When it began, in nanoseconds since 1970.
    step_began: i64,
    positions_from: i64,
    tombstones_from: i64,
    /// For each group of records, from which step on one of them may be dead; those beyond the end never.
    bounds: Vec<u64>,
    /// The least of these, or less.
    soonest: u64,
    sweep: Option<Sweep>,
    lately: Lately,
}

/// A look through all groups for what is dead at a step.
#[derive(Debug)]
struct Sweep {
    step: u64,
    /// The record that is looked at next.
    at: usize,
    /// The least bound of the records of its group that have been looked at, and of all groups.
    group: u64,
    least: u64,
}

impl Sweep {
    fn new(step: u64) -> Self {
        Sweep { step, at: 0, group: NEVER, least: NEVER }
    }

    /// Looks at the bound of a group, or at the next of its records; the number of that if it is dead.
    fn look(
        &mut self,
        bound: &mut u64,
        feed: &Feed,
        lifetimes: Lifetimes,
        share: &mut Share,
    ) -> Option<u32> {
        let number = self.at;
        if number.is_multiple_of(GROUP) {
            share.0 -= 1;
            self.group = NEVER;
            if *bound > self.step {
                self.least = self.least.min(*bound);
                self.at += GROUP;
                return None;
            }
        }
        share.0 -= RECORD_WORK;
        let dead_from = feed.find_record(number as u32).map(|record| dead_from(lifetimes, record));
        let is_dead = dead_from.is_some_and(|dead_from| dead_from <= self.step);
        if !is_dead {
            self.group = self.group.min(dead_from.unwrap_or(NEVER));
        }
        self.at += 1;
        if self.at.is_multiple_of(GROUP) {
            *bound = self.group;
            self.least = self.least.min(self.group);
        }
        is_dead.then_some(number as u32)
    }
}

/// The digests of the last steps, as long as nothing has changed but by records that died.
#[derive(Debug)]
struct Lately {
    /// Of which step on they are known.
    from: u64,
    /// The sums of the hashes of what died at a step, which is also a place here.
    died: [u64; limits::DIGEST_STEPS],
}

impl Default for Expiry {
    fn default() -> Self {
        Expiry {
            lifetimes: Lifetimes::default(),
            oldest: i64::MIN,
            step: 0,
            step_began: 0,
            positions_from: i64::MIN,
            tombstones_from: i64::MIN,
            bounds: Vec::new(),
            soonest: NEVER,
            sweep: None,
            lately: Lately { from: 0, died: [0; limits::DIGEST_STEPS] },
        }
    }
}

impl Expiry {
    /// Whether what is told so is dead at the present step.
    #[inline]
    pub fn is_over(&self, report: &Report<'_>) -> bool {
        report.time_nanoseconds
            < match report.kind() {
                Kind::Position => self.positions_from,
                Kind::Tombstone => self.tombstones_from,
            }
    }

    /// Whether that position is dead to questions.
    #[inline]
    pub fn is_dead(&self, record: &Record) -> bool {
        self.has_ended(record.time_nanoseconds)
    }

    /// Whether a position of that time, in nanoseconds, is.
    #[inline]
    pub fn has_ended(&self, time_nanoseconds: i64) -> bool {
        time_nanoseconds < self.oldest
    }

    /// Whether any position can be dead to questions.
    pub fn is_on(&self) -> bool {
        self.oldest > i64::MIN
    }

    /// What is dead has come, and is not kept: who is behind by the clock may keep it for a while.
    #[cold]
    pub fn came_dead(&mut self) {
        self.lately.from = self.step;
    }

    /// A record has come, or has become one of another kind, whose end may be nearer.
    pub fn added(&mut self, number: u32, record: &Record) {
        self.lately.from = self.step;
        let dead_from = dead_from(self.lifetimes, record);
        if dead_from == NEVER {
            return;
        }
        let group = number as usize / GROUP;
        if group >= self.bounds.len() {
            self.bounds.resize(group + 1, NEVER);
        }
        self.bounds[group] = self.bounds[group].min(dead_from);
        self.soonest = self.soonest.min(dead_from);
        if let Some(sweep) = &mut self.sweep {
            sweep.least = sweep.least.min(dead_from);
            if sweep.at / GROUP == group {
                sweep.group = sweep.group.min(dead_from);
            }
        }
    }

    /// A record is taken out.
    fn died(&mut self, record: &Record, hash: u64) {
        let dead_from = dead_from(self.lifetimes, record);
        if dead_from + (limits::DIGEST_STEPS as u64) > self.step {
            let place = dead_from as usize % limits::DIGEST_STEPS;
            self.lately.died[place] = self.lately.died[place].wrapping_add(hash);
        }
    }

    /// What the bounds take.
    pub fn bytes(&self) -> usize {
        self.bounds.capacity() * size_of::<u64>()
    }

    /// The clock has gone on to a step, or back.
    fn set_step(&mut self, step: u64) {
        if step == self.step {
            return;
        }
        let passed = step.saturating_sub(self.step);
        if step < self.step && self.sweep.take().is_some() {
            // What was dead by a clock that was wrong is looked at again.
            self.soonest = 0;
        }
        if step < self.step || passed >= limits::DIGEST_STEPS as u64 {
            self.lately = Lately { from: step, died: [0; limits::DIGEST_STEPS] };
        } else {
            for step in self.step + 1..=step {
                self.lately.died[step as usize % limits::DIGEST_STEPS] = 0;
            }
        }
        self.step = step;
        let from =
            |seconds: u32| i64::try_from(step).unwrap_or(i64::MAX).saturating_sub(seconds.into());
        let from = |seconds: u32| from(seconds).saturating_mul(NANOSECONDS);
        self.positions_from = self.lifetimes.ttl_seconds.map_or(i64::MIN, from);
        self.tombstones_from = from(self.lifetimes.tombstone_seconds);
    }

    /// Whether something may be dead that has not been taken out.
    fn is_sweeping(&self) -> bool {
        self.sweep.is_some() || self.soonest <= self.step
    }
}

/// From which step on a record is dead. (No client's time is below 0.)
fn dead_from(lifetimes: Lifetimes, record: &Record) -> u64 {
    let lifetime = match record.kind() {
        Kind::Position => lifetimes.ttl_seconds,
        Kind::Tombstone => Some(lifetimes.tombstone_seconds),
    };
    let Some(seconds) = lifetime else { return NEVER };
    record.time_nanoseconds.div_euclid(NANOSECONDS).unsigned_abs() + u64::from(seconds) + 1
}

impl Positions {
    /// For how long records count: set once, before there are any.
    pub fn set_lifetimes(&mut self, lifetimes: Lifetimes) {
        self.expiry.lifetimes = lifetimes;
    }

    /// It is that time, in nanoseconds since 1970: by it positions are dead to questions from now on.
    #[inline]
    pub fn set_now(&mut self, posix_nanoseconds: i64) {
        let expiry = &mut self.expiry;
        if let Some(seconds) = expiry.lifetimes.ttl_seconds {
            expiry.oldest = posix_nanoseconds.saturating_sub(i64::from(seconds) * NANOSECONDS);
        }
        // In nearly all turns it is the step of the turn before.
        let into_step = posix_nanoseconds.wrapping_sub(expiry.step_began);
        if into_step as u64 >= NANOSECONDS as u64 {
            let step = posix_nanoseconds.div_euclid(NANOSECONDS);
            expiry.step_began = step * NANOSECONDS;
            expiry.set_step(step.unsigned_abs());
        }
    }

    /// Whether anything here ends.
    #[inline]
    pub fn has_ends(&self) -> bool {
        self.expiry.soonest != NEVER || self.expiry.sweep.is_some()
    }

    /// At which step something may be dead that is not now, or has not been taken out; `None` if nothing
    /// ever is.
    pub fn expires_at(&self) -> Option<u64> {
        let expiry = &self.expiry;
        let soonest = if expiry.is_sweeping() { expiry.step } else { expiry.soonest };
        (soonest != NEVER).then_some(soonest)
    }

    /// Whether that record is of a position that is dead to questions.
    pub fn is_dead(&self, number: RecordNumber) -> bool {
        let record = self.feed.record(number.0);
        record.kind() == Kind::Position && self.expiry.is_dead(record)
    }

    /// Whether anything here ends, or is a tombstone: servers that know of neither hold something else.
    pub fn knows_ends(&self) -> bool {
        self.tombstones > 0 || self.expiry.lifetimes.ttl_seconds.is_some()
    }

    /// The present step, in seconds since 1970, and the digest, if that is of this step: not while there is
    /// something dead to be taken out.
    pub fn step(&self) -> Option<u64> {
        (!self.expiry.is_sweeping()).then_some(self.expiry.step)
    }

    /// What the digest was at an earlier step, or is at the present one, of what is here now and what has
    /// died since: what another server has whose clock is behind, and that holds the same. Of a later step it
    /// is what it is now, if nothing ends until then. `None` if that cannot be said: if something does, if it
    /// was too long ago, or if since then clients have come who may have been among those that died, or
    /// reports that were dead.
    pub fn digest_at(&self, step: u64) -> Option<u64> {
        if !self.knows_ends() {
            return Some(self.digest);
        }
        let (lately, present) = (&self.expiry.lately, self.step()?);
        if step > present {
            // Nothing ends before that.
            return (self.expiry.soonest > step).then_some(self.digest);
        }
        let is_known = step == present || (lately.from..=present).contains(&step);
        if !is_known || present - step >= limits::DIGEST_STEPS as u64 {
            return None;
        }
        let since = (step + 1..=present).map(|step| lately.died[step as usize % lately.died.len()]);
        Some(since.fold(self.digest, u64::wrapping_add))
    }

    /// A record that is dead at the present step and is to be [taken out](Self::remove_dead) now; `None` if
    /// there is none, or the share of the turn is used up.
    pub fn next_dead(&mut self, share: &mut Share) -> Option<RecordNumber> {
        let Positions { expiry, feed, .. } = self;
        let mut found = None;
        while !share.is_spent() && found.is_none() {
            let mut sweep = match expiry.sweep.take() {
                Some(sweep) => sweep,
                None if expiry.soonest <= expiry.step => Sweep::new(expiry.step),
                None => return None,
            };
            let Some(bound) = expiry.bounds.get_mut(sweep.at / GROUP) else {
                expiry.soonest = sweep.least;
                continue;
            };
            found = sweep.look(bound, feed, expiry.lifetimes, share);
            expiry.sweep = Some(sweep);
        }
        found.map(RecordNumber)
    }

    /// Takes out a record that is dead.
    pub fn remove_dead(&mut self, number: RecordNumber, share: &mut Share) {
        share.0 -= REMOVAL_WORK;
        let record = self.feed.record(number.0);
        if record.is_free() {
            return;
        }
        let hash = digest_of(&self.origins, &record.report());
        self.expiry.died(record, hash);
        self.remove_record(number.0);
    }
}

#[cfg(any(test, debug_assertions))]
impl Positions {
    /// Whether each record's end is within the bounds.
    pub(super) fn check_expiry(&self) -> Result<(), String> {
        let expiry = &self.expiry;
        for number in self.feed.numbers() {
            let dead_from = dead_from(expiry.lifetimes, self.feed.record(number));
            let (group, at) = (number as usize / GROUP, number as usize);
            let bound = expiry.bounds.get(group).copied().unwrap_or(NEVER);
            let soonest = match &expiry.sweep {
                None => expiry.soonest,
                Some(sweep) if at >= sweep.at => bound,
                Some(sweep) if group == sweep.at / GROUP => sweep.group,
                Some(sweep) => sweep.least,
            };
            if dead_from < soonest || dead_from < bound && soonest != bound {
                return Err(format!(
                    "record {number} ends at {dead_from}, bounds {bound}, {soonest}"
                ));
            }
        }
        Ok(())
    }
}
