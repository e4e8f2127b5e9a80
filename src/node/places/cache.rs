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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{Dialect, RESPONSE_LIMITS, Service};
    use crate::wire::http::ResponseReader;

    const KEEP: Duration = Duration::from_secs(5);

    fn search(number: usize) -> Search {
        Search {
            latitude_nanodegrees: number as i64,
            longitude_nanodegrees: 0,
            radius_micrometres: 0,
        }
    }

    /// An answer of about so many bytes.
    fn answer(bytes: usize) -> Rc<Answer> {
        let name = "x".repeat(bytes);
        let json = format!(r#"{{"results": [{{"name": "{name}"}}], "status": "OK"}}"#);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", json.len());
        let (response, _) = ResponseReader::new(RESPONSE_LIMITS)
            .receive((head + &json).as_bytes())
            .unwrap()
            .unwrap();
        let service = Service::parse("https://localhost/", Dialect::Legacy, None).unwrap();
        Rc::new(service.judge(response).unwrap())
    }

    /// Keeps that many answers; which of them are found then, by their number.
    fn kept(cache: &mut Cache, count: usize, answer: &Rc<Answer>) -> Vec<usize> {
        let now = Monotonic::default();
        for number in 0..count {
            cache.insert(search(number), answer, now);
        }
        let found =
            (0..count).filter(|&number| cache.find(&search(number), now).is_some()).collect();
        assert_eq!(cache.answers.len(), cache.order.len());
        assert_eq!(cache.bytes, cache.answers.len() * answer.bytes());
        found
    }

    #[test]
    fn so_many_answers_are_kept_and_the_oldest_go_first() {
        let more = 7;
        let count = limits::PLACES_CACHE_ANSWERS_MAX + more;
        let found = kept(&mut Cache::new(KEEP), count, &answer(10));
        assert_eq!(found, (more..count).collect::<Vec<_>>());
    }

    #[test]
    fn so_many_bytes_of_answers_are_kept_and_the_oldest_go_first() {
        let large = answer(limits::PLACES_BODY_BYTES_MAX / 2);
        let room = limits::PLACES_CACHE_BYTES_MAX / large.bytes();
        let count = room + 3;
        let found = kept(&mut Cache::new(KEEP), count, &large);
        assert_eq!(found, (3..count).collect::<Vec<_>>());
    }

    #[test]
    fn an_answer_is_kept_for_its_time_and_counted_once() {
        let (mut cache, now) = (Cache::new(KEEP), Monotonic::default());
        cache.insert(search(1), &answer(10), now);
        cache.insert(search(1), &answer(20), now + KEEP / 2);
        assert_eq!(cache.bytes, answer(20).bytes());
        assert!(cache.find(&search(1), now + KEEP).is_some(), "the later one is fresh");
        assert!(cache.find(&search(1), now + KEEP / 2 + KEEP).is_none());
        assert_eq!((cache.bytes, cache.answers.len(), cache.order.len()), (0, 0, 0));
        let mut none = Cache::new(Duration::ZERO);
        none.insert(search(1), &answer(10), now);
        assert!(none.find(&search(1), now).is_none());
    }
}
