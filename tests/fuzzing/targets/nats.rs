//! What a NATS server says, and the words that it is told.

use herd::limits;
use herd::wire::nats::{
    Broken, Connect, Info, Piece, Reader, is_subject, write_connect, write_publish, write_token,
};

/// Any stream in any pieces says the same, and no more is kept than a line. The first byte chooses where the
/// stream is cut.
pub fn nats(input: &[u8]) {
    let [step, stream @ ..] = input else { return };
    let whole = said(stream, usize::MAX);
    assert_eq!(whole, said(stream, usize::from(*step) + 1));
}

/// What a stream says in pieces of that size, payloads put together again, and how it broke.
fn said(stream: &[u8], step: usize) -> (Vec<String>, Option<Broken>) {
    let mut reader = Reader::default();
    let mut said = Vec::new();
    // So much of a payload is to come.
    let mut due: Option<usize> = None;
    let mut payload = Vec::new();
    for mut data in stream.chunks(step.min(stream.len().max(1))) {
        while let Some(piece) = reader.next(&mut data) {
            match piece {
                Ok(Piece::Payload(bytes)) => {
                    assert!(!bytes.is_empty());
                    payload.extend_from_slice(bytes);
                    due = Some(due.expect("a message").checked_sub(bytes.len()).expect("no more"));
                }
                Ok(Piece::End) => {
                    assert_eq!(due.take(), Some(0));
                    said.push(format!("{:?}", std::mem::take(&mut payload)));
                }
                Ok(piece) => {
                    assert_eq!(due, None, "in the middle of a message");
                    if let Piece::Message { bytes, .. } = piece {
                        assert!(bytes <= limits::NATS_PAYLOAD_BYTES_MAX);
                        due = Some(bytes);
                    }
                    said.push(format!("{piece:?}"));
                }
                Err(broken) => {
                    assert_eq!(reader.next(&mut &b"PING\r\n"[..]), Some(Err(broken)), "for ever");
                    assert!(!broken.to_string().contains(char::is_control));
                    said.push(format!("{payload:?}"));
                    return (said, Some(broken));
                }
            }
        }
        assert!(data.is_empty(), "data was left although there is no piece in it");
        assert!(reader.bytes_kept() <= limits::NATS_LINE_BYTES_MAX);
    }
    said.push(format!("{payload:?}"));
    (said, None)
}

/// What an `INFO` says is bounded; a token is one of a subject and of one client, and nothing that is said in
/// `CONNECT` ends its line.
pub fn nats_words(text: &[u8]) {
    if let Some(info) = Info::parse(text) {
        assert!(info.max_payload <= limits::NATS_PAYLOAD_BYTES_MAX);
        assert!(info.connect_urls.len() <= limits::NATS_HOSTS_MAX);
        assert!(info.server_name.len().max(info.version.len()) <= limits::NATS_NAME_BYTES_MAX);
    }
    let mut token = Vec::new();
    write_token(&mut token, text);
    let may_be_subject = (1..=limits::CLIENT_ID_BYTES_MAX).contains(&text.len());
    assert!(!may_be_subject || is_subject(&token) && !token.contains(&b'.'));
    let mut parts = token.split(|&byte| byte == b'=');
    let mut client = parts.next().expect("there is a first").to_vec();
    for part in parts {
        let digits = str::from_utf8(&part[..2]).expect("digits");
        client.push(u8::from_str_radix(digits, 16).expect("digits"));
        client.extend_from_slice(&part[2..]);
    }
    assert_eq!(client, text);
    if is_subject(text) {
        let mut out = Vec::new();
        write_publish(&mut out, text, &[text]);
        let mut fields = out.split(|&byte| byte == b' ');
        assert_eq!(fields.nth(1), Some(text));
    }
    if let Ok(text) = str::from_utf8(text) {
        let mut out = Vec::new();
        let connect = Connect {
            name: text,
            version: text,
            user: Some(text),
            password: Some(text),
            token: Some(text),
            tls: true,
            headers: true,
        };
        write_connect(&mut out, &connect);
        let line = out.strip_suffix(b"\r\n").expect("a line");
        assert!(line.iter().all(|&byte| byte >= b' '));
        assert!(Info::parse(&line["CONNECT ".len()..]).is_some(), "JSON");
    }
}
