//! Connecting: SYN, SYN-ACK, ACK, each lost and sent again where the path is closed.

use super::super::agenda::{Agenda, Event, MILLISECOND, SECOND};
use super::super::pipe::Pipe;
use super::super::random::Random;
use super::{Conn, ConnId, End, Net, Notice, Owner, Side};
use std::collections::VecDeque;

impl Net {
    /// Starts to connect from a host to a listener of another.
    pub fn dial(
        &mut self,
        from: usize,
        to: (usize, usize),
        agenda: &mut Agenda,
        random: &mut Random,
    ) -> End {
        let (least, most) = self.weather.capacity;
        let mut pipe = || Pipe::new(random.magnitude(least, most) as usize);
        let pipes = [pipe(), pipe()];
        let side = |host| Side {
            host,
            owner: Owner::Nobody,
            gone: false,
            reset: false,
            reset_held: false,
        };
        let conn = Box::new(Conn {
            listener: to.1,
            connected: false,
            accepted: false,
            sides: [side(from), side(to.0)],
            pipes,
            slowness: random.between(self.weather.slowness.0, self.weather.slowness.1),
            promised: VecDeque::new(),
            whole: false,
        });
        let delay = self.weather.delay(conn.slowness, random);
        let index = self.free.pop().unwrap_or_else(|| {
            self.conns.push((0, None));
            self.conns.len() as u32 - 1
        });
        let place = &mut self.conns[index as usize];
        place.1 = Some(conn);
        let conn = ConnId { index, generation: place.0 };
        agenda.plan(agenda.now() + delay, Event::Syn { conn, attempt: 0 });
        End { conn, side: 0 }
    }

    pub(super) fn syn(
        &mut self,
        id: ConnId,
        attempt: u32,
        agenda: &mut Agenda,
        random: &mut Random,
    ) {
        let weather = self.weather;
        let Some((from, to)) = self.hosts_of(End { conn: id, side: 0 }) else {
            return;
        };
        let listening = self.get(id).is_some_and(|conn| self.hosts[to].listening[conn.listener]);
        let again = agenda.now() + (SECOND << attempt.min(6));
        if !self.is_open(from, to) || random.chance(weather.black_hole) {
            agenda.plan(again, Event::Syn { conn: id, attempt: attempt + 1 });
            return;
        }
        let Some(conn) = self.find(id) else {
            return;
        };
        let at = agenda.now() + weather.delay(conn.slowness, random);
        if !listening || random.chance(weather.refused) {
            agenda.plan(at, Event::Refused { conn: id });
        } else {
            agenda.plan(at, Event::SynAck { conn: id, attempt: 0 });
        }
    }

    pub(super) fn syn_ack(
        &mut self,
        id: ConnId,
        attempt: u32,
        agenda: &mut Agenda,
        random: &mut Random,
    ) {
        let weather = self.weather;
        let Some((from, to)) = self.hosts_of(End { conn: id, side: 0 }) else {
            return;
        };
        if !self.is_open(to, from) {
            let again = agenda.now() + (SECOND << attempt.min(6));
            agenda.plan(again, Event::SynAck { conn: id, attempt: attempt + 1 });
            return;
        }
        let Some(conn) = self.find(id) else {
            return;
        };
        conn.connected = true;
        let at = agenda.now() + weather.delay(conn.slowness, random);
        // What the dialler writes comes behind.
        conn.pipes[0].not_before(at);
        let owner = conn.sides[0].owner;
        agenda.plan(at, Event::Ack { conn: id, attempt: 0 });
        self.notices.push((End { conn: id, side: 0 }, owner, Notice::Connected));
    }

    pub(super) fn ack(
        &mut self,
        id: ConnId,
        attempt: u32,
        agenda: &mut Agenda,
        random: &mut Random,
    ) {
        let Some((from, to)) = self.hosts_of(End { conn: id, side: 0 }) else {
            return;
        };
        let open = self.is_open(from, to);
        let Some(conn) = self.get(id) else {
            return;
        };
        let listener = conn.listener;
        let listening = self.hosts[to].listening[listener];
        let Some(conn) = self.find(id) else {
            return;
        };
        let end = End { conn: id, side: 1 };
        if conn.sides[1].gone || conn.accepted {
            return;
        }
        if !open {
            let again = agenda.now() + ((200 * MILLISECOND) << attempt.min(8));
            conn.pipes[0].not_before(again);
            agenda.plan(again, Event::Ack { conn: id, attempt: attempt + 1 });
        } else if listening {
            conn.accepted = true;
            let incoming = Notice::Incoming { host: to, listener, from };
            self.notices.push((end, Owner::Nobody, incoming));
        } else {
            self.abort(end, agenda, random);
        }
    }

    pub(super) fn refused(&mut self, id: ConnId) {
        if let Some(conn) = self.find(id) {
            let owner = conn.sides[0].owner;
            conn.sides[0].reset = true;
            conn.sides[1].gone = true;
            self.notices.push((End { conn: id, side: 0 }, owner, Notice::Refused));
        }
    }
}
