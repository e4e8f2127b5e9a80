//! `/metrics`: the figures of a server for machines that gather them. Nobody's id is among them: labels name
//! servers of the herd, and kinds of which there are few.

use super::exposition::{Family, Type};
use crate::node::counts::{Kind, Refused, Traffic};
use crate::node::journal::JournalFigures;
use crate::node::{Counters, Node};
use crate::transport::Now;
use std::fmt::Display;

impl Node {
    /// Appends all figures, in Prometheus's text format 0.0.4.
    pub fn write_metrics(&self, now: Now, out: &mut Vec<u8>) {
        self.write_server(now, out);
        self.write_store(out);
        self.write_connections(out);
        self.write_turns(out);
        self.write_links(now, out);
        self.write_gateway(now, out);
        write_places(self.questions.counters(), out);
    }

    fn write_server(&self, now: Now, out: &mut Vec<u8>) {
        let (herd, server) = (self.settings.herd.as_str(), self.settings.name.as_str());
        let version = env!("CARGO_PKG_VERSION");
        Family::new(out, "herd_build_info", Type::Gauge, "The version that runs.")
            .sample(&[("version", version)], 1);
        Family::new(out, "herd_server_info", Type::Gauge, "Which server this is.")
            .sample(&[("herd", herd), ("server", server)], 1);
        if let Some(started) = self.counts.started() {
            let started = started.posix_nanoseconds as f64 / 1e9;
            gauge(out, "herd_start_time_seconds", "When it started, since 1970.", started);
        }
        gauge(out, "herd_uptime_seconds", "How long it runs.", self.uptime(now).as_secs_f64());
        let ready = u8::from(self.readiness(now.monotonic).is_ok());
        gauge(out, "herd_ready", "Whether it is ready to be asked.", ready);
        let name = "herd_certificate_expiry_timestamp_seconds";
        let help = "Until when the certificate is good that it shows to those, since 1970.";
        if !self.figures.certificates.is_empty() {
            let mut family = Family::new(out, name, Type::Gauge, help);
            for certificate in &self.figures.certificates {
                family.sample(&[("for", certificate.whom)], certificate.ends);
            }
        }
    }

    fn write_store(&self, out: &mut Vec<u8>) {
        let positions = &self.positions;
        gauge(out, "herd_clients", "Clients whose position is known.", positions.len());
        gauge(out, "herd_tombstones", "Clients that are forgotten.", positions.tombstones());
        counter(
            out,
            "herd_reports_total",
            "Reports and forgettings taken from clients here.",
            self.reports(),
        );
        let help = "Questions that were answered, or that Places was asked.";
        counter(out, "herd_questions_total", help, self.questions_answered());
        let help = "Changes of positions, by clients here and told by neighbours.";
        counter(out, "herd_changes_total", help, positions.head());
        let help = "Positions and tombstones whose time was over.";
        counter(out, "herd_expired_total", help, self.counts.records_expired());
        if let Some(journal) = self.journal_figures() {
            write_journal(&journal, out);
        }
        gauge(out, "herd_positions_bytes", "Memory that positions take.", positions.bytes());
        if let Some(most) = positions.bytes_max() {
            let help = "Memory that they may take before reports are refused.";
            gauge(out, "herd_positions_max_bytes", help, most);
        }
        let help = "Memory that the index of areas takes.";
        gauge(out, "herd_areas_bytes", help, positions.areas_bytes());
        gauge(out, "herd_watchers", "Connections that watch.", self.hub.watchers());
        gauge(out, "herd_watches", "What they watch, all together.", self.hub.watches());
    }

    fn write_connections(&self, out: &mut Vec<u8>) {
        let mut by_kind = |name, kind, help, value: fn(&Traffic) -> u64| {
            let mut family = Family::new(out, name, kind, help);
            for kind in Kind::ALL {
                family.sample(&[("kind", kind.name())], value(&self.counts.traffic(kind)));
            }
        };
        let help = "Connections that there are or that are coming up.";
        by_kind("herd_connections", Type::Gauge, help, Traffic::present);
        let help = "Connections that were accepted or dialled.";
        by_kind("herd_connections_opened_total", Type::Counter, help, Traffic::opened);
        let help = "Connections that ended, or never came to be.";
        by_kind("herd_connections_ended_total", Type::Counter, help, Traffic::lost);
        let help = "Bytes that came on connections.";
        by_kind("herd_received_bytes_total", Type::Counter, help, Traffic::received_bytes);
        let help = "Bytes that were written on connections.";
        by_kind("herd_sent_bytes_total", Type::Counter, help, Traffic::sent_bytes);
        let help = "Connections that were not let in.";
        let mut family = Family::new(out, "herd_connections_refused_total", Type::Counter, help);
        for (kind, admission) in self.admissions() {
            family.sample(&[("kind", kind.name())], admission.refused());
        }
        let help = "Connections that there may be.";
        let mut family = Family::new(out, "herd_connections_max", Type::Gauge, help);
        for (kind, admission) in self.admissions() {
            if let Some(most) = admission.connections_max() {
                family.sample(&[("kind", kind.name())], most);
            }
        }
        let help =
            "Commands of clients that were refused, and requests for want of a token, by why.";
        let mut family = Family::new(out, "herd_refused_commands_total", Type::Counter, help);
        for why in Refused::ALL {
            family.sample(&[("reason", why.name())], self.counts.refused_for(why));
        }
        let help = "Responses of the web port, by status.";
        let mut family = Family::new(out, "herd_http_responses_total", Type::Counter, help);
        for (status, count) in self.counts.responses() {
            family.sample(&[("code", &status.to_string())], count);
        }
    }

    fn write_turns(&self, out: &mut Vec<u8>) {
        let meters = self.counts.meters();
        counter(out, "herd_turns_total", "Turns of the loop.", meters.turns);
        let help = "What sockets, look-ups and files were ready for.";
        counter(out, "herd_events_total", help, meters.events);
        let help = "How long turns of the loop took.";
        Family::new(out, "herd_turn_duration_seconds", Type::Histogram, help)
            .histogram(&[], self.counts.turns());
        let help = "The longest turn since the start.";
        let longest = meters.turn_longest.as_secs_f64();
        gauge(out, "herd_turn_longest_seconds", help, longest);
    }

    fn write_links(&self, now: Now, out: &mut Vec<u8>) {
        let neighbours: Vec<_> = self.peers.figures(&self.positions, now).collect();
        let help = "Whether the link on which we tell the neighbour, or the one on which it tells us, is up.";
        each(out, "herd_link_up", Type::Gauge, help, &neighbours, |neighbour, family| {
            for (direction, link) in
                [("dialled", &neighbour.dialled), ("accepted", &neighbour.accepted)]
            {
                let labels = [("neighbour", neighbour.name), ("direction", direction)];
                family.sample(&labels, u8::from(link.is_up));
            }
        });
        let help = "Changes that the neighbour has not acknowledged.";
        each(
            out,
            "herd_link_behind_changes",
            Type::Gauge,
            help,
            &neighbours,
            |neighbour, family| {
                sample_known(family, neighbour.name, neighbour.dialled.behind_changes);
            },
        );
        let help = "How long the first of them waits.";
        each(
            out,
            "herd_link_behind_seconds",
            Type::Gauge,
            help,
            &neighbours,
            |neighbour, family| {
                sample_known(
                    family,
                    neighbour.name,
                    neighbour.dialled.behind.map(|time| time.as_secs_f64()),
                );
            },
        );
        let help = "How often the link on which we tell the neighbour broke.";
        each(out, "herd_link_lost_total", Type::Counter, help, &neighbours, |neighbour, family| {
            family.sample(&[("neighbour", neighbour.name)], neighbour.lost);
        });
        let help = "How often the neighbour was told everything again, since something was wrong.";
        let name = "herd_link_started_over_total";
        each(out, name, Type::Counter, help, &neighbours, |neighbour, family| {
            family.sample(&[("neighbour", neighbour.name)], neighbour.started_over);
        });
        let help = "How long changes take until the neighbour has acknowledged them, by our clock.";
        let name = "herd_propagation_seconds";
        each(out, name, Type::Histogram, help, &neighbours, |neighbour, family| {
            family.histogram(&[("neighbour", neighbour.name)], neighbour.propagation);
        });
        let help = "Whether the neighbour holds what we hold, as last seen when both were at rest.";
        let name = "herd_neighbour_agrees";
        each(out, name, Type::Gauge, help, &neighbours, |neighbour, family| {
            sample_known(family, neighbour.name, neighbour.agrees.map(u8::from));
        });
        let help = "How long ago the neighbour was heard.";
        let name = "herd_neighbour_heard_seconds";
        each(out, name, Type::Gauge, help, &neighbours, |neighbour, family| {
            sample_known(family, neighbour.name, neighbour.heard.map(|time| time.as_secs_f64()));
        });
        let help =
            "How old the newest change is that the neighbour told, by its taker's clock and ours.";
        let name = "herd_neighbour_newest_age_seconds";
        each(out, name, Type::Gauge, help, &neighbours, |neighbour, family| {
            let age = neighbour.newest_age_nanoseconds.map(|age| age as f64 / 1e9);
            sample_known(family, neighbour.name, age);
        });
        let help = "Changes that the neighbour told and that were news here.";
        let name = "herd_neighbour_told_total";
        each(out, name, Type::Counter, help, &neighbours, |neighbour, family| {
            family.sample(&[("neighbour", neighbour.name)], neighbour.told);
        });
    }
}

fn write_journal(journal: &JournalFigures, out: &mut Vec<u8>) {
    let help = "Whether the journal holds all that is known, or will in a moment.";
    gauge(out, "herd_journal_whole", help, u8::from(journal.is_whole));
    gauge(out, "herd_journal_files", "Files of the journal.", journal.files);
    gauge(out, "herd_journal_bytes", "Bytes of the journal's files.", journal.bytes);
    let help = "About how many of them are not stale.";
    gauge(out, "herd_journal_live_bytes", help, journal.live_bytes);
    let help = "Changes that the disk is not known to hold.";
    gauge(out, "herd_journal_unforced_changes", help, journal.unforced_changes);
    let help = "How often the journal's disk failed.";
    counter(out, "herd_journal_failures_total", help, journal.failures);
    if let Some(room_bytes) = journal.room_bytes {
        let help = "How many more bytes the journal's disk has room for.";
        gauge(out, "herd_journal_room_bytes", help, room_bytes);
    }
}

fn write_places(counters: &Counters, out: &mut Vec<u8>) {
    counter(out, "herd_places_questions_total", "Questions of clients.", counters.questions);
    let help = "Questions that cost no call of their own, by why.";
    let mut family = Family::new(out, "herd_places_questions_saved_total", Type::Counter, help);
    for (why, count) in [
        ("cached", counters.cached),
        ("shared", counters.shared),
        ("over_cap", counters.over_cap),
        ("short_circuited", counters.short_circuited),
    ] {
        family.sample(&[("reason", why)], count);
    }
    counter(out, "herd_places_calls_total", "Requests sent to Places.", counters.calls);
    let help = "What came of calls.";
    let mut family = Family::new(out, "herd_places_outcomes_total", Type::Counter, help);
    let responses = [
        ("answered", counters.answered),
        ("denied", counters.denied),
        ("over_limit", counters.over_limit),
        ("invalid", counters.invalid),
        ("unusable", counters.unusable),
    ];
    let failures = [
        ("unreachable", counters.unreachable),
        ("late", counters.late),
        ("not_asked", counters.not_asked),
        ("broken", counters.broken),
    ];
    for (outcome, count) in responses.into_iter().chain(failures) {
        family.sample(&[("outcome", outcome)], count);
    }
    let responses = responses.iter().map(|(_, count)| count).sum();
    let help = "From question to answer, of calls that were answered.";
    Family::new(out, "herd_places_latency_seconds", Type::Summary, help).sum_and_count(
        &[],
        counters.latency_total.as_secs_f64(),
        responses,
    );
    let help = "The longest of these since the start.";
    gauge(out, "herd_places_latency_longest_seconds", help, counters.latency_max.as_secs_f64());
}

pub(super) fn gauge(out: &mut Vec<u8>, name: &'static str, help: &str, value: impl Display) {
    Family::new(out, name, Type::Gauge, help).sample(&[], value);
}

pub(super) fn counter(out: &mut Vec<u8>, name: &'static str, help: &str, value: u64) {
    Family::new(out, name, Type::Counter, help).sample(&[], value);
}

/// A family with samples of each of these; none where there are none.
pub(super) fn each<N>(
    out: &mut Vec<u8>,
    name: &'static str,
    kind: Type,
    help: &str,
    all: &[N],
    sample: impl Fn(&N, &mut Family<'_>),
) {
    let mut family = Family::new(out, name, kind, help);
    all.iter().for_each(|one| sample(one, &mut family));
}

/// A sample of that neighbour, if the value is known.
fn sample_known(family: &mut Family<'_>, neighbour: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        family.sample(&[("neighbour", neighbour)], value);
    }
}
