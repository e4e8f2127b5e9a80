//! What a watcher is told, and how it is written.

use crate::positions::{Change, Position};
use crate::wire::EventId;
use crate::wire::client_json::{ClientAt, write_client, write_client_alone, write_client_gone};
use crate::wire::neighbour::{write_at, write_gone};

/// One thing to tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) struct Event<'a> {
    /// All that there was to tell up to this number of the feed has been told with it.
    pub sequence: u64,
    /// So has been who departed, up to this number, where that number of the feed does not
    /// [say it](super::departures).
    pub departure: Option<u64>,
    pub news: News<'a>,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) enum News<'a> {
    /// Where a client is.
    At(Position<'a>),
    /// The client with this id has left what is watched.
    Out(&'a [u8]),
    /// A client was forgotten.
    Gone(Change<'a>),
    /// The position of the client with this id has become too old.
    Expired(&'a [u8]),
    /// All has been told that was so when the watch with these fields began.
    Now(&'a [u8]),
    /// Several events, written before in the watcher's form.
    Written(&'a [u8]),
}

impl News<'_> {
    /// Whom it is about, if it is about one client.
    pub fn client(&self) -> Option<&[u8]> {
        match self {
            News::At(position) => Some(position.text().client()),
            News::Gone(change) => Some(change.text().client()),
            News::Out(client) | News::Expired(client) => Some(client),
            News::Now(_) | News::Written(_) => None,
        }
    }
}

/// Whether another event may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Room {
    Yes,
    No,
}

/// How a watcher reads events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Form {
    /// As lines of the clients' protocol.
    Lines,
    /// As [server-sent events](https://html.spec.whatwg.org/multipage/server-sent-events.html) with JSON;
    /// `id` is an [`EventId`] with this number of the server's life.
    ServerSent { life: u32 },
}

impl Form {
    /// How many there are.
    pub const COUNT: usize = 2;

    /// Which of them it is.
    pub fn index(self) -> usize {
        match self {
            Form::Lines => 0,
            Form::ServerSent { .. } => 1,
        }
    }
}

impl Event<'_> {
    /// Appends it in that form.
    pub fn write(&self, form: Form, out: &mut Vec<u8>) {
        match (form, self.news) {
            (_, News::Written(written)) => out.extend_from_slice(written),
            (Form::Lines, _) => self.write_line(out),
            (Form::ServerSent { life }, _) => self.write_server_sent(life, out),
        }
    }

    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"~ ");
        match self.news {
            News::Written(_) => {}
            News::At(position) => {
                let difference = position.difference_nanoseconds();
                write_at(out, position.origin_name(), difference, position.text().bytes());
            }
            News::Gone(change) => {
                let difference = change.difference_nanoseconds();
                write_gone(out, change.origin_name(), difference, change.text().bytes());
            }
            News::Out(client) => write_words(out, b"OUT ", client),
            News::Expired(client) => write_words(out, b"EXPIRED ", client),
            News::Now(fields) => write_words(out, b"NOW ", fields),
        }
    }

    fn write_server_sent(&self, life: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"id: ");
        EventId { life, sequence: self.sequence, departure: self.departure }.write(out);
        match self.news {
            News::Written(_) => {}
            News::At(position) => {
                out.extend_from_slice(b"\nevent: at\ndata: ");
                write_client(out, None, &client_at(&position));
            }
            News::Out(client) => {
                out.extend_from_slice(b"\nevent: out\ndata: ");
                write_client_alone(out, client);
            }
            News::Expired(client) => {
                out.extend_from_slice(b"\nevent: expired\ndata: ");
                write_client_alone(out, client);
            }
            News::Gone(change) => {
                out.extend_from_slice(b"\nevent: gone\ndata: ");
                write_client_gone(out, &client_at(&change));
            }
            News::Now(_) => out.extend_from_slice(b"\nevent: now\ndata: {}"),
        }
        out.extend_from_slice(b"\n\n");
    }
}

fn write_words(out: &mut Vec<u8>, words: &[u8], fields: &[u8]) {
    out.extend_from_slice(words);
    out.extend_from_slice(fields);
    out.push(b'\n');
}

/// A change as JSON is made of it; a tombstone has no location.
pub(in crate::node) fn client_at<'a>(change: &Change<'a>) -> ClientAt<'a> {
    let text = change.text();
    ClientAt {
        client: text.client(),
        location: text.location(),
        time: text.time(),
        server: change.origin_name(),
        difference_nanoseconds: change.difference_nanoseconds(),
    }
}
