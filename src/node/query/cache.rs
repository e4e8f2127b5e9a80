//! Answers that may be given again for a short while. In memory, of this server alone, bounded.

use crate::limits;
use crate::places::{Answer, Search};
use crate::transport::Monotonic;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// The last answers, each for the same time.
#[derive(Debug)]
pub(super) struct Cache {
    /// How long an answer may be given again; zero: never.
    keep: Duration,
    answers: HashMap<Search, (Monotonic, Rc<Answer>)>,
    /// What is in `answers`, oldest first.
    order: VecDeque<(Monotonic, Search)>,
    bytes: usize,
}

impl Cache {
    pub(super) fn new(keep: Duration) -> Self {
        Cache { keep, answers: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    /// The answer to that question, if it is still fresh.
    pub(super) fn find(&mut self, search: &Search, now: Monotonic) -> Option<Rc<Answer>> {
        self.drop_stale(now);
        self.answers.get(search).map(|(_, answer)| Rc::clone(answer))
    }

    /// Keeps an answer, and as many of the older ones as there is room for.
    pub(super) fn insert(&mut self, search: Search, answer: &Rc<Answer>, now: Monotonic) {
        if self.keep.is_zero() {
            return;
        }
        self.remove(&search);
        self.bytes += answer.bytes();
        self.answers.insert(search, (now, Rc::clone(answer)));
        self.order.push_back((now, search));
        while self.answers.len() > limits::PLACES_CACHE_ANSWERS_MAX
            || self.bytes > limits::PLACES_CACHE_BYTES_MAX
        {
            self.drop_oldest();
        }
    }

    fn drop_stale(&mut self, now: Monotonic) {
        while self.order.front().is_some_and(|&(since, _)| now.since(since) >= self.keep) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((since, search)) = self.order.pop_front()
            && self.answers.get(&search).is_some_and(|&(kept, _)| kept == since)
        {
            self.remove(&search);
        }
    }

    fn remove(&mut self, search: &Search) {
        if let Some((_, answer)) = self.answers.remove(search) {
            self.bytes -= answer.bytes();
        }
    }
}
