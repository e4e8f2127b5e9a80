//! What a token allows.

use std::error::Error;
use std::fmt;

/// One thing that a token may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Saying where a client is.
    Report,
    /// Having a client forgotten.
    Forget,
    /// Asking where a client is, who is near, and what is.
    Ask,
    /// Being told when a client moves.
    Watch,
    /// Seeing how the server and its herd are.
    Status,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 5] =
        [Right::Report, Right::Forget, Right::Ask, Right::Watch, Right::Status];

    /// The word for it in a token.
    pub fn word(self) -> &'static str {
        match self {
            Right::Report => "report",
            Right::Forget => "forget",
            Right::Ask => "ask",
            Right::Watch => "watch",
            Right::Status => "status",
        }
    }

    /// What that word is for, if it is one.
    pub fn from_word(word: &str) -> Option<Right> {
        Right::ALL.into_iter().find(|right| right.word() == word)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rights(u8);

impl Rights {
    /// None of them.
    pub const NONE: Rights = Rights(0);

    /// The rights whose words are in `text`, with commas between them.
    ///
    /// # Errors
    ///
    /// The first word that is none.
    pub fn parse(text: &str) -> Result<Rights, UnknownRight> {
        let right = |word| Right::from_word(word).ok_or_else(|| UnknownRight(word.to_owned()));
        text.split(',').map(right).collect()
    }

    /// Whether it is among them.
    pub fn contains(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Each of them, in the order of [`Right::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.contains(*right))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Rights {
        Rights(rights.into_iter().fold(0, |set, right| set | right.bit()))
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, right) in self.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { "" } else { "," }, right.word())?;
        }
        Ok(())
    }
}

/// A word that stands for no right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRight(String);

impl Error for UnknownRight {}

impl fmt::Display for UnknownRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is none of report, forget, ask, watch, status", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_words_is_a_set() {
        let rights = Rights::parse("watch,report,watch").unwrap();
        assert_eq!(rights.iter().collect::<Vec<_>>(), [Right::Report, Right::Watch]);
        assert_eq!(rights.to_string(), "report,watch");
        assert!(!rights.contains(Right::Ask));
        let all: Rights = Right::ALL.into_iter().collect();
        assert_eq!(Rights::parse(&all.to_string()), Ok(all));
        assert_eq!(Rights::NONE.to_string(), "");
    }

    #[test]
    fn each_word_is_said_that_is_none() {
        for text in ["", "report,", "Report", "report ,ask", "report,write"] {
            let why = Rights::parse(text).unwrap_err().to_string();
            assert!(why.contains("none of") && why.contains("status"), "{text}: {why}");
        }
        let all = Right::ALL.map(Right::word).join(", ");
        assert!(UnknownRight(String::new()).to_string().contains(&all));
    }
}
