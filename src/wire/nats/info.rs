//! What a NATS server says of itself: `INFO`.

use crate::limits;
use crate::wire::json;
use serde_json::value::RawValue;

/// What a NATS server says of itself, when a connection begins and whenever that changes. What it does not
/// say is as NATS has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The largest payload that it takes, with headers: at most [`limits::NATS_PAYLOAD_BYTES_MAX`].
    pub max_payload: usize,
    /// Whether messages may have headers.
    pub headers: bool,
    /// Whether it goes on only under TLS.
    pub tls_required: bool,
    /// Whether it would go on under TLS, too.
    pub tls_available: bool,
    /// Whether it wants to know who we are.
    pub auth_required: bool,
    /// Its name, cut at [`limits::NATS_NAME_BYTES_MAX`].
    pub server_name: String,
    /// The version of its program, cut alike.
    pub version: String,
    /// Hosts of its cluster with their ports, as it writes them; at most [`limits::NATS_HOSTS_MAX`].
    pub connect_urls: Vec<String>,
    /// Whether it is about to go away, and we had better go to another.
    pub lame_duck: bool,
}

/// The members that count, in the order in which `parse` takes them.
const MEMBERS: [&str; 9] = [
    "max_payload",
    "headers",
    "tls_required",
    "tls_available",
    "auth_required",
    "server_name",
    "version",
    "connect_urls",
    "ldm",
];

/// Longest host with its port: `[`, `]`, `:` and five digits.
const HOST_AND_PORT_BYTES_MAX: usize = limits::HOST_BYTES_MAX + 8;

impl Info {
    /// Reads the JSON behind `INFO`. Members that are missing, or are not what they should be, have the value
    /// that NATS has for them by default. `None` if it is no object.
    pub fn parse(json: &[u8]) -> Option<Info> {
        let json = str::from_utf8(json).ok()?;
        let [
            payload,
            headers,
            tls_required,
            tls_available,
            auth_required,
            name,
            version,
            hosts,
            ldm,
        ] = json::members(json, MEMBERS).ok()?;
        Some(Info {
            max_payload: payload.and_then(bytes).unwrap_or(limits::NATS_PAYLOAD_BYTES_DEFAULT),
            headers: is_true(headers),
            tls_required: is_true(tls_required),
            tls_available: is_true(tls_available),
            auth_required: is_true(auth_required),
            server_name: name.and_then(text).map(cut).unwrap_or_default(),
            version: version.and_then(text).map(cut).unwrap_or_default(),
            connect_urls: hosts.map(hosts_in).unwrap_or_default(),
            lame_duck: is_true(ldm),
        })
    }
}

fn is_true(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| value.get() == "true")
}

/// A number of bytes; what is beyond the bounds is the bound.
fn bytes(value: &RawValue) -> Option<usize> {
    let bytes: f64 = serde_json::from_str(value.get()).ok()?;
    // The conversion saturates.
    Some((bytes as usize).min(limits::NATS_PAYLOAD_BYTES_MAX))
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn cut(mut text: String) -> String {
    let is_boundary = |&end: &usize| text.is_char_boundary(end);
    let end = (0..=limits::NATS_NAME_BYTES_MAX.min(text.len())).rev().find(is_boundary);
    text.truncate(end.unwrap_or(0));
    text
}

fn hosts_in(list: &RawValue) -> Vec<String> {
    let hosts = json::elements(list.get(), limits::NATS_HOSTS_MAX).unwrap_or_default();
    let hosts = hosts.into_iter().filter_map(text);
    hosts.filter(|host| (1..=HOST_AND_PORT_BYTES_MAX).contains(&host.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(json: &str) -> Info {
        Info::parse(json.as_bytes()).unwrap()
    }

    /// Of a server that says nothing of itself.
    fn nothing() -> Info {
        Info {
            max_payload: 1_048_576,
            headers: false,
            tls_required: false,
            tls_available: false,
            auth_required: false,
            server_name: String::new(),
            version: String::new(),
            connect_urls: Vec::new(),
            lame_duck: false,
        }
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_as_nats_has_it() {
        assert_eq!(parse("{}"), nothing());
        let other = r#"{"max_payload":"1","headers":1,"tls_required":"true","server_name":2,
            "version":null,"connect_urls":{"a":1},"ldm":null,"more":[{}]}"#;
        assert_eq!(parse(other), nothing());
        for none in ["", "[]", "1", "{", "{} x", "{\"a\":}"] {
            assert_eq!(Info::parse(none.as_bytes()), None, "{none}");
        }
        assert_eq!(Info::parse(b"{\"server_name\":\"\xff\"}"), None);
    }

    #[test]
    fn every_flag_is_its_own() {
        type Flag = fn(&Info) -> bool;
        let flags: [(&str, Flag); 5] = [
            ("headers", |info| info.headers),
            ("tls_required", |info| info.tls_required),
            ("tls_available", |info| info.tls_available),
            ("auth_required", |info| info.auth_required),
            ("ldm", |info| info.lame_duck),
        ];
        for (name, _) in flags {
            let info = parse(&format!("{{\"{name}\":true}}"));
            let set = flags.iter().filter(|(_, flag)| flag(&info));
            assert_eq!(set.map(|(name, _)| *name).collect::<Vec<_>>(), [name]);
        }
    }

    #[test]
    fn absurd_payloads_are_bounded() {
        for (number, bytes) in [
            ("0", 0),
            ("1024", 1_024),
            ("1.5e3", 1_500),
            ("-1", 0),
            ("67108864", 67_108_864),
            ("67108865", limits::NATS_PAYLOAD_BYTES_MAX),
            ("1e300", limits::NATS_PAYLOAD_BYTES_MAX),
            ("18446744073709551616", limits::NATS_PAYLOAD_BYTES_MAX),
        ] {
            assert_eq!(parse(&format!("{{\"max_payload\":{number}}}")).max_payload, bytes);
        }
    }

    #[test]
    fn names_and_hosts_are_bounded() {
        let most = limits::NATS_NAME_BYTES_MAX;
        let name = |name: &str| parse(&format!("{{\"server_name\":\"{name}\"}}")).server_name;
        assert_eq!(name(&"n".repeat(most + 1)), "n".repeat(most));
        assert_eq!(name(&("n".to_owned() + &"é".repeat(most))).len(), most - 1);
        let hosts = |hosts: &[String]| {
            let list = serde_json::to_string(hosts).unwrap();
            parse(&format!("{{\"connect_urls\":{list}}}")).connect_urls
        };
        let many: Vec<_> = (0..=limits::NATS_HOSTS_MAX).map(|n| format!("h{n}:4222")).collect();
        assert_eq!(hosts(&many), many[..limits::NATS_HOSTS_MAX]);
        let [longest, longer] = [0, 1].map(|more| "h".repeat(HOST_AND_PORT_BYTES_MAX + more));
        assert_eq!(hosts(&[longer, String::new(), longest.clone()]), [longest]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused(bytes: Vec<u8>, text in "[{}\"a-z_:,0-9]{0,60}") {
            Info::parse(&bytes);
            Info::parse(text.as_bytes());
        }
    }
}
