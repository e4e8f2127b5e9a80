//! The conversation with a server: commands go out as they are read, answers are printed as they come, and
//! why a command was refused is told beside them. If the server goes away it may go on with another.

use crate::answers::{Answers, Shape, owed_for, why_refused, with_time};
use crate::dial::Dialled;
use crate::input::{Hold, Input, Next, Watches};
use crate::stream::{self, Commands};
use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::mem;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Bytes of answers read at a time.
const READ_BYTES: usize = 64 * 1_024;

/// Refusals that are explained; of many of them the first tell what is wrong.
const EXPLAINED_MAX: usize = 20;

/// What is asked, on one connection or on one after the other.
pub struct Conversation {
    /// None while a connection takes commands.
    input: Option<Input>,
    /// What keeps the input from ending, if it is a watch: until the watch is refused.
    held: Option<Hold>,
    /// How long to wait for more of what the server owes.
    timeout: Duration,
    watches: Watches,
    /// Whether an answer was a refusal.
    refused: bool,
    /// How many refusals have been explained.
    explained: usize,
    /// Whether something has come since somebody asked.
    was_answered: bool,
}

/// Why not everything was asked and answered.
#[derive(Debug)]
pub enum Trouble {
    /// The commands could not be read.
    Input(io::Error),
    /// The answers could not be printed.
    Output(io::Error),
    /// Nobody wants more output.
    OutputClosed,
    /// The connection broke.
    Broken(io::Error),
    /// The server closed the connection though this many answers were owed.
    Closed(usize),
    /// The server closed the connection though there may have been more commands.
    ClosedEarly,
    /// The connection ended, and with it the watch; why, if it was not closed by the server.
    WatchEnded(Option<io::Error>),
    /// The server was silent for too long though it owed answers or the connection's end.
    Silent(Duration),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Input(error) => write!(f, "the commands cannot be read: {error}"),
            Trouble::Output(error) => write!(f, "the answers cannot be printed: {error}"),
            Trouble::OutputClosed => f.write_str("the output is closed"),
            Trouble::Broken(error) => write!(f, "the connection broke: {error}"),
            Trouble::Closed(1) => f.write_str("the connection was closed, one answer is missing"),
            Trouble::Closed(owed) => {
                write!(f, "the connection was closed, {owed} answers are missing")
            }
            Trouble::ClosedEarly => f.write_str("the connection was closed before the input's end"),
            Trouble::WatchEnded(None) => {
                f.write_str("the server has closed the connection, nothing is watched any more")
            }
            Trouble::WatchEnded(Some(error)) => {
                write!(f, "the connection broke, nothing is watched any more: {error}")
            }
            Trouble::Silent(timeout) => write!(f, "nothing came for {} s", timeout.as_secs()),
        }
    }
}

impl Trouble {
    /// Whether another server may do better.
    pub fn is_the_server_s(&self) -> bool {
        match self {
            Trouble::Input(_) | Trouble::Output(_) | Trouble::OutputClosed => false,
            Trouble::Broken(_)
            | Trouble::Closed(_)
            | Trouble::ClosedEarly
            | Trouble::WatchEnded(_)
            | Trouble::Silent(_) => true,
        }
    }
}

impl Conversation {
    /// Of these commands, which do not end while something is held.
    pub fn new(input: Input, held: Option<Hold>, timeout: Duration) -> Conversation {
        Conversation {
            input: Some(input),
            held,
            timeout,
            watches: Watches::default(),
            refused: false,
            explained: 0,
            was_answered: false,
        }
    }

    /// Whether an answer was a refusal.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// Whether something has come since this was asked last.
    pub fn take_was_answered(&mut self) -> bool {
        mem::take(&mut self.was_answered)
    }

    /// Sends commands and prints the answers to `output` until the server closes, and to `notes` why one
    /// was refused. If something goes wrong with the server, the next connection begins with what was not
    /// answered and with what was watched.
    pub fn hold(
        &mut self,
        dialled: Dialled,
        output: &mut impl Write,
        notes: &mut impl Write,
    ) -> Result<(), Trouble> {
        let (stream, commands) = stream::split(dialled).map_err(Trouble::Broken)?;
        let Some(input) = self.input.take() else { return Ok(()) };
        let (sent, awaited) = mpsc::channel();
        let interruption = input.interruption();
        // Commands and answers flow at the same time, or a long input would fill both directions.
        let sending = thread::spawn(move || send(input, &commands, sent));
        let mut reading = Reading {
            stream,
            awaited,
            input_failure: None,
            answers: Answers::default(),
            progress: Instant::now(),
            of: self,
        };
        let outcome = reading.run(output, notes);
        if outcome.as_ref().is_err_and(|trouble| !trouble.is_the_server_s()) {
            // Somebody may still be typing.
            return outcome;
        }
        interruption.interrupt();
        reading.stream.close();
        let input = sending.join();
        reading.note_sent();
        let owed = reading.answers.take_owed();
        if let Ok(mut input) = input {
            let mut again = self.watches.take();
            again.retain(|watch| !owed.contains(watch));
            again.extend(owed);
            input.begin_again(again.into_iter());
            self.input = Some(input);
        }
        outcome
    }
}

/// A command was sent that is owed an answer.
#[derive(Debug)]
struct Sent {
    shape: Shape,
    command: Vec<u8>,
    at: Instant,
}

/// Sends commands until the input ends or fails or the connection is gone; gives back the input. What
/// becomes of the connection is seen where answers are read.
fn send(mut input: Input, commands: &Commands, sent: Sender<io::Result<Sent>>) -> Input {
    let mut output = BufWriter::new(commands);
    loop {
        let next = match input.next_at_hand() {
            Some(next) => next,
            None if output.flush().is_ok() => input.next(),
            None => break,
        };
        match next {
            Next::Command(line) => {
                if send_line(&line, &mut output, &sent).is_err() {
                    break;
                }
            }
            Next::Failed(error) => {
                let _ = sent.send(Err(error));
            }
            Next::End | Next::Over => break,
        }
    }
    // The reader must know that nothing more will be asked before the server can.
    drop(sent);
    let _ = output.flush();
    commands.finish();
    input
}

fn send_line(
    command: &[u8],
    output: &mut impl Write,
    sent: &Sender<io::Result<Sent>>,
) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let command = with_time(command, now);
    if let Some(shape) = owed_for(&command) {
        // Nobody listens any more only when the process is about to end.
        let _ = sent.send(Ok(Sent { shape, command: command.clone(), at: Instant::now() }));
    }
    output.write_all(&command)?;
    output.write_all(b"\n")
}

/// The answers' side of a conversation.
struct Reading<'a> {
    stream: stream::Answers,
    awaited: Receiver<io::Result<Sent>>,
    input_failure: Option<io::Error>,
    answers: Answers,
    /// When last something came or, with nothing owed before, something was asked.
    progress: Instant,
    of: &'a mut Conversation,
}

impl Reading<'_> {
    fn run(&mut self, output: &mut impl Write, notes: &mut impl Write) -> Result<(), Trouble> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let wait = self.of.timeout.saturating_sub(self.progress.elapsed());
            // A timeout of zero would mean none at all.
            let wait = wait.max(Duration::from_millis(1));
            self.stream.set_timeout(wait).map_err(Trouble::Broken)?;
            let read = self.stream.read(&mut buffer);
            let more_to_ask = self.note_sent();
            match read {
                Ok(0) => return self.at_end(more_to_ask),
                Ok(read) => {
                    self.progress = Instant::now();
                    self.of.was_answered = true;
                    self.answers.take(&buffer[..read]);
                    self.print(output, &buffer[..read])?;
                    self.explain(notes);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    self.judge_silence(more_to_ask)?;
                }
                Err(error) if self.is_watching() => {
                    return Err(Trouble::WatchEnded(Some(error)));
                }
                Err(error) => return Err(Trouble::Broken(error)),
            }
        }
    }

    /// Whether a watch was begun that goes on until somebody ends it.
    fn is_watching(&self) -> bool {
        self.of.held.is_some() && self.answers.owed() == 0
    }

    /// Learns what has been asked meanwhile; whether there may be more.
    fn note_sent(&mut self) -> bool {
        loop {
            match self.awaited.try_recv() {
                Ok(Ok(Sent { shape, command, at })) => {
                    if self.answers.owed() == 0 {
                        self.progress = self.progress.max(at);
                    }
                    self.of.watches.note(&command);
                    self.answers.expect(shape, command);
                }
                Ok(Err(error)) => self.input_failure = Some(error),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Somebody who types may take any time; the server may not.
    fn judge_silence(&mut self, more_to_ask: bool) -> Result<(), Trouble> {
        if more_to_ask && self.answers.owed() == 0 {
            self.progress = Instant::now();
        }
        let timeout = self.of.timeout;
        if self.progress.elapsed() < timeout { Ok(()) } else { Err(Trouble::Silent(timeout)) }
    }

    fn print(&self, output: &mut impl Write, bytes: &[u8]) -> Result<(), Trouble> {
        output.write_all(bytes).and_then(|()| output.flush()).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Trouble::OutputClosed,
            _ => Trouble::Output(error),
        })
    }

    /// Tells why commands were refused. That nobody reads it is no failure.
    fn explain(&mut self, notes: &mut impl Write) {
        if self.answers.refused() {
            self.of.refused = true;
            self.of.held = None;
        }
        for command in self.answers.take_refusals() {
            if self.of.explained < EXPLAINED_MAX
                && let Some(why) = why_refused(&command)
            {
                self.of.explained += 1;
                let _ = writeln!(notes, "ask: {why}");
            }
        }
    }

    /// The server has closed the connection.
    fn at_end(&mut self, more_to_ask: bool) -> Result<(), Trouble> {
        match (self.answers.owed(), self.input_failure.take()) {
            (_, Some(error)) => Err(Trouble::Input(error)),
            (0, None) if self.is_watching() => Err(Trouble::WatchEnded(None)),
            (0, None) if more_to_ask => Err(Trouble::ClosedEarly),
            (0, None) => Ok(()),
            (owed, None) => Err(Trouble::Closed(owed)),
        }
    }
}
