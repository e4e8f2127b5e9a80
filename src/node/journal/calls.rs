//! What the rest of the server asks of the journal.

use super::{Promise, Promised};
use crate::limits;
use crate::node::Node;
use crate::node::counts::Refused;
use crate::node::report::Untaken;
use crate::transport::{Action, ConnectionId, FileEvent, FileId, Now};

impl Node {
    /// A delivery has been taken: appends what it has brought where there are so many positions that those
    /// would have to be fetched again at the end of the turn.
    pub(in crate::node) fn keep_at_hand(&mut self, now: Now) {
        let Node { journal: Some(journal), positions, .. } = self else { return };
        let is_much = journal.waiting_bytes() >= limits::JOURNAL_AT_HAND_BYTES_MAX;
        if positions.len() >= limits::PREFETCH_POSITIONS_MIN && !is_much {
            journal.append_news(positions, now);
        }
    }

    /// A turn ends: appends what it has brought.
    pub(in crate::node) fn keep_journal(&mut self, now: Now) {
        let Node { journal: Some(journal), positions, news, .. } = self else { return };
        journal.keep(positions, now, *news);
        self.journal_at = journal.deadline(positions);
        self.ask_for_files();
    }

    /// What came of a file of the journal.
    pub(in crate::node) fn journal_event(&mut self, file: FileId, event: FileEvent, now: Now) {
        let Node { journal: Some(journal), positions, .. } = self else { return };
        journal.event(file, event, positions, now.monotonic);
        self.journal_at = journal.deadline(positions);
        let is_broken = !journal.is_whole;
        while let Some(id) = self.journal.as_mut().and_then(|j| j.promises.next_called(is_broken)) {
            self.wake(id);
        }
        self.ask_for_files();
    }

    fn ask_for_files(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        let requests = journal.requests.drain(..);
        self.actions.extend(requests.map(|(file, request)| Action::File(file, request)));
    }

    /// Whether a report can be taken: not where it could not be promised to be kept.
    pub(in crate::node) fn may_promise(&mut self) -> Result<(), Untaken> {
        if self.journal.as_ref().is_some_and(|journal| journal.is_refusing()) {
            self.counts.refused(Refused::NotKept);
            return Err(Untaken::NotKept);
        }
        Ok(())
    }

    /// What must be kept before a report that has just been taken is answered; None if it may be at once.
    pub(in crate::node) fn promise(&self) -> Option<Promise> {
        let journal = self.journal.as_ref().filter(|journal| journal.options.always)?;
        journal.promises.promise(self.positions.head())
    }

    /// What has become of a promise.
    pub(in crate::node) fn look_at(&self, promise: Promise) -> Promised {
        self.journal.as_ref().map_or(Promised::Kept, |journal| journal.promises.look(promise))
    }

    /// The same once it has been made; if it is not known yet, that connection is called when it is.
    pub(in crate::node) fn wait_for(
        &mut self,
        promise: Promise,
        connection: ConnectionId,
    ) -> Promised {
        let Some(journal) = &mut self.journal else { return Promised::Kept };
        let promised = journal.promises.look(promise);
        if promised == Promised::Waiting {
            journal.promises.wait(promise, connection);
        }
        promised
    }
}
