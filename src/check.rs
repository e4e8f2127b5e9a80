//! `herd --check`: asks Places once and tells, in an operator's words, how far that got: name
//! look-up, connect, TLS, status, one sample.

use crate::limits;
use crate::node::PlacesSettings;
use crate::places::Search;
use crate::transport::{Action, Application, Context, Lost, Monotonic, Now, Protocol};
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
    actions: VecDeque<Action<Probe>>,
    deadline: Option<Monotonic>,
    started: Option<Monotonic>,
    findings: Vec<String>,
    verdict: Option<Result<(), String>>,
}

/// The connection on which Places is asked.
#[derive(Debug)]
pub struct Probe {
    reader: ResponseReader,
}

impl Check {
    /// A check that begins when it is driven.
    pub fn new(settings: PlacesSettings) -> Self {
        let service = &settings.service;
        let key = if service.key.is_some() { "with a key" } else { "without a key" };
        let findings = vec![format!(
            "asking https://{}{} ({} dialect, {key})",
            service.authority, service.path, service.dialect
        )];
        let actions = VecDeque::from([Action::Dial {
            endpoint: service.endpoint.clone(),
            protocol: Probe { reader: ResponseReader::new() },
            timeout: settings.connect_timeout,
        }]);
        Check { settings, actions, deadline: None, started: None, findings, verdict: None }
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
        let verdict = match self.settings.service.judge(response) {
            Ok(answer) => self.look_at(&answer.cut(limits::RESULTS_MAX)),
            Err(problem) => Err(problem.to_string()),
        };
        self.conclude(verdict);
    }

    /// An answer in the legacy shape, which was found to be JSON.
    fn look_at(&mut self, json: &[u8]) -> Result<(), String> {
        let answer: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let status = answer["status"].as_str().unwrap_or("no status");
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        if !matches!(status, "OK" | "ZERO_RESULTS") {
            let message = answer["error_message"].as_str().unwrap_or("it does not say why");
            return Err(format!("{status}: {message}"));
        }
        let nearest = results.first().and_then(|result| result["name"].as_str());
        let nearest = nearest.map(|name| format!(", first {name:?}")).unwrap_or_default();
        let count = results.len();
        self.findings.push(format!("sample: {SAMPLE}: {status}, {count} results{nearest}"));
        Ok(())
    }
}

impl Application for Check {
    type Protocol = Probe;

    fn accepted(&mut self, _listener: usize, _peer: SocketAddr) -> Probe {
        unreachable!("a check listens nowhere")
    }

    fn turn_ended(&mut self, now: Now) {
        if self.started.is_none() {
            self.started = Some(now.monotonic);
            self.deadline = Some(now.monotonic + self.settings.timeout);
        }
    }

    fn next_action(&mut self) -> Option<Action<Probe>> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.deadline
    }

    fn timer_expired(&mut self, now: Now) {
        self.deadline = None;
        let waited = self.since_start(now);
        self.conclude(Err(format!("no answer after {waited:.1?}")));
    }

    fn stopping(&mut self, _now: Now) {}
}

impl Protocol<Check> for Probe {
    fn connection_made(&mut self, cx: &mut Context<'_, Check>) {
        let took = cx.app.since_start(cx.now);
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
        let hint = match cause {
            Lost::Tls(_) => " (is --places-ca the authority of that server?)",
            Lost::Resolve(_) => " (is the host's name right, and does this machine resolve names?)",
            Lost::Connect(_) | Lost::ConnectTimeout(_) => {
                " (does it run, and may this machine go there?)"
            }
            _ => "",
        };
        cx.app.conclude(Err(format!("{cause}{hint}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{Dialect, Service};
    use crate::transport::{ConnectionId, Transport};

    fn check() -> Check {
        let url = "https://localhost:8443/maps/api/place/nearbysearch/json";
        Check::new(PlacesSettings::new(Service::parse(url, Dialect::Legacy, None).unwrap()))
    }

    /// What a check finds that is connected and gets `response`.
    fn after(response: &str) -> (String, Result<(), String>) {
        let mut app = check();
        let mut transport = Transport::new(ConnectionId { slot: 0, generation: 0 });
        let Some(Action::Dial { mut protocol, endpoint, .. }) = app.next_action() else {
            panic!("a check dials");
        };
        assert!(endpoint.tls);
        let mut cx = Context { app: &mut app, transport: &mut transport, now: Now::default() };
        protocol.connection_made(&mut cx);
        assert!(cx.transport.output().starts_with(b"GET /maps/api/place/nearbysearch/json?"));
        for byte in response.as_bytes().chunks(1) {
            protocol.data_received(&mut cx, byte);
        }
        protocol.eof_received(&mut cx);
        protocol.connection_lost(&mut cx, &Lost::Closed);
        assert!(matches!(app.next_action(), Some(Action::Stop)));
        assert!(app.next_action().is_none(), "it stops once");
        let (findings, verdict) = app.outcome();
        (findings.join("\n"), verdict.map_err(str::to_owned))
    }

    fn http(status: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    #[test]
    fn a_good_answer_is_told_with_a_sample() {
        let body = r#"{"results": [{"name": "Bel Air"}], "status": "OK"}"#;
        let (findings, verdict) = after(&http("200 OK", body));
        assert_eq!(verdict, Ok(()));
        for part in ["localhost:8443", "HTTP status 200", "1 results", "Bel Air"] {
            assert!(findings.contains(part), "{part:?} is not in {findings}");
        }
    }

    #[test]
    fn what_places_refuses_is_told_in_its_words() {
        let body = r#"{"error_message": "bad key", "results": [], "status": "REQUEST_DENIED"}"#;
        let (_, verdict) = after(&http("200 OK", body));
        assert_eq!(verdict, Err("REQUEST_DENIED: bad key".to_owned()));
    }

    #[test]
    fn nonsense_silence_and_no_connection_are_told_apart() {
        assert!(after("SSH-2.0-x\r\n\r\n").1.unwrap_err().starts_with("Places sent"));
        assert!(after("").1.unwrap_err().contains("unasked"));
        assert!(after(&http("500 No", "oops")).1.unwrap_err().contains("UNKNOWN_ERROR"));
        let mut app = check();
        app.turn_ended(Now::default());
        app.timer_expired(Now::default());
        assert!(app.outcome().1.unwrap_err().starts_with("no answer"));
    }
}
