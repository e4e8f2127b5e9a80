//! A server in the simulated world: the real node and its conversations under a driver that obeys
//! the law of callbacks and takes its turns in the order of the reactor.

mod connection;
mod dial;
mod life;
mod turn;
mod write;

use super::agenda::{Event, MICROSECOND, Time};
use super::env::Env;
use super::net::{End, Notice};
use connection::Slots;
use herd::herd::Herd;
use herd::limits;
use herd::node::Node;
use herd::transport::{Application, ConnectionId, Lost, Monotonic, Now};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

/// The true time at which a run starts, in nanoseconds since 1970.
pub const WALL_START: i64 = 1_760_000_000_000_000_000;

/// How a server's process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Down,
    Running,
    /// Stopped as by SIGSTOP: the kernel goes on without it.
    Paused,
}

/// One server.
#[derive(Debug)]
pub struct Machine {
    pub index: usize,
    pub name: String,
    herd: Rc<Herd>,
    pub state: State,
    /// How often it was started.
    pub life: u32,
    epoch: u64,
    booted: Time,
    /// What its wall clock shows ahead of the true time, in nanoseconds.
    pub skew: i64,
    node: Option<Node>,
    now: Now,
    slots: Slots,
    timers: BTreeSet<(Monotonic, ConnectionId)>,
    ready_first: Vec<ConnectionId>,
    ready: Vec<ConnectionId>,
    touched: Vec<ConnectionId>,
    drained: Vec<ConnectionId>,
    lost: Vec<(ConnectionId, Lost)>,
    incoming: [VecDeque<(End, usize)>; 2],
    unsettled: bool,
    /// A clean stop was asked for; since when it goes on.
    stop_asked: bool,
    stopping: Option<Monotonic>,
    /// When the next turn is planned.
    turn_at: Option<Time>,
    last_turn: Time,
    buffer: Vec<u8>,
    spare: Vec<Vec<u8>>,
    pub turns: u64,
}

impl Machine {
    /// A server that is not started yet.
    pub fn new(index: usize, herd: Rc<Herd>) -> Self {
        Machine {
            index,
            name: herd.servers[index].name.clone(),
            herd,
            state: State::Down,
            life: 0,
            epoch: 0,
            booted: 0,
            skew: 0,
            node: None,
            now: Now::default(),
            slots: Slots::default(),
            timers: BTreeSet::new(),
            ready_first: Vec::new(),
            ready: Vec::new(),
            touched: Vec::new(),
            drained: Vec::new(),
            lost: Vec::new(),
            incoming: [VecDeque::new(), VecDeque::new()],
            unsettled: false,
            stop_asked: false,
            stopping: None,
            turn_at: None,
            last_turn: 0,
            buffer: vec![0; limits::READ_BUDGET_BYTES],
            spare: Vec::new(),
            turns: 0,
        }
    }

    /// The node, if its process exists.
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// How many connections it holds whose ends it could learn of.
    pub fn connections(&self, env: &Env) -> usize {
        let ends = self.slots.ends();
        ends.iter().filter(|&&end| !env.net.is_orphaned(end)).count()
    }

    /// The kernel has something for the process.
    pub fn notice(&mut self, env: &mut Env, end: End, id: Option<ConnectionId>, notice: Notice) {
        match (notice, id) {
            (Notice::Incoming { listener, from, .. }, _) => {
                self.incoming[listener].push_back((end, from));
            }
            (_, None) => return,
            (notice, Some(id)) => {
                let Some(connection) = self.slots.find(id) else {
                    return;
                };
                connection.heard_of(notice);
                self.queue(id);
            }
        }
        self.wake(env);
    }

    /// Plans a turn soon.
    fn wake(&mut self, env: &mut Env) {
        let soon = env.agenda.now() + env.random.below(env.turn_gap + 1);
        self.plan_turn(env, soon);
    }

    fn plan_turn(&mut self, env: &mut Env, at: Time) {
        // A turn takes a while, during which more may come.
        let at = at.max(self.last_turn + MICROSECOND).max(env.agenda.now());
        if self.state == State::Running && self.turn_at.is_none_or(|planned| at < planned) {
            self.turn_at = Some(at);
            env.agenda.plan(at, Event::Turn { machine: self.index });
        }
    }

    /// Plans the turn for whatever is due next without anything from outside.
    fn plan_next_turn(&mut self, env: &mut Env) {
        let Some(node_deadline) = self.node.as_ref().map(|node| node.deadline()) else {
            return;
        };
        let work_left = self.unsettled
            || !self.ready.is_empty()
            || !self.ready_first.is_empty()
            || !self.touched.is_empty()
            || !self.drained.is_empty()
            || !self.lost.is_empty()
            || self.incoming.iter().any(|queue| !queue.is_empty());
        if work_left {
            self.wake(env);
        }
        let grace = self.stopping.map(|since| since + limits::STOP_GRACE);
        let timer = self.timers.first().map(|&(at, _)| at);
        let deadline = timer.into_iter().chain(node_deadline).chain(grace).min();
        if let Some(at) = deadline {
            // A process is never called too early.
            let late = env.random.below(env.turn_gap / 4 + 1);
            self.plan_turn(env, self.booted.saturating_add(at.nanoseconds()) + late);
        }
    }

    /// Its clocks, both read at once.
    fn read_clocks(&mut self, env: &Env) {
        let now = env.agenda.now();
        self.now = Now {
            monotonic: Monotonic::from_nanoseconds(now - self.booted),
            posix_nanoseconds: self.wall(now),
        };
    }

    /// What its wall clock shows.
    pub fn wall(&self, now: Time) -> i64 {
        WALL_START + now as i64 + self.skew
    }

    /// Its connections, each with what it waits for.
    pub fn describe_connections(&mut self) -> String {
        let each = self.slots.ids().into_iter().filter_map(|id| {
            let connection = self.slots.find(id)?;
            let (phase, end, armed) = (connection.phase, connection.end, connection.armed);
            let (transport, watch) = (&connection.transport, &connection.watch);
            Some(format!("{id} {phase:?} {end:?} {armed:?} {transport:?} {watch:?}"))
        });
        each.collect::<Vec<_>>().join("\n")
    }

    /// Every timer belongs to a connection that waits for it.
    pub fn check_timers(&mut self) -> Result<(), String> {
        for &(at, id) in &self.timers {
            if self.slots.find(id).is_none_or(|connection| connection.armed != Some(at)) {
                return Err(format!("{}: a timer of {id} is left over", self.name));
            }
        }
        Ok(())
    }
}
