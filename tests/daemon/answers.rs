//! Answers byte for byte: to what is no command, to commands in odd clothes, at the limits.

use crate::harness::{Client, Herd, time_in};

const LINE_MAX: usize = 16_384;
const ID_MAX: usize = 1_024;

fn long(bytes: usize) -> Vec<u8> {
    vec![b'x'; bytes]
}

/// What is no command of a client that has reported as `kiwi`, each without its line end.
fn refused() -> Vec<Vec<u8>> {
    let texts = [
        // Neither command.
        "?",
        "? IAMAT",
        "hello",
        "iamat kiwi +34.0-118.0 1",
        "whatsat kiwi 1 1",
        "Iamat",
        "IAMATkiwi +34.0-118.0 1",
        "IAMAT",
        "WHATSAT",
        "IAMAT\tWHATSAT",
        "WHATSAT kiwi",
        "AT Solo +0.000000001 kiwi +34.0-118.0 1",
        "AT",
        "MARK 1 0000000000000000",
        "HERD 1 test Solo Solo 0000000000000001",
        "GET / HTTP/1.1",
        "Host: x",
        // Too few fields, too many.
        "IAMAT kiwi",
        "IAMAT kiwi +34.0-118.0",
        "IAMAT kiwi +34.0-118.0 1 1",
        "IAMAT +34.0-118.0 1",
        "WHATSAT kiwi 1",
        "WHATSAT kiwi 1 1 1",
        "WHATSAT 1 1",
        "IAMAT kiwi +34.0 -118.0 1",
        // Locations.
        "IAMAT kiwi 34.0-118.0 1",
        "IAMAT kiwi +34.0118.0 1",
        "IAMAT kiwi +34.0 1",
        "IAMAT kiwi +90.000000001+0 1",
        "IAMAT kiwi -91+0 1",
        "IAMAT kiwi +0+180.0000000001 1",
        "IAMAT kiwi +0-181 1",
        "IAMAT kiwi +34.-118 1",
        "IAMAT kiwi +.5-118 1",
        "IAMAT kiwi +-1 1",
        "IAMAT kiwi +34.0-118.0// 1",
        "IAMAT kiwi +34.0-118.0/x 1",
        "IAMAT kiwi +34.0-118.0+0/ 1",
        "IAMAT kiwi +3460.0-11800.0 1",
        "IAMAT kiwi +340060.0-1180000.0 1",
        "IAMAT kiwi +9000.1+00000.0 1",
        "IAMAT kiwi +0000.0+18000.1 1",
        "IAMAT kiwi +34-11800 1",
        "IAMAT kiwi +12345-123 1",
        "IAMAT kiwi ++34-118 1",
        "IAMAT kiwi +34,0-118,0 1",
        "IAMAT kiwi +nan-nan 1",
        "IAMAT kiwi +1e1+1e1 1",
        "IAMAT kiwi \u{2212}34+118 1",
        // Times.
        "IAMAT kiwi +34.0-118.0 -1",
        "IAMAT kiwi +34.0-118.0 +1",
        "IAMAT kiwi +34.0-118.0 1e9",
        "IAMAT kiwi +34.0-118.0 nan",
        "IAMAT kiwi +34.0-118.0 inf",
        "IAMAT kiwi +34.0-118.0 1.",
        "IAMAT kiwi +34.0-118.0 .5",
        "IAMAT kiwi +34.0-118.0 0x10",
        "IAMAT kiwi +34.0-118.0 1.2.3",
        "IAMAT kiwi +34.0-118.0 now",
        "IAMAT kiwi +34.0-118.0 1_000",
        "IAMAT kiwi +34.0-118.0 1,5",
        "IAMAT kiwi +34.0-118.0 99999999999999999999999999",
        "IAMAT kiwi +34.0-118.0 \u{661}",
        // Radii and bounds.
        "WHATSAT kiwi -1 1",
        "WHATSAT kiwi +1 1",
        "WHATSAT kiwi 51 1",
        "WHATSAT kiwi 50.0001 1",
        "WHATSAT kiwi 1e1 1",
        "WHATSAT kiwi ten 1",
        "WHATSAT kiwi 1. 1",
        "WHATSAT kiwi .5 1",
        "WHATSAT kiwi nan 1",
        "WHATSAT kiwi 99999999999999999999999 1",
        "WHATSAT kiwi 50.00000000000000000000000000000000000001 1",
        "WHATSAT kiwi 1 21",
        "WHATSAT kiwi 1 -1",
        "WHATSAT kiwi 1 +1",
        "WHATSAT kiwi 1 1.0",
        "WHATSAT kiwi 1 x",
        "WHATSAT kiwi 1 256",
        "WHATSAT kiwi 1 4294967297",
        // Clients.
        "WHATSAT nobody 1 1",
        "WHATSAT KIWI 1 1",
        "WHATSAT kiw 1 1",
        "WHATSAT kiwi. 1 1",
        "IAMAT ki\0wi +34.0-118.0 1",
        "IAMAT ki\u{7f}wi +34.0-118.0 1",
        "IAMAT ki\u{85}wi +34.0-118.0 1",
        "IAMAT ki\x1bwi +34.0-118.0 1",
        "\0",
        "\0\0IAMAT",
        // White space that is not ASCII's, and white space around what is wrong.
        "IAMAT\u{a0}kiwi +34.0-118.0 1",
        "\u{feff}IAMAT kiwi +34.0-118.0 1",
        "  hello  world  ",
        "\thello\x0b",
        "hello\r",
        "\r\rhello\r\r",
        "IAMAT\r",
    ];
    let mut refused: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    refused.extend([
        b"IAMAT ki\xffwi +34.0-118.0 1".to_vec(),
        b"IAMAT \xc3 +34.0-118.0 1".to_vec(),
        b"IAMAT \xed\xa0\x80 +34.0-118.0 1".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        [b"IAMAT ", &long(ID_MAX + 1)[..], b" +34.0-118.0 1"].concat(),
        [b"WHATSAT ", &long(ID_MAX + 1)[..], b" 1 1"].concat(),
        long(LINE_MAX - 1),
        long(LINE_MAX),
    ]);
    refused
}

#[test]
fn anything_else_comes_back_behind_a_question_mark() {
    let server = Herd::of(&[("Solo", &[])]);
    let server = server.start("Solo");
    server.report("kiwi", "1520023934.918963997");
    let commands = refused();
    let sent: Vec<u8> =
        commands.iter().flat_map(|command| [command, &b"\n"[..]].concat()).collect();
    let expected = |command: &Vec<u8>| [b"? ", &command[..], b"\n"].concat();
    // All at once.
    let mut client = server.client();
    client.send(&sent);
    client.finish();
    let came = client.rest();
    assert_eq!(came, commands.iter().flat_map(expected).collect::<Vec<u8>>());
    // One after the other, each on its own, ended by the half-close.
    for command in &commands {
        let mut client = server.client();
        client.send(command);
        client.finish();
        let came = client.rest();
        assert_eq!(came, expected(command), "{}", command.escape_ascii());
    }
}

#[test]
fn reports_in_odd_clothes_are_answered_with_their_fields_as_they_came() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let id = "é".repeat(ID_MAX / 2);
    let soon = time_in(60);
    let fields = [
        ("kiwi", "+34.068930-118.445127", "1520023934.918963997"),
        ("kiwi.cs.ucla.edu", "+34.068930-118.445127/", "0"),
        ("?", "+0-0", "0000.0"),
        ("AT", "-90+180", "1520023934"),
        ("IAMAT", "+90.000-180.000", "1520023934.000000000"),
        ("\\n\"'{}[]", "+5+005", "007.5"),
        ("日本\u{a0}🦘", "+034.5-018.25", "1520023934.123456789123456789"),
        (id.as_str(), "+3404.1358-11826.7076", "1520023934.9"),
        ("minutes", "+3404.1358-11826.7076/", "1520023934.9"),
        ("seconds", "+340408.148-1182642.4572", "1520023934.9"),
        ("whole-seconds", "-340408+1182642/", "1520023934.9"),
        ("soon", "+0+0", soon.as_str()),
    ];
    for (client, location, time) in fields {
        let expected = format!("{client} {location} {time}");
        for command in [
            format!("IAMAT {expected}"),
            format!("IAMAT {expected}\r"),
            format!("  IAMAT\t{client}  {location} \x0b\x0c {time}\t\r "),
            format!("\r\rIAMAT \r {client} \t{location}\r{time}"),
        ] {
            let answer = server.ask(&command);
            let mut parts = answer.splitn(4, ' ');
            assert_eq!((parts.next(), parts.next()), (Some("AT"), Some("Solo")), "{command:?}");
            let difference = parts.next().unwrap();
            let digits = difference.strip_prefix(['+', '-']).expect("it is always signed");
            let (whole, decimals) = digits.split_once('.').unwrap();
            let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            assert!(!whole.is_empty() && all_digits(whole), "{answer}");
            assert!(decimals.len() == 9 && all_digits(decimals), "{answer}");
            assert_eq!(parts.next(), Some(expected.as_str()), "{command:?}");
        }
        assert_eq!(server.find(client).map(|at| at.ends_with(&expected)), Some(true), "{client}");
    }
}

#[test]
fn lines_of_white_space_are_passed_over() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    client.send("\n\n \n\r\n\t\t\n\x0b\x0c\r \r\n");
    assert_eq!(client.ask("  x"), "?   x");
    client.send(vec![b' '; LINE_MAX]);
    client.send("\n");
    assert_eq!(client.ask("y\t"), "? y\t");
    client.send(" \t");
    client.finish();
    assert_eq!(client.rest(), b"");
}

#[test]
fn the_longest_line_may_be_a_command() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let report = "IAMAT kiwi +34.0-118.0 5";
    let padding = " ".repeat(LINE_MAX - report.len());
    let answer = server.ask(&format!("{}{padding}{}", &report[..11], &report[11..]));
    assert!(answer.starts_with("AT Solo +") && answer.ends_with(" kiwi +34.0-118.0 5"), "{answer}");
    // A fraction may have any number of digits.
    let digits = "7".repeat(LINE_MAX - report.len() - 1);
    let answer = server.ask(&format!("{report}.{digits}"));
    assert!(answer.ends_with(&format!(" kiwi +34.0-118.0 5.{digits}")));
    assert_eq!(server.find("kiwi"), Some(answer));
}

#[test]
fn a_line_too_long_is_cut_and_ends_the_conversation() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let cut = [b"? ", &long(LINE_MAX)[..], b"\n"].concat();
    let too_long = |bytes: usize, behind: &[u8]| [&b"a\n"[..], &long(bytes), behind].concat();
    for sent in [
        too_long(LINE_MAX + 1, b"\nb\n"),
        // White space counts.
        [b"a\n", &long(LINE_MAX)[..], b"\r\nb\n"].concat(),
        too_long(1_000_000, b"\nb\n"),
        // It need not come to its end.
        too_long(LINE_MAX + 1, b""),
        too_long(1_000_000, b""),
    ] {
        let mut client = server.client();
        client.send(&sent);
        assert_eq!(client.rest(), [&b"? a\n"[..], &cut].concat());
    }
    assert_eq!(server.ask("still there"), "? still there");
}

#[test]
fn a_command_may_come_byte_by_byte() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut client = server.client();
    let feed = |client: &mut Client, text: &str| {
        for byte in text.bytes() {
            client.send([byte]);
        }
    };
    feed(&mut client, "IAMAT kiwi +34.0-118.0 5\r\nIAMAT kiwi\n \nWHATSAT kiwi 1 0\n");
    assert!(client.line().ends_with(" kiwi +34.0-118.0 5"));
    assert_eq!(client.line(), "? IAMAT kiwi");
    let (at, json) = client.near();
    assert!(at.ends_with(" kiwi +34.0-118.0 5"));
    assert!(json.contains("\"results\": []"), "{json}");
}

#[test]
fn the_log_says_why_a_command_was_refused_and_that_a_report_changed_nothing() {
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "debug");
    let server = herd.start_by("Solo", command);
    for (command, why) in [
        ("WHATSAT kiwi 51 1", "radius 51 is beyond 50, in 51"),
        ("IAMAT kiwi +95-118 1", "latitude 95 is beyond 90, in +95-118"),
        ("IAMAT kiwi +34-118 1e9", "the time has an exponent, in 1e9"),
        ("IAMAT kiwi\u{85} +34-118 1", r"has a control character, in kiwi\u{85}"),
        ("IAMAT kiwi", "IAMAT takes client, location and time"),
    ] {
        assert_eq!(server.ask(command), format!("? {command}"));
        server.wait_for_log(why);
    }
    let nothing = "that report changes nothing";
    server.report("kiwi", "2");
    assert!(!server.log().contains(nothing));
    server.report("kiwi", "1");
    server.wait_for_log(nothing);
}

#[test]
fn a_clock_that_is_behind_its_clients_is_warned_of_and_not_for_each_report() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    for number in 0..100 {
        let command = format!("IAMAT kiwi-{number} +34.0-118.0 {}", time_in(200_000));
        assert_eq!(server.ask(&command), format!("? {command}"));
    }
    server.wait_for_log(" s ahead of ours, more than --max-skew");
    assert!(
        server.log().contains("a client's clock is 199999 s") || server.log().contains("200000")
    );
    assert_eq!(server.log().matches("is this machine's clock right?").count(), 1);
}
