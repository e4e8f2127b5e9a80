//! What a watcher is told.

use crate::positions::{Change, Position};
use crate::wire::neighbour::{write_at, write_gone};

/// One thing to tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) enum Event<'a> {
    /// Where a client is.
    At(Position<'a>),
    /// The client with this id has left what is watched.
    Out(&'a [u8]),
    /// A client was forgotten.
    Gone(Change<'a>),
    /// All has been told that was so when the watch with these fields began.
    Now(&'a [u8]),
    /// Several events as lines, written before.
    Lines(&'a [u8]),
}

/// Whether another event may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Room {
    Yes,
    No,
}

impl Event<'_> {
    /// Appends it as lines of the clients' protocol.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Event::Lines(lines) => out.extend_from_slice(lines),
            Event::At(position) => {
                out.extend_from_slice(b"~ ");
                let difference = position.difference_nanoseconds();
                write_at(out, position.origin_name(), difference, position.text().bytes());
            }
            Event::Gone(change) => {
                out.extend_from_slice(b"~ ");
                let difference = change.difference_nanoseconds();
                write_gone(out, change.origin_name(), difference, change.text().bytes());
            }
            Event::Out(client) => write_line(out, b"~ OUT ", client),
            Event::Now(fields) => write_line(out, b"~ NOW ", fields),
        }
    }
}

fn write_line(out: &mut Vec<u8>, words: &[u8], fields: &[u8]) {
    out.extend_from_slice(words);
    out.extend_from_slice(fields);
    out.push(b'\n');
}
