//! The gateways of a herd, a line for each.

use crate::amounts::{count, fitted, time};
use crate::look::{Gateway, Look};

/// Above the columns.
const HEADS: [&str; 7] = ["GATEWAY", "BUS", "STATE", "FOR", "BEHIND", "CHANGES", "AGREE"];

/// None where no server is one.
pub fn lines(look: &Look) -> Vec<String> {
    let gateways: Vec<String> = look
        .servers
        .iter()
        .filter_map(|server| Some(line(&server.name, server.status()?.gateway.as_ref()?)))
        .collect();
    match gateways.is_empty() {
        true => gateways,
        false => [String::new(), row(HEADS)].into_iter().chain(gateways).collect(),
    }
}

fn line(name: &str, gateway: &Gateway) -> String {
    let (name, bus) = (fitted(name, 13), fitted(&gateway.address, 25));
    let state = if gateway.up { "up" } else { "AWAY" };
    let (since, behind) = (time(gateway.since_seconds), time(gateway.behind_seconds));
    let changes = count(gateway.behind_changes);
    let agreeing = format!("{}/{}", gateway.agreeing(), gateway.gateways.len());
    row([&name, &bus, state, &since, &behind, &changes, &agreeing])
}

fn row([name, bus, state, since, behind, changes, agree]: [&str; 7]) -> String {
    format!("{name:14}{bus:26}{state:7}{since:>8}{behind:>8}{changes:>10}{agree:>7}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::{look, well};
    use serde_json::json;

    #[test]
    fn a_gateway_is_a_line_of_80_columns_at_most() {
        let mut status = well("A");
        status["gateway"] = json!({
            "address": "bus:4222", "up": true, "since_seconds": 86_400.0, "behind_seconds": 0.0,
            "behind_changes": 1_200, "gateways": [{"agrees": true}, {"agrees": null}],
        });
        let lines = lines(&look([Ok(status), Ok(well("B")), Ok(well("C"))]));
        let expected = [
            "",
            "GATEWAY       BUS                       STATE       FOR  BEHIND   CHANGES  AGREE",
            "A             bus:4222                  up         24 h   0.0 s     1,200    1/2",
        ];
        assert_eq!(lines, expected);
        assert!(lines.iter().all(|line| line.len() <= 80));
        assert!(super::lines(&look([Ok(well("A")), Ok(well("B")), Ok(well("C"))])).is_empty());
    }
}
