//! Which answers a server owes: what comes is told apart by what was asked.

use herd::wire::Command;
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
        b"WHATSAT" => Some(Shape::Paragraph),
        _ => Some(Shape::Line),
    }
}

/// Why a server that refuses `command` does so, as far as the line alone and what servers know tell;
/// none for white space alone.
pub fn why_refused(command: &[u8]) -> Option<String> {
    Some(match Command::parse(command) {
        Ok(None) => return None,
        Ok(Some(Command::IamAt(_))) => {
            "the server takes no report of such a time, or has no room for it".to_owned()
        }
        Ok(Some(Command::WhatsAt(_))) => "the server does not know where that client is".to_owned(),
        Err(malformed) => malformed.to_string(),
    })
}

/// `command` with the time in place of a `now` at the end of an `IAMAT`.
///
/// `since_epoch` is POSIX time; nine decimals of it are given.
pub fn with_time(command: &[u8], since_epoch: Duration) -> Vec<u8> {
    let is_report = fields(command).next() == Some(b"IAMAT") && fields(command).count() == 4;
    let end = command.trim_ascii_end();
    match end.strip_suffix(b"now") {
        Some(rest) if is_report && rest.last().is_some_and(|byte| is_white_space(*byte)) => {
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

/// Follows the answers as their bytes arrive.
#[derive(Debug, Default)]
pub struct Answers {
    owed: VecDeque<Owed>,
    /// The end of the answer that is arriving, which is the first of those owed.
    arriving: Option<Shape>,
    last: u8,
    refused: bool,
    /// Of the refusals that have begun to arrive and were not taken yet, the commands.
    refusals: Vec<Vec<u8>>,
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
            let shape = match self.arriving {
                Some(shape) => shape,
                None => self.begin(byte),
            };
            self.arriving = Some(shape);
            if byte == b'\n' && (shape == Shape::Line || self.last == b'\n') {
                self.owed.pop_front();
                self.arriving = None;
            }
            self.last = byte;
        }
    }

    /// An answer begins with that byte.
    fn begin(&mut self, byte: u8) -> Shape {
        let owed = self.owed.front_mut();
        if byte != b'?' {
            return owed.map_or(Shape::Line, |owed| owed.shape);
        }
        self.refused = true;
        self.refusals.extend(owed.map(|owed| mem::take(&mut owed.command)));
        Shape::Line
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
        assert_eq!(why(" \t"), None);
    }

    #[test]
    fn now_stands_for_the_time_only_at_the_end_of_a_report() {
        let at = |command: &str| {
            let timed = with_time(command.as_bytes(), Duration::new(1_621_464_827, 9));
            String::from_utf8(timed).unwrap()
        };
        assert_eq!(at("IAMAT kiwi +34-118 now"), "IAMAT kiwi +34-118 1621464827.000000009");
        assert_eq!(at("\tIAMAT  now now  now\r"), "\tIAMAT  now now  1621464827.000000009");
        for same in [
            "IAMAT kiwi +34-118 1",
            "IAMAT kiwi +34-118 known",
            "IAMAT kiwi now",
            "WHATSAT 1 2 now",
        ] {
            assert_eq!(at(same), same);
        }
    }
}
