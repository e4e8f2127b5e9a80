//! A client's conversation: commands in, answers out, in the order of the commands.
//!
//! Lines are cut and told apart here. What a command does is in a file of its own, and in which order
//! answers leave is the business of the [`Answers`].

mod answers;
mod apart;
mod auth;
mod forget;
mod iamat;
mod near;
mod promised;
mod servers;
mod silence;
mod stopping;
mod watch;
mod whatsat;

use super::Node;
use super::admission::Admitted;
use super::counts::Refused;
use super::hub::WatcherId;
use super::lines::{Prefetch, log_in};
use crate::limits;
use crate::tokens::Right;
use crate::transport::{ConnectionId, Context, Lost, Now, PeerInfo, Protocol, Transport};
use crate::wire::{Command, IamAt, Line, LineReader, Malformed, Printable, Reason, plural};
use answers::{Answers, Awaited};
use apart::Apart;
use log::{debug, info, warn};
use silence::{Silence, Standing, Timer};
use std::mem;
use std::net::SocketAddr;

/// The server side of one client's connection.
#[derive(Debug)]
pub(super) struct Client {
    lines: LineReader,
    answers: Answers,
    apart: Apart,
    silence: Silence,
    /// There since it first watched something.
    watcher: Option<WatcherId>,
    /// To be given back; none if it was refused.
    admitted: Option<Admitted>,
    /// Whether there was a command to answer.
    answered: bool,
    /// No more commands come: when all is answered the connection is closed.
    last: bool,
    /// Nothing was owed at the end of a stop: then the peer's end is not waited for.
    leaves: bool,
}

/// Connections are mostly idle ones of clients.
const _: () = assert!(size_of::<Client>() <= 80);

impl Client {
    /// Of one who connects from there now, and is let in if it may be.
    pub(super) fn accepted(node: &mut Node, address: SocketAddr, now: Now) -> Self {
        let admitted = node.admission.admit(address.ip(), now.monotonic);
        let is_timed = node.settings.classic || !node.admission.bounds().idle.is_zero();
        Client {
            lines: LineReader::new(),
            answers: Answers::default(),
            apart: Apart::default(),
            silence: Silence::since(now, is_timed),
            watcher: None,
            admitted,
            answered: false,
            last: false,
            leaves: false,
        }
    }

    /// Answers the commands in `data`, up to where the answers have no more room; the rest is
    /// kept, and reading pauses.
    fn process(&mut self, cx: &mut Context<'_, Node>, mut data: &[u8]) {
        let mut lines = mem::take(&mut self.lines);
        let mut prefetch = Prefetch::over(data, 1, &cx.app.positions);
        while !self.last && !self.must_pause(cx.transport) {
            prefetch.advance(data, &cx.app.positions);
            if lines.is_at_start()
                && let Some(front) = IamAt::parse_front(data)
            {
                data = front.rest;
                self.report(cx, front.line, &front.report);
                continue;
            }
            match lines.next(&mut data, limits::CLIENT_LINE_BYTES_MAX) {
                None => break,
                Some(Line::Whole(line)) => self.command(cx, line, cx.now.posix_nanoseconds),
                Some(Line::TooLong(beginning)) => {
                    tell_too_long(cx);
                    self.refuse(cx.transport, beginning);
                    self.last = true;
                }
            }
        }
        self.lines = lines;
        cx.app.keep_at_hand(cx.now);
        if self.last || !self.must_pause(cx.transport) {
            return;
        }
        cx.transport.pause_reading();
        self.apart.put_off(data);
    }

    /// Whether answers have no more room: neither behind a pending one nor in the transport.
    #[inline(always)]
    fn must_pause(&self, transport: &mut Transport) -> bool {
        self.answers.is_crowded() || !transport.request_room()
    }

    /// Room may have come about: goes on with what was put off, and reads again if that is done.
    fn go_on(&mut self, cx: &mut Context<'_, Node>) {
        if self.last || self.must_pause(cx.transport) {
            return;
        }
        let backlog = self.apart.take_input();
        cx.transport.resume_reading();
        self.process(cx, backlog.as_deref().unwrap_or_default());
    }

    /// After each callback: closes if everything is answered and nothing more is to come (with
    /// `--classic` a client that has its answers and is silent waits for the end), or waits for what
    /// silence may bring.
    fn look_after(&mut self, cx: &mut Context<'_, Node>) {
        let stops_at = if self.silence.stops() { self.end_if_heard_out(cx) } else { None };
        let standing = self.standing(cx.app);
        let classic = cx.app.settings.classic;
        let served = classic && self.silence.is_served(standing, cx.now.monotonic);
        if (self.last || served) && !standing.owes {
            self.end(cx);
            return;
        }
        let deadlines = self.silence.deadlines(standing, classic, cx.app.admission.bounds());
        cx.transport.set_timer(deadlines.next().into_iter().chain(stops_at).min());
    }

    fn standing(&self, node: &Node) -> Standing<'_> {
        let owes = !self.answers.is_empty() || self.apart.has_input() || self.owes_events(node);
        Standing { partial: self.lines.partial(), commanded: self.answered, owes }
    }

    fn end(&mut self, cx: &mut Context<'_, Node>) {
        self.stop_watching(cx);
        cx.transport.set_timer(None);
        if self.leaves {
            cx.transport.leave();
        } else {
            cx.transport.close();
        }
    }

    /// Where the time of each command counts.
    #[cold]
    fn timed_data(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        self.silence.hear(cx.now);
        let before = mem::take(&mut self.answered);
        self.process(cx, data);
        if self.answered {
            self.silence.note_command(cx.now);
        }
        self.answered |= before;
        self.look_after(cx);
    }

    /// It has been silent for so long that the log says what it may be waiting for.
    fn hint(&mut self, id: ConnectionId) {
        if self.silence.hint() {
            let bytes = plural(self.lines.partial().len(), "byte");
            info!(
                "client {id}: {bytes} and no line end behind them: a command ends with LF (clients \
                 that send none are served with --classic)"
            );
        }
    }

    /// No command has come for so long.
    fn give_up_if_idle(&mut self, cx: &mut Context<'_, Node>) {
        let waits = self.standing(cx.app).owes || self.is_watching(cx.app);
        if waits || cx.transport.has_output() {
            // It has something to wait for itself.
            self.silence.note_command(cx.now);
            return;
        }
        let which = if self.answered { "--idle" } else { "--first-line" };
        info!("client {}: given up, no command has come in the time of {which}", cx.transport.id());
        self.last = true;
    }

    /// A report whose line has been read already.
    #[inline(always)]
    fn report(&mut self, cx: &mut Context<'_, Node>, line: &[u8], report: &IamAt<'_>) {
        log_in("client", cx.transport.id(), line);
        self.answered = true;
        if self.take_report(cx, report, line, cx.now.posix_nanoseconds).is_none() {
            self.refuse(cx.transport, line);
        }
    }

    /// Answers the command in a line that was there at that time.
    fn command(&mut self, cx: &mut Context<'_, Node>, line: &[u8], got_nanoseconds: i64) {
        log_in("client", cx.transport.id(), line);
        let understood = match Command::parse(line) {
            Ok(None) => return,
            Ok(Some(Command::IamAt(report))) => {
                self.take_report(cx, &report, line, got_nanoseconds)
            }
            Ok(Some(Command::WhatsAt(question))) => self.ask(cx, &question),
            Ok(Some(Command::Near(question))) => self.near(cx, &question, line),
            Ok(Some(Command::Watch(watch))) => self.watch(cx, &watch, line),
            Ok(Some(Command::Unwatch(watch))) => self.unwatch(cx, &watch, line),
            Ok(Some(Command::Forget(forget))) => self.forget(cx, &forget, line, got_nanoseconds),
            Ok(Some(Command::Auth(auth))) => self.authenticate(cx, &auth),
            Ok(Some(Command::Servers)) => self.servers(cx),
            Err(malformed) => {
                tell_malformed(cx, malformed);
                None
            }
        };
        self.answered = true;
        if understood.is_none() {
            self.refuse(cx.transport, line);
        }
    }

    fn refuse(&mut self, transport: &mut Transport, command: &[u8]) {
        self.answers.answer(transport, |out| write_refusal(out, command));
    }

    /// Sends the answers that have come.
    fn send_answered(&mut self, cx: &mut Context<'_, Node>) {
        let node = &mut *cx.app;
        let mut is_served = false;
        let sight = node.sight(self.apart.grant(), Right::Ask, cx.now);
        self.answers.send(cx.transport, |transport, awaited| match awaited {
            Awaited::Places { question, at } => {
                whatsat::write_answer(node, transport, *question, at)
            }
            Awaited::Disk(report) => promised::write_answer(node, transport, report),
            _ => near::write_answer(node, transport, (awaited, sight.as_ref()), &mut is_served),
        });
    }
}

fn write_refusal(out: &mut Vec<u8>, command: &[u8]) {
    out.extend_from_slice(b"? ");
    out.extend_from_slice(command);
    out.push(b'\n');
}

/// Tells of a line that is too long, as a warning now and then.
#[cold]
fn tell_too_long(cx: &mut Context<'_, Node>) {
    let id = cx.transport.id();
    cx.app.counts.refused(Refused::TooLong);
    match cx.app.long_lines.admit(cx.now.monotonic, limits::LONG_LINE_REMINDER) {
        Some(others) => {
            warn!("client {id}: a line is too long; {others} more were since this was last said")
        }
        None => debug!("client {id}: a line is too long"),
    }
}

/// Tells those who look for it what is wrong with a line, and where.
#[cold]
fn tell_malformed(cx: &mut Context<'_, Node>, malformed: Malformed<'_>) {
    let (id, (reason, field)) = (cx.transport.id(), malformed.reason());
    cx.app.counts.refused(refused_for(reason));
    match field {
        [] => debug!("client {id}: that is no command: {reason}"),
        field => debug!("client {id}: that is no command: {reason}, in {}", Printable(field)),
    }
}

/// What a fault of a line counts as.
fn refused_for(reason: Reason<'_>) -> Refused {
    match reason {
        Reason::Unknown(_) | Reason::Capitals(_) | Reason::Fields(..) | Reason::Nothing => {
            Refused::Command
        }
        Reason::ClientEmpty
        | Reason::ClientWhiteSpace
        | Reason::ClientTooLong(_)
        | Reason::ClientNotUtf8
        | Reason::ClientControl => Refused::Client,
        Reason::Location(_) | Reason::NoRadius => Refused::Location,
        Reason::TooLate | Reason::Number("time", _) => Refused::Time,
        Reason::Number(..) | Reason::Fraction(_) | Reason::Beyond(..) => Refused::Number,
    }
}

impl Protocol<Node> for Client {
    fn turns_away(&self) -> bool {
        self.admitted.is_none()
    }

    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        let (id, address) = (cx.transport.id(), peer.address);
        if self.turns_away() {
            debug!("client {id} from {address} is refused");
            cx.transport.write(b"? too many connections\n");
            cx.transport.leave();
            return;
        }
        info!("client {id} connected from {address}");
        self.look_after(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        if self.silence.is_timed() {
            self.timed_data(cx, data);
            return;
        }
        self.process(cx, data);
        if self.lines.has_partial() {
            self.silence.hear(cx.now);
            self.look_after(cx);
        } else if self.last {
            self.look_after(cx);
        }
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        if let Some(line) = self.lines.finish() {
            self.command(cx, &line, cx.now.posix_nanoseconds);
        }
        self.last = true;
        self.look_after(cx);
    }

    /// There may be room.
    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.send_answered(cx);
        self.go_on(cx);
        self.tell(cx);
        self.look_after(cx);
    }

    /// An answer may have come, or it is its turn to be told what it watches. That may be behind the
    /// walks of the links: a report that was put off would be answered before they have told it, so
    /// what was put off waits for the next turn.
    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.send_answered(cx);
        self.tell(cx);
        if self.apart.is_put_off() && !self.last && !self.must_pause(cx.transport) {
            cx.transport.yield_turn();
        }
        self.look_after(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let (classic, bounds) = (cx.app.settings.classic, cx.app.admission.bounds());
        let deadlines = self.silence.deadlines(self.standing(cx.app), classic, bounds);
        match deadlines.due(cx.now.monotonic) {
            Some(Timer::Command) if self.silence.waits_on(self.lines.partial()) => {}
            Some(Timer::Command) => {
                if let Some(line) = self.lines.finish() {
                    self.command(cx, &line, self.silence.heard_nanoseconds);
                }
            }
            Some(Timer::Hint) => self.hint(cx.transport.id()),
            Some(Timer::Idle) => self.give_up_if_idle(cx),
            Some(Timer::Served) | None => {}
        }
        self.look_after(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.silence.stop();
        self.look_after(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        self.forget_questions(cx);
        self.stop_watching(cx);
        let Some(admitted) = self.admitted.take() else {
            debug!("client {}: {cause}", cx.transport.id());
            return;
        };
        cx.app.admission.release(&admitted);
        match cause {
            Lost::Stalled => warn!("client {}: {cause}", cx.transport.id()),
            _ => info!("client {}: {cause}", cx.transport.id()),
        }
    }
}

#[cfg(test)]
mod tests;
