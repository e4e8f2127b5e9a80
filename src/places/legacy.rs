//! The legacy dialect: Nearby Search as a `GET` with a query. Its answers are what clients see.
//!
//! <https://developers.google.com/maps/documentation/places/web-service/search-nearby>

use super::{Search, Service};

/// The request for `search`, whole. Numbers are written as plain decimals, exactly.
pub fn request(service: &Service, search: &Search) -> Vec<u8> {
    const NANO: u64 = 1_000_000_000;
    const MICRO: u64 = 1_000_000;
    let mut out = String::with_capacity(512);
    out.push_str("GET ");
    out.push_str(&service.path);
    out.push_str(match service.path.find('?') {
        None => "?location=",
        Some(at) if at + 1 == service.path.len() => "location=",
        Some(_) => "&location=",
    });
    push_signed(&mut out, search.latitude_nanodegrees, NANO);
    out.push(',');
    push_signed(&mut out, search.longitude_nanodegrees, NANO);
    out.push_str("&radius=");
    push_decimal(&mut out, search.radius_micrometres, MICRO);
    if let Some(key) = &service.key {
        out.push_str("&key=");
        out.push_str(key.in_query());
    }
    out.push_str(" HTTP/1.1\r\nHost: ");
    out.push_str(&service.authority);
    out.push_str(concat!("\r\nUser-Agent: herd/", env!("CARGO_PKG_VERSION")));
    out.push_str("\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n\r\n");
    out.into_bytes()
}

fn push_signed(out: &mut String, value: i64, unit: u64) {
    if value < 0 {
        out.push('-');
    }
    push_decimal(out, value.unsigned_abs(), unit);
}

/// `value / unit` (a power of ten) as a decimal without zeros at the end.
fn push_decimal(out: &mut String, value: u64, unit: u64) {
    out.push_str(&(value / unit).to_string());
    let mut rest = value % unit;
    let mut place = unit / 10;
    if rest > 0 {
        out.push('.');
    }
    while rest > 0 {
        // One digit: the rest is smaller than ten places.
        out.push_str(&(rest / place).to_string());
        rest %= place;
        place /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{Dialect, Key};
    use crate::wire::http::RequestReader;
    use proptest::prelude::*;

    const CAMPUS: Search = Search {
        latitude_nanodegrees: 34_068_930_000,
        longitude_nanodegrees: -118_445_127_000,
        radius_micrometres: 10_000_000_000,
    };

    fn service(url: &str, key: Option<&str>) -> Service {
        let key = key.map(|key| Key::new(key).unwrap());
        Service::parse(url, Dialect::Legacy, key).unwrap()
    }

    #[test]
    fn the_request_is_as_documented() {
        let service =
            service("https://localhost:8443/maps/api/place/nearbysearch/json", Some("a+b"));
        let request = String::from_utf8(service.request(&CAMPUS)).unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            request,
            format!(
                "GET /maps/api/place/nearbysearch/json?location=34.06893,-118.445127\
                 &radius=10000&key=a%2Bb HTTP/1.1\r\n\
                 Host: localhost:8443\r\n\
                 User-Agent: herd/{version}\r\n\
                 Accept: application/json\r\n\
                 Accept-Encoding: identity\r\n\r\n"
            )
        );
    }

    #[test]
    fn a_query_of_the_url_is_kept() {
        for (url, target) in [
            ("https://h", "/?location=34.06893,-118.445127&radius=10000"),
            ("https://h/p?", "/p?location=34.06893,-118.445127&radius=10000"),
            ("https://h/p?a=b", "/p?a=b&location=34.06893,-118.445127&radius=10000"),
        ] {
            let bytes = service(url, None).request(&CAMPUS);
            let (request, consumed) = RequestReader::new(0).receive(&bytes).unwrap().unwrap();
            assert_eq!(consumed, bytes.len());
            assert_eq!(request.target, target);
            assert_eq!(request.header("host"), Some("h"));
        }
    }

    #[test]
    fn numbers_are_plain_decimals() {
        let print = |value, unit| {
            let mut out = String::new();
            push_signed(&mut out, value, unit);
            out
        };
        for (value, unit, text) in [
            (0, 1_000_000_000, "0"),
            (1, 1_000_000_000, "0.000000001"),
            (-1, 1_000_000_000, "-0.000000001"),
            (-500_000_000, 1_000_000_000, "-0.5"),
            (90_000_000_000, 1_000_000_000, "90"),
            (-179_999_999_999, 1_000_000_000, "-179.999999999"),
            (34_000_000_010, 1_000_000_000, "34.00000001"),
            (500_000, 1_000_000, "0.5"),
            (12_345_000, 1_000_000, "12.345"),
            (50_000_000_000, 1_000_000, "50000"),
            (i64::MIN, 1_000_000_000, "-9223372036.854775808"),
        ] {
            assert_eq!(print(value, unit), text);
        }
    }

    proptest! {
        #[test]
        fn a_decimal_is_exact(value in any::<u64>()) {
            let mut text = String::new();
            push_decimal(&mut text, value, 1_000_000);
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert!(!text.contains('.') || (!fraction.is_empty() && !fraction.ends_with('0')));
            let digits = format!("{whole}{fraction:0<6}");
            prop_assert_eq!(digits.parse::<u64>().unwrap(), value);
        }
    }
}
