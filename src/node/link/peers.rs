//! What this server knows of each neighbour: how its own link to it stands, and what it has received
//! from it. The two connections of a pair of neighbours meet here.

use super::behind::Behind;
use super::outage::{Mention, Outage};
use super::received::{Received, Welcome};
use super::security::LinkSecurity;
use crate::limits;
use crate::node::histogram::Histogram;
use crate::node::random::Random;
use crate::positions::{Cursor, Positions};
use crate::transport::{ConnectionId, Endpoint, Lost, Monotonic, Security};
use std::ops::{Index, IndexMut};
use std::time::Duration;

/// The neighbours of this server.
#[derive(Debug)]
pub(in crate::node) struct Peers(Vec<Peer>);

/// Which neighbour. Given out by the [`Peers`] and good for them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct PeerId(usize);

/// One neighbour.
#[derive(Debug)]
pub(in crate::node) struct Peer {
    name: String,
    /// Where its neighbours dial it.
    endpoint: Endpoint,
    link: LinkState,
    /// Who dialled it last; an earlier attempt that is still under way is outdated.
    attempt: Attempt,
    /// Up to where the feed has been sent to it.
    cursor: Cursor,
    received: Received,
    outage: Outage,
    /// When it was last told everything again since something was wrong, how often it was, and how often
    /// since that has helped.
    started_over_at: Option<Monotonic>,
    started_over: u64,
    started_over_in_vain: u32,
    /// In which epoch it answered us last.
    answered_in: Option<u64>,
    behind: Behind,
    /// How long changes took until it had acknowledged them.
    propagation: Histogram,
    /// Whether it holds what we hold, by the last comparison since the link came up that could tell, and
    /// when that was.
    compared: Option<(bool, Monotonic)>,
    /// How often the link to it was up and broke.
    lost: u64,
    /// Whether the next try goes without TLS, since it has just come to nothing and need not be.
    without_tls: bool,
}

/// How our link to a neighbour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    /// To be dialled at that time.
    Down { redial_at: Monotonic },
    /// Dialled. To be dialled once more at that time, if it has greeted us and does not answer: what
    /// we sent before it was there may have been lost.
    Dialling { again_at: Option<Monotonic> },
    /// Connected, and greeted by us.
    Greeting,
    /// The neighbour takes the feed, on that connection, and is in that epoch.
    Up { connection: ConnectionId, epoch: u64 },
}

/// One of the times that a neighbour is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::node) struct Attempt(u64);

impl Peers {
    /// Neighbours with these names, that are dialled there at once and are sent the feed from these
    /// cursors on.
    pub fn new(neighbours: impl Iterator<Item = (String, Endpoint, Cursor)>) -> Self {
        Peers(
            neighbours.map(|(name, endpoint, cursor)| Peer::new(name, endpoint, cursor)).collect(),
        )
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The one with that name.
    pub fn find(&self, name: &[u8]) -> Option<PeerId> {
        self.0.iter().position(|peer| peer.name.as_bytes() == name).map(PeerId)
    }

    /// How many are linked both ways: the link to it is up, and [it feeds us](Peer::feeds_us).
    pub fn linked_both_ways(&self) -> usize {
        self.0.iter().filter(|peer| peer.feeds_us()).count()
    }

    /// How often one of them was told everything again since something was wrong.
    pub fn started_over(&self) -> u64 {
        self.0.iter().map(|peer| peer.started_over).sum()
    }

    /// How many servers neighbours have named that are not of the herd.
    pub fn foreign_servers(&self) -> usize {
        self.0.iter().map(|peer| peer.received.foreign_servers()).sum()
    }

    /// Who named how many of them, for the log.
    pub fn who_named_foreign_servers(&self) -> String {
        let named = self.0.iter().map(|peer| (&peer.name, peer.received.foreign_servers()));
        let named = named.filter(|&(_, count)| count > 0);
        named.map(|(name, count)| format!("{count} by {name}")).collect::<Vec<_>>().join(", ")
    }

    /// The links that are up, and up to where each has sent the feed.
    pub fn links_up(&self) -> impl Iterator<Item = (ConnectionId, &Cursor)> {
        self.0.iter().filter_map(|peer| match peer.link {
            LinkState::Up { connection, .. } => Some((connection, &peer.cursor)),
            LinkState::Down { .. } | LinkState::Dialling { .. } | LinkState::Greeting => None,
        })
    }

    /// When the next one is to be dialled.
    pub fn dial_at(&self) -> Option<Monotonic> {
        self.0.iter().filter_map(Peer::redial_at).min()
    }

    /// One that is due to be dialled, by whom, and where; it counts as dialled from here on.
    pub fn dial_next(&mut self, now: Monotonic) -> Option<(PeerId, Attempt, Endpoint)> {
        let is_due = |peer: &Peer| peer.redial_at().is_some_and(|at| at <= now);
        let due = self.0.iter().position(is_due)?;
        let peer = &mut self.0[due];
        peer.link = LinkState::Dialling { again_at: None };
        peer.attempt.0 += 1;
        peer.outage.dialled(now);
        let mut endpoint = peer.endpoint.clone();
        if std::mem::take(&mut peer.without_tls) {
            endpoint.security = Security::Plain;
        }
        Some((PeerId(due), peer.attempt, endpoint))
    }
}

impl Index<PeerId> for Peers {
    type Output = Peer;

    fn index(&self, id: PeerId) -> &Peer {
        &self.0[id.0]
    }
}

impl IndexMut<PeerId> for Peers {
    fn index_mut(&mut self, id: PeerId) -> &mut Peer {
        &mut self.0[id.0]
    }
}

impl Peer {
    fn new(name: String, endpoint: Endpoint, cursor: Cursor) -> Self {
        Peer {
            name,
            endpoint,
            link: LinkState::Down { redial_at: Monotonic::default() },
            attempt: Attempt::default(),
            cursor,
            received: Received::default(),
            outage: Outage::new(),
            started_over_at: None,
            started_over: 0,
            started_over_in_vain: 0,
            answered_in: None,
            behind: Behind::default(),
            propagation: Histogram::default(),
            compared: None,
            lost: 0,
            without_tls: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its neighbours dial it.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Up to where the feed has been sent to it.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What it has told us.
    pub(super) fn received(&self) -> &Received {
        &self.received
    }

    /// The same, for its connections to us.
    pub(super) fn received_mut(&mut self) -> &mut Received {
        &mut self.received
    }

    /// The neighbour greets us (see [`Received::greeted`]). It is there, and so it is dialled at once if
    /// our link to it is down.
    pub(super) fn greeted(
        &mut self,
        positions: &mut Positions,
        epoch: u64,
        connection: ConnectionId,
        now: Monotonic,
    ) -> Welcome {
        self.dial_soon(now);
        self.received.greeted(positions, epoch, connection, now)
    }

    /// Whether our own link to it says that this is its epoch. Who greets us in its name and in another
    /// is what it was before, or somebody else.
    fn is_proven(&self, epoch: u64) -> bool {
        matches!(self.link, LinkState::Up { epoch: present, .. } if present == epoch)
    }

    /// Whether it has greeted us on a connection that is alive, in the epoch that our own link to it says.
    pub(super) fn feeds_us(&self) -> bool {
        self.received.present_epoch().is_some_and(|epoch| self.is_proven(epoch))
    }

    /// Until when whoever greets us in its name and that epoch has to wait, since another connection of
    /// it is alive; not if this one is proven to be the neighbour and the other is not.
    pub(super) fn keeps_waiting(&self, epoch: u64, now: Monotonic) -> Option<Monotonic> {
        let is_present_proven = self.feeds_us();
        if self.is_proven(epoch) && !is_present_proven {
            return None;
        }
        self.received.alive_until(now, is_present_proven)
    }

    /// It is there: no pause need pass before it is dialled. However often somebody greets in its name,
    /// it is dialled once a [`REDIAL_PAUSE_MIN`](crate::limits::REDIAL_PAUSE_MIN) at most; and only after the usual pause where
    /// it refuses us, which only people can mend.
    pub(super) fn dial_soon(&mut self, now: Monotonic) {
        let Some(soonest) = self.outage.soonest(now) else { return };
        match &mut self.link {
            LinkState::Down { redial_at } => *redial_at = soonest.min(*redial_at),
            LinkState::Dialling { again_at } => {
                again_at.get_or_insert(self.outage.doubted_at().max(now));
            }
            LinkState::Greeting | LinkState::Up { .. } => self.outage.expect(),
        }
    }

    /// Whether nobody has dialled it after that attempt.
    pub(super) fn is_dialled_by(&self, attempt: Attempt) -> bool {
        self.attempt == attempt
    }

    /// The present attempt, or the link that came of it, ended for that reason.
    pub(super) fn ended(&mut self, cause: &Lost, security: LinkSecurity) {
        // Who speaks it, and shows a certificate that is not the neighbour's, is nobody to go plain with.
        let is_plain = matches!(cause, Lost::NotTls(_));
        self.without_tls = security == LinkSecurity::TlsPreferred && is_plain;
    }

    /// Our link to it breaks, on which it was heard last at that time.
    pub(super) fn was_heard(&mut self, at: Monotonic) {
        self.outage.begin(at);
    }

    /// The present attempt has connected.
    pub(super) fn connected(&mut self) {
        self.link = LinkState::Greeting;
    }

    /// For how long our link to it was down, if it answers now in the epoch in which it did before: it may
    /// hold what was forgotten meanwhile.
    pub(super) fn cut_for(&self, epoch: u64, now: Monotonic) -> Option<Duration> {
        self.outage.lasts(now).filter(|_| self.answered_in == Some(epoch))
    }

    /// The neighbour answered our greeting in that epoch and says that it has received our feed up to
    /// there: the link is up, and goes on from there. The next failure is news again. False if we have never sent that
    /// much: then it is told everything.
    pub(super) fn answered(
        &mut self,
        positions: &mut Positions,
        (epoch, received_up_to): (u64, u64),
        connection: ConnectionId,
        now: Monotonic,
    ) -> bool {
        if self.answered_in.replace(epoch) != Some(epoch) {
            self.agrees();
        }
        let is_credible = received_up_to <= positions.head();
        if is_credible {
            positions.seek(&self.cursor, received_up_to);
            self.behind.restart(received_up_to, positions.head(), self.outage.since());
        } else {
            self.start_over(positions, now);
        }
        self.came_up(now, connection, epoch);
        is_credible
    }

    /// Whether it may be told everything again, which costs both as much as if it had come back empty:
    /// not soon after it was, and the later the more often that has not helped.
    pub(super) fn may_start_over(&self, now: Monotonic) -> bool {
        let doubled = self.started_over_in_vain.clamp(1, u32::BITS) - 1;
        let pause = limits::START_OVER_PAUSE.saturating_mul(1 << doubled);
        let pause = pause.min(limits::START_OVER_PAUSE_MAX);
        let recent = |at| now.since(at) < pause;
        !self.started_over_at.is_some_and(recent)
    }

    /// What it has received is not what it seems to be: it is told everything again, also what it once
    /// told us, for that may be what it has lost.
    pub(super) fn start_over(&mut self, positions: &mut Positions, now: Monotonic) {
        self.started_over_at = Some(now);
        self.started_over_in_vain = self.started_over_in_vain.saturating_add(1);
        self.started_over += 1;
        positions.seek(&self.cursor, 0);
        self.behind.restart(0, positions.head(), now);
        self.received.doubt(positions);
    }

    /// Our feed has come to that head, as its link notices.
    pub(super) fn has_news(&mut self, head: u64, now: Monotonic) {
        self.behind.news(head, now);
    }

    /// It has been sent all, and what is beyond that it has told us itself.
    pub(super) fn is_owed_up_to(&mut self, told: u64) {
        self.behind.is_owed_up_to(told);
    }

    /// It has acknowledged our feed up to there; how long that took is counted, if it `counts`.
    pub(super) fn acknowledged(&mut self, sequence: u64, now: Monotonic, counts: bool) {
        let Peer { behind, propagation, .. } = self;
        behind.acknowledge(sequence, now, |took| {
            if counts {
                propagation.add(took);
            }
        });
    }

    /// It was compared what both of us hold, which may or may not have told something.
    pub(super) fn compared(&mut self, verdict: Option<bool>, now: Monotonic) {
        self.compared = verdict.map(|agrees| (agrees, now)).or(self.compared);
    }

    /// What both of us hold cannot be compared, whatever it was before.
    pub(super) fn cannot_be_compared(&mut self) {
        self.compared = None;
    }

    /// It holds what we hold, or has just begun to live: if something is wrong again, that is news.
    pub(super) fn agrees(&mut self) {
        self.started_over_in_vain = 0;
    }

    fn came_up(&mut self, now: Monotonic, connection: ConnectionId, epoch: u64) {
        self.link = LinkState::Up { connection, epoch };
        self.outage.end(now);
    }

    /// The link is down, or was dialled in vain: sets the time of the next try (see
    /// [`Outage::next_pause`]) and says what belongs in the log.
    pub(super) fn went_down(
        &mut self,
        now: Monotonic,
        why: &str,
        refused: bool,
        random: &mut Random,
    ) -> Mention {
        self.lost += u64::from(matches!(self.link, LinkState::Up { .. }));
        self.compared = None;
        let mention = self.outage.mention(now, why);
        let pause = self.outage.next_pause(now, refused, random);
        self.link = LinkState::Down { redial_at: now + pause };
        mention
    }

    /// When the neighbour is to be dialled again.
    fn redial_at(&self) -> Option<Monotonic> {
        match self.link {
            LinkState::Down { redial_at } => Some(redial_at),
            LinkState::Dialling { again_at } => again_at,
            LinkState::Greeting | LinkState::Up { .. } => None,
        }
    }
}

#[cfg(any(test, debug_assertions))]
mod check;
mod figures;
#[cfg(test)]
mod tests;
