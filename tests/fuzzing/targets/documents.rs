//! Whole documents: answers of Places, herd files, URLs.

use herd::herd::Herd;
use herd::limits;
use herd::places::{Dialect, Key, Service};
use herd::wire::http::Response;
use serde_json::Value;

const KEY: &str = "AIzaSecret";

/// Whatever Places sends, clients get an object in the legacy shape on lines that are not blank,
/// with no more results than asked for, and never the key. The first byte chooses the HTTP status
/// and the dialect.
pub fn places(input: &[u8]) {
    let [how, body @ ..] = input else { return };
    let status = [200, 200, 200, 400, 404, 500, 301, 204][usize::from(how % 8)];
    let dialect = if how & 8 == 0 { Dialect::Legacy } else { Dialect::New };
    let Ok(key) = Key::new(KEY) else { unreachable!("the key is a good one") };
    let Ok(service) = Service::parse("https://localhost:8443/path", dialect, Some(key)) else {
        unreachable!("the URL is a good one");
    };
    let response =
        Response { status, keep_alive: true, identity: how & 16 == 0, body: body.to_vec() };
    let (answer, passed_on) = match service.judge(response) {
        Ok(answer) => (answer, true),
        Err(problem) => {
            assert!(!problem.message().contains(KEY));
            assert!(problem.message().chars().count() <= limits::PLACES_MESSAGE_CHARS_MAX + 64);
            (problem.answer(), false)
        }
    };
    for bound in [0, 1, 2, limits::RESULTS_MAX] {
        let cut = answer.cut(bound);
        assert!(!cut.windows(2).any(|pair| pair == b"\n\n"), "a blank line ends an answer");
        assert!(!cut.ends_with(b"\n") && !cut.starts_with(b"\n"));
        assert!(!String::from_utf8_lossy(&cut).contains(KEY));
        // The depth of what is passed on is not limited, that of this reader is; and it takes no
        // half surrogate pairs, nor numbers beyond a float.
        if let Ok(value) = serde_json::from_slice::<Value>(&cut) {
            let results = value["results"].as_array().expect("the legacy shape");
            assert!(results.len() <= usize::from(bound));
        } else {
            assert!(passed_on, "our own answers are plain JSON");
        }
    }
}

/// A herd that is accepted keeps the promises of its docs; so does the URL of a Places service.
pub fn herd(input: &[u8]) {
    if let Ok(herd) = Herd::from_json(input) {
        assert!((1..=limits::SERVERS_MAX).contains(&herd.servers.len()));
        for (index, server) in herd.servers.iter().enumerate() {
            assert_eq!(herd.position(&server.name), Some(index), "names differ");
            assert!((1..=limits::SERVER_NAME_BYTES_MAX).contains(&server.name.len()));
            assert!(server.client_port.or(server.tls_port).is_some() && server.neighbour_port != 0);
            for port in [server.client_port, server.tls_port, server.web_port] {
                assert_ne!(port, Some(0));
            }
            assert!(server.neighbours.is_sorted_by(|a, b| a < b));
            assert!(!server.neighbours.contains(&index));
            for &neighbour in &server.neighbours {
                assert!(herd.servers[neighbour].neighbours.contains(&index), "links go both ways");
            }
        }
    }
    let Ok(url) = str::from_utf8(input) else { return };
    if let Ok(service) = Service::parse(url, Dialect::Legacy, None) {
        assert!(service.endpoint.is_tls() && service.endpoint.port != 0);
        assert!(service.path.starts_with('/'));
        let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(fits(&service.path) && fits(&service.authority));
        let again = format!("https://{}{}", service.authority, service.path);
        assert_eq!(Service::parse(&again, Dialect::Legacy, None).as_ref(), Ok(&service));
    }
}
