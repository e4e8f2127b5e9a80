//! Which answers a server owes: what comes is told apart by what was asked.

use std::collections::VecDeque;
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
    owed: VecDeque<Shape>,
    /// The end of the answer that is arriving, which is the first of those owed.
    arriving: Option<Shape>,
    last: u8,
    refused: bool,
}

impl Answers {
    /// One more answer is owed.
    pub fn expect(&mut self, shape: Shape) {
        self.owed.push_back(shape);
    }

    /// How many answers are owed, one that has arrived in part included.
    pub fn owed(&self) -> usize {
        self.owed.len()
    }

    /// Whether an answer began with `?`.
    pub fn refused(&self) -> bool {
        self.refused
    }

    /// These bytes arrived.
    pub fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let shape = *self.arriving.get_or_insert_with(|| {
                self.refused |= byte == b'?';
                match self.owed.front() {
                    Some(Shape::Paragraph) if byte != b'?' => Shape::Paragraph,
                    _ => Shape::Line,
                }
            });
            if byte == b'\n' && (shape == Shape::Line || self.last == b'\n') {
                self.owed.pop_front();
                self.arriving = None;
            }
            self.last = byte;
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
            commands.iter().filter_map(|command| owed_for(command)).for_each(|shape| {
                answers.expect(shape);
            });
            let (last, before) = arrives.split_last().unwrap();
            before.chunks(size).for_each(|chunk| answers.take(chunk));
            assert_eq!(answers.owed(), 1);
            answers.take(&[*last]);
            assert_eq!(answers.owed(), 0);
            assert!(answers.refused());
        }
    }

    #[test]
    fn a_question_mark_inside_is_no_refusal() {
        let mut answers = Answers::default();
        answers.expect(Shape::Paragraph);
        answers.take(b"AT ?\n?\n\n");
        assert_eq!((answers.owed(), answers.refused()), (0, false));
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
