//! Subjects: what messages are published on, tokens with dots between them.

use crate::limits;

/// Whether something may be published on that subject: tokens without wildcards (`*`, `>`), white space or
/// control characters, none of them empty, together at most [`limits::NATS_SUBJECT_BYTES_MAX`] bytes.
pub fn is_subject(text: &[u8]) -> bool {
    let may_be_in_token = |&byte: &u8| byte > b' ' && !matches!(byte, b'*' | b'>' | 0x7f);
    text.len() <= limits::NATS_SUBJECT_BYTES_MAX
        && text
            .split(|&byte| byte == b'.')
            .all(|token| !token.is_empty() && token.iter().all(may_be_in_token))
}

/// Appends a client's id as one token of a subject, which JetStream's key-value view takes as a key, too:
/// ASCII letters, digits, `-` and `_` as they are, any other byte as `=` and two hexadecimal digits, the
/// letters among them in upper case. So `=` is `=3D`, each id has one token, and no two have the same.
pub fn write_token(out: &mut Vec<u8>, client: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in client {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => out.push(byte),
            _ => {
                let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
                out.extend_from_slice(&[b'=', high, low]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(client: &[u8]) -> String {
        let mut token = Vec::new();
        write_token(&mut token, client);
        String::from_utf8(token).unwrap()
    }

    /// The id that a token was made of.
    fn client(token: &str) -> Vec<u8> {
        let mut parts = token.split('=');
        let mut client = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            client.push(u8::from_str_radix(&part[..2], 16).unwrap());
            client.extend_from_slice(&part.as_bytes()[2..]);
        }
        client
    }

    #[test]
    fn subjects_are_tokens() {
        let long = "a".repeat(limits::NATS_SUBJECT_BYTES_MAX);
        for subject in ["a", "herd.feed", "_INBOX.a-b.c=1", "$KV.herd.x", "a.é", &long] {
            assert!(is_subject(subject.as_bytes()), "{subject}");
        }
        let longer = long + "a";
        for text in [
            "", ".", ".a", "a.", "a..b", "*", "a.*", ">", "a.>", "a*", "a b", "a\tb", "a\r", "a\n",
            "a\0", "a\x7f", &longer,
        ] {
            assert!(!is_subject(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn clients_become_tokens() {
        for (client, expected) in [
            ("kiwi.cs.ucla.edu", "kiwi=2Ecs=2Eucla=2Eedu"),
            ("van-12_A", "van-12_A"),
            ("a=3D", "a=3D3D"),
            ("*", "=2A"),
            (">", "=3E"),
            ("é/\\", "=C3=A9=2F=5C"),
        ] {
            assert_eq!(token(client.as_bytes()), expected);
        }
        let longest = token(&[b'/'; limits::CLIENT_ID_BYTES_MAX]);
        let prefix = "s".repeat(limits::NATS_SUBJECT_PREFIX_BYTES_MAX);
        assert!(is_subject(format!("{prefix}.client.{longest}").as_bytes()));
    }

    proptest! {
        #[test]
        fn each_client_has_a_token_of_its_own(id in prop::collection::vec(any::<u8>(), 1..64)) {
            let token = token(&id);
            prop_assert_eq!(client(&token), id);
            prop_assert!(is_subject(token.as_bytes()));
            let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-/_=.".contains(&byte);
            prop_assert!(token.bytes().all(is_key));
        }
    }
}
