//! What a neighbour has told us: in which of its epochs, up to where, and on which connection.

use crate::positions::{NeighbourEpoch, Positions};
use crate::transport::ConnectionId;

/// What one neighbour has told us.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// The epoch with which it greeted us last. None before it ever did.
    epoch: Option<u64>,
    /// Up to which of its sequence numbers of that epoch we have received everything, as it says.
    up_to: u64,
    /// Marks the positions that it told us in that epoch.
    mark: Option<NeighbourEpoch>,
    /// The connection on which it greeted us last; an earlier one is given up.
    connection: Option<ConnectionId>,
}

/// What a neighbour that greets us is to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Welcome {
    /// Whether it is in the epoch that we know, and up to where we have received its feed of that.
    pub is_known_epoch: bool,
    pub received_up_to: u64,
    /// The connection on which it greeted us before, to be given up.
    pub former: Option<ConnectionId>,
}

impl Received {
    /// It greets us. In an epoch that we do not know it has received nothing from us, we have received
    /// nothing from it, and what it told us in an earlier one it may have lost.
    pub fn greeted(
        &mut self,
        positions: &mut Positions,
        epoch: u64,
        connection: ConnectionId,
    ) -> Welcome {
        let former = self.connection.replace(connection);
        let is_known_epoch = self.epoch == Some(epoch);
        if !is_known_epoch {
            self.epoch = Some(epoch);
            self.up_to = 0;
            self.doubt(positions);
        }
        Welcome { is_known_epoch, received_up_to: self.up_to, former }
    }

    /// What it told us so far counts from now on as told by nobody: it may have lost it.
    pub fn doubt(&mut self, positions: &mut Positions) {
        if let Some(mark) = self.mark.take() {
            positions.end_epoch(mark);
        }
        if self.epoch.is_some() {
            self.mark = positions.begin_epoch();
        }
    }

    /// All of its feed has been received up to here, as it says on that connection; on a former one it
    /// says nothing, for what that still delivers may be of another epoch, or of somebody else. A
    /// neighbour that tells everything again goes back.
    pub fn marked(&mut self, connection: ConnectionId, sequence: u64) {
        if self.is_heard_on(connection) {
            self.up_to = sequence;
        }
    }

    /// Up to which of its sequence numbers we have received everything.
    pub fn up_to(&self) -> u64 {
        self.up_to
    }

    /// Marks the positions that it told us in that epoch, unless that is over.
    pub fn mark_of(&self, epoch: u64) -> Option<&NeighbourEpoch> {
        if self.epoch == Some(epoch) { self.mark.as_ref() } else { None }
    }

    /// The connection on which it greeted us last, if it is alive.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    /// Whether that is the connection on which it greeted us last.
    pub fn is_heard_on(&self, connection: ConnectionId) -> bool {
        self.connection == Some(connection)
    }

    /// A connection on which it greeted us is gone.
    pub fn hung_up(&mut self, connection: ConnectionId) {
        if self.is_heard_on(connection) {
            self.connection = None;
        }
    }

    /// What is wrong with it, if anything is.
    #[cfg(any(test, debug_assertions))]
    pub fn check(&self) -> Result<(), String> {
        let Received { epoch, up_to, mark, connection } = self;
        if epoch.is_none() && (*up_to > 0 || mark.is_some() || connection.is_some()) {
            return Err(format!("it has never greeted, and we have received up to {up_to}"));
        }
        Ok(())
    }
}
