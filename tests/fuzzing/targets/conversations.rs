//! The conversations of a server, by scripts of what their peers do. Whatever they do: nothing
//! panics, memory stays within its limits, every client has its answers in order, the next
//! neighbour that asks hears every position, and nothing is left when all are gone.

use super::exchange;
use super::net::Peer;
use super::script::{Step, steps};
use super::world::World;
use herd::limits;
use herd::positions::{Positions, Report, Text};
use herd::transport::Application;
use herd::wire::NeighbourLine;
use std::time::Duration;

/// What a conversation may add to output that is full: the answers to what it had taken already.
const OUTPUT_BYTES_MAX: usize = limits::OUTPUT_HIGH_WATER_BYTES
    + limits::HELD_ANSWERS_BYTES_MAX
    + (limits::QUERIES_PER_CLIENT_MAX + 2) * limits::NEIGHBOUR_LINE_BYTES_MAX;

/// What one between servers may add: a line and a mark, or to the bus a message.
const NEIGHBOUR_OUTPUT_BYTES_MAX: usize = limits::OUTPUT_HIGH_WATER_BYTES
    + 2 * limits::NEIGHBOUR_LINE_BYTES_MAX
    + limits::GATEWAY_BATCH_BYTES_MAX;

/// What one at the web port may add beside what was sent, which may be in it: a document of its own.
const VISITOR_OUTPUT_BYTES_MAX: usize = limits::OUTPUT_HIGH_WATER_BYTES + 64 * 1_024;

/// More than a script has bytes to ask with.
const QUESTIONS_MAX: usize = 40_000;

/// What a conversation may keep: a line, input put off, answers held back.
const KEPT_BYTES_MAX: usize = 2 * (OUTPUT_BYTES_MAX + limits::PLACES_BODY_BYTES_MAX);

/// A client.
pub fn client(input: &[u8]) {
    play(World::new(false), &[Step::Client], input);
}

/// A client of the papers.
pub fn classic(input: &[u8]) {
    let mut world = World::new(true);
    world.step(Step::Client);
    steps(input).for_each(|step| world.step(step));
    check_bounds(&mut world);
    check_that_nothing_is_left(world);
}

/// A neighbour that has greeted, whose own link is not up yet.
pub fn neighbour(input: &[u8]) {
    let greeting = b"HERD 1 goloman Hands Goloman 00000000000000aa\n";
    play(World::new(false), &[Step::Neighbour, Step::Data(greeting)], input);
}

/// Places, asked a question.
pub fn fetch(input: &[u8]) {
    let question = b"IAMAT kiwi +34.1-118.4 1600000000\nWHATSAT kiwi 10 5\n";
    let start = [Step::Client, Step::Data(question)];
    let mut world = World::new(false);
    for step in start {
        world.step(step);
    }
    while world.dials_neighbour() {
        world.step(Step::Refuse);
    }
    play(world, &[Step::Connect], input);
}

/// A message bus that has greeted, and has us.
pub fn bus(input: &[u8]) {
    let reports = b"IAMAT kiwi +34.1-118.4 1600000000\nIAMAT a/b +34.2-118 1600000000\n";
    let mut world = World::gateway();
    for step in [Step::Client, Step::Data(reports)] {
        world.step(step);
    }
    while world.dials_neighbour() {
        world.step(Step::Refuse);
    }
    let greeting = b"INFO {\"max_payload\":2048,\"headers\":true}\r\nPONG\r\n";
    play(world, &[Step::Connect, Step::Data(greeting)], input);
}

/// A visitor of the web port, while there are clients.
pub fn web(input: &[u8]) {
    let reports = b"IAMAT kiwi +34.1-118.4 1600000000\nIAMAT a/b +34.2-118 1600000000\n";
    play(World::new(false), &[Step::Client, Step::Data(reports), Step::Visitor], input);
}

fn play(mut world: World, start: &[Step<'_>], input: &[u8]) {
    for step in start {
        world.step(match step {
            Step::Data(data) => Step::Data(data),
            Step::Client => Step::Client,
            Step::Neighbour => Step::Neighbour,
            Step::Visitor => Step::Visitor,
            Step::Connect => Step::Connect,
            other => unreachable!("{other:?} begins no script"),
        });
    }
    let mut stopped = false;
    for step in steps(input) {
        stopped |= step == Step::Stop;
        world.step(step);
    }
    check_bounds(&mut world);
    if !stopped {
        check_that_all_is_told(&mut world);
        check_answers(&mut world);
    }
    check_that_nothing_is_left(world);
}

/// Output and input are kept within their limits, however little is read of the first.
fn check_bounds(world: &mut World) {
    for index in 0..world.peers().len() {
        let peer = &world.peers()[index];
        // What Places sent goes into up to as many answers as a client may wait for.
        let answers = limits::QUERIES_PER_CLIENT_MAX * world.sent_bytes;
        let (answers, output_max) = match (peer.is_client(), peer.is_visitor()) {
            (true, _) => (answers, OUTPUT_BYTES_MAX + answers),
            (_, true) => (0, VISITOR_OUTPUT_BYTES_MAX + 2 * world.sent_bytes),
            _ => (0, NEIGHBOUR_OUTPUT_BYTES_MAX),
        };
        let waiting = peer.most_offered;
        assert!(waiting <= output_max, "{waiting} bytes of output wait");
        if world.sent_bytes > 4 * limits::NEIGHBOUR_LINE_BYTES_MAX {
            let kept = world.kept_bytes(index);
            assert!(kept <= KEPT_BYTES_MAX + answers, "{kept} bytes are kept");
        }
    }
}

/// A neighbour that has lost everything is told all, and then holds the same positions.
fn check_that_all_is_told(world: &mut World) {
    world.wait(2 * limits::REDIAL_PAUSE_MAX);
    world.turn();
    let mut told = None;
    while world.is_dialling() && told.is_none() {
        if world.dials_neighbour() {
            world.step(Step::Connect);
            world.turn();
            // An attempt that hung until the neighbour was dialled once more is given up.
            let up = world.chosen().filter(|peer| !peer.lost);
            told = up.map(|peer| peer.received.clone());
        } else {
            world.step(Step::Refuse);
        }
    }
    let Some(greeting) = told else { return };
    let line = greeting.strip_suffix(b"\n").and_then(NeighbourLine::parse);
    let Some(NeighbourLine::Greeting { to, .. }) = line else {
        panic!("a link greets first, not with {:?}", String::from_utf8_lossy(&greeting));
    };
    let mut answer = b"HEARD 2 ".to_vec();
    answer.extend_from_slice(to);
    answer.extend_from_slice(b" 00000000000000ee 0\n");
    // Nothing may hold it up that others have sent: it has its own room.
    world.sent_bytes = 0;
    world.step(Step::Data(&answer));
    let mut theirs = Positions::new([5, 6]);
    for turn in 0.. {
        world.turn();
        if theirs.digest() == world.node.positions().digest() || turn > 100 {
            break;
        }
        let received = world.chosen().map(|peer| peer.received.split_off(0)).unwrap_or_default();
        take_all(&mut theirs, if turn == 0 { &received[greeting.len()..] } else { &received });
    }
    assert_eq!(theirs.len(), world.node.positions().len(), "a position was not told");
    assert_eq!(theirs.digest(), world.node.positions().digest());
}

fn take_all(positions: &mut Positions, lines: &[u8]) {
    for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match NeighbourLine::parse(line) {
            Some(NeighbourLine::At(at) | NeighbourLine::Gone(at)) => {
                let origin = positions.intern(at.server).expect("there are few");
                let text = match at.location {
                    [] => Text::of_tombstone(at.text, at.client.len()),
                    location => Text::new(at.text, at.client.len(), location.len()),
                };
                let report = Report {
                    origin,
                    difference_nanoseconds: at.difference_nanoseconds,
                    time_nanoseconds: at.time_nanoseconds,
                    text: text.expect("it was parsed"),
                };
                let _ = positions.update(&report, None);
            }
            Some(NeighbourLine::Mark { .. }) => {}
            _ => panic!("a link says {:?}", String::from_utf8_lossy(line)),
        }
    }
}

/// Once everybody reads and Places is away, every client has all answers.
fn check_answers(world: &mut World) {
    for number in 0..world.up() as u8 {
        world.step(Step::Choose(number));
        world.step(Step::TakeAll);
        if world.chosen().is_some_and(|peer| peer.is_client() || peer.is_visitor()) {
            world.step(Step::End);
        }
    }
    // Sixteen questions at a time come to nothing, each at its deadline at the latest.
    for _ in 0..QUESTIONS_MAX {
        let waits = |peer: &Peer| !peer.lost && (peer.is_client() || peer.is_visitor());
        if !world.peers().iter().any(waits) {
            break;
        }
        while world.is_dialling() {
            world.step(Step::Refuse);
        }
        world.wait(Duration::from_secs(1));
        world.turn();
    }
    for peer in world.peers().iter().filter(|peer| peer.is_client()) {
        let was_heard_out = peer.lost && peer.ended_in_order();
        peer.transcript.check(&peer.received, peer.has_ended(), was_heard_out);
        assert!(peer.lost, "a client that has ended and has its answers is let go");
    }
    for peer in world.peers().iter().filter(|peer| peer.is_visitor()) {
        let was_heard_out = peer.lost && peer.ended_in_order();
        exchange::check(peer.transcript.bytes(), &peer.received, was_heard_out);
        assert!(peer.lost, "a visitor that has ended and has its answers is let go");
    }
}

/// When all are gone and the server stops, nothing waits for anything.
fn check_that_nothing_is_left(mut world: World) {
    world.stop();
    world.turn();
    world.lose_all();
    for _ in 0..3 {
        world.wait(limits::PLACES_DEADLINE);
        world.turn();
        while world.is_dialling() {
            world.step(Step::Refuse);
        }
    }
    // (Records that end are waited for, whoever is gone.)
    if !world.node.positions().has_ends() {
        assert_eq!(world.node.deadline(), None, "a question or a call is left");
    }
}
