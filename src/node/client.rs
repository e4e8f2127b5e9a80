//! A client's conversation: commands in, answers out, in the order of the commands.

use super::lines::{Prefetch, TRAFFIC, lines_are_logged, log_in, log_out};
use super::{Node, QuestionId};
use crate::limits;
use crate::places::Search;
use crate::positions::{Report, Text, Update};
use crate::transport::{ConnectionId, Context, Lost, Protocol, Transport};
use crate::wire::neighbour::{write_at, write_at_after};
use crate::wire::{Command, IamAt, Line, LineReader, Location, Printable, WhatsAt, plural};
use log::{debug, info, warn};
use std::collections::VecDeque;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// The server side of one client's connection.
#[derive(Debug)]
pub(super) struct Client {
    peer: SocketAddr,
    lines: LineReader,
    /// None unless a `WHATSAT` waits for Places or input waits for room: idle clients stay small.
    waiting: Option<Box<Waiting>>,
    /// With `--classic`: when the last bytes came, by the clock that people see. They are the end of
    /// a command if silence follows.
    heard_nanoseconds: i64,
    /// Whether there was a command to answer.
    answered: bool,
    /// No more commands come: when all is answered the connection is closed.
    last: bool,
}

/// What keeps a client's answers from going out at once.
#[derive(Debug, Default)]
struct Waiting {
    /// The `WHATSAT`s without an answer, in their order.
    questions: VecDeque<Question>,
    /// Bytes in `Question::behind`, all together.
    held_bytes: usize,
    /// Input that came with the command that made us pause.
    backlog: Vec<u8>,
}

/// A `WHATSAT` that waits for Places.
#[derive(Debug)]
struct Question {
    id: QuestionId,
    /// The `AT` line that its answer begins with.
    at: Vec<u8>,
    /// Answers to the commands behind it.
    behind: Vec<u8>,
}

impl Client {
    pub(super) fn new(peer: SocketAddr) -> Self {
        Client {
            peer,
            lines: LineReader::new(),
            waiting: None,
            heard_nanoseconds: 0,
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
        if !data.is_empty() {
            self.waiting.get_or_insert_default().backlog = data.to_vec();
        }
    }

    /// Whether answers have no more room: neither behind a question nor in the transport.
    fn must_pause(&self, transport: &mut Transport) -> bool {
        let crowded = self.waiting.as_ref().is_some_and(|waiting| {
            waiting.questions.len() >= limits::QUERIES_PER_CLIENT_MAX
                || waiting.held_bytes >= limits::HELD_ANSWERS_BYTES_MAX
        });
        crowded || transport.is_full()
    }

    /// Room may have come about: goes on with what was put off, and reads again if that is done.
    fn go_on(&mut self, cx: &mut Context<'_, Node>) {
        if self.last || self.must_pause(cx.transport) {
            return;
        }
        let backlog = self
            .waiting
            .as_mut()
            .map(|waiting| mem::take(&mut waiting.backlog))
            .unwrap_or_default();
        cx.transport.resume_reading();
        self.process(cx, &backlog);
        self.drop_empty_waiting();
    }

    fn drop_empty_waiting(&mut self) {
        if self.waiting.as_ref().is_some_and(|w| w.questions.is_empty() && w.backlog.is_empty()) {
            self.waiting = None;
        }
    }

    /// After each callback: closes if everything is answered and nothing more is to come. With
    /// `--classic` silence ends a command, and a client that has its answers waits for the end.
    fn close_if_done(&self, cx: &mut Context<'_, Node>) {
        let mut done = self.last;
        if cx.app.settings.classic {
            let half = self.lines.has_partial();
            cx.transport.set_timer(half.then(|| cx.now.monotonic + limits::CLASSIC_SILENCE));
            done |= self.answered && !half;
        }
        if done && self.waiting.is_none() {
            cx.transport.close();
        }
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
            Err(_) => {
                debug!("client {}: that is no command", cx.transport.id());
                None
            }
        };
        self.answered = true;
        if understood.is_none() {
            self.refuse(cx.transport, line);
        }
    }

    /// `IAMAT`: None if the clock or the store says no.
    #[inline(always)]
    fn take_report(
        &mut self,
        cx: &mut Context<'_, Node>,
        report: &IamAt<'_>,
        got_nanoseconds: i64,
    ) -> Option<()> {
        let text = report.text();
        let text = Text::new(&text, report.client.len(), report.location.len())?;
        self.take_position(cx, text, report.time_nanoseconds, got_nanoseconds)
    }

    fn take_position(
        &mut self,
        cx: &mut Context<'_, Node>,
        text: Text<'_>,
        time_nanoseconds: i64,
        got_nanoseconds: i64,
    ) -> Option<()> {
        let node = &mut *cx.app;
        // Both are nanoseconds since 1970, neither below zero.
        let difference_nanoseconds = got_nanoseconds - time_nanoseconds;
        if difference_nanoseconds < -node.settings.max_skew_nanoseconds {
            log_ahead(cx.transport.id(), -difference_nanoseconds);
            return None;
        }
        let report = Report { origin: node.origin, difference_nanoseconds, time_nanoseconds, text };
        let update = node.positions.report(&report);
        if update == Update::Full {
            node.tell_no_room(cx.now.monotonic);
            return None;
        }
        let beginning = &node.settings.at_beginning;
        let compose = |out: &mut Vec<u8>| {
            write_at_after(out, beginning, difference_nanoseconds, text.bytes());
        };
        self.answer(cx.transport, compose);
        Some(())
    }

    /// `WHATSAT`: None if the client is not known.
    fn ask(&mut self, cx: &mut Context<'_, Node>, question: &WhatsAt<'_>) -> Option<()> {
        let node = &mut *cx.app;
        let Some(position) = node.positions.find(question.client) else {
            debug!("client {}: nobody has told where that client is", cx.transport.id());
            return None;
        };
        let location = Location::parse(position.location())?;
        let mut at = Vec::new();
        let difference = position.difference_nanoseconds();
        write_at(&mut at, position.origin_name(), difference, position.text().bytes());
        let search = Search {
            latitude_nanodegrees: location.latitude_nanodegrees,
            longitude_nanodegrees: location.longitude_nanodegrees,
            radius_micrometres: question.radius_micrometres,
        };
        let asker = cx.transport.id();
        let id = node.questions.ask(search, question.bound, asker, cx.now);
        info!(target: TRAFFIC, "client {asker} waits for the answer to question {id}");
        let waiting = self.waiting.get_or_insert_default();
        waiting.questions.push_back(Question { id, at, behind: Vec::new() });
        Some(())
    }

    fn refuse(&mut self, transport: &mut Transport, command: &[u8]) {
        self.answer(transport, |out| {
            out.extend_from_slice(b"? ");
            out.extend_from_slice(command);
            out.push(b'\n');
        });
    }

    /// Sends what `compose` appends, behind the questions that still wait.
    #[inline(always)]
    fn answer(&mut self, transport: &mut Transport, compose: impl FnOnce(&mut Vec<u8>)) {
        let question = self.waiting.as_mut().and_then(|waiting| {
            let held_bytes = &mut waiting.held_bytes;
            waiting.questions.back_mut().map(|question| (held_bytes, &mut question.behind))
        });
        let Some((held_bytes, behind)) = question else {
            let id = transport.id();
            transport.write_with(|out| {
                let start = out.len();
                compose(out);
                log_answer(id, &out[start..]);
            });
            return;
        };
        // It is logged when it is sent.
        let before = behind.len();
        compose(behind);
        *held_bytes += behind.len() - before;
    }

    /// Sends the answers that have come, as far as no earlier one is missing and there is room: an
    /// answer may be large, and until it is sent it is shared by all who asked the same.
    fn send_answered(&mut self, cx: &mut Context<'_, Node>) {
        let Some(waiting) = self.waiting.as_mut() else {
            return;
        };
        while let Some(question) = waiting.questions.front_mut()
            && !cx.transport.is_full()
        {
            let Some(json) = cx.app.questions.take_answer(question.id) else {
                break;
            };
            let id = cx.transport.id();
            cx.transport.write(&question.at);
            cx.transport.write_with(|out| {
                let json_bytes = plural(json.write(out), "byte");
                let at = Printable(without_end(&question.at));
                info!(target: TRAFFIC, "client {id} > {at} and {json_bytes} of JSON");
                out.extend_from_slice(b"\n\n");
            });
            cx.transport.write(&question.behind);
            for answer in question.behind.split_inclusive(|&byte| byte == b'\n') {
                log_answer(id, answer);
            }
            waiting.held_bytes -= question.behind.len();
            waiting.questions.pop_front();
        }
        self.drop_empty_waiting();
    }
}

// Apart, as it is rare.
#[cold]
fn log_ahead(id: ConnectionId, ahead_nanoseconds: i64) {
    let ahead = Duration::from_nanos(ahead_nanoseconds.unsigned_abs());
    debug!("client {id}: that time is {ahead:?} ahead of our clock, more than --max-skew");
}

/// Logs an answer as it is sent.
#[inline]
fn log_answer(id: ConnectionId, answer: &[u8]) {
    if lines_are_logged() {
        log_out("client", id, without_end(answer));
    }
}

/// A line without its LF; all else in it is shown.
fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

impl Protocol<Node> for Client {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>) {
        info!("client {} connected from {}", cx.transport.id(), self.peer);
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
        if let Some(line) = self.lines.finish() {
            self.command(cx, &line, self.heard_nanoseconds);
        }
        self.close_if_done(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        // What was not taken in is not answered, and so not promised to be passed on.
        self.last = true;
        if let Some(waiting) = self.waiting.as_mut() {
            waiting.backlog = Vec::new();
        }
        self.drop_empty_waiting();
        cx.transport.pause_reading();
        self.close_if_done(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        for question in self.waiting.take().into_iter().flat_map(|waiting| waiting.questions) {
            cx.app.questions.forget(question.id, cx.now.monotonic);
        }
        match cause {
            Lost::Stalled => warn!("client {}: {cause}", cx.transport.id()),
            _ => info!("client {}: {cause}", cx.transport.id()),
        }
    }
}

#[cfg(test)]
mod tests;
