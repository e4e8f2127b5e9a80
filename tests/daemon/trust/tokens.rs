//! Tokens on the line: which are believed, and what they allow.

use super::{client, herdca, token};
use crate::harness::{Client, Herd, Server};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use herd::tokens::SigningKey;
use ring::hmac;
use std::fs;
use std::time::UNIX_EPOCH;

/// A server that demands tokens.
fn demanding() -> (Herd, Server) {
    let herd = Herd::of(&[("A", &[])]).with_tls().with_keys().with("--require-tokens");
    let server = herd.start("A");
    (herd, server)
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token of the herd test claims, for so many seconds from now.
fn claims(issuer: &str, seconds: i64) -> String {
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let until = now.checked_add_signed(seconds).unwrap();
    serde_json::json!({
        "iss": issuer, "sub": "made", "clients": ["*"], "may": ["report", "ask"],
        "exp": until, "jti": "0123456789abcdef",
    })
    .to_string()
}

/// Whether a server believes that, on a connection of its own; what is not believed is copied back.
#[track_caller]
fn is_believed(server: &Server, token: &str) -> bool {
    let mut client = server.client();
    let answer = client.ask(&format!("AUTH {token}"));
    let reported = client.ask("IAMAT kiwi +34.0-118.0 1");
    let is_believed = answer.starts_with("AUTH ");
    if !is_believed {
        assert_eq!(answer, format!("? AUTH {token}"));
    }
    assert_eq!(reported.starts_with("AT A "), is_believed, "{reported}");
    is_believed
}

#[test]
fn only_what_the_herd_has_signed_and_is_in_time_is_believed() {
    let (herd, a) = demanding();
    let read = |file: &str| fs::read(herd.keys().join(file)).unwrap();
    let key = SigningKey::from_pem(&read("tokens.key")).unwrap();
    let eddsa = br#"{"alg":"EdDSA","typ":"JWT"}"#;
    let good = key.sign_compact(eddsa, claims("test", 60).as_bytes());
    assert!(is_believed(&a, &good), "else nothing of this would mean anything");
    let [header, payload, signature]: [&str; 3] =
        good.split('.').collect::<Vec<_>>().try_into().unwrap();

    // By nobody.
    for alg in ["none", "None", "NONE", ""] {
        let header = encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
        for signature in ["", signature] {
            assert!(!is_believed(&a, &format!("{header}.{payload}.{signature}")), "{alg}");
        }
    }
    // By whoever holds the public half, which is in no way secret.
    let public = read("tokens.pub");
    let raw = key.public();
    let bare = URL_SAFE_NO_PAD.encode(format!("{raw:?}"));
    for secret in [&public[..], public.trim_ascii_end(), bare.as_bytes()] {
        for header in [r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"EdDSA","typ":"JWT"}"#] {
            let signed = format!("{}.{payload}", encode(header));
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let signature = encode(hmac::sign(&secret, signed.as_bytes()));
            assert!(!is_believed(&a, &format!("{signed}.{signature}")), "{header}");
        }
    }
    // By somebody else, who sends his key along.
    let other = SigningKey::from_seed([7; 32]).unwrap();
    let jwk = format!(
        r#"{{"alg":"EdDSA","typ":"JWT","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{}"}}}}"#,
        encode([7; 32])
    );
    for header in [&eddsa[..], jwk.as_bytes()] {
        assert!(!is_believed(&a, &other.sign_compact(header, claims("test", 60).as_bytes())));
    }
    // By the herd, for another one, or for another time, or for something else.
    for (issuer, seconds) in [("other", 60), ("Test", 60), ("", 60), ("test", -1), ("test", -900)] {
        let token = key.sign_compact(eddsa, claims(issuer, seconds).as_bytes());
        assert!(!is_believed(&a, &token), "{issuer} {seconds}");
    }
    for header in [r#"{"alg":"EdDSA","typ":"JOSE"}"#, r#"{"alg":"EdDSA","crit":["x"]}"#, "{}", ""] {
        let token = key.sign_compact(header.as_bytes(), claims("test", 60).as_bytes());
        assert!(!is_believed(&a, &token), "{header}");
    }
    // Cut, lengthened, changed.
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for token in [
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{good}."),
        format!("{good}.."),
        format!("..{good}"),
        format!("{header}..{payload}..{signature}"),
        format!("{good}="),
        format!("{good} x"),
        format!("{header}.{payload}.{other}{}", &signature[1..]),
        format!("{header}.{payload}.{}", "A".repeat(signature.len())),
        format!("{}.{payload}.{signature}", encode(eddsa.to_ascii_uppercase())),
        "...".to_owned(),
        "é.ü.ß".to_owned(),
        "x".to_owned(),
    ] {
        assert!(!is_believed(&a, &token), "{token}");
    }
    assert!(is_believed(&a, &good));
    // A line is at most 16 KiB, and so is a token.
    let just = format!("{good}{}", "A".repeat(16_000 - good.len()));
    assert!(!is_believed(&a, &just));
    let mut long = a.client();
    let line = format!("AUTH {}", "A".repeat(64 * 1_024));
    long.send(format!("{line}\n"));
    let said = long.rest();
    assert!(said.starts_with(b"? AUTH AAA") && said.len() == 2 + 16_384 + 1, "{}", said.len());
    // What was wrong is said now and then, by its reason.
    a.wait_for_log("refused, token: its `alg` is not `EdDSA`");
}

#[test]
fn a_token_allows_what_it_says_and_what_it_does_not_looks_like_what_is_not_there() {
    let (herd, a) = demanding();
    let (report, _) = token(&herd, "truck-*", "report");
    let (ask, id) = token(&herd, "truck-1", "ask,watch");
    let mut driver = a.client();
    let line = |client: &str| format!("IAMAT {client} +34.0-118.0 1");
    assert_eq!(driver.ask(&line("truck-1")), format!("? {}", line("truck-1")));
    // Whoever may do anything is told where else to go.
    assert_eq!(driver.ask("SERVERS"), "? SERVERS");
    assert_eq!(driver.ask(&format!("AUTH {report}")), "AUTH somebody");
    assert_eq!(driver.ask("SERVERS"), format!("SERVER A 127.0.0.1 {} self", a.port));
    assert_eq!(driver.line(), "");
    for client in ["truck-1", "truck-2"] {
        assert!(driver.ask(&line(client)).starts_with("AT A "));
    }
    let mut seeing = client(&herd, &a);
    assert_eq!(seeing.ask(&format!("AUTH {ask}")), "AUTH somebody");
    for refused in [
        line("car-1"),
        "FORGET truck-1 2".to_owned(),
        "WHATSAT truck-1 1 0".to_owned(),
        "NEAR truck-1 1 9".to_owned(),
    ] {
        assert_eq!(driver.ask(&refused), format!("? {refused}"));
    }
    for refused in [
        line("truck-1"),
        "FORGET truck-1 2".to_owned(),
        "WHATSAT truck-2 1 0".to_owned(),
        "WHATSAT nobody 1 0".to_owned(),
        "NEAR truck-2 1 9".to_owned(),
    ] {
        assert_eq!(seeing.ask(&refused), format!("? {refused}"));
    }
    seeing.send("WHATSAT truck-1 1 0\n");
    assert!(seeing.near().0.contains(" truck-1 "));
    seeing.send("NEAR +34-118 100 9\n");
    assert!(seeing.line().contains(" truck-1 "), "it may ask about that one");
    assert_eq!(seeing.line(), "", "and about no other");
    // A bad one changes nothing, a good one takes the first one's place.
    let wrong = format!("AUTH {}", &ask[1..]);
    assert_eq!(seeing.ask(&wrong), format!("? {wrong}"));
    seeing.send("WATCH *\n");
    assert_eq!(seeing.line(), "WATCH *");
    assert!(seeing.line().contains(" truck-1 "));
    assert_eq!(seeing.line(), "~ NOW *");
    driver.ask("IAMAT truck-2 +35.0-118.0 2");
    driver.ask("IAMAT truck-1 +35.0-118.0 2");
    let event = seeing.line();
    assert!(event.starts_with("~ AT A ") && event.contains(" truck-1 +35.0-118.0 2"), "{event}");
    // A server whose tokens are revoked says so to none of those who hold them.
    herdca(&herd, &["revoke", &id]);
    a.process.signal("HUP");
    a.wait_for_log("certificates and keys are read anew");
    let mut seeing: Client<_> = seeing;
    assert_eq!(seeing.ask("WHATSAT truck-1 1 0"), "? WHATSAT truck-1 1 0");
    driver.ask("IAMAT truck-1 +36.0-118.0 3");
    assert_eq!(seeing.ask("x"), "? x", "nothing is told any more");
}
