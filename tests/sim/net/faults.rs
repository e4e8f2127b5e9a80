//! What can be done to the network: closing paths, turning hosts off, resetting and stalling.

use super::super::agenda::{Agenda, Event, Time};
use super::super::kernel::LISTENERS;
use super::super::random::Random;
use super::{ConnId, End, Net, Owner};

impl Net {
    /// Opens or closes the way from a host to another.
    pub fn set_path(
        &mut self,
        from: usize,
        to: usize,
        open: bool,
        agenda: &mut Agenda,
        random: &mut Random,
    ) {
        self.blocked[from * self.hosts.len() + to] = !open;
        if open {
            self.send_again(agenda, random);
        }
    }

    /// Opens all paths.
    pub fn open_paths(&mut self, agenda: &mut Agenda, random: &mut Random) {
        self.blocked.fill(false);
        self.send_again(agenda, random);
    }

    /// Turns a host's kernel on.
    pub fn turn_on(&mut self, host: usize, agenda: &mut Agenda, random: &mut Random) {
        self.hosts[host].on = true;
        self.send_again(agenda, random);
    }

    /// Turns it off: nobody is told, and all that it knew is gone.
    pub fn turn_off(&mut self, host: usize) {
        self.hosts[host].on = false;
        self.hosts[host].listening = [false; LISTENERS];
        for id in self.ids() {
            if let Some(conn) = self.find(id) {
                for side in conn.sides.iter_mut().filter(|side| side.host == host) {
                    side.gone = true;
                    side.owner = Owner::Nobody;
                }
            }
            self.discard_if_over(id);
        }
    }

    pub fn listen(&mut self, host: usize, listener: usize, listening: bool) {
        self.hosts[host].listening[listener] = listening;
    }

    /// Resets a connection from outside; both sides are told, or only one.
    pub fn cut(&mut self, id: ConnId, sides: &[usize], agenda: &mut Agenda, random: &mut Random) {
        for &side in sides {
            self.send_reset(End { conn: id, side: 1 - side }, agenda, random);
        }
    }

    /// Nothing of what that side writes arrives before `until`.
    pub fn stall(&mut self, id: ConnId, side: usize, until: Time) {
        if let Some(conn) = self.find(id) {
            conn.pipes[side].stalled_until = until;
        }
    }

    /// Connections between servers whose dialler has something under way.
    pub fn under_way(&self) -> Vec<ConnId> {
        let mut ids = self.ids();
        ids.retain(|&id| {
            self.get(id).is_some_and(|conn| {
                conn.accepted && conn.listener == 1 && conn.pipes[0].next_due().is_some()
            })
        });
        ids
    }

    /// What the dialler has under way arrives right behind the next that it says on another
    /// connection to the same host, or when it is `until`.
    pub fn let_overtake(&mut self, id: ConnId, until: Time) {
        self.stall(id, 0, until);
        self.overtaken.push(id);
    }

    /// Something has arrived that overtakes what waits for that.
    pub(super) fn let_through(&mut self, by: ConnId, agenda: &mut Agenda) {
        if self.overtaken.is_empty() {
            return;
        }
        let hosts = |net: &Net, conn| net.hosts_of(End { conn, side: 0 });
        let (between, mut waiting) = (hosts(self, by), std::mem::take(&mut self.overtaken));
        waiting.retain(|&id| {
            if id == by || hosts(self, id) != between {
                return hosts(self, id).is_some();
            }
            self.stall(id, 0, 0);
            agenda.plan(agenda.now(), Event::Deliver { conn: id, side: 0 });
            false
        });
        self.overtaken = waiting;
    }

    /// Ends all stalls.
    pub fn end_stalls(&mut self, agenda: &mut Agenda) {
        for conn in self.ids() {
            for side in [0, 1] {
                if let Some(found) = self.find(conn) {
                    found.pipes[side].stalled_until = 0;
                    agenda.plan(agenda.now(), Event::Deliver { conn, side });
                }
            }
        }
    }

    /// Makes all pipes hold so much at least.
    pub fn widen_pipes(&mut self, capacity: usize) {
        for id in self.ids() {
            let pipes = self.find(id).into_iter().flat_map(|conn| &mut conn.pipes);
            pipes.for_each(|pipe| pipe.capacity = pipe.capacity.max(capacity));
        }
    }

    /// Makes all pipes hold so much.
    pub fn set_pipes(&mut self, capacity: usize) {
        for id in self.ids() {
            let pipes = self.find(id).into_iter().flat_map(|conn| &mut conn.pipes);
            pipes.for_each(|pipe| pipe.capacity = capacity);
        }
    }

    /// All connections, in the order of their places.
    pub fn ids(&self) -> Vec<ConnId> {
        (0..)
            .zip(&self.conns)
            .filter(|(_, (_, conn))| conn.is_some())
            .map(|(index, (generation, _))| ConnId { index, generation: *generation })
            .collect()
    }

    /// The connections between two hosts.
    pub fn between(&self, one: usize, other: usize) -> Vec<ConnId> {
        let mut ids = self.ids();
        ids.retain(|&id| {
            self.hosts_of(End { conn: id, side: 0 })
                .is_some_and(|hosts| hosts == (one, other) || hosts == (other, one))
        });
        ids
    }

    /// Whatever waits for a path that is open now is sent again.
    fn send_again(&mut self, agenda: &mut Agenda, random: &mut Random) {
        let resend = self.weather.resend;
        for conn in self.ids() {
            for side in [0, 1] {
                let Some((own, peer)) = self.hosts_of(End { conn, side }) else {
                    continue;
                };
                let (out, back) = (self.is_open(own, peer), self.is_open(peer, own));
                let Some(found) = self.find(conn) else {
                    continue;
                };
                let at = agenda.now() + random.below(resend + 1);
                if out && found.pipes[side].held {
                    found.pipes[side].held = false;
                    found.pipes[side].delivering = true;
                    agenda.plan(at, Event::Deliver { conn, side });
                }
                if back && found.pipes[side].has_freed() && !found.pipes[side].freeing {
                    found.pipes[side].freeing = true;
                    agenda.plan(at, Event::Room { conn, side });
                }
                if back && found.sides[side].reset_held {
                    agenda.plan(at, Event::Reset { conn, side });
                }
            }
        }
    }
}
