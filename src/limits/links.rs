//! The bounds of links between neighbours: when they are dialled, taken for dead, compared; `limits` shows
//! them on its page.

use std::time::Duration;

/// How often a link at rest sends a mark, and its receiver an acknowledgement.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Silence after which a neighbour is taken for dead (contract: noticed within 5 s).
pub const NEIGHBOUR_SILENCE_MAX: Duration = Duration::from_secs(4);
/// How long a neighbour's connection that has marked its feed counts as alive since it was heard, against
/// another that greets in the same name: two heartbeats, and what they may be late.
pub const NEIGHBOUR_ALIVE: Duration = Duration::from_millis(2_500);
/// How long a neighbour that is none any more may take to be told, and to tell, what it has to.
pub const NEIGHBOUR_LEAVE_MAX: Duration = Duration::from_secs(10);
/// How long that other one is kept waiting before it is refused.
pub const NEIGHBOUR_CONFLICT_MAX: Duration = Duration::from_secs(3);
/// How often each kind of trouble with a neighbour is said in the log, where it may come a thousand times
/// a second; meanwhile it is counted.
pub const NEIGHBOUR_TROUBLE_REMINDER: Duration = Duration::from_secs(60);
/// How soon a mark is acknowledged: one acknowledgement may serve many marks.
pub const ACKNOWLEDGE_PAUSE: Duration = Duration::from_millis(20);
/// Turns that brought news to a neighbour and wait for its acknowledgement, each with its time; what more
/// come counts with the last of them.
pub const LINK_WAITS_MAX: usize = 64;
/// Records that a link passes in one turn, besides those that changed in it: to tell a neighbour
/// much must not keep the clients waiting.
pub const WALK_RECORDS_MAX: u64 = 128;
/// How often in a row two servers at rest must have differed in the same way before it is said.
pub const DISAGREEMENTS_MIN: u32 = 3;
/// How soon, at the soonest, that counts once more: about a heartbeat, also where much moves.
pub const DISAGREEMENT_PAUSE: Duration = Duration::from_millis(900);
/// How often in a row, when each has been told all that the other holds, before everything is told
/// again: once a heartbeat, so this is also about how many seconds it takes.
pub const DISAGREEMENTS_MAX: u32 = 6;
/// How soon, at the soonest, a neighbour is told everything again once more.
pub const START_OVER_PAUSE: Duration = Duration::from_secs(60);
/// The same when that has not helped time and again: the pause doubles until it is this.
pub const START_OVER_PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// First pause before redialling a neighbour (contract).
pub const REDIAL_PAUSE_MIN: Duration = Duration::from_millis(50);
/// Longest pause before redialling a neighbour (contract).
pub const REDIAL_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How soon, at the soonest, a neighbour is dialled again that has greeted us, though it refuses us.
pub const REDIAL_REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// How long a link must have been up for redialling to start quickly again.
pub const LINK_PROVEN_AFTER: Duration = Duration::from_secs(1);
/// Look-up and connect to a neighbour.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(4);
/// How long an attempt to connect to a neighbour may take that has greeted us meanwhile, before it is
/// dialled once more: what was sent before it was there may be lost, and is sent again late.
pub const DIAL_DOUBTED_AFTER: Duration = Duration::from_millis(150);
/// How long a server looks for a neighbour before it is ready without one (contract).
pub const NEIGHBOUR_SOUGHT_MAX: Duration = Duration::from_secs(10);
/// How often a neighbour that stays away is mentioned in the log.
pub const AWAY_REMINDER: Duration = Duration::from_secs(60);
