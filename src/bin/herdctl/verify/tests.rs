//! What follows from looks, one after the other.

use super::differences::Record;
use super::*;
use crate::judge::tests::{link, look, of, well};
use serde_json::Value;

/// The servers of a herd, with these digests and after so many changes.
fn seen(digests: [&str; 3], changes: u64) -> Look {
    let [a, b, c] = [0, 1, 2].map(|at| {
        let mut status = well(["A", "B", "C"][at]);
        status["digest"] = digests[at].into();
        status["changes"] = changes.into();
        Ok::<Value, &str>(status)
    });
    look([a, b, c])
}

fn differing(clients: &[&str]) -> BTreeMap<String, Difference> {
    let record = Record {
        time: "5".to_owned(),
        server: "A".to_owned(),
        difference: "+0.1".to_owned(),
        forgotten: false,
    };
    let held: Difference =
        [("A", Some(record)), ("B", None)].map(|(name, held)| (name.to_owned(), held)).into();
    clients.iter().map(|client| ((*client).to_owned(), held.clone())).collect()
}

fn found(clients: &[&str]) -> Result<Found, Vec<(usize, Unasked)>> {
    Ok(Found { records: 7, differing: differing(clients), is_complete: true })
}

fn never(_: Option<i64>) -> Result<Found, Vec<(usize, Unasked)>> {
    panic!("nobody is asked for more")
}

#[test]
fn equal_digests_are_enough() {
    let mut looks = Looks::default();
    let verdict = looks.judge(&seen(["x", "x", "x"], 1), never);
    assert!(matches!(verdict, Some(Verdict::Same { records: 1200, .. })), "{verdict:?}");
}

#[test]
fn at_rest_all_is_compared_and_who_differs_is_named() {
    let mut looks = Looks::default();
    assert!(looks.judge(&seen(["x", "x", "y"], 1), never).is_none(), "it may be on its way");
    for _ in 0..3 {
        let verdict = looks.judge(&seen(["x", "x", "y"], 1), |before| {
            assert_eq!(before, None);
            found(&["kiwi"])
        });
        let Some(Verdict::Different { differing, is_complete: true, .. }) = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!(differing.len(), 1);
    }
    // It is over.
    assert!(matches!(looks.judge(&seen(["y", "y", "y"], 1), never), Some(Verdict::Same { .. })));
}

#[test]
fn under_load_what_was_acknowledged_is_compared() {
    let mut looks = Looks::default();
    looks.judge(&seen(["x", "x", "y"], 1), never);
    let verdict = looks.judge(&seen(["x", "x", "y"], 2), |before| {
        assert!(before.is_some_and(|before| before <= posix_seconds() - 3));
        found(&[])
    });
    assert!(matches!(verdict, Some(Verdict::Settled { records: 7, of: 1200, .. })), "{verdict:?}");
    // Where hardly anything is at rest it is tried on, as digests may be equal in a lucky moment.
    let of_few = |records| {
        let verdict = Verdict::Settled { before: 5, records, of: 1_200 };
        Outcome { herd: "three".to_owned(), servers: 3, verdict }.is_of_few()
    };
    assert_eq!([0, 599, 600, 1_200].map(of_few), [true, true, false, false]);
}

#[test]
fn under_load_servers_must_be_linked() {
    // A and B by way of C.
    let cut = |also: &str, back: Value| {
        let [mut a, mut b, mut c] = ["A", "B", "C"].map(well);
        of(&mut a, "B")["dialled"] = link(false, 9.0);
        of(&mut c, also)["accepted"] = back;
        b["digest"] = "another".into();
        look([a, b, c].map(Ok::<Value, &str>))
    };
    let settled = |look: &Look| {
        let mut looks = Looks { changes: Some(vec![7, 7, 7]), ..Looks::default() };
        let verdict = looks.judge(look, |_| found(&[]));
        matches!(verdict, Some(Verdict::Settled { .. }))
            || matches!(verdict, Some(Verdict::Unlinked)).then_some(false).expect("one of both")
    };
    assert!(settled(&cut("A", link(true, 9.0))));
    assert!(!settled(&cut("A", link(false, 9.0))));
    assert!(!settled(&cut("B", link(false, 9.0))));
    let mut behind = well("A");
    of(&mut behind, "B")["dialled"]["behind_seconds"] = 60.into();
    of(&mut behind, "C")["dialled"]["behind_seconds"] = 60.into();
    behind["digest"] = "another".into();
    assert!(!settled(&look([Ok(behind), Ok(well("B")), Ok(well("C"))])));
}

#[test]
fn under_load_who_differs_in_one_look_only_has_moved() {
    let mut looks = Looks::default();
    let mut changes = 0;
    let mut judge = |looks: &mut Looks, clients: &'static [&'static str]| {
        changes += 1;
        looks.judge(&seen(["x", "x", "y"], changes), |_| found(clients))
    };
    assert!(judge(&mut looks, &[]).is_none());
    let agrees = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Settled { .. }));
    assert!(!agrees(&judge(&mut looks, &["kiwi", "plum"])));
    assert!(!agrees(&judge(&mut looks, &["plum", "fig"])));
    let verdict = judge(&mut looks, &["plum", "pear"]);
    let Some(Verdict::Different { differing, .. }) = &verdict else { panic!("{verdict:?}") };
    assert_eq!(differing.keys().collect::<Vec<_>>(), ["plum"]);
    assert!(agrees(&judge(&mut looks, &["fig"])), "each differed in some looks and not in others");
}

#[test]
fn what_could_not_be_looked_at_is_not_taken_for_the_same() {
    let mut looks = Looks::default();
    looks.judge(&seen(["x", "x", "y"], 0), never);
    for changes in 1..5 {
        let incomplete = || Ok(Found { records: 7, differing: differing(&[]), is_complete: false });
        let verdict = looks.judge(&seen(["x", "x", "y"], changes), |_| incomplete());
        assert!(matches!(verdict, Some(Verdict::Different { is_complete: false, .. })));
    }
}

#[test]
fn who_cannot_be_asked_is_named_and_begins_it_anew() {
    let mut looks = Looks::default();
    let no = || look([Ok(well("A")), Err("no"), Ok(well("C"))]);
    for _ in 0..2 {
        let verdict = looks.judge(&no(), never);
        let Some(Verdict::Unasked(unasked)) = verdict else { panic!("{verdict:?}") };
        assert_eq!(unasked, [("B".to_owned(), Unasked::Failed("no".to_owned()))]);
    }
    // Without a web port a neighbour tells.
    let mut without = no();
    without.servers[1].answer = Err(Unasked::NoPort);
    assert!(matches!(looks.judge(&without, never), Some(Verdict::Same { .. })));
    let [mut a, mut c] = ["A", "C"].map(well);
    (of(&mut a, "B")["agrees"], of(&mut c, "B")["agrees"]) = (Value::Null, false.into());
    let mut without = look([Ok(a), Err("no"), Ok(c)]);
    without.servers[1].answer = Err(Unasked::NoPort);
    assert!(matches!(looks.judge(&without, never), Some(Verdict::Unasked(_))));
}

#[test]
fn what_a_slow_link_has_not_acknowledged_is_left_out() {
    let [mut a, b] = ["A", "B"].map(well);
    assert_eq!(before(&look([Ok(a.clone()), Ok(b.clone()), Ok(well("C"))]), 1_000), 997);
    of(&mut a, "B")["dialled"]["behind_seconds"] = 12.2.into();
    of(&mut a, "C")["dialled"] = link(false, 500.0);
    of(&mut a, "C")["dialled"]["behind_seconds"] = 500.0.into();
    assert_eq!(before(&look([Ok(a), Ok(b), Ok(well("C"))]), 1_000), 1_000 - 3 - 13);
}

#[test]
fn it_is_said_for_people_and_for_programs() {
    let outcome = |verdict| Outcome { herd: "three".to_owned(), servers: 3, verdict };
    let different = outcome(Verdict::Different {
        before: None,
        differing: differing(&["kiwi"]),
        is_complete: true,
    });
    let expected = "three: 3 servers do not agree:\n  kiwi\n    A            reported at 5, taken by A\n    \
        B            does not know it\n";
    assert_eq!(text(&different), expected);
    let told: Value = serde_json::from_str(&json(&different).unwrap()).unwrap();
    assert_eq!(
        (&told["agree"], &told["at_rest"], &told["complete"]),
        (&false.into(), &true.into(), &true.into())
    );
    assert_eq!(told["differing"][0]["id"], "kiwi");
    assert_eq!(told["differing"][0]["held"][0]["record"]["time"], "5");
    assert!(told["differing"][0]["held"][1]["record"].is_null());
    let same = outcome(Verdict::Same { records: 1_200, digest: "0f".to_owned() });
    assert!(text(&same).ends_with("3 servers agree: 1,200 records, digest 0f\n") && same.agree());
    let settled = outcome(Verdict::Settled { before: 5, records: 1, of: 2 });
    let told: Value = serde_json::from_str(&json(&settled).unwrap()).unwrap();
    assert_eq!(
        (&told["agree"], &told["at_rest"], &told["before"]),
        (&true.into(), &false.into(), &5.into())
    );
    let unasked =
        outcome(Verdict::Unasked(vec![("B".to_owned(), Unasked::Failed("no".to_owned()))]));
    assert!(text(&unasked).contains("  B cannot be asked: no\n") && !unasked.agree());
    let many: Vec<String> = (0..30).map(|n| format!("c{n}\u{1b}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let different =
        Verdict::Different { before: None, differing: differing(&many), is_complete: false };
    let said = text(&outcome(different));
    assert!(said.contains("and 10 more clients") && said.contains("may not be all"), "{said}");
    assert!(said.contains("c0\\x1b") && !said.contains('\u{1b}'));
}
