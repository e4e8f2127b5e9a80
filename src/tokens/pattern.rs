//! Which clients a token is about.

use memchr::memmem;

/// A pattern of clients' ids: each `*` stands for any bytes, also for none; all else stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What an id begins with; all of it, if there is no `*`.
    first: Box<[u8]>,
    /// What follows somewhere, in this order, without overlapping; none is empty. What it ends with is
    /// the last. None if there is no `*`.
    behind: Option<Behind>,
}

/// What a pattern says behind its first `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Behind {
    between: Box<[Box<[u8]>]>,
    last: Box<[u8]>,
}

impl Pattern {
    /// The pattern that is written so.
    pub fn new(text: &str) -> Pattern {
        let mut parts = text.split('*').map(str::as_bytes);
        let first = parts.next().unwrap_or_default().into();
        let behind = parts.next_back().map(|last| Behind {
            between: parts.filter(|part| !part.is_empty()).map(Box::from).collect(),
            last: last.into(),
        });
        Pattern { first, behind }
    }

    /// Whether a client with that id is meant. Takes time in proportion to both their lengths.
    pub fn matches(&self, id: &[u8]) -> bool {
        let Some(behind) = &self.behind else { return *id == *self.first };
        let Some(rest) = id.strip_prefix(&*self.first) else { return false };
        let Some(mut rest) = rest.strip_suffix(&*behind.last) else { return false };
        // What is found as early as it can be leaves the most to what follows.
        behind.between.iter().all(|part| match memmem::find(rest, part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    }

    /// Whether every client is meant.
    pub fn is_all(&self) -> bool {
        let Some(behind) = &self.behind else { return false };
        self.first.is_empty() && behind.between.is_empty() && behind.last.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, id: &str) -> bool {
        Pattern::new(pattern).matches(id.as_bytes())
    }

    #[test]
    fn a_star_stands_for_any_bytes_and_all_else_for_itself() {
        for (pattern, id) in [
            ("kiwi", "kiwi"),
            ("*", "kiwi"),
            ("*", ""),
            ("", ""),
            ("truck-*", "truck-7"),
            ("truck-*", "truck-"),
            ("*-7", "truck-7"),
            ("t*k*7", "truck-7"),
            ("**u***-*", "truck-7"),
            ("ab*ba", "abba"),
            ("*aab*", "aaab"),
            ("a*b", "a\u{1F998}b"),
            ("?.[a]", "?.[a]"),
        ] {
            assert!(matches(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [
            ("kiwi", "kiwis"),
            ("kiwi", "Kiwi"),
            ("", "k"),
            ("truck-*", "truck"),
            ("truck-*", "a-truck-7"),
            ("*-7", "truck-77"),
            ("ab*ba", "aba"),
            ("*aab*ab", "aaab"),
            ("?", "k"),
        ] {
            assert!(!matches(pattern, id), "{pattern} {id}");
        }
        assert!(Pattern::new("a*").matches(b"a\xff\0*"));
    }

    #[test]
    fn only_stars_are_all() {
        for all in ["*", "**", "*****"] {
            assert!(Pattern::new(all).is_all(), "{all}");
        }
        for some in ["", "a*", "*a", "*a*"] {
            assert!(!Pattern::new(some).is_all(), "{some}");
        }
    }

    /// With a star at each place it would take for ever to try all ways.
    #[test]
    fn many_stars_take_no_time() {
        let id = "a".repeat(1_024);
        assert!(!matches(&("a*".repeat(511) + "b"), &id));
        assert!(matches(&"a*".repeat(512), &id));
    }

    /// What a pattern means, by trying all ways.
    fn means(pattern: &[u8], id: &[u8]) -> bool {
        match pattern.split_first() {
            None => id.is_empty(),
            Some((b'*', rest)) => (0..=id.len()).any(|skipped| means(rest, &id[skipped..])),
            Some((byte, rest)) => {
                id.split_first().is_some_and(|(b, id)| b == byte && means(rest, id))
            }
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_trying_all_ways_does(pattern in "[ab*]{0,8}", id in "[ab]{0,10}") {
            prop_assert_eq!(matches(&pattern, &id), means(pattern.as_bytes(), id.as_bytes()));
        }
    }
}
