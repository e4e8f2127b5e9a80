//! What there is to see of a server from outside: for people and the map's page
//! ([`write_status`](crate::node::Node::write_status)), for machines that gather figures
//! ([`write_metrics`](crate::node::Node::write_metrics)), and whether it should be asked at all
//! ([`readiness`](crate::node::Node::readiness)). All is written from what conversations have counted.
//!
//! `grafana.json`, a folder above, is a dashboard of the metrics.

pub(super) mod answers;
mod exposition;
mod gateway;
mod metrics;
mod ready;
mod status;
#[cfg(test)]
mod tests;

use crate::node::Node;
use crate::node::admission::Admission;
use crate::node::counts::Kind;
use serde::Serialize;

/// What is kept for the figures alone.
#[derive(Debug, Default)]
pub(in crate::node) struct Figures {
    certificates: Vec<Certificate>,
    is_ready: bool,
}

/// A certificate that this server shows.
#[derive(Debug, Serialize)]
struct Certificate {
    /// To whom: `neighbours` or `clients`.
    #[serde(rename = "for")]
    whom: &'static str,
    /// Until when it is good, in POSIX seconds.
    ends: i64,
}

impl Node {
    /// To whom this server shows certificates, and until when each is good, in POSIX seconds: to be seen
    /// from outside.
    pub fn set_certificate_ends(&mut self, ends: impl IntoIterator<Item = (&'static str, i64)>) {
        let certificate = |(whom, ends)| Certificate { whom, ends };
        self.figures.certificates = ends.into_iter().map(certificate).collect();
    }

    /// Reports and forgettings that this server took from clients. Each that changed something is a change
    /// of the feed, and so are those that neighbours told: so they need not be counted one by one.
    fn reports(&self) -> u64 {
        let by_bus = self.gateway.as_ref().map_or(0, |gateway| gateway.taken());
        let changes = self.positions.head().saturating_sub(self.peers.told() + by_bus);
        changes + self.counts.reports_unchanged()
    }

    /// Questions that were answered, or that Places was asked.
    fn questions_answered(&self) -> u64 {
        self.counts.questions() + self.questions.counters().questions
    }

    /// Who is let in where connections are counted.
    fn admissions(&self) -> [(Kind, &Admission); 2] {
        [(Kind::Clients, &self.admission), (Kind::Web, &self.web.admission)]
    }
}

/// A digest as servers show it to each other and in their logs.
pub(super) fn hexadecimal(digest: u64) -> String {
    format!("{digest:016x}")
}
