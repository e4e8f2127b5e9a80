//! A client's answers in the order of its commands, also where one of them takes its time.

use crate::limits;
use crate::node::QuestionId;
use crate::node::journal::Promise;
use crate::node::lines::{lines_are_logged, log_out, without_end};
use crate::positions::Kept;
use crate::transport::{ConnectionId, Transport};
use std::collections::VecDeque;

/// What keeps answers from going out at once.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// None unless a `WHATSAT`, a `NEAR` or a report waits: idle clients stay small.
    held: Option<Box<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    /// In the order of their commands.
    pending: VecDeque<PendingAnswer>,
    /// A command has cost so much that the next ones are taken in another turn.
    tired: bool,
    /// Bytes in `PendingAnswer::behind`, all together, and of answers to reports that wait for the disk.
    bytes: usize,
    /// How many of those wait.
    promised: usize,
}

/// An answer that takes its time.
#[derive(Debug)]
struct PendingAnswer {
    awaited: Awaited,
    /// Answers to the commands behind it.
    behind: Vec<u8>,
}

/// What an answer waits for.
#[derive(Debug)]
pub(super) enum Awaited {
    /// The answer of Places to a question, behind this `AT` line.
    Places { question: QuestionId, at: Vec<u8> },
    /// The turn of a `NEAR`, which is this line.
    Near(Box<[u8]>),
    /// The turn of the rest of the answer to one, of which some has been sent.
    RestOfNear(Kept),
    /// That the disk holds a report.
    Disk(Box<Report>),
}

/// A report that is answered when the disk holds it.
#[derive(Debug)]
pub(super) struct Report {
    pub promise: Promise,
    pub answer: Vec<u8>,
    /// In which it came, for when the promise is broken.
    pub command: Box<[u8]>,
}

impl Report {
    fn bytes(&self) -> usize {
        self.answer.len() + self.command.len() + size_of::<PendingAnswer>() + size_of::<Report>()
    }
}

impl Held {
    /// Whether a `NEAR` waits behind reports that wait for the disk: what comes behind it must not be taken
    /// before it is asked.
    fn asks_behind_disk(&self) -> bool {
        let last = self.pending.back();
        self.promised > 0 && last.is_some_and(|last| matches!(last.awaited, Awaited::Near(_)))
    }
}

impl Answers {
    /// Whether all that came to be has been sent.
    pub fn is_empty(&self) -> bool {
        self.held.as_ref().is_none_or(|held| held.pending.is_empty())
    }

    /// Whether so much is held back that no more commands should be taken.
    #[inline(always)]
    pub fn is_crowded(&self) -> bool {
        self.held.as_ref().is_some_and(|held| {
            held.tired
                || held.asks_behind_disk()
                || held.pending.len() - held.promised >= limits::QUERIES_PER_CLIENT_MAX
                || held.bytes >= limits::HELD_ANSWERS_BYTES_MAX
        })
    }

    /// Sends what `compose` appends, behind the answers that are still pending.
    #[inline(always)]
    pub fn answer(&mut self, transport: &mut Transport, compose: impl FnOnce(&mut Vec<u8>)) {
        let last = self.held.as_mut().and_then(|held| {
            let bytes = &mut held.bytes;
            held.pending.back_mut().map(|pending| (bytes, &mut pending.behind))
        });
        let Some((held_bytes, behind)) = last else {
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

    /// Whether answers are held back, or one has not been sent wholly: what is told besides them waits, as
    /// an event must not come before the answer that it follows, nor in one.
    pub fn hold_back(&self) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let first = held.pending.front();
            let is_inside = first.is_some_and(|p| matches!(p.awaited, Awaited::RestOfNear(_)));
            is_inside || held.bytes > 0
        })
    }

    /// No more commands are taken in this turn.
    pub fn tire(&mut self) {
        self.held.get_or_insert_default().tired = true;
    }

    /// The next answer takes its time.
    pub fn wait_for(&mut self, awaited: Awaited) {
        let held = self.held.get_or_insert_default();
        if let Awaited::Disk(report) = &awaited {
            held.promised += 1;
            held.bytes += report.bytes();
        }
        held.pending.push_back(PendingAnswer { awaited, behind: Vec::new() });
    }

    /// Sends the answers that have come, as far as no earlier one is missing and there is room: an
    /// answer may be large, and until it is sent it is shared by all who asked the same. `write` writes
    /// an answer and logs it, or says that it, or the rest of it, is not there yet.
    pub fn send(
        &mut self,
        transport: &mut Transport,
        mut write: impl FnMut(&mut Transport, &mut Awaited) -> bool,
    ) {
        let Some(held) = self.held.as_mut() else {
            return;
        };
        held.tired = false;
        while let Some(pending) = held.pending.front_mut()
            && transport.request_room()
        {
            if !write(transport, &mut pending.awaited) {
                return;
            }
            transport.write(&pending.behind);
            for answer in pending.behind.split_inclusive(|&byte| byte == b'\n') {
                log_answer(transport.id(), answer);
            }
            held.bytes -= pending.behind.len();
            if let Awaited::Disk(report) = &pending.awaited {
                held.promised -= 1;
                held.bytes -= report.bytes();
            }
            held.pending.pop_front();
        }
        if held.pending.is_empty() {
            self.held = None;
        }
    }

    /// The questions to Places whose answers are still pending; none is any more.
    pub fn drop_all(&mut self) -> impl Iterator<Item = QuestionId> {
        let held = self.held.take().into_iter();
        held.flat_map(|held| held.pending).filter_map(|pending| match pending.awaited {
            Awaited::Places { question, .. } => Some(question),
            Awaited::Near(_) | Awaited::RestOfNear(_) | Awaited::Disk(_) => None,
        })
    }
}

/// Logs an answer as it is sent.
#[inline]
fn log_answer(id: ConnectionId, answer: &[u8]) {
    if lines_are_logged() {
        log_out("client", id, without_end(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{DriverSide, Monotonic};
    use proptest::prelude::*;

    fn transport() -> Transport {
        Transport::new(ConnectionId { slot: 0, generation: 0 })
    }

    /// Sends what is there of these, each as its number.
    fn send(answers: &mut Answers, transport: &mut Transport, there: &[u64]) {
        answers.send(transport, |transport, awaited| {
            let Awaited::Places { question, at } = awaited else { return false };
            let is_there = there.contains(&question.number());
            if is_there {
                transport.write(at);
                transport.write(format!("{{{}}}\n\n", question.number()).as_bytes());
            }
            is_there
        });
    }

    fn ask(answers: &mut Answers, number: u64) {
        let at = format!("AT {number}\n").into_bytes();
        answers.wait_for(Awaited::Places { question: QuestionId::numbered(number), at });
    }

    fn answer(answers: &mut Answers, transport: &mut Transport, text: &str) {
        answers.answer(transport, |out| out.extend_from_slice(text.as_bytes()));
    }

    #[test]
    fn an_answer_goes_out_when_none_before_it_is_pending() {
        let (mut answers, mut transport) = (Answers::default(), transport());
        answer(&mut answers, &mut transport, "one\n");
        ask(&mut answers, 1);
        answer(&mut answers, &mut transport, "two\n");
        ask(&mut answers, 2);
        send(&mut answers, &mut transport, &[2]);
        assert_eq!(transport.output(), b"one\n", "the first is still missing");
        assert!(!answers.is_empty());
        send(&mut answers, &mut transport, &[1]);
        assert_eq!(transport.output(), b"one\nAT 1\n{1}\n\ntwo\n");
        send(&mut answers, &mut transport, &[2]);
        assert!(answers.is_empty());
        answer(&mut answers, &mut transport, "three\n");
        assert!(transport.output().ends_with(b"two\nAT 2\n{2}\n\nthree\n"));
    }

    #[test]
    fn so_many_questions_and_so_many_bytes_are_a_crowd() {
        let (mut answers, mut transport) = (Answers::default(), transport());
        for number in 0..limits::QUERIES_PER_CLIENT_MAX as u64 {
            assert!(!answers.is_crowded());
            ask(&mut answers, number);
        }
        assert!(answers.is_crowded());
        send(&mut answers, &mut transport, &[0]);
        assert!(!answers.is_crowded());
        let long = "x".repeat(limits::HELD_ANSWERS_BYTES_MAX);
        answer(&mut answers, &mut transport, &long[1..]);
        assert!(!answers.is_crowded());
        answer(&mut answers, &mut transport, "x");
        assert!(answers.is_crowded());
        assert_eq!(answers.drop_all().count(), limits::QUERIES_PER_CLIENT_MAX - 1);
        assert!(answers.is_empty() && !answers.is_crowded());
    }

    #[test]
    fn an_answer_waits_for_room() {
        let (mut answers, mut transport) = (Answers::default(), transport());
        let long = "x".repeat(limits::OUTPUT_HIGH_WATER_BYTES);
        answer(&mut answers, &mut transport, &long);
        ask(&mut answers, 1);
        send(&mut answers, &mut transport, &[1]);
        assert!(!answers.is_empty());
        transport.advance(long.len(), Monotonic::default());
        send(&mut answers, &mut transport, &[1]);
        assert_eq!(transport.output(), b"AT 1\n{1}\n\n");
        assert!(answers.is_empty());
    }

    proptest! {
        /// Questions and other commands, in any order, with replies in any other.
        #[test]
        fn answers_come_in_the_order_of_the_commands(
            commands in prop::collection::vec(any::<bool>(), 0..40),
            order in prop::collection::vec(any::<u64>(), 40),
        ) {
            let (mut answers, mut transport) = (Answers::default(), transport());
            let mut expected = String::new();
            let mut asked = Vec::new();
            for (number, &is_question) in (0..).zip(&commands) {
                if is_question {
                    ask(&mut answers, number);
                    expected += &format!("AT {number}\n{{{number}}}\n\n");
                    asked.push(number);
                } else {
                    answer(&mut answers, &mut transport, &format!("{number}\n"));
                    expected += &format!("{number}\n");
                }
            }
            asked.sort_by_key(|&number| order[number as usize]);
            for there in 1..=asked.len() {
                prop_assert!(!answers.is_empty());
                send(&mut answers, &mut transport, &asked[..there]);
                prop_assert!(expected.as_bytes().starts_with(transport.output()));
            }
            prop_assert!(answers.is_empty());
            prop_assert_eq!(transport.output(), expected.as_bytes());
        }
    }
}
