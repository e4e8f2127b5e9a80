//! Records whose time is over are let go, in shares, and whoever was told of them is told that.

use super::Node;
use crate::limits;
use crate::positions::Share;
use crate::transport::{Monotonic, Now};
use crate::wire::Lifetimes;
use std::time::Duration;

impl Node {
    /// A turn ends: lets go of what is dead, as much as one turn may.
    pub(super) fn expire(&mut self, now: Now) {
        let Node { positions, hub, counts, .. } = self;
        let mut share = Share::new(limits::EXPIRY_WORK_PER_TURN);
        let mut unsettled = None;
        while let Some(number) = positions.next_dead(&mut share) {
            let unsettled = unsettled.get_or_insert_with(|| hub.begin_departures(positions));
            share.charge(hub.depart(number, unsettled, positions));
            positions.remove_dead(number, &mut share);
            counts.expired();
        }
        if unsettled.is_some() {
            hub.end_departures(positions);
        }
        self.expire_at = positions.expires_at().map(|step| time_of(step, now));
    }
}

/// When a step of the clock begins.
fn time_of(step: u64, now: Now) -> Monotonic {
    let begins = Duration::from_secs(step);
    let passed = Duration::from_nanos(now.posix_nanoseconds.unsigned_abs());
    now.monotonic + begins.saturating_sub(passed)
}

/// From the furthest ahead that a report may be to the longest ago.
pub(super) fn report_span(max_skew_nanoseconds: i64, lifetimes: Lifetimes) -> u64 {
    // What is not ahead is below that however long ago it is.
    const ALL: u64 = i64::MAX as u64;
    let Some(seconds) = lifetimes.ttl_seconds else { return ALL };
    max_skew_nanoseconds.unsigned_abs() + u64::from(seconds) * 1_000_000_000
}
