//! What a neighbour tells on one connection: positions, who was forgotten, and marks.

use super::catch_up::CatchUp;
use super::peers::{Peer, PeerId};
use crate::limits;
use crate::node::Node;
use crate::node::agreement::{digest_for, is_comparable};
use crate::node::lines::{IN, log_at};
use crate::node::told::{NotTaken, report_told};
use crate::positions::{Kind, Positions, Update};
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::neighbour::{Digest, Version};
use crate::wire::{At, Printable};
use log::{Level, error, log};
use std::mem;

/// What has been told on it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What has been told since it came up, until that is all that there was.
    catch_up: Option<CatchUp>,
    /// Whether anything has been told since the last mark.
    since_mark: bool,
    /// What it held, by its last mark.
    marked_digest: Option<Digest>,
}

impl Told {
    /// On a connection that has come up now.
    pub fn since(now: Monotonic) -> Self {
        Told { catch_up: Some(CatchUp::new(now)), ..Told::default() }
    }

    /// Whether what is told is still what there was when the connection came up.
    #[cfg(test)]
    pub fn is_catching_up(&self) -> bool {
        self.catch_up.is_some()
    }

    /// The digest with which a neighbour with whom that version is spoken is acknowledged: of what we
    /// hold, where it can compare that. Else it would find that we hold something else, however often it
    /// told us everything again, and warn of it each time; with the digest of its own last mark it finds
    /// nothing to be done. It marks its feed at once where it has nothing to tell: until then it is owed
    /// no acknowledgement.
    pub fn digest_for(&self, version: Version, ours: &Positions) -> Option<Digest> {
        if is_comparable(version, ours) {
            Some(digest_for(version, ours))
        } else {
            self.marked_digest
        }
    }

    /// A position is told, or that a client was forgotten, by that neighbour in that epoch.
    pub fn change(
        &mut self,
        node: &mut Node,
        (peer, epoch): (PeerId, u64),
        id: ConnectionId,
        line: &[u8],
        at: &At<'_>,
    ) -> Result<(), NotTaken> {
        self.log(id, line);
        let (origin, is_foreign) = node.origin_told(at.server).ok_or(NotTaken::Name)?;
        if is_foreign {
            node.peers[peer].received_mut().named_a_foreign_server();
        }
        let report = report_told(at, origin).ok_or(NotTaken::Broken)?;
        if report.kind() == Kind::Tombstone {
            node.note_positions();
        }
        // Known already, newer or the first of its client: all is well, and the feed does the rest.
        match node.positions.update(&report, node.peers[peer].received().mark_of(epoch)) {
            Update::Full => return Err(NotTaken::NoRoom),
            Update::New | Update::Newer => {
                let taken = at.time_nanoseconds.saturating_add(at.difference_nanoseconds);
                node.peers[peer].received_mut().told(taken);
            }
            Update::Known => {}
        }
        Ok(())
    }

    /// As news, or as one of what there was.
    fn log(&mut self, id: ConnectionId, line: &[u8]) {
        self.since_mark = true;
        let level = if let Some(catch_up) = &mut self.catch_up {
            catch_up.count(line.len() + 1);
            Level::Trace
        } else {
            Level::Info
        };
        log_at(level, ("neighbour", IN), id, line);
    }

    /// The neighbour marks its feed. With nothing told before it a mark says that what there was has
    /// been told, which is said at that level; one that goes back, that everything is told again.
    pub fn mark(
        &mut self,
        peer: &mut Peer,
        (id, level): (ConnectionId, Level),
        (sequence, digest): (u64, Digest),
        now: Monotonic,
    ) {
        let has_told = mem::take(&mut self.since_mark);
        self.marked_digest = Some(digest);
        if sequence < peer.received().up_to() {
            self.catch_up.get_or_insert_with(|| CatchUp::new(now));
        } else if !has_told
            && let Some(told) = self.catch_up.take()
            && !told.is_empty()
        {
            log!(level, "caught up with {}: {}", peer.name(), told.summary(now));
        }
        peer.received_mut().marked(id, sequence, (!has_told).then_some(digest));
    }
}

/// A position could not be taken, through no fault of its line: says so, now and then.
#[cold]
pub(super) fn tell_not_taken(
    node: &mut Node,
    peer: PeerId,
    why: NotTaken,
    at: &At<'_>,
    now: Monotonic,
) {
    let bytes = node.positions.bytes();
    let Some(others) = node.peers[peer].received_mut().not_taken(why, now) else { return };
    let (name, server) = (node.peers[peer].name(), Printable(at.server));
    match why {
        NotTaken::Name => error!(
            "{name} names too many servers that are not of the herd: {server} is left out, and what \
             it is said to have taken, as {} are known ({}); {others} more positions were left out \
             since this was last said",
            limits::FOREIGN_SERVERS_MAX,
            node.peers.who_named_foreign_servers()
        ),
        NotTaken::NoRoom | NotTaken::Broken => error!(
            "no room for what {name} tells: positions take {bytes} bytes, twice what is allowed \
             (see --memory); its link is dropped, and was {others} more times since this was said"
        ),
    }
}
