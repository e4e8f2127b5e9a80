//! What is done to the servers, and what must hold all the same.

mod cuts;
mod disk;
mod paths;
mod processes;

use crate::agreement::{assert_no_disagreement, wait_until_equal, wait_until_known};
use crate::ledger::{Floor, Report};
use crate::load::Load;
use crate::network::Network;
use crate::servers::{
    LogMark, NAMES, Proxied, SLACK, Servers, neighbours, second_of_day, seconds_between,
};
use herd::limits;
use std::thread;
use std::time::Duration;

/// A scenario by its name.
pub type Scenario = (&'static str, fn());

/// All of them; the same again by TLS is [said by its name](crate::world::is_by_tls).
pub const SCENARIOS: [Scenario; 13] = [
    ("a_herd_cut_in_two_without_a_word", cuts::a_herd_cut_in_two_without_a_word),
    ("a_link_that_is_deaf_on_one_side", cuts::a_link_that_is_deaf_on_one_side),
    ("a_cut_too_short_to_be_noticed", cuts::a_cut_too_short_to_be_noticed),
    ("a_cable_pulled_and_plugged_in_again", cuts::a_cable_pulled_and_plugged_in_again),
    ("a_server_killed_and_started_again", processes::a_server_killed_and_started_again),
    ("all_but_one_killed_and_started_again", processes::all_but_one_killed_and_started_again),
    ("a_server_stopped_and_continued", processes::a_server_stopped_and_continued),
    ("slow_and_lossy_paths", paths::slow_and_lossy_paths),
    ("a_path_narrower_than_what_moves", paths::a_path_narrower_than_what_moves),
    ("a_disk_that_fills_under_the_log", disk::a_disk_that_fills_under_the_log),
    ("a_herd_cut_in_two_without_a_word_by_tls", cuts::a_herd_cut_in_two_without_a_word),
    ("a_server_killed_and_started_again_by_tls", processes::a_server_killed_and_started_again),
    ("slow_and_lossy_paths_by_tls", paths::slow_and_lossy_paths),
];

const EVERYBODY: [usize; 5] = [0, 1, 2, 3, 4];
/// Load before anything happens.
const CALM: Duration = Duration::from_millis(1_000);
/// A fault that is to be noticed lasts longer than the silence that a neighbour is allowed.
const LONG: Duration = Duration::from_secs(6);
/// A dead peer is noticed so soon (contract).
const NOTICED_MAX: f64 = 5.0;
/// From the end of a cut until all agree: the silence that shows a dead connection (if the cut
/// ended before that), the pause before redialling, and a dial whose packets went into the cut.
const HEALED_MAX: Duration = limits::NEIGHBOUR_SILENCE_MAX
    .saturating_add(limits::REDIAL_PAUSE_MAX)
    .saturating_add(limits::DIAL_TIMEOUT)
    .saturating_add(SLACK);
/// From the start of a server until all agree: nobody's dial hangs, since its host refuses at once.
const STARTED_MAX: Duration = limits::REDIAL_PAUSE_MAX.saturating_add(SLACK);
/// From the last report until all agree when nothing is wrong.
const SETTLED_MAX: Duration = SLACK;

/// The herd under load.
struct Stage {
    network: Network,
    servers: Servers,
    load: Load,
}

impl Stage {
    fn new() -> Stage {
        Stage::on(Network::new(NAMES.len()), &[])
    }

    fn on(network: Network, proxied: Proxied<'_>) -> Stage {
        let servers = Servers::start(proxied);
        let stage = Stage { network, servers, load: Load::start() };
        lasting(CALM);
        stage
    }

    /// The newest acknowledged reports that count.
    fn floor(&self, counts: impl Fn(&Report) -> bool) -> Floor {
        self.load.ledger.floor(counts)
    }

    /// Waits until everybody knows all that was acknowledged until now; how long that took.
    #[track_caller]
    fn agree(&self, limit: Duration) -> Duration {
        let floor = self.floor(|_| true);
        wait_until_known(&self.load.ledger, &floor, &EVERYBODY, limit)
    }

    /// Ends the load and checks: no answer was refused or lost at `unhit`, nothing is lost that
    /// counts, and all servers are equal. Says what was measured.
    #[track_caller]
    fn finish(mut self, unhit: &[usize], counts: impl Fn(&Report) -> bool) {
        self.servers.assert_running();
        let ledger = self.load.ledger.clone();
        let outcome = self.load.stop();
        let floor = ledger.floor(counts);
        let settled = wait_until_equal(&ledger, &floor, SETTLED_MAX);
        assert_no_disagreement();
        let failures = outcome.failures_at(unhit);
        assert!(failures.is_empty(), "{} failures: {failures:#?}", failures.len());
        let hit: Vec<usize> =
            EVERYBODY.into_iter().filter(|server| !unhit.contains(server)).collect();
        let (made, acknowledged) = ledger.counts();
        let slowest = unhit.iter().map(|&server| outcome.slowest[server]).max().unwrap();
        println!("  {made} reports of {} clients, {acknowledged} acknowledged", floor.len());
        println!("  refused or lost at servers not hit: 0; slowest round there: {slowest:.3?}");
        println!("  refused or lost at servers hit: {}", outcome.failures_at(&hit).len());
        println!(
            "  positions lost that a survivor held: 0; all equal {settled:.2?} after the load"
        );
    }
}

/// Links that are about to break: each is (who notices, who is gone).
struct Breaking {
    since: f64,
    links: Vec<(LogMark, usize)>,
}

impl Breaking {
    /// The links on which the neighbours of `gone` will miss it.
    fn of(gone: usize) -> Breaking {
        let links: Vec<_> = neighbours(gone).into_iter().map(|server| (server, gone)).collect();
        Breaking::of_links(&links)
    }

    fn of_links(links: &[(usize, usize)]) -> Breaking {
        let mark = |&(server, gone): &(usize, usize)| (LogMark::end_of(server), gone);
        Breaking { links: links.iter().map(mark).collect(), since: second_of_day() }
    }

    /// Waits until all of them are said to be down, and checks that it came in time.
    #[track_caller]
    fn noticed(self) {
        let mut longest = 0.0f64;
        for (mark, gone) in &self.links {
            let words = format!("link to {} is down", NAMES[*gone]);
            let at = mark.wait_for(&words, limits::NEIGHBOUR_SILENCE_MAX + SLACK);
            longest = longest.max(seconds_between(self.since, at));
        }
        println!("  dead peers noticed on {} links within {longest:.2} s", self.links.len());
        assert!(longest <= NOTICED_MAX, "noticed after {longest} s");
    }
}

/// Lets the present state of things last.
fn lasting(time: Duration) {
    thread::sleep(time);
}
