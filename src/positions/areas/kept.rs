//! Records as they were when they were copied.

use super::super::change::Change;
use super::super::text::Text;
use crate::limits;

/// A server's name and a report as phones write it.
const BYTES_USUAL: usize = 64;

/// What is told of a client that is near.
#[derive(Debug, Clone, Copy)]
pub struct FoundClient<'a> {
    /// How far it is: rounded metres.
    pub metres: u32,
    /// The server that took its report.
    pub server: &'a [u8],
    /// When that was, less the client's time.
    pub difference_nanoseconds: i64,
    /// The report.
    pub text: Text<'a>,
}

/// Clients that are near, as they were at one moment: at most
/// [`NEAR_RESULTS_MAX`](limits::NEAR_RESULTS_MAX), whose texts are of lines.
#[derive(Debug, Default)]
pub struct Kept {
    clients: Vec<KeptClient>,
    /// How many of them have been taken.
    at: usize,
    /// The servers' names and the texts, one after the other.
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct KeptClient {
    metres: u32,
    client_len: u16,
    location_len: u16,
    difference_nanoseconds: i64,
    /// Where the server's name begins, the text behind it, and where that ends.
    server_at: u32,
    text_at: u32,
    end: u32,
}

const _: () = {
    // A search may have copied so much when it begins to copy its last one.
    let of_each = limits::SERVER_NAME_BYTES_MAX + limits::CLIENT_LINE_BYTES_MAX;
    let copies = limits::NEAR_COPIES_PER_RESULT_MAX * 2 * limits::NEAR_RESULTS_MAX as usize;
    assert!(copies * of_each < u32::MAX as usize);
};

impl Kept {
    /// Of nobody yet, and with room for so many clients.
    pub fn with_capacity(clients: usize) -> Self {
        let bytes = Vec::with_capacity(clients * BYTES_USUAL);
        Kept { clients: Vec::with_capacity(clients), at: 0, bytes }
    }

    /// Copies a position.
    pub fn push(&mut self, metres: u32, change: &Change<'_>) {
        let (server_at, text) = (self.bytes.len() as u32, change.text());
        self.bytes.extend_from_slice(change.origin_name());
        let text_at = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.bytes());
        self.clients.push(KeptClient {
            metres,
            client_len: text.client_len() as u16,
            location_len: text.location_len() as u16,
            difference_nanoseconds: change.difference_nanoseconds(),
            server_at,
            text_at,
            end: self.bytes.len() as u32,
        });
    }

    /// How many clients have not been taken.
    pub fn len(&self) -> usize {
        self.clients.len() - self.at
    }

    /// Whether all have been taken.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it takes.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.clients.len() * size_of::<KeptClient>()
    }

    /// The id of one by its place in the order of copying.
    pub(super) fn client(&self, copy: usize) -> &[u8] {
        let KeptClient { client_len, text_at, .. } = self.clients[copy];
        &self.bytes[text_at as usize..][..client_len.into()]
    }

    /// Only these, by their places in the order of copying, and in this order.
    pub(super) fn pick(self, copies: impl Iterator<Item = usize>) -> Kept {
        let clients = copies.map(|copy| self.clients[copy]).collect();
        Kept { clients, ..self }
    }

    /// Takes the next.
    #[expect(clippy::should_implement_trait, reason = "what it lends is its own")]
    pub fn next(&mut self) -> Option<FoundClient<'_>> {
        let client = *self.clients.get(self.at)?;
        self.at += 1;
        let (server_at, text_at) = (client.server_at as usize, client.text_at as usize);
        let text = &self.bytes[text_at..client.end as usize];
        Some(FoundClient {
            metres: client.metres,
            server: &self.bytes[server_at..text_at],
            difference_nanoseconds: client.difference_nanoseconds,
            text: Text::of_parsed(text, client.client_len.into(), client.location_len.into()),
        })
    }
}
