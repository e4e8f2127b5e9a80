//! Herd files, right and wrong: each mistake is said in one line that names the place.

use super::*;
use crate::transport::Endpoint;
use proptest::prelude::*;

/// A herd of the servers given, as JSON.
fn herd(servers: &str) -> String {
    format!("{{\"herd\": \"test\",\n\"servers\": [{servers}]}}")
}

fn mistake(json: &str) -> String {
    let said = parse(json.as_bytes()).unwrap_err().to_string();
    assert!(!said.contains(['\n', '\r']), "more than one line: {said}");
    said
}

/// What is said about a herd of the servers given.
fn refused(servers: &str) -> String {
    mistake(&herd(servers))
}

const A: &str = r#"{"name": "A", "host": "h", "port": 1}"#;

#[test]
fn one_server_is_a_herd() {
    let herd = parse(herd(A).as_bytes()).unwrap();
    assert_eq!(herd.name, "test");
    assert_eq!(
        herd.servers,
        [Server {
            name: "A".into(),
            host: "h".into(),
            listen: "h".into(),
            client_port: Some(1),
            tls_port: None,
            neighbour_port: 1_001,
            web_port: None,
            web_listen: "h".into(),
            neighbours: vec![],
        }]
    );
}

#[test]
fn a_herd_remembers_for_as_long_as_its_file_says() {
    let parsed = |fields: &str| {
        parse(format!("{{\"herd\": \"test\", {fields}\"servers\": [{A}]}}").as_bytes())
    };
    for (fields, ttl_seconds, tombstone_seconds) in [
        ("", None, 604_800),
        (r#""ttl_seconds": 1, "#, Some(1), 604_800),
        (r#""ttl_seconds": 700000, "#, Some(700_000), 700_000),
        (r#""tombstone_seconds": 1, "#, None, 1),
        (r#""ttl_seconds": 9, "tombstone_seconds": 9, "#, Some(9), 9),
        (r#""ttl_seconds": 315619200, "#, Some(315_619_200), 315_619_200),
    ] {
        let lifetimes = parsed(fields).unwrap().lifetimes;
        assert_eq!(lifetimes, Lifetimes { ttl_seconds, tombstone_seconds }, "{fields}");
    }
    let refused = |fields: &str| parsed(fields).unwrap_err().to_string();
    let said = refused(r#""ttl_seconds": 9, "tombstone_seconds": 8, "#);
    assert_eq!(said, "field `tombstone_seconds`: 8 is less than `ttl_seconds`, which is 9");
    for number in ["0", "315619201", "-1", "1.5", "\"1\""] {
        let said = refused(&format!("\"tombstone_seconds\": {number}, "));
        assert!(said.contains("expected whole seconds, 1 to 315619200"), "{said}");
    }
}

#[test]
fn optional_fields_are_taken() {
    let json =
        herd(r#"{"name": "A", "host": "::1", "port": 65535, "neighbour_port": 7, "listen": "::"}"#);
    let server = &parse(json.as_bytes()).unwrap().servers[0];
    assert_eq!(server.client_endpoint().unwrap().to_string(), "[::1]:65535");
    assert_eq!(server.neighbour_endpoint().to_string(), "[::1]:7");
    assert_eq!(server.client_listener().unwrap().to_string(), "[::]:65535");
    assert_eq!(server.neighbour_listener().to_string(), "[::]:7");
    assert_eq!((server.web_endpoint(), server.web_listener()), (None, None));
    assert_eq!((server.tls_endpoint(), server.tls_listener()), (None, None));
}

#[test]
fn clients_may_speak_tls_beside_plain_or_alone() {
    let ports = |fields: &str| {
        let json = format!(r#"{{"name": "A", "host": "h", "listen": "::", {fields}}}"#);
        let server = parse(herd(&json).as_bytes()).unwrap().servers.remove(0);
        let shown = |endpoint: Option<Endpoint>| endpoint.map(|endpoint| endpoint.to_string());
        let tls = (shown(server.tls_endpoint()), shown(server.tls_listener()));
        assert_eq!(tls, (Some("h:7".into()), Some("[::]:7".into())));
        let plain = (shown(server.client_endpoint()), shown(server.client_listener()));
        (plain, server.neighbour_port)
    };
    let both = (Some("h:5".into()), Some("[::]:5".into()));
    assert_eq!(ports(r#""port": 5, "tls_port": 7"#), (both.clone(), 1_005));
    assert_eq!(ports(r#""port": 5, "tls_port": 7, "neighbour_port": 9"#), (both, 9));
    assert_eq!(ports(r#""port": 0, "tls_port": 7"#), ((None, None), 1_007));
    assert_eq!(ports(r#""port": 0, "tls_port": 7, "neighbour_port": 9"#), ((None, None), 9));
}

#[test]
fn a_web_port_is_bound_where_the_others_are_or_on_an_address_of_its_own() {
    let web = |fields: &str| {
        let json = format!(r#"{{"name": "A", "host": "h", "port": 1, "web_port": 80{fields}}}"#);
        let server = &parse(herd(&json).as_bytes()).unwrap().servers[0];
        let shown = |endpoint: Option<Endpoint>| endpoint.unwrap().to_string();
        (shown(server.web_endpoint()), shown(server.web_listener()))
    };
    assert_eq!(web(""), ("h:80".into(), "h:80".into()));
    assert_eq!(web(r#", "listen": "::""#), ("h:80".into(), "[::]:80".into()));
    assert_eq!(
        web(r#", "listen": "::", "web_listen": "127.0.0.1""#),
        ("h:80".into(), "127.0.0.1:80".into())
    );
}

#[test]
fn an_address_for_the_web_port_needs_one() {
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "web_listen": "127.0.0.1"}"#),
        "server \"A\": web_listen is of no use without a web_port: give one"
    );
}

#[test]
fn links_named_twice_count_once() {
    let json = herd(
        r#"{"name": "A", "host": "h", "port": 1, "talks_with": ["B", "B"]},
           {"name": "B", "host": "h", "port": 2, "talks_with": ["A"]}"#,
    );
    let herd = parse(json.as_bytes()).unwrap();
    assert_eq!(herd.servers[0].neighbours, [1]);
    assert_eq!(herd.servers[1].neighbours, [0]);
}

#[test]
fn servers_may_share_a_host_or_a_wildcard() {
    let json = herd(
        r#"{"name": "A", "host": "a", "port": 1, "listen": "0.0.0.0"},
           {"name": "B", "host": "b", "port": 1, "listen": "0.0.0.0"},
           {"name": "C", "host": "b", "port": 2},
           {"name": "D", "host": "d", "port": 1, "web_port": 80, "web_listen": "127.0.0.1"},
           {"name": "E", "host": "e", "port": 1, "web_port": 80, "web_listen": "127.0.0.1"}"#,
    );
    assert!(parse(json.as_bytes()).is_ok());
}

#[test]
fn json_mistakes_name_line_and_column() {
    assert_eq!(
        mistake("{\"herd\": \"test\",\n\"servers\": [}"),
        "expected value at line 2 column 13"
    );
    assert!(mistake("").contains("line 1 column 0"));
    assert!(mistake("{\"herd\": \"\u{1}\"}").contains("line 1 column"));
    assert!(mistake(&(herd(A) + "{}")).contains("trailing characters at line 2"));
}

#[test]
fn shape_mistakes_name_the_field() {
    assert!(mistake(r#"{"servers": []}"#).contains("missing field `herd`"));
    assert!(refused(r#"{"name": "A", "host": "h"}"#).contains("missing field `port`"));
    let misspelt = refused(r#"{"name": "A", "host": "h", "port": 1, "talkswith": []}"#);
    assert!(misspelt.contains("unknown field `talkswith`"), "{misspelt}");
    assert!(misspelt.contains("at line 2 column"), "{misspelt}");
    let twice = refused(r#"{"name": "A", "name": "B", "host": "h", "port": 1}"#);
    assert!(twice.contains("duplicate field `name`"), "{twice}");
}

#[test]
fn mistakes_are_said_in_the_reader_s_words() {
    let port = refused(r#"{"name": "A", "host": "h", "port": 65536}"#);
    let expected = "invalid value: integer `65536`, expected a port, 1 to 65535 at line 2";
    assert!(port.starts_with(expected), "{port}");
    let text = refused(r#"{"name": "A", "host": "h", "port": "1"}"#);
    assert!(text.starts_with("invalid type: string \"1\", expected a port"), "{text}");
    let name = refused(r#"{"name": "A", "host": "h", "port": 1, "talks_with": "B"}"#);
    assert!(name.contains("expected a list"), "{name}");
    let expected = "invalid type: string \"herd\", expected an object with `herd` and `servers`";
    assert!(mistake("\"herd\"").starts_with(expected));
    let expected = "invalid type: string \"A\", expected an object with `name`, `host`";
    assert!(refused("\"A\"").starts_with(expected), "{}", refused("\"A\""));
    for said in [mistake("[]"), refused("[]"), refused("[1]")] {
        assert!(!said.contains("struct") && !said.contains("u16"), "{said}");
    }
}

#[test]
fn a_byte_order_mark_means_nothing() {
    assert!(parse(format!("\u{feff}{}", herd(A)).as_bytes()).is_ok());
}

#[test]
fn line_ends_in_quoted_fields_stay_in_the_line() {
    assert!(refused(r#"{"a\nb": 1}"#).contains("unknown field `a b`"));
}

#[test]
fn there_must_be_servers_but_not_too_many() {
    assert_eq!(refused(""), "field `servers`: there must be at least one");
    let entry = |at: usize| format!(r#"{{"name": "S{at}", "host": "h{at}", "port": 1}}"#);
    let many = |count: usize| herd(&(0..count).map(entry).collect::<Vec<_>>().join(","));
    assert_eq!(parse(many(SERVERS_MAX).as_bytes()).unwrap().servers.len(), SERVERS_MAX);
    assert_eq!(mistake(&many(SERVERS_MAX + 1)), "field `servers`: 1025 are too many, at most 1024");
}

#[test]
fn names_are_checked() {
    for bad in ["", "a b", r"a\u00a0b", r"a\nb", r"a\u0000", "../a", ".", "..", &"x".repeat(65)] {
        let said = refused(&format!(r#"{{"name": "{bad}", "host": "h", "port": 1}}"#));
        assert!(said.starts_with("server \""), "{said}");
        assert!(said.contains("\": name is no name: 1 to 64 bytes without"), "{said}");
        let said = mistake(&format!(r#"{{"herd": "{bad}", "servers": [{A}]}}"#));
        assert!(said.starts_with("field `herd`: \""), "{said}");
    }
    for good in ["x", "Zürich-2", &"x".repeat(64)] {
        let json = herd(&format!(r#"{{"name": "{good}", "host": "h", "port": 1}}"#));
        assert_eq!(parse(json.as_bytes()).unwrap().servers[0].name, good);
    }
}

#[test]
fn a_name_is_used_once() {
    let again = r#"{"name": "A", "host": "h", "port": 2}"#;
    assert_eq!(refused(&format!("{A},{again}")), "server \"A\": another server has this name");
}

#[test]
fn hosts_are_checked() {
    for bad in ["", "a b", "[::1]", "a/b", r"a\n", ":5", "256.1.1.1", "a..b", &"x".repeat(64)] {
        let said = refused(&format!(r#"{{"name": "A", "host": "{bad}", "port": 1}}"#));
        assert!(said.starts_with("server \"A\": host \""), "{said}");
        let with_listen = format!(r#"{{"name":"A","host":"h","port":1,"listen":"{bad}"}}"#);
        assert!(refused(&with_listen).starts_with("server \"A\": listen \""));
        let with_web =
            format!(r#"{{"name":"A","host":"h","port":1,"web_port":2,"web_listen":"{bad}"}}"#);
        assert!(refused(&with_web).starts_with("server \"A\": web_listen \""));
    }
}

#[test]
fn ports_are_checked() {
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 0}"#),
        "server \"A\": port must be 1 to 65535, or 0 where there is a tls_port"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 0, "tls_port": 0}"#),
        "server \"A\": tls_port must be 1 to 65535"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "neighbour_port": 0}"#),
        "server \"A\": neighbour_port must be 1 to 65535"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "web_port": 0}"#),
        "server \"A\": web_port must be 1 to 65535"
    );
    let web = refused(r#"{"name": "A", "host": "h", "port": 1, "web_port": 65536}"#);
    assert!(web.contains("`65536`, expected a port, 1 to 65535"), "{web}");
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 64536}"#),
        "server \"A\": port + 1000 is over 65535: give a neighbour_port"
    );
    assert!(parse(herd(r#"{"name":"A","host":"h","port":64535}"#).as_bytes()).is_ok());
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 0, "tls_port": 64536}"#),
        "server \"A\": tls_port + 1000 is over 65535: give a neighbour_port"
    );
    let beside = r#"{"name": "A", "host": "h", "port": 1, "tls_port": 64536}"#;
    assert!(parse(herd(beside).as_bytes()).is_ok());
}

#[test]
fn two_listeners_cannot_share_an_address() {
    assert_eq!(
        refused(&format!(r#"{A},{{"name": "B", "host": "H", "port": 1}}"#)),
        "server \"B\": h:1 is a port of \"A\" already"
    );
    assert_eq!(
        refused(&format!(r#"{A},{{"name": "B", "host": "h", "port": 1001}}"#)),
        "server \"B\": h:1001 is a port of \"A\" already"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "neighbour_port": 1}"#),
        "server \"A\": h:1 is a port of \"A\" already"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "web_port": 1001}"#),
        "server \"A\": h:1001 is a port of \"A\" already"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "tls_port": 1}"#),
        "server \"A\": h:1 is a port of \"A\" already"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "web_port": 2, "tls_port": 2}"#),
        "server \"A\": h:2 is a port of \"A\" already"
    );
    assert_eq!(
        refused(&format!(r#"{A},{{"name": "B", "host": "h", "port": 0, "tls_port": 1001}}"#)),
        "server \"B\": h:1001 is a port of \"A\" already"
    );
    // As others dial it, whatever it is bound to.
    assert_eq!(
        refused(&format!(
            r#"{A},{{"name": "B", "host": "h", "port": 2, "web_port": 1, "web_listen": "::1"}}"#
        )),
        "server \"B\": h:1 is a port of \"A\" already"
    );
}

#[test]
fn links_lead_to_other_servers_of_the_herd() {
    assert_eq!(
        refused(r#"{"name": "Hands", "host": "h", "port": 1, "talks_with": ["Nobody"]}"#),
        "server \"Hands\": talks_with names \"Nobody\", who is not in the herd"
    );
    assert_eq!(
        refused(r#"{"name": "A", "host": "h", "port": 1, "talks_with": ["A"]}"#),
        "server \"A\": talks_with names the server itself"
    );
}

#[test]
fn a_file_cut_short_anywhere_is_refused_in_one_line() {
    let whole = include_str!("../../herds/goloman.json").trim_end();
    for end in 0..whole.len() {
        mistake(&whole[..end]);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_herd_or_a_mistake_in_one_line(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Err(said) = parse(&bytes) {
            prop_assert!(!said.to_string().contains(['\n', '\r']));
        }
    }
}
