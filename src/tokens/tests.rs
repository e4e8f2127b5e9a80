//! Tokens that are as they must be, and all those that are not.

use super::*;
use crate::limits::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;

fn key() -> SigningKey {
    SigningKey::from_seed([7; 32]).unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(key().public(), "coast")
}

fn fault(token: impl AsRef<[u8]>) -> Fault {
    verifier().verify(token.as_ref(), NOW).unwrap_err().fault()
}

fn claims() -> Value {
    json!({
        "iss": "coast", "sub": "fleet", "clients": ["truck-*", "van"], "may": ["report", "ask"],
        "exp": NOW + 1, "jti": "a-1_Z",
    })
}

/// With a good signature, whatever the claims.
fn signed(claims: &Value) -> String {
    key().sign_compact(HEADER.as_bytes(), claims.to_string().as_bytes())
}

/// With a good signature, whatever the header.
fn headed(header: &str) -> String {
    key().sign_compact(header.as_bytes(), claims().to_string().as_bytes())
}

fn with(claim: &str, value: Value) -> String {
    let mut claims = claims();
    claims[claim] = value;
    signed(&claims)
}

#[test]
fn what_was_granted_is_what_is_verified() {
    let may = Rights::parse("report,watch").unwrap();
    let grant = Grant::new("coast", "fleet", "77", NOW + 60).clients(["truck-*", "van"]).may(may);
    let token = grant.sign(&key());
    let claims = verifier().verify(token.as_bytes(), NOW).unwrap();
    assert_eq!((claims.name(), claims.id(), claims.rights()), ("fleet", "77", may));
    assert!(claims.may(Right::Watch) && !claims.may(Right::Forget));
    assert!(claims.covers(b"truck-7") && claims.covers(b"van") && !claims.covers(b"vans"));
    assert!(!claims.covers_all());
    assert_eq!(claims.expires_at(), NOW + 60);
    assert!(!claims.is_over(NOW + 59) && claims.is_over(NOW + 60));
    let all = Grant::new("coast", "all", "78", NOW + 60).clients(["x", "*"]).sign(&key());
    assert!(verifier().verify(all.as_bytes(), NOW).unwrap().covers_all());
    let nobody = Grant::new("coast", "none", "79", NOW + 60).sign(&key());
    let nobody = verifier().verify(nobody.as_bytes(), NOW).unwrap();
    assert!(!nobody.covers(b"") && nobody.rights() == Rights::NONE);
}

/// RFC 8037, appendices A.1, A.2, A.4 and A.5.
#[test]
fn the_standards_example_is_signed_and_verified() {
    let bytes =
        |text: &str| -> [u8; 32] { URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap() };
    let key = SigningKey::from_seed(bytes("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")).unwrap();
    let public = PublicKey::from_bytes(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    assert_eq!(key.public(), public);
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let payload = b"Example of Ed25519 signing";
    assert_eq!(key.sign_compact(br#"{"alg":"EdDSA"}"#, payload), token);
    // The signature is good, and what it signs is no claims.
    let error = Verifier::new(public, "coast").verify(token.as_bytes(), NOW).unwrap_err();
    assert_eq!(error.fault(), Fault::Claims);
    let changed = token.replacen("RXhh", "RXhi", 1);
    let error = Verifier::new(public, "coast").verify(changed.as_bytes(), NOW).unwrap_err();
    assert_eq!(error.fault(), Fault::Signature);
}

#[test]
fn no_other_algorithm_is_looked_at() {
    let algorithms = ["none", "None", "HS256", "eddsa", "EdDSA ", "Ed25519", "ES256", "RS256", ""];
    for algorithm in algorithms {
        let header = json!({ "alg": algorithm }).to_string();
        assert_eq!(fault(headed(&header)), Fault::Algorithm, "{algorithm}");
        // What is behind it is not looked at.
        let header = URL_SAFE_NO_PAD.encode(header);
        for rest in [".", "!.!", "e30.", "e30.AAAA"] {
            assert_eq!(fault(format!("{header}.{rest}")), Fault::Algorithm);
        }
    }
    for header in [r#"{"typ":"JWT"}"#, r#"{"alg":null}"#, r#"{"alg":["EdDSA"]}"#, "{}"] {
        assert_eq!(fault(headed(header)), Fault::Algorithm, "{header}");
    }
    // Signed with what everybody knows, taken for a secret.
    let secrets = [key().public().to_pem().into_bytes(), Vec::new()];
    for secret in secrets {
        let token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(claims().to_string())
        );
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
        let tag = ring::hmac::sign(&secret, token.as_bytes());
        let token = format!("{token}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(fault(token), Fault::Algorithm);
    }
}

#[test]
fn headers_are_objects_without_surprises() {
    assert!(verifier().verify(headed(r#"{"alg":"EdDSA"}"#).as_bytes(), NOW).is_ok());
    let more = r#" {"alg":"Ed\u0044SA","kid":"k","jwk":{"kty":"OKP"},"typ":"JWT"}"#;
    assert!(verifier().verify(headed(more).as_bytes(), NOW).is_ok(), "of no account");
    for (header, expected) in [
        (r#"{"alg":"EdDSA","typ":"JWE"}"#, Fault::Type),
        (r#"{"alg":"EdDSA","typ":1}"#, Fault::Type),
        (r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#, Fault::Critical),
        (r#"{"alg":"EdDSA","crit":[]}"#, Fault::Critical),
        (r#"{"alg":"EdDSA","alg":"none"}"#, Fault::Header),
        (r#"{"alg":"none","alg":"EdDSA"}"#, Fault::Header),
        (r#"["EdDSA","JWT",null]"#, Fault::Header),
        (r#"{"alg":"EdDSA"} {}"#, Fault::Header),
        (r#"{"alg":"EdDSA""#, Fault::Header),
        (r#""EdDSA""#, Fault::Header),
        ("", Fault::Header),
    ] {
        assert_eq!(fault(headed(header)), expected, "{header}");
    }
    assert_eq!(fault(key().sign_compact(b"{\"alg\":\"EdDSA\",\"\xff\":1}", b"{}")), Fault::Header);
}

#[test]
fn only_this_herds_key_signs() {
    let other = SigningKey::from_seed([8; 32]).unwrap();
    let grant = Grant::new("coast", "fleet", "1", NOW + 1);
    assert_eq!(fault(grant.sign(&other)), Fault::Signature);
    let error = verifier().verify(grant.sign(&other).as_bytes(), NOW).unwrap_err();
    assert_eq!((error.name(), error.id()), (None, None), "nobody's word for it");
    // Signatures that are too short, too long, and none.
    let token = signed(&claims());
    let (start, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(fault(format!("{start}.")), Fault::Signature);
    assert_eq!(fault(format!("{start}.{}", &signature[..84])), Fault::Signature);
    assert_eq!(fault(format!("{start}.{signature}AA")), Fault::Signature);
    assert_eq!(fault(format!("{start}.AAAA{signature}")), Fault::Signature);
    // The other signature that the same point allows (RFC 8032, section 5.1.7): s + L.
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let order = b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14";
    let mut carry = 0;
    for (at, byte) in bytes[32..].iter_mut().enumerate() {
        let added = order.get(at).copied().unwrap_or(if at == 31 { 0x10 } else { 0 });
        let sum = u16::from(*byte) + u16::from(added) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(fault(format!("{start}.{}", URL_SAFE_NO_PAD.encode(bytes))), Fault::Signature);
}

#[test]
fn there_is_one_way_to_write_a_token() {
    let token = signed(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    for wrong in [
        "".to_owned(),
        ".".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}."),
        format!("{token}.."),
        format!(".{token}"),
        format!("{token}.{}.{}", parts[0], parts[1]),
    ] {
        assert_eq!(fault(&wrong), Fault::Parts, "{wrong}");
    }
    assert_eq!(fault(".."), Fault::Header);
    // Padding, the alphabet of plain base64, white space, bits behind the last byte, no UTF-8.
    let padded = |part: &str| format!("{part}==");
    assert_eq!(fault(format!("{}.{}.{}", parts[0], parts[1], padded(parts[2]))), Fault::Base64);
    assert_eq!(fault(format!("{}.{}.{}", padded(parts[0]), parts[1], parts[2])), Fault::Base64);
    for wrong in ["+", "/", " ", "\n", "=", "\u{e9}"] {
        assert_eq!(fault(format!("{}.{}.{wrong}{}", parts[0], parts[1], parts[2])), Fault::Base64);
        assert_eq!(fault(format!("{wrong}{token}")), Fault::Base64);
    }
    assert_eq!(fault([token.as_bytes(), b"\n"].concat()), Fault::Base64);
    assert_eq!(fault([b"\xff", token.as_bytes()].concat()), Fault::Base64);
    // 64 bytes leave four bits over, so the last digit is one of four.
    let (start, last) = token.split_at(token.len() - 1);
    assert!("AQgw".contains(last), "{last}");
    let next = char::from(last.as_bytes()[0] + 1);
    assert_eq!(fault(format!("{start}{next}")), Fault::Base64);
    // What is signed must be written so, too.
    let payload = padded(&URL_SAFE_NO_PAD.encode(claims().to_string()));
    let signed = format!("{}.{payload}", parts[0]);
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()));
    assert_eq!(fault(format!("{signed}.{signature}")), Fault::Base64);
}

#[test]
fn a_token_has_so_many_bytes_at_most() {
    let length = |filler: usize| with("more", Value::String("x".repeat(filler))).len();
    let filler = (0..TOKEN_BYTES_MAX).rev().find(|filler| length(*filler) == TOKEN_BYTES_MAX);
    let token = with("more", Value::String("x".repeat(filler.unwrap())));
    assert!(verifier().verify(token.as_bytes(), NOW).is_ok());
    assert_eq!(fault(token + "A"), Fault::TooLong);
    for length in [TOKEN_BYTES_MAX + 1, 64 * 1_024] {
        for byte in [b'.', b'A', 0xff] {
            assert_eq!(fault(vec![byte; length]), Fault::TooLong);
        }
    }
}

#[test]
fn each_claim_must_be_there_and_be_what_it_must_be() {
    assert!(verifier().verify(signed(&claims()).as_bytes(), NOW).is_ok());
    for claim in ["iss", "sub", "clients", "may", "exp", "jti"] {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(claim);
        assert_eq!(fault(signed(&without)), Fault::Claim(claim));
        for value in [json!(null), json!(-1), json!(1.5), json!(true), json!({}), json!([["x"]])] {
            assert_eq!(fault(with(claim, value)), Fault::Claim(claim));
        }
        let twice = claims().to_string().replacen('{', &format!("{{\"{claim}\":1,"), 1);
        assert_eq!(fault(key().sign_compact(HEADER.as_bytes(), twice.as_bytes())), Fault::Claims);
    }
    for (claim, value) in [
        ("clients", json!("truck-*")),
        ("clients", json!(["truck-*", 1])),
        ("may", json!("report")),
        ("may", json!(["report", null])),
        ("exp", json!((NOW + 1).to_string())),
        ("exp", json!(1.9e9)),
        ("jti", json!("")),
        ("jti", json!("a b")),
        ("jti", json!("a\n")),
        ("sub", json!("")),
        ("aud", json!("coast")),
        ("aud", json!([])),
        ("nbf", json!("now")),
    ] {
        assert_eq!(fault(with(claim, value.clone())), Fault::Claim(claim), "{value}");
    }
    let of = |payload: &[u8]| fault(key().sign_compact(HEADER.as_bytes(), payload));
    for payload in
        [&b""[..], b"1", b"[]", b"null", b"{", b"{}{}", b"{\"\xff\":1}", b"{\"a\":\"\xff\"}"]
    {
        assert_eq!(of(payload), Fault::Claims, "{payload:?}");
    }
    assert_eq!(of(br#"["coast","fleet",["*"],["ask"],1900000000,"1",null,null]"#), Fault::Claims);
    assert_eq!(of(&[b"{\"a\":", &b"[".repeat(4_000)[..]].concat()), Fault::Claims);
}

#[test]
fn claims_have_their_bounds() {
    let x = |count: usize| "x".repeat(count);
    for (claim, most, more) in [
        ("sub", json!(x(TOKEN_NAME_BYTES_MAX)), json!(x(TOKEN_NAME_BYTES_MAX + 1))),
        ("jti", json!(x(TOKEN_ID_BYTES_MAX)), json!(x(TOKEN_ID_BYTES_MAX + 1))),
        ("clients", json!(vec!["x"; TOKEN_PATTERNS_MAX]), json!(vec!["x"; TOKEN_PATTERNS_MAX + 1])),
        ("clients", json!([x(TOKEN_PATTERN_BYTES_MAX)]), json!([x(TOKEN_PATTERN_BYTES_MAX + 1)])),
    ] {
        assert!(verifier().verify(with(claim, most).as_bytes(), NOW).is_ok(), "{claim}");
        assert_eq!(fault(with(claim, more)), Fault::Claim(claim));
    }
}

#[test]
fn a_token_counts_in_its_herd_and_its_time_only() {
    for issuer in ["Coast", "coast ", "coasts", ""] {
        assert_eq!(fault(with("iss", json!(issuer))), Fault::Issuer);
    }
    for exp in [0, 1, NOW - 1, NOW] {
        assert_eq!(fault(with("exp", json!(exp))), Fault::Over);
    }
    assert!(verifier().verify(with("exp", json!(u64::MAX)).as_bytes(), NOW).is_ok());
    assert!(verifier().verify(with("nbf", json!(NOW)).as_bytes(), NOW).is_ok());
    assert_eq!(fault(with("nbf", json!(NOW + 1))), Fault::NotYet);
}

#[test]
fn an_unknown_right_grants_nothing_and_an_unknown_claim_is_passed_over() {
    let token = with("may", json!(["herd", "ask", "Report", ""]));
    let claims = verifier().verify(token.as_bytes(), NOW).unwrap();
    assert_eq!(claims.rights(), Rights::parse("ask").unwrap());
    assert!(verifier().verify(with("iat", json!({"deep": [1]})).as_bytes(), NOW).is_ok());
}

#[test]
fn what_is_said_of_a_refused_token_is_fit_for_a_log() {
    let error = |token: &str| verifier().verify(token.as_bytes(), NOW).unwrap_err();
    let mut over = claims();
    (over["sub"], over["exp"]) = (json!("fl\neet\u{1b}"), json!(1));
    let over = error(&signed(&over));
    assert_eq!((over.name(), over.id()), (Some("fl\neet\u{1b}"), Some("a-1_Z")));
    assert_eq!(over.to_string(), r"token of fl\x0aeet\x1b (a-1_Z): it is over (`exp`)");
    assert_eq!(error("secret").to_string(), "token: it is not three parts with dots between them");
    let wrong = error(&with("exp", json!("secret"))).to_string();
    assert_eq!(wrong, "token of fleet (a-1_Z): its claim `exp` is missing or not as it must be");
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verifier().verify(&bytes, NOW).is_err());
    }

    #[test]
    fn any_text_of_three_parts_is_refused(token in r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,90}){2}") {
        prop_assert!(verifier().verify(token.as_bytes(), NOW).is_err());
    }

    #[test]
    fn any_names_come_back(
        herd: String,
        name in ".{1,64}",
        id in "[A-Za-z0-9_-]{1,64}",
        client in "[^*]{0,20}",
        rights in 0u8..32,
    ) {
        let may: Rights =
            Right::ALL.into_iter().filter(|right| rights & (1 << *right as u8) != 0).collect();
        let token = Grant::new(&herd, &name, &id, NOW + 1).clients([&client]).may(may).sign(&key());
        let claims = Verifier::new(key().public(), &herd).verify(token.as_bytes(), NOW).unwrap();
        prop_assert_eq!((claims.name(), claims.id(), claims.rights()), (&*name, &*id, may));
        prop_assert!(claims.covers(client.as_bytes()));
    }
}

/// All of them are tried: each refused, without a panic.
#[test]
fn one_bit_changed_anywhere_refuses() {
    let token = signed(&claims());
    for at in 0..token.len() * 8 {
        let mut changed = token.clone().into_bytes();
        changed[at / 8] ^= 1 << (at % 8);
        assert!(verifier().verify(&changed, NOW).is_err(), "bit {at}");
    }
}

#[test]
fn a_token_that_is_cut_or_goes_on_is_refused() {
    let token = signed(&claims());
    for length in 0..token.len() {
        assert!(verifier().verify(&token.as_bytes()[..length], NOW).is_err(), "{length} bytes");
    }
}
