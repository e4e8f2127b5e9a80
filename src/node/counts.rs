//! What a server counts of itself, for whoever looks at it from outside. Nothing is decided by it. Counts
//! only grow; none costs anything on a report's way but one addition a read and one a turn.

use super::histogram::Histogram;
use crate::fault::fault;
use crate::transport::{Meters, Monotonic, Now};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of clients of the line protocol.
    Clients,
    /// Of who visits the web port.
    Web,
    /// Of neighbours, and of strangers at the neighbours' port.
    Accepted,
    /// To neighbours.
    Dialled,
    /// To Places.
    Places,
    /// To the bus.
    Bus,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::Clients, Kind::Web, Kind::Accepted, Kind::Dialled, Kind::Places, Kind::Bus];

    /// Its name where figures are shown.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Clients => "clients",
            Kind::Web => "web",
            Kind::Accepted => "neighbours_accepted",
            Kind::Dialled => "neighbours_dialled",
            Kind::Places => "places",
            Kind::Bus => "bus",
        }
    }
}

/// Why a command was refused, as few as tell an operator what to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is no command, or has other fields than that command takes.
    Command,
    /// Its client's id is none.
    Client,
    /// Its location is none.
    Location,
    /// Its radius or bound is none, or beyond the largest.
    Number,
    /// Its time is none.
    Time,
    /// Its line is too long.
    TooLong,
    /// Nobody has told where its client is.
    UnknownClient,
    /// Its time is too far ahead of our clock.
    ClockAhead,
    /// It is to forget a client as of a time too long ago.
    TooOld,
    /// There is no memory for it.
    NoRoom,
    /// The disk fails, and reports are answered only when it holds them.
    NotKept,
    /// There are too many watches, or there is none to end, or nobody may watch.
    Watch,
    /// A token that is none, or is not asked for.
    Token,
    /// No token was shown that allows it.
    NotAllowed,
}

impl Refused {
    /// All of them.
    pub const ALL: [Refused; 14] = [
        Refused::Command,
        Refused::Client,
        Refused::Location,
        Refused::Number,
        Refused::Time,
        Refused::TooLong,
        Refused::UnknownClient,
        Refused::ClockAhead,
        Refused::TooOld,
        Refused::NoRoom,
        Refused::NotKept,
        Refused::Watch,
        Refused::Token,
        Refused::NotAllowed,
    ];

    /// Its name where figures are shown.
    pub fn name(self) -> &'static str {
        match self {
            Refused::Command => "command",
            Refused::Client => "client",
            Refused::Location => "location",
            Refused::Number => "number",
            Refused::Time => "time",
            Refused::TooLong => "too_long",
            Refused::UnknownClient => "unknown_client",
            Refused::ClockAhead => "clock_ahead",
            Refused::TooOld => "too_old",
            Refused::NoRoom => "no_room",
            Refused::NotKept => "not_kept",
            Refused::Watch => "watch",
            Refused::Token => "token",
            Refused::NotAllowed => "not_allowed",
        }
    }
}

/// The statuses of responses of the web port that are told apart; of others there are none.
pub(super) const STATUSES: [u16; 16] =
    [200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 417, 431, 500, 501, 503, 505];

/// What has come of the connections of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    opened: u64,
    lost: u64,
    received_bytes: u64,
    sent_bytes: u64,
}

impl Traffic {
    /// Connections that there are, also those that are still coming up.
    pub fn present(&self) -> u64 {
        self.opened.saturating_sub(self.lost)
    }

    /// Connections that were accepted or dialled.
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Connections that are gone, or never came to be.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Bytes that conversations were handed.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Bytes that they wrote; of a connection that broke some may not have left.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }
}

/// All that is counted by the node itself.
#[derive(Debug, Default)]
pub(super) struct Counts {
    traffic: [Traffic; Kind::ALL.len()],
    refused: [u64; Refused::ALL.len()],
    /// By their statuses, which these are in [`STATUSES`].
    responses: [u64; STATUSES.len()],
    /// Reports that were older than what was known, or the same.
    reports_unchanged: u64,
    /// Who is near and where a client is, as far as it was answered.
    questions: u64,
    /// Positions and tombstones that were let go when their time was over.
    expired: u64,
    /// When the first turn was taken.
    started: Option<Now>,
    /// Of the driver, as the last turn ended.
    meters: Meters,
    turns: Histogram,
}

impl Counts {
    /// A connection of that kind was accepted, or is dialled.
    pub fn opened(&mut self, kind: Kind) {
        self.traffic[kind as usize].opened += 1;
    }

    /// One is gone.
    pub fn lost(&mut self, kind: Kind) {
        self.traffic[kind as usize].lost += 1;
    }

    /// So many bytes came on one.
    #[inline(always)]
    pub fn received(&mut self, kind: Kind, bytes: usize) {
        self.traffic[kind as usize].received_bytes += bytes as u64;
    }

    /// So many were written on one.
    #[inline(always)]
    pub fn sent(&mut self, kind: Kind, bytes: usize) {
        self.traffic[kind as usize].sent_bytes += bytes as u64;
    }

    /// A command was refused.
    pub fn refused(&mut self, why: Refused) {
        self.refused[why as usize] += 1;
    }

    /// A response of the web port has that status.
    pub fn responded(&mut self, status: u16) {
        if let Some(at) = STATUSES.iter().position(|&known| known == status) {
            self.responses[at] += 1;
        } else {
            fault!("the status {status} is not among those that are counted");
        }
    }

    /// How many responses had each status.
    pub fn responses(&self) -> impl Iterator<Item = (u16, u64)> {
        STATUSES.into_iter().zip(self.responses)
    }

    /// A report changed nothing.
    pub fn unchanged(&mut self) {
        self.reports_unchanged += 1;
    }

    /// It was answered who is near, or where a client is.
    pub fn answered_question(&mut self) {
        self.questions += 1;
    }

    /// How often that was.
    pub fn questions(&self) -> u64 {
        self.questions
    }

    /// A record's time was over.
    pub fn expired(&mut self) {
        self.expired += 1;
    }

    /// How many records' time was over.
    pub fn records_expired(&self) -> u64 {
        self.expired
    }

    /// A turn ends. How long it took is told with the next.
    pub fn turn_ended(&mut self, now: Now, meters: &Meters) {
        if let Some(took) = meters.turn_last {
            self.turns.add(took);
        }
        self.started.get_or_insert(now);
        self.meters = *meters;
    }

    /// What has come of connections of that kind.
    pub fn traffic(&self, kind: Kind) -> Traffic {
        self.traffic[kind as usize]
    }

    /// How many commands were refused for that reason.
    pub fn refused_for(&self, why: Refused) -> u64 {
        self.refused[why as usize]
    }

    /// How many reports changed nothing.
    pub fn reports_unchanged(&self) -> u64 {
        self.reports_unchanged
    }

    /// When the first turn was taken, if one was.
    pub fn started(&self) -> Option<Now> {
        self.started
    }

    /// The same on the monotonic clock; that is now if none was.
    pub fn started_at(&self, now: Monotonic) -> Monotonic {
        self.started.map_or(now, |started| started.monotonic)
    }

    /// What the driver had counted when the last turn ended.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// How long turns took, where they are timed.
    pub fn turns(&self) -> &Histogram {
        &self.turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::Duration;

    #[test]
    fn each_kind_and_reason_has_a_place_and_a_name_of_its_own() {
        assert!((0..).zip(Kind::ALL).all(|(place, kind)| kind as usize == place));
        assert!((0..).zip(Refused::ALL).all(|(place, why)| why as usize == place));
        let names: HashSet<&str> = Kind::ALL.map(Kind::name).into();
        assert_eq!(names.len(), Kind::ALL.len());
        let names: HashSet<&str> = Refused::ALL.map(Refused::name).into();
        assert_eq!(names.len(), Refused::ALL.len());
    }

    #[test]
    fn a_turn_is_counted_where_turns_are_timed() {
        let mut counts = Counts::default();
        let (start, later) = (Now::default(), Now { posix_nanoseconds: 7, ..Now::default() });
        assert_eq!(counts.started(), None);
        counts.turn_ended(start, &Meters::default());
        assert_eq!((counts.turns().count(), counts.started()), (0, Some(start)));
        let took = Duration::from_millis(3);
        counts.turn_ended(later, &Meters { turn_last: Some(took), turns: 9, ..Meters::default() });
        assert_eq!((counts.turns().count(), counts.turns().sum()), (1, took));
        assert_eq!((counts.meters().turns, counts.started()), (9, Some(start)));
    }
}
