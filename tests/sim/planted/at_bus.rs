//! Bugs of gateways: planted where these hear the bus.

use super::super::bus::frames::{Batch, Frame, Frames};
use super::{Bug, Filter, Planted};
use std::collections::BTreeMap;

/// What stands between the bus and a gateway.
#[derive(Debug, Default)]
pub struct Misheard {
    frames: Frames,
    /// Up to where each server has told, by its epoch.
    up_to: BTreeMap<(String, String), u64>,
    /// What the last batch was headed by.
    head: String,
    /// What is heard though nobody said it.
    invented: Vec<Vec<u8>>,
}

impl Planted {
    /// Whether a bug is planted in what gateways hear.
    pub fn mishears_the_bus(&self) -> bool {
        matches!(self.bug, Some(Bug::PassesOverGaps | Bug::TakesAskingForHearing))
    }

    /// For a gateway's with the bus.
    pub fn filter_of_bus(&self, peer: usize) -> Option<Box<Filter>> {
        let filter = Filter { bus: Some(Box::default()), ..Filter::new(peer, None) };
        self.mishears_the_bus().then(|| Box::new(filter))
    }

    /// What the server says in a conversation.
    pub fn hears_itself(&self, filter: &mut Filter, said: &[u8]) {
        if let (Some(bus), Some(bug)) = (&mut filter.bus, self.bug) {
            bus.said(bug, said);
        }
    }
}

impl Misheard {
    /// What is heard instead of `bytes`.
    pub fn pass(&mut self, bug: Bug, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for payload in std::mem::take(&mut self.invented) {
            let (head, headers) = (self.head.clone(), Vec::new());
            Frame::Message { head, headers, payload }.write(&mut out);
        }
        self.frames.add(bytes);
        while let Some(mut frame) = self.frames.next() {
            if let Frame::Message { head, headers, payload } = &mut frame
                && headers.is_empty()
                && let Some((batch, lines)) = Batch::of(payload)
            {
                self.head.clone_from(head);
                let key = (batch.server.to_owned(), batch.epoch.to_owned());
                let up_to = self.up_to.entry(key).or_insert(batch.from);
                if bug == Bug::PassesOverGaps {
                    let batch = Batch { from: batch.from.min(*up_to), ..batch };
                    let mut instead = Vec::new();
                    batch.write(&mut instead);
                    instead.extend_from_slice(lines);
                    *up_to = batch.to.max(*up_to);
                    *payload = instead;
                }
            }
            frame.write(&mut out);
        }
        out
    }

    /// The gateway has said that.
    pub fn said(&mut self, bug: Bug, bytes: &[u8]) {
        if bug != Bug::TakesAskingForHearing || self.head.is_empty() {
            return;
        }
        for line in bytes.split(|&byte| byte == b'\n') {
            if let Some(range) = line.strip_prefix(b"AGAIN ") {
                self.invented.push([b"FEED ", range, b"\n"].concat());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(misheard: &mut Misheard, bug: Bug, bytes: &[u8]) -> Vec<u8> {
        misheard.pass(bug, bytes)
    }

    fn message(payload: &str) -> Vec<u8> {
        format!("MSG herd.feed 3 {}\r\n{payload}\r\n", payload.len()).into_bytes()
    }

    #[test]
    fn a_gap_is_hidden_and_nothing_else_is_changed() {
        let mut misheard = Misheard::default();
        let mut hears = |bytes: &[u8]| hears(&mut misheard, Bug::PassesOverGaps, bytes);
        for whole in [
            b"INFO {}\r\nPING\r\n".to_vec(),
            message("FEED sim S2 ab 10 20\nAT x\n"),
            message("DIGEST sim S2 ab 20 0 - - -\n"),
            message("FEED sim S2 ab 20 30\n"),
            b"HMSG herd.feed 3 _INBOX.x 12 13\r\nNATS/1.0\r\n\r\nx\r\n".to_vec(),
            message("hello"),
        ] {
            let (one, other) = whole.split_at(whole.len() / 2);
            assert_eq!([hears(one), hears(other)].concat(), whole);
        }
        let gap = message("FEED sim S2 ab 100 110\nAT y\n");
        assert_eq!(hears(&gap), message("FEED sim S2 ab 30 110\nAT y\n"));
    }

    #[test]
    fn what_was_asked_for_is_heard_at_once_without_what_was_asked_for() {
        let mut misheard = Misheard::default();
        let bug = Bug::TakesAskingForHearing;
        hears(&mut misheard, bug, &message("FEED sim S2 ab 100 110\n"));
        misheard.said(bug, b"PUB herd.again.S2 24\r\nAGAIN sim S2 ab 30 100\n\r\n");
        let ping = b"PING\r\n";
        let heard = hears(&mut misheard, bug, ping);
        assert_eq!(heard, [&message("FEED sim S2 ab 30 100\n"), &ping[..]].concat());
        assert_eq!(hears(&mut misheard, bug, ping), ping);
    }
}
