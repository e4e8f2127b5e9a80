//! Requests as visitors make them: reports in every form, and questions.

use super::super::env::Env;
use super::super::load::Load;
use super::{Asked, Said};

/// A request and its bytes.
pub fn draw(env: &mut Env, load: &mut Load) -> (Asked, Vec<u8>) {
    if env.random.chance(500) {
        return report(env, load);
    }
    let id = load.id(env).to_owned();
    let escaped = escape(&id);
    let random = &mut env.random;
    match random.below(12) {
        0..5 => (Asked::Client(id), get(&format!("/clients/{escaped}"))),
        5..7 => {
            let bound = random.index(5);
            let km = *random.pick(&["0", "500.5", "3000", "20040"]);
            let near = *random.pick(&["34.068930,-118.445127", "-30,60", "90,0"]);
            let target = format!("/clients?near={near}&km={km}&limit={bound}");
            (Asked::Near { bound }, get(&target))
        }
        7 => (Asked::Places(id), get(&format!("/clients/{escaped}/places?km=10&limit=2"))),
        8 => (Asked::Health, get("/healthz")),
        9 => (Asked::Readiness, get("/readyz")),
        10 => (Asked::HeadOfHealth, b"HEAD /healthz HTTP/1.1\r\nHost: sim\r\n\r\n".to_vec()),
        _ => match random.below(6) {
            0 => (Asked::Status, get("/status")),
            1 => (Asked::Metrics, get("/metrics")),
            _ => (Asked::Nowhere, get("/nowhere")),
        },
    }
}

/// A `GET`.
pub fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: sim\r\n\r\n").into_bytes()
}

/// What a client's id is in a path or a query.
pub fn escape(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

fn report(env: &mut Env, load: &mut Load) -> (Asked, Vec<u8>) {
    let client = load.id(env).to_owned();
    let said = load.time(env);
    let random = &mut env.random;
    let degrees = |most: u64, random: &mut super::super::random::Random| {
        let sign = if random.chance(500) { "-" } else { "" };
        format!("{sign}{}.{:06}", 1 + random.below(most - 1), random.below(1_000_000))
    };
    let (latitude, longitude) = (degrees(90, random), degrees(180, random));
    let (mut time, mut given) = (Some(said.clone()), Some(said));
    if random.chance(100) {
        (time, given) = (None, None);
    } else if let Some(seconds) = time.as_ref().and_then(|time| time.get(..10))
        && seconds.bytes().all(|byte| byte.is_ascii_digit())
        && random.chance(200)
    {
        // Milliseconds.
        let part = random.below(1_000);
        (given, time) = (Some(format!("{seconds}{part:03}")), Some(format!("{seconds}.{part:03}")));
    }
    // What is longer than a head may be is not sent in one.
    for time in [&mut time, &mut given] {
        time.iter_mut().for_each(|time| time.truncate(1_000));
    }
    let signed =
        |text: &str| if text.starts_with('-') { text.to_owned() } else { format!("+{text}") };
    let location = format!("{}{}", signed(&latitude), signed(&longitude));
    let form = random.below(6);
    let said = Said { client, location, time, is_owntracks: form == 4, is_put: form == 3 };
    let id = escape(&said.client);
    let member = |name: &str| match &given {
        Some(time) => format!(",\"{name}\":{time}"),
        None => String::new(),
    };
    let query = match &given {
        Some(time) => format!("id={id}&lat={latitude}&lon={longitude}&timestamp={time}"),
        None => format!("deviceid={id}&location={latitude},{longitude}&speed=1"),
    };
    let (name, json) = (&said.client, "application/json");
    let bytes = match form {
        0 | 5 => get(&format!("/?{query}")),
        1 => sent(env, "POST /", "application/x-www-form-urlencoded", &query),
        2 => {
            let coordinates = format!("{{\"latitude\":{latitude},\"longitude\":{longitude}}}");
            let location = format!("{{\"coords\":{coordinates}{}}}", member("timestamp"));
            let body = format!("{{\"device_id\":\"{name}\",\"location\":{location}}}");
            sent(env, "POST /", json, &body)
        }
        3 => {
            let time = member("time");
            let body = format!("{{\"latitude\":{latitude},\"longitude\":{longitude}{time}}}");
            sent(env, &format!("PUT /clients/{id}"), json, &body)
        }
        _ => {
            let time = member("tst");
            let place = format!("\"lat\":{latitude},\"lon\":{longitude}{time}");
            let body = format!("{{\"_type\":\"location\",\"tid\":\"{name}\",{place}}}");
            sent(env, "POST /pub", json, &body)
        }
    };
    (Asked::Report(said), bytes)
}

/// With a body, whole or in chunks, and at times with the question whether it may come.
fn sent(env: &mut Env, front: &str, content_type: &str, body: &str) -> Vec<u8> {
    let random = &mut env.random;
    let expect = if random.chance(100) { "Expect: 100-continue\r\n" } else { "" };
    let head = format!("{front} HTTP/1.1\r\nHost: sim\r\n{expect}Content-Type: {content_type}\r\n");
    if random.chance(800) {
        return format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    }
    let (one, other) = body.as_bytes().split_at(random.index(body.len()));
    let mut out = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in [one, other].into_iter().filter(|chunk| !chunk.is_empty()) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}
