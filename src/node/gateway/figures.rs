//! What there is to see of a gateway from outside.

use super::Gateway;
use crate::node::Node;
use crate::transport::Now;
use serde::Serialize;

/// How the gateway is. Times are in seconds.
#[derive(Debug, Serialize)]
pub(in crate::node) struct GatewayFigures {
    /// The host of the bus, and whether we are connected.
    pub address: String,
    pub up: bool,
    /// For how long it is up, or away.
    pub since_seconds: f64,
    /// What the bus has complained of since it is up, or why it is not.
    pub complaint: Option<String>,
    /// How many changes it has not taken, and how long the first of them waits.
    pub behind_changes: u64,
    pub behind_seconds: f64,
    /// How long it took to answer, the last time.
    pub round_trip_seconds: Option<f64>,
    /// Changes and messages that it was told; changes too long for it.
    pub told: u64,
    pub messages: u64,
    pub too_long: u64,
    /// Changes that it told and that were news here.
    pub taken: u64,
    /// How often we have asked another gateway to tell something again, and have told something again.
    pub asked: u64,
    pub told_again: u64,
    /// Connections that broke.
    pub lost: u64,
    pub gateways: Vec<OtherFigures>,
}

impl OtherFigures {
    /// Who it is, as the labels of its figures.
    pub fn labels(&self) -> [(&'static str, &str); 2] {
        [("herd", &self.herd), ("server", &self.server)]
    }
}

/// How another gateway is.
#[derive(Debug, Serialize)]
pub(in crate::node) struct OtherFigures {
    pub herd: String,
    pub server: String,
    /// How many numbers of its feed it has told and have not come.
    pub behind_changes: u64,
    /// Whether it holds what we hold, as last seen when both were at rest.
    pub agrees: Option<bool>,
    pub heard_seconds: f64,
    /// How old the newest change is that it has told, by its taker's clock and ours.
    pub newest_age_seconds: Option<f64>,
    /// Changes that it told and that were news here.
    pub taken: u64,
}

impl Node {
    /// How the gateway is, if this is one.
    pub(in crate::node) fn gateway_figures(&self, now: Now) -> Option<GatewayFigures> {
        let gateway = self.gateway.as_deref()?;
        let Gateway { hosts, outage, feed, sources, counts, .. } = gateway;
        let (behind_changes, behind) = feed.behind(&self.positions, now.monotonic);
        let up_since = outage.up_since();
        let since = match up_since {
            Some(up) => now.monotonic.since(up),
            None => outage.lasts(now.monotonic).unwrap_or_default(),
        };
        let gateways = sources.iter(now.monotonic).map(|other| {
            let [herd, server] =
                other.names().map(|name| String::from_utf8_lossy(name).into_owned());
            let (taken, newest) = other.taken();
            let age =
                newest.map(|newest| now.posix_nanoseconds.saturating_sub(newest) as f64 / 1e9);
            OtherFigures {
                herd,
                server,
                behind_changes: other.behind(),
                agrees: other.agrees(),
                heard_seconds: now.monotonic.since(other.heard()).as_secs_f64(),
                newest_age_seconds: age,
                taken,
            }
        });
        Some(GatewayFigures {
            address: hosts.present().to_string(),
            up: up_since.is_some(),
            since_seconds: since.as_secs_f64(),
            complaint: counts.complaint.clone(),
            behind_changes,
            behind_seconds: behind.as_secs_f64(),
            round_trip_seconds: counts.round_trip.map(|time| time.as_secs_f64()),
            told: counts.changes,
            messages: counts.messages,
            too_long: counts.too_long,
            taken: counts.taken,
            asked: sources.questions(),
            told_again: feed.times_again(),
            lost: counts.lost,
            gateways: gateways.collect(),
        })
    }
}
