//! The key for Places: shown nowhere, and found wherever it might be shown.

use crate::limits;
use memchr::memmem;
use std::error::Error;
use std::fmt;

/// A key for the Places service. It can be sent and looked for, but not displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    plain: String,
    /// As it is written in a URL.
    encoded: String,
}

/// What is wrong with a key; does not tell the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// It has no characters.
    Empty,
    /// It is longer than the limit.
    TooLong,
    /// It has a character other than the visible ones of ASCII.
    Character,
}

/// What stands in the place of a key in messages.
const REDACTED: &str = "***";

impl Key {
    /// A key of visible ASCII characters, so that it is safe in a header.
    pub fn new(plain: &str) -> Result<Self, KeyError> {
        if plain.is_empty() {
            return Err(KeyError::Empty);
        }
        if plain.len() > limits::PLACES_KEY_BYTES_MAX {
            return Err(KeyError::TooLong);
        }
        if !plain.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::Character);
        }
        Ok(Key { plain: plain.to_owned(), encoded: percent_encoded(plain) })
    }

    /// The key as the value of a query's parameter.
    pub fn in_query(&self) -> &str {
        &self.encoded
    }

    /// The key as the value of a header field.
    pub fn in_header(&self) -> &str {
        &self.plain
    }

    /// Whether the key can be read in `text`: as it is, as in a URL, or either written with the
    /// escapes of JSON.
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.is_plainly_in(text)
            || (text.contains(&b'\\') && self.is_plainly_in(&without_escapes(text)))
    }

    /// `text` with stars in the place of the key.
    pub fn redact(&self, text: &str) -> String {
        text.replace(&self.plain, REDACTED).replace(&self.encoded, REDACTED)
    }

    fn is_plainly_in(&self, text: &[u8]) -> bool {
        memmem::find(text, self.plain.as_bytes()).is_some()
            || (self.encoded != self.plain && memmem::find(text, self.encoded.as_bytes()).is_some())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::Empty => "the key for Places is empty",
            KeyError::TooLong => "the key for Places is too long",
            KeyError::Character => {
                "the key for Places has a character other than the visible ones of ASCII"
            }
        })
    }
}

impl Error for KeyError {}

/// All but the unreserved characters of RFC 3986 as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `text` with each escape of JSON replaced by the character that it stands for; those for
/// characters that no key has are left as they are.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = match (byte, after) {
            (b'\\', [b'u', b'0', b'0', high, low, ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 6),
                _ => (byte, 1),
            },
            (b'\\', [escaped @ (b'"' | b'\\' | b'/'), ..]) => (*escaped, 2),
            _ => (byte, 1),
        };
        plain.push(byte);
        rest = &rest[length..];
    }
    plain
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_and_debug_do_not_tell_the_key() {
        for (text, error) in [
            ("", KeyError::Empty),
            ("secret key", KeyError::Character),
            ("secret\r\nX: y", KeyError::Character),
            ("sécret", KeyError::Character),
            (&"s".repeat(limits::PLACES_KEY_BYTES_MAX + 1), KeyError::TooLong),
        ] {
            assert_eq!(Key::new(text), Err(error));
            assert!(!error.to_string().contains("secret"));
        }
        assert_eq!(format!("{:?}", Key::new("secret").unwrap()), "Key(..)");
    }

    #[test]
    fn a_key_is_safe_in_a_query() {
        assert_eq!(Key::new("AIza-_.~09").unwrap().in_query(), "AIza-_.~09");
        assert_eq!(Key::new("a&b=c+d/%#").unwrap().in_query(), "a%26b%3Dc%2Bd%2F%25%23");
    }

    #[test]
    fn a_key_is_found_in_each_disguise() {
        let key = Key::new("AIza/x=1").unwrap();
        for text in [
            "say AIza/x=1!",
            "key=AIza%2Fx%3D1&",
            r#""AIza\/x\u003d1""#,
            r#""AIza/x\u003D1""#,
            r#""\u0041Iza\u002fx=1""#,
            r#""AIza\u00252Fx%3D1""#,
        ] {
            assert!(key.is_in(text.as_bytes()), "{text}");
        }
        for text in ["", "AIza", r"AIza/x\u00", r"\", r"\u", r"\u00g0", r"AIza\nx=1"] {
            assert!(!key.is_in(text.as_bytes()), "{text}");
        }
        assert_eq!(key.redact("is AIza/x=1 or AIza%2Fx%3D1?"), "is *** or ***?");
    }

    proptest! {
        #[test]
        fn a_key_is_found_in_json_however_escaped(
            plain in "[!-~]{8,24}",
            escaped in proptest::collection::vec(any::<bool>(), 24),
        ) {
            let key = Key::new(&plain).unwrap();
            let mut json = String::from("{\"a\\n\":\"");
            for (c, escaped) in plain.chars().zip(escaped) {
                if escaped || c == '"' || c == '\\' {
                    json.push_str(&format!("\\u{:04x}", u32::from(c)));
                } else {
                    json.push(c);
                }
            }
            json.push_str("\"}");
            prop_assert!(key.is_in(json.as_bytes()));
        }
    }
}
