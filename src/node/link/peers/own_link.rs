//! Our own link to a neighbour, as it is dialled, comes up, tells and breaks.

use super::super::security::LinkSecurity;
use super::{Attempt, LinkState, Peer};
use crate::limits;
use crate::node::outage::Mention;
use crate::node::random::Random;
use crate::positions::Positions;
use crate::transport::{ConnectionId, Lost, Monotonic};
use std::time::Duration;

impl Peer {
    /// It is there: no pause need pass before it is dialled. However often somebody greets in its name,
    /// it is dialled once a [`REDIAL_PAUSE_MIN`](limits::REDIAL_PAUSE_MIN) at most, and once a
    /// [`REDIAL_REFUSED_PAUSE`](limits::REDIAL_REFUSED_PAUSE) where it refuses us.
    pub(in crate::node::link) fn dial_soon(&mut self, now: Monotonic) {
        let soonest = self.outage.soonest(now);
        match &mut self.link {
            LinkState::Down { redial_at } => *redial_at = soonest.min(*redial_at),
            LinkState::Dialling { again_at } => {
                again_at.get_or_insert(self.outage.doubted_at().max(now));
            }
            LinkState::Greeting { .. } | LinkState::Up { .. } => self.outage.expect(),
        }
    }

    /// Whether nobody has dialled it after that attempt.
    pub(in crate::node::link) fn is_dialled_by(&self, attempt: Attempt) -> bool {
        self.attempt == attempt
    }

    /// The present attempt, or the link that came of it, ended for that reason.
    pub(in crate::node::link) fn ended(&mut self, cause: &Lost, security: LinkSecurity) {
        // Who speaks it, and shows a certificate that is not the neighbour's, is nobody to go plain with.
        let is_plain = matches!(cause, Lost::NotTls(_));
        self.without_tls = security == LinkSecurity::TlsPreferred && is_plain;
    }

    /// Our link to it breaks, on which it was heard last at that time.
    pub(in crate::node::link) fn was_heard(&mut self, at: Monotonic) {
        self.outage.begin(at);
    }

    /// The present attempt has connected.
    pub(in crate::node::link) fn connected(&mut self, connection: ConnectionId) {
        self.link = LinkState::Greeting { connection };
    }

    /// For how long our link to it was down, if it answers now in the epoch in which it did before: it may
    /// hold what was forgotten meanwhile.
    pub(in crate::node::link) fn cut_for(&self, epoch: u64, now: Monotonic) -> Option<Duration> {
        self.outage.lasts(now).filter(|_| self.answered_in == Some(epoch))
    }

    /// The neighbour answered our greeting in that epoch and says that it has received our feed up to
    /// there: the link is up, and goes on from there. The next failure is news again. False if we have never sent that
    /// much: then it is told everything.
    pub(in crate::node::link) fn answered(
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
    pub(in crate::node::link) fn may_start_over(&self, now: Monotonic) -> bool {
        let doubled = self.started_over_in_vain.clamp(1, u32::BITS) - 1;
        let pause = limits::START_OVER_PAUSE.saturating_mul(1 << doubled);
        let pause = pause.min(limits::START_OVER_PAUSE_MAX);
        let recent = |at| now.since(at) < pause;
        !self.started_over_at.is_some_and(recent)
    }

    /// What it has received is not what it seems to be: it is told everything again, also what it once
    /// told us, for that may be what it has lost.
    pub(in crate::node::link) fn start_over(&mut self, positions: &mut Positions, now: Monotonic) {
        self.started_over_at = Some(now);
        self.started_over_in_vain = self.started_over_in_vain.saturating_add(1);
        self.started_over += 1;
        positions.seek(&self.cursor, 0);
        self.behind.restart(0, positions.head(), now);
        self.received.doubt(positions);
    }

    /// Our feed has come to that head, as its link notices.
    pub(in crate::node::link) fn has_news(&mut self, head: u64, now: Monotonic) {
        self.behind.news(head, now);
    }

    /// It has been sent all, and what is beyond that it has told us itself.
    pub(in crate::node::link) fn is_owed_up_to(&mut self, told: u64) {
        self.behind.is_owed_up_to(told);
    }

    /// It has acknowledged our feed up to there; how long that took is counted, if it `counts`.
    pub(in crate::node::link) fn acknowledged(
        &mut self,
        sequence: u64,
        now: Monotonic,
        counts: bool,
    ) {
        let Peer { behind, propagation, .. } = self;
        behind.acknowledge(sequence, now, |took| {
            if counts {
                propagation.add(took);
            }
        });
    }

    /// It was compared what both of us hold, which may or may not have told something.
    pub(in crate::node::link) fn compared(&mut self, verdict: Option<bool>, now: Monotonic) {
        self.compared = verdict.map(|agrees| (agrees, now)).or(self.compared);
    }

    /// What both of us hold cannot be compared, whatever it was before.
    pub(in crate::node::link) fn cannot_be_compared(&mut self) {
        self.compared = None;
    }

    /// It holds what we hold, or has just begun to live: if something is wrong again, that is news.
    pub(in crate::node::link) fn agrees(&mut self) {
        self.started_over_in_vain = 0;
    }

    pub(super) fn came_up(&mut self, now: Monotonic, connection: ConnectionId, epoch: u64) {
        self.link = LinkState::Up { connection, epoch };
        self.outage.end(now);
    }

    /// The link is down, or was dialled in vain: sets the time of the next try (see
    /// [`Outage::next_pause`]) and says what belongs in the log.
    pub(in crate::node::link) fn went_down(
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
    pub(super) fn redial_at(&self) -> Option<Monotonic> {
        match self.link {
            LinkState::Down { redial_at } => Some(redial_at),
            LinkState::Dialling { again_at } => again_at,
            LinkState::Greeting { .. } | LinkState::Up { .. } => None,
        }
    }
}
