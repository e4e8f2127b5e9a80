//! What whoever watches is told by, at whichever port.

use super::Node;
use super::hub::{Event, Room, WatcherId};
use crate::limits;
use crate::transport::{ConnectionId, Monotonic, Transport};
use log::warn;

impl Node {
    /// Tells a watcher what there is to tell by `write`, if it is its turn, there is room, and nothing is
    /// held back that comes before. False if it is told no more, and its connection dropped: for all who
    /// watch together too much is kept, and for this one much.
    pub(super) fn tell_watcher(
        &mut self,
        (role, watcher): (&'static str, WatcherId),
        transport: &mut Transport,
        now: Monotonic,
        is_held_back: bool,
        mut write: impl FnMut(&mut Vec<u8>, &Event<'_>),
    ) -> bool {
        if !self.hub.may_stay(watcher) {
            self.tell_too_much(role, transport.id(), now);
            transport.abort();
            return false;
        }
        if is_held_back || !transport.request_room() {
            self.hub.block(watcher);
            return true;
        }
        self.hub.resume(watcher);
        self.hub.tell(watcher, &mut self.positions, |event| {
            transport.write_with(|out| write(out, event));
            if transport.request_room() { Room::Yes } else { Room::No }
        });
        true
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
