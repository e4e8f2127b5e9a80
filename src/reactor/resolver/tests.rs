//! Look-ups that hang, are joined, queue, and are given up, with a resolver of the tests' own.

use super::*;
use mio::{Events, Poll, Token};
use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

const PORT: u16 = 443;
/// How long anything may take that should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the tests' resolver knows: names that begin with `slow` have no answer before they are
/// released.
#[derive(Default)]
struct System {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    released: HashSet<String>,
    asked: Vec<String>,
    under_way: usize,
    most_under_way: usize,
}

impl System {
    fn look_up(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(host.to_owned());
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        self.changed.notify_all();
        while host.starts_with("slow") && !state.released.contains(host) {
            state = self.changed.wait(state).unwrap();
        }
        state.under_way -= 1;
        Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))])
    }

    fn release(&self, host: &str) {
        self.state.lock().unwrap().released.insert(host.to_owned());
        self.changed.notify_all();
    }

    fn asked(&self, host: &str) -> usize {
        self.state.lock().unwrap().asked.iter().filter(|other| *other == host).count()
    }
}

struct Stage {
    poll: Poll,
    resolver: Resolver,
    system: Arc<System>,
    next: u32,
}

impl Stage {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let system = Arc::new(System::default());
        let asked = Arc::clone(&system);
        let look_up = Arc::new(move |host: &str, _port: u16| asked.look_up(host));
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let resolver = Resolver::new(waker, look_up);
        Stage { poll, resolver, system, next: 0 }
    }

    /// Asks for a new connection, and must wait.
    fn ask(&mut self, host: &str) -> ConnectionId {
        let id = ConnectionId { slot: self.next, generation: 0 };
        self.next += 1;
        assert_eq!(self.resolver.ask(id, host, PORT, Monotonic::default()), Ok(None));
        id
    }

    /// Those who waited for the next look-up that ends.
    fn next(&mut self) -> Vec<ConnectionId> {
        let mut events = Events::with_capacity(1);
        loop {
            if let Some(resolved) = self.resolver.take(Monotonic::default()) {
                assert_eq!(resolved.result.map(|addresses| addresses.len()), Ok(1));
                return resolved.ids;
            }
            self.poll.poll(&mut events, Some(PATIENCE)).unwrap();
            assert!(!events.is_empty(), "no look-up ends");
        }
    }
}

#[test]
fn a_name_that_hangs_holds_up_no_other() {
    let mut stage = Stage::new();
    let slow = stage.ask("slow");
    for number in 0..100 {
        let quick = stage.ask(&format!("quick-{number}"));
        assert_eq!(stage.next(), [quick]);
    }
    stage.system.release("slow");
    assert_eq!(stage.next(), [slow]);
}

#[test]
fn those_who_ask_for_the_same_name_share_a_look_up() {
    let mut stage = Stage::new();
    let ids = [(); 3].map(|()| stage.ask("slow"));
    stage.system.release("slow");
    assert_eq!(stage.next(), ids);
    assert_eq!(stage.system.asked("slow"), 1);
    let id = ConnectionId { slot: 99, generation: 0 };
    let known = stage.resolver.ask(id, "slow", PORT, Monotonic::default());
    assert!(matches!(known, Ok(Some(_))), "it is not kept: {known:?}");
    let stale = Monotonic::default() + limits::NAMES_KEPT;
    assert_eq!(stage.resolver.ask(id, "slow", PORT, stale), Ok(None), "it is kept for ever");
    assert_eq!(stage.next(), [id]);
}

#[test]
fn so_many_names_are_looked_up_at_a_time_and_the_others_queue() {
    let mut stage = Stage::new();
    let hung: Vec<String> =
        (0..limits::LOOKUP_THREADS_MAX).map(|number| format!("slow-{number}")).collect();
    let mut waiting: HashSet<ConnectionId> = hung.iter().map(|host| stage.ask(host)).collect();
    waiting.extend((0..100).map(|number| stage.ask(&format!("queued-{number}"))));
    let state = stage.system.state.lock().unwrap();
    let some_are_to_come = |state: &mut State| state.under_way < limits::LOOKUP_THREADS_MAX;
    let (state, wait) =
        stage.system.changed.wait_timeout_while(state, PATIENCE, some_are_to_come).unwrap();
    assert!(!wait.timed_out() && state.asked.iter().all(|host| host.starts_with("slow")));
    drop(state);
    assert!(stage.resolver.take(Monotonic::default()).is_none());
    hung.iter().for_each(|host| stage.system.release(host));
    while !waiting.is_empty() {
        stage.next().into_iter().for_each(|id| assert!(waiting.remove(&id)));
    }
    let state = stage.system.state.lock().unwrap();
    assert_eq!(state.most_under_way, limits::LOOKUP_THREADS_MAX);
}

#[test]
fn those_who_wait_are_bounded_and_may_leave() {
    let mut stage = Stage::new();
    let ids: Vec<_> = (0..limits::LOOKUPS_WAITING_MAX).map(|_| stage.ask("slow")).collect();
    let one_more = ConnectionId { slot: u32::MAX, generation: 0 };
    let refused = stage.resolver.ask(one_more, "other", PORT, Monotonic::default());
    assert_eq!(refused, Err("too many look-ups are waiting".to_owned()));
    // A name that hangs for ever, asked for again and again, is not what fills it.
    for &id in &ids {
        stage.resolver.leave(id, "slow", PORT);
    }
    let other = stage.ask("other");
    assert_eq!(stage.next(), [other]);
    let again = stage.ask("slow");
    stage.system.release("slow");
    assert_eq!(stage.next(), [again]);
    assert_eq!(stage.system.asked("slow"), 1);
}
