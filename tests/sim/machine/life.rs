//! Starts, clean stops and sudden ends of a server, and its being paused.

use super::super::env::Env;
use super::super::kernel::Inbox;
use super::super::trace::Tag;
use super::{Machine, Process, State};
use herd::driver::Driver;
use herd::node::{ClientBounds, Node, NodeOptions, PlacesSettings, Port, WebOptions};
use herd::places::{Dialect, Service};
use herd::transport::Signal;
use std::net::Ipv4Addr;
use std::time::Duration;

impl Machine {
    /// A new process, which knows nothing of what former ones knew.
    pub fn start(&mut self, env: &mut Env) {
        let now = env.agenda.now();
        self.life += 1;
        let epoch = env.random.next();
        if self.life == 1 || !env.planted.keeps_epochs() {
            self.epoch = epoch;
        }
        // Clocks count from no particular time.
        self.booted = now - env.random.below(now + 1);
        let Ok(service) = Service::parse(super::super::places::URL, Dialect::Legacy, None) else {
            unreachable!("the URL is right");
        };
        let node = Node::new(NodeOptions {
            herd: &self.herd,
            server: self.index,
            epoch: self.epoch,
            seed: env.random.next(),
            key: [env.random.next(), env.random.next()],
            max_skew: Duration::from_secs(env.max_skew_seconds),
            positions_bytes_max: herd::limits::POSITIONS_BYTES_DEFAULT,
            classic: false,
            bounds: ClientBounds::NONE,
            web: WebOptions::NONE,
            places: PlacesSettings::new(service),
            version: self.version,
        });
        let mut driver = Driver::new(self.clocks(env));
        if let Some(bug) = env.planted.in_driver() {
            driver.plant(bug);
        }
        self.process = Some(Process { node, driver });
        self.state = State::Running;
        self.last_turn = 0;
        self.drive(env, |driver, _, kernel| {
            for port in [Port::Clients, Port::Neighbours, Port::Web] {
                let bound = driver.listen(kernel, port, (Ipv4Addr::UNSPECIFIED, 0).into(), None);
                bound.expect("simulated ports are free");
            }
        });
        env.checks.started(self.index, self.life);
        env.checks.versions.started(self.index, self.version);
        env.acknowledged[self.index].clear();
        env.trace.note(now, Tag::World, self.index as u64, u64::from(self.life), b"starts");
        self.wake(env);
    }

    /// Asks for a clean stop, as by SIGTERM.
    pub fn stop(&mut self, env: &mut Env) {
        if self.state == State::Running
            && !self.stop_asked
            && let Some(process) = &mut self.process
        {
            self.stop_asked = true;
            process.driver.signal(Signal::Terminate);
            self.wake(env);
        }
    }

    /// The process is killed; its kernel ends its connections.
    pub fn kill(&mut self, env: &mut Env) {
        for place in 0..self.inbox.incoming.len() {
            env.net.listen(self.index, place, false);
        }
        for end in self.ends() {
            env.net.close(end, &mut env.agenda, &mut env.random);
        }
        for queue in &mut self.inbox.incoming {
            for (end, _) in queue.drain(..) {
                env.net.abort(end, &mut env.agenda, &mut env.random);
            }
        }
        env.disks.end_process(self.index);
        self.forget(env);
        let now = env.agenda.now();
        env.trace.note(now, Tag::World, self.index as u64, u64::from(self.life), b"is no more");
        env.checks.died(self.index);
    }

    /// The power fails: nobody is told.
    pub fn lose_power(&mut self, env: &mut Env) {
        env.net.turn_off(self.index);
        env.disks.lose_power(self.index);
        self.forget(env);
        let now = env.agenda.now();
        env.trace.note(now, Tag::World, self.index as u64, u64::from(self.life), b"has no power");
        env.checks.died(self.index);
    }

    /// Whether a clean stop is going on.
    pub fn is_stopping(&self) -> bool {
        self.stop_asked
    }

    pub fn pause(&mut self) {
        if self.state == State::Running {
            self.state = State::Paused;
            self.turn_at = None;
        }
    }

    pub fn resume(&mut self, env: &mut Env) {
        if self.state == State::Paused {
            self.state = State::Running;
            self.wake(env);
        }
    }

    /// Loses what it knows without being started anew (a planted bug).
    pub fn forget_positions(&mut self, env: &mut Env) {
        let life = self.life;
        self.kill(env);
        self.start(env);
        self.life = life;
        env.checks.pretend_nothing_happened(self.index, life);
    }

    fn forget(&mut self, env: &mut Env) {
        self.process = None;
        self.state = State::Down;
        self.inbox = Inbox::default();
        (self.stop_asked, self.turn_at) = (false, None);
        env.ends.retain(|(machine, _), _| *machine != self.index);
    }
}
