//! Clients as JSON, as the web port tells of them: one object, without spaces or line ends.

use super::location::write_degrees;
use super::time::write_difference_and_space;

/// A client's last position, as an `AT` line has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAt<'a> {
    /// The client's id: UTF-8.
    pub client: &'a [u8],
    /// A valid location.
    pub location: &'a [u8],
    /// A valid time.
    pub time: &'a [u8],
    /// The server that took the report.
    pub server: &'a [u8],
    /// When that was, less the time.
    pub difference_nanoseconds: i64,
}

/// Appends `{"id", "latitude", "longitude", "time", "server", "difference"}`: degrees as numbers with the
/// digits that they came with, time and difference as the text that the line has. With `kilometres`,
/// which are to be a JSON number, they come first.
pub fn write_client(out: &mut Vec<u8>, kilometres: Option<&[u8]>, at: &ClientAt<'_>) {
    out.push(b'{');
    if let Some(kilometres) = kilometres {
        out.extend_from_slice(b"\"kilometres\":");
        out.extend_from_slice(kilometres);
        out.push(b',');
    }
    write_id(out, at.client);
    write_degrees(out, at.location, |out, name| {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
    });
    write_end(out, at.time, at.server, at.difference_nanoseconds);
}

/// Appends `{"id", "time", "server", "difference"}`: a client that was forgotten, and is nowhere.
pub fn write_client_gone(out: &mut Vec<u8>, gone: &ClientAt<'_>) {
    out.push(b'{');
    write_id(out, gone.client);
    write_end(out, gone.time, gone.server, gone.difference_nanoseconds);
}

/// Appends `{"id"}`: a client of whom there is no more to tell.
pub fn write_client_alone(out: &mut Vec<u8>, client: &[u8]) {
    out.push(b'{');
    write_id(out, client);
    out.push(b'}');
}

/// Appends `{"error"}`.
pub fn write_error(out: &mut Vec<u8>, error: &str) {
    out.extend_from_slice(b"{\"error\":");
    write_string(out, error.as_bytes());
    out.push(b'}');
}

fn write_id(out: &mut Vec<u8>, client: &[u8]) {
    out.extend_from_slice(b"\"id\":");
    write_string(out, client);
}

fn write_end(out: &mut Vec<u8>, time: &[u8], server: &[u8], difference_nanoseconds: i64) {
    out.extend_from_slice(b",\"time\":\"");
    out.extend_from_slice(time);
    out.extend_from_slice(b"\",\"server\":");
    write_string(out, server);
    out.extend_from_slice(b",\"difference\":\"");
    write_difference_and_space(out, difference_nanoseconds);
    out.pop();
    out.extend_from_slice(b"\"}");
}

/// Appends a text in quotes; what is not UTF-8 in it is replaced.
pub(super) fn write_string(out: &mut Vec<u8>, text: &[u8]) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, &String::from_utf8_lossy(text)).is_err() {
        // A text in memory can always be written.
        out.truncate(start);
        out.extend_from_slice(b"\"\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn client(id: &str, location: &str) -> String {
        let mut out = Vec::new();
        let at = ClientAt {
            client: id.as_bytes(),
            location: location.as_bytes(),
            time: b"1520023934.918963997",
            server: b"Goloman",
            difference_nanoseconds: 263_873_386,
        };
        write_client(&mut out, None, &at);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_client_has_the_digits_that_it_came_with() {
        let expected = r#"{"id":"kiwi","latitude":34.068930,"longitude":-118.445127,"time":"1520023934.918963997","server":"Goloman","difference":"+0.263873386"}"#;
        assert_eq!(client("kiwi", "+34.068930-118.445127"), expected);
        assert_eq!(client("kiwi", "+34.068930-118.445127/"), expected);
    }

    #[test]
    fn every_form_of_a_location_is_two_numbers() {
        for (location, latitude, longitude) in [
            ("+1-0", "1", "-0"),
            ("+001.50-000.5", "1.50", "-0.5"),
            ("-07+007", "-7", "7"),
            ("+3404.1358-11826.70762", "34.06893", "-118.445127"),
            ("+3404-11800", "34.066666666", "-118"),
            ("-352139.123+1384339.456", "-35.3608675", "138.727626666"),
            ("+900000-1800000", "90", "-180"),
        ] {
            let text = client("a", location);
            let expected = format!(r#""latitude":{latitude},"longitude":{longitude},"#);
            assert!(text.contains(&expected), "{text} {expected}");
        }
    }

    #[test]
    fn what_else_there_is_to_tell() {
        let mut out = Vec::new();
        let gone = ClientAt {
            client: b"kiwi",
            location: b"",
            time: b"1.5",
            server: b"Hands",
            difference_nanoseconds: -1,
        };
        write_client_gone(&mut out, &gone);
        let gone = r#"{"id":"kiwi","time":"1.5","server":"Hands","difference":"-0.000000001"}"#;
        assert_eq!(str::from_utf8(&out).unwrap(), gone);
        out.clear();
        write_client_alone(&mut out, b"a\"b");
        write_error(&mut out, "a \\ b\n");
        assert_eq!(str::from_utf8(&out).unwrap(), r#"{"id":"a\"b"}{"error":"a \\ b\n"}"#);
        out.clear();
        let at = ClientAt {
            client: b"a",
            location: b"+1+1",
            time: b"1",
            server: b"S",
            difference_nanoseconds: 0,
        };
        write_client(&mut out, Some(b"1.250"), &at);
        assert!(out.starts_with(br#"{"kilometres":1.250,"id":"a","latitude":1,"#));
    }

    proptest! {
        #[test]
        fn any_client_is_json_that_says_the_same(
            id: String,
            latitude in -90.0_f64..=90.0,
            longitude in -180.0_f64..=180.0,
        ) {
            let text = client(&id, &format!("{latitude:+}{longitude:+}"));
            let json: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(json["id"].as_str(), Some(&*id));
            let degrees = format!(r#","latitude":{latitude},"longitude":{longitude},"#);
            prop_assert!(text.contains(&degrees));
        }
    }
}
