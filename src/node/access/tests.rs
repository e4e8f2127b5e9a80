//! Tokens that are remembered, and for how long.

use super::*;
use crate::tokens::{self, Rights, SigningKey};

/// What the key of a herd is made of.
pub(in crate::node) const HERD_KEY: [u8; 32] = [7; 32];
const NOW: u64 = 1_600_000_000;
const EXPIRES_AT: u64 = NOW + 3_600;

/// Believes what that key has signed for that herd.
pub(in crate::node) fn verifier(herd: &str, key: [u8; 32]) -> Verifier {
    Verifier::new(SigningKey::from_seed(key).unwrap().public(), herd)
}

/// A token of the herd's key, about the clients of that pattern, whose id is `id-` and the name.
pub(in crate::node) fn token(
    herd: &str,
    name: &str,
    clients: &str,
    rights: &[Right],
    expires_at: u64,
) -> String {
    let words: Vec<&str> = rights.iter().map(|right| right.word()).collect();
    let may = Rights::parse(&words.join(",")).unwrap_or(Rights::NONE);
    let id: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    tokens::Grant::new(herd, name, &format!("id-{id}"), expires_at)
        .clients([clients])
        .may(may)
        .sign(&SigningKey::from_seed(HERD_KEY).unwrap())
}

/// A token for everything, of another key.
pub(in crate::node) fn token_by(key: [u8; 32], herd: &str, expires_at: u64) -> String {
    tokens::Grant::new(herd, "other", "id-other", expires_at)
        .clients(["*"])
        .may(Right::ALL.into_iter().collect())
        .sign(&SigningKey::from_seed(key).unwrap())
}

fn access() -> Access {
    Access::new(verifier("lone", HERD_KEY), Revoked::default())
}

fn of(name: &str) -> String {
    token("lone", name, "*", &Right::ALL, EXPIRES_AT)
}

#[test]
fn a_good_token_is_verified_once_and_a_wrong_one_each_time() {
    let mut access = access();
    for _ in 0..3 {
        assert_eq!(access.verify(of("anna").as_bytes(), NOW).unwrap().name(), "anna");
    }
    assert_eq!(access.verifications, 1);
    for _ in 0..3 {
        assert!(access.verify(b"x", NOW).is_err());
    }
    assert_eq!((access.verifications, access.verified.len()), (4, 1));
}

#[test]
fn no_more_than_so_many_are_remembered() {
    let mut access = access();
    // To sign so many would take seconds.
    let claims = access.verify(of("anna").as_bytes(), NOW).unwrap();
    for number in 1..limits::TOKENS_REMEMBERED_MAX {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        access.verified.insert(hash, Rc::clone(&claims));
    }
    assert_eq!(access.verified.len(), limits::TOKENS_REMEMBERED_MAX);
    access.verify(of("anna").as_bytes(), NOW).unwrap();
    assert_eq!(access.verifications, 1, "the last of them fits");
    access.verify(of("berta").as_bytes(), NOW).unwrap();
    assert_eq!((access.verifications, access.verified.len()), (2, 1), "one more: all begins anew");
    access.verify(of("anna").as_bytes(), NOW).unwrap();
    assert_eq!((access.verifications, access.verified.len()), (3, 2));
}

#[test]
fn a_token_counts_until_its_time_is_over_or_it_is_revoked_or_the_key_is_another() {
    let mut access = access();
    let text = of("anna");
    let grant = access.verify(text.as_bytes(), EXPIRES_AT - 1).unwrap();
    assert!(access.holds(&grant, EXPIRES_AT - 1).is_ok());
    assert!(matches!(access.holds(&grant, EXPIRES_AT), Err(Denied::Over(_))));
    assert!(access.verify(text.as_bytes(), EXPIRES_AT).is_err(), "though it is remembered");

    access.renew(verifier("lone", HERD_KEY), Revoked::parse(b"id-anna\n").unwrap());
    assert!(access.verify(text.as_bytes(), NOW).is_ok());
    assert!(matches!(access.holds(&grant, NOW), Err(Denied::Revoked(_))));
    access.renew(verifier("lone", HERD_KEY), Revoked::default());
    assert!(access.holds(&grant, NOW).is_ok(), "a mistake that was mended");

    access.renew(verifier("lone", [8; 32]), Revoked::default());
    assert!(matches!(access.holds(&grant, NOW), Err(Denied::Revoked(_))));
    assert!(access.verify(text.as_bytes(), NOW).is_err(), "nor is it remembered");
    // Back to the first: what was verified before the change has to show itself again.
    access.renew(verifier("lone", HERD_KEY), Revoked::default());
    assert!(matches!(access.holds(&grant, NOW), Err(Denied::Revoked(_))));
    let again = access.verify(text.as_bytes(), NOW).unwrap();
    assert!(access.holds(&again, NOW).is_ok());
}

#[test]
fn what_is_refused_is_a_warning_once_in_a_while() {
    let mut access = access();
    let now = Monotonic::default();
    assert_eq!(access.denied.admit(now, limits::DENIED_REMINDER), Some(0));
    let soon = now + (limits::DENIED_REMINDER - Duration::from_nanos(1));
    assert_eq!(access.denied.admit(soon, limits::DENIED_REMINDER), None);
    let then = now + limits::DENIED_REMINDER;
    assert_eq!(access.denied.admit(then, limits::DENIED_REMINDER), Some(1));
    assert_eq!(access.refused.admit(then, limits::DENIED_REMINDER), Some(0), "on its own");
}

#[test]
fn the_log_says_why_and_names_strangers_harmlessly() {
    let mut access = access();
    let text = token("lone", "an\na\u{1b}[2J", "truck-*", &[Right::Ask], EXPIRES_AT);
    let grant = access.verify(text.as_bytes(), NOW).unwrap();
    let judge = |right, client: &'static [u8], now| {
        let judged = access.judge(Some(&grant), right, Some(client), now);
        judged.err().map(|denied| denied.to_string())
    };
    assert_eq!(judge(Right::Ask, b"truck-1", NOW), None);
    for (denied, why) in [
        (judge(Right::Watch, b"truck-1", NOW), "it does not allow to watch"),
        (judge(Right::Ask, b"van\n", NOW), "it is not about van"),
        (judge(Right::Ask, b"truck-1", EXPIRES_AT), "its time is over"),
    ] {
        let denied = denied.unwrap();
        assert!(denied.contains(why) && denied.contains("id-an"), "{denied}");
        assert!(!denied.contains(|letter: char| letter.is_control()), "{denied}");
        assert!(!denied.contains(&text), "never the token");
    }
    let none = access.judge(None, Right::Ask, None, NOW).err().unwrap();
    assert_eq!(none.to_string(), "no token was shown");
}

#[test]
fn the_end_of_its_time_is_known_ahead() {
    let mut access = access();
    let at = |seconds: u64, nanoseconds: i64| Now {
        monotonic: Monotonic::default() + Duration::from_secs(5),
        posix_nanoseconds: seconds as i64 * 1_000_000_000 + nanoseconds,
    };
    let grant = access.verify(of("anna").as_bytes(), NOW).unwrap();
    let now = at(NOW, 250_000_000);
    assert_eq!(grant.over_at(now), now.monotonic + Duration::from_millis(3_599_750));
    assert_eq!(grant.over_at(at(EXPIRES_AT + 9, 5)), now.monotonic);
    let forever = token("lone", "anna", "*", &[], u64::MAX);
    let grant = access.verify(forever.as_bytes(), NOW).unwrap();
    assert!(grant.over_at(now) > now.monotonic + Duration::from_secs(3_600));
}

/// Who may be told of the clients of these patterns; of nobody, if there is none.
pub(in crate::node) fn sight(clients: &[&str]) -> Sight {
    let text = tokens::Grant::new("lone", "anna", "id-anna", EXPIRES_AT)
        .clients(clients.iter().copied())
        .sign(&SigningKey::from_seed(HERD_KEY).unwrap());
    let grant = access().verify(text.as_bytes(), NOW);
    Sight(grant.ok().filter(|_| !clients.is_empty()))
}
