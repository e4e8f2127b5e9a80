//! The arguments of a walk.

use crate::options::{decimal, integer};
use crate::target::{Door, Target};
use crate::trust::TrustOptions;
use getopts::Matches;

/// Most clients that walk: each reports every second.
const CLIENTS_MAX: u64 = 100_000;
/// A year goes by in an hour, about.
const SPEED_UP_MAX: f64 = 10_000.0;
/// What cannot be said of a walk: it is no measurement.
const NOT_FOR_WALKS: [&str; 15] = [
    "connections",
    "pipeline",
    "clients",
    "whatsat",
    "near",
    "near-kilometres",
    "near-results",
    "rate",
    "duration",
    "reconnect",
    "handshakes",
    "no-fill",
    "protocol",
    "expect",
    "json",
];

/// Who walks, and who is told.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkOptions {
    /// The servers that are reported to, at least one.
    pub servers: Vec<Target>,
    /// Whom to trust, and what to show.
    pub trust: TrustOptions,
    /// How many clients there are.
    pub clients: usize,
    /// How many times as fast as believable they are.
    pub speed_up: f64,
    /// The same clients go the same ways for the same seed.
    pub seed: u64,
}

/// Says which arguments there are.
pub fn declare(declared: &mut getopts::Options) {
    declared
        .optopt("", "walk", "walk: so many clients between real towns, until interrupted", "N")
        .optopt("", "speed-up", "walk: so many times as fast as people go (default: 1)", "X")
        .optopt("", "seed", "walk: other clients on other ways (default: 1)", "N");
}

/// Reads what was given, if it is about a walk.
///
/// # Errors
/// In one line what makes no sense.
pub fn read(given: &Matches) -> Result<Option<WalkOptions>, String> {
    if !given.opt_present("walk") {
        let lone = ["speed-up", "seed"].into_iter().find(|option| given.opt_present(option));
        return lone.map_or(Ok(None), |lone| Err(format!("--{lone} is for --walk only")));
    }
    if let Some(stray) = NOT_FOR_WALKS.iter().find(|option| given.opt_present(option)) {
        return Err(format!("--{stray} does not go with --walk"));
    }
    let herd = given.opt_str("herd");
    let trust = TrustOptions::of(given);
    let door = Door::for_clients(trust.is_tls());
    let named = given.free.iter().map(|named| Target::find(named, herd.as_deref(), door));
    let servers = match named.collect::<Result<Vec<Target>, String>>()? {
        none if none.is_empty() => Target::all(herd.as_deref(), door)?,
        servers => servers,
    };
    Ok(Some(WalkOptions {
        servers,
        trust,
        clients: integer(given, "walk", 0, CLIENTS_MAX)? as usize,
        speed_up: decimal(given, "speed-up", 1.0, 0.0, SPEED_UP_MAX)?,
        seed: integer(given, "seed", 1, u64::MAX)?,
    }))
}

#[cfg(test)]
mod tests {
    use crate::options::{Request, read};
    use crate::walk::WalkOptions;
    use std::ffi::OsString;

    fn walk(line: &str) -> Result<WalkOptions, String> {
        match read(line.split_whitespace().map(OsString::from))? {
            Request::Walk(walk) => Ok(walk),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn a_walk_is_through_the_whole_herd_or_to_the_servers_that_are_named() {
        let shown = |line: &str| -> Vec<String> {
            walk(line).unwrap().servers.iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown("--walk 500").len(), 5);
        assert_eq!(shown("--walk 500")[0], "Goloman at 127.0.0.1:11645");
        assert_eq!(shown("-H alford --walk 1")[0], "Alford at 127.0.0.1:17415");
        assert_eq!(shown("--walk 1 Ball x:5"), ["Ball at 127.0.0.1:17418", "x:5"]);
        let WalkOptions { clients, speed_up, seed, .. } = walk("--walk 500").unwrap();
        assert_eq!((clients, speed_up, seed), (500, 1.0, 1));
        let WalkOptions { clients, speed_up, seed, .. } =
            walk("--walk 7 --speed-up 2.5 --seed 9 Hands").unwrap();
        assert_eq!((clients, speed_up, seed), (7, 2.5, 9));
    }

    #[test]
    fn what_is_not_about_walks_is_refused() {
        for line in [
            "--walk 0",
            "--walk 100001",
            "--walk x",
            "--walk 1 --speed-up -1",
            "--walk 1 --speed-up nan",
            "--walk 1 --seed x",
            "--walk 1 Nobody",
            "--walk 1 -H nobody",
            "--walk 1 -p 2",
            "--walk 1 --json",
            "--walk 1 --near 5",
            "--speed-up 2 Goloman",
            "--seed 2 Goloman",
        ] {
            let said = walk(line).unwrap_err();
            assert!(!said.is_empty() && !said.contains('\n'), "{line}: {said}");
        }
    }
}
