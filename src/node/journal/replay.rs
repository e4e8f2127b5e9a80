//! What a journal held when its server started: taken in file by file, in order.
//!
//! Nothing is dead yet meanwhile: what says that a client is forgotten must put an end to what it is about,
//! though both are over by now. The first turn lets go of what is.

use super::{Journal, JournalOptions};
use crate::journal::{lines, record};
use crate::limits;
use crate::node::Node;
use crate::positions::{Positions, Report, Text, Update};
use crate::wire::At;
use std::error::Error;
use std::fmt;

/// Why a journal cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayError {
    /// It holds more than there may be.
    NoRoom,
}

impl Error for ReplayError {}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::NoRoom => {
                f.write_str("there is no room for all that the journal holds (see --memory)")
            }
        }
    }
}

impl Node {
    /// A journal is kept from now on, and what is taken in until the first turn was in it.
    pub fn open_journal(&mut self, options: JournalOptions) {
        self.settings.promises = options.always;
        self.settings.is_guarded |= options.always;
        let names = (&*self.settings.herd, &*self.settings.name);
        let seconds = self.settings.lifetimes.tombstone_seconds;
        self.journal = Some(Box::new(Journal::new(options, names, seconds, &mut self.positions)));
    }

    /// Takes in a file of the journal, of that number and length: the lines of its blocks. Lines that say
    /// nothing are passed over: how many there were.
    ///
    /// # Errors
    /// If there is no room.
    pub fn replay<'a>(
        &mut self,
        (number, bytes, is_rotten): (u64, u64, bool),
        blocks: impl Iterator<Item = &'a [u8]>,
    ) -> Result<u64, ReplayError> {
        let Node { journal: Some(journal), positions, .. } = self else { return Ok(0) };
        let end = positions.open_cursor();
        journal.segments.begin(number, &end, positions);
        positions.close_cursor(end);
        let (mut good, mut useless) = (0, 0);
        let mut batch = Batch::default();
        for block in blocks {
            for line in lines(block) {
                match record(line) {
                    Some(at) => {
                        good += 1;
                        batch.add(at, positions)?;
                    }
                    None => useless += 1,
                }
            }
        }
        batch.take_in(positions)?;
        journal.segments.found(bytes, good, is_rotten || useless > 0);
        let end = positions.open_cursor();
        journal.segments.end(&end, positions);
        positions.close_cursor(end);
        journal.starts_here(positions);
        Ok(useless)
    }
}

impl Journal {
    /// All that there is so far was there before.
    fn starts_here(&mut self, positions: &mut Positions) {
        positions.seek(&self.cursor, u64::MAX);
        self.promises.restart(positions);
    }
}

/// Several lines whose records are fetched at once.
#[derive(Default)]
struct Batch<'a> {
    records: Vec<At<'a>>,
    /// Whether any of the last were known already, as these will be then.
    are_known: bool,
}

impl<'a> Batch<'a> {
    fn add(&mut self, at: At<'a>, positions: &mut Positions) -> Result<(), ReplayError> {
        self.records.push(at);
        if self.records.len() < limits::PREFETCH_LINES_MAX {
            return Ok(());
        }
        self.take_in(positions)
    }

    fn take_in(&mut self, positions: &mut Positions) -> Result<(), ReplayError> {
        if positions.len() >= limits::PREFETCH_POSITIONS_MIN {
            let mut clients: [&[u8]; limits::PREFETCH_LINES_MAX] = [b""; _];
            for (client, at) in clients.iter_mut().zip(&self.records) {
                *client = at.client;
            }
            let clients = &clients[..self.records.len()];
            match self.are_known {
                true => positions.prefetch(clients),
                false => positions.prefetch_unknown(clients),
            }
        }
        self.are_known = false;
        self.records.drain(..).try_for_each(|at| {
            self.are_known |= take_in(&at, positions)? != Update::New;
            Ok(())
        })
    }
}

fn take_in(at: &At<'_>, positions: &mut Positions) -> Result<Update, ReplayError> {
    // (Each is whole, by its grammar; and of servers that are not of the herd there are only so many.)
    let (Some(text), Some(origin)) = (Text::of_told(at), positions.intern(at.server)) else {
        return Ok(Update::Known);
    };
    let report = Report {
        origin,
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text,
    };
    let taken = match positions.update(&report, None) {
        // Lines are in the order in which all was known here: the tombstone was over when this came.
        Update::Known
            if !at.location.is_empty()
                && positions.tombstones() > 0
                && positions.is_forgotten(at.client) =>
        {
            positions.remove(at.client);
            positions.update(&report, None)
        }
        taken => taken,
    };
    match taken {
        Update::Full => Err(ReplayError::NoRoom),
        taken => Ok(taken),
    }
}
