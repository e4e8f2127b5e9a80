//! Visitors of the web port: what they ask, how they read responses and events, and what these may
//! say. Heads, JSON and events are read without the program's own readers.
//!
//! What a visitor asks is noted in the [`Talk`] of its connection, too, where the model of the server's
//! side finds it ([`watch::web`](super::watch)): so nobody has to read requests once more.

mod answers;
pub mod events;
mod http;
pub mod json;
mod requests;
mod told;
mod visitor;

use answers::judge;
pub use http::{Response, Responses};
pub use visitor::WebVisitor;

use std::collections::VecDeque;

/// A report as it is said: the location as the line has it, and the time, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub client: String,
    pub location: String,
    pub time: Option<String>,
    /// Answered by `[]` and 200, whatever becomes of it.
    pub is_owntracks: bool,
    /// Answered by what is known of the client.
    pub is_put: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Report(Said),
    Client(String),
    Near { bound: usize },
    Places(String),
    Status,
    Metrics,
    Health,
    HeadOfHealth,
    Readiness,
    Nowhere,
    Events,
}

impl Asked {
    pub fn is_head(&self) -> bool {
        *self == Asked::HeadOfHealth
    }

    /// Whether its answer may be waited for though the server could go on.
    pub fn may_take_time(&self) -> bool {
        matches!(self, Asked::Near { .. } | Asked::Places(_) | Asked::Events)
    }
}

/// What has been asked on one connection, and what of it was acknowledged.
#[derive(Debug, Default)]
pub struct Talk {
    /// Each with how many bytes had been said behind it.
    asked: Vec<(Asked, u64)>,
    said: u64,
    /// For each report that was answered by 200, as that is written: the line that it is, if it was taken.
    acknowledged: VecDeque<Option<Vec<u8>>>,
}

impl Talk {
    /// Another request of so many bytes.
    pub fn asks(&mut self, asked: Asked, bytes: usize) {
        self.said += bytes as u64;
        self.asked.push((asked, self.said));
    }

    /// That one, and whether all of it is within the first `arrived` bytes.
    pub fn request(&self, number: usize, arrived: u64) -> Option<&Asked> {
        self.asked.get(number).filter(|(_, end)| *end <= arrived).map(|(asked, _)| asked)
    }

    /// The requests from that one on that are within the first `arrived` bytes.
    pub fn requests(&self, from: usize, arrived: u64) -> impl Iterator<Item = &Asked> {
        let whole = self.asked.iter().skip(from).take_while(move |(_, end)| *end <= arrived);
        whole.map(|(asked, _)| asked)
    }

    pub fn acknowledge(&mut self, line: Option<Vec<u8>>) {
        self.acknowledged.push_back(line);
    }

    /// What the next report is that is answered by 200.
    pub fn take_acknowledged(&mut self) -> Option<Option<Vec<u8>>> {
        self.acknowledged.pop_front()
    }
}
