//! What is written, by us and by a small writer of the server's side.

use super::*;
use serde_json::{Value, json};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn connect() -> Connect<'static> {
    Connect {
        name: "goloman",
        version: "1.2.3",
        user: None,
        password: None,
        token: None,
        tls: false,
        headers: true,
    }
}

/// The JSON of a `CONNECT`.
fn members(connect: &Connect<'_>) -> Value {
    let line = written(|out| write_connect(out, connect));
    let json = line.strip_prefix("CONNECT ").and_then(|line| line.strip_suffix("\r\n"));
    serde_json::from_str(json.unwrap()).unwrap()
}

#[test]
fn connect_says_who_we_are() {
    let anybody = json!({
        "verbose": false, "pedantic": false, "echo": false, "protocol": 1, "tls_required": false,
        "headers": true, "no_responders": true, "lang": "rust", "version": "1.2.3", "name": "goloman",
    });
    assert_eq!(members(&connect()), anybody);
    let user = Connect { user: Some("a\"b"), password: Some("\r\né"), ..connect() };
    let said = members(&user);
    assert_eq!((&said["user"], &said["pass"]), (&json!("a\"b"), &json!("\r\né")));
    let token = Connect { token: Some("t"), tls: true, headers: false, ..connect() };
    let said = members(&token);
    assert_eq!(said["auth_token"], json!("t"));
    assert_eq!(said["tls_required"], json!(true));
    assert_eq!((&said["headers"], &said["no_responders"]), (&json!(false), &json!(false)));
    assert!(said.get("user").is_none() && said.get("pass").is_none());
}

#[test]
fn connect_shows_no_secret() {
    let secret =
        Connect { user: Some("u5er"), password: Some("s3cret"), token: Some("t0ken"), ..connect() };
    let shown = format!("{secret:?}");
    assert!(["u5er", "s3cret", "t0ken"].iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[test]
fn what_a_client_says() {
    assert_eq!(written(write_ping), "PING\r\n");
    assert_eq!(written(write_pong), "PONG\r\n");
    assert_eq!(written(|out| write_subscribe(out, b"herd.again.*", 7)), "SUB herd.again.* 7\r\n");
    assert_eq!(written(|out| write_publish(out, b"a.b", &[])), "PUB a.b 0\r\n\r\n");
    let parts: [&[u8]; 3] = [b"one", b"", b"\r\ntwo"];
    assert_eq!(written(|out| write_publish(out, b"a.b", &parts)), "PUB a.b 8\r\none\r\ntwo\r\n");
    // As the documentation of NATS has it.
    let with = |headers: &[(&str, &str)], parts: &[&[u8]]| {
        written(|out| write_publish_with_headers(out, b"FOO", headers, parts))
    };
    assert_eq!(
        with(&[("Bar", "Baz")], &[b"Hello ", b"NATS!"]),
        "HPUB FOO 22 33\r\nNATS/1.0\r\nBar: Baz\r\n\r\nHello NATS!\r\n"
    );
    assert_eq!(with(&[], &[]), "HPUB FOO 12 12\r\nNATS/1.0\r\n\r\n\r\n");
}

/// Appends what a server says.
fn write(out: &mut Vec<u8>, said: &Said, headers: Option<&str>, blank: &str) {
    let line = match said {
        Said::Info(json) => format!("INFO{blank}{}", String::from_utf8_lossy(json)),
        Said::Message { subject, reply_to, payload, .. } => {
            let reply_to = reply_to.iter().map(|to| format!("{blank}{to}")).collect::<String>();
            let bytes = payload.len();
            match headers {
                None => format!("MSG{blank}{subject}{blank}1{reply_to}{blank}{bytes}"),
                Some(headers) => {
                    let (headers, both) = (headers.len(), headers.len() + bytes);
                    format!("HMSG{blank}{subject}{blank}1{reply_to}{blank}{headers}{blank}{both}")
                }
            }
        }
        Said::Ping => "PING".to_owned(),
        Said::Pong => "PONG".to_owned(),
        Said::Ok => "+OK".to_owned(),
        Said::Error(why) => format!("-ERR{blank}'{}'", String::from_utf8_lossy(why)),
        Said::Unknown(line) => String::from_utf8_lossy(line).into_owned(),
        Said::Broken(_) => unreachable!("nobody says so"),
    };
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\n");
    if let Said::Message { payload, .. } = said {
        out.extend_from_slice(headers.unwrap_or_default().as_bytes());
        out.extend_from_slice(payload);
        out.extend_from_slice(b"\r\n");
    }
}

fn anything() -> impl Strategy<Value = Said> {
    let word = "[!-~]{1,12}";
    let message = (word, prop::option::of(word), prop::collection::vec(any::<u8>(), 0..40));
    prop_oneof![
        "[!-~]{0,20}".prop_map(|json| Said::Info(json.into())),
        message.prop_map(|(subject, to, payload)| super::message(
            &subject,
            to.as_deref(),
            &payload
        )),
        Just(Said::Ping),
        Just(Said::Pong),
        Just(Said::Ok),
        "[ -~]{0,20}".prop_map(|why| Said::Error(why.into())),
        "[a-z]{5,9}( [a-z]{0,9}[a-z])?".prop_map(|line| Said::Unknown(line.into())),
    ]
}

/// Bytes that come close to what a server says.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "INFO {}\r\n",
            "MSG x 1 3\r\nabc\r\n",
            "MSG x 1 ",
            "HMSG x 1 ",
            "2 5\r\n",
            "3\r\n",
            "abc",
            "PING\r\n",
            "PONG",
            "+OK\r\n",
            "-ERR 'x'\r\n",
            "\r\n",
            "\r",
            "\n",
            " ",
            "\t",
            "0",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_a_server_writes_is_read(
        said in prop::collection::vec(
            (anything(), prop::option::of("[ -~\r\n]{0,20}"), "[ \t]{1,3}"), 0..10,
        ),
        step in 1_usize..60,
    ) {
        let mut stream = Vec::new();
        for (said, headers, blank) in &said {
            write(&mut stream, said, headers.as_deref(), blank);
        }
        let expected: Vec<Said> = said.into_iter().map(|(said, ..)| said).collect();
        prop_assert_eq!(read(stream.chunks(step)), expected);
    }

    #[test]
    fn pieces_do_not_matter(
        stream in nearly(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let pieces = places.windows(2).map(|ends| &stream[ends[0]..ends[1]]);
        prop_assert_eq!(read(pieces), read([&stream[..]]));
    }
}
