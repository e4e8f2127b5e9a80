//! The legacy dialect: Nearby Search as a `GET` with a query. Its answers are what clients see.
//!
//! <https://developers.google.com/maps/documentation/places/web-service/search-nearby>

use super::numbers::{push_decimal, push_signed};
use super::{Search, Service};
use crate::wire::decimal::NANOS;

/// The request for `search`, whole. Numbers are written as plain decimals, exactly.
pub fn request(service: &Service, search: &Search) -> Vec<u8> {
    const MICRO: u64 = 1_000_000;
    let mut out = String::with_capacity(512);
    out.push_str("GET ");
    out.push_str(&service.path);
    out.push_str(match service.path.find('?') {
        None => "?location=",
        Some(at) if at + 1 == service.path.len() => "location=",
        Some(_) => "&location=",
    });
    push_signed(&mut out, search.latitude_nanodegrees, NANOS);
    out.push(',');
    push_signed(&mut out, search.longitude_nanodegrees, NANOS);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::{Dialect, Key};
    use crate::wire::http::RequestReader;

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
            let (mut reader, mut rest) = (RequestReader::new(0), &bytes[..]);
            let request = reader.next(&mut rest).unwrap().unwrap();
            assert!(rest.is_empty());
            assert_eq!(format!("{}?{}", request.path(), request.query()), target);
            assert_eq!(request.header("host"), Some("h"));
        }
    }
}
