//! `NEAR` as users see it: which clients are near, in which order, and what is no such question.

use crate::harness::{Client, Herd};

/// Answers of a server, without what its clock makes of them.
fn near(client: &mut Client, question: &str) -> Vec<String> {
    client.send(format!("{question}\n"));
    let mut lines = Vec::new();
    loop {
        let line = client.line();
        if line.is_empty() {
            return lines;
        }
        let fields: Vec<&str> = line.split(' ').collect();
        let [kilometres, "AT", "Solo", _, id, location, time] = fields[..] else {
            panic!("{question}: {line}");
        };
        lines.push([kilometres, id, location, time].join(" "));
    }
}

#[test]
fn the_nearest_come_first_and_equals_by_their_ids() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    for (id, location) in [
        ("mid", "+34.01-118"),
        ("b", "+34.001-118"),
        ("a", "+34.001-118/"),
        ("far", "+35-118"),
        ("here", "+34-118"),
        ("c", "+33.999-118"),
    ] {
        client.ask(&format!("IAMAT {id} {location} 1"));
    }
    let all = [
        "0.000 here +34-118 1",
        "0.111 a +34.001-118/ 1",
        "0.111 b +34.001-118 1",
        "0.111 c +33.999-118 1",
        "1.112 mid +34.01-118 1",
        "111.195 far +35-118 1",
    ];
    assert_eq!(near(&mut client, "NEAR +34-118 20040 1000"), all);
    assert_eq!(near(&mut client, "NEAR +34-118 111.195 6"), all, "the radius is inclusive");
    assert_eq!(near(&mut client, "NEAR +34-118 111.194 6"), all[..5]);
    assert_eq!(near(&mut client, "NEAR +34-118 50 3"), all[..3], "ids decide at the cut");
    assert_eq!(near(&mut client, "NEAR here 50 2"), all[1..3], "who is asked about is left out");
    assert_eq!(near(&mut client, "NEAR +34-118 0 10"), all[..1]);
    assert!(near(&mut client, "NEAR +34-118 50 0").is_empty());
    assert!(near(&mut client, "NEAR +0+0 50 5").is_empty());
    // It follows who moves.
    client.ask("IAMAT far +34.0005-118 2");
    assert_eq!(near(&mut client, "NEAR here 1 1"), ["0.056 far +34.0005-118 2"]);
    for question in ["NEAR nobody 1 1", "NEAR here 20041 1", "NEAR here 1 1001", "NEAR +34 1 1"] {
        assert_eq!(client.ask(question), format!("? {question}"));
    }
}

#[test]
fn poles_and_the_180th_meridian_are_no_edges() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    for (id, location) in [
        ("north", "+90+0"),
        ("also", "+90-123"),
        ("south", "-90+7"),
        ("date", "+0+180"),
        ("line", "+0-180"),
    ] {
        client.ask(&format!("IAMAT {id} {location} 1"));
    }
    let pole = ["0.000 also +90-123 1", "0.000 north +90+0 1"];
    assert_eq!(near(&mut client, "NEAR +90+77 1 10"), pole);
    assert_eq!(near(&mut client, "NEAR +89.99+180 2 1"), ["1.112 also +90-123 1"]);
    assert_eq!(near(&mut client, "NEAR +90+0 20040 10").last().unwrap(), "20015.114 south -90+7 1");
    let meridian = ["1.112 date +0+180 1", "1.112 line +0-180 1"];
    assert_eq!(near(&mut client, "NEAR +0-179.99 5 10"), meridian);
}

#[test]
fn a_pipelined_question_sees_what_was_reported_before_it_and_keeps_its_place() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    const ROUNDS: usize = 300;
    let mut commands = String::new();
    for round in 1..=ROUNDS {
        commands += &format!("IAMAT c{round} +1+1 {round}\nNEAR +1+1 0 1000\nnonsense {round}\n");
    }
    client.send(commands);
    for round in 1..=ROUNDS {
        assert!(client.line().contains(&format!(" c{round} ")));
        let mut clients = 0;
        while !client.line().is_empty() {
            clients += 1;
        }
        // Later reports may have been taken before the question's turn came.
        assert!(clients >= round && clients <= ROUNDS, "{clients} in round {round}");
        assert_eq!(client.line(), format!("? nonsense {round}"));
    }
}

#[test]
fn a_thousand_results_are_of_one_moment() {
    const CLIENTS: usize = 1_000;
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut mover = server.client();
    let move_all = |latitude: usize| -> String {
        let moved = |id| format!("IAMAT c{id:04} +{latitude}+1 {latitude}\n");
        (0..CLIENTS).map(moved).collect()
    };
    mover.send(move_all(1));
    (0..CLIENTS).for_each(|_| drop(mover.line()));
    let mut asker = server.client();
    for latitude in 2..60 {
        mover.send(move_all(latitude));
        asker.send("NEAR +90+0 20040 1000\n");
        let mut rounds = vec![0; CLIENTS];
        loop {
            let line = asker.line();
            if line.is_empty() {
                break;
            }
            let fields: Vec<&str> = line.split(' ').collect();
            rounds[fields[4][1..].parse::<usize>().unwrap()] = fields[6].parse::<usize>().unwrap();
        }
        // Some have moved and the others have not, in the order of the reports.
        assert!(rounds.is_sorted_by(|a, b| a >= b), "{rounds:?}");
        assert!(rounds[0] - rounds[CLIENTS - 1] <= 1, "{} {}", rounds[0], rounds[CLIENTS - 1]);
        (0..CLIENTS).for_each(|_| drop(mover.line()));
    }
}
