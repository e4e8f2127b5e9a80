//! `herd --check`: asks Places once and tells, in an operator's words, how far that got: name
//! look-up, connect, TLS, status, one sample; and what can be done about it where that ended. [`health`]
//! asks one of our own servers whether it is alive.

mod advice;
pub mod health;

use crate::limits;
use crate::places::{PlacesSettings, Problem, RESPONSE_LIMITS, Search, Status};
use crate::transport::{
    Action, Application, Context, Lost, Meters, Monotonic, Now, PeerInfo, Protocol, Signal,
};
use crate::wire::Printable;
use crate::wire::http::{Response, ResponseReader};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// The place of the papers' examples, and a radius in which there is something.
const SAMPLE: Search = Search {
    latitude_nanodegrees: 34_068_930_000,
    longitude_nanodegrees: -118_445_127_000,
    radius_micrometres: 10_000_000_000,
};

/// One call to Places by a driver, from start to verdict.
#[derive(Debug)]
pub struct Check {
    settings: PlacesSettings,
    /// Whether that is the stand-in because nothing else was said.
    is_stand_in: bool,
    actions: VecDeque<Action<Probe, Nowhere>>,
    deadline: Option<Monotonic>,
    started: Option<Monotonic>,
    connected: bool,
    findings: Vec<String>,
    verdict: Option<Result<(), String>>,
}

/// A check listens nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nowhere {}

/// The connection on which Places is asked.
#[derive(Debug)]
pub struct Probe {
    reader: ResponseReader,
}

impl Check {
    /// A check that begins when it is driven. `is_stand_in` says that nobody named a service and
    /// there is no key.
    pub fn new(settings: PlacesSettings, is_stand_in: bool) -> Self {
        let service = &settings.service;
        let key = if service.key.is_some() { "with a key" } else { "without a key" };
        let which = if is_stand_in { "the stand-in, " } else { "" };
        let findings = vec![format!(
            "asking https://{}{} ({which}{} dialect, {key})",
            service.authority, service.path, service.dialect
        )];
        let actions = VecDeque::from([Action::Dial {
            endpoint: service.endpoint.clone(),
            protocol: Probe { reader: ResponseReader::new(RESPONSE_LIMITS) },
            timeout: settings.limits.connect_timeout,
        }]);
        Check {
            settings,
            is_stand_in,
            actions,
            deadline: None,
            started: None,
            connected: false,
            findings,
            verdict: None,
        }
    }

    /// What was found, a line each, and whether Places answers or why not.
    pub fn outcome(&self) -> (&[String], Result<(), &str>) {
        let verdict = match &self.verdict {
            Some(Ok(())) => Ok(()),
            Some(Err(why)) => Err(why.as_str()),
            None => Err("interrupted"),
        };
        (&self.findings, verdict)
    }

    fn since_start(&self, now: Now) -> Duration {
        now.monotonic.since(self.started.unwrap_or(now.monotonic))
    }

    fn conclude(&mut self, verdict: Result<(), String>) {
        if self.verdict.is_none() {
            self.verdict = Some(verdict);
            self.actions.push_back(Action::Stop);
        }
    }

    fn judge(&mut self, response: Response, now: Now) {
        let took = self.since_start(now);
        let (status, bytes) = (response.status, response.body.len());
        self.findings.push(format!("answer: HTTP status {status}, {bytes} bytes after {took:.1?}"));
        let service = &self.settings.service;
        let verdict = match service.judge(response) {
            Ok(answer) => match answer.complaint() {
                None => self.look_at(&answer.cut(limits::RESULTS_MAX)),
                Some(problem) => Err(problem.clone()),
            },
            Err(problem) => Err(problem),
        };
        self.conclude(verdict.map_err(|problem| {
            let advice = advice::on_problem(&problem, status, &self.settings.service);
            format!("{problem}{}", advice::in_brackets(advice))
        }));
    }

    /// An answer in the legacy shape without an error.
    fn look_at(&mut self, json: &[u8]) -> Result<(), Problem> {
        let unlike = |why: &str| Problem::new(Status::UnknownError, why, None);
        let answer: Value =
            serde_json::from_slice(json).map_err(|error| unlike(&error.to_string()))?;
        let Some(status) = answer["status"].as_str() else {
            return Err(unlike("Places sent no status with its results"));
        };
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        let nearest = results.first().and_then(|result| result["name"].as_str());
        let quoted = |name: &str| format!(", first \"{}\"", Printable(name.as_bytes()));
        let nearest = nearest.map(quoted).unwrap_or_default();
        let (status, count) = (Printable(status.as_bytes()), results.len());
        self.findings.push(format!("sample: {SAMPLE}: {status}, {count} results{nearest}"));
        Ok(())
    }
}

impl Application for Check {
    type Protocol = Probe;
    type Listener = Nowhere;

    fn accepted(&mut self, nowhere: Nowhere, _address: SocketAddr, _now: Now) -> Probe {
        match nowhere {}
    }

    fn turn_ended(&mut self, now: Now, _meters: &Meters) {
        if self.started.is_none() {
            self.started = Some(now.monotonic);
            self.deadline = Some(now.monotonic + self.settings.limits.timeout);
        }
    }

    fn next_action(&mut self) -> Option<Action<Probe, Nowhere>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.deadline
    }

    fn timer_expired(&mut self, now: Now) {
        self.deadline = None;
        let waited = self.since_start(now);
        let what = if self.connected { "no whole answer" } else { "not connected" };
        self.conclude(Err(format!("{what} after {waited:.1?}, which is --places-timeout")));
    }

    fn signalled(&mut self, _signal: Signal, _now: Now) {
        self.actions.push_back(Action::Stop);
    }
}

impl Protocol<Check> for Probe {
    fn connection_made(&mut self, cx: &mut Context<'_, Check>, _: &PeerInfo) {
        let took = cx.app.since_start(cx.now);
        cx.app.connected = true;
        cx.app.findings.push(format!("name look-up, connect and TLS: done after {took:.1?}"));
        cx.transport.write(&cx.app.settings.service.request(&SAMPLE));
    }

    fn data_received(&mut self, cx: &mut Context<'_, Check>, data: &[u8]) {
        match self.reader.receive(data) {
            Ok(None) => {}
            Ok(Some((response, _))) => cx.app.judge(response, cx.now),
            Err(error) => cx.app.conclude(Err(format!("Places sent {error}"))),
        }
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Check>) {
        match self.reader.finish() {
            Ok(Some(response)) => cx.app.judge(response, cx.now),
            Ok(None) => cx.app.conclude(Err("Places closed the connection unasked".to_owned())),
            Err(error) => cx.app.conclude(Err(format!("Places sent {error}"))),
        }
        cx.transport.close();
    }

    fn stopping(&mut self, cx: &mut Context<'_, Check>) {
        cx.transport.abort();
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Check>, cause: &Lost) {
        let advice = advice::on_loss(cause, cx.app.is_stand_in);
        let cause = cause.to_string();
        let cause = Printable(cause.as_bytes());
        cx.app.conclude(Err(format!("{cause}{}", advice::in_brackets(advice))));
    }
}

#[cfg(test)]
mod tests;
