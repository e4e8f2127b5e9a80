//! What was reported and what was acknowledged, whatever the servers make of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Every report of a run.
#[derive(Default)]
pub struct Ledger {
    /// By client, in the order in which the reports were made.
    reports: Mutex<BTreeMap<String, Vec<Report>>>,
    last_time: AtomicU64,
}

/// One report.
#[derive(Debug, Clone)]
pub struct Report {
    /// POSIX nanoseconds; no two reports have the same, so the newest is always the same one.
    pub time: u64,
    /// The last three fields of the command and of its answer.
    fields: String,
    pub server: usize,
    /// The answer and when it came.
    pub acknowledged: Option<(String, Instant)>,
}

/// For each client the report that must be known, or a newer one.
pub type Floor = BTreeMap<String, u64>;

impl Ledger {
    /// Notes a report that is about to be made; its command and its time.
    pub fn report(&self, client: &str, server: usize) -> (String, u64) {
        let time = self.next_time();
        let degrees = time / 1_000 % 80_000_000;
        let (whole, fraction) = (degrees / 1_000_000, degrees % 1_000_000);
        let location = format!("+{whole:02}.{fraction:06}-118.445127");
        let (seconds, nanoseconds) = (time / 1_000_000_000, time % 1_000_000_000);
        let fields = format!("{client} {location} {seconds}.{nanoseconds:09}");
        let command = format!("IAMAT {fields}\n");
        let report = Report { time, fields, server, acknowledged: None };
        self.reports.lock().unwrap().entry(client.to_owned()).or_default().push(report);
        (command, time)
    }

    /// Notes the answer to a report; an error if it is not as it must be.
    pub fn acknowledge(
        &self,
        client: &str,
        time: u64,
        name: &str,
        answer: &str,
    ) -> Result<(), String> {
        let mut reports = self.reports.lock().unwrap();
        let reports = reports.get_mut(client).unwrap();
        let report = reports.iter_mut().rev().find(|report| report.time == time).unwrap();
        if !report.is_told_by(name, answer) {
            return Err(format!("{answer:?} answers {}", report.fields));
        }
        report.acknowledged = Some((answer.to_owned(), Instant::now()));
        Ok(())
    }

    /// The newest reports that count.
    pub fn floor(&self, counts: impl Fn(&Report) -> bool) -> Floor {
        let reports = self.reports.lock().unwrap();
        let newest = |reports: &Vec<Report>| {
            let acknowledged = |report: &&Report| report.acknowledged.is_some() && counts(report);
            reports.iter().filter(acknowledged).map(|report| report.time).max()
        };
        reports.iter().filter_map(|(client, all)| Some((client.clone(), newest(all)?))).collect()
    }

    /// The time of the report that an `AT` line tells of; an error if none was made like that.
    pub fn time_of(&self, client: &str, at: &str, names: &[&str]) -> Result<u64, String> {
        let reports = self.reports.lock().unwrap();
        let mut reports = reports.get(client).into_iter().flatten();
        let found = reports.find(|report| match &report.acknowledged {
            Some((answer, _)) => answer == at,
            None => report.is_told_by(names[report.server], at),
        });
        found.map(|report| report.time).ok_or_else(|| format!("nobody has reported {at:?}"))
    }

    /// How many reports were made, and how many acknowledged.
    pub fn counts(&self) -> (usize, usize) {
        let reports = self.reports.lock().unwrap();
        let all = reports.values().flatten();
        let acknowledged = all.clone().filter(|report| report.acknowledged.is_some());
        (all.count(), acknowledged.count())
    }

    fn next_time(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let now = u64::try_from(now).unwrap();
        let last = self.last_time.fetch_max(now, Ordering::Relaxed);
        if now > last { now } else { self.last_time.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

impl Report {
    /// Whether an `AT` line is what that server says of this report.
    fn is_told_by(&self, name: &str, at: &str) -> bool {
        let mut words = at.splitn(4, ' ');
        words.next() == Some("AT")
            && words.next() == Some(name)
            && words.next().is_some_and(|difference| difference.starts_with(['+', '-']))
            && words.next() == Some(&self.fields)
    }
}
