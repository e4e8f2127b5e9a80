//! The figures of a gateway to a bus, for machines. Labels name other gateways, of which there are few.

use super::exposition::{Family, Type};
use super::metrics::{counter, each, gauge};
use crate::node::Node;
use crate::transport::Now;

impl Node {
    /// Appends the gateway's figures, if this server is one.
    pub(super) fn write_gateway(&self, now: Now, out: &mut Vec<u8>) {
        let Some(figures) = self.gateway_figures(now) else { return };
        let help = "Whether the bus is connected to.";
        gauge(out, "herd_bus_up", help, u8::from(figures.up));
        let help = "Changes that the bus has not taken.";
        gauge(out, "herd_bus_behind_changes", help, figures.behind_changes);
        let help = "How long the first of them waits.";
        gauge(out, "herd_bus_behind_seconds", help, figures.behind_seconds);
        if let Some(seconds) = figures.round_trip_seconds {
            let help = "How long the bus took to answer, the last time.";
            gauge(out, "herd_bus_round_trip_seconds", help, seconds);
        }
        let help = "Changes that the bus was told, also again.";
        counter(out, "herd_bus_told_changes_total", help, figures.told);
        let help = "Messages in which it was told them.";
        counter(out, "herd_bus_told_messages_total", help, figures.messages);
        let help = "Changes that are too long for the bus.";
        counter(out, "herd_bus_too_long_total", help, figures.too_long);
        let help = "Changes that the bus told and that were news here.";
        counter(out, "herd_bus_taken_changes_total", help, figures.taken);
        let help = "How often another gateway was asked to tell something again.";
        counter(out, "herd_bus_asked_total", help, figures.asked);
        let help = "How often something was told again.";
        counter(out, "herd_bus_told_again_total", help, figures.told_again);
        let help = "How often the connection to the bus broke.";
        counter(out, "herd_bus_lost_total", help, figures.lost);
        let gateways = figures.gateways;
        let help = "Changes that the other gateway has told and that have not come.";
        let name = "herd_gateway_behind_changes";
        each(out, name, Type::Gauge, help, &gateways, |other, family| {
            family.sample(&other.labels(), other.behind_changes);
        });
        let help =
            "Whether the other gateway holds what we hold, as last seen when both were at rest.";
        each(out, "herd_gateway_agrees", Type::Gauge, help, &gateways, |other, family| {
            if let Some(agrees) = other.agrees {
                family.sample(&other.labels(), u8::from(agrees));
            }
        });
        let help = "How long ago the other gateway was heard.";
        each(out, "herd_gateway_heard_seconds", Type::Gauge, help, &gateways, |other, family| {
            family.sample(&other.labels(), other.heard_seconds);
        });
        let help = "How old the newest change is that the other gateway told, by its taker's clock and ours.";
        let name = "herd_gateway_newest_age_seconds";
        each(out, name, Type::Gauge, help, &gateways, |other, family: &mut Family<'_>| {
            if let Some(age) = other.newest_age_seconds {
                family.sample(&other.labels(), age);
            }
        });
        let help = "Changes that the other gateway told and that were news here.";
        let name = "herd_gateway_taken_total";
        each(out, name, Type::Counter, help, &gateways, |other, family| {
            family.sample(&other.labels(), other.taken);
        });
    }
}
