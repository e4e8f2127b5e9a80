//! What the answer to a command may be, from the contract, the clock of the turn and what the server holds.

use super::super::super::contract::{Meaning, at_line, gone_line, meaning, refusal};
use super::super::super::env::Env;
use super::super::super::report::Report;
use super::super::Seen;
use super::super::near::WhoIsNear;
use super::{Expected, Pending};
use herd::node::Node;
use herd::wire::Location;

impl Pending {
    /// Notes what the answer would be if the server looked at the command now, after `reports`, of
    /// which it may have looked at those before `at_least_from` earlier. A report that it would
    /// take is returned.
    pub(super) fn judge(
        &mut self,
        env: &mut Env,
        seen: &Seen,
        node: &Node,
        reports: &[Option<Report>],
        at_least_from: usize,
    ) -> Option<Report> {
        let refused = Expected::Exactly(refusal(&self.line));
        match meaning(&self.line) {
            _ if self.too_long => self.may_be(refused),
            Meaning::Report { .. } | Meaning::Forget { .. } if env.must_refuse(seen, node) => {
                self.may_be(refused);
            }
            Meaning::Nothing | Meaning::Nonsense => self.may_be(refused),
            Meaning::Report { client, location, time, time_nanoseconds } => {
                let difference = seen.now.posix_nanoseconds - time_nanoseconds;
                if difference < -(env.max_skew_seconds as i64) * 1_000_000_000 {
                    self.may_be(refused);
                    return None;
                }
                let name = env.checks.name(seen.machine);
                let answer = at_line(&name, difference, client, location, time);
                let report = Report::new(answer.clone(), difference);
                self.may_take(env, seen, &report, answer);
                // What is dead when it comes is answered, and not kept.
                let is_dead = report.is_dead(env.lifetimes, seen.now.posix_nanoseconds, true);
                return Some(report).filter(|_| !is_dead);
            }
            Meaning::Forget { client, time, time_nanoseconds } => {
                let difference = seen.now.posix_nanoseconds - time_nanoseconds;
                let is_ahead = difference < -(env.max_skew_seconds as i64) * 1_000_000_000;
                let seconds = i64::from(env.lifetimes.tombstone_seconds);
                if is_ahead || difference > seconds * 1_000_000_000 {
                    self.may_be(refused);
                    return None;
                }
                let name = env.checks.name(seen.machine);
                let answer = gone_line(&name, difference, client, time);
                let report = Report::new(answer.clone(), difference);
                self.may_take(env, seen, &report, answer);
                return Some(report);
            }
            Meaning::Near { place, radius_micrometres, bound } => {
                let known = |client: &[u8]| {
                    let held = held(env, seen, node, client);
                    may_be_known(held, reports, at_least_from, client)
                };
                let location = Location::parse(place);
                let is_at = |report: &Report| Location::parse(report.location());
                let centres = match location {
                    Some(location) => vec![Some(location)],
                    None => known(place).iter().map(|at| at.as_ref().and_then(is_at)).collect(),
                };
                let others = env.checks.clients().iter();
                let others = others.filter(|client| location.is_some() || ***client != *place);
                let clients = others.map(|client| (client.to_vec(), known(client))).collect();
                let metres = radius_micrometres as f64 / 1e6;
                let near = WhoIsNear::new(centres, metres, bound.into(), clients);
                self.near = Some(Box::new(near));
            }
            // Whether it is watched, and told of rightly, is looked at by the one who asks.
            Meaning::Watch(..) => {
                self.may_be(Expected::Exactly([&self.line[..], b"\n"].concat()));
            }
            Meaning::Unwatch(..) => {
                self.may_be(Expected::Exactly([&self.line[..], b"\n"].concat()));
                self.may_be(refused);
            }
            Meaning::Question { client, radius_micrometres, bound } => {
                let held = held(env, seen, node, client);
                for known in may_be_known(held, reports, at_least_from, client) {
                    let near = known.and_then(|known| {
                        let place = Location::parse(known.location())?;
                        let at = known.line().to_vec();
                        Some(Expected::Near { at, place, radius_micrometres, bound })
                    });
                    let expected = near.unwrap_or_else(|| Expected::Exactly(refusal(&self.line)));
                    if !self.expected.contains(&expected) {
                        self.expected.push(expected);
                    }
                }
            }
        }
        None
    }

    /// The server may take that report, and answer so.
    fn may_take(&mut self, env: &mut Env, seen: &Seen, report: &Report, answer: Vec<u8>) {
        env.checks.may_take(seen, report);
        if env.journals.is_always(seen.machine) {
            self.kept.get_or_insert(env.disks.failures(seen.machine));
        }
        self.may_be(Expected::Exactly(answer));
    }

    pub(super) fn may_be(&mut self, expected: Expected) {
        if !self.expected.contains(&expected) {
            self.expected.push(expected);
        }
    }
}

/// What the server holds of a client, unless that is dead to questions.
fn held(env: &Env, seen: &Seen, node: &Node, client: &[u8]) -> Option<Report> {
    let now = seen.now.posix_nanoseconds;
    Report::held(node, client).filter(|held| !held.is_dead(env.lifetimes, now, true))
}

/// Where the server may know a client to be after the last of `reports`, when it took all of them from
/// some place on, which is `at_least_from` or before.
fn may_be_known(
    held: Option<Report>,
    reports: &[Option<Report>],
    at_least_from: usize,
    client: &[u8],
) -> Vec<Option<Report>> {
    let known = |taken: Option<&Report>| {
        let known = match (held.as_ref(), taken) {
            (Some(held), Some(taken)) if taken.compare_as_taken(held).is_le() => Some(held),
            (held, taken) => taken.or(held),
        };
        // Of one that is forgotten nothing is known.
        known.filter(|report| !report.is_gone()).cloned()
    };
    let mut all = Vec::new();
    // The first of the greatest of those from some place on.
    let mut taken: Option<&Report> = None;
    for from in (0..=reports.len()).rev() {
        let report = reports.get(from).and_then(Option::as_ref);
        if let Some(report) = report.filter(|report| report.client() == client)
            && taken.is_none_or(|taken| report.compare_as_taken(taken).is_ge())
        {
            taken = Some(report);
        }
        if from <= at_least_from {
            all.push(known(taken));
        }
    }
    all.dedup();
    all
}
