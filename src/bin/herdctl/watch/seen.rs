//! Which changes of a herd have been told, from a bounded memory.

use herd::wire::time::parse_time;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::mem;

/// Clients that are remembered, in two halves: when one is full, the other is forgotten. Of a client that is
/// not remembered a change may be told again.
const CLIENTS_MAX: usize = 262_144;

/// Something that a server tells of a client.
pub enum News<'a> {
    /// It has reported, or was forgotten (then it has no place), as of that time.
    Record { time: &'a str, place: Option<(Option<&'a RawValue>, Option<&'a RawValue>)> },
    /// Its position has become too old.
    Expired,
}

/// What has been told.
#[derive(Debug)]
pub struct Seen {
    hasher: RandomState,
    recent: HashMap<u64, Last>,
    before: HashMap<u64, Last>,
    /// Of each server, whether it has told what was so when its stream began.
    begun: Vec<bool>,
}

/// What was told of a client last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Last {
    time: i64,
    /// A hash of the record: at one time there may be two.
    record: u64,
    has_expired: bool,
}

impl Seen {
    /// Of so many servers, who have told nothing.
    pub fn new(servers: usize) -> Self {
        let begun = vec![false; servers];
        Seen { hasher: RandomState::new(), recent: HashMap::new(), before: HashMap::new(), begun }
    }

    /// That server has told all that was so when its stream began.
    pub fn began(&mut self, server: usize) {
        self.begun[server] = true;
    }

    /// Its stream begins anew, perhaps with all that is so. That is known here, unless too many are.
    pub fn restarted(&mut self, server: usize) {
        self.begun[server] &= self.before.is_empty();
    }

    /// Whether what that server tells of a client is a change that was not told before. What was so when its
    /// stream began is none, unless another has told what was so earlier.
    pub fn is_news(
        &mut self,
        server: usize,
        client: &str,
        news: &News<'_>,
        taken: (&str, &str),
    ) -> bool {
        let key = self.hasher.hash_one(client);
        let known = self.recent.get(&key).or_else(|| self.before.get(&key)).copied();
        let (last, is_later) = match news {
            News::Expired => {
                let last = Last { has_expired: true, ..known.unwrap_or_default() };
                (last, known.is_none_or(|known| !known.has_expired))
            }
            News::Record { time, place } => {
                let mut record = self.hasher.build_hasher();
                (time, taken, place.map(|(a, b)| (a.map(RawValue::get), b.map(RawValue::get))))
                    .hash(&mut record);
                let record = std::hash::Hasher::finish(&record);
                let last = Last {
                    time: parse_time(time.as_bytes()).unwrap_or(0),
                    record,
                    has_expired: false,
                };
                let is_later = known.is_none_or(|known| {
                    last.time > known.time || last.time == known.time && last.record != known.record
                });
                (last, is_later)
            }
        };
        if is_later {
            self.remember(key, last);
        }
        is_later && (self.begun[server] || known.is_some())
    }

    fn remember(&mut self, client: u64, last: Last) {
        if self.recent.len() >= CLIENTS_MAX / 2 && !self.recent.contains_key(&client) {
            self.before = mem::take(&mut self.recent);
        }
        self.recent.insert(client, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: News<'static> = News::Record { time: "", place: Some((None, None)) };

    fn tell(seen: &mut Seen, server: usize, client: &str, time: &str) -> bool {
        let News::Record { place, .. } = AT else { return false };
        seen.is_news(server, client, &News::Record { time, place }, ("A", "+0.1"))
    }

    #[test]
    fn a_change_is_told_once_and_never_one_that_is_older() {
        let mut seen = Seen::new(2);
        (0..2).for_each(|server| seen.began(server));
        assert!(tell(&mut seen, 0, "kiwi", "5.1"));
        for (server, time) in [(1, "5.1"), (0, "5.1"), (1, "5"), (1, "5.05")] {
            assert!(!tell(&mut seen, server, "kiwi", time), "{time}");
        }
        assert!(tell(&mut seen, 1, "kiwi", "5.11"));
        assert!(!tell(&mut seen, 0, "kiwi", "5.11"));
        // At one time there may be two records.
        let other = News::Record { time: "5.11", place: None };
        assert!(seen.is_news(0, "kiwi", &other, ("B", "+7")));
        assert!(!seen.is_news(1, "kiwi", &other, ("B", "+7")));
    }

    #[test]
    fn an_end_is_told_once_until_there_is_another() {
        let mut seen = Seen::new(2);
        (0..2).for_each(|server| seen.began(server));
        assert!(tell(&mut seen, 0, "kiwi", "5"));
        let expired =
            |seen: &mut Seen, server| seen.is_news(server, "kiwi", &News::Expired, ("", ""));
        assert!(expired(&mut seen, 0) && !expired(&mut seen, 1));
        assert!(tell(&mut seen, 0, "kiwi", "9"));
        assert!(expired(&mut seen, 1) && !expired(&mut seen, 0));
    }

    #[test]
    fn what_was_so_at_the_beginning_is_no_change_but_what_is_newer_is() {
        let mut seen = Seen::new(2);
        assert!(!tell(&mut seen, 0, "kiwi", "5"));
        seen.began(0);
        assert!(!tell(&mut seen, 1, "kiwi", "5"));
        assert!(!tell(&mut seen, 1, "fig", "5"));
        assert!(tell(&mut seen, 1, "kiwi", "6"), "it has moved since");
        assert!(!tell(&mut seen, 0, "kiwi", "6"));
    }

    #[test]
    fn so_many_clients_are_remembered_and_no_more() {
        let mut seen = Seen::new(1);
        seen.began(0);
        for number in 0..CLIENTS_MAX {
            assert!(tell(&mut seen, 0, &number.to_string(), "5"));
            assert!(seen.recent.len() + seen.before.len() <= CLIENTS_MAX);
        }
        assert!(!tell(&mut seen, 0, &(CLIENTS_MAX - 1).to_string(), "5"));
        for number in CLIENTS_MAX..2 * CLIENTS_MAX {
            assert!(tell(&mut seen, 0, &number.to_string(), "5"));
        }
        assert!(tell(&mut seen, 0, "0", "5"), "forgotten");
        assert!(seen.recent.len() + seen.before.len() <= CLIENTS_MAX);
    }
}
