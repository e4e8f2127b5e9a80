//! A Places service that answers, delays, stalls and hangs up.

use super::agenda::{Event, MILLISECOND, SECOND, Time};
use super::env::Env;
use super::net::{End, Owner, Read};
use super::trace::Tag;
use herd::wire::Location;

pub const HOST: &str = "places.test";
pub const URL: &str = "https://places.test/maps/api/place/nearbysearch/json";
/// More than any answer of ours has.
pub const ANSWER_BYTES_MAX: usize = 8 * 1_024;

/// How it behaves: of a thousand requests, how many end badly, and how long answers take at most.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    pub bad: u64,
    pub delay: Time,
}

/// The service with its connections.
#[derive(Debug)]
pub struct Places {
    pub manners: Manners,
    conns: Vec<Conn>,
}

#[derive(Debug)]
struct Conn {
    /// None once it is closed.
    end: Option<End>,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// Whether it hangs up when all is written.
    hangs_up: bool,
    /// What is to be written later, and whether it hangs up then.
    prepared: Option<(Vec<u8>, bool)>,
}

impl Places {
    pub fn new(manners: Manners) -> Self {
        Places { manners, conns: Vec::new() }
    }

    pub fn accept(&mut self, env: &mut Env, end: End) {
        let index = self.conns.len();
        self.conns.push(Conn {
            end: Some(end),
            inbox: Vec::new(),
            outbox: Vec::new(),
            hangs_up: false,
            prepared: None,
        });
        env.net.own(end, Owner::Places { index });
        self.ready(env, index);
    }

    /// There may be a request, or room for an answer.
    pub fn ready(&mut self, env: &mut Env, index: usize) {
        let conn = &mut self.conns[index];
        let Some(end) = conn.end else {
            return;
        };
        let mut buffer = [0; 1_024];
        loop {
            match env.net.read(end, &mut buffer, &mut env.agenda, &mut env.random) {
                Read::Bytes(count) => conn.inbox.extend_from_slice(&buffer[..count]),
                Read::Nothing => break,
                Read::End | Read::Reset => {
                    conn.end = None;
                    env.net.close(end, &mut env.agenda, &mut env.random);
                    return;
                }
            }
        }
        if let Some(length) = conn.inbox.windows(4).position(|four| four == b"\r\n\r\n") {
            let request: Vec<u8> = conn.inbox.drain(..length + 4).collect();
            let now = env.agenda.now();
            env.trace.note(now, Tag::Places, index as u64, 0, &request);
            self.answer(env, index, &request);
        }
        self.write(env, index);
    }

    /// The time has come to answer.
    pub fn step(&mut self, env: &mut Env, index: usize) {
        if let Some((outbox, hangs_up)) = self.conns[index].prepared.take() {
            self.conns[index].outbox = outbox;
            self.conns[index].hangs_up = hangs_up;
        }
        self.write(env, index);
    }

    fn write(&mut self, env: &mut Env, index: usize) {
        let conn = &mut self.conns[index];
        let Some(end) = conn.end else {
            return;
        };
        if !conn.outbox.is_empty() {
            let written = env.net.write(end, &conn.outbox, &mut env.agenda, &mut env.random);
            conn.outbox.drain(..written.unwrap_or(0));
        }
        if conn.outbox.is_empty() && conn.hangs_up {
            conn.end = None;
            env.net.close(end, &mut env.agenda, &mut env.random);
        }
    }

    fn answer(&mut self, env: &mut Env, index: usize, request: &[u8]) {
        let bad = env.random.chance(self.manners.bad);
        let manner = if bad { env.random.between(3, 8) } else { env.random.below(3) };
        let body = parse(request).map_or_else(String::new, |(latitude, longitude, radius)| {
            Document::near(latitude, longitude, radius).raw()
        });
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        let with_length =
            |body: &str| format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let whole = with_length(&body);
        let (outbox, hangs_up) = match manner {
            0 => (whole, false),
            1 => {
                (format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunked(&body, env)), false)
            }
            2 => (format!("{head}Connection: close\r\n\r\n{body}"), true),
            // It never answers, hangs up at once, in the middle, or says what makes no sense.
            3 => return,
            4 => (String::new(), true),
            5 => (whole[..whole.len() / 2].to_owned(), true),
            6 => {
                let head = "HTTP/1.1 500 Oh\r\nContent-Length: 4\r\n\r\n";
                (format!("{head}Sad!"), false)
            }
            7 => ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), false),
            // It says more behind its answer, which nobody has asked for. In one go with it: what
            // comes later could be the answer to the next question.
            _ => {
                let both = whole.clone() + &with_length(&Document::elsewhere().raw());
                let end = self.conns[index].end;
                match end.filter(|&end| env.net.room(end) >= both.len()) {
                    Some(end) => {
                        env.net.keep_whole(end);
                        env.checks.tally.leftovers += 1;
                        (both, false)
                    }
                    None => (whole, false),
                }
            }
        };
        self.conns[index].prepared = Some((outbox.into_bytes(), hangs_up));
        let delay = env.random.magnitude(MILLISECOND, self.manners.delay.clamp(2, 20 * SECOND));
        env.agenda.plan(env.agenda.now() + delay, Event::Places { index });
    }
}

/// Cut into chunks anywhere.
fn chunked(body: &str, env: &mut Env) -> String {
    let mut out = String::new();
    let mut rest = body;
    while !rest.is_empty() {
        let size = 1 + env.random.index(rest.len());
        out += &format!("{size:x}\r\n{}\r\n", &rest[..size]);
        rest = &rest[size..];
    }
    out + "0\r\n\r\n"
}

/// Latitude and longitude in nanodegrees and the radius in micrometres that a request asks for.
fn parse(request: &[u8]) -> Option<(i64, i64, u64)> {
    let text = str::from_utf8(request).ok()?;
    let query = text.split_once("?location=")?.1.split_once(' ')?.0;
    let (location, radius) = query.split_once("&radius=")?;
    let (latitude, longitude) = location.split_once(',')?;
    let radius = u64::try_from(scaled(radius, 6)?).ok()?;
    Some((scaled(latitude, 9)?, scaled(longitude, 9)?, radius))
}

/// A decimal times ten to the power of `places`.
fn scaled(text: &str, places: usize) -> Option<i64> {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > places {
        return None;
    }
    format!("{integer}{fraction:0<places$}").parse().ok()
}

/// What is known near a point: always the same.
struct Document {
    results: Vec<String>,
}

impl Document {
    fn near(latitude: i64, longitude: i64, radius: u64) -> Self {
        let mixed = (latitude as u64).wrapping_mul(31) ^ (longitude as u64).wrapping_mul(17);
        let count = (mixed ^ radius).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let name = |at| format!("{{ \"name\" : \"{latitude} {longitude} {radius} no. {at}\" }}");
        Document { results: (0..count % 26).map(name).collect() }
    }

    /// What is near no point that anybody asks about.
    fn elsewhere() -> Self {
        Document { results: vec!["{ \"name\" : \"elsewhere\" }".to_owned()] }
    }

    /// As it is sent, with line ends doubled.
    fn raw(&self) -> String {
        format!("\n{}\n\n", self.cut(self.results.len()).replace('\n', "\n\n"))
    }

    /// As clients are to see it.
    fn cut(&self, bound: usize) -> String {
        let kept = &self.results[..bound.min(self.results.len())];
        let list = match kept {
            [] => "[]".to_owned(),
            kept => format!("[\n      {}\n   ]", kept.join(",\n      ")),
        };
        let status = if self.results.is_empty() { "ZERO_RESULTS" } else { "OK" };
        format!("{{\n   \"results\" : {list},\n   \"status\" : \"{status}\"\n}}")
    }
}

/// Whether a client may be told this: what Places has said, or that there was trouble with it.
pub fn may_be(json: &[u8], place: &Location, radius_micrometres: u64, bound: u8) -> bool {
    let (latitude, longitude) = (place.latitude_nanodegrees, place.longitude_nanodegrees);
    let document = Document::near(latitude, longitude, radius_micrometres);
    if json == document.cut(usize::from(bound)).as_bytes() {
        return true;
    }
    let value: Option<serde_json::Value> = serde_json::from_slice(json).ok();
    value.is_some_and(|value| {
        let no_results = value["results"].as_array().is_some_and(|results| results.is_empty());
        let status = value["status"].as_str().is_some_and(|status| status != "OK");
        no_results && status && value["error_message"].is_string()
    })
}
