//! The connection to one server: reports go out, their answers are judged.

use super::reports::{Nowhere, Walk};
use crate::answer::{Expectation, Judge};
use crate::command::{Kind, Language, Questions};
use crate::trust::is_taken;
use herd::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use memchr::memchr;
use std::collections::VecDeque;
use std::time::Duration;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer that grows beyond this is none.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;
/// How far the clocks of two machines may be from each other.
const SKEW_NANOSECONDS: i64 = 60_000_000_000;

/// One conversation with a server.
#[derive(Debug)]
pub struct Link {
    /// Which of the servers it is.
    server: usize,
    judge: Judge,
    /// Reports that are not answered, in their order.
    owed: VecDeque<Owed>,
    /// The beginning of an answer that is not whole.
    input: Vec<u8>,
    /// Whether the first line that comes answers the token.
    showed_token: bool,
    /// Why we gave it up.
    reason: Option<&'static str>,
}

#[derive(Debug)]
struct Owed {
    report: Vec<u8>,
    made: Monotonic,
}

/// What is asked of an [`Application`](herd::transport::Application) that walks.
pub type Action = herd::transport::Action<Link, Nowhere>;

impl Link {
    /// To the server of that number and, if it is known, name.
    pub fn new(server: usize, name: Option<&str>) -> Self {
        let none = Questions { whatsat: 0.0, near: 0.0, near_kilometres: 0.0, near_results: 0 };
        let answers = Expectation::Answers(Language::Herd);
        Link {
            server,
            judge: Judge::new(answers, name, SKEW_NANOSECONDS, &none),
            owed: VecDeque::new(),
            input: Vec::new(),
            showed_token: false,
            reason: None,
        }
    }

    fn await_answer(&self, cx: &mut Context<'_, Walk>) {
        cx.transport.set_timer(self.owed.front().map(|owed| owed.made + PATIENCE));
    }

    fn give_up(&mut self, cx: &mut Context<'_, Walk>, reason: &'static str) {
        self.reason = Some(reason);
        cx.transport.abort();
    }
}

impl Protocol<Walk> for Link {
    fn connection_made(&mut self, cx: &mut Context<'_, Walk>, _: &PeerInfo) {
        if let Some(token) = cx.app.token() {
            cx.transport.write(&token.command());
            self.showed_token = true;
        }
        cx.app.connected(self.server, cx.transport.id());
    }

    fn woken(&mut self, cx: &mut Context<'_, Walk>) {
        for report in cx.app.take_reports(self.server) {
            cx.transport.write(&report);
            self.owed.push_back(Owed { report, made: cx.now.monotonic });
        }
        self.await_answer(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Walk>, data: &[u8]) {
        self.input.extend_from_slice(data);
        if self.showed_token
            && let Some(end) = memchr(b'\n', &self.input)
        {
            if !is_taken(&self.input[..end]) {
                return self.give_up(cx, "it does not take the token");
            }
            self.showed_token = false;
            self.input.drain(..=end);
        }
        if self.showed_token {
            return;
        }
        let mut rest = &self.input[..];
        while let Some(owed) = self.owed.front() {
            let age = cx.now.monotonic.since(owed.made).as_nanos() as u64;
            let Some(verdict) = self.judge.judge(Kind::Report, &owed.report, rest, age) else {
                break;
            };
            let (answer, others) = rest.split_at(verdict.length);
            cx.app.answered(self.server, &owed.report, answer, verdict.right);
            rest = others;
            self.owed.pop_front();
        }
        let left = rest.len();
        self.input.drain(..self.input.len() - left);
        if left > ANSWER_BYTES_MAX || (left > 0 && self.owed.is_empty()) {
            self.give_up(cx, "it sends what is no answer");
        } else {
            self.await_answer(cx);
        }
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Walk>) {
        self.give_up(cx, "it does not answer");
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Walk>, cause: &Lost) {
        let why = self.reason.map_or_else(|| cause.to_string(), str::to_owned);
        cx.app.lost(self.server, self.owed.len() as u64, &why, cx.now.monotonic);
    }
}
