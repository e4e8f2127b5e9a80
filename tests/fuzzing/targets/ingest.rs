//! Reports as apps send them: what comes out is what a line of the same fields says.

use herd::limits;
use herd::wire::client_json::{ClientAt, write_client};
use herd::wire::ingest::{ReportLine, Sender, Unfit, is_report};
use herd::wire::{Command, IamAt, uri};

const NOW: i64 = 1_520_023_934_918_963_997;

/// The first byte chooses the form; two parts of the rest, cut at a zero byte, are its inputs.
pub fn ingest(input: &[u8]) {
    let [form, rest @ ..] = input else { return };
    let cut = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    let (first, second) = (&rest[..cut], rest.get(cut + 1..).unwrap_or_default());
    let mut line = ReportLine::new();
    match form % 4 {
        0 => {
            assert_eq!(line.osmand_get(first, NOW).is_some(), is_report(first));
            let report = judge(line.osmand(first, second, NOW));
            assert!(!report || is_report(first) || is_report(second));
        }
        1 => drop(judge(line.traccar(rest, NOW))),
        2 => {
            let sender =
                Sender { query: first, user: str::from_utf8(first).ok(), device: Some("d") };
            let json = serde_json::from_slice::<&serde_json::value::RawValue>(second).is_ok();
            match line.owntracks(second, &sender, NOW) {
                Ok(None) => assert!(json || second.is_empty()),
                Err(Unfit::NoJson) => assert!(!json),
                Ok(Some(report)) => assert!(judge(Ok(report))),
                Err(unfit) => assert!(!judge(Err(unfit))),
            }
        }
        _ => {
            let report = line.put(first, second, NOW);
            if let Ok(report) = report {
                assert_eq!(report.client, first);
            }
            judge(report);
        }
    }
    for (name, value) in uri::fields(rest) {
        assert!(name.len() + value.len() <= rest.len());
        if let (Ok(decoded), Ok(text)) = (uri::decode_field(value), str::from_utf8(value)) {
            let segment = uri::decode_segment(text).expect("its escapes are good");
            assert_eq!(segment.len(), decoded.len());
        }
    }
}

/// Whether it is a report, which then is one as a line, too, and as JSON.
fn judge(report: Result<IamAt<'_>, Unfit<'_>>) -> bool {
    let report = match report {
        Ok(report) => report,
        Err(unfit) => {
            assert!(!unfit.to_string().contains(char::is_control));
            return false;
        }
    };
    let IamAt { client, location, time, .. } = report;
    let line = [b"IAMAT", client, location, time].join(&b' ');
    assert!(line.len() <= limits::CLIENT_LINE_BYTES_MAX);
    match Command::parse(&line) {
        Ok(Some(Command::IamAt(read))) => {
            assert_eq!((read.client, read.location, read.time), (client, location, time));
            assert_eq!(read.time_nanoseconds, report.time_nanoseconds);
        }
        other => panic!("{other:?}"),
    }
    let mut json = Vec::new();
    let at = ClientAt { client, location, time, server: b"S", difference_nanoseconds: 0 };
    write_client(&mut json, None, &at);
    let json: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(json["id"].as_str().map(str::as_bytes), Some(client));
    assert!(json["latitude"].as_f64().is_some_and(|degrees| degrees.abs() <= 90.0));
    assert!(json["longitude"].as_f64().is_some_and(|degrees| degrees.abs() <= 180.0));
    true
}
