//! What whoever watches is told by, at whichever port.

use super::Node;
use super::hub::WatcherId;
use crate::limits;
use crate::transport::{ConnectionId, Monotonic, Transport};
use log::warn;

impl Node {
    /// Whether a watcher may be told on. If not, its connection is dropped: for all who watch together too
    /// much is kept, and for this one much.
    pub(super) fn may_watch_on(
        &mut self,
        role: &'static str,
        watcher: WatcherId,
        transport: &mut Transport,
        now: Monotonic,
    ) -> bool {
        let may_stay = self.hub.may_stay(watcher);
        if !may_stay {
            self.tell_too_much(role, transport.id(), now);
            transport.abort();
        }
        may_stay
    }

    #[cold]
    fn tell_too_much(&mut self, role: &'static str, id: ConnectionId, now: Monotonic) {
        if let Some(others) = self.watched_too_much.admit(now, limits::WATCHED_REMINDER) {
            warn!(
                "{role} {id}: dropped, since all who watch together are told of too many clients; \
                 {others} more were dropped since this was last said"
            );
        }
    }
}
