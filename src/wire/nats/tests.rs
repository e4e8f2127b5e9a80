//! What nats-server 2.9.10 has said, and any stream in any pieces.

use super::*;
use crate::limits;
use proptest::prelude::*;

mod written;

/// A piece of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Info(Vec<u8>),
    /// A message with its payload, whether that is whole.
    Message {
        subject: String,
        reply_to: Option<String>,
        bytes: usize,
        payload: Vec<u8>,
        whole: bool,
    },
    Ping,
    Pong,
    Ok,
    Error(Vec<u8>),
    Unknown(Vec<u8>),
    Broken(Broken),
}

/// What a stream says that comes in these pieces.
fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<Said> {
    let mut reader = Reader::default();
    let mut said = Vec::new();
    for mut data in pieces {
        while let Some(piece) = reader.next(&mut data) {
            let Ok(piece) = piece else {
                let broken = piece.unwrap_err();
                assert_eq!(reader.next(&mut &b"PING\r\n"[..]), Some(Err(broken)), "for ever");
                said.push(Said::Broken(broken));
                return said;
            };
            add(&mut said, piece);
        }
        assert!(data.is_empty(), "data is left");
        assert!(reader.bytes_kept() <= limits::NATS_LINE_BYTES_MAX);
    }
    said
}

fn add(said: &mut Vec<Said>, piece: Piece<'_>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (piece, said.last_mut()) {
        (Piece::Message { subject, reply_to, bytes }, _) => said.push(Said::Message {
            subject: text(subject),
            reply_to: reply_to.map(text),
            bytes,
            payload: Vec::new(),
            whole: false,
        }),
        (Piece::Payload(more), Some(Said::Message { payload, whole: false, bytes, .. })) => {
            assert!(!more.is_empty());
            payload.extend_from_slice(more);
            assert!(payload.len() <= *bytes);
        }
        (Piece::End, Some(Said::Message { payload, whole, bytes, .. })) => {
            assert_eq!(payload.len(), *bytes);
            assert!(!*whole);
            *whole = true;
        }
        (Piece::Info(json), _) => said.push(Said::Info(json.to_vec())),
        (Piece::Ping, _) => said.push(Said::Ping),
        (Piece::Pong, _) => said.push(Said::Pong),
        (Piece::Ok, _) => said.push(Said::Ok),
        (Piece::Error(why), _) => said.push(Said::Error(why.to_vec())),
        (Piece::Unknown(line), _) => said.push(Said::Unknown(line.to_vec())),
        (piece, _) => panic!("{piece:?} behind {said:?}"),
    }
}

/// What it says in one piece; in any two, and byte by byte, it is the same.
fn everywhere(stream: &[u8]) -> Vec<Said> {
    let whole = read([stream]);
    for at in 0..=stream.len() {
        let (one, other) = stream.split_at(at);
        assert_eq!(read([one, other]), whole, "split at {at}");
    }
    assert_eq!(read(stream.chunks(1)), whole, "byte by byte");
    whole
}

fn message(subject: &str, reply_to: Option<&str>, payload: &[u8]) -> Said {
    Said::Message {
        subject: subject.to_owned(),
        reply_to: reply_to.map(str::to_owned),
        bytes: payload.len(),
        payload: payload.to_vec(),
        whole: true,
    }
}

fn error(why: &str) -> Said {
    Said::Error(why.into())
}

/// To one who says `CONNECT` with headers, `PING`, `SUB x.y 1`, and publishes there.
const CONVERSATION: &[u8] = b"INFO {\"server_id\":\"NAQMADUOQMQ7FJATS52DHURNCWJPWTEYFIUJXKBD2NOHP63GQZYMBOEA\",\
\"server_name\":\"NAQMADUOQMQ7FJATS52DHURNCWJPWTEYFIUJXKBD2NOHP63GQZYMBOEA\",\"version\":\"2.9.10\",\"proto\":1,\
\"go\":\"go1.19.8\",\"host\":\"127.0.0.1\",\"port\":14321,\"headers\":true,\"auth_required\":true,\
\"max_payload\":1024,\"client_id\":4,\"client_ip\":\"127.0.0.1\"} \r\nPONG\r\nHMSG x.y 1 22 24\r\nNATS/1.0\r\n\
Bar: Baz\r\n\r\nhi\r\nMSG x.y 1 0\r\n\r\nMSG x.y 1 re.ply 3\r\nabc\r\nPONG\r\n";

#[test]
fn a_conversation() {
    let said = everywhere(CONVERSATION);
    let Said::Info(json) = &said[0] else { panic!("{said:?}") };
    let expected = Info {
        max_payload: 1_024,
        headers: true,
        tls_required: false,
        tls_available: false,
        auth_required: true,
        server_name: "NAQMADUOQMQ7FJATS52DHURNCWJPWTEYFIUJXKBD2NOHP63GQZYMBOEA".to_owned(),
        version: "2.9.10".to_owned(),
        connect_urls: Vec::new(),
        lame_duck: false,
    };
    assert_eq!(Info::parse(json), Some(expected));
    let rest = [
        Said::Pong,
        message("x.y", None, b"hi"),
        message("x.y", None, b""),
        message("x.y", Some("re.ply"), b"abc"),
        Said::Pong,
    ];
    assert_eq!(said[1..], rest);
}

#[test]
fn what_changes_while_a_connection_lasts() {
    let stream = b"INFO {\"server_id\":\"NCZPHAU3ORTLKCC4VP6COGQGHCOI4CRMJGFUUZKFA6T3Z7Q76HBUASNQ\",\
        \"server_name\":\"east-1\",\"version\":\"2.9.10\",\"proto\":1,\"go\":\"go1.19.8\",\
        \"host\":\"127.0.0.1\",\"port\":14322,\"headers\":true,\"max_payload\":1048576,\"client_id\":6,\
        \"client_ip\":\"127.0.0.1\",\"cluster\":\"c\",\
        \"connect_urls\":[\"127.0.0.1:14322\",\"127.0.0.1:14324\"]} \r\n\
        INFO {\"server_name\":\"east-1\",\"cluster\":\"c\",\"ldm\":true} \r\nPING\r\n";
    let said = everywhere(stream);
    let [Said::Info(first), Said::Info(second), Said::Ping] = &said[..] else { panic!("{said:?}") };
    let [first, second] = [first, second].map(|json| Info::parse(json).unwrap());
    assert_eq!(first.connect_urls, ["127.0.0.1:14322", "127.0.0.1:14324"]);
    assert_eq!(first.server_name, "east-1");
    assert!(!first.lame_duck && second.lame_duck);
}

#[test]
fn what_is_refused_is_told_without_quotes() {
    let stream = b"-ERR 'Permissions Violation for Subscription to \"nope\"'\r\n\
        -ERR 'Maximum Payload Violation'\r\n-ERR 'Authorization Violation'\r\n\
        -ERR 'maximum control line exceeded'\r\n-ERR\r\n-err  bare \r\n-ERR '\r\n";
    let expected = [
        "Permissions Violation for Subscription to \"nope\"",
        "Maximum Payload Violation",
        "Authorization Violation",
        "maximum control line exceeded",
        "",
        "bare",
        "'",
    ];
    assert_eq!(everywhere(stream), expected.map(error));
}

#[test]
fn that_nobody_answers_is_a_message_of_headers() {
    let stream = b"+OK\r\nHMSG INBOX 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPING\r\n";
    assert_eq!(everywhere(stream), [Said::Ok, message("INBOX", None, b""), Said::Ping]);
}

#[test]
fn blanks_are_of_any_length_and_operations_of_any_case() {
    let stream = b"msg\tx \t 1  3\r\nabc\r\n ping \r\npOnG\nHmsg \t x 1 re 2\t4 \r\n::ok\r\n";
    let expected =
        [message("x", None, b"abc"), Said::Ping, Said::Pong, message("x", Some("re"), b"ok")];
    assert_eq!(everywhere(stream), expected);
}

#[test]
fn what_is_not_known_is_told_whole() {
    let stream = b"\r\nRMSG a b 3\r\nPINGS\r\nPING\r\n";
    let unknown = |line: &[u8]| Said::Unknown(line.to_vec());
    assert_eq!(
        everywhere(stream),
        [unknown(b""), unknown(b"RMSG a b 3"), unknown(b"PINGS"), Said::Ping]
    );
}

#[test]
fn a_message_that_makes_no_sense_breaks_the_stream() {
    for (stream, broken) in [
        ("MSG\r\n", Broken::Fields),
        ("MSG x 1\r\n", Broken::Fields),
        ("MSG x 1 re 3 4\r\n", Broken::Fields),
        ("HMSG x 1 3\r\n", Broken::Fields),
        ("HMSG x 1 re 3 4 5\r\n", Broken::Fields),
        ("MSG x 1 -1\r\n", Broken::Length),
        ("MSG x 1 +1\r\n", Broken::Length),
        ("MSG x 1 1x\r\n", Broken::Length),
        ("MSG x 1 67108865\r\n", Broken::Length),
        ("MSG x 1 18446744073709551616\r\n", Broken::Length),
        ("HMSG x 1 5 4\r\n", Broken::Length),
        ("HMSG x 1 x 4\r\n", Broken::Length),
    ] {
        assert_eq!(everywhere(stream.as_bytes()), [Said::Broken(broken)], "{stream:?}");
        assert!(!broken.to_string().contains(char::is_control));
    }
    for end in ["abcd\r\n", "abc\n", "abc\rx", "abcPING\r\n"] {
        let said = everywhere(format!("MSG x 1 3\r\n{end}").as_bytes());
        assert_eq!(said.last(), Some(&Said::Broken(Broken::PayloadEnd)), "{end:?}");
    }
}

#[test]
fn a_line_is_bounded_and_a_payload_is_not_kept() {
    let longest = limits::NATS_LINE_BYTES_MAX;
    let line = |bytes: usize| [&b"INFO "[..], &vec![b'x'; bytes - 5], b"\n"].concat();
    assert_eq!(read([&line(longest)[..]]), [Said::Info(vec![b'x'; longest - 5])]);
    assert_eq!(read(line(longest + 1).chunks(1_000)), [Said::Broken(Broken::LineTooLong)]);
    let mut reader = Reader::default();
    let most = limits::NATS_PAYLOAD_BYTES_MAX;
    let head = format!("HMSG x 1 100 {}\r\n", most);
    let mut data = head.as_bytes();
    let payload = most - 100;
    let begins = Piece::Message { subject: b"x", reply_to: None, bytes: payload };
    assert_eq!(reader.next(&mut data), Some(Ok(begins)));
    let part = vec![b'p'; 1 << 20];
    let mut seen = 0;
    for part in part.chunks(part.len()).cycle().take(most / part.len()) {
        let mut data = part;
        while let Some(piece) = reader.next(&mut data) {
            let Ok(Piece::Payload(bytes)) = piece else { panic!("{piece:?}") };
            seen += bytes.len();
        }
        assert_eq!(reader.bytes_kept(), 0);
    }
    assert_eq!(seen, payload);
    assert_eq!(reader.next(&mut &b"\r\n"[..]), Some(Ok(Piece::End)));
}
