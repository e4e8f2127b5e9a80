//! `PUT` and `DELETE` of `/clients/ID`: our own form.

use super::{Fields, Unfit, document, members, number, time};

pub(super) fn write(
    line: &mut Fields<'_>,
    client: &[u8],
    body: &[u8],
    now_nanoseconds: i64,
) -> Result<(), Unfit<'static>> {
    line.client(client)?;
    let names = ["latitude", "longitude", "time"];
    let [latitude, longitude, given] = members(document(body)?, "body", names)?;
    line.location(number(latitude, "latitude")?, number(longitude, "longitude")?)?;
    line.time(time(given)?.as_deref().map(str::as_bytes), now_nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::super::ReportLine;

    #[test]
    fn who_is_forgotten_and_when() {
        let now = 1_600_000_000_500_000_000;
        let later = (now + 1, &b"1600000000.5000000012"[..]);
        for (query, known, expected) in [
            ("", None, "1600000000.500000000"),
            ("else=1", Some((now - 1, &b"1600000000.499999999"[..])), "1600000000.500000000"),
            ("", Some(later), "1600000000.5000000012"),
            ("time=1520023934.5", Some(later), "1520023934.5"),
            ("time=1520023934500", None, "1520023934.500"),
            ("time=2018-03-02T20:52:14.5Z", None, "1520023934.5"),
            ("time=2018-03-02T22:52:14+02:00", None, "1520023934"),
        ] {
            let mut line = ReportLine::new();
            let forget = line.forget(b"a/b", query.as_bytes(), now, known).unwrap();
            assert_eq!((forget.client, forget.time), (&b"a/b"[..], expected.as_bytes()), "{query}");
        }
    }

    #[test]
    fn what_forgets_nobody() {
        let mut line = ReportLine::new();
        for (query, why) in [
            ("time=", "the time is neither a number nor ISO 8601"),
            ("time=soon", "the time is neither a number nor ISO 8601"),
            ("time=-1", "the time has a sign"),
            ("time=9300000000.5", "the time is beyond the year 2262"),
            ("time=%zz", "in the time no two hexadecimal digits follow the % behind 0 bytes"),
        ] {
            let unfit = line.forget(b"kiwi", query.as_bytes(), 0, None).unwrap_err();
            assert_eq!(unfit.to_string(), why, "{query}");
        }
        assert!(line.forget(b"a b", b"", 0, None).is_err());
        let long = format!("time=1.{}", "0".repeat(16_384));
        assert!(line.forget(b"kiwi", long.as_bytes(), 0, None).is_err());
    }
}
