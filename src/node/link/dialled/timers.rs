//! What the dialled end of a link waits for.

use super::Dialled;
use crate::limits;
use crate::node::Node;
use crate::node::deadlines::Deadlines;
use crate::transport::Context;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The neighbour has been silent for too long.
    Silence,
    /// The feed is to be marked again, moved or not.
    Heartbeat,
}

impl Dialled {
    pub(super) fn deadlines(&self) -> Deadlines<Timer, 2> {
        Deadlines([
            (Timer::Silence, Some(self.heard + limits::NEIGHBOUR_SILENCE_MAX)),
            (Timer::Heartbeat, Some(self.marked + limits::HEARTBEAT_INTERVAL)),
        ])
    }

    pub(super) fn set_timer(&self, cx: &mut Context<'_, Node>) {
        cx.transport.set_timer(self.deadlines().next());
    }
}
