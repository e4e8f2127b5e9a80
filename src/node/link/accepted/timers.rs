//! What the accepted end of a link waits for, and its acknowledgements.

use super::{Accepted, State};
use crate::limits;
use crate::node::Node;
use crate::node::deadlines::Deadlines;
use crate::node::link::peers::PeerId;
use crate::transport::Context;
use crate::wire::neighbour::write_acknowledge;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The neighbour has been silent for too long, or a stranger has not greeted.
    Silence,
    /// The other connection of the neighbour may have fallen silent.
    Conflict,
    /// An acknowledgement is due: soon when a mark has come, else now and then.
    Acknowledge,
}

impl Accepted {
    /// Acknowledges the last mark of the neighbour's present epoch, and shows that we live; unless
    /// the neighbour has enough to read: then it is tried again when the next one is due.
    pub(super) fn acknowledge(&mut self, cx: &mut Context<'_, Node>, peer: PeerId) {
        self.acknowledged = cx.now.monotonic;
        if cx.transport.is_full() {
            return;
        }
        let sequence = cx.app.peers[peer].received().up_to();
        let Some(digest) = self.told.digest_for(self.version, &cx.app.positions) else { return };
        cx.transport.write_with(|out| write_acknowledge(out, sequence, digest));
        self.owes = false;
    }

    pub(super) fn deadlines(&self) -> Deadlines<Timer, 3> {
        let pause = if self.owes { limits::ACKNOWLEDGE_PAUSE } else { limits::HEARTBEAT_INTERVAL };
        let is_known = matches!(self.state, State::Known { .. });
        let look_at = match self.state {
            State::Waiting { look_at, .. } => Some(look_at),
            State::Stranger | State::Known { .. } | State::Refused { .. } => None,
        };
        let silence_max =
            if is_known { limits::NEIGHBOUR_SILENCE_MAX } else { limits::GREETING_TIMEOUT };
        let silent_at = self.heard + silence_max;
        Deadlines([
            (Timer::Conflict, look_at),
            (Timer::Silence, look_at.is_none().then_some(silent_at)),
            (Timer::Acknowledge, is_known.then(|| self.acknowledged + pause)),
        ])
    }

    pub(super) fn set_timer(&self, cx: &mut Context<'_, Node>) {
        cx.transport.set_timer(self.deadlines().next());
    }

    pub(super) fn acknowledge_if_due(&mut self, cx: &mut Context<'_, Node>) {
        if let State::Known { peer, .. } = self.state
            && self.deadlines().due(cx.now.monotonic) == Some(Timer::Acknowledge)
        {
            self.acknowledge(cx, peer);
        }
    }
}
