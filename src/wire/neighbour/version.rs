//! Which versions of the lines between servers go together.

use std::fmt;

/// A version of the lines between servers. A server speaks a highest one and the one before, so that
/// the servers of a herd can be upgraded one after the other; there is none below 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32);

impl Version {
    /// The highest version that this program speaks.
    pub const HIGHEST: Version = Version(2);

    /// The version with that number.
    pub const fn new(number: u32) -> Self {
        Version(number)
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Whether it has a line for a client that was forgotten, and tells for how long records count and of
    /// which step of the clock a digest is.
    pub fn tells_ends(self) -> bool {
        self >= Version(2)
    }

    /// Whether a server whose highest version this is speaks that one.
    pub fn speaks(self, other: Version) -> bool {
        (self.lowest()..=self).contains(&other)
    }

    /// What servers with these highest versions speak with each other: the lower of the two, if both
    /// speak it.
    pub fn common_with(self, other: Version) -> Option<Version> {
        let lower = self.min(other);
        (self.speaks(lower) && other.speaks(lower)).then_some(lower)
    }

    /// What a server whose highest version this is speaks, for people: `protocol version 1 is spoken`,
    /// `protocol versions 1 and 2 are spoken`.
    pub fn spoken(self) -> impl fmt::Display {
        Spoken(self)
    }

    fn lowest(self) -> Version {
        Version(self.0.saturating_sub(1).max(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Spoken(Version);

impl fmt::Display for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lowest, highest) = (self.0.lowest(), self.0);
        if lowest == highest {
            write!(f, "protocol version {highest} is spoken")
        } else {
            write!(f, "protocol versions {lowest} and {highest} are spoken")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_are_one_apart_go_together() {
        for (one, other, common) in [
            (1, 1, Some(1)),
            (1, 2, Some(1)),
            (1, 3, None),
            (2, 2, Some(2)),
            (2, 3, Some(2)),
            (3, 3, Some(3)),
            (u32::MAX - 1, u32::MAX, Some(u32::MAX - 1)),
            (0, 0, None),
            (0, 1, None),
            (1, u32::MAX, None),
        ] {
            let [one, other] = [one, other].map(Version::new);
            assert_eq!(one.common_with(other), common.map(Version::new), "{one} and {other}");
            assert_eq!(other.common_with(one), common.map(Version::new), "{other} and {one}");
        }
    }

    #[test]
    fn what_is_spoken_is_said_in_words() {
        let spoken = [1, 2].map(|number| Version::new(number).spoken().to_string());
        let expected = ["protocol version 1 is spoken", "protocol versions 1 and 2 are spoken"];
        assert_eq!(spoken, expected);
    }
}
