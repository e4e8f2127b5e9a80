//! What became of the commands.

use crate::command::Kind;
use crate::histogram::Histogram;
use herd::wire::Printable;

/// Wrong answers that are shown.
const EXAMPLES_MAX: usize = 3;
/// Bytes of a wrong answer that are shown.
const EXAMPLE_BYTES_MAX: usize = 300;

/// Counts and latencies.
#[derive(Debug)]
pub struct Tally {
    /// Latencies of reports, in nanoseconds.
    pub reports: Histogram,
    /// Latencies of questions for what is near a client, in nanoseconds.
    pub questions: Histogram,
    /// Latencies of questions for who is near a place, in nanoseconds.
    pub nears: Histogram,
    /// Answers that were not the right ones.
    pub wrong: u64,
    /// Commands without an answer.
    pub lost: u64,
    /// Commands of an open loop that could not even be sent.
    pub unsent: u64,
    /// How often a connection went on with another server.
    pub moved: u64,
    /// Right answers that say that Places could not be asked.
    pub places_failed: u64,
    /// What some of the wrong answers were.
    pub examples: Vec<String>,
    /// Whether they are kept to ourselves, since commands and what answers them may hold the token.
    pub hides_examples: bool,
    /// Why the first connection broke that did.
    pub broken: Option<String>,
    /// From the first command to the last answer.
    pub nanoseconds: u64,
    /// How much of that the generator itself was at work.
    pub busy_nanoseconds: u64,
    /// The worst latency since somebody last asked.
    worst_lately: u64,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Tally {
            reports: Histogram::new(),
            questions: Histogram::new(),
            nears: Histogram::new(),
            wrong: 0,
            lost: 0,
            unsent: 0,
            moved: 0,
            places_failed: 0,
            examples: Vec::new(),
            hides_examples: false,
            broken: None,
            nanoseconds: 0,
            busy_nanoseconds: 0,
            worst_lately: 0,
        }
    }

    /// Answers, right or wrong.
    pub fn answers(&self) -> u64 {
        self.reports.total() + self.questions.total() + self.nears.total()
    }

    /// Answers in each second.
    pub fn per_second(&self) -> f64 {
        self.answers() as f64 / (self.nanoseconds.max(1) as f64 / 1e9)
    }

    /// How much of the time the generator was at work, 0 to 1.
    pub fn busy(&self) -> f64 {
        self.busy_nanoseconds as f64 / self.nanoseconds.max(1) as f64
    }

    /// Whether every command was rightly answered.
    pub fn is_clean(&self) -> bool {
        self.wrong == 0 && self.lost == 0 && self.unsent == 0 && self.broken.is_none()
    }

    /// An answer came after that time.
    pub fn answered(&mut self, kind: Kind, latency_nanoseconds: u64) {
        match kind {
            Kind::Report => self.reports.record(latency_nanoseconds),
            Kind::Question => self.questions.record(latency_nanoseconds),
            Kind::Near => self.nears.record(latency_nanoseconds),
        }
        self.worst_lately = self.worst_lately.max(latency_nanoseconds);
    }

    /// An answer was wrong.
    #[cold]
    pub fn mistaken(&mut self, command: &[u8], answer: &[u8]) {
        self.wrong += 1;
        if !self.hides_examples && self.examples.len() < EXAMPLES_MAX {
            let start = |bytes: &[u8]| {
                let shown = &bytes[..bytes.len().min(EXAMPLE_BYTES_MAX)];
                Printable(shown.trim_ascii_end()).to_string()
            };
            self.examples.push(format!("{} was answered {}", start(command), start(answer)));
        }
    }

    /// A connection broke.
    #[cold]
    pub fn broke(&mut self, why: impl ToString) {
        self.broken.get_or_insert_with(|| why.to_string());
    }

    /// The worst latency since the last call.
    pub fn take_worst(&mut self) -> u64 {
        std::mem::take(&mut self.worst_lately)
    }
}
