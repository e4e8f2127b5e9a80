//! What peers sent, made fit for a log line.

use super::ascii;
use crate::limits;
use std::fmt::{self, Write};

/// Shows bytes as text on one line. Printable UTF-8 passes as it is (a backslash, too: this is for
/// reading, not for reading back). ASCII control characters and bytes that are not UTF-8 are shown
/// as `\xNN`; other control characters, line separators, what reorders text and what is not seen as
/// `\u{..}`, so that no two texts that differ look the same by them. Of more than
/// [`limits::LOG_TEXT_BYTES_MAX`] bytes the first are shown, and how many there are.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Printable(bytes) = *self;
        if bytes.len() <= limits::LOG_TEXT_BYTES_MAX {
            return write_escaped(f, bytes);
        }
        write_escaped(f, &bytes[..cut(bytes, limits::LOG_TEXT_BYTES_MAX)])?;
        write!(f, "… ({} bytes)", bytes.len())
    }
}

/// Where to cut `bytes` so that no character is cut in two: at `max` or at most three bytes before.
fn cut(bytes: &[u8], max: usize) -> usize {
    let is_boundary = |&end: &usize| bytes[end] & 0b1100_0000 != 0b1000_0000;
    (max.saturating_sub(3)..=max).rev().find(is_boundary).unwrap_or(max)
}

fn write_escaped(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    if ascii::is_printable(bytes)
        && let Ok(text) = str::from_utf8(bytes)
    {
        return f.write_str(text);
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            write_character(f, character)?;
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

fn write_character(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        ' '..='~' => f.write_char(character),
        '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(character)),
        _ if is_unseen(character) => write!(f, "\\u{{{:x}}}", u32::from(character)),
        _ => f.write_char(character),
    }
}

/// Whether a character beyond ASCII is not seen itself, but changes how others are: it ends a line,
/// turns the direction, joins or parts letters, or only makes a text look like another. These are the
/// general category Cf and what is Default_Ignorable_Code_Point, of the Unicode Character Database, with
/// C1, the separators of lines and paragraphs, and a blank that is no white space.
fn is_unseen(character: char) -> bool {
    let unseen = UNSEEN.partition_point(|&(_, last)| last < character);
    UNSEEN.get(unseen).is_some_and(|&(first, _)| first <= character)
}

/// First and last of each run of them, ascending.
const UNSEEN: [(char, char); 27] = [
    // C1.
    ('\u{80}', '\u{9f}'),
    // The soft hyphen, the joiner of graphemes.
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    // Marks before Arabic numbers, of Arabic letters, of verses; the abbreviation of Syriac.
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    // Fillers of Hangul, vowels of Khmer that are not written.
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    // Selectors of Mongolian variants, its separator of vowels.
    ('\u{180b}', '\u{180f}'),
    // Without width; marks of direction.
    ('\u{200b}', '\u{200f}'),
    // Line and paragraph separator; embeddings and overrides of direction.
    ('\u{2028}', '\u{202e}'),
    // Word joiner, invisible operators, isolates of direction, shapes of digits.
    ('\u{2060}', '\u{206f}'),
    // Braille without a dot, a filler of Hangul.
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    // Selectors of variants, the byte order mark, a filler of Hangul, marks of interlinear notes.
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    // Kaithi's marks before numbers.
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    // How hieroglyphs are joined, how shorthand and music are.
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    // Tags, more selectors of variants, and what is reserved for their like.
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(bytes: impl AsRef<[u8]>) -> String {
        Printable(bytes.as_ref()).to_string()
    }

    #[test]
    fn printable_text_passes_as_it_is() {
        for text in ["", "IAMAT a +1+1 1", "a\\n\"'{}", "Zoë 日本 🦘", "\u{a0}"] {
            assert_eq!(show(text), text);
        }
    }

    #[test]
    fn all_else_is_escaped() {
        for (bytes, expected) in [
            (&b"a\nb\r\t\0\x1b[2J\x7f"[..], r"a\x0ab\x0d\x09\x00\x1b[2J\x7f"),
            ("\u{85}\u{9b}2J".as_bytes(), r"\u{85}\u{9b}2J"),
            (
                "a\u{2028}b\u{2029}\u{202e}\u{2067}".as_bytes(),
                r"a\u{2028}b\u{2029}\u{202e}\u{2067}",
            ),
            ("ki\u{200b}wi\u{feff}".as_bytes(), r"ki\u{200b}wi\u{feff}"),
            ("\u{61c}\u{180e}\u{200f}".as_bytes(), r"\u{61c}\u{180e}\u{200f}"),
            ("\u{2060}\u{2064}\u{fff9}".as_bytes(), r"\u{2060}\u{2064}\u{fff9}"),
            ("a\u{e0001}\u{e0061}".as_bytes(), r"a\u{e0001}\u{e0061}"),
            ("soft\u{ad}hyphen \u{2764}\u{fe0f}".as_bytes(), r"soft\u{ad}hyphen ❤\u{fe0f}"),
            (b"\xff\xfeok\xc3", r"\xff\xfeok\xc3"),
            (b"\xed\xa0\x80", r"\xed\xa0\x80"),
            ("é\n".as_bytes(), "é\\x0a"),
        ] {
            assert_eq!(show(bytes), expected);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let max = limits::LOG_TEXT_BYTES_MAX;
        assert_eq!(show("x".repeat(max)), "x".repeat(max));
        assert_eq!(show("x".repeat(max + 1)), format!("{}… ({} bytes)", "x".repeat(max), max + 1));
        for shift in 0..4 {
            let text = "x".repeat(shift) + &"🦘".repeat(max / 4);
            let whole = text.len() <= max;
            let kept = "x".repeat(shift) + &"🦘".repeat((max - shift) / 4);
            let expected =
                if whole { text.clone() } else { format!("{kept}… ({} bytes)", text.len()) };
            assert_eq!(show(&text), expected);
        }
        let broken = show(vec![0x80; max + 1]);
        assert_eq!(broken, format!("{}… ({} bytes)", r"\x80".repeat(max), max + 1));
    }

    #[test]
    fn every_character_that_is_not_seen_is_escaped_and_its_neighbours_are_not() {
        assert!(UNSEEN.is_sorted() && UNSEEN.iter().all(|(first, last)| first <= last));
        for (first, last) in [
            (0x80, 0x9f),
            (0xad, 0xad),
            (0x34f, 0x34f),
            (0x600, 0x605),
            (0x61c, 0x61c),
            (0x6dd, 0x6dd),
            (0x70f, 0x70f),
            (0x890, 0x891),
            (0x8e2, 0x8e2),
            (0x115f, 0x1160),
            (0x17b4, 0x17b5),
            (0x180b, 0x180f),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x206f),
            (0x2800, 0x2800),
            (0x3164, 0x3164),
            (0xfe00, 0xfe0f),
            (0xfeff, 0xfeff),
            (0xffa0, 0xffa0),
            (0xfff0, 0xfffb),
            (0x110bd, 0x110bd),
            (0x110cd, 0x110cd),
            (0x13430, 0x1343f),
            (0x1bca0, 0x1bca3),
            (0x1d173, 0x1d17a),
            (0xe0000, 0xe007f),
            (0xe0100, 0xe01ef),
        ] {
            for code in first..=last {
                let escaped = show(char::from_u32(code).unwrap().to_string());
                assert_eq!(escaped, format!("\\u{{{code:x}}}"));
            }
            for beside in [first - 1, last + 1].map(|code| char::from_u32(code).unwrap()) {
                let passes = show(beside.to_string()) == beside.to_string();
                let is_tag = ('\u{e0000}'..='\u{e0fff}').contains(&beside);
                assert!(passes || beside.is_ascii_control() || is_tag, "{beside:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_up_on_one_line_without_controls(
            bytes in prop::collection::vec(any::<u8>(), 0..3_000), text: String,
        ) {
            for shown in [show(&bytes), show(&text)] {
                prop_assert!(!shown.contains(char::is_control));
                prop_assert!(!shown.contains(is_unseen));
            }
        }
    }
}
