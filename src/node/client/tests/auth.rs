//! Tokens: what each allows, and until when.

use super::*;
use crate::node::access::tests::{HERD_KEY, token, token_by, verifier};
use crate::tokens::{Revoked, Right};
use crate::transport::{Action, Meters};

/// When all these tokens end: an hour from the beginning.
const EXPIRES_AT: u64 = 1_600_003_600;
const ALL: [Right; 5] = Right::ALL;

fn guarded() -> Scene {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    scene.node.require_tokens(verifier("lone", HERD_KEY), Revoked::default());
    scene
}

/// Turns end until nothing more comes of them, and what was sent is read.
fn settle(scene: &mut Scene) -> String {
    let mut read = String::new();
    for _ in 0..10 {
        scene.node.turn_begun(scene.now);
        scene.node.turn_ended(scene.now, &Meters::default());
        while let Some(action) = scene.node.next_action() {
            if matches!(action, Action::Wake(id) if id == scene.transport.id()) {
                scene.call(|protocol, cx| protocol.woken(cx));
            }
        }
        if scene.transport.take_resume().is_some() {
            scene.call(|protocol, cx| protocol.resume_writing(cx));
        }
        read += scene.answers();
        let bytes = scene.transport.output_len();
        scene.transport.advance(bytes, scene.now.monotonic);
    }
    scene.node.check().unwrap();
    read
}

/// What these lines are answered.
fn says(scene: &mut Scene, lines: &str) -> String {
    scene.receives(lines);
    settle(scene)
}

/// The connection has from now on a token about those clients.
fn shows(scene: &mut Scene, name: &str, clients: &str, rights: &[Right]) {
    let token = token("lone", name, clients, rights, EXPIRES_AT);
    assert_eq!(says(scene, &format!("AUTH {token}\n")), format!("AUTH {name}\n"));
}

/// Somebody else with every right reports and forgets meanwhile.
fn elsewhere(scene: &mut Scene, lines: &str) {
    let access = scene.node.access.take();
    let id = ConnectionId { slot: 9, generation: 0 };
    let mut transport = Transport::new(id);
    let mut client =
        scene.node.accepted(Port::Clients, SocketAddr::from(([127, 0, 0, 1], 2)), scene.now);
    let mut cx = Context { app: &mut scene.node, transport: &mut transport, now: scene.now };
    client.data_received(&mut cx, lines.as_bytes());
    scene.node.access = access;
}

/// Every command that is about a client, and what it is answered if it is allowed and the client is known.
const COMMANDS: [(Right, &str, &str); 5] = [
    (Right::Report, "IAMAT kiwi +2+2 1600000000\n", "AT Lone +0.000000000 kiwi +2+2 1600000000\n"),
    (Right::Ask, "NEAR kiwi 5 5\n", "\n"),
    (
        Right::Watch,
        "WATCH kiwi\n",
        "WATCH kiwi\n~ AT Lone +1.000000000 kiwi +1+1 1599999999\n~ NOW kiwi\n",
    ),
    (Right::Forget, "FORGET kiwi 1600000000\n", "GONE Lone +0.000000000 kiwi 1600000000\n"),
    (Right::Ask, "WHATSAT kiwi 5 5\n", ""),
];

#[test]
fn each_command_needs_its_right_for_the_very_client() {
    for (right, command, allowed) in COMMANDS {
        let others: Vec<Right> = ALL.into_iter().filter(|&other| other != right).collect();
        for (clients, rights, is_allowed) in [
            ("ki*", &[right][..], true),
            ("*", &ALL, true),
            ("*", &others, false),
            ("kiwis", &ALL, false),
            ("none", &[], false),
        ] {
            let mut scene = guarded();
            elsewhere(&mut scene, "IAMAT kiwi +1+1 1599999999\n");
            if clients != "none" {
                shows(&mut scene, "anna", clients, rights);
            }
            let before = scene.node.counts.refused_for(Refused::NotAllowed);
            let answer = says(&mut scene, command);
            let refused = scene.node.counts.refused_for(Refused::NotAllowed) - before;
            if is_allowed {
                assert_eq!((&*answer, refused), (allowed, 0), "{clients} {rights:?}");
            } else if right == Right::Watch {
                assert_eq!(answer, "WATCH kiwi\n~ NOW kiwi\n", "copied and silent");
            } else {
                assert_eq!((answer, refused), (format!("? {command}"), 1), "{rights:?}");
            }
            let known = scene.node.positions().find(b"kiwi").map(|kiwi| kiwi.location().to_vec());
            let expected: Option<&[u8]> = match (right, is_allowed) {
                (Right::Report, true) => Some(b"+2+2"),
                (Right::Forget, true) => None,
                _ => Some(b"+1+1"),
            };
            assert_eq!(known.as_deref(), expected, "{command}");
        }
    }
}

#[test]
fn what_is_not_allowed_looks_like_what_is_not_known() {
    let mut scene = guarded();
    elsewhere(&mut scene, "IAMAT kiwi +1+1 1\n");
    shows(&mut scene, "anna", "truck-*", &ALL);
    for command in ["NEAR", "WHATSAT"] {
        let [known, unknown] = ["kiwi", "kiwo"].map(|client| {
            says(&mut scene, &format!("{command} {client} 5 5\n")).replace(client, "-")
        });
        assert_eq!(known, unknown);
    }
}

#[test]
fn places_and_everything_leave_out_whom_the_token_is_not_about() {
    let mut scene = guarded();
    shows(&mut scene, "anna", "truck-*", &[Right::Ask, Right::Watch]);
    elsewhere(&mut scene, "IAMAT truck-1 +1+1 1600000000\nIAMAT van +1+1 1600000000\n");
    elsewhere(&mut scene, "IAMAT truck-2 +1+1 1600000000\n");
    let near = says(&mut scene, "NEAR +1+1 5 2\n");
    let lines: Vec<&str> = near.lines().collect();
    assert_eq!(lines.len(), 3, "as many as are asked for: {near}");
    assert!(lines[0].contains("truck-1") && lines[1].contains("truck-2"), "{near}");
    for watch in ["*", "+1+1 5", "van"] {
        let now = says(&mut scene, &format!("WATCH {watch}\n"));
        assert!(!now.contains("~ AT Lone +0.000000000 van"), "{now}");
        assert_eq!(now.matches("truck-").count(), if watch == "van" { 0 } else { 2 }, "{now}");
        assert!(now.ends_with(&format!("~ NOW {watch}\n")), "{now}");
        scene.pass(SECONDS(1));
        let time = scene.now.posix_nanoseconds / SECOND;
        elsewhere(&mut scene, &format!("IAMAT van +1+1.001 {time}\nIAMAT truck-1 +1+1 {time}\n"));
        let then = settle(&mut scene);
        assert!(!then.contains("van"), "{then}");
        let is_told = watch != "van";
        assert_eq!(then.matches("truck-1").count(), usize::from(is_told), "{watch}: {then}");
        scene.pass(SECONDS(1));
        let time = scene.now.posix_nanoseconds / SECOND;
        elsewhere(&mut scene, &format!("IAMAT van +9+9 {time}\nIAMAT truck-1 +9+9 {time}\n"));
        let out = settle(&mut scene);
        assert!(!out.contains("van"), "{out}");
        assert_eq!(out.contains("~ OUT truck-1"), watch == "+1+1 5", "{watch}: {out}");
        elsewhere(&mut scene, &format!("FORGET van {time}\nFORGET truck-2 {time}\n"));
        let gone = settle(&mut scene);
        assert!(!gone.contains("van"), "{gone}");
        assert_eq!(gone.contains("~ GONE"), is_told, "{watch}: {gone}");
        says(&mut scene, &format!("UNWATCH {watch}\n"));
        scene.pass(SECONDS(1));
        let time = scene.now.posix_nanoseconds / SECOND;
        for client in ["truck-1", "van", "truck-2"] {
            elsewhere(&mut scene, &format!("IAMAT {client} +1+1 {time}\n"));
        }
        settle(&mut scene);
    }
}

#[test]
fn who_has_expired_is_told_of_to_who_may_know() {
    for watch in ["*", "+1+1 5", "van"] {
        let json = br#"{"herd": "lone", "ttl_seconds": 10, "servers": [
            {"name": "Lone", "host": "127.0.0.1", "port": 4000}]}"#;
        let herd = Herd::from_json(json).unwrap();
        let mut scene = Scene::with(false, ClientBounds::NONE);
        scene.node = Node::new(NodeOptions::for_tests(&herd, "Lone"));
        scene.node.require_tokens(verifier("lone", HERD_KEY), Revoked::default());
        scene.node.turn_begun(scene.now);
        shows(&mut scene, "anna", "truck-*", &[Right::Watch]);
        says(&mut scene, &format!("WATCH {watch}\n"));
        elsewhere(&mut scene, "IAMAT truck-1 +1+1 1600000000\nIAMAT van +1+1 1600000000\n");
        settle(&mut scene);
        scene.pass(SECONDS(12));
        let expired = settle(&mut scene);
        let expected = if watch == "van" { "" } else { "~ EXPIRED truck-1\n" };
        assert_eq!(expired, expected, "{watch}");
    }
}

#[test]
fn a_bad_token_changes_nothing_and_a_later_good_one_takes_the_place_of_the_first() {
    let mut scene = guarded();
    let good = token("lone", "anna", "*", &ALL, EXPIRES_AT);
    let wrong = [
        "x".to_owned(),
        good[1..].to_owned(),
        token_by([9; 32], "lone", EXPIRES_AT),
        token("other", "anna", "*", &ALL, EXPIRES_AT),
        token("lone", "anna", "*", &ALL, 1_600_000_000),
    ];
    for (at, wrong) in wrong.iter().enumerate() {
        let command = format!("AUTH {wrong}\n");
        assert_eq!(says(&mut scene, &command), format!("? {command}"));
        assert_eq!(scene.node.counts.refused_for(Refused::Token), at as u64 + 1);
    }
    assert_eq!(says(&mut scene, "IAMAT kiwi +1+1 1\n"), "? IAMAT kiwi +1+1 1\n");
    shows(&mut scene, "anna", "kiwi", &[Right::Report]);
    says(&mut scene, &format!("AUTH {}\n", wrong[0]));
    assert!(says(&mut scene, "IAMAT kiwi +1+1 1\n").starts_with("AT "), "that of before holds");
    shows(&mut scene, "berta", "lemon", &[Right::Report]);
    assert!(says(&mut scene, "IAMAT kiwi +1+1 2\n").starts_with("? "));
    assert!(says(&mut scene, "IAMAT lemon +1+1 2\n").starts_with("AT "));
}

#[test]
fn without_tokens_nobody_is_asked_for_one() {
    let mut scene = Scene::with(false, ClientBounds::NONE);
    let command = format!("AUTH {}\n", token("lone", "anna", "*", &ALL, EXPIRES_AT));
    assert_eq!(says(&mut scene, &command), format!("? {command}"));
    assert!(says(&mut scene, "IAMAT kiwi +1+1 1\n").starts_with("AT "));
}

#[test]
fn the_time_of_a_token_ends_in_the_middle_of_a_watch() {
    for revoked in [false, true] {
        let mut scene = guarded();
        shows(&mut scene, "anna", "*", &ALL);
        assert_eq!(says(&mut scene, "WATCH *\n"), "WATCH *\n~ NOW *\n");
        elsewhere(&mut scene, "IAMAT kiwi +1+1 1\n");
        assert!(settle(&mut scene).contains("kiwi"));
        if revoked {
            let list = Revoked::parse(b"id-anna\n").unwrap();
            scene.node.require_tokens(verifier("lone", HERD_KEY), list);
            settle(&mut scene);
            assert_eq!(scene.node.hub.watchers(), 0, "nothing is kept for it any more");
        } else {
            scene.pass(SECONDS(3_600));
        }
        elsewhere(&mut scene, "IAMAT kiwi +1+1 2\n");
        assert_eq!(settle(&mut scene), "", "nothing more is told");
        assert_eq!(says(&mut scene, "NEAR kiwi 1 1\n"), "? NEAR kiwi 1 1\n");
        assert!(!scene.transport.is_ending(), "it may show another one");
        let later = token("lone", "berta", "*", &ALL, EXPIRES_AT + 9_999);
        assert_eq!(says(&mut scene, &format!("AUTH {later}\n")), "AUTH berta\n");
        assert_eq!(says(&mut scene, "NEAR kiwi 1 1\n"), "\n");
    }
}

#[test]
fn another_token_changes_what_is_seen_of_a_watch() {
    let mut scene = guarded();
    shows(&mut scene, "anna", "*", &ALL);
    says(&mut scene, "WATCH *\n");
    says(&mut scene, "WATCH +1+1 5\n");
    let both = |time: i64| format!("IAMAT a {} {time}\nIAMAT b {} {time}\n", "+1+1", "+1+1");
    elsewhere(&mut scene, &both(1));
    assert_eq!(settle(&mut scene).lines().count(), 2);
    shows(&mut scene, "berta", "a", &ALL);
    elsewhere(&mut scene, &both(2));
    assert_eq!(settle(&mut scene), "~ AT Lone +1599999998.000000000 a +1+1 2\n");
    shows(&mut scene, "clara", "*", &[Right::Report]);
    elsewhere(&mut scene, &both(3));
    assert_eq!(settle(&mut scene), "");
    shows(&mut scene, "anna", "*", &ALL);
    elsewhere(&mut scene, &both(4));
    assert_eq!(settle(&mut scene).lines().count(), 2);
}

#[test]
fn who_was_never_told_of_is_not_said_to_have_left_when_more_is_seen() {
    let mut scene = guarded();
    shows(&mut scene, "anna", "a", &ALL);
    assert!(says(&mut scene, "WATCH +1+1 5\n").ends_with("~ NOW +1+1 5\n"));
    elsewhere(&mut scene, "IAMAT b +1+1 1\n");
    assert_eq!(settle(&mut scene), "");
    shows(&mut scene, "berta", "*", &ALL);
    elsewhere(&mut scene, "IAMAT b +9+9 2\n");
    assert_eq!(settle(&mut scene), "");
}

#[test]
fn a_name_is_one_line() {
    let mut scene = guarded();
    let token = token("lone", "an\nna\r\u{7}\u{e9}", "*", &ALL, EXPIRES_AT);
    assert_eq!(says(&mut scene, &format!("AUTH {token}\n")), "AUTH an na  \u{e9}\n");
}

#[test]
fn one_token_is_verified_in_a_turn() {
    let mut scene = guarded();
    scene.receives(&"AUTH a.b.c\n".repeat(3));
    assert_eq!(scene.node.counts.refused_for(Refused::Token), 1);
    assert_eq!(settle(&mut scene), "? AUTH a.b.c\n".repeat(3));
}

#[test]
fn the_herd_s_servers_are_told_for_any_token_that_counts() {
    for right in ALL {
        let mut scene = guarded();
        assert_eq!(says(&mut scene, "SERVERS\n"), "? SERVERS\n");
        shows(&mut scene, "anna", "kiwi", &[right]);
        let told = "SERVER Lone 127.0.0.1 4000 self\n\n";
        assert_eq!(says(&mut scene, "SERVERS\n"), told);
        scene.now.posix_nanoseconds = EXPIRES_AT as i64 * SECOND;
        assert_eq!(says(&mut scene, "SERVERS\n"), "? SERVERS\n");
    }
}

#[test]
fn what_is_caught_up_on_when_a_watch_ends_is_not_told_to_whose_token_is_over() {
    let mut scene = guarded();
    shows(&mut scene, "anna", "*", &ALL);
    assert_eq!(says(&mut scene, "WATCH *\n"), "WATCH *\n~ NOW *\n");
    elsewhere(&mut scene, "IAMAT kiwi +1+1 1599999999\n");
    scene.now.posix_nanoseconds = (EXPIRES_AT as i64 + 1) * SECOND;
    scene.receives("UNWATCH *\n");
    assert_eq!(scene.answers(), "UNWATCH *\n");
}

#[test]
fn who_may_watch_nobody_sees_no_difference_from_watching_whom_nobody_knows() {
    for watch in ["q", "*", "+1+1 5"] {
        let mut scene = guarded();
        let expected = format!("WATCH {watch}\n~ NOW {watch}\nUNWATCH {watch}\n");
        assert_eq!(says(&mut scene, &format!("WATCH {watch}\nUNWATCH {watch}\n")), expected);
    }
}

/// What is answered to a question for many, if that happens while it is searched for.
fn answered_after(meanwhile: impl Fn(&mut Scene)) -> String {
    let mut scene = guarded();
    for number in 0..300 {
        let [truck, van] = ["truck", "van"].map(|kind| format!("IAMAT {kind}-{number} +1+1 1\n"));
        elsewhere(&mut scene, &(truck + &van));
    }
    shows(&mut scene, "anna", "truck-*", &ALL);
    scene.receives("NEAR +1+1 5 1000\n");
    while !scene.node.positions.is_searching() {
        scene.node.turn_ended(scene.now, &Meters::default());
        while scene.node.next_action().is_some() {
            scene.call(|protocol, cx| protocol.woken(cx));
        }
    }
    meanwhile(&mut scene);
    (0..10).map(|_| settle(&mut scene)).collect()
}

#[test]
fn a_long_answer_is_of_those_whom_the_token_is_about_when_it_ends() {
    let count = |answer: &str| ["truck-", "van-"].map(|kind| answer.matches(kind).count());
    assert_eq!(count(&answered_after(|_| {})), [300, 0]);
    let answer = answered_after(|scene| {
        let token = token("lone", "bert", "van-*", &ALL, EXPIRES_AT);
        scene.receives(&format!("AUTH {token}\n"));
    });
    assert_eq!(count(&answer), [0, 300]);
    assert!(answer.ends_with("\n\nAUTH bert\n"), "in their order");
    let answer = answered_after(|scene| scene.pass(SECONDS(3_700)));
    assert_eq!(answer, "\n", "the token has ended");
}
