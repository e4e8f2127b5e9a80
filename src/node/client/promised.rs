//! Reports that are answered when the disk holds them, where the journal promises that.

use super::answers::{Awaited, Report};
use super::{Client, write_refusal};
use crate::node::Node;
use crate::node::journal::{Promise, Promised};
use crate::node::lines::{log_out, without_end};
use crate::transport::{Context, Transport};

impl Client {
    /// The `answer` to the command in `line` leaves when the promise is kept.
    #[cold]
    pub(super) fn answer_when_kept(
        &mut self,
        cx: &mut Context<'_, Node>,
        promise: Promise,
        answer: Vec<u8>,
        line: &[u8],
    ) {
        // It is called when it is known.
        cx.app.wait_for(promise, cx.transport.id());
        let report = Report { promise, answer, command: line.into() };
        self.answers.wait_for(Awaited::Disk(Box::new(report)));
    }
}

/// Writes the answer, if it is known whether the promise is kept.
pub(super) fn write_answer(node: &mut Node, transport: &mut Transport, report: &Report) -> bool {
    let id = transport.id();
    let promised = node.look_at(report.promise);
    if promised == Promised::Waiting {
        return false;
    }
    transport.write_with(|out| {
        let start = out.len();
        match promised {
            Promised::Kept => out.extend_from_slice(&report.answer),
            Promised::Broken | Promised::Waiting => write_refusal(out, &report.command),
        }
        log_out("client", id, without_end(&out[start..]));
    });
    true
}
