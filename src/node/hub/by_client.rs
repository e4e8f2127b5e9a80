//! From a client to those who watch it.
//!
//! Nearly all reports are about clients that nobody watches, so before the map is asked a filter is: a
//! table of bits, one of which each watched client sets, by a few bytes of its id. A bit that is not set
//! says no; ids that are made to share bits cost the look-up in the map, and no more.

use super::WatcherId;
use std::collections::HashMap;

/// See the [module's docs](self).
#[derive(Debug, Default)]
pub(super) struct ByClient {
    watchers: HashMap<Box<[u8]>, Vec<WatcherId>>,
    /// None while nobody watches a client. Bits stay set until then.
    filter: Option<Box<[u64; WORDS]>>,
}

/// Of 64 bits each: half a million, of which a hundred thousand watches set a fifth.
const WORDS: usize = 1 << 13;

impl ByClient {
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.watchers.is_empty()
    }

    pub fn insert(&mut self, client: &[u8], watcher: WatcherId) {
        let (word, bit) = place(client);
        self.filter.get_or_insert_with(|| Box::new([0; WORDS]))[word] |= bit;
        self.watchers.entry(client.into()).or_default().push(watcher);
    }

    pub fn remove(&mut self, client: &[u8], watcher: WatcherId) {
        if let Some(watchers) = self.watchers.get_mut(client) {
            watchers.retain(|&other| other != watcher);
            if watchers.is_empty() {
                self.watchers.remove(client);
            }
        }
        if self.watchers.is_empty() {
            self.filter = None;
        }
    }

    /// Whether somebody may watch that client.
    #[inline]
    pub fn may_hold(&self, client: &[u8]) -> bool {
        let (word, bit) = place(client);
        self.filter.as_ref().is_some_and(|filter| filter[word] & bit != 0)
    }

    /// Those who watch it.
    pub fn of(&self, client: &[u8]) -> &[WatcherId] {
        if !self.may_hold(client) {
            return &[];
        }
        self.watchers.get(client).map_or(&[], Vec::as_slice)
    }
}

/// Which word of the filter, and which bit of it, is a client's: by the ends of its id and its length.
#[inline]
fn place(client: &[u8]) -> (usize, u64) {
    let end = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match client.len() {
        0..8 => {
            let few = client.iter().fold(0, |all, &byte| all << 8 | u64::from(byte));
            (few, 0)
        }
        _ => (end(client.first_chunk()), end(client.last_chunk())),
    };
    // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (first ^ last.rotate_left(32) ^ client.len() as u64).wrapping_mul(GOLDEN);
    let number = (mixed >> (64 - (WORDS * 64).trailing_zeros())) as usize;
    (number / 64, 1 << (number % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn those_who_watch_are_found_and_nobody_else(
            watched in prop::collection::vec(("[a-c]{1,12}", 0_u32..3), 0..40),
            asked in prop::collection::vec("[a-c]{0,12}", 20),
        ) {
            let mut by_client = ByClient::default();
            for (client, watcher) in &watched {
                by_client.insert(client.as_bytes(), WatcherId::at(*watcher));
            }
            for client in watched.iter().map(|(client, _)| client).chain(&asked) {
                let expected: Vec<WatcherId> = watched
                    .iter()
                    .filter(|(other, _)| other == client)
                    .map(|(_, watcher)| WatcherId::at(*watcher))
                    .collect();
                prop_assert_eq!(by_client.of(client.as_bytes()), expected);
            }
            for (client, watcher) in &watched {
                by_client.remove(client.as_bytes(), WatcherId::at(*watcher));
            }
            prop_assert!(by_client.is_empty() && by_client.filter.is_none());
        }
    }

    #[test]
    fn few_of_the_ids_that_are_not_watched_need_a_look_up() {
        let mut by_client = ByClient::default();
        for number in 0..10_000 {
            by_client.insert(format!("truck-{number:08}").as_bytes(), WatcherId::at(0));
        }
        let others = (0..10_000).map(|number| format!("client-{number:010}"));
        let passed = others.filter(|client| by_client.may_hold(client.as_bytes())).count();
        assert!(passed < 500, "{passed}");
    }
}
