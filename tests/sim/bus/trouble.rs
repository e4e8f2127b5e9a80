//! What happens to the bus, and how it recovers.

use super::super::agenda::{MILLISECOND, SECOND};
use super::super::env::Env;
use super::manners::Fault;
use super::{ADDRESSES, Bus, Later, Stage};

impl Bus {
    /// Something happens to it, until then if that lasts; true if it is away then.
    pub fn suffer(&mut self, env: &mut Env, fault: Fault) -> bool {
        let Some(host) = env.hosts.bus() else { return false };
        let there: Vec<usize> = (0..self.conns.len()).filter(|&at| self.is_connected(at)).collect();
        let one = (!there.is_empty()).then(|| *env.random.pick(&there));
        match (fault, one) {
            (Fault::Restart, _) => self.cut_all(env),
            (Fault::Absence, _) => {
                ADDRESSES.iter().for_each(|(_, listener)| env.net.listen(host, *listener, false));
                self.cut_all(env);
                return true;
            }
            (Fault::Darkness, _) => {
                env.net.turn_off(host);
                (0..self.conns.len()).for_each(|index| self.forget(index));
                return true;
            }
            (Fault::Expulsion, Some(index)) => {
                let words =
                    ["Stale Connection", "Authorization Violation", "User Authentication Expired"];
                let word = format!("-ERR '{}'\r\n", env.random.pick(&words));
                self.hang_up(env, index, word.as_bytes());
            }
            (Fault::Farewell, Some(index)) => {
                let info = self.info(index, true);
                self.tell(env, index, &info);
                let pause = env.random.magnitude(MILLISECOND, 2 * SECOND);
                self.plan(env, pause, Later::Part(index));
            }
            (Fault::News, Some(index)) => {
                let info = self.info(index, false);
                self.tell(env, index, &info);
            }
            (_, None) => {}
        }
        false
    }

    fn cut_all(&mut self, env: &mut Env) {
        (0..self.conns.len()).for_each(|index| self.close(env, index));
        // Nothing that it had to deliver is kept.
        self.later.retain(|_, later| matches!(later, Later::Noise));
    }

    /// It is there again, and knows nothing.
    pub fn come_back(&mut self, env: &mut Env) {
        let Some(host) = env.hosts.bus() else { return };
        env.net.turn_on(host, &mut env.agenda, &mut env.random);
        ADDRESSES.iter().for_each(|(_, listener)| env.net.listen(host, *listener, true));
    }

    /// All connections are read as fast as they can be, from now on.
    pub fn hurry(&mut self, env: &mut Env) {
        for index in 0..self.conns.len() {
            (self.conns[index].pace, self.conns[index].reads_again) = (None, false);
            self.ready(env, index);
        }
    }

    /// With whom it is connected, each as often as it is.
    pub fn connected(&self) -> Vec<usize> {
        let there = (0..self.conns.len()).filter(|&index| self.is_connected(index));
        there.map(|index| self.conns[index].machine).collect()
    }

    fn is_connected(&self, index: usize) -> bool {
        self.conns[index].end.is_some() && self.conns[index].stage == Stage::Connected
    }
}
