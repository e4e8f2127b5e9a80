//! Counts in words.

use std::fmt;

/// So many of something, for the log and for people: `1 neighbour`, `2 neighbours`, `0 tries`. The
/// noun is an English one that forms its plural by rule.
pub fn plural<N: fmt::Display + PartialEq + From<u8>>(count: N, noun: &str) -> impl fmt::Display {
    Plural { count, noun }
}

struct Plural<'a, N> {
    count: N,
    noun: &'a str,
}

impl<N: fmt::Display + PartialEq + From<u8>> fmt::Display for Plural<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plural { count, noun } = self;
        if *count == N::from(1) {
            return write!(f, "{count} {noun}");
        }
        match noun.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => write!(f, "{count} {stem}ies"),
            _ => write!(f, "{count} {noun}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_all_others_are_many() {
        for (count, noun, words) in [
            (0_u64, "change", "0 changes"),
            (1, "change", "1 change"),
            (2, "change", "2 changes"),
            (1, "try", "1 try"),
            (3, "try", "3 tries"),
            (3, "day", "3 days"),
            (u64::MAX, "neighbour", "18446744073709551615 neighbours"),
        ] {
            assert_eq!(plural(count, noun).to_string(), words);
        }
        assert_eq!(plural(1_usize, "neighbour").to_string(), "1 neighbour");
    }
}
