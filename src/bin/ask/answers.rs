//! Which answers a server owes: what comes is told apart by what was asked.

use herd::wire::Command;
use herd::wire::command::{Near, Place};
use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

/// What ends the answer to a command, unless it is a refusal, which is a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A line end.
    Line,
    /// An empty line.
    Paragraph,
}

/// The answer that is owed for `command`, a line without its end; none for white space alone.
pub fn owed_for(command: &[u8]) -> Option<Shape> {
    match fields(command).next()? {
        b"WHATSAT" | b"NEAR" | b"SERVERS" => Some(Shape::Paragraph),
        _ => Some(Shape::Line),
    }
}

/// Whether `command` asks to be told of changes from then on.
pub fn is_watch(command: &[u8]) -> bool {
    fields(command).next() == Some(b"WATCH")
}

/// Why a server that refuses `command` does so, as far as the line alone and what servers know tell;
/// none for white space alone.
pub fn why_refused(command: &[u8]) -> Option<String> {
    Some(match Command::parse(command) {
        Ok(None) => return None,
        Ok(Some(Command::IamAt(_))) => {
            "the server takes no report of such a time, or has no room for it".to_owned()
        }
        Ok(Some(Command::WhatsAt(_) | Command::Near(Near { place: Place::Client(_), .. }))) => {
            "the server does not know where that client is".to_owned()
        }
        Ok(Some(Command::Near(_))) => "the server answers no NEAR".to_owned(),
        Ok(Some(Command::Watch(_))) => {
            "the server lets nobody watch, or nothing more on one connection".to_owned()
        }
        Ok(Some(Command::Unwatch(_))) => "that is not watched on this connection".to_owned(),
        Ok(Some(Command::Forget(_))) => {
            "the server forgets nobody as of such a time, or has no room to remember it".to_owned()
        }
        Ok(Some(Command::Auth(_))) => {
            "the server asks for no token, or does not believe that one".to_owned()
        }
        Ok(Some(Command::Servers)) => "the server tells that only for a token".to_owned(),
        Err(malformed) => malformed.to_string(),
    })
}

/// `command` with the time in place of a `now` at the end of an `IAMAT` or a `FORGET`.
///
/// `since_epoch` is POSIX time; nine decimals of it are given.
pub fn with_time(command: &[u8], since_epoch: Duration) -> Vec<u8> {
    let takes_time = match fields(command).next() {
        Some(b"IAMAT") => fields(command).count() == 4,
        Some(b"FORGET") => fields(command).count() == 3,
        _ => false,
    };
    let end = command.trim_ascii_end();
    match end.strip_suffix(b"now") {
        Some(rest) if takes_time && rest.last().is_some_and(|byte| is_white_space(*byte)) => {
            let (seconds, nanoseconds) = (since_epoch.as_secs(), since_epoch.subsec_nanos());
            [rest, format!("{seconds}.{nanoseconds:09}").as_bytes()].concat()
        }
        _ => command.to_vec(),
    }
}

fn fields(command: &[u8]) -> impl Iterator<Item = &[u8]> {
    command.split(|byte| is_white_space(*byte)).filter(|field| !field.is_empty())
}

fn is_white_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

/// Follows the answers as their bytes arrive, and the events between them.
#[derive(Debug, Default)]
pub struct Answers {
    owed: VecDeque<Owed>,
    arriving: Option<Arriving>,
    last: u8,
    refused: bool,
    /// Of the refusals that have begun to arrive and were not taken yet, the commands.
    refusals: Vec<Vec<u8>>,
}

/// What has arrived in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arriving {
    /// The first of the answers that are owed, with that end.
    Answer(Shape),
    /// An event, which is a line.
    Event,
}

/// An answer that is owed.
#[derive(Debug)]
struct Owed {
    shape: Shape,
    command: Vec<u8>,
}

impl Answers {
    /// One more answer is owed, to that command.
    pub fn expect(&mut self, shape: Shape, command: Vec<u8>) {
        self.owed.push_back(Owed { shape, command });
    }

    /// How many answers are owed, one that has arrived in part included.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// The commands whose answers have not arrived, or not wholly; they are owed no more.
    pub fn take_owed(&mut self) -> Vec<Vec<u8>> {
        let owed = self.owed.drain(..).map(|owed| owed.command);
        // (Of one that is being refused it has been taken.)
        owed.filter(|command| !command.is_empty()).collect()
    }

    /// Whether an answer began with `?`.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// The commands that were refused since this was asked last.
    pub fn take_refusals(&mut self) -> Vec<Vec<u8>> {
        mem::take(&mut self.refusals)
    }

    /// These bytes arrived.
    pub fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let arriving = match self.arriving {
                Some(arriving) => arriving,
                None => self.begin(byte),
            };
            self.arriving = Some(arriving);
            let line_was_empty = mem::replace(&mut self.last, byte) == b'\n';
            if byte == b'\n' && (arriving != Arriving::Answer(Shape::Paragraph) || line_was_empty) {
                if arriving != Arriving::Event {
                    self.owed.pop_front();
                }
                self.arriving = None;
            }
        }
    }

    /// An answer or an event begins with that byte.
    fn begin(&mut self, byte: u8) -> Arriving {
        // Nothing may be all that there is to tell: then the first line is the empty one.
        self.last = b'\n';
        let owed = self.owed.front_mut();
        match byte {
            b'~' => Arriving::Event,
            b'?' => {
                self.refused = true;
                self.refusals.extend(owed.map(|owed| mem::take(&mut owed.command)));
                Arriving::Answer(Shape::Line)
            }
            _ => Arriving::Answer(owed.map_or(Shape::Line, |owed| owed.shape)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_however_they_are_cut() {
        let commands: [&[u8]; 6] = [
            b"IAMAT kiwi +34-118 1",
            b" WHATSAT\tkiwi 10 5\r",
            b"WHATSAT nobody 10 5",
            b" \t\r",
            b"WHATSAT kiwi 0 0",
            b"nonsense",
        ];
        let arrives = b"AT Goloman +0.1 kiwi +34-118 1\nAT Goloman +0.1 kiwi +34-118 1\n{\n}\n\n\
            ? WHATSAT nobody 10 5\nAT Goloman +0.1 kiwi +34-118 1\n{}\n\n? nonsense\n";
        for size in 1..arrives.len() {
            let mut answers = Answers::default();
            for command in commands {
                if let Some(shape) = owed_for(command) {
                    answers.expect(shape, command.to_vec());
                }
            }
            let (last, before) = arrives.split_last().unwrap();
            before.chunks(size).for_each(|chunk| answers.take(chunk));
            assert_eq!(answers.owed(), 1);
            answers.take(&[*last]);
            assert_eq!(answers.owed(), 0);
            assert!(answers.refused());
            assert_eq!(answers.take_refusals(), [commands[2], commands[5]]);
            assert!(answers.take_refusals().is_empty(), "each once");
        }
    }

    #[test]
    fn the_end_of_what_is_near_is_an_empty_line_even_if_nobody_is() {
        let commands: [&[u8]; 4] =
            [b"NEAR +0+0 1 9", b"NEAR kiwi 1 9", b"NEAR nobody 1 9", b"UNWATCH x"];
        let whole: [&[u8]; 4] = [
            b"\n",
            b"0.001 AT A +0.1 fig +0+0 1\n0.002 AT A +0.1 kaki +0+0 1\n\n",
            b"? NEAR nobody 1 9\n",
            b"UNWATCH x\n",
        ];
        let mut answers = Answers::default();
        for command in commands {
            answers.expect(owed_for(command).unwrap(), command.to_vec());
        }
        for (answered, answer) in whole.iter().enumerate() {
            for byte in *answer {
                assert_eq!(answers.owed(), commands.len() - answered, "{answer:?}");
                answers.take(&[*byte]);
            }
        }
        assert_eq!(answers.owed(), 0);
        assert_eq!(answers.take_refusals(), [commands[2]]);
    }

    #[test]
    fn events_answer_nothing() {
        let mut answers = Answers::default();
        answers.take(b"~ OUT fig\n");
        for command in [&b" WATCH *"[..], b"NEAR kiwi 1 9"] {
            answers.expect(owed_for(command).unwrap(), command.to_vec());
        }
        answers.take(b"~ AT A +0.1 fig +0+0 1\n");
        assert_eq!(answers.owed(), 2);
        answers.take(b" WATCH *\n~ NOW *\n~ GONE A +0.1 fig 1\n");
        assert_eq!(answers.owed(), 1);
        answers.take(b"\n~ EXPIRED");
        assert_eq!((answers.owed(), answers.refused()), (0, false));
    }

    #[test]
    fn a_watch_is_told_by_its_first_field() {
        let found = [&b"WATCH *"[..], b"\tWATCH kiwi\r", b"UNWATCH *", b"IAMAT WATCH +0+0 1", b""];
        assert_eq!(found.map(is_watch), [true, true, false, false, false]);
    }

    #[test]
    fn a_question_mark_inside_is_no_refusal() {
        let mut answers = Answers::default();
        answers.expect(Shape::Paragraph, b"WHATSAT kiwi 1 1".to_vec());
        answers.take(b"AT ?\n?\n\n");
        assert_eq!((answers.owed(), answers.refused()), (0, false));
    }

    #[test]
    fn a_refusal_is_explained() {
        let why = |command: &str| why_refused(command.as_bytes());
        assert_eq!(why("IAMAT a +95-118 1").as_deref(), Some("latitude 95 is beyond 90"));
        assert!(why("IAMAT a +34-118 1").is_some_and(|why| why.contains("time")));
        assert!(why("WHATSAT a 1 1\r").is_some_and(|why| why.contains("does not know")));
        assert!(why("NEAR a 1 1").is_some_and(|why| why.contains("does not know")));
        assert!(why("NEAR +0+0 20041 1").is_some_and(|why| why.contains("20041")));
        assert!(why("NEAR +0+0 1 1").is_some_and(|why| why.contains("no NEAR")));
        assert!(why("WATCH a").is_some_and(|why| why.contains("nobody watch")));
        assert!(why("UNWATCH a").is_some_and(|why| why.contains("not watched")));
        assert!(why("FORGET a 1").is_some_and(|why| why.contains("time")));
        assert_eq!(why("FORGET a").as_deref(), Some("FORGET takes client and time"));
        assert_eq!(why(" \t"), None);
    }

    #[test]
    fn now_stands_for_the_time_only_at_the_end_of_a_report_or_a_forget() {
        let at = |command: &str| {
            let timed = with_time(command.as_bytes(), Duration::new(1_621_464_827, 9));
            String::from_utf8(timed).unwrap()
        };
        assert_eq!(at("IAMAT kiwi +34-118 now"), "IAMAT kiwi +34-118 1621464827.000000009");
        assert_eq!(at("\tIAMAT  now now  now\r"), "\tIAMAT  now now  1621464827.000000009");
        assert_eq!(at("FORGET kiwi now"), "FORGET kiwi 1621464827.000000009");
        for same in [
            "IAMAT kiwi +34-118 1",
            "IAMAT kiwi +34-118 known",
            "IAMAT kiwi now",
            "FORGET now",
            "FORGET kiwi +1+1 now",
            "WHATSAT 1 2 now",
        ] {
            assert_eq!(at(same), same);
        }
    }
}
