//! `FORGET`: what is answered, and what changes.

use super::*;

fn scene() -> Scene {
    Scene::with(false, ClientBounds::NONE)
}

impl Scene {
    /// What this is answered with.
    fn asks(&mut self, lines: &str) -> String {
        let before = self.answers().len();
        self.receives(lines);
        self.answers()[before..].to_owned()
    }

    fn knows(&self, client: &str) -> bool {
        self.node.positions().find(client.as_bytes()).is_some()
    }
}

#[test]
fn a_client_is_forgotten_until_it_reports_later() {
    let mut scene = scene();
    scene.receives("IAMAT kiwi +34.0-118.0 1600000000\n");
    let gone = "GONE Lone +0.000000000 kiwi 1600000000\n";
    assert_eq!(scene.asks("FORGET \t kiwi  1600000000\r\n"), gone, "at equal times");
    assert!(!scene.knows("kiwi"));
    let at = "AT Lone +0.000000000 kiwi +35.0-118.0 1600000000.0\n";
    assert_eq!(scene.asks("IAMAT kiwi +35.0-118.0 1600000000.0\n"), at, "answered alike");
    assert!(!scene.knows("kiwi"), "and it changes nothing");
    assert_eq!((scene.node.positions().len(), scene.node.positions().tombstones()), (0, 1));
    scene.receives("IAMAT kiwi +35.0-118.0 1600000000.000000000001\n");
    assert!(scene.knows("kiwi"));
    // An older one is answered as any.
    assert_eq!(scene.asks("FORGET kiwi 1600000000\n"), gone);
    assert!(scene.knows("kiwi"));
    assert_eq!((scene.node.positions().len(), scene.node.positions().tombstones()), (1, 0));
}

#[test]
fn a_client_that_nobody_knows_can_be_forgotten() {
    let mut scene = scene();
    let answer = scene.asks("FORGET nobody 1599999999.5\nFORGET nobody 1599999999.5\n");
    assert_eq!(answer, "GONE Lone +0.500000000 nobody 1599999999.5\n".repeat(2));
    assert_eq!((scene.node.positions().head(), scene.node.positions().tombstones()), (1, 1));
}

#[test]
fn what_is_too_far_ahead_or_too_long_ago_is_refused() {
    let mut scene = scene();
    // A week, and the same ahead as for a report.
    for (time, is_taken) in [
        ("1599395200", true),
        ("1599395199.999999999", false),
        ("1600086400", true),
        ("1600086400.000000001", false),
        ("0", false),
    ] {
        let line = format!("FORGET kiwi {time}\n");
        let answer = scene.asks(&line);
        assert_eq!(answer.starts_with("GONE Lone "), is_taken, "{line}: {answer}");
        assert!(is_taken || answer == format!("? {line}"), "{answer}");
    }
    let refused = |why| scene.node.counts.refused_for(why);
    assert_eq!((refused(Refused::TooOld), refused(Refused::ClockAhead)), (2, 1));
}

#[test]
fn without_room_only_who_is_known_is_forgotten() {
    let mut scene = scene();
    scene.receives("IAMAT kiwi +34.0-118.0 1600000000\n");
    scene.node.positions.set_bytes_max(0);
    assert_eq!(scene.asks("FORGET nobody 1600000000\n"), "? FORGET nobody 1600000000\n");
    assert!(scene.asks("FORGET kiwi 1600000000\n").starts_with("GONE "));
    assert_eq!(scene.node.counts.refused_for(Refused::NoRoom), 1);
    assert_eq!((scene.node.positions().len(), scene.node.positions().tombstones()), (0, 1));
}

#[test]
fn who_watches_everything_is_told_where_a_client_was_and_that_it_is_gone() {
    let mut scene = scene();
    scene.receives("WATCH *\n");
    let settle = |scene: &mut Scene| {
        for _ in 0..4 {
            scene.node.turn_ended(scene.now, &crate::transport::Meters::default());
            scene.call(|protocol, cx| protocol.woken(cx));
        }
    };
    settle(&mut scene);
    let before = scene.answers().len();
    // All in one turn.
    scene
        .receives("IAMAT kiwi +1+1 1600000000\nFORGET kiwi 1600000000\nFORGET nobody 1600000000\n");
    settle(&mut scene);
    let told = scene.answers()[before..].to_owned();
    let events: Vec<&str> = told.lines().filter(|line| line.starts_with("~ ")).collect();
    let expected =
        ["~ AT Lone +0.000000000 kiwi +1+1 1600000000", "~ GONE Lone +0.000000000 kiwi 1600000000"];
    assert_eq!(events, expected, "{told}");
}
