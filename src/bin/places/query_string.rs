//! The part of a request target behind the `?`: parameters as a form sends them
//! (`application/x-www-form-urlencoded`, WHATWG URL Standard section 5): pure.

use std::borrow::Cow;

/// The decoded value of the first parameter of that name; empty if it has no `=`.
pub fn value<'a>(query: &'a str, name: &str) -> Option<Cow<'a, [u8]>> {
    query.split('&').find_map(|parameter| {
        let (encoded, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (*decoded(encoded) == *name.as_bytes()).then(|| decoded(value))
    })
}

/// The bytes that are meant: `%41` is `A`, `+` is a space, and a `%` that no two hexadecimal digits
/// follow is itself.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    let encoded = text.as_bytes();
    if !encoded.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(encoded);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        bytes.push(match (first, behind) {
            (b'+', _) => b' ',
            (b'%', [high, low, behind @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = behind;
                    high << 4 | low
                }
                _ => first,
            },
            _ => first,
        });
    }
    Cow::Owned(bytes)
}

fn digit(hexadecimal: u8) -> Option<u8> {
    let value = char::from(hexadecimal).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(query: &str, name: &str) -> Option<String> {
        value(query, name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    #[test]
    fn a_parameter_is_found_by_its_name() {
        let query = "location=1.5,-2&radius=7&flag&radius=8&=nameless";
        assert_eq!(text(query, "location").as_deref(), Some("1.5,-2"));
        assert_eq!(text(query, "radius").as_deref(), Some("7"), "the first counts");
        assert_eq!(text(query, "flag").as_deref(), Some(""));
        assert_eq!(text(query, "adius"), None);
        assert_eq!(text("", "location"), None);
    }

    #[test]
    fn percent_and_plus_are_decoded_in_names_and_values() {
        assert_eq!(text("l%6Fcation=1%2c2", "location").as_deref(), Some("1,2"));
        assert_eq!(text("a=%2B1+2", "a").as_deref(), Some("+1 2"));
        assert_eq!(text("a=%26%3D%25", "a").as_deref(), Some("&=%"));
        assert_eq!(value("a=%ff", "a").as_deref(), Some(&[0xff][..]));
    }

    #[test]
    fn a_percent_without_two_digits_is_itself() {
        for broken in ["%", "%4", "%zz", "%+1", "100%&b=1", "%%"] {
            let meant = broken.split('&').next().map(|text| text.replace('+', " "));
            assert_eq!(text(&format!("a={broken}"), "a"), meant);
        }
        assert_eq!(text("a=%%41", "a").as_deref(), Some("%A"));
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..50)) {
            let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            let query = format!("x=1&a={encoded}&b=2");
            let decoded = value(&query, "a");
            prop_assert_eq!(decoded.as_deref(), Some(&bytes[..]));
        }

        #[test]
        fn any_text_is_taken(query in ".*", name in ".*") {
            value(&query, &name);
        }
    }
}
