//! A server in the simulated world: the real node under the real driver, in turns that come when its
//! kernel has something for it or its time has come, and not at once.

mod life;
#[cfg(test)]
mod tests;

use super::agenda::{Event, MICROSECOND, Time};
use super::env::Env;
use super::kernel::{Inbox, Kernel, Socket, readiness};
use super::net::{End, Notice};
use super::stage::{Stage, Watched};
use super::trace::Tag;
use super::watch::Standing;
use herd::driver::Driver;
use herd::herd::Herd;
use herd::node::{GatewayOptions, LinkSecurity, Node, Port};
use herd::transport::{Application, ConnectionId, DriverSide, Monotonic, Now};
use herd::wire::neighbour::Version;
use std::cell::RefCell;
use std::mem;
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
    /// Which server of its herd it is, and where that herd's first one is among all.
    server: usize,
    first: usize,
    pub name: String,
    /// As it is for all, and as this one has read it, in which it may not talk with some.
    whole: Rc<Herd>,
    herd: Rc<Herd>,
    pub state: State,
    /// How often it was started.
    pub life: u32,
    epoch: u64,
    /// Which version of the lines between neighbours it speaks.
    pub version: Version,
    /// How it protects its links, and for whom the certificate is that it shows.
    pub links: LinkSecurity,
    pub shows: String,
    /// The bus that it is a gateway on, if it is.
    pub gateway: Option<GatewayOptions>,
    booted: Time,
    /// What its wall clock shows ahead of the true time, in nanoseconds.
    pub skew: i64,
    process: Option<Process>,
    inbox: Inbox,
    /// A clean stop was asked for.
    stop_asked: bool,
    /// When the next turn is planned.
    turn_at: Option<Time>,
    last_turn: Time,
    /// The end of the feed when the last turn ended.
    head: u64,
    pub turns: u64,
    /// Since when it has missed turns, unless what it had to do then is done.
    lapsed: Option<Time>,
}

/// What is gone when it is killed.
#[derive(Debug)]
struct Process {
    node: Node,
    driver: Driver<Watched, Port, Socket>,
}

impl Machine {
    /// That server of a herd whose first one is the one with the number `first`; it is not started yet.
    pub fn new(first: usize, server: usize, herd: Rc<Herd>) -> Self {
        Machine {
            index: first + server,
            server,
            first,
            links: LinkSecurity::Plain,
            shows: herd.certificate_name(&herd.servers[server]),
            name: herd.servers[server].name.clone(),
            whole: Rc::clone(&herd),
            herd,
            state: State::Down,
            life: 0,
            epoch: 0,
            version: Version::HIGHEST,
            gateway: None,
            booted: 0,
            skew: 0,
            process: None,
            inbox: Inbox::default(),
            stop_asked: false,
            turn_at: None,
            last_turn: 0,
            head: 0,
            turns: 0,
            lapsed: None,
        }
    }

    /// The node, if its process exists.
    pub fn node(&self) -> Option<&Node> {
        self.process.as_ref().map(|process| &process.node)
    }

    /// How many connections it holds whose ends it could learn of.
    pub fn connections(&self, env: &Env) -> usize {
        self.ends().iter().filter(|&&end| !env.net.is_orphaned(end)).count()
    }

    /// How many of these are with other servers.
    pub fn connections_of_links(&self, env: &Env) -> usize {
        let ends = self.ends().into_iter().filter(|&end| env.net.is_between_servers(end));
        ends.filter(|&end| !env.net.is_orphaned(end)).count()
    }

    fn ends(&self) -> Vec<End> {
        let sockets = self.process.iter().flat_map(|process| process.driver.sockets());
        sockets.map(|socket| socket.end).collect()
    }

    /// The kernel has something for the process.
    pub fn notice(&mut self, env: &mut Env, end: End, id: Option<ConnectionId>, notice: Notice) {
        let Some(process) = &mut self.process else {
            return;
        };
        match (notice, id) {
            (Notice::Incoming { listener, from, .. }, _) => {
                self.inbox.incoming[listener].push_back((end, from));
                process.driver.incoming(listener);
            }
            (_, Some(id)) => process.driver.ready(id, readiness(env, end)),
            (_, None) => return,
        }
        self.wake(env);
    }

    /// Its disk has done something, of which the process is told.
    pub fn disk_has_done(&mut self, env: &mut Env) {
        let done = env.disks.take_done(self.index, &mut env.agenda);
        if let (Some((file, event)), Some(process)) = (done, &mut self.process) {
            let (now, told) = (env.agenda.now(), format!("{event:?}"));
            let (machine, which) = (self.index as u64, u64::from(file.0));
            env.trace.note(now, Tag::File, machine, which, told.as_bytes());
            process.driver.file_event(file, event);
            self.wake(env);
        }
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

    /// Takes the turn that was planned for `at`; an outdated plan is passed over.
    pub fn turn(&mut self, env: &mut Env, at: Time) {
        if self.turn_at != Some(at) || self.state != State::Running {
            return;
        }
        self.turn_at = None;
        self.last_turn = at;
        self.turns += 1;
        env.trace.note(at, Tag::Turn, self.index as u64, self.turns, b"");
        env.written_others = false;
        env.acknowledged_before_writing = None;
        let now = self.clocks(env);
        let head = self.drive(env, |driver, stage, kernel| {
            driver.turn(stage, kernel, now);
            stage.head
        });
        self.look(env, head.unwrap_or(0));
        self.look_at_journal(env);
        if self.process.as_ref().is_some_and(|process| process.driver.has_stopped()) {
            self.drive(env, |driver, stage, kernel| driver.end(stage, kernel));
            self.kill(env);
        }
        self.plan_next_turn(env);
    }

    /// Has the driver do something, with the node and the kernel around it.
    fn drive<T>(
        &mut self,
        env: &mut Env,
        what: impl FnOnce(
            &mut Driver<Watched, Port, Socket>,
            &mut Stage<'_, '_>,
            &mut Kernel<'_, '_>,
        ) -> T,
    ) -> Option<T> {
        let Process { node, driver } = self.process.as_mut()?;
        let env = RefCell::new(env);
        let (machine, life, turns) = (self.index, self.life, self.turns);
        let mut stage = Stage { node, env: &env, machine, life, turns, head: 0 };
        let mut kernel = Kernel { env: &env, machine, inbox: &mut self.inbox };
        let done = what(driver, &mut stage, &mut kernel);
        for (id, news) in mem::take(&mut self.inbox.news) {
            driver.ready(id, news);
        }
        Some(done)
    }

    /// Looks at all that must hold when a turn has ended; `head` was the end of the feed when all
    /// callbacks had been called.
    fn look(&mut self, env: &mut Env, head: u64) {
        self.look_at_links(env, head);
        let Some(Process { node, driver }) = &self.process else {
            return;
        };
        let head = node.positions().head();
        let moved = mem::replace(&mut self.head, head) != head;
        if let Err(why) = sweep(node, driver, moved) {
            env.checks.fail(format!("{}: {why}", self.name));
        }
        env.checks.turn_ended(self.index, node, self.wall(env.agenda.now()));
        self.look_for_quarrels(env);
    }

    /// Looks at how the links stand to what has been answered in the turn.
    fn look_at_links(&mut self, env: &mut Env, head: u64) {
        let acknowledged = &mut env.acknowledged[self.index];
        let before = env.acknowledged_before_writing.unwrap_or(acknowledged.len());
        let later = acknowledged.split_off(before);
        let in_this_turn = mem::replace(acknowledged, later);
        let Some(Process { node, driver }) = &mut self.process else {
            return;
        };
        for (id, told) in node.links_sent_up_to() {
            let Some((standing, watched)) = driver.find(id) else {
                continue;
            };
            if standing.is_open
                && !standing.transport.is_ending()
                && let Some(link) = watched.watch.as_link_mut()
            {
                let (waits, takes_more) = (standing.transport.output_len(), standing.takes_more);
                let standing = Standing { told, head, waits, takes_more };
                link.turn_ends(env, self.index, standing, node, &in_this_turn);
            }
        }
    }

    /// Plans the turn for whatever is due next without anything from outside.
    fn plan_next_turn(&mut self, env: &mut Env) {
        let Some(Process { node, driver }) = &self.process else {
            return;
        };
        let deadline = driver.deadline().into_iter().chain(node.deadline()).min();
        if driver.has_work() {
            self.wake(env);
        }
        if let Some(at) = deadline {
            // A process is never called too early.
            let late = env.random.below(env.turn_gap / 4 + 1);
            self.plan_turn(env, self.booted.saturating_add(at.nanoseconds()) + late);
        }
    }

    /// Its clocks, both read at once.
    pub fn clocks(&self, env: &Env) -> Now {
        let now = env.agenda.now();
        Now {
            monotonic: Monotonic::from_nanoseconds(now - self.booted),
            posix_nanoseconds: self.wall(now),
        }
    }

    /// What its wall clock shows.
    pub fn wall(&self, now: Time) -> i64 {
        WALL_START + now as i64 + self.skew
    }

    /// Its connections, each with what it waits for.
    pub fn describe_connections(&self) -> String {
        let connections = self.process.iter().flat_map(|process| process.driver.connections());
        let each: Vec<String> = connections.map(|standing| format!("{standing:?}")).collect();
        each.join("\n")
    }
}

/// Whether all that a process keeps fits together. The store changes only with its head.
#[cfg(debug_assertions)]
fn sweep(node: &Node, driver: &Driver<Watched, Port, Socket>, moved: bool) -> Result<(), String> {
    driver.check()?;
    node.check()?;
    if moved { node.positions().check() } else { Ok(()) }
}

/// Benchmarks run without.
#[cfg(not(debug_assertions))]
fn sweep(_: &Node, _: &Driver<Watched, Port, Socket>, _: bool) -> Result<(), String> {
    Ok(())
}
