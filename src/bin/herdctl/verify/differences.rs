//! Which clients differ between servers, found by the digests of ranges: of a million clients three questions
//! lead to one.

use crate::asker::{Askers, Unasked};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Ranges that are asked for in one look; what differs beyond is not looked at.
const RANGES_MAX: usize = 64;
/// How long a server may take to look through all that it holds, besides what else it does.
const DIGESTS_TIMEOUT: Duration = Duration::from_secs(30);
/// Clients that are found in one look.
const CLIENTS_MAX: usize = 100;

/// `/digests`, as a server answers it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Digests {
    records: u64,
    digest: String,
    ranges: Vec<Part>,
    clients: Option<Vec<Listed>>,
}

/// One of its parts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Part {
    prefix: String,
    records: u64,
    digest: String,
}

/// One of its clients.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Listed {
    client: Client,
    forgotten: bool,
    digest: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Client {
    id: String,
    time: String,
    server: String,
    difference: String,
}

/// What a server holds of a client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Record {
    /// The client's time.
    pub time: String,
    /// The server that took it, and when that was, less the time.
    pub server: String,
    pub difference: String,
    pub forgotten: bool,
}

/// What each server holds of a client; nothing where it does not know it.
pub type Difference = BTreeMap<String, Option<Record>>;

/// What a look has found.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    /// Records that were compared.
    pub records: u64,
    /// By their ids.
    pub differing: BTreeMap<String, Difference>,
    /// Whether these are all.
    pub is_complete: bool,
}

/// Looks for the clients that differ, of what was taken before that POSIX second if one is given.
///
/// # Errors
/// Which of the servers that have web ports did not answer, and why.
pub fn find(askers: &Askers, before: Option<i64>) -> Result<Found, Vec<(usize, Unasked)>> {
    let askers = askers.with_patience(DIGESTS_TIMEOUT);
    let names: Vec<&str> = askers.each().map(|asker| asker.name()).collect();
    let before = before.map(|before| format!("&before={before}")).unwrap_or_default();
    narrow(|prefix| {
        let target = format!("/digests?prefix={prefix}{before}");
        let answers = askers.ask_all(&target, |_, body| {
            let read = serde_json::from_slice::<Digests>(&body);
            read.map_err(|error| format!("its digests cannot be read: {error}"))
        });
        let mut told = Vec::new();
        let mut unasked = Vec::new();
        for (at, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(digests) => told.push((names[at].to_owned(), digests)),
                // Its neighbours have said that it agrees.
                Err(Unasked::NoPort) => {}
                Err(why) => unasked.push((at, why)),
            }
        }
        if unasked.is_empty() { Ok(told) } else { Err(unasked) }
    })
}

/// Goes where digests differ, to the end of one way before the next.
fn narrow<E>(mut ask: impl FnMut(&str) -> Result<Vec<(String, Digests)>, E>) -> Result<Found, E> {
    let mut found = Found { is_complete: true, ..Found::default() };
    let mut ways = vec![String::new()];
    let mut asked = 0;
    while let Some(prefix) = ways.pop() {
        if asked >= RANGES_MAX || found.differing.len() >= CLIENTS_MAX {
            found.is_complete = false;
            break;
        }
        asked += 1;
        let told = ask(&prefix)?;
        if prefix.is_empty() {
            found.records = told.iter().map(|(_, digests)| digests.records).max().unwrap_or(0);
        }
        if told.windows(2).all(|pair| pair[0].1.sum() == pair[1].1.sum()) {
            continue;
        }
        let parts = differing_parts(&told);
        if told.iter().all(|(_, digests)| digests.clients.is_some()) {
            found.is_complete &= told.iter().all(|(_, digests)| digests.lists_all());
            compare_clients(&told, &mut found.differing);
        } else if parts.is_empty() {
            // It has moved while it was asked for.
            found.is_complete = false;
        } else {
            ways.extend(parts.into_iter().rev().map(str::to_owned));
        }
    }
    Ok(found)
}

impl Digests {
    fn sum(&self) -> (u64, &str) {
        (self.records, &self.digest)
    }

    /// Whether each of its records is listed: of more than a few, and of clients that the token says nothing
    /// of, it is not.
    fn lists_all(&self) -> bool {
        self.clients.as_ref().is_some_and(|clients| clients.len() as u64 == self.records)
    }
}

fn differing_parts(told: &[(String, Digests)]) -> Vec<&str> {
    let part = |part: &'_ Part| (part.records, part.digest.clone());
    let by_prefix: Vec<BTreeMap<&str, (u64, String)>> = told
        .iter()
        .map(|(_, digests)| digests.ranges.iter().map(|p| (p.prefix.as_str(), part(p))).collect())
        .collect();
    let prefixes: BTreeSet<&str> =
        by_prefix.iter().flat_map(|parts| parts.keys().copied()).collect();
    let differs =
        |prefix: &&str| by_prefix.windows(2).any(|pair| pair[0].get(prefix) != pair[1].get(prefix));
    prefixes.into_iter().filter(differs).collect()
}

fn compare_clients(told: &[(String, Digests)], differing: &mut BTreeMap<String, Difference>) {
    let mut held: BTreeMap<&str, BTreeMap<&str, &Listed>> = BTreeMap::new();
    for (server, digests) in told {
        for listed in digests.clients.iter().flatten() {
            held.entry(&listed.client.id).or_default().insert(server, listed);
        }
    }
    for (client, by) in held {
        let digests: BTreeSet<&str> = by.values().map(|listed| listed.digest.as_str()).collect();
        if by.len() == told.len() && digests.len() == 1 {
            continue;
        }
        let of = |server: &String| (server.clone(), by.get(server.as_str()).map(|l| l.record()));
        differing.insert(client.to_owned(), told.iter().map(|(server, _)| of(server)).collect());
    }
}

impl Listed {
    fn record(&self) -> Record {
        let Client { time, server, difference, .. } = self.client.clone();
        Record { time, server, difference, forgotten: self.forgotten }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Clients by their places, which are four digits here, and when each reported.
    type Held = BTreeMap<&'static str, u64>;

    /// As a server that holds these would answer, with so many listed at most.
    fn answer(held: &Held, prefix: &str, listed_max: usize) -> Digests {
        let inside = || held.iter().filter(|(place, _)| place.starts_with(prefix));
        let sum = |of: &dyn Fn(&str) -> bool| -> (u64, String) {
            let taken: Vec<u64> = inside().filter(|(p, _)| of(p)).map(|(_, time)| *time).collect();
            (taken.len() as u64, format!("{}", taken.iter().sum::<u64>()))
        };
        let part = |next: &str| {
            let (records, digest) = sum(&|place| place.starts_with(next));
            json!({"prefix": next, "records": records, "digest": digest})
        };
        let next: BTreeSet<&str> =
            inside().filter_map(|(p, _)| p.get(..prefix.len() + 2)).collect();
        let clients = inside().map(|(place, time)| {
            json!({"client": {"id": place, "time": time.to_string(), "server": "A", "difference": "+0"},
                "forgotten": false, "digest": time.to_string()})
        });
        let clients: Option<Vec<_>> = (inside().count() <= listed_max).then(|| clients.collect());
        let (records, digest) = sum(&|_| true);
        let parts: Vec<_> = next.into_iter().map(part).collect();
        let whole = json!({"server": "A", "prefix": prefix, "records": records, "digest": digest,
            "ranges": parts, "clients": clients});
        serde_json::from_value(whole).unwrap()
    }

    fn compare(servers: &[(&str, &Held)], listed_max: usize) -> (Found, usize) {
        let mut asked = 0;
        let found = narrow(|prefix| {
            asked += 1;
            let answers = servers
                .iter()
                .map(|(name, held)| ((*name).to_owned(), answer(held, prefix, listed_max)));
            Ok::<_, ()>(answers.collect())
        });
        (found.unwrap(), asked)
    }

    #[test]
    fn the_clients_that_differ_are_found_and_no_others() {
        let a: Held = [("0001", 5), ("0002", 5), ("01ff", 5), ("aa00", 5)].into();
        let mut b = a.clone();
        assert_eq!(compare(&[("A", &a), ("B", &b), ("C", &a)], 1).0.differing.len(), 0);
        b.insert("0002", 4);
        b.remove("aa00");
        b.insert("ff07", 1);
        let (found, _) = compare(&[("A", &a), ("B", &b), ("C", &a)], 1);
        assert!(found.is_complete && found.records == 4);
        let ids: Vec<&str> = found.differing.keys().map(String::as_str).collect();
        assert_eq!(ids, ["0002", "aa00", "ff07"]);
        let held = &found.differing["0002"];
        let time = |server: &str| held[server].as_ref().map(|record| record.time.as_str());
        assert_eq!([time("A"), time("B"), time("C")], [Some("5"), Some("4"), Some("5")]);
        assert_eq!(found.differing["aa00"]["B"], None);
        // One server has few and the other many.
        let (found, asked) = compare(&[("A", &a), ("B", &Held::new())], 2);
        assert_eq!((found.differing.len(), found.is_complete), (4, true));
        assert!(asked <= 4, "{asked}");
    }

    #[test]
    fn so_many_clients_are_found_and_no_more() {
        let places: Vec<&'static str> =
            (0..400).map(|n: u32| &*format!("{:02x}{:02x}", n % 256, n / 256).leak()).collect();
        let many: Held = places.iter().map(|place| (*place, 1)).collect();
        let (found, asked) = compare(&[("A", &many), ("B", &Held::new())], 64);
        assert!(!found.is_complete);
        assert!(
            (64..=CLIENTS_MAX + 64).contains(&found.differing.len()),
            "{}",
            found.differing.len()
        );
        assert!(asked <= RANGES_MAX);
    }

    #[test]
    fn who_may_not_be_named_is_not_taken_for_the_same() {
        let whole = |digest: &str| Digests {
            records: 1,
            digest: digest.to_owned(),
            clients: Some(vec![]),
            ..Digests::default()
        };
        let told = [("A".to_owned(), whole("1")), ("B".to_owned(), whole("2"))];
        let found = narrow(|_| Ok::<_, ()>(told.to_vec())).unwrap();
        assert_eq!((found.differing.len(), found.is_complete), (0, false));
    }
}
