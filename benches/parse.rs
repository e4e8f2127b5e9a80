//! What it costs to read and write the lines of clients and neighbours, and requests over HTTP.

mod harness;

use harness::Harness;
use herd::limits;
use herd::wire::http::{Connection, HttpDate, Payload, RequestReader, ResponseHead};
use herd::wire::ingest::ReportLine;
use herd::wire::neighbour::{Digest, write_at, write_mark};
use herd::wire::time::parse_time;
use herd::wire::{Command, Line, LineReader, Location, NeighbourLine, Printable};
use std::fmt::Write;
use std::hint::black_box;

const IAMAT: &[u8] = b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
const WHATSAT: &[u8] = b"WHATSAT kiwi.cs.ucla.edu 10 5";
const AT: &[u8] =
    b"AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";
/// As OsmAnd sends a report.
const OSMAND: &[u8] = b"GET /?id=48241179&lat=34.068930&lon=-118.445127&timestamp=1520023934918\
    &hdop=6.0&altitude=224.0&speed=0.0 HTTP/1.1\r\nHost: herd.example:13645\r\n\
    User-Agent: OsmAnd~ 4.7.10\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\nAccept: */*\r\n\r\n";
const SECONDS: &str = "+352139.123+1384339.456";

fn main() {
    let harness = Harness::from_arguments();
    lines(&harness);
    commands(&harness);
    fields(&harness);
    printing(&harness);
    web(&harness);
}

fn lines(harness: &Harness) {
    let pipelined = [IAMAT, b"\n"].concat().repeat(100);
    let mut reader = LineReader::new();
    harness.measure("lines/100 pipelined", || count_lines(&mut reader, black_box(&pipelined)));
    let (first, second) = pipelined[..=IAMAT.len()].split_at(IAMAT.len() / 2);
    harness.measure("lines/one in two pieces", || {
        count_lines(&mut reader, black_box(first)) + count_lines(&mut reader, black_box(second))
    });
}

fn count_lines(reader: &mut LineReader, mut data: &[u8]) -> usize {
    let mut count = 0;
    while let Some(line) = reader.next(&mut data, limits::CLIENT_LINE_BYTES_MAX) {
        count += usize::from(matches!(line, Line::Whole(_)));
    }
    count
}

fn commands(harness: &Harness) {
    let unicode = "IAMAT kiwi.\u{e9}.ucla.edu +34.068930-118.445127 1520023934.918963997";
    let nonsense = &IAMAT[1..];
    harness.measure("command/IAMAT", || Command::parse(black_box(IAMAT)));
    harness
        .measure("command/IAMAT of a UTF-8 id", || Command::parse(black_box(unicode.as_bytes())));
    harness.measure("command/WHATSAT", || Command::parse(black_box(WHATSAT)));
    harness.measure("command/nonsense", || Command::parse(black_box(nonsense)));
    harness.measure("neighbour/AT", || NeighbourLine::parse(black_box(AT)));
    let mark = b"MARK 123456789 0123456789abcdef";
    harness.measure("neighbour/MARK", || NeighbourLine::parse(black_box(&mark[..])));
}

fn fields(harness: &Harness) {
    let degrees = b"+34.068930-118.445127";
    harness.measure("location/degrees", || Location::parse(black_box(&degrees[..])));
    harness.measure("location/seconds", || Location::parse(black_box(SECONDS.as_bytes())));
    harness.measure("time/parse", || parse_time(black_box(&b"1520023934.9189639971"[..])));
}

fn printing(harness: &Harness) {
    let mut out = Vec::with_capacity(256);
    let text = &IAMAT[6..];
    harness.measure("write/AT", || {
        out.clear();
        write_at(&mut out, black_box(b"Goloman"), black_box(263_873_386), black_box(text));
        out.len()
    });
    let digest = Digest { sum: 0x0123_4567_89ab_cdef, step: Some(1_763_770_000) };
    harness.measure("write/MARK", || {
        out.clear();
        write_mark(&mut out, black_box(123_456_789), black_box(digest));
        out.len()
    });
    let mut shown = String::with_capacity(4_096);
    let unicode = "IAMAT Zo\u{eb} +34.068930-118.445127 1520023934.918963997";
    for (name, bytes) in [("ASCII", IAMAT), ("UTF-8", unicode.as_bytes())] {
        harness.measure(&format!("write/printable {name}"), || {
            shown.clear();
            write!(shown, "{}", Printable(black_box(bytes))).is_ok()
        });
    }
}

fn web(harness: &Harness) {
    let mut reader = RequestReader::new(limits::HTTP_REQUEST_BODY_BYTES_MAX);
    harness.measure("http/request", || {
        let mut data = black_box(OSMAND);
        matches!(reader.next(&mut data), Ok(Some(request)) if !request.query().is_empty())
    });
    harness.measure("http/header", || {
        let mut data = black_box(OSMAND);
        let request = reader.next(&mut data);
        matches!(request, Ok(Some(request)) if request.header("origin").is_none())
    });
    let (first, second) = OSMAND.split_at(OSMAND.len() / 2);
    harness.measure("http/request in two pieces", || {
        let first_is_half = reader.next(&mut black_box(first)).is_ok_and(|found| found.is_none());
        first_is_half && reader.next(&mut black_box(second)).is_ok_and(|found| found.is_some())
    });
    let query: &[u8] = b"id=48241179&lat=34.068930&lon=-118.445127&timestamp=1520023934918\
        &hdop=6.0&altitude=224.0&speed=0.0";
    let mut line = ReportLine::new();
    harness.measure("ingest/OsmAnd", || {
        line.osmand_get(black_box(query), 0).is_some_and(|report| report.is_ok())
    });
    let body: &[u8] = br#"{"location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":
        {"latitude":37.4219983,"longitude":-122.084,"accuracy":5}},"device_id":"48241179"}"#;
    harness.measure("ingest/Traccar Client", || {
        line.traccar(black_box(body), 0).is_ok_and(|report| report.time_nanoseconds > 0)
    });
    let mut out = Vec::with_capacity(256);
    let mut date = HttpDate::at(1_520_023_934_918_963_997);
    harness.measure("http/empty response", || {
        out.clear();
        date.set(black_box(1_520_023_934_918_963_997));
        ResponseHead::begin(&mut out, black_box(200), &date)
            .end(Payload::Length(0), Connection::Stays);
        out.len()
    });
}
