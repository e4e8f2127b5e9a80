//! Which test reaches which limit. A new limit has to be entered here, with its test or with the
//! reason why it has none.

#[path = "not_reached.rs"]
mod not_reached;
#[path = "reached_from_outside.rs"]
mod reached_from_outside;
#[path = "reached_in_units.rs"]
mod reached_in_units;
#[path = "reached_on_the_bus.rs"]
mod reached_on_the_bus;

use not_reached::NOT_REACHED;
use reached_from_outside::REACHED_FROM_OUTSIDE;
use reached_in_units::REACHED_IN_UNITS;
use reached_on_the_bus::REACHED_ON_THE_BUS;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn reached() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static [&'static str])>
{
    REACHED_IN_UNITS.iter().chain(REACHED_FROM_OUTSIDE).chain(REACHED_ON_THE_BUS)
}

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_limit_has_its_test_or_a_reason() {
    let limits = [
        "limits.rs",
        "limits/gateway.rs",
        "limits/life.rs",
        "limits/links.rs",
        "limits/nats.rs",
        "limits/near.rs",
        "limits/operators.rs",
        "limits/trust.rs",
    ]
    .map(|file| source(&format!("src/{file}")))
    .concat();
    let limits = limits.lines().filter_map(|line| line.strip_prefix("pub const "));
    let mut entries: BTreeMap<&str, usize> =
        limits.map(|line| (line.split(':').next().unwrap(), 0)).collect();
    let reached = reached().flat_map(|(_, _, limits)| limits.iter());
    let not_reached = NOT_REACHED.iter().flat_map(|(_, limits)| limits.iter());
    for limit in reached.chain(not_reached) {
        let count = entries.get_mut(limit).unwrap_or_else(|| panic!("there is no limit {limit}"));
        *count += 1;
    }
    let wrong: Vec<_> = entries.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "limits that are not listed once: {wrong:?}");
}

#[test]
fn every_test_that_is_listed_is_there() {
    for (file, test, _) in reached() {
        assert!(source(file).contains(&format!("fn {test}()")), "{file} has no test {test}");
    }
}
