//! `/status`: how a server and its herd are, as JSON.
//!
//! What is not known is `null`: how far the neighbour's feed goes while it is being told, whether two
//! servers agree that were never at rest together. Times are seconds.

use super::{Certificate, hexadecimal};
use crate::fault::fault;
use crate::node::counts::{Kind, Refused};
use crate::node::journal::JournalFigures;
use crate::node::servers::HerdServer;
use crate::node::{Counters, Node};
use crate::transport::{Meters, Now};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Serialize)]
struct Status<'a, G> {
    server: &'a str,
    herd: &'a str,
    version: &'a str,
    uptime_seconds: f64,
    ready: bool,
    /// Why it is not ready.
    not_ready: Option<String>,
    clients: usize,
    tombstones: usize,
    /// Reports and forgettings taken from clients here; and changes that neighbours told, too.
    reports: u64,
    changes: u64,
    /// Questions of clients and visitors that were answered, or that Places was asked.
    questions: u64,
    /// Positions and tombstones whose time was over.
    expired: u64,
    memory_bytes: usize,
    memory_max_bytes: Option<usize>,
    areas_memory_bytes: usize,
    digest: String,
    watchers: usize,
    watches: usize,
    connections: BTreeMap<&'static str, u64>,
    /// How many there may be of those that are accepted; none where nothing bounds them.
    connections_max: BTreeMap<&'static str, Option<usize>>,
    refused: BTreeMap<&'static str, u64>,
    neighbours: Vec<Neighbour<'a>>,
    servers: &'a [HerdServer],
    /// None where no TLS is spoken.
    certificates: &'a [Certificate],
    places: Places,
    /// None where none is kept.
    journal: Option<Journal>,
    /// None where this is no gateway to a bus.
    gateway: Option<G>,
    turns: u64,
    turn_longest_seconds: f64,
}

#[derive(Serialize)]
struct Neighbour<'a> {
    name: &'a str,
    address: String,
    dialled: Direction,
    accepted: Direction,
    agrees: Option<bool>,
    /// How long ago it was last seen whether it agrees.
    compared_seconds: Option<f64>,
    /// How long ago anything came on its link to us.
    heard_seconds: Option<f64>,
    /// How old the newest is that it has told, by its taker's clock and ours.
    newest_age_seconds: Option<f64>,
    told: u64,
    lost: u64,
    started_over: u64,
}

#[derive(Serialize)]
struct Direction {
    up: bool,
    since_seconds: f64,
    behind_changes: Option<u64>,
    behind_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Journal {
    /// When it is forced to the disk: `second` or `always`.
    sync: &'static str,
    /// Whether it holds all that is known, or will in a moment.
    whole: bool,
    files: usize,
    bytes: u64,
    /// About how much of that is not stale.
    live_bytes: u64,
    /// Changes that the disk is not known to hold.
    unforced_changes: u64,
    failures: u64,
    /// How many more its disk has room for.
    room_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Places {
    questions: u64,
    cached: u64,
    shared: u64,
    over_cap: u64,
    short_circuited: u64,
    calls: u64,
    answered: u64,
    denied: u64,
    over_limit: u64,
    invalid: u64,
    unusable: u64,
    unreachable: u64,
    late: u64,
    not_asked: u64,
    broken: u64,
    latency_mean_seconds: f64,
    latency_longest_seconds: f64,
}

impl From<JournalFigures> for Journal {
    fn from(figures: JournalFigures) -> Self {
        let JournalFigures { is_whole, files, bytes, live_bytes, .. } = figures;
        Journal {
            sync: if figures.always { "always" } else { "second" },
            whole: is_whole,
            files,
            bytes,
            live_bytes,
            unforced_changes: figures.unforced_changes,
            failures: figures.failures,
            room_bytes: figures.room_bytes,
        }
    }
}

impl Node {
    /// Appends how this server and its herd are, as JSON and LF.
    pub fn write_status(&self, now: Now, out: &mut Vec<u8>) {
        let readiness = self.readiness(now.monotonic);
        let positions = &self.positions;
        let meters: &Meters = self.counts.meters();
        let status = Status {
            server: &self.settings.name,
            herd: &self.settings.herd,
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: self.uptime(now).as_secs_f64(),
            ready: readiness.is_ok(),
            not_ready: readiness.err().map(|why| why.to_string()),
            clients: positions.len(),
            tombstones: positions.tombstones(),
            reports: self.reports(),
            changes: positions.head(),
            questions: self.questions_answered(),
            expired: self.counts.records_expired(),
            memory_bytes: positions.bytes(),
            memory_max_bytes: positions.bytes_max(),
            areas_memory_bytes: positions.areas_bytes(),
            digest: hexadecimal(positions.digest()),
            watchers: self.hub.watchers(),
            watches: self.hub.watches(),
            connections: Kind::ALL
                .map(|kind| (kind.name(), self.counts.traffic(kind).present()))
                .into(),
            connections_max: self
                .admissions()
                .map(|(kind, admission)| (kind.name(), admission.connections_max()))
                .into(),
            refused: Refused::ALL.map(|why| (why.name(), self.counts.refused_for(why))).into(),
            neighbours: self.neighbours(now),
            servers: &self.servers,
            certificates: &self.figures.certificates,
            places: Places::from(self.questions.counters()),
            journal: self.journal_figures().map(Journal::from),
            gateway: self.gateway_figures(now),
            turns: meters.turns,
            turn_longest_seconds: meters.turn_longest.as_secs_f64(),
        };
        if let Err(error) = serde_json::to_writer(&mut *out, &status) {
            fault!("the status cannot be written: {error}");
        }
        out.push(b'\n');
    }

    /// Since its first turn.
    pub(super) fn uptime(&self, now: Now) -> Duration {
        now.monotonic.since(self.counts.started_at(now.monotonic))
    }

    fn neighbours(&self, now: Now) -> Vec<Neighbour<'_>> {
        let figures = self.peers.figures(&self.positions, now);
        let neighbours = figures.map(|figures| {
            let [dialled, accepted] = [figures.dialled, figures.accepted].map(|link| Direction {
                up: link.is_up,
                since_seconds: link.since.as_secs_f64(),
                behind_changes: link.behind_changes,
                behind_seconds: seconds(link.behind),
            });
            Neighbour {
                name: figures.name,
                address: figures.endpoint.to_string(),
                dialled,
                accepted,
                agrees: figures.agrees,
                compared_seconds: seconds(figures.compared),
                heard_seconds: seconds(figures.heard),
                newest_age_seconds: figures.newest_age_nanoseconds.map(|age| age as f64 / 1e9),
                told: figures.told,
                lost: figures.lost,
                started_over: figures.started_over,
            }
        });
        neighbours.collect()
    }
}

impl From<&Counters> for Places {
    fn from(counters: &Counters) -> Self {
        Places {
            questions: counters.questions,
            cached: counters.cached,
            shared: counters.shared,
            over_cap: counters.over_cap,
            short_circuited: counters.short_circuited,
            calls: counters.calls,
            answered: counters.answered,
            denied: counters.denied,
            over_limit: counters.over_limit,
            invalid: counters.invalid,
            unusable: counters.unusable,
            unreachable: counters.unreachable,
            late: counters.late,
            not_asked: counters.not_asked,
            broken: counters.broken,
            latency_mean_seconds: counters.latency_mean().as_secs_f64(),
            latency_longest_seconds: counters.latency_max.as_secs_f64(),
        }
    }
}

fn seconds(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_secs_f64())
}
