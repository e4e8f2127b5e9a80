//! A reactor on a thread, whose protocols do what a test's script says and record every callback.

#[path = "stage.rs"]
mod stage;

use herd::reactor::{ClientConfigSource, LookUp, Reactor, ServerTls};
use herd::transport::{Action, ConnectionId, Endpoint, Monotonic, TlsProfile};
use rustls::ClientConfig;
pub use stage::*;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The TLS configurations of the tests: to dial with, and to accept with.
pub const TLS: TlsProfile = TlsProfile("tests");

/// What a reactor is to do.
pub struct Setup {
    /// Scripts for those who connect.
    pub accept: Box<dyn FnMut() -> Script + Send>,
    /// Spoken to those who connect.
    pub accept_tls: Option<ServerTls>,
    /// What is to be dialled, within which time, by whom.
    pub dials: Vec<(Endpoint, Duration, Script)>,
    /// Or why there is none.
    pub dial_tls: Result<Arc<ClientConfig>, String>,
    /// The application's deadline, from the reactor's start.
    pub alarm: Option<Duration>,
    /// Whether turns are timed.
    pub turns_timed: bool,
    /// How names are looked up, if not by the system.
    pub look_up: Option<LookUp>,
}

/// A reactor that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    calls: Receiver<Call>,
}

impl Setup {
    pub fn accepting(accept: impl FnMut() -> Script + Send + 'static) -> Setup {
        Setup {
            accept: Box::new(accept),
            accept_tls: None,
            dials: Vec::new(),
            dial_tls: Err("no TLS in this test".to_owned()),
            alarm: None,
            turns_timed: false,
            look_up: None,
        }
    }

    pub fn dialling(endpoint: Endpoint, timeout: Duration, script: Script) -> Setup {
        let mut setup = Setup::accepting(echo);
        setup.dials.push((endpoint, timeout, script));
        setup
    }

    /// Starts the reactor.
    pub fn run(self) -> Running {
        let (calls, recorded) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        thread::spawn(move || self.run_here(calls, |address| bound.send(address).unwrap()));
        Running { address: address.recv_timeout(DEADLINE).unwrap(), calls: recorded }
    }

    /// Runs the reactor on this thread, until the process is told to stop.
    pub fn run_here(self, calls: Sender<Call>, listening: impl FnOnce(SocketAddr)) {
        let dial_tls = self.dial_tls;
        let source: ClientConfigSource = Box::new(move || dial_tls.clone());
        let reactor = match self.look_up {
            None => Reactor::new(),
            Some(look_up) => Reactor::with_look_up(look_up),
        };
        let mut reactor = reactor.unwrap();
        reactor.set_client_tls(TLS, source);
        if self.turns_timed {
            reactor.time_turns();
        }
        let accept_tls = self.accept_tls.map(|config| {
            reactor.set_server_tls(TLS, Box::new(move || Some(config.clone())));
            TLS
        });
        let any_port = (Ipv4Addr::LOCALHOST, 0).into();
        let dials = self.dials.into_iter().map(|(endpoint, timeout, script)| Action::Dial {
            endpoint,
            protocol: Actor::new(script),
            timeout,
        });
        let mut stage = Stage::new(calls, self.accept);
        stage.actions = dials.collect();
        stage.alarm = self.alarm.map(|after| Monotonic::default() + after);
        listening(reactor.listen(Port::First, any_port, accept_tls).unwrap());
        reactor.run(&mut stage, |_, _| ()).unwrap();
    }
}

impl Running {
    /// A new connection to it.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect_timeout(&self.address, DEADLINE).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// The next callback.
    #[track_caller]
    pub fn next(&self) -> Call {
        self.calls.recv_timeout(DEADLINE).expect("there is no callback, or the reactor has died")
    }

    /// The next callback of that kind, for which there is so much time.
    #[track_caller]
    pub fn next_within(&self, time: Duration, wanted: impl Fn(&Event) -> bool) -> Event {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let call = self.calls.recv_timeout(left).expect("it does not come in time");
            if wanted(&call.event) {
                return call.event;
            }
        }
    }

    /// All callbacks up to the first that is `last`.
    #[track_caller]
    pub fn calls_until(&self, mut last: impl FnMut(&Call) -> bool) -> Vec<Call> {
        let mut calls = Vec::new();
        loop {
            calls.push(self.next());
            if last(&calls[calls.len() - 1]) {
                return calls;
            }
        }
    }

    /// All callbacks until that many connections are lost, which keep the law.
    #[track_caller]
    pub fn calls_until_lost(&self, connections: usize) -> Vec<Call> {
        let mut lost = 0;
        let calls = self.calls_until(|call| {
            lost += usize::from(matches!(call.event, Event::Lost(_)));
            lost == connections
        });
        let mut ids: Vec<ConnectionId> = calls.iter().filter_map(|call| call.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter().for_each(|&id| assert_lawful(&events_of(&calls, id)));
        calls
    }

    /// The callbacks of the one connection that there is, until it is lost; runs of data are
    /// joined.
    #[track_caller]
    pub fn events(&self) -> Vec<Event> {
        let calls = self.calls_until_lost(1);
        let mut joined: Vec<Event> = Vec::new();
        for call in calls {
            match (joined.last_mut(), call.event) {
                (Some(Event::Data(before)), Event::Data(data)) => before.extend(data),
                (_, event) => joined.push(event),
            }
        }
        joined
    }
}

/// The callbacks of one connection.
pub fn events_of(calls: &[Call], id: ConnectionId) -> Vec<Event> {
    calls.iter().filter(|call| call.id == Some(id)).map(|call| call.event.clone()).collect()
}

/// All data of a connection.
pub fn data_of(events: &[Event]) -> Vec<u8> {
    let data = events.iter().filter_map(|event| match event {
        Event::Data(data) => Some(&data[..]),
        _ => None,
    });
    data.collect::<Vec<&[u8]>>().concat()
}

/// That the callbacks of a connection that is lost keep the law.
#[track_caller]
fn assert_lawful(events: &[Event]) {
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|event| kind(event)).count();
    let is_lost = |event: &Event| matches!(event, Event::Lost(_));
    let at = |kind: fn(&Event) -> bool| events.iter().position(kind);
    assert_eq!(count(is_lost), 1, "{events:?}");
    assert!(events.last().is_some_and(is_lost), "something comes after: {events:?}");
    if events.len() > 1 {
        assert_eq!(events[0], Event::Made, "{events:?}");
    }
    assert!(count(|event| *event == Event::Made) <= 1, "{events:?}");
    assert!(count(|event| *event == Event::Ended) <= 1, "{events:?}");
    if let Some(ended) = at(|event| *event == Event::Ended) {
        let later = &events[ended..];
        assert!(!later.iter().any(|event| matches!(event, Event::Data(_))), "{events:?}");
    }
    assert!(!events.contains(&Event::Data(Vec::new())), "{events:?}");
}

pub fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::plain(address.ip().to_string(), address.port())
}

/// All that comes until the end, however the connection ends; whether it ended in order.
pub fn read_all(stream: &mut impl Read) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => (all, true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it does not end"),
        Err(_) => (all, false),
    }
}

/// Bytes of which each place can be told from its neighbours.
pub fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}
