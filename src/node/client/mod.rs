//! A client's conversation: commands in, answers out, in the order of the commands.
//!
//! Lines are cut and told apart here. What a command does is in a file of its own, and in which order
//! answers leave is the business of the [`Answers`].

mod answers;
mod iamat;
mod whatsat;

use super::Node;
use super::deadlines::Deadlines;
use super::lines::{Prefetch, log_in};
use crate::limits;
use crate::transport::{ConnectionId, Context, Lost, Monotonic, PeerInfo, Protocol, Transport};
use crate::wire::{Command, IamAt, Line, LineReader, Malformed, Printable};
use answers::Answers;
use log::{Level, debug, info, log_enabled, warn};
use std::mem;

/// The server side of one client's connection.
#[derive(Debug)]
pub(super) struct Client {
    lines: LineReader,
    answers: Answers,
    /// Input that waits for room for its answers, while reading is paused.
    backlog: Box<[u8]>,
    /// With `--classic`: when the last bytes came, by the clock that people see. They are the end of
    /// a command if silence follows.
    heard_nanoseconds: i64,
    /// With `--classic`: until when silence must last for that.
    silent_at: Monotonic,
    /// Whether there was a command to answer.
    answered: bool,
    /// No more commands come: when all is answered the connection is closed.
    last: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    /// With `--classic`, the silence that ends a command.
    Silence,
}

impl Client {
    pub(super) fn new() -> Self {
        Client {
            lines: LineReader::new(),
            answers: Answers::default(),
            backlog: Box::default(),
            heard_nanoseconds: 0,
            silent_at: Monotonic::default(),
            answered: false,
            last: false,
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
                    warn!("client {}: a line is too long", cx.transport.id());
                    self.refuse(cx.transport, beginning);
                    self.last = true;
                }
            }
        }
        self.lines = lines;
        if self.last || !self.must_pause(cx.transport) {
            return;
        }
        cx.transport.pause_reading();
        self.backlog = data.into();
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
        let backlog = mem::take(&mut self.backlog);
        cx.transport.resume_reading();
        self.process(cx, &backlog);
    }

    /// After each callback: closes if everything is answered and nothing more is to come. With
    /// `--classic` silence ends a command, and a client that has its answers waits for the end.
    fn close_if_done(&mut self, cx: &mut Context<'_, Node>) {
        let mut done = self.last;
        if cx.app.settings.classic {
            self.silent_at = cx.now.monotonic + limits::CLASSIC_SILENCE;
            let deadlines = self.deadlines();
            cx.transport.set_timer(deadlines.next());
            done |= self.answered && !self.lines.has_partial();
        }
        if done && self.answers.is_empty() && self.backlog.is_empty() {
            cx.transport.close();
        }
    }

    fn deadlines(&self) -> Deadlines<Timer, 1> {
        Deadlines([(Timer::Silence, self.lines.has_partial().then_some(self.silent_at))])
    }

    /// A report whose line has been read already.
    #[inline(always)]
    fn report(&mut self, cx: &mut Context<'_, Node>, line: &[u8], report: &IamAt<'_>) {
        log_in("client", cx.transport.id(), line);
        self.answered = true;
        if self.take_report(cx, report, cx.now.posix_nanoseconds).is_none() {
            self.refuse(cx.transport, line);
        }
    }

    /// Answers the command in a line that was there at that time.
    fn command(&mut self, cx: &mut Context<'_, Node>, line: &[u8], got_nanoseconds: i64) {
        log_in("client", cx.transport.id(), line);
        let understood = match Command::parse(line) {
            Ok(None) => return,
            Ok(Some(Command::IamAt(report))) => self.take_report(cx, &report, got_nanoseconds),
            Ok(Some(Command::WhatsAt(question))) => self.ask(cx, &question),
            Err(malformed) => {
                log_malformed(cx.transport.id(), malformed);
                None
            }
        };
        self.answered = true;
        if understood.is_none() {
            self.refuse(cx.transport, line);
        }
    }

    fn refuse(&mut self, transport: &mut Transport, command: &[u8]) {
        self.answers.answer(transport, |out| {
            out.extend_from_slice(b"? ");
            out.extend_from_slice(command);
            out.push(b'\n');
        });
    }
}

/// Tells those who look for it what is wrong with a line, and where.
#[cold]
fn log_malformed(id: ConnectionId, malformed: Malformed<'_>) {
    if log_enabled!(Level::Debug) {
        match malformed.reason() {
            (reason, []) => debug!("client {id}: that is no command: {reason}"),
            (reason, field) => {
                let field = Printable(field);
                debug!("client {id}: that is no command: {reason}, in {field}");
            }
        }
    }
}

impl Protocol<Node> for Client {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        info!("client {} connected from {}", cx.transport.id(), peer.address);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        if cx.app.settings.classic {
            self.heard_nanoseconds = cx.now.posix_nanoseconds;
        }
        self.process(cx, data);
        self.close_if_done(cx);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        if let Some(line) = self.lines.finish() {
            self.command(cx, &line, cx.now.posix_nanoseconds);
        }
        self.last = true;
        self.close_if_done(cx);
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.send_answered(cx);
        self.go_on(cx);
        self.close_if_done(cx);
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.send_answered(cx);
        self.go_on(cx);
        self.close_if_done(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        match self.deadlines().due(cx.now.monotonic) {
            Some(Timer::Silence) => {
                if let Some(line) = self.lines.finish() {
                    self.command(cx, &line, self.heard_nanoseconds);
                }
            }
            None => {}
        }
        self.close_if_done(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        // What was not taken in is not answered, and so not promised to be passed on.
        self.last = true;
        self.backlog = Box::default();
        cx.transport.pause_reading();
        self.close_if_done(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        self.forget_questions(cx);
        match cause {
            Lost::Stalled => warn!("client {}: {cause}", cx.transport.id()),
            _ => info!("client {}: {cause}", cx.transport.id()),
        }
    }
}

#[cfg(test)]
mod tests;
