//! What arrives at an end: bytes, the end of a stream, room to write, a reset.

use super::super::agenda::{Agenda, Event};
use super::super::pipe::{Fin, Pipe};
use super::super::random::Random;
use super::{End, Net, Notice};

impl Net {
    pub(super) fn plan_delivery(pipe: &mut Pipe, writer: End, agenda: &mut Agenda) {
        if let Some(due) = pipe.next_due()
            && !pipe.delivering
            && !pipe.held
        {
            pipe.delivering = true;
            agenda.plan(due, Event::Deliver { conn: writer.conn, side: writer.side });
        }
    }

    /// Bytes of the writer arrive, or what is left of it when the path is closed.
    pub(super) fn deliver(&mut self, writer: End, agenda: &mut Agenda, random: &mut Random) {
        let Some((from, to)) = self.hosts_of(writer) else {
            return;
        };
        let open = self.is_open(from, to);
        let Some(conn) = self.find(writer.conn) else {
            return;
        };
        let reader = 1 - writer.side;
        let pipe = &mut conn.pipes[writer.side];
        pipe.delivering = false;
        if !open {
            pipe.held = true;
            return;
        }
        if pipe.stalled_until > agenda.now() {
            pipe.delivering = true;
            let event = Event::Deliver { conn: writer.conn, side: writer.side };
            agenda.plan(pipe.stalled_until, event);
            return;
        }
        let bytes = pipe.arrive(agenda.now());
        let ended = pipe.fin() == Fin::Arrived;
        Self::plan_delivery(pipe, writer, agenda);
        if bytes > 0 && writer.side == 0 {
            self.let_through(writer.conn, agenda);
        }
        let Some(conn) = self.find(writer.conn) else {
            return;
        };
        let owner = conn.sides[reader].owner;
        // Whoever closed in order may be sent an end, but nothing else.
        let unknown = ended && conn.pipes[reader].fin() == Fin::No;
        if !conn.sides[reader].gone {
            let end = End { conn: writer.conn, side: reader };
            self.notices.push((end, owner, Notice::Ready));
        } else if bytes > 0 || unknown {
            // Nobody is there to read it.
            conn.pipes[writer.side].lose_all();
            self.send_reset(End { conn: writer.conn, side: reader }, agenda, random);
        }
        self.discard_if_over(writer.conn);
    }

    pub(super) fn make_room(&mut self, writer: End) {
        let Some((writing, reading)) = self.hosts_of(writer) else {
            return;
        };
        let open = self.is_open(reading, writing);
        if let Some(conn) = self.find(writer.conn) {
            let pipe = &mut conn.pipes[writer.side];
            // With the path closed it is planned again when that opens.
            pipe.freeing = false;
            if open {
                pipe.free();
                pipe.starved = false;
                let owner = conn.sides[writer.side].owner;
                self.notices.push((writer, owner, Notice::Ready));
            }
        }
    }

    /// A reset arrives at that end.
    pub(super) fn reset(&mut self, end: End, random: &mut Random) {
        let Some((own, peer)) = self.hosts_of(end) else {
            return;
        };
        let open = self.is_open(peer, own);
        let Some(conn) = self.find(end.conn) else {
            return;
        };
        conn.sides[end.side].reset_held = !open;
        if !open {
            return;
        }
        conn.sides[end.side].reset = true;
        // What had arrived may still be read, or not.
        if random.chance(500) {
            conn.pipes[1 - end.side].lose_all();
        } else {
            conn.pipes[1 - end.side].lose_flight();
        }
        conn.pipes[end.side].lose_all();
        let owner = conn.sides[end.side].owner;
        self.notices.push((end, owner, Notice::Ready));
        self.discard_if_over(end.conn);
    }

    /// A reset goes from that end to its peer.
    pub(super) fn send_reset(&mut self, end: End, agenda: &mut Agenda, random: &mut Random) {
        let weather = self.weather;
        if let Some(conn) = self.find(end.conn) {
            conn.pipes[end.side].lose_flight();
            let delay = weather.delay(conn.slowness, random);
            let reset = Event::Reset { conn: end.conn, side: 1 - end.side };
            agenda.plan(agenda.now() + delay, reset);
        }
    }
}
