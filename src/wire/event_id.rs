//! The `id` of a server-sent event: up to where whoever reads it has been told.
//!
//! `LIFE-SEQUENCE` or `LIFE-SEQUENCE.DEPARTURE`, in decimal: the number of the server's life, all changes of
//! its feed up to which the reader has been told, and the last departure that it has been told of, where
//! that is not the last before the change with that number. (A departure is no change: it comes between
//! two.)

use super::decimal::write_integer;

/// See the [module's docs](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    /// The number of the server's life.
    pub life: u32,
    /// All changes up to this number of its feed have been told.
    pub sequence: u64,
    /// And all departures up to this one, where that is not the last before that change.
    pub departure: Option<u64>,
}

impl EventId {
    /// Of digits alone: no signs, no blanks.
    pub fn parse(text: &str) -> Option<Self> {
        let (life, place) = text.split_once('-')?;
        let (sequence, departure) = match place.split_once('.') {
            Some((sequence, departure)) => (sequence, Some(integer(departure)?)),
            None => (place, None),
        };
        let life = integer(life)?.try_into().ok()?;
        Some(EventId { life, sequence: integer(sequence)?, departure })
    }

    /// Appends it.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_integer(out, u64::from(self.life));
        out.push(b'-');
        write_integer(out, self.sequence);
        if let Some(departure) = self.departure {
            out.push(b'.');
            write_integer(out, departure);
        }
    }
}

fn integer(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(life: u32, sequence: u64, departure: Option<u64>) {
            let id = EventId { life, sequence, departure };
            let mut written = Vec::new();
            id.write(&mut written);
            prop_assert_eq!(EventId::parse(str::from_utf8(&written).unwrap()), Some(id));
        }
    }

    #[test]
    fn an_id_is_of_digits_alone() {
        let id = |departure| Some(EventId { life: 7, sequence: 15, departure });
        assert_eq!(EventId::parse("7-15"), id(None));
        assert_eq!(EventId::parse("7-15.3"), id(Some(3)));
        for wrong in [
            "",
            "x",
            "7",
            "7-",
            "-15",
            "7-15-1",
            "7.15",
            "+7-15",
            "7-+15",
            "7-15.",
            "7-.3",
            "7-15.+3",
            "7-15.3.1",
            "7-15 ",
            "4294967296-1",
            "7-18446744073709551616",
        ] {
            assert_eq!(EventId::parse(wrong), None, "{wrong}");
        }
    }
}
