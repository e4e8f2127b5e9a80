//! What is wrong with a gateway: towards its bus, and towards the gateways of other herds.

use super::{BEHIND_SECONDS, Kind};
use crate::amounts::time;
use crate::look::{Gateway, OtherGateway};
use herd::limits::GATEWAY_DIGEST_INTERVAL;
use herd::wire::{Printable, plural};

/// A gateway tells its digest so often; one that has missed three is not heard.
const UNHEARD_SECONDS: f64 = 3.0 * GATEWAY_DIGEST_INTERVAL.as_secs() as f64;

/// What is wrong with that gateway of that name, one call each: the kind, for how long, and in words.
pub fn judge(name: &str, gateway: &Gateway, say: &mut impl FnMut(Kind, Option<f64>, String)) {
    let bus = Printable(gateway.address.as_bytes());
    let complaint = gateway.complaint.as_deref().map(|words| Printable(words.as_bytes()));
    let why = complaint.map(|words| format!(": {words}")).unwrap_or_default();
    let since = gateway.since_seconds;
    if !gateway.up {
        let text = format!("{name} is not connected to the bus at {bus} for {}{why}", time(since));
        say(Kind::Bus, Some(since), text);
        return;
    }
    if gateway.behind_seconds >= BEHIND_SECONDS {
        let behind = gateway.behind_seconds;
        let changes = plural(gateway.behind_changes, "change");
        let text = format!("the bus is behind {name} by {}, {changes}{why}", time(behind));
        say(Kind::Bus, Some(behind), text);
    } else if !why.is_empty() {
        say(Kind::Bus, None, format!("the bus at {bus} has complained of {name}{why}"));
    }
    for other in &gateway.gateways {
        if let Some((seconds, text)) = judge_other(name, other) {
            say(Kind::OtherHerd, seconds, text);
        }
    }
}

fn judge_other(name: &str, other: &OtherGateway) -> Option<(Option<f64>, String)> {
    let (server, herd) = (Printable(other.server.as_bytes()), Printable(other.herd.as_bytes()));
    let who = format!("{server} of herd {herd}");
    let unheard = other.heard_seconds;
    if unheard >= UNHEARD_SECONDS {
        return Some((Some(unheard), format!("{name} has not heard {who} for {}", time(unheard))));
    }
    if other.behind_changes > 0 {
        let changes = plural(other.behind_changes, "change");
        return Some((None, format!("{name} misses up to {changes} of what {who} has told")));
    }
    let differs = other.agrees == Some(false);
    differs.then(|| (None, format!("{name} and {who} hold different positions")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other() -> OtherGateway {
        let (herd, server) = ("east".into(), "Ball".into());
        OtherGateway { herd, server, agrees: Some(true), heard_seconds: 4.0, ..Default::default() }
    }

    fn well() -> Gateway {
        let gateways = vec![other()];
        Gateway { address: "bus:4222".into(), up: true, gateways, ..Default::default() }
    }

    fn wrong(gateway: &Gateway) -> Vec<String> {
        let mut said = Vec::new();
        judge("Welsh", gateway, &mut |_, _, text| said.push(text));
        said
    }

    #[test]
    fn a_gateway_that_is_well_is_not_mentioned() {
        assert_eq!(wrong(&well()), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_towards_the_bus_is_said_with_what_it_complained_of() {
        let complaint = Some("Authorization Violation".to_owned());
        let away = Gateway { up: false, since_seconds: 90.0, complaint, ..well() };
        let expected = "Welsh is not connected to the bus at bus:4222 for 90 s: \
                        Authorization Violation";
        assert_eq!(wrong(&away), [expected]);
        let slow = Gateway { behind_seconds: 7.0, behind_changes: 12, ..well() };
        assert_eq!(wrong(&slow), ["the bus is behind Welsh by 7.0 s, 12 changes"]);
        let complaint = Some("Permissions Violation".to_owned());
        let mute = Gateway { complaint, ..well() };
        let expected = "the bus at bus:4222 has complained of Welsh: Permissions Violation";
        assert_eq!(wrong(&mute), [expected]);
    }

    #[test]
    fn what_is_wrong_with_other_herds_is_said_of_each() {
        let gateways = vec![
            OtherGateway { heard_seconds: 20.0, ..other() },
            OtherGateway { behind_changes: 3, ..other() },
            OtherGateway { agrees: Some(false), ..other() },
            other(),
        ];
        let expected = [
            "Welsh has not heard Ball of herd east for 20 s",
            "Welsh misses up to 3 changes of what Ball of herd east has told",
            "Welsh and Ball of herd east hold different positions",
        ];
        assert_eq!(wrong(&Gateway { gateways, ..well() }), expected);
    }
}
