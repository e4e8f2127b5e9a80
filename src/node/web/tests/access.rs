//! Who may do what, where tokens are required.

use super::streams::{AREA, settle, short, told};
use super::*;
use crate::node::access::tests::{HERD_KEY, token, verifier};
use crate::node::counts::Refused;
use crate::tokens::{Revoked, Right};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const ALL: [Right; 5] = Right::ALL;
/// When all these tokens end: an hour from the beginning.
const EXPIRES_AT: u64 = 1_600_003_600;

pub(super) fn guarded() -> Scene {
    let mut scene = Scene::new();
    scene.node.require_tokens(verifier("lone", HERD_KEY), Revoked::default());
    scene
}

/// A token of that name and id, about those clients.
pub(super) fn of(name: &str, clients: &str, rights: &[Right]) -> String {
    token("lone", name, clients, rights, EXPIRES_AT)
}

pub(super) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

pub(super) fn request(method: &str, target: &str, fields: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

const PLACE: &str = r#"{"latitude":1,"longitude":2,"time":"1600000000"}"#;

/// Every kind of request that needs a token, about the client `kiwi`; what it is answered if it is allowed,
/// and if the token lacks the right or is about others.
fn requests(fields: &str) -> Vec<(Right, String, u16, u16)> {
    let location = r#"{"_type":"location","lat":1,"lon":2,"tst":1600000000}"#;
    let form = format!("Content-Type: application/x-www-form-urlencoded\r\n{fields}");
    let report = "/?id=kiwi&lat=1&lon=2&timestamp=1600000000";
    vec![
        (Right::Report, request("GET", report, fields), 200, 404),
        (Right::Report, with_body("POST", report, fields, ""), 200, 404),
        (Right::Report, with_body("POST", "/", &form, "id=kiwi&lat=1&lon=2"), 200, 404),
        (Right::Report, with_body("PUT", "/clients/kiwi", fields, PLACE), 204, 404),
        (Right::Report, with_body("POST", "/pub?u=kiwi&d=x", fields, location), 200, 200),
        (Right::Ask, request("GET", "/clients/kiwi", fields), 200, 404),
        (Right::Ask, request("GET", "/clients/kiwi/places?km=1", fields), 200, 404),
        (Right::Ask, request("GET", "/clients?near=1,2&km=1", fields), 200, 200),
        (Right::Watch, request("GET", "/events", fields), 200, 200),
        (Right::Status, request("GET", "/status", fields), 200, 403),
        (Right::Status, request("GET", "/metrics", fields), 200, 403),
        (Right::Status, request("GET", "/digests", fields), 200, 403),
        (Right::Forget, with_body("DELETE", "/clients/kiwi", fields, ""), 204, 404),
    ]
}

/// The head and the body of what the answer to that request is, of another visitor; Places answers nothing.
pub(super) fn answer(scene: &mut Scene, request: &str) -> (u16, String) {
    let visitor = scene.visit();
    scene.sends(visitor, request);
    settle(scene);
    if request.contains("/places") && !scene.visitors[visitor].1.has_output() {
        scene.pass(limits::PLACES_DEADLINE);
        scene.node.timer_expired(scene.now);
        settle(scene);
    }
    let text = scene.read(visitor);
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

fn report_kiwi(scene: &mut Scene) {
    let fields = bearer(&of("reporter", "*", &[Right::Report]));
    let target = "/?id=kiwi&lat=1&lon=2&timestamp=1599999999";
    assert_eq!(answer(scene, &request("GET", target, &fields)).0, 200);
}

#[test]
fn nothing_is_done_without_a_good_token_but_what_tells_of_nobody() {
    let good = of("anna", "*", &ALL);
    let other_key = crate::node::access::tests::token_by([9; 32], "lone", EXPIRES_AT);
    let wrong = [
        bearer("x"),
        bearer(""),
        bearer(&good[..good.len() - 1]),
        bearer(&other_key),
        bearer(&token("other", "anna", "*", &ALL, EXPIRES_AT)),
        bearer(&token("lone", "anna", "*", &ALL, 1_600_000_000)),
        format!("Authorization: Basic {}\r\n", STANDARD.encode("anna:x")),
        format!("Authorization: Basic {}\r\n", STANDARD.encode(&good)),
        format!("Authorization: Digest {good}\r\n"),
        format!("Authorization: {good}\r\n"),
        format!("X-Token: {good}\r\n"),
        format!("Cookie: token={good}\r\n"),
    ];
    let mut scene = guarded();
    for fields in [String::new()].iter().chain(&wrong) {
        for (_, request, ..) in requests(fields) {
            let (status, text) = answer(&mut scene, &request);
            assert_eq!(status, 401, "{request}");
            assert!(text.contains("\r\nWWW-Authenticate: Bearer realm=\"herd\""), "{text}");
        }
        assert_eq!(scene.node.positions().len(), 0);
        for target in ["/", "/healthz", "/readyz", "/nothing"] {
            let (status, text) = answer(&mut scene, &request("GET", target, fields));
            assert!(status != 401 && !text.contains("WWW-Auth"), "{target}: {status}");
            assert_ne!(answer(&mut scene, &request("OPTIONS", target, fields)).0, 401);
        }
        assert_eq!(answer(&mut scene, &request("OPTIONS", "/clients/kiwi", fields)).0, 204);
    }
}

#[test]
fn each_right_allows_its_requests_and_what_is_lacking_looks_like_what_is_unknown() {
    for (at, (right, ..)) in requests("").into_iter().enumerate() {
        let others: Vec<Right> = ALL.into_iter().filter(|&other| other != right).collect();
        for (fields, is_allowed) in [
            (bearer(&of("anna", "ki*", &[right])), true),
            (bearer(&of("anna", "*", &others)), false),
            (bearer(&of("anna", "kiwis", &[right])), right == Right::Status),
        ] {
            let mut scene = guarded();
            report_kiwi(&mut scene);
            let (_, request, allowed, lacking) = requests(&fields).swap_remove(at);
            let before = scene.node.counts.refused_for(Refused::NotAllowed);
            let (status, text) = answer(&mut scene, &request);
            assert_eq!(status, if is_allowed { allowed } else { lacking }, "{request}");
            if matches!(right, Right::Ask | Right::Watch) {
                assert_eq!(text.contains("\"id\":\"kiwi\""), is_allowed, "{text}");
            }
            let moved = scene.node.positions().find(b"kiwi").map(|p| p.time().to_vec());
            let was_reported = moved.is_none_or(|time| time != b"1599999999");
            let changes = matches!(right, Right::Report | Right::Forget);
            let is_own_track = request.contains("/pub");
            assert_eq!(was_reported && !is_own_track, changes && is_allowed && !is_own_track);
            if is_own_track {
                let is_there = scene.node.positions().find(b"kiwi/x").is_some();
                assert_eq!(is_there, is_allowed, "all is well, and nothing is taken");
            }
            let said = scene.node.counts.refused_for(Refused::NotAllowed) - before;
            let leaves_out = request.contains("/events") || request.contains("?near");
            assert_eq!(said, u64::from(!is_allowed && !leaves_out), "{request}");
            // As of one whom nobody knows.
            if lacking == 404 && right != Right::Report && !is_allowed {
                let nobody = request.replace("kiwi", "nobody");
                let unknown = answer(&mut scene, &nobody);
                assert_eq!((status, text), unknown);
            }
        }
    }
}

#[test]
fn a_token_is_shown_in_each_of_the_three_ways() {
    let good = of("anna", "*", &ALL);
    let escaped = good.replace('.', "%2e");
    let basic = |pair: String| format!("Authorization: bAsIc  {}\r\n", STANDARD.encode(pair));
    for (query, fields) in [
        (String::new(), bearer(&good)),
        (String::new(), format!("authorization: BEARER   {good} \r\n")),
        (String::new(), basic(format!("anna:{good}"))),
        (String::new(), basic(format!(":{good}"))),
        (String::new(), basic(format!("anna:{good}")).replace('=', "")),
        (format!("token={good}"), String::new()),
        (format!("%74oken={escaped}"), String::new()),
        // What a proxy before us may want has its own place.
        (format!("token={good}"), basic("proxy:secret".to_owned())),
    ] {
        let mut scene = guarded();
        let target = format!("/?{query}&id=kiwi&lat=1&lon=2&timestamp=1600000000");
        assert_eq!(answer(&mut scene, &request("GET", &target, &fields)).0, 200, "{fields}");
        let target = format!("/clients/kiwi?{query}");
        assert_eq!(answer(&mut scene, &request("GET", &target, &fields)).0, 200, "{fields}");
        let target = format!("/events{AREA}&{query}").replace("34,-118", "1,2");
        let (_, text) = answer(&mut scene, &request("GET", &target, &fields));
        assert!(text.contains("\"id\":\"kiwi\"") && text.contains("event: now"), "{text}");
    }
    let mut scene = guarded();
    let (_, page) = answer(&mut scene, &request("GET", &format!("/?token={good}"), ""));
    assert!(page.contains("text/html"), "it is no report");
}

#[test]
fn a_dialog_of_the_browser_is_not_opened_over_a_page() {
    let mut scene = guarded();
    for (fields, basic) in [
        (String::new(), true),
        ("Accept: */*\r\n".to_owned(), true),
        ("Sec-Fetch-Mode: navigate\r\n".to_owned(), true),
        ("Sec-Fetch-Mode: cors\r\n".to_owned(), false),
        ("Sec-Fetch-Mode: same-origin\r\n".to_owned(), false),
        ("Accept: text/event-stream\r\n".to_owned(), false),
        ("Accept: application/json\r\n".to_owned(), false),
        (bearer("x"), false),
        (format!("Authorization: Basic {}\r\n", STANDARD.encode("a:b")), true),
    ] {
        let (status, text) = answer(&mut scene, &request("GET", "/status", &fields));
        assert_eq!(status, 401);
        assert_eq!(text.contains("WWW-Authenticate: Basic "), basic, "{fields}");
        let is_wrong = fields.contains("Authorization");
        assert_eq!(text.contains("error=\"invalid_token\""), is_wrong, "{fields}");
    }
}

#[test]
fn near_and_events_leave_out_whom_the_token_is_not_about() {
    let mut scene = guarded();
    let reporter = bearer(&of("reporter", "*", &[Right::Report]));
    for id in ["truck-1", "van-1", "truck-2"] {
        let target = format!("/?id={id}&lat=34&lon=-118&timestamp=1600000000");
        assert_eq!(answer(&mut scene, &request("GET", &target, &reporter)).0, 200);
    }
    let fields = bearer(&of("anna", "truck-*", &[Right::Ask, Right::Watch]));
    let (_, near) =
        answer(&mut scene, &request("GET", "/clients?near=34,-118&km=1&limit=2", &fields));
    assert_eq!(near.matches("truck-").count(), 2, "{near}");
    assert!(!near.contains("van-1"), "{near}");
    for (query, expected) in [
        ("", &["at truck-1", "at truck-2", "now"][..]),
        (AREA, &["at truck-1", "at truck-2", "now"]),
        ("?client=van-1", &["now"]),
    ] {
        let visitor = scene.visit();
        scene.sends(visitor, &request("GET", &format!("/events{query}"), &fields));
        let mut first = short(&told(&mut scene, visitor));
        first.sort();
        assert_eq!(first, expected, "{query}");
        scene.pass(SECONDS(1));
        let later = scene.now.posix_nanoseconds / SECOND;
        for id in ["van-1", "truck-1"] {
            let target = format!("/?id={id}&lat=34&lon=-118&timestamp={later}");
            assert_eq!(answer(&mut scene, &request("GET", &target, &reporter)).0, 200);
        }
        let then: &[&str] = if query.contains("van") { &[] } else { &["at truck-1"] };
        assert_eq!(short(&told(&mut scene, visitor)), then, "{query}");
    }
    // Who may watch nothing at all is told that this is all.
    let fields = bearer(&of("anna", "*", &[Right::Ask]));
    let visitor = scene.visit();
    let before = scene.node.hub.connections().count();
    scene.sends(visitor, &request("GET", "/events", &fields));
    assert_eq!(short(&told(&mut scene, visitor)), ["now"]);
    // Nothing is kept of it, and its stream goes on until its token is over, or no more is to come.
    assert_eq!(scene.node.hub.connections().count(), before);
    scene.pass(SECONDS(3_000));
    settle(&mut scene);
    assert!(!scene.is_ending(visitor));
    scene.pass(SECONDS(600));
    settle(&mut scene);
    assert!(scene.is_ending(visitor));
}

#[test]
fn a_stream_ends_with_its_token() {
    for revoked in [false, true] {
        let mut scene = guarded();
        let fields = bearer(&of("anna", "*", &ALL));
        let visitor = scene.visit();
        scene.sends(visitor, &request("GET", "/events", &fields));
        assert_eq!(short(&told(&mut scene, visitor)), ["now"]);
        if revoked {
            let list = Revoked::parse(b"id-anna\n").unwrap();
            scene.node.require_tokens(verifier("lone", HERD_KEY), list);
            settle(&mut scene);
        } else {
            for _ in 0..3_599 {
                scene.pass(SECONDS(1));
                settle(&mut scene);
            }
            scene.read(visitor);
            assert!(!scene.is_ending(visitor));
            scene.pass(SECONDS(1));
        }
        assert!(scene.is_ending(visitor), "as soon as it counts no more");
        let reporter = bearer(&token("lone", "reporter", "*", &[Right::Report], u64::MAX));
        let target = "/?id=kiwi&lat=34&lon=-118";
        assert_eq!(answer(&mut scene, &request("GET", target, &reporter)).0, 200);
        assert_eq!(short(&told(&mut scene, visitor)), [""; 0], "and nothing more is told");
        assert_eq!(answer(&mut scene, &request("GET", "/status", &fields)).0, 401);
    }
}

#[test]
fn a_put_shows_the_client_to_who_may_ask_about_it() {
    for (rights, status) in [(&[Right::Report][..], 204), (&[Right::Report, Right::Ask], 200)] {
        let mut scene = guarded();
        let fields = bearer(&of("anna", "kiwi", rights));
        let put = with_body("PUT", "/clients/kiwi", &fields, PLACE);
        let (given, text) = answer(&mut scene, &put);
        assert_eq!((given, text.contains("\"id\"")), (status, status == 200));
        assert!(scene.node.positions().find(b"kiwi").is_some());
    }
}

#[test]
fn one_token_is_verified_in_a_turn_and_once_if_it_is_good() {
    let mut scene = guarded();
    let wrong = request("GET", "/status", &bearer("a.b.c")).repeat(10);
    scene.sends(0, &wrong);
    for answered in 1..=10 {
        assert_eq!(scene.node.tokens_verified(), answered, "one a turn");
        // Another one is not kept by it.
        assert_eq!(answer_now(&mut scene), 200);
        scene.turn();
    }
    assert_eq!(scene.read(0).matches("HTTP/1.1 401 ").count(), 10);
    let good = request("GET", "/clients/kiwi", &bearer(&of("anna", "*", &ALL))).repeat(10);
    scene.sends(0, &good);
    settle(&mut scene);
    assert_eq!(scene.read(0).matches("HTTP/1.1 404 ").count(), 10);
    assert_eq!(scene.node.tokens_verified(), 11, "and then it is remembered");
}

fn answer_now(scene: &mut Scene) -> u16 {
    let visitor = scene.visit();
    scene.sends(visitor, &get("/healthz"));
    scene.read(visitor).split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn who_waits_for_a_word_is_refused_before_the_body() {
    let mut scene = guarded();
    let head = |fields: &str| {
        format!(
            "PUT /clients/kiwi HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: 48\r\n\
             Expect: 100-continue\r\n\r\n"
        )
    };
    let refused = scene.visit();
    scene.sends(refused, &head(&bearer("x")));
    assert!(scene.read(refused).starts_with("HTTP/1.1 401 ") && scene.is_ending(refused));
    scene.sends(0, &head(&bearer(&of("anna", "*", &ALL))));
    assert!(scene.read(0).starts_with("HTTP/1.1 100 "));
}
