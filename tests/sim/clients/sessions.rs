//! How sessions of clients begin, and how all of them end.

use super::super::agenda::{SECOND, Time};
use super::super::env::Env;
use super::super::load::Load;
use super::{Client, Leaving, TOLD_WITHIN};

/// The listener of the web port.
const WEB: usize = 2;

impl Client {
    /// Draws a session.
    pub(super) fn begin(&mut self, env: &mut Env, load: &mut Load, servers: usize) {
        self.in_scenario = false;
        if self.web.is_some() {
            return self.begin_at_web(env, load, servers);
        }
        let server = env.random.index(servers);
        self.open(env, server);
        if let Some(visitor) = &mut self.visitor {
            self.outbox = visitor.begins(env, load, server);
            let listens = visitor.listens();
            let leaves = !listens && env.random.chance(150);
            self.leaving = if leaves { Leaving::Politely } else { Leaving::Linger };
            let stays =
                if listens { TOLD_WITHIN } else { env.random.magnitude(SECOND, 60 * SECOND) };
            self.until = env.agenda.now() + stays;
            return;
        }
        let lines = if env.random.chance(30) { 200 } else { env.random.magnitude(1, 20) };
        for _ in 0..lines {
            let line = load.line(env);
            self.outbox.extend_from_slice(&line);
        }
        if env.random.chance(150) {
            // The half-close, if it comes to it, ends the last line.
            self.outbox.truncate(self.outbox.len() - 1);
        }
        self.leaves_somehow(env);
    }

    fn leaves_somehow(&mut self, env: &mut Env) {
        self.leaving = match env.random.below(10) {
            0 => Leaving::Reset,
            1 => Leaving::Close,
            2 => Leaving::Linger,
            _ => Leaving::Politely,
        };
        self.reads = !env.random.chance(80);
        self.until = env.agenda.now() + env.random.magnitude(SECOND, 60 * SECOND);
    }

    fn begin_at_web(&mut self, env: &mut Env, load: &mut Load, servers: usize) {
        let Some(mut web) = self.web.take() else { return };
        let server = web.chooses(env, servers);
        self.open_at(env, server, WEB);
        if let Some(end) = self.end {
            self.outbox = web.begins(env, load, server, end.conn);
        }
        if web.watches() {
            let stays =
                if web.listens() { TOLD_WITHIN } else { env.random.magnitude(SECOND, 60 * SECOND) };
            let leaves = !web.listens() && env.random.chance(150);
            self.leaving = if leaves { Leaving::Politely } else { Leaving::Linger };
            self.until = env.agenda.now() + stays;
        } else {
            self.leaves_somehow(env);
        }
        self.web = Some(web);
    }

    /// No more sessions and no more commands; what was said is answered to its end, and must be.
    pub fn stop(&mut self, env: &mut Env, until: Time) {
        if let Some(visitor) = &mut self.visitor {
            let said = visitor.only_listens();
            if self.leaving == Leaving::Linger {
                self.outbox.extend_from_slice(&said);
            }
            self.insists = true;
            self.until = env.agenda.now() + TOLD_WITHIN;
            self.plan(env, 0);
            return;
        }
        if let Some(web) = &mut self.web {
            let probe = web.only_listens();
            if web.watches() {
                // Those who half-close have said all.
                if self.leaving == Leaving::Linger {
                    self.outbox.extend_from_slice(probe);
                }
                self.insists = true;
                self.until = env.agenda.now() + TOLD_WITHIN;
                if env.random.chance(400) {
                    self.leave(env, b"comes back");
                }
                self.plan(env, 0);
                return;
            }
        }
        self.outbox.clear();
        self.goes_on = false;
        self.reads = true;
        self.insists = true;
        self.leaving = Leaving::Politely;
        self.until = until;
        self.plan(env, 0);
    }
}
