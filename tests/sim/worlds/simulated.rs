//! The simulated world: the driver over the simulator's kernel and network, turn by turn in virtual
//! time. The server is host 0, peers are on the host outside.

use super::super::agenda::{Event, MICROSECOND, MILLISECOND, SECOND, Time};
use super::super::env::Env;
use super::super::kernel::{Inbox, Kernel, Socket, readiness};
use super::super::net::{Dialled, End, Notice, Owner, Read, Weather};
use super::super::places;
use super::super::trace::Detail;
use super::harness::{Actor, Call, Port, Stage};
use super::play::{Came, Ending, World};
use super::server::{Targets, obedient};
use herd::driver::Driver;
use herd::herd::Herd;
use herd::transport::{Action, Application, Endpoint, FileId, FileRequest, Monotonic, Now};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

/// How long anything may take.
const DEADLINE: Time = 120 * SECOND;

/// The server, one that refuses, one that cannot be reached.
const HERD: &[u8] = br#"{"herd": "worlds", "servers": [
    {"name": "Server", "host": "10.0.0.1", "port": 11645},
    {"name": "Refusing", "host": "10.0.0.2", "port": 11645},
    {"name": "Silent", "host": "10.0.0.3", "port": 11645}]}"#;

pub struct Virtual {
    env: Env,
    inbox: Inbox,
    driver: Driver<Actor, Port, Socket>,
    stage: Stage,
    calls: Receiver<Call>,
    /// Ends of connections that the server has dialled and nobody has accepted yet.
    dialled: VecDeque<End>,
    stopped: bool,
}

impl Virtual {
    /// A server that listens, in a world of that seed.
    pub fn new(seed: u64) -> Self {
        let herd = Herd::from_json(HERD).expect("it is sound");
        let mut env = Env::new(seed, &[herd], false, weather(), Detail::Hash, None);
        env.read_bytes_max = 4_096;
        env.net.set_path(0, 2, false, &mut env.agenda, &mut env.random);
        let targets = Targets {
            listening: Endpoint::plain(places::HOST, 443),
            refusing: Endpoint::plain("10.0.0.2", 11_645),
            silent: Endpoint::plain("10.0.0.3", 11_645),
            unknown: Endpoint::plain("nobody.example", 1),
        };
        let (calls, recorded) = mpsc::channel();
        let mut world = Virtual {
            env,
            inbox: Inbox::default(),
            driver: Driver::new(Now::default()),
            stage: Stage::new(calls, Box::new(move || obedient(&targets))),
            calls: recorded,
            dialled: VecDeque::new(),
            stopped: false,
        };
        world.drive(|driver, _, kernel| {
            let any = (Ipv4Addr::UNSPECIFIED, 0).into();
            driver.listen(kernel, Port::First, any, None).expect("simulated ports are free");
        });
        world
    }

    fn drive(
        &mut self,
        what: impl FnOnce(&mut Driver<Actor, Port, Socket>, &mut Stage, &mut Kernel<'_, '_>),
    ) {
        let env = RefCell::new(&mut self.env);
        let mut kernel = Kernel { env: &env, machine: 0, inbox: &mut self.inbox };
        what(&mut self.driver, &mut self.stage, &mut kernel);
        for (id, news) in mem::take(&mut self.inbox.news) {
            self.driver.ready(id, news);
        }
    }

    fn turn(&mut self) {
        let now = Now {
            monotonic: Monotonic::from_nanoseconds(self.env.agenda.now()),
            posix_nanoseconds: 0,
        };
        self.drive(|driver, stage, kernel| driver.turn(stage, kernel, now));
        #[cfg(debug_assertions)]
        self.driver.check().expect("the driver is sound");
        if self.driver.has_stopped() {
            self.drive(|driver, stage, kernel| driver.end(stage, kernel));
            self.stopped = true;
        }
    }

    /// Has the server ask for all that in one turn.
    pub fn ask(&mut self, requests: Vec<(FileId, FileRequest)>) {
        let actions = requests.into_iter().map(|(file, request)| Action::File(file, request));
        self.stage.actions.extend(actions);
        self.turn();
    }

    /// What is on its disk, by the paths of the files.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.env.disks.files(0)
    }

    /// When the server has something to do without anything from outside.
    fn due(&self) -> Time {
        let deadlines = self.driver.deadline().into_iter().chain(self.stage.deadline());
        let due = deadlines.min().filter(|_| !self.stopped);
        due.map_or(DEADLINE, Monotonic::nanoseconds).min(DEADLINE)
    }

    fn tell(&mut self) {
        let mut notices = Vec::new();
        self.env.net.take_notices(&mut notices);
        for (end, owner, notice) in notices {
            match (owner, notice) {
                (_, Notice::Incoming { host: 0, listener, from }) => {
                    self.inbox.incoming[listener].push_back((end, from));
                    self.driver.incoming(listener);
                }
                (_, Notice::Incoming { .. }) => self.dialled.push_back(end),
                (Owner::Server { id, .. }, _) => {
                    self.driver.ready(id, readiness(&self.env, end));
                }
                // Peers look by themselves.
                _ => {}
            }
        }
    }
}

/// A network that is slow enough for turns to differ, and tears what is sent to pieces.
fn weather() -> Weather {
    Weather {
        latency: MILLISECOND,
        slowness: (1_000, 1_000),
        spread: 200 * MICROSECOND,
        capacity: (65_536, 65_536),
        split: 500,
        refused: 0,
        black_hole: 0,
        resend: 300 * MILLISECOND,
    }
}

impl World for Virtual {
    type Socket = End;

    fn connect(&mut self) -> End {
        let Env { net, agenda, random, hosts, .. } = &mut self.env;
        let end = net.dial(hosts.outside(), (0, 0), agenda, random);
        while self.env.net.dialled(end) == Dialled::Pending {
            assert!(self.pass(), "nobody listens");
        }
        end
    }

    fn accept(&mut self) -> Option<End> {
        self.dialled.pop_front()
    }

    fn write(&mut self, end: &mut End, bytes: &[u8]) -> Option<usize> {
        let Env { net, agenda, random, .. } = &mut self.env;
        net.write(*end, bytes, agenda, random).ok()
    }

    fn read(&mut self, end: &mut End, buffer: &mut [u8]) -> Came {
        let Env { net, agenda, random, .. } = &mut self.env;
        match net.read(*end, buffer, agenda, random) {
            Read::Bytes(count) => Came::Bytes(count),
            Read::Nothing => Came::Nothing,
            Read::End => Came::Over(Ending::InOrder),
            Read::Reset => Came::Over(Ending::Reset),
        }
    }

    fn has_unread(&mut self, end: &mut End) -> bool {
        self.env.net.unread(*end) > 0
    }

    fn finish(&mut self, end: &mut End) {
        let Env { net, agenda, random, .. } = &mut self.env;
        net.finish(*end, agenda, random);
    }

    fn close(&mut self, end: End) {
        let Env { net, agenda, random, .. } = &mut self.env;
        net.close(end, agenda, random);
    }

    fn reset(&mut self, end: End) {
        let Env { net, agenda, random, .. } = &mut self.env;
        net.abort(end, agenda, random);
    }

    fn pass(&mut self) -> bool {
        if !self.stopped && self.driver.has_work() {
            self.turn();
            return true;
        }
        let due = self.due();
        let Env { net, disks, agenda, random, .. } = &mut self.env;
        match agenda.next_before(due) {
            Some(Event::Disk { machine }) => {
                let done = disks.take_done(machine, agenda);
                done.into_iter().for_each(|(file, event)| self.driver.file_event(file, event));
            }
            Some(event) => {
                net.happen(event, agenda, random);
                self.tell();
            }
            None => {
                agenda.advance(due);
                if !self.stopped {
                    self.turn();
                }
            }
        }
        self.env.agenda.now() < DEADLINE
    }

    fn calls(&mut self) -> Vec<Call> {
        self.calls.try_iter().collect()
    }
}
