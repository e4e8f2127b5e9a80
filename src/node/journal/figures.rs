//! What there is to see of the journal, for who watches the server.

use crate::node::Node;

/// What a journal is like, for who watches the server.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) struct JournalFigures {
    pub always: bool,
    pub is_whole: bool,
    pub files: usize,
    pub bytes: u64,
    pub live_bytes: u64,
    /// Changes that the disk is not known to hold.
    pub unforced_changes: u64,
    pub failures: u64,
    /// How many more bytes its disk had room for lately, where that is known.
    pub room_bytes: Option<u64>,
}

impl Node {
    /// What there is to see of the journal.
    pub(in crate::node) fn journal_figures(&self) -> Option<JournalFigures> {
        let journal = self.journal.as_ref()?;
        let safe_up_to = self.positions.sent_up_to(journal.promises.safe());
        Some(JournalFigures {
            always: journal.options.always,
            is_whole: journal.is_whole,
            files: journal.segments.len(),
            bytes: journal.segments.bytes(),
            live_bytes: journal.segments.live_bytes(&self.positions),
            unforced_changes: self.positions.head() - safe_up_to,
            failures: journal.failures,
            room_bytes: journal.room,
        })
    }
}
