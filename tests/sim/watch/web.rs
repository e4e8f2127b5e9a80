//! The model of a conversation at the web port, on the server's side: one response to each request, in
//! order, and every report that is answered by 200 is taken as the line's are.

use super::super::contract::at_line;
use super::super::env::Env;
use super::super::net::ConnId;
use super::super::report::Report;
use super::super::web::{Asked, Responses, Said, json};
use super::Seen;
use herd::node::Node;
use herd::transport::{DriverSide, Transport};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct WebConversation {
    conn: Option<ConnId>,
    arrived: u64,
    /// Requests that were answered.
    answered: usize,
    responses: Responses,
    streams: bool,
    /// No more is answered: it closes, or the visitor will say no more.
    closes: bool,
    ended: bool,
    /// The server stops: it may close when all is answered that it was handed.
    stops: bool,
    /// What this visitor was told that was taken of it.
    own: BTreeMap<String, Report>,
    /// What may have been taken of requests that are not answered, by their numbers, where a report may be
    /// answered later than it is taken.
    taken: BTreeMap<usize, Vec<Report>>,
}

impl WebConversation {
    /// It is this connection's.
    pub fn is_at(&mut self, conn: Option<ConnId>) {
        self.conn = conn;
    }

    pub fn arrived(&mut self, env: &mut Env, seen: &Seen, bytes: &[u8]) {
        self.arrived += bytes.len() as u64;
        self.judge_again(env, seen);
    }

    pub fn ended(&mut self, env: &mut Env, seen: &Seen) {
        self.ended = true;
        self.judge_again(env, seen);
    }

    /// What may be taken in the callback that is about to be called.
    pub fn judge_again(&mut self, env: &mut Env, seen: &Seen) {
        let Some(talk) = self.conn.and_then(|conn| env.talks.get(&conn)) else { return };
        let name = env.checks.name(seen.machine);
        let is_always = env.journals.is_always(seen.machine);
        for (asked, number) in talk.requests(self.answered, self.arrived).zip(self.answered..) {
            let Asked::Report(said) = asked else { continue };
            let Some(report) = report_of(said, &name, seen, env.max_skew_seconds) else { continue };
            env.checks.may_take(seen, &report);
            if is_always {
                self.taken.entry(number).or_default().push(report);
            }
        }
    }

    /// What has been taken of the last request that was answered, if that can be told: what the server
    /// holds, of all that it may be.
    fn was_taken(&mut self, said: &Said, node: &Node) -> Option<Report> {
        let mut taken = self.taken.remove(&(self.answered - 1))?;
        let held = Report::held(node, said.client.as_bytes());
        taken.retain(|report| held.as_ref() == Some(report));
        taken.pop()
    }

    /// Takes what the server wrote.
    pub fn answered(
        &mut self,
        env: &mut Env,
        seen: &Seen,
        node: &Node,
        written: &[u8],
        transport: &Transport,
    ) -> Result<(), String> {
        if !written.is_empty() && !self.streams {
            self.responses.add(written);
            self.read(env, seen, node)?;
        }
        let talk = self.conn.and_then(|conn| env.talks.get(&conn));
        let Some(talk) = talk.filter(|_| transport.wants_data()) else {
            return Ok(());
        };
        let mut unanswered = talk.requests(self.answered, self.arrived);
        match (unanswered.next(), unanswered.next()) {
            (Some(Asked::Report(_)), None) if env.journals.is_always(seen.machine) => Ok(()),
            (Some(asked), _) if !asked.may_take_time() => Err(format!("no answer to {asked:?}")),
            (Some(_), Some(asked)) => Err(format!("reads on, and does not look at {asked:?}")),
            _ => Ok(()),
        }
    }

    fn read(&mut self, env: &mut Env, seen: &Seen, node: &Node) -> Result<(), String> {
        let Some(talk) = self.conn.and_then(|conn| env.talks.get_mut(&conn)) else {
            return Err("written before anything was asked".to_owned());
        };
        loop {
            let asked = talk.request(self.answered, self.arrived).cloned();
            let is_head = asked.as_ref().is_some_and(Asked::is_head);
            let Some(response) = self.responses.next(is_head)? else { return Ok(()) };
            let Some(asked) = asked else {
                // To half a request.
                let is_refused = (400..600).contains(&response.status) && response.closes;
                self.closes |= is_refused;
                let is_good = is_refused && self.ended;
                return if is_good { Ok(()) } else { Err(format!("unasked for: {response:?}")) };
            };
            self.answered += 1;
            self.closes |= response.closes;
            match &asked {
                Asked::Events => self.streams = response.streams,
                Asked::Report(said) => {
                    let name = env.checks.name(seen.machine);
                    let report = report_of(said, &name, seen, env.max_skew_seconds);
                    let may_fail = env.journals.is_always(seen.machine)
                        && env.disks.failures(seen.machine) > 0;
                    let is_right = match response.status {
                        200 => report.is_some() || said.is_owntracks,
                        // It has been forgotten since, or is at that very time.
                        204 => said.is_put && report.is_some(),
                        503 => may_fail,
                        _ => report.is_none(),
                    };
                    if !is_right {
                        return Err(format!("{} to {said:?}", response.status));
                    }
                    // OwnTracks is told nothing of what could not be taken.
                    let is_unsure = may_fail && (said.is_owntracks || response.status == 503);
                    let report = match env.journals.is_always(seen.machine) {
                        true => self.was_taken(said, node),
                        false => report,
                    };
                    let report = report.filter(|_| !is_unsure);
                    if response.status == 200 {
                        let line = report.as_ref().map(|report| report.line().to_vec());
                        if let Some(line) = &line {
                            env.checks.answered(line, env.agenda.now());
                        }
                        env.acknowledged[seen.machine].extend(line.clone());
                        talk.acknowledge(line);
                    }
                    if let Some(report) = report {
                        let own = self.own.entry(said.client.clone());
                        let own = own.or_insert_with(|| report.clone());
                        if report.compare_as_taken(own).is_gt() {
                            *own = report;
                        }
                    }
                }
                Asked::Client(id) => {
                    let told = str::from_utf8(&response.body).ok().and_then(json::object);
                    let told = told.and_then(|(members, _)| env.checks.told_as(&members));
                    let held = node.positions().find(id.as_bytes());
                    let held = held.map(|position| Report::of(&position));
                    let is_held = |told: &Report| {
                        held.as_ref().is_some_and(|held| told.compare(held).is_le())
                    };
                    let is_known = |told: &Report| {
                        self.own.get(id).is_none_or(|own| told.compare_as_taken(own).is_ge())
                    };
                    let is_right = match told {
                        Some(told) => is_held(told) && is_known(told),
                        // What came behind the question may have made it known again.
                        None => {
                            let own = self.own.get(id);
                            let now = seen.now.posix_nanoseconds;
                            own.is_none_or(|own| {
                                own.is_dead(env.lifetimes, now, true)
                                    || env.checks.was_forgotten_after(own)
                            })
                        }
                    };
                    if !is_right {
                        return Err(format!("of {id} is told {told:?}, and there is {held:?}"));
                    }
                }
                _ => {}
            }
        }
    }

    pub fn stopping(&mut self) {
        self.stops = true;
    }

    /// The server has closed: everything must be answered.
    pub fn finished(&self, env: &Env) -> Result<(), String> {
        let talk = self.conn.and_then(|conn| env.talks.get(&conn));
        let asked = talk.and_then(|talk| talk.request(self.answered, self.arrived));
        match asked {
            _ if self.closes && !self.ended => Ok(()),
            Some(Asked::Events) | None if self.stops => Ok(()),
            Some(asked) => Err(format!("closed without an answer to {asked:?}")),
            None if !self.ended => Err("closed for no reason".to_owned()),
            None if !self.responses.is_empty() => Err("closed within an answer".to_owned()),
            None => Ok(()),
        }
    }
}

/// What a server makes of a report just then; none if its time is too far ahead.
fn report_of(said: &Said, name: &str, seen: &Seen, max_skew_seconds: u64) -> Option<Report> {
    let now = seen.now.posix_nanoseconds;
    let clock = || format!("{}.{:09}", now / 1_000_000_000, now % 1_000_000_000);
    let time = said.time.clone().unwrap_or_else(clock);
    let difference = now - nanoseconds(&time)?;
    if difference < -(max_skew_seconds as i64) * 1_000_000_000 {
        return None;
    }
    let (client, location) = (said.client.as_bytes(), said.location.as_bytes());
    Some(Report::new(at_line(name, difference, client, location, time.as_bytes()), difference))
}

/// Cut, not rounded.
fn nanoseconds(time: &str) -> Option<i64> {
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    let nine: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nine.parse().ok()?)
}
