//! curl: HTTP as another program understands it.

use crate::harness::herd::bare;
use crate::harness::{Herd, Process, Server, until};
use std::fs;
use std::process::Command;

/// curl with what every call of it here says. It ends by itself.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = bare("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "30"]);
    command.args(arguments);
    command
}

/// What curl writes to standard output; it must succeed.
#[track_caller]
pub fn curl(herd: &Herd, arguments: &[&str]) -> String {
    let ended = Process::run(&mut command(arguments), herd.directory.path());
    assert_eq!(ended.code, Some(0), "curl {arguments:?}: {}", ended.errors);
    ended.output
}

/// The body of the answer, and behind it its status in three digits.
#[track_caller]
pub fn ask(herd: &Herd, arguments: &[&str]) -> String {
    curl(herd, &[&["--write-out", "%{http_code}"], arguments].concat())
}

fn solo() -> (Herd, Server) {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    let server = herd.start("Solo");
    (herd, server)
}

#[test]
fn one_connection_serves_many_urls() {
    let (herd, server) = solo();
    let urls = ["/healthz", "/status", "/", "/metrics", "/clients?near=0,0&km=1"];
    let urls = urls.map(|path| server.url(path));
    let mut arguments =
        vec!["--write-out", "%{stderr}%{http_code} %{http_version} %{num_connects}\n"];
    arguments.extend(urls.iter().map(String::as_str));
    let ended = Process::run(&mut command(&arguments), herd.directory.path());
    let told: Vec<&str> = ended.errors.lines().collect();
    assert_eq!(told, ["200 1.1 1", "200 1.1 0", "200 1.1 0", "200 1.1 0", "200 1.1 0"]);
}

#[test]
fn a_head_is_that_of_the_answer_without_its_body() {
    let (herd, server) = solo();
    for path in ["/", "/status", "/healthz", "/clients?near=0,0&km=1"] {
        let url = server.url(path);
        let head = curl(&herd, &["--head", &url]);
        let whole = curl(&herd, &["--include", &url]);
        let (of_whole, body) = whole.split_once("\r\n\r\n").unwrap();
        // Time passes between the two.
        let without_what_passes = |head: &str| -> Vec<String> {
            let lines = head.trim_end().lines().filter(|line| !line.starts_with("Date: "));
            lines.map(str::to_owned).collect()
        };
        let length = format!("Content-Length: {}", body.len());
        let of_head = without_what_passes(&head);
        if path != "/status" {
            assert_eq!(of_head, without_what_passes(of_whole), "{path}");
            assert!(of_head.contains(&length), "{path}: {head}");
        }
        assert_eq!(of_head[0], "HTTP/1.1 200 OK");
    }
    // A stream's head ends, though the stream would not.
    let head = curl(&herd, &["--head", &server.url("/events")]);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: text/event-stream\r\n"), "{head}");
    let report = server.url("/?id=kiwi&lat=1&lon=2");
    assert!(curl(&herd, &["--head", &report]).starts_with("HTTP/1.1 405 "));
    assert_eq!(server.find("kiwi"), None, "to look at a report's head is to report nothing");
}

#[test]
fn old_http_is_answered_and_closed() {
    let (herd, server) = solo();
    let url = server.url("/healthz");
    let told = "%{http_code} %{http_version} %{num_connects}\n";
    let twice = curl(&herd, &["--http1.0", "--output", "/dev/null", "--write-out", told, &url]);
    assert_eq!(twice, "200 1.1 1\n");
    let both = curl(&herd, &["--http1.0", "--include", &url, &url]);
    assert_eq!(both.matches("Connection: close\r\n").count(), 2, "{both}");
    let page = curl(&herd, &["--http1.0", &server.url("/")]);
    assert!(page.trim_end().ends_with("</html>"), "the page is whole");
}

#[test]
fn bodies_come_in_chunks_and_when_they_are_asked_for() {
    let (herd, server) = solo();
    let url = server.url("/clients/kiwi");
    let report = r#"{"latitude": 34.068930, "longitude": -118.445127, "time": 1}"#;
    let chunked =
        ["--request", "PUT", "--header", "Transfer-Encoding: chunked", "--data", report, &url];
    assert!(ask(&herd, &chunked).ends_with("200"));
    assert!(server.find("kiwi").is_some_and(|at| at.ends_with(" kiwi +34.068930-118.445127 1")));

    // Larger than what is read at once, and sent only when the server says so.
    let padded = format!("{report}{}", " ".repeat(60_000)).replace("\"time\": 1", "\"time\": 2");
    let body = herd.directory.join("body");
    fs::write(&body, padded).unwrap();
    let body = format!("@{}", body.to_str().unwrap());
    for coding in ["X-Nothing: 1", "Transfer-Encoding: chunked"] {
        let expecting = ["--verbose", "--request", "PUT", "--header", "Expect: 100-continue"];
        let expecting =
            [&expecting[..], &["--header", coding, "--data-binary", &body, &url]].concat();
        let ended = Process::run(&mut command(&expecting), herd.directory.path());
        assert!(ended.errors.contains("< HTTP/1.1 100 Continue"), "{}", ended.errors);
        assert!(ended.errors.contains("< HTTP/1.1 200 OK"), "{}", ended.errors);
    }
    assert!(server.find("kiwi").is_some_and(|at| at.ends_with(" 2")));
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let (herd, server) = solo();
    let body = herd.directory.join("body");
    // From a mebibyte on curl waits for a word.
    fs::write(&body, " ".repeat(2 << 20)).unwrap();
    let body = format!("@{}", body.to_str().unwrap());
    let url = server.url("/clients/kiwi");
    let told = "%{http_code} %{size_upload}";
    let said = curl(
        &herd,
        &[
            "--request",
            "PUT",
            "--data-binary",
            &body,
            "--output",
            "/dev/null",
            "--write-out",
            told,
            &url,
        ],
    );
    assert_eq!(said, "413 0");
    // And at once also where curl does not know how much it is going to send.
    let chunked = [
        "--request",
        "PUT",
        "--header",
        "Transfer-Encoding: chunked",
        "--header",
        "Expect:",
        "--data-binary",
        &body,
        &url,
    ];
    let ended = Process::run(&mut command(&chunked), herd.directory.path());
    assert!(ended.output.starts_with(r#"{"error":"#), "{}: {}", ended.output, ended.errors);
    until("the server serves on", || {
        (ask(&herd, &[&server.url("/healthz")]).ends_with("200")).then_some(())
    });
}

#[test]
fn what_is_wrong_is_said_as_json_with_its_status() {
    let (herd, server) = solo();
    for (status, arguments) in [
        ("404", &["/nowhere"][..]),
        ("404", &["/clients/nobody"]),
        ("400", &["/clients/%zz"]),
        ("400", &["/clients?near=0,0"]),
        ("400", &["/?id=kiwi&lat=91&lon=0"]),
        ("405", &["/status", "--request", "BREW"]),
        ("415", &["/", "--data", "x=1", "--header", "Content-Type: text/plain"]),
        ("431", &["/healthz", "--header", &format!("X-Long: {}", "x".repeat(16_384))]),
        ("403", &["/?id=kiwi&lat=1&lon=1", "--header", "Origin: https://example.org"]),
    ] {
        let url = server.url(arguments[0]);
        let said = ask(&herd, &[&[url.as_str()], &arguments[1..]].concat());
        let (error, code) = said.split_at(said.len() - 3);
        assert_eq!(code, status, "{arguments:?}: {error}");
        let error: serde_json::Value = serde_json::from_str(error).unwrap();
        assert!(error["error"].is_string(), "{error}");
    }
    assert_eq!(server.find("kiwi"), None);
}
