//! Clients who ask more than Places can answer: whom that concerns, and whom not.

use super::*;

const MAX: usize = limits::PLACES_CONNECTIONS_MAX;
/// How long Places takes to answer.
const TAKES: Duration = Duration::from_millis(100);
const NOT_IN_TIME: &str = "too many questions wait for Places: this one would not be asked in time";

fn ask_a_round(stage: &mut Stage) {
    for number in 0..MAX {
        stage.ask_for(client(number));
    }
}

fn client(number: usize) -> ConnectionId {
    ConnectionId { slot: ASKER.slot + 1 + number as u32, generation: 0 }
}

/// Places, which answers each call after the same time, on as many connections as it is given.
struct Service {
    connections: Vec<Connection>,
}

impl Service {
    /// Does what the server asks of its driver.
    fn attend(&mut self, stage: &mut Stage) {
        for asked in stage.actions() {
            match asked {
                Asked::Dial => {
                    let mut connection = stage.connection();
                    stage.made(&mut connection);
                    self.connections.push(connection);
                }
                Asked::Wake(id) => {
                    let mut all = self.connections.iter_mut();
                    let woken = all.find(|connection| connection.transport.id() == id).unwrap();
                    stage.call(woken, |protocol, cx| protocol.woken(cx));
                }
            }
        }
        for mut gone in self.connections.extract_if(.., |it| it.transport.is_aborted()) {
            stage.call(&mut gone, |protocol, cx| protocol.connection_lost(cx, &Lost::Closed));
        }
    }

    /// Lets that time pass and answers all calls that are under way.
    fn answer(&mut self, stage: &mut Stage) {
        stage.pass(TAKES);
        self.attend(stage);
        for connection in &mut self.connections {
            if connection.transport.output_len() > 0 {
                stage.answered(connection, GOOD);
            }
        }
        self.attend(stage);
    }
}

#[test]
fn a_crowd_that_asks_too_much_neither_keeps_another_client_waiting_nor_closes_places_to_it() {
    const ASKED: usize = 2_000;
    let mut stage = Stage::new();
    let mut service = Service { connections: Vec::new() };
    let asked_by = |number: usize| client(number / limits::QUERIES_PER_CLIENT_MAX);
    let crowd: Vec<_> = (0..ASKED).map(|number| stage.ask_for(asked_by(number))).collect();
    service.attend(&mut stage);
    // Once each of the crowd has been served, and until after its time has run out.
    (0..20).for_each(|_| service.answer(&mut stage));
    for number in 0..50 {
        let question = stage.ask();
        service.answer(&mut stage);
        service.answer(&mut stage);
        assert_eq!(stage.answer(question).as_deref(), Some(GOOD), "question {number}");
    }
    let (mut good, mut not_asked) = (0, 0);
    for question in crowd {
        let answer = stage.answer(question).unwrap();
        if answer == GOOD {
            good += 1;
        } else {
            let (_, why) = told(Some(answer));
            not_asked += usize::from(why.starts_with("Places was not asked: "));
        }
    }
    let counters = stage.node.places_counters();
    assert_eq!(counters.short_circuited, 0, "Places was well all the while");
    // What was on a connection when its time ran out is lost besides.
    assert!(counters.late as usize <= MAX && good + not_asked + MAX >= ASKED, "{counters}");
    assert_eq!(counters.not_asked, not_asked as u64);
    assert!(good > 700, "only {good} of the crowd's were answered");
}

#[test]
fn what_cannot_be_asked_in_time_is_refused_at_once_and_another_client_s_is_not() {
    let mut stage = Stage::new();
    let mut service = Service { connections: stage.idle_connections(MAX) };
    // Places takes its time.
    ask_a_round(&mut stage);
    service.attend(&mut stage);
    for _ in 0..20 {
        service.answer(&mut stage);
        ask_a_round(&mut stage);
        service.attend(&mut stage);
    }
    let asked: Vec<_> = (0..2_000).map(|_| stage.ask_for(client(0))).collect();
    let at_once: Vec<_> = asked.iter().filter_map(|&question| stage.answer(question)).collect();
    let rounds = (limits::PLACES_DEADLINE.as_nanos() / TAKES.as_nanos()) as usize;
    let refused = 2_000 - rounds * MAX;
    // No more than must be: the pace is what it was, or has been faster.
    assert!(at_once.len() <= refused && at_once.len() > refused / 2, "{}", at_once.len());
    for answer in at_once {
        assert_eq!(told(Some(answer)), ("UNKNOWN_ERROR".to_owned(), NOT_IN_TIME.to_owned()));
    }
    let question = stage.ask();
    for _ in 0..3 {
        service.answer(&mut stage);
    }
    assert_eq!(stage.answer(question).as_deref(), Some(GOOD));
}

#[test]
fn when_no_more_may_wait_those_who_ask_most_make_room_for_the_others() {
    let mut stage = Stage::new();
    let crowd: Vec<_> = (0..limits::PLACES_WAITING_MAX).map(|_| stage.ask_for(client(0))).collect();
    let question = stage.ask();
    assert_eq!(stage.answer(question), None, "it waits");
    let [.., before, last] = crowd[..] else { panic!("there are many") };
    assert_eq!(told(stage.answer(last)).1, "too many questions wait for Places");
    assert_eq!(stage.answer(before), None);
    let another = stage.ask_for(client(0));
    assert_eq!(told(stage.answer(another)).1, "too many questions wait for Places");
}

#[test]
fn lateness_tells_of_places_only_if_places_had_the_time() {
    for (waits, is_left_alone) in [(Duration::ZERO, true), (TAKES * 15, false)] {
        let mut stage = Stage::new();
        let questions = [(); 3].map(|()| stage.ask());
        assert_eq!(stage.actions(), [Asked::Dial, Asked::Dial, Asked::Dial]);
        // Each is put on its connection so late, and its answer begins and does not end.
        stage.pass(waits);
        let mut connections = [(); 3].map(|()| stage.connection());
        for connection in &mut connections {
            stage.made(connection);
            stage.call(connection, |protocol, cx| protocol.data_received(cx, b"HTTP/1.1 "));
        }
        stage.pass(limits::PLACES_DEADLINE - waits);
        for question in questions {
            assert_eq!(told(stage.answer(question)).1, "Places did not answer in time");
        }
        let question = stage.ask();
        assert_eq!(stage.answer(question).is_some(), is_left_alone);
    }
}
