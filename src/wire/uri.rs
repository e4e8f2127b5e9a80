//! Paths and queries of request targets (RFC 3986), and forms (WHATWG URL Standard, section 5).
//!
//! Escapes (`%2F`) are decoded once, and only after a target was cut at its `?`, `/`, `&` and `=`: so
//! an escaped one is a part of what it is in. Paths are never normalised: `..` is a segment as any
//! other. In a path `+` is a plus, in a query and a form it is a blank.

use memchr::memchr;
use std::borrow::Cow;
use std::fmt;

/// A `%` that no two hexadecimal digits follow; how many bytes before it. Its `Display` is a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misescaped(pub usize);

/// The segments of a path, still escaped: what is between its `/`. That of `/` is an empty one.
pub fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// The bytes that a segment of a path means.
pub fn decode_segment(segment: &str) -> Result<Cow<'_, [u8]>, Misescaped> {
    let text = segment.as_bytes();
    match memchr(b'%', text) {
        None => Ok(Cow::Borrowed(text)),
        Some(_) => decode(text, b'+').map(Cow::Owned),
    }
}

/// The bytes that a name or a value of a query or a form means.
pub fn decode_field(field: &[u8]) -> Result<Cow<'_, [u8]>, Misescaped> {
    if field.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return decode(field, b' ').map(Cow::Owned);
    }
    Ok(Cow::Borrowed(field))
}

/// The names and values of a query (without its `?`) or a form, still escaped. A value is empty if
/// there is no `=`; what is empty between two `&` is passed over.
pub fn fields(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let end = memchr(b'&', text).unwrap_or(text.len());
            let field = &text[..end];
            rest = text.get(end + 1..);
            if !field.is_empty() {
                // Names are short.
                let name = field.iter().position(|&byte| byte == b'=').unwrap_or(field.len());
                return Some((&field[..name], field.get(name + 1..).unwrap_or_default()));
            }
        }
    })
}

/// Whether an escaped name means that one.
pub fn is_named(escaped: &[u8], name: &str) -> bool {
    escaped == name.as_bytes()
        || decode_field(escaped).is_ok_and(|decoded| *decoded == *name.as_bytes())
}

/// What the last field of that name means; `None` if there is none.
pub fn value<'a>(query: &'a [u8], name: &str) -> Result<Option<Cow<'a, [u8]>>, Misescaped> {
    let mut last = None;
    for (this, value) in fields(query) {
        if is_named(this, name) {
            last = Some(value);
        }
    }
    last.map(decode_field).transpose()
}

fn decode(text: &[u8], plus: u8) -> Result<Vec<u8>, Misescaped> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match (first, behind) {
            (b'+', _) => plus,
            (b'%', [high, low, behind @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                rest = behind;
                digit(*high) << 4 | digit(*low)
            }
            (b'%', _) => return Err(Misescaped(text.len() - behind.len() - 1)),
            _ => first,
        });
    }
    Ok(bytes)
}

/// What a hexadecimal digit says.
fn digit(hexadecimal: u8) -> u8 {
    match hexadecimal {
        b'0'..=b'9' => hexadecimal - b'0',
        _ => (hexadecimal | 0x20) - b'a' + 10,
    }
}

impl fmt::Display for Misescaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no two hexadecimal digits follow the % behind {} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(text: &str) -> Result<Vec<u8>, Misescaped> {
        decode_segment(text).map(Cow::into_owned)
    }

    fn field(text: &str) -> Result<Vec<u8>, Misescaped> {
        decode_field(text.as_bytes()).map(Cow::into_owned)
    }

    #[test]
    fn paths_are_cut_and_nothing_else() {
        for (path, expected) in [
            ("/", &[""][..]),
            ("/clients/a%2Fb/places", &["clients", "a%2Fb", "places"]),
            ("/clients/..", &["clients", ".."]),
            ("/clients/./a//", &["clients", ".", "a", "", ""]),
        ] {
            assert_eq!(segments(path).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn escapes_are_decoded_once() {
        for (text, expected) in [
            ("a%2Fb", &b"a/b"[..]),
            ("%2541", b"%41"),
            ("a+b%2b%20", b"a+b+ "),
            ("Zo%c3%AB", "Zo\u{eb}".as_bytes()),
            ("Zo\u{eb}", "Zo\u{eb}".as_bytes()),
            ("%ff%00", b"\xff\0"),
            ("..", b".."),
            ("", b""),
        ] {
            assert_eq!(segment(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(field("a+b%2b%20").as_deref(), Ok(&b"a b+ "[..]));
        assert_eq!(field("+").as_deref(), Ok(&b" "[..]));
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for (text, before) in
            [("%", 0), ("a%4", 1), ("ab%zz", 2), ("%+1", 0), ("%41%4g", 3), ("%\u{eb}", 0)]
        {
            assert_eq!(segment(text), Err(Misescaped(before)), "{text}");
            assert_eq!(field(text), Err(Misescaped(before)), "{text}");
        }
        let said = Misescaped(2).to_string();
        assert_eq!(said, "no two hexadecimal digits follow the % behind 2 bytes");
    }

    #[test]
    fn queries_are_names_and_values() {
        let query = b"id=a%26b&&lat=1&flag&lon==2&lat=3&=x&%6Cat=4&";
        let found: Vec<_> = fields(query).collect();
        let expected: [(&[u8], &[u8]); 7] = [
            (b"id", b"a%26b"),
            (b"lat", b"1"),
            (b"flag", b""),
            (b"lon", b"=2"),
            (b"lat", b"3"),
            (b"", b"x"),
            (b"%6Cat", b"4"),
        ];
        assert_eq!(found, expected);
        assert_eq!(fields(b"").count(), 0);
        assert_eq!(value(query, "id").unwrap().as_deref(), Some(&b"a&b"[..]));
        assert_eq!(value(query, "lat").unwrap().as_deref(), Some(&b"4"[..]), "the last counts");
        assert_eq!(value(query, "flag").unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(value(query, "at"), Ok(None));
        assert_eq!(value(b"a=%", "a"), Err(Misescaped(0)));
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let escaped: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(segment(&escaped).unwrap(), &bytes[..]);
            let query = format!("x=1&a={escaped}&b=2");
            let found = value(query.as_bytes(), "a").unwrap();
            prop_assert_eq!(found.as_deref(), Some(&bytes[..]));
        }

        #[test]
        fn fields_are_those_of_a_plain_split(query in "[a&=%+]{0,20}") {
            let plain = query.split('&').filter(|field| !field.is_empty());
            let plain = plain.map(|field| field.split_once('=').unwrap_or((field, "")));
            let plain: Vec<_> = plain.map(|(a, b)| (a.as_bytes(), b.as_bytes())).collect();
            prop_assert_eq!(fields(query.as_bytes()).collect::<Vec<_>>(), plain);
        }

        #[test]
        fn any_bytes_are_taken(text: String, bytes: Vec<u8>) {
            let _ = (segment(&text), field(&text), value(&bytes, &text));
        }
    }
}
