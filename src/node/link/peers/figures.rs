//! What there is to see of each neighbour from outside, as plain figures.

use super::super::received::Seen;
use super::{LinkState, Peer, Peers};
use crate::node::histogram::Histogram;
use crate::positions::Positions;
use crate::transport::{Endpoint, Monotonic, Now};
use std::time::Duration;

/// How one neighbour stands.
#[derive(Debug)]
pub(in crate::node) struct NeighbourFigures<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is dialled.
    pub endpoint: &'a Endpoint,
    /// The link on which we tell it, and the one on which it tells us.
    pub dialled: Direction,
    pub accepted: Direction,
    /// Whether it holds what we hold, as far as that is known, and how long ago that was compared.
    pub agrees: Option<bool>,
    pub compared: Option<Duration>,
    /// How long ago it was heard on its link to us, if it is up.
    pub heard: Option<Duration>,
    /// How old the newest is that it has told, in nanoseconds: by our clock now, and by the clock of the
    /// server that took it then; less than none, if that clock is ahead of ours.
    pub newest_age_nanoseconds: Option<i64>,
    /// How many changes it has told that were news here.
    pub told: u64,
    /// How long changes of ours took until it had acknowledged them, of those that came while its link
    /// was up: by our clock, there and back, with the
    /// [pause](crate::limits::ACKNOWLEDGE_PAUSE) in which acknowledgements are gathered.
    pub propagation: &'a Histogram,
    /// How often our link to it was up and broke.
    pub lost: u64,
    /// How often it was told everything again, since something was wrong.
    pub started_over: u64,
}

/// How one of the two links with a neighbour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Direction {
    /// Whether it is up, and for how long it is or is not: one that is dialled is not since the first try
    /// that failed, the other since the neighbour was heard last.
    pub is_up: bool,
    pub since: Duration,
    /// How many changes who is told is behind, and since when the first of them waits; none if that is
    /// not known.
    pub behind_changes: Option<u64>,
    pub behind: Option<Duration>,
}

impl Peers {
    /// How each of them stands.
    pub fn figures(
        &self,
        positions: &Positions,
        now: Now,
    ) -> impl Iterator<Item = NeighbourFigures<'_>> {
        let head = positions.head();
        self.iter().map(move |peer| peer.figures(head, now))
    }

    /// Whether the server of that name is linked with us both ways; none if it is no neighbour.
    pub fn is_linked_with(&self, name: &str) -> Option<bool> {
        self.find(name.as_bytes()).map(|peer| self[peer].feeds_us())
    }

    /// How many changes neighbours have told that were news here.
    pub fn told(&self) -> u64 {
        let told = |peer: &Peer| peer.received.seen().told;
        self.told_by_gone + self.places.iter().flatten().map(told).sum::<u64>()
    }

    /// Whether one of them is linked with us both ways; and whether one of these has told us all that there
    /// was when its link came up.
    pub fn is_linked_and_filled(&self) -> (bool, bool) {
        let linked = || self.iter().filter(|peer| peer.feeds_us());
        (linked().next().is_some(), linked().any(|peer| peer.received.seen().has_told_all))
    }
}

impl Peer {
    fn figures(&self, head: u64, now: Now) -> NeighbourFigures<'_> {
        let seen = self.received.seen();
        NeighbourFigures {
            name: &self.name,
            endpoint: &self.endpoint,
            dialled: self.dialled_figures(head, now.monotonic),
            accepted: accepted_figures(&seen, now.monotonic),
            agrees: self.compared.map(|(agrees, _)| agrees),
            compared: self.compared.map(|(_, at)| now.monotonic.since(at)),
            heard: seen.heard.map(|at| now.monotonic.since(at)),
            newest_age_nanoseconds: seen
                .newest_nanoseconds
                .map(|taken| now.posix_nanoseconds.saturating_sub(taken)),
            told: seen.told,
            propagation: &self.propagation,
            lost: self.lost,
            started_over: self.started_over,
        }
    }

    /// While it is down, all that it has not acknowledged is counted, also what it has told us itself.
    fn dialled_figures(&self, head: u64, now: Monotonic) -> Direction {
        let is_up = matches!(self.link, LinkState::Up { .. });
        let away = self.outage.since();
        let behind_changes = match is_up {
            true => self.behind.changes(),
            false => head.saturating_sub(self.behind.acknowledged()),
        };
        let since = self.behind.since().filter(|_| behind_changes > 0);
        let since = since.or((behind_changes > 0).then_some(away));
        Direction {
            is_up,
            since: now.since(self.outage.up_since().unwrap_or(away)),
            behind_changes: Some(behind_changes),
            behind: Some(since.map_or(Duration::ZERO, |since| now.since(since))),
        }
    }
}

/// How far its feed goes only the neighbour knows, but when a mark says that this is all. While it tells us
/// what there was when the link came up, we are behind for as long as that takes.
fn accepted_figures(seen: &Seen, now: Monotonic) -> Direction {
    let is_filling = seen.is_up && !seen.has_told_all;
    Direction {
        is_up: seen.is_up,
        since: now.since(seen.since),
        behind_changes: seen.is_whole.then_some(0),
        behind: if seen.is_whole {
            Some(Duration::ZERO)
        } else {
            is_filling.then(|| now.since(seen.since))
        },
    }
}
