//! Tests of reading clients' lines.

use super::super::{Location, name, time};
use super::*;
use proptest::prelude::*;

const IAMAT: &str = "IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997";

fn iam_at(line: &str) -> Option<IamAt<'_>> {
    match Command::parse(line.as_bytes()) {
        Ok(Some(Command::IamAt(command))) => Some(command),
        _ => None,
    }
}

fn whats_at(line: &str) -> Option<(&[u8], u64, u8)> {
    match Command::parse(line.as_bytes()) {
        Ok(Some(Command::WhatsAt(WhatsAt { client, radius_micrometres, bound }))) => {
            Some((client, radius_micrometres, bound))
        }
        _ => None,
    }
}

fn near(line: &str) -> Option<Near<'_>> {
    match Command::parse(line.as_bytes()) {
        Ok(Some(Command::Near(near))) => Some(near),
        _ => None,
    }
}

#[test]
fn an_iamat() {
    let command = iam_at(IAMAT).unwrap();
    assert_eq!(command.client, b"kiwi.cs.ucla.edu");
    assert_eq!(command.location, b"+34.068930-118.445127");
    assert_eq!(command.time, b"1520023934.918963997");
    assert_eq!(command.time_nanoseconds, 1_520_023_934_918_963_997);
    assert!(matches!(command.text(), Cow::Borrowed(text) if text == &IAMAT.as_bytes()[6..]));
}

#[test]
fn white_space_of_any_kind_and_number_separates_fields() {
    let expected = &IAMAT.as_bytes()[6..];
    for white in [" ", "  ", "\t", "\r", "\x0b", "\x0c", "\n", " \t\r\x0b\x0c "] {
        let inner = IAMAT.replace(' ', white);
        for line in [inner.clone(), format!("{white}{inner}"), format!("{inner}{white}")] {
            let command = iam_at(&line).unwrap();
            assert_eq!(*command.text(), *expected, "{line:?}");
            assert_eq!(command.time, b"1520023934.918963997");
        }
    }
    assert_eq!(whats_at("\t WHATSAT\x0ba  1\r\t2 \r"), Some((&b"a"[..], 1_000_000_000, 2)));
    for not_ascii_white in ["\u{a0}", "\u{2003}", "\u{85}", "\x1c", "\x1f", "\0"] {
        assert_eq!(iam_at(&IAMAT.replace(' ', not_ascii_white)), None);
    }
}

#[test]
fn white_space_alone_is_no_command_and_no_mistake() {
    for line in ["", " ", "\r", " \t\r\x0b\x0c\n "] {
        assert_eq!(Command::parse(line.as_bytes()), Ok(None), "{line:?}");
    }
    for line in ["\0", "\u{a0}", "\u{feff}", "?", "\x1c"] {
        assert!(Command::parse(line.as_bytes()).is_err(), "{line:?}");
    }
}

#[test]
fn what_is_not_an_iamat() {
    for line in [
        "IAMAT",
        "IAMAT ",
        "IAMAT a",
        "IAMAT a +1+1",
        "IAMAT a +1+1 ",
        "IAMAT a +1+1 1 1",
        "IAMAT a b +1+1 1",
        "IAMATa +1+1 1",
        "IAMAT+1+1 1",
        "iamat a +1+1 1",
        "Iamat a +1+1 1",
        "IAMAT a +1 +1 1",
        "IAMAT a 1+1 1",
        "IAMAT a +1+1/1",
        "IAMAT a +1+1// 1",
        "IAMAT a +1+1x 1",
        "IAMAT a +91+1 1",
        "IAMAT a +1+1 1x",
        "IAMAT a +1+1 -1",
        "IAMAT a +1+1 +1",
        "IAMAT a +1+1 1e9",
        "IAMAT a +1+1 nan",
        "IAMAT a +1+1 1.",
        "IAMAT a +1+1 9223372037",
        "IAMAT \0 +1+1 1",
        "IAMAT a\u{7f} +1+1 1",
        "IAMAT a\u{85} +1+1 1",
        "AT Hands +0.000000001 a +1+1 1",
        "XIAMAT a +1+1 1",
        "? IAMAT",
        "IAMAT a +1+1 1 WHATSAT a 1 1",
    ] {
        assert!(Command::parse(line.as_bytes()).is_err(), "{line:?}");
    }
    assert!(Command::parse(b"IAMAT \xff +1+1 1").is_err());
    assert!(iam_at("IAMAT Zo\u{eb} +1+1/ 1").is_some());
}

#[test]
fn the_clients_id_is_bounded() {
    let line = |bytes| format!("IAMAT {} +1+1 1", "x".repeat(bytes));
    assert!(iam_at(&line(limits::CLIENT_ID_BYTES_MAX)).is_some());
    assert_eq!(iam_at(&line(limits::CLIENT_ID_BYTES_MAX + 1)), None);
    let line = |bytes| format!("WHATSAT {} 1 1", "x".repeat(bytes));
    assert!(whats_at(&line(limits::CLIENT_ID_BYTES_MAX)).is_some());
    assert_eq!(whats_at(&line(limits::CLIENT_ID_BYTES_MAX + 1)), None);
}

#[test]
fn a_report_at_the_front_needs_no_search_for_its_end() {
    for end in ["\n", "\r\n", "\nIAMAT", "\n\n"] {
        let data = [IAMAT, end].concat();
        let (line, rest) = data.split_once('\n').unwrap();
        let [line, rest] = [line, rest].map(str::as_bytes);
        let expected = iam_at(IAMAT).map(|report| Front { report, line, rest });
        assert_eq!(IamAt::parse_front(data.as_bytes()), expected, "{end:?}");
    }
    for end in ["", "\r", " \n", "\r\r\n", "x\n", "\0\n"] {
        assert_eq!(IamAt::parse_front([IAMAT, end].concat().as_bytes()), None, "{end:?}");
    }
    for cut in 0..IAMAT.len() {
        assert_eq!(IamAt::parse_front(&IAMAT.as_bytes()[..cut]), None);
    }
}

#[test]
fn whatsats() {
    for (line, radius_micrometres, bound) in [
        ("WHATSAT a 10 5", 10_000_000_000, 5),
        ("WHATSAT a 0 0", 0, 0),
        ("WHATSAT a 50 20", 50_000_000_000, 20),
        ("WHATSAT a 50.000000000000 0020", 50_000_000_000, 20),
        ("WHATSAT a 0050.0 000000000000000000000000", 50_000_000_000, 0),
        ("WHATSAT a 49.9999999999999 1", 49_999_999_999, 1),
        ("WHATSAT a 0.5 1", 500_000_000, 1),
    ] {
        assert_eq!(whats_at(line), Some((&b"a"[..], radius_micrometres, bound)), "{line}");
    }
}

#[test]
fn what_is_not_a_whatsat() {
    for line in [
        "WHATSAT",
        "WHATSAT a",
        "WHATSAT a 1",
        "WHATSAT a 1 1 1",
        "WHATSAT 1 1",
        "whatsat a 1 1",
        "WHATSATa 1 1",
        "WHATSAT a 50.0000000001 1",
        "WHATSAT a 51 1",
        "WHATSAT a -1 1",
        "WHATSAT a +1 1",
        "WHATSAT a 1e1 1",
        "WHATSAT a 1. 1",
        "WHATSAT a .5 1",
        "WHATSAT a nan 1",
        "WHATSAT a 99999999999999999999 1",
        "WHATSAT a 1 21",
        "WHATSAT a 1 -1",
        "WHATSAT a 1 +1",
        "WHATSAT a 1 1.0",
        "WHATSAT a 1 1e0",
        "WHATSAT a 1 256",
        "WHATSAT a 1 99999999999999999999",
        "WHATSAT a 1 18446744073709551617",
        "WHATSAT a 1 1x",
        "WHATSAT a 1x 1",
    ] {
        assert!(Command::parse(line.as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn nears() {
    let place = |line| near(line).map(|near| near.place);
    let bounds = |line| near(line).map(|near| (near.radius_micrometres, near.bound));
    assert_eq!(place("NEAR kiwi 10 5"), Some(Place::Client(b"kiwi")));
    assert_eq!(place("NEAR +34.5 10 5"), Some(Place::Client(b"+34.5")), "half a location");
    let location = Location::parse(b"+34.5-118/").map(Place::Location);
    assert_eq!(place("\tNEAR  +34.5-118/ 10\r5 "), location);
    for (line, expected) in [
        ("NEAR a 10 5", (10_000_000_000, 5)),
        ("NEAR a 0 0", (0, 0)),
        ("NEAR a 20040.000 01000", (20_040_000_000_000, 1_000)),
        ("NEAR a 0.0000000019 1", (1, 1)),
    ] {
        assert_eq!(bounds(line), Some(expected), "{line}");
    }
    for line in [
        "NEAR",
        "NEAR a",
        "NEAR a 1",
        "NEAR a 1 1 1",
        "NEAR a 20040.0000000001 1",
        "NEAR a 20041 1",
        "NEAR a -1 1",
        "NEAR a 1 1001",
        "NEAR a 1 66536",
        "NEAR a 1 1.0",
        "NEARa 1 1",
        "near a 1 1",
        "NEAR \u{7f} 1 1",
    ] {
        assert_eq!(near(line), None, "{line}");
    }
}

#[test]
fn watches() {
    let watch = |line: &str| match Command::parse(line.as_bytes()) {
        Ok(Some(Command::Watch(watch))) => {
            let mut fields = Vec::new();
            watch.write(&mut fields);
            Some((format!("{watch:?}"), String::from_utf8(fields).unwrap()))
        }
        _ => None,
    };
    for (line, kind, fields) in [
        ("WATCH kiwi", "Client", "kiwi"),
        (" WATCH\tkiwi \r", "Client", "kiwi"),
        ("WATCH *", "All", "*"),
        ("WATCH **", "Client", "**"),
        ("WATCH +34", "Client", "+34"),
        ("WATCH  +34.0-118/   05.50 ", "Area", "+34.0-118/ 05.50"),
        ("WATCH +34-118 0", "Area", "+34-118 0"),
        ("WATCH +34-118 20040", "Area", "+34-118 20040"),
    ] {
        let (debugged, written) = watch(line).unwrap();
        assert!(debugged.starts_with(kind), "{line}: {debugged}");
        assert_eq!(written, fields, "{line}");
        let unwatch = line.replace("WATCH", "UNWATCH");
        let same = match (Command::parse(line.as_bytes()), Command::parse(unwatch.as_bytes())) {
            (Ok(Some(Command::Watch(one))), Ok(Some(Command::Unwatch(other)))) => one == other,
            _ => false,
        };
        assert!(same, "{line}");
    }
    for line in [
        "WATCH",
        "WATCH ",
        "WATCH +34-118",
        "WATCH kiwi 5",
        "WATCH * 5",
        "WATCH +34 5",
        "WATCH +34-118 20041",
        "WATCH +34-118 5 5",
        "WATCH kiwi lemon",
        "watch kiwi",
        "WATCHkiwi",
        "WATCH a\u{85}",
    ] {
        assert_eq!(watch(line), None, "{line}");
    }
    let long = |bytes| watch(&format!("WATCH {}", "x".repeat(bytes))).is_some();
    assert!(long(limits::CLIENT_ID_BYTES_MAX) && !long(limits::CLIENT_ID_BYTES_MAX + 1));
}

/// The grammar as the README states it, written with the standard library alone.
fn model(line: &[u8]) -> bool {
    let white = |byte: &u8| matches!(byte, b' ' | 9..=13);
    let fields: Vec<&[u8]> = line.split(white).filter(|field| !field.is_empty()).collect();
    match fields[..] {
        [b"IAMAT", client, location, time] => {
            name::is_client_id(client)
                && Location::parse(location).is_some()
                && time::parse_time(time).is_some()
        }
        [b"WHATSAT", client, radius, bound] => {
            let radius = super::super::Decimal::parse(radius);
            let digits = bound.iter().all(u8::is_ascii_digit);
            let bound = str::from_utf8(bound).ok().and_then(|bound| bound.parse::<u64>().ok());
            name::is_client_id(client)
                && radius.is_some_and(|radius| radius.is_at_most(50))
                && digits
                && bound.is_some_and(|bound| bound <= 20)
        }
        [b"NEAR", place, radius, bound] => {
            let bound = str::from_utf8(bound).ok().filter(|bound| !bound.starts_with('+'));
            name::is_client_id(place)
                && kilometres(radius)
                && bound
                    .and_then(|bound| bound.parse().ok())
                    .is_some_and(|bound: u64| bound <= 1_000)
        }
        [b"WATCH" | b"UNWATCH", b"*"] => true,
        [b"WATCH" | b"UNWATCH", client] => {
            name::is_client_id(client) && Location::parse(client).is_none()
        }
        [b"WATCH" | b"UNWATCH", location, radius] => {
            Location::parse(location).is_some() && kilometres(radius)
        }
        [b"FORGET", client, time] => name::is_client_id(client) && time::parse_time(time).is_some(),
        _ => false,
    }
}

/// Of a `NEAR` or a `WATCH`.
fn kilometres(radius: &[u8]) -> bool {
    super::super::Decimal::parse(radius).is_some_and(|radius| radius.is_at_most(20_040))
}

proptest! {
    #[test]
    fn lines_are_judged_as_if_split_first(
        line in "[ \t\r]{0,2}(IAMAT|WHATSAT|AT|NEAR|WATCH|UNWATCH|FORGET)[ \t]{0,2}[a-c\u{e9}\u{7f}]{0,3}[ \t\r]{1,2}\
                 ([-+]?[0-9]{1,3}(\\.[0-9]{1,3})?){1,2}/?[ \t]{1,2}\
                 [0-9]{1,3}\\.?[0-9]{0,3}[ \r]?",
    ) {
        let command = Command::parse(line.as_bytes());
        prop_assert_eq!(matches!(command, Ok(Some(_))), model(line.as_bytes()));
    }

    #[test]
    fn a_command_with_one_byte_changed_is_judged_as_if_split_first(
        which in 0_usize..7, place in 0_usize..100, byte: u8,
    ) {
        let line = [
            IAMAT,
            "WHATSAT kiwi.cs.ucla.edu 12.5 15",
            "NEAR +34.068930-118.445127 12.5 15",
            "NEAR kiwi.cs.ucla.edu 12000.5 999",
            "WATCH +34.068930-118.445127 12.5",
            "UNWATCH kiwi.cs.ucla.edu",
            "FORGET kiwi.cs.ucla.edu 1520023934.918963997",
        ][which];
        let mut line = line.as_bytes().to_vec();
        let place = place % line.len();
        line[place] = byte;
        prop_assert_eq!(matches!(Command::parse(&line), Ok(Some(_))), model(&line));
    }

    /// What is read before the end of the line is known is the same as after.
    #[test]
    fn a_report_at_the_front_is_the_one_of_the_first_line(
        client in "[a-c\u{e9}\u{85}\u{7f}]{0,20}",
        spaces in "[ \t]{1,2}",
        location in "[-+][0-9]{1,3}\\.[0-9]{0,7}[-+][0-9]{1,3}\\.[0-9]{0,7}/?",
        time in "[0-9]{1,10}\\.[0-9]{0,10}",
        end in "(\r?\n| \n|)",
        rest: Vec<u8>,
    ) {
        let line = format!("IAMAT {client} {location}{spaces}{time}{end}");
        let data = [line.as_bytes(), &rest].concat();
        if let Some(Front { report, line, rest }) = IamAt::parse_front(&data) {
            let mut lines = data.splitn(2, |&byte| byte == b'\n');
            prop_assert_eq!((lines.next(), lines.next()), (Some(line), Some(rest)));
            prop_assert_eq!(Command::parse(line), Ok(Some(Command::IamAt(report))));
            prop_assert!(matches!(report.text(), Cow::Borrowed(_)));
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>) {
        prop_assert!(!matches!(Command::parse(&bytes), Ok(Some(_))));
    }

    #[test]
    fn near_watch_and_forget_take_any_bytes(bytes: Vec<u8>, which in 0_usize..4) {
        let name = [&b"NEAR "[..], b"WATCH ", b"UNWATCH ", b"FORGET "][which];
        let line = [name, &bytes].concat();
        prop_assert_eq!(matches!(Command::parse(&line), Ok(Some(_))), model(&line));
    }

    /// Something is found wrong with whatever is refused, and the words fit on a line.
    #[test]
    fn whatever_is_refused_can_be_explained(
        like in "(IAMAT|WHATSAT|NEAR|WATCH|UNWATCH|FORGET) [a\u{85}]{0,2} ?[-+]?[0-9]{1,7}[.]?[0-9]{0,2}([-+][0-9]{1,8}[.]?\
                 [0-9]{0,2})?[/x]?( [0-9]{1,20}[.e]?[0-9]{0,2}){0,2}",
        bytes: Vec<u8>,
    ) {
        let fields = [b"IAMAT ", &bytes[..], b" +1+1 1"].concat();
        for line in [like.as_bytes(), &bytes, &fields] {
            if let Err(malformed) = Command::parse(line) {
                prop_assert!(malformed.reason().0 != Reason::Nothing);
                prop_assert!(!malformed.to_string().contains(char::is_control));
            }
        }
    }
}
