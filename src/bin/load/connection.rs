//! One connection of the generator: what was asked on it and is not answered yet.

use crate::answer::{Judge, Verdict};
use crate::channel::Channel;
use crate::clock::Clock;
use crate::command::{Composer, Kind};
use crate::dial::Failure;
use crate::schedule::Schedule;
use crate::tally::Tally;
use crate::trust::{Token, is_taken};
use memchr::memchr;
use std::collections::VecDeque;
use std::io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
use std::io::{self, Read, Write};
use std::mem;

/// An answer that grows beyond this is no answer.
const ANSWER_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Answered commands that are kept in front of those that are not.
const ANSWERED_BYTES_MAX: usize = 64 * 1_024;

/// What all connections share.
pub struct Work<'a> {
    pub clock: Clock,
    pub schedule: Schedule,
    pub composer: &'a mut Composer,
    pub judge: &'a mut Judge,
    pub tally: Tally,
    /// Commands without an answer, of all connections.
    pub in_flight: usize,
    /// When the last answer came.
    pub last_answer: u64,
    /// Since when the next one is waited for, while commands are in flight.
    pub waiting_since: u64,
    pub buffer: Box<[u8]>,
}

/// A connection, or the place for one.
#[derive(Debug, Default)]
pub struct Connection {
    channel: Option<Channel>,
    /// Commands in the order in which they were made; the first `answered` bytes are done with.
    commands: Vec<u8>,
    answered: usize,
    written: usize,
    owed: VecDeque<Owed>,
    /// The beginning of an answer that is not whole.
    input: Vec<u8>,
    /// Whether our half was closed.
    finished: bool,
    /// Whether the first line that comes answers the token.
    showed_token: bool,
    /// Which of the places it goes to.
    place: usize,
}

/// An answer that is owed.
#[derive(Debug)]
struct Owed {
    /// When the command should have been sent.
    due: u64,
    /// Bytes of the command.
    length: usize,
    kind: Kind,
}

/// How it stands with a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Open,
    /// The peer has closed it.
    Ended,
}

impl Connection {
    /// Takes a channel that is connected, or connects, and shows the token, if there is one to show.
    pub fn open(&mut self, channel: Channel, token: Option<&Token>) {
        *self = Connection {
            channel: Some(channel),
            commands: mem::take(&mut self.commands),
            owed: mem::take(&mut self.owed),
            input: mem::take(&mut self.input),
            ..Connection::default()
        };
        if let Some(token) = token {
            self.commands.extend_from_slice(&token.command());
            self.answered = self.commands.len();
            self.showed_token = true;
        }
    }

    /// Which of the places it goes to.
    pub fn place(&self) -> usize {
        self.place
    }

    /// From now on it goes there.
    pub fn move_to(&mut self, place: usize) {
        self.place = place;
    }

    /// Takes another channel in place of one that has gone, for all that has not been answered.
    pub fn reopen(&mut self, channel: Channel) {
        self.channel = Some(channel);
        self.input.clear();
        self.written = self.answered;
    }

    /// Closes it; how many answers were owed.
    pub fn close(&mut self) -> usize {
        self.channel = None;
        self.commands.clear();
        self.input.clear();
        let owed = self.owed.len();
        self.owed.clear();
        owed
    }

    /// Whether there is one.
    pub fn is_open(&self) -> bool {
        self.channel.is_some()
    }

    /// Answers that are owed.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// Makes the next command if it is due; whether it was.
    pub fn ask(&mut self, now: u64, work: &mut Work<'_>) -> bool {
        let Some(due) = work.schedule.take(now) else {
            return false;
        };
        let before = self.commands.len();
        let kind = work.composer.compose(&mut self.commands, work.clock.posix(now));
        self.owed.push_back(Owed { due, length: self.commands.len() - before, kind });
        if work.in_flight == 0 {
            work.waiting_since = now;
        }
        work.in_flight += 1;
        true
    }

    /// Writes what was made and not written, as far as the socket takes it.
    pub fn flush(&mut self, then_finish: bool) -> io::Result<()> {
        let Some(channel) = self.channel.as_mut() else {
            return Ok(());
        };
        while self.written < self.commands.len() {
            match channel.write(&self.commands[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) => match error.kind() {
                    Interrupted => {}
                    // Not connected yet, it tells when it is.
                    WouldBlock | NotConnected => return Ok(()),
                    _ => return Err(error),
                },
            }
        }
        match channel.flush() {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), WouldBlock | NotConnected) => return Ok(()),
            Err(error) => return Err(error),
        }
        if then_finish && !self.finished {
            self.finished = channel.finish()?;
        }
        Ok(())
    }

    /// Takes what has come. `to_the_end` tells that a short read may not be the last.
    pub fn receive(&mut self, work: &mut Work<'_>, to_the_end: bool) -> io::Result<Standing> {
        loop {
            let Some(channel) = self.channel.as_mut() else {
                return Ok(Standing::Open);
            };
            match channel.read(&mut work.buffer) {
                Ok(0) => return Ok(Standing::Ended),
                Ok(count) => {
                    let buffer = mem::take(&mut work.buffer);
                    let taken = self.take(&buffer[..count], work);
                    work.buffer = buffer;
                    taken?;
                    if count < work.buffer.len() && !to_the_end {
                        return Ok(Standing::Open);
                    }
                }
                Err(error) => match error.kind() {
                    Interrupted => {}
                    WouldBlock | NotConnected => {
                        return Ok(Standing::Open);
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    fn take(&mut self, data: &[u8], work: &mut Work<'_>) -> io::Result<()> {
        if self.showed_token {
            return self.take_first(data, work);
        }
        if self.input.is_empty() {
            let taken = self.judge(data, work)?;
            self.input.extend_from_slice(&data[taken..]);
        } else {
            let mut input = mem::take(&mut self.input);
            input.extend_from_slice(data);
            let taken = self.judge(&input, work)?;
            input.drain(..taken);
            self.input = input;
        }
        if self.input.len() > ANSWER_BYTES_MAX {
            return Err(io::Error::other("an answer has no end"));
        }
        Ok(())
    }

    /// Takes what begins with the answer to the token.
    #[cold]
    fn take_first(&mut self, data: &[u8], work: &mut Work<'_>) -> io::Result<()> {
        self.input.extend_from_slice(data);
        let Some(end) = memchr(b'\n', &self.input) else {
            let whole = self.input.len() <= ANSWER_BYTES_MAX;
            return if whole { Ok(()) } else { Err(io::Error::other("an answer has no end")) };
        };
        let input = mem::take(&mut self.input);
        if !is_taken(&input[..end]) {
            return Err(io::Error::other(Failure::Refused.to_string()));
        }
        self.showed_token = false;
        let rest = &input[end + 1..];
        if rest.is_empty() { Ok(()) } else { self.take(rest, work) }
    }

    /// Judges the answers that are whole; how many bytes they were.
    fn judge(&mut self, data: &[u8], work: &mut Work<'_>) -> io::Result<usize> {
        // The buffer may hold thousands of answers, but it was read at once.
        let now = work.clock.now();
        let mut rest = data;
        while let Some(owed) = self.owed.front() {
            let command = &self.commands[self.answered..][..owed.length];
            let age = now - owed.due.min(now);
            let Some(verdict) = work.judge.judge(owed.kind, command, rest, age) else {
                break;
            };
            let Verdict { length, right, places_failed } = verdict;
            let (answer, others) = rest.split_at(length);
            rest = others;
            work.tally.answered(owed.kind, age);
            work.tally.places_failed += u64::from(places_failed);
            if !right {
                work.tally.mistaken(command, answer);
            }
            self.answered += owed.length;
            self.owed.pop_front();
            work.in_flight -= 1;
        }
        if rest.len() < data.len() {
            work.last_answer = now;
            work.waiting_since = now;
            self.forget_answered();
        }
        if self.owed.is_empty() && !rest.is_empty() {
            work.tally.mistaken(b"nothing", rest);
            return Err(io::Error::other("more was answered than was asked"));
        }
        Ok(data.len() - rest.len())
    }

    fn forget_answered(&mut self) {
        if self.answered == self.commands.len() || self.answered > ANSWERED_BYTES_MAX {
            self.commands.drain(..self.answered);
            self.written -= self.answered;
            self.answered = 0;
        }
    }
}
