//! A long answer to who is near.

use super::*;

const CLIENTS: usize = 500;

/// The body of a response in chunks, and what is behind it.
fn unchunked(mut chunks: &str) -> (String, &str) {
    let mut body = String::new();
    loop {
        let (size, rest) = chunks.split_once("\r\n").expect("a chunk has a size");
        let size = usize::from_str_radix(size, 16).expect("in hexadecimal digits");
        body += &rest[..size];
        chunks = rest[size..].strip_prefix("\r\n").expect("and an end");
        if size == 0 {
            return (body, chunks);
        }
    }
}

fn scene() -> Scene {
    let mut scene = Scene::new();
    for number in 0..CLIENTS {
        report(&mut scene, &format!("c{number:03}"), "1");
    }
    // So that the index of areas is there.
    assert_eq!(scene.status(&get("/clients?near=1,2&km=0")), 200);
    scene
}

/// What comes first of an answer, and after how many turns.
fn begins(scene: &mut Scene, visitor: usize) -> (String, usize) {
    for turn in 0..100 {
        let read = scene.read(visitor);
        if !read.is_empty() {
            return (read, turn);
        }
        scene.turn();
    }
    panic!("there is no answer");
}

#[test]
fn it_comes_in_shares_is_of_one_moment_and_nothing_comes_in_it() {
    let mut scene = scene();
    let target = "/clients?near=1,-118.445127&km=1&limit=1000";
    scene.sends(0, &[get(target), get("/clients/c007")].concat());
    let (mut answer, _) = begins(&mut scene, 0);
    let mut turns = 0;
    while !answer.ends_with("+0.000000000\"}") || turns == 0 {
        // All move meanwhile, and are told as they were.
        if turns == 0 {
            scene.pass(SECONDS(1));
            let other = scene.visit();
            let moved: String =
                (0..CLIENTS).map(|n| get(&format!("/?id=c{n:03}&lat=2&lon=3"))).collect();
            scene.sends(other, &moved);
        }
        scene.turn();
        answer += &scene.read(0);
        turns += 1;
        assert!(turns < 1_000, "{answer}");
    }
    assert!(turns > 5, "in {turns} turns");
    let (head, chunks) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Transfer-Encoding: chunked"), "{head}");
    let (body, behind) = unchunked(chunks);
    let found: serde_json::Value = serde_json::from_str(&body).unwrap();
    let found = found["clients"].as_array().unwrap();
    assert_eq!(found.len(), CLIENTS);
    for (number, client) in found.iter().enumerate() {
        assert_eq!(client["id"], format!("c{number:03}"));
        assert_eq!(
            (client["latitude"].as_f64(), client["kilometres"].as_f64()),
            (Some(1.0), Some(0.0))
        );
    }
    assert!(behind.starts_with("HTTP/1.1 200 OK\r\n") && behind.contains("\"latitude\":2,"));
}

#[test]
fn to_who_takes_no_chunks_its_end_is_that_of_the_connection() {
    let mut scene = scene();
    let target = "/clients?near=1,-118.445127&km=1&limit=1000";
    scene.sends(0, &format!("GET {target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    let mut answer = String::new();
    for _ in 0..1_000 {
        answer += &scene.read(0);
        if scene.is_ending(0) {
            break;
        }
        scene.turn();
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Connection: close") && !head.contains("chunked"), "{head}");
    let found: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(found["clients"].as_array().unwrap().len(), CLIENTS);
}

#[test]
fn a_short_one_has_its_length() {
    let mut scene = scene();
    scene.sends(0, &get("/clients?near=1,-118.445127&km=1&limit=10"));
    let (answer, _) = begins(&mut scene, 0);
    assert!(answer.contains("Content-Length: ") && !answer.contains("chunked"), "{answer}");
    scene.sends(0, &get("/clients?near=1,-118.445127&km=1&limit=1000").replace("GET", "HEAD"));
    let (head, _) = begins(&mut scene, 0);
    assert!(head.ends_with("\r\n\r\n") && head.matches("\r\n\r\n").count() == 1, "{head}");
    assert_eq!(scene.status(&get("/clients/c001")), 200, "the connection goes on");
    let target = "/clients?near=1,-118.445127&km=1&limit=1000";
    scene.sends(0, &format!("HEAD {target} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    assert!(begins(&mut scene, 0).0.contains("Connection: close") && scene.is_ending(0));
}

const MANY: &str = "/clients?near=1,-118.445127&km=1&limit=1000";

#[test]
fn one_is_searched_for_after_the_other_and_small_ones_are_answered_between() {
    let mut scene = scene();
    let visitors = [0; 4].map(|_| scene.visit());
    for visitor in &visitors[..3] {
        scene.sends(*visitor, &get(MANY));
    }
    scene.turn();
    scene.sends(visitors[3], &get("/clients?near=1,-118.445127&km=1&limit=1"));
    assert_eq!(begins(&mut scene, visitors[3]).1, 0);
    let turns = [0, 1, 2].map(|at| begins(&mut scene, visitors[at]).1);
    assert!(turns.iter().all(|turns| (2..12).contains(turns)), "{turns:?}");
    for _ in 0..100 {
        scene.turn();
    }
    assert!(!scene.node.positions.is_searching());
}

#[test]
fn who_goes_away_is_searched_for_no_more() {
    let mut scene = scene();
    let visitors = [0; 4].map(|_| scene.visit());
    for visitor in visitors {
        scene.sends(visitor, &get(MANY));
    }
    scene.turn();
    scene.turn();
    assert!(scene.node.positions.is_searching());
    // The one for whom that is done, and one who waits for it.
    for gone in &visitors[..2] {
        scene.call(*gone, |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
        scene.visitors[*gone].1 =
            Transport::new(ConnectionId { slot: *gone as u32, generation: 9 });
    }
    begins(&mut scene, visitors[2]);
    scene.call(visitors[3], |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
    for _ in 0..100 {
        scene.turn();
    }
    assert!(!scene.node.positions.is_searching());
    assert!(scene.node.deadline().is_none_or(|at| at > scene.now.monotonic), "nothing is left");
}
