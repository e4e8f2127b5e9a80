//! Starts, clean stops and sudden ends of a server, and its being paused.

use super::super::env::Env;
use super::super::trace::Tag;
use super::connection::{Phase, Slots};
use super::{Machine, State};
use herd::node::{Node, NodeOptions, PlacesSettings};
use herd::places::{Dialect, Service};
use herd::transport::{Application, Lost, Protocol};
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
        self.node = Some(Node::new(NodeOptions {
            herd: &self.herd,
            server: self.index,
            epoch: self.epoch,
            seed: env.random.next(),
            key: [env.random.next(), env.random.next()],
            max_skew: Duration::from_secs(env.max_skew_seconds),
            positions_bytes_max: herd::limits::POSITIONS_BYTES_DEFAULT,
            classic: false,
            places: PlacesSettings::new(service),
            version: herd::wire::neighbour::Version::HIGHEST,
        }));
        self.state = State::Running;
        self.unsettled = true;
        self.last_turn = 0;
        env.checks.started(self.index, self.life);
        env.acknowledged.retain(|(machine, _)| *machine != self.index);
        env.net.listen(self.index, true);
        env.trace.note(now, Tag::World, self.index as u64, u64::from(self.life), b"starts");
        self.wake(env);
    }

    /// Asks for a clean stop, as by SIGTERM.
    pub fn stop(&mut self, env: &mut Env) {
        if self.state == State::Running {
            self.stop_asked = true;
            self.wake(env);
        }
    }

    /// The process is killed; its kernel ends its connections.
    pub fn kill(&mut self, env: &mut Env) {
        env.net.listen(self.index, false);
        for end in self.slots.ends() {
            env.net.close(end, &mut env.agenda, &mut env.random);
        }
        for queue in &mut self.incoming {
            for (end, _) in queue.drain(..) {
                env.net.abort(end, &mut env.agenda, &mut env.random);
            }
        }
        self.forget();
        let now = env.agenda.now();
        env.trace.note(now, Tag::World, self.index as u64, u64::from(self.life), b"is no more");
        env.checks.died(self.index);
    }

    /// The power fails: nobody is told.
    pub fn lose_power(&mut self, env: &mut Env) {
        env.net.turn_off(self.index);
        self.forget();
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

    fn forget(&mut self) {
        self.node = None;
        self.state = State::Down;
        self.slots = Slots::default();
        self.timers.clear();
        for list in [&mut self.ready_first, &mut self.ready, &mut self.touched, &mut self.drained] {
            list.clear();
        }
        self.lost.clear();
        self.incoming.iter_mut().for_each(|queue| queue.clear());
        (self.stop_asked, self.stopping, self.turn_at) = (false, None, None);
    }

    /// The first step of a clean stop: accepts no more and tells every protocol.
    pub(super) fn begin_stop(&mut self, env: &mut Env) {
        if !self.stop_asked || self.stopping.is_some() {
            return;
        }
        self.stopping = Some(self.now.monotonic);
        env.net.listen(self.index, false);
        for queue in &mut self.incoming {
            for (end, _) in queue.drain(..) {
                env.net.abort(end, &mut env.agenda, &mut env.random);
            }
        }
        if let Some(node) = &mut self.node {
            node.stopping(self.now);
        }
        for id in self.slots.ids() {
            match self.slots.find(id).map(|connection| connection.phase) {
                Some(Phase::Dialling { .. }) => self.lose(id, Lost::Aborted),
                Some(Phase::Open) => {
                    if let Some(connection) = self.slots.find(id) {
                        connection.watch.stopping();
                    }
                    self.call(env, id, |protocol, cx| protocol.stopping(cx));
                }
                _ => {}
            }
        }
    }

    /// The last step: the process ends when its connections are gone or it has waited enough.
    pub(super) fn end_stop(&mut self, env: &mut Env) {
        let grace = herd::limits::STOP_GRACE;
        if self
            .stopping
            .is_some_and(|since| self.slots.len() == 0 || self.now.monotonic.since(since) >= grace)
        {
            self.kill(env);
        }
    }
}
