//! `herdctl verify`: whether all servers hold the same; if not, which clients differ.
//!
//! **At rest** equal digests mean equal contents. **Under load** no two servers are asked at the same moment,
//! and what is on its way differs. So what is compared then is what was [taken before](before) a moment that
//! all links have acknowledged: who has reported since is left out by all alike. What still differs, since it
//! moved while it was looked for, does not differ in each look: who does is named.

mod differences;
mod report;

use crate::asker::{Askers, Unasked};
use crate::judge::BEHIND_SECONDS;
use crate::look::{Look, Looked, Neighbour};
use crate::posix_seconds;
use differences::{Difference, Found};
use herd::herd::Herd;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

pub use report::{json, text};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How long ago that must have been taken which is compared under load, if no link is behind: so far clocks
/// of servers may be apart, and so long a link may take.
const SETTLED_SECONDS: u64 = 3;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub herd: String,
    pub servers: usize,
    pub verdict: Verdict,
}

/// What came of the last look.
#[derive(Debug)]
pub enum Verdict {
    /// All hold the same, at one moment: so many records with that digest.
    Same { records: u64, digest: String },
    /// All hold the same of what was taken before that POSIX second: so many records, of as many as are
    /// known.
    Settled { before: i64, records: u64, of: u64 },
    /// These cannot be asked.
    Unasked(Vec<(String, Unasked)>),
    /// They change, and are not linked so that each hears of it.
    Unlinked,
    /// They differ.
    Different { before: Option<i64>, differing: BTreeMap<String, Difference>, is_complete: bool },
}

impl Outcome {
    /// Whether all agree.
    pub fn agree(&self) -> bool {
        matches!(self.verdict, Verdict::Same { .. } | Verdict::Settled { .. })
    }

    /// Whether most of what is known was not compared, as it moved: there may be a better moment.
    fn is_of_few(&self) -> bool {
        matches!(self.verdict, Verdict::Settled { records, of, .. } if 2 * records < of)
    }
}

/// Looks again and again, for so long, until all agree.
pub fn verify(herd: &Herd, askers: &Askers, tries: Duration) -> Outcome {
    until(herd, askers, tries, |outcome| outcome.agree() && !outcome.is_of_few())
}

/// The same until it is enough.
pub fn until(
    herd: &Herd,
    askers: &Askers,
    tries: Duration,
    is_enough: impl Fn(&Outcome) -> bool,
) -> Outcome {
    let end = Instant::now() + tries;
    let mut looks = Looks::default();
    loop {
        let look = Look::at(herd, askers);
        let verdict = looks.judge(&look, |before| differences::find(askers, before));
        let outcome =
            |verdict| Outcome { herd: herd.name.clone(), servers: herd.servers.len(), verdict };
        if let Some(verdict) = verdict {
            let outcome = outcome(verdict);
            if is_enough(&outcome) || Instant::now() >= end {
                return outcome;
            }
        }
        thread::sleep(PAUSE);
    }
}

/// What earlier looks have shown.
#[derive(Debug, Default)]
struct Looks {
    /// How many changes each server had seen when looked at last.
    changes: Option<Vec<u64>>,
    /// Who differed in each look since all could be asked, as seen in the last; and whether all were found
    /// each time.
    differing: Option<(BTreeMap<String, Difference>, bool)>,
}

impl Looks {
    /// What this look and `find` show; none if that cannot be said before the next.
    fn judge(
        &mut self,
        look: &Look,
        find: impl FnOnce(Option<i64>) -> Result<Found, Vec<(usize, Unasked)>>,
    ) -> Option<Verdict> {
        let unasked = unasked(look);
        if !unasked.is_empty() {
            *self = Looks::default();
            return Some(Verdict::Unasked(unasked));
        }
        let statuses = || look.servers.iter().filter_map(Looked::status);
        let known = |status: &crate::look::Status| status.clients + status.tombstones;
        let most = statuses().map(known).max().unwrap_or(0);
        let mut digests = statuses().map(|status| &status.digest);
        let first = digests.next();
        if digests.all(|digest| Some(digest) == first) {
            let digest = first.cloned().unwrap_or_default();
            return Some(Verdict::Same { records: most, digest });
        }
        let changes: Vec<u64> = statuses().map(|status| status.changes).collect();
        // After the first look one does not know.
        let are_at_rest = self.changes.replace(changes.clone())? == changes;
        let before = (!are_at_rest).then(|| before(look, posix_seconds()));
        let found = match find(before) {
            Ok(found) => found,
            Err(unasked) => {
                *self = Looks::default();
                let name = |at: usize| look.servers[at].name.clone();
                let unasked = unasked.into_iter().map(|(at, why)| (name(at), why));
                return Some(Verdict::Unasked(unasked.collect()));
            }
        };
        let verdict = self.compare(found, before, most);
        // Else nothing may be at rest on the one side, and nothing be known on the other.
        let is_known = !matches!(verdict, Verdict::Settled { .. }) || are_linked(look);
        Some(if is_known { verdict } else { Verdict::Unlinked })
    }

    fn compare(&mut self, found: Found, before: Option<i64>, most: u64) -> Verdict {
        let Found { records, mut differing, mut is_complete } = found;
        let agree = |records| before.map(|before| Verdict::Settled { before, records, of: most });
        if differing.is_empty() && is_complete {
            self.differing = None;
            // At rest digests differ: it has moved since.
            return agree(records).unwrap_or(Verdict::Different {
                before,
                differing,
                is_complete: false,
            });
        }
        let earlier = self.differing.take();
        if let Some((earlier, was_complete)) = &earlier {
            is_complete &= was_complete;
            if is_complete {
                differing.retain(|client, _| earlier.contains_key(client));
            }
        }
        if earlier.is_some()
            && is_complete
            && differing.is_empty()
            && let Some(verdict) = agree(records)
        {
            return verdict;
        }
        self.differing = Some((differing.clone(), is_complete));
        Verdict::Different { before, differing, is_complete }
    }
}

/// Who cannot be asked, and why. Of one without a web port its neighbours tell whether it agrees.
fn unasked(look: &Look) -> Vec<(String, Unasked)> {
    let unasked = look.servers.iter().filter_map(|server| {
        let why = server.answer.as_ref().err()?;
        let agrees =
            |by: &String| look.said(by, &server.name).is_some_and(|said| said.agrees == Some(true));
        if *why == Unasked::NoPort && server.neighbours.iter().any(agrees) {
            return None;
        }
        Some((server.name.clone(), why.clone()))
    });
    unasked.collect()
}

/// Whether what changes at any server comes to all of them by links that are up and not behind.
fn are_linked(look: &Look) -> bool {
    let tells = |from: &Looked, to: &Looked| {
        let (teller, told) = (look.said(&from.name, &to.name), look.said(&to.name, &from.name));
        let is_behind = |said: &Neighbour| said.dialled.behind_seconds >= Some(BEHIND_SECONDS);
        (teller.is_some() || told.is_some())
            && teller.is_none_or(|said| said.dialled.up && !is_behind(said))
            && told.is_none_or(|said| said.accepted.up)
    };
    let (mut reached, mut rest): (Vec<&Looked>, Vec<&Looked>) =
        (Vec::new(), look.servers.iter().collect());
    reached.extend(rest.pop());
    let mut at = 0;
    while let Some(&from) = reached.get(at) {
        let linked = |to: &mut &Looked| tells(from, to) && tells(to, from);
        reached.extend(rest.extract_if(.., linked));
        at += 1;
    }
    rest.is_empty()
}

/// The POSIX second before which must have been taken what is compared: all links that are up have
/// acknowledged it.
fn before(look: &Look, now: i64) -> i64 {
    let statuses = look.servers.iter().filter_map(Looked::status);
    let links = statuses.flat_map(|status| &status.neighbours).map(|neighbour| &neighbour.dialled);
    let behind = links.filter(|link| link.up).filter_map(|link| link.behind_seconds);
    let behind = behind.fold(0.0, f64::max).ceil() as i64;
    now.saturating_sub(behind).saturating_sub(SETTLED_SECONDS as i64).max(0)
}

#[cfg(test)]
mod tests;
