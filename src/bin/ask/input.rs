//! The commands, as they are read, and once more those that a server that has gone left unanswered.

use crate::answers::is_watch;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TryRecvError};
use std::thread;

/// Commands that have been read and not been taken, at most.
const READ_AHEAD: usize = 256;

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A line, without its end.
    Command(Vec<u8>),
    /// The commands could not be read; then they end.
    Failed(io::Error),
    /// There are no more.
    End,
    /// Nobody is there any more to take them.
    Over,
}

/// Commands that one connection after the other takes.
#[derive(Debug)]
pub struct Input {
    /// Those that come before what is read.
    again: VecDeque<Vec<u8>>,
    read: Receiver<Next>,
    has_ended: bool,
    interruption: Interruption,
}

/// Wakes whoever waits for commands.
#[derive(Debug, Clone)]
pub struct Interruption {
    is_over: Arc<AtomicBool>,
    wake: SyncSender<Next>,
}

impl Input {
    /// The lines of these commands, and then those that `source` has, if it is there: they are read on a
    /// thread of its own, as whoever types may take any time.
    pub fn new(commands: &str, source: Option<Box<dyn Read + Send>>) -> Input {
        let (sender, read) = mpsc::sync_channel(READ_AHEAD);
        let wake = sender.clone();
        let interruption = Interruption { is_over: Arc::default(), wake };
        let again = commands.lines().map(|line| line.as_bytes().to_vec()).collect();
        let has_ended = source.is_none();
        if let Some(source) = source {
            thread::spawn(move || read_lines(BufReader::new(source), &sender));
        }
        Input { again, read, has_ended, interruption }
    }

    /// What ends the waiting for the next one.
    pub fn interruption(&self) -> Interruption {
        self.interruption.clone()
    }

    /// The next one, which is waited for, but for being interrupted.
    pub fn next(&mut self) -> Next {
        loop {
            if self.interruption.is_over.load(Ordering::Acquire) {
                return Next::Over;
            }
            match self.take_at_hand(|read| read.recv().map_err(|_| TryRecvError::Disconnected)) {
                // It was for an earlier connection.
                Some(Next::Over) => {}
                Some(next) => return next,
                None => return Next::End,
            }
        }
    }

    /// The next one, if it is there.
    pub fn next_at_hand(&mut self) -> Option<Next> {
        loop {
            match self.take_at_hand(Receiver::try_recv) {
                // It was for an earlier connection, or for who waits.
                Some(Next::Over) => {}
                next => return next,
            }
        }
    }

    fn take_at_hand(
        &mut self,
        take: impl FnOnce(&Receiver<Next>) -> Result<Next, TryRecvError>,
    ) -> Option<Next> {
        if let Some(command) = self.again.pop_front() {
            return Some(Next::Command(command));
        }
        if self.has_ended {
            return Some(Next::End);
        }
        let next = match take(&self.read) {
            Ok(next) => next,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Next::End,
        };
        self.has_ended |= matches!(next, Next::End);
        Some(next)
    }

    /// Another connection takes commands: first these.
    pub fn begin_again(&mut self, first: impl DoubleEndedIterator<Item = Vec<u8>>) {
        self.interruption.is_over.store(false, Ordering::Release);
        first.rev().for_each(|command| self.again.push_front(command));
    }
}

impl Interruption {
    /// Nobody takes commands any more.
    pub fn interrupt(&self) {
        self.is_over.store(true, Ordering::Release);
        // If there is no room, nobody waits.
        let _ = self.wake.try_send(Next::Over);
    }
}

fn read_lines(mut source: BufReader<Box<dyn Read + Send>>, lines: &SyncSender<Next>) {
    loop {
        let mut line = Vec::new();
        let next = match source.read_until(b'\n', &mut line) {
            Ok(0) => Next::End,
            Ok(_) => {
                line.pop_if(|last| *last == b'\n');
                Next::Command(line)
            }
            Err(error) => {
                let _ = lines.send(Next::Failed(error));
                Next::End
            }
        };
        let is_last = matches!(next, Next::End);
        // Nobody listens any more only when the process is about to end.
        if lines.send(next).is_err() || is_last {
            return;
        }
    }
}

/// Keeps a [`Held`] from ending.
#[derive(Debug)]
pub struct Hold {
    _end: Sender<()>,
}

/// An input without anything in it that ends when its [`Hold`] is dropped: behind a watch it keeps
/// our half of the connection open, at whose close the server would end the watch.
#[derive(Debug)]
pub struct Held {
    end: Receiver<()>,
}

impl Held {
    /// One that has not ended, and what keeps it from that.
    pub fn new() -> (Hold, Held) {
        let (hold, end) = mpsc::channel();
        (Hold { _end: hold }, Held { end })
    }
}

impl Read for Held {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        // Nothing is ever sent: this waits for the hold's end.
        let _ = self.end.recv();
        Ok(0)
    }
}

/// The watches that are in force, as far as the commands tell, in their order.
#[derive(Debug, Default)]
pub struct Watches(Vec<Vec<u8>>);

impl Watches {
    /// That command was answered.
    pub fn note(&mut self, command: &[u8]) {
        let ends_one = fields(command).next() == Some(b"UNWATCH");
        if ends_one || is_watch(command) {
            self.0.retain(|known| !fields(known).skip(1).eq(fields(command).skip(1)));
        }
        if !ends_one && is_watch(command) {
            self.0.push(command.to_vec());
        }
    }

    /// Those that are in force; none is any more.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0)
    }
}

fn fields(command: &[u8]) -> impl Iterator<Item = &[u8]> {
    command.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn commands(input: &mut Input) -> Vec<String> {
        let mut commands = Vec::new();
        while let Next::Command(command) = input.next() {
            commands.push(String::from_utf8(command).unwrap());
        }
        commands
    }

    #[test]
    fn what_is_to_be_said_again_comes_first() {
        let source = Cursor::new("two\r\n\nfour");
        let mut input = Input::new("one", Some(Box::new(source)));
        assert!(matches!(input.next(), Next::Command(one) if one == b"one"));
        input.interruption().interrupt();
        assert!(matches!(input.next(), Next::Over));
        input.begin_again([b"zero".to_vec(), b"one".to_vec()].into_iter());
        assert_eq!(commands(&mut input), ["zero", "one", "two\r", "", "four"]);
        assert!(matches!(input.next(), Next::End), "and stays so");
    }

    #[test]
    fn who_waits_is_woken() {
        let (_hold, held) = Held::new();
        let mut input = Input::new("", Some(Box::new(held)));
        let interruption = input.interruption();
        let waits = thread::spawn(move || input.next());
        interruption.interrupt();
        assert!(matches!(waits.join().unwrap(), Next::Over));
    }

    #[test]
    fn an_interruption_for_which_nobody_waited_ends_nothing_later() {
        let (hold, held) = Held::new();
        let mut input = Input::new("", Some(Box::new(held.chain(Cursor::new("one")))));
        input.interruption().interrupt();
        input.begin_again([].into_iter());
        assert!(input.next_at_hand().is_none());
        drop(hold);
        assert_eq!(commands(&mut input), ["one"]);
    }

    #[test]
    fn watches_are_known_until_they_are_ended() {
        let mut watches = Watches::default();
        for command in
            ["WATCH a", "WATCH b", "UNWATCH  a", "IAMAT WATCH +1+1 1", "WATCH b", "UNWATCH c"]
        {
            watches.note(command.as_bytes());
        }
        assert_eq!(watches.take(), [b"WATCH b"]);
        assert!(watches.take().is_empty());
    }
}
