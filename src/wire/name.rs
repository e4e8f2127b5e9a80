//! What may name a client, a server or a herd: UTF-8 without white space or control characters.

use super::ascii::{is_white_space, visible_prefix};

/// Whether `bytes` are a client's id: 1 to [`limits::CLIENT_ID_BYTES_MAX`](crate::limits) bytes of
/// UTF-8 without ASCII white space or control characters (Unicode's Cc: C0, DEL and C1). Parsers
/// find it in a line by [`scan`].
#[inline]
pub(super) fn is_client_id(bytes: &[u8]) -> bool {
    scan(bytes, crate::limits::CLIENT_ID_BYTES_MAX) == Some(bytes.len())
}

/// The length of the name at the start of `bytes`, which ends before the first white space; `None`
/// if what is there is not a name of at most `max_bytes` bytes.
#[inline(always)]
pub(super) fn scan(bytes: &[u8], max_bytes: usize) -> Option<usize> {
    let visible = visible_prefix(bytes);
    let length = match bytes.get(visible) {
        Some(&byte) if !is_white_space(byte) => scan_unicode(bytes)?,
        _ => visible,
    };
    (1..=max_bytes).contains(&length).then_some(length)
}

/// As [`scan`], but for any length and for names beyond visible ASCII.
#[cold]
fn scan_unicode(bytes: &[u8]) -> Option<usize> {
    let length = bytes.iter().position(|&byte| is_white_space(byte)).unwrap_or(bytes.len());
    let name = str::from_utf8(&bytes[..length]).ok()?;
    (!name.chars().any(char::is_control)).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use proptest::prelude::*;

    #[test]
    fn names() {
        for good in ["a", "kiwi.cs.ucla.edu", "+", "?", "Zoë", "日本", "a\u{a0}b", "\u{2028}", "🦘"]
        {
            assert!(is_client_id(good.as_bytes()), "{good:?}");
        }
        for bad in
            ["", " ", "a b", " a", "a ", "a\tb", "\u{b}", "\0", "a\u{1f}", "\u{7f}", "é\u{85}"]
        {
            assert!(!is_client_id(bad.as_bytes()), "{bad:?}");
        }
        for broken in [&b"\xff"[..], b"abcdefghij\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"a\x80"] {
            assert!(!is_client_id(broken), "{broken:x?}");
        }
    }

    #[test]
    fn the_limit_counts_bytes() {
        let max = limits::CLIENT_ID_BYTES_MAX;
        assert!(is_client_id(&vec![b'x'; max]));
        assert!(!is_client_id(&vec![b'x'; max + 1]));
        assert!(is_client_id("é".repeat(max / 2).as_bytes()));
        assert!(!is_client_id("é".repeat(max / 2 + 1).as_bytes()));
    }

    #[test]
    fn every_control_character_is_refused() {
        for character in (0..=0x9f).filter_map(char::from_u32) {
            let name = format!("client{character}");
            let refused = character.is_control() || character == ' ';
            assert_eq!(is_client_id(name.as_bytes()), !refused, "{character:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_as_by_the_definition(bytes: Vec<u8>) {
            let expected = !bytes.is_empty()
                && bytes.len() <= limits::CLIENT_ID_BYTES_MAX
                && str::from_utf8(&bytes).is_ok_and(|text| {
                    !text.chars().any(|character| character == ' ' || character.is_control())
                });
            prop_assert_eq!(is_client_id(&bytes), expected);
        }
    }
}
