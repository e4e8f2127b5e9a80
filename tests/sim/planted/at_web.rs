//! Bugs of the web port: planted where its visitors read, and where it hears them.

use super::super::web::Responses;
use super::super::web::events::{Event, Id};
use super::{Bug, Planted};

impl Planted {
    /// An event as it is read instead, if it is; `goes_on`: it is the first of a stream that goes on where
    /// another ended.
    pub fn misread_event<'a>(&self, event: &Event<'a>, goes_on: bool) -> Option<Event<'a>> {
        let is_left_out = goes_on && self.bug == Some(Bug::GoesOnTooFar) && event.kind != "now";
        let ahead = u64::from(self.bug == Some(Bug::NumbersEventsAhead));
        let event = Event { id: Id { sequence: event.id.sequence + ahead, ..event.id }, ..*event };
        (!is_left_out).then_some(event)
    }

    /// What a visitor reads instead of `bytes`, if a bug is planted there.
    pub fn misread_at_web(&self, streams: bool, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.bug? {
            Bug::SaysNowTooEarly if streams => {
                let text = str::from_utf8(bytes).ok()?;
                let mut events: Vec<&str> = text.split_inclusive("\n\n").collect();
                let now = events.iter().position(|event| event.contains("\nevent: now\n"))?;
                events[..=now].rotate_right(1);
                Some(events.concat().into_bytes())
            }
            Bug::AnswersOutOfOrder if !streams => {
                let second = bytes.windows(9).rposition(|nine| nine == b"HTTP/1.1 ")?;
                let is_whole = |bytes: &[u8]| {
                    let mut responses = Responses::default();
                    responses.add(bytes);
                    matches!(responses.next(false), Ok(Some(_))) && responses.is_empty()
                };
                let (one, other) = bytes.split_at(second);
                (is_whole(one) && is_whole(other)).then(|| [other, one].concat())
            }
            _ => None,
        }
    }

    /// What a server hears instead of what a visitor says.
    pub fn mishear_at_web(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let said: &[u8] = b"\"_type\":\"location\"";
        let at = bytes.windows(said.len()).position(|piece| piece == said);
        let at = at.filter(|_| self.bug == Some(Bug::AnswersAndForgets))?;
        let mut misheard = bytes.to_vec();
        // Of that kind there are none: taken, and nothing done.
        misheard[at + said.len() - 2] = b'x';
        Some(misheard)
    }
}
