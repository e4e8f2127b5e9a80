//! Lines between servers, by property: there is one way to write each, and any bytes are taken.

use super::super::super::{Location, time};
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn positions_are_read_as_written(
        server in "[!-~\u{e9}]{1,20}",
        difference in -315_619_200_000_000_000_i64..=8_000_000_000_000_000_000,
        client in "[!-~\u{e9}]{1,20}",
        location in "[-+][0-8]?[0-9](\\.[0-9]{1,12})?[-+][0-9]{1,2}(\\.[0-9]{1,12})?/?",
        seconds in "[0-9]{1,9}(\\.[0-9]{1,12})?",
    ) {
        let text = format!("{client} {location} {seconds}");
        let mut out = Vec::new();
        write_at(&mut out, server.as_bytes(), difference, text.as_bytes());
        let mut same = Vec::new();
        let beginning = at_beginning(server.as_bytes());
        write_at_after(&mut same, &beginning, difference, text.as_bytes());
        prop_assert_eq!(&same, &out);
        let expected = At {
            server: server.as_bytes(),
            difference_nanoseconds: difference,
            client: client.as_bytes(),
            location: location.as_bytes(),
            time: seconds.as_bytes(),
            time_nanoseconds: time::parse_time(seconds.as_bytes()).unwrap(),
            text: text.as_bytes(),
        };
        prop_assert!(Location::parse(expected.location).is_some());
        let line = out.strip_suffix(b"\n").unwrap();
        let is_taken_after_1970 = expected.time_nanoseconds + difference >= 0;
        let expected = is_taken_after_1970.then_some(NeighbourLine::At(expected));
        prop_assert_eq!(NeighbourLine::parse(line), expected);
        let text = format!("{client} {seconds}");
        let mut out = Vec::new();
        write_gone(&mut out, server.as_bytes(), difference, text.as_bytes());
        let expected = expected.map(|line| match line {
            NeighbourLine::At(at) => {
                NeighbourLine::Gone(At { location: b"", text: text.as_bytes(), ..at })
            }
            other => other,
        });
        let line = out.strip_suffix(b"\n").unwrap();
        prop_assert_eq!(NeighbourLine::parse(line), expected);
    }

    #[test]
    fn other_lines_are_read_as_written(
        names in prop::array::uniform3("[!-~\u{e9}]{1,20}"), number: u64, hexadecimal: u64,
        reason in "[ -~]{0,40}",
    ) {
        let [herd, from, to] = names.each_ref().map(String::as_bytes);
        let version = Version::HIGHEST;
        let lifetimes = Some(Lifetimes { ttl_seconds: Some(1), tombstone_seconds: 315_619_200 });
        for line in [
            NeighbourLine::Greeting { version, herd, from, to, epoch: hexadecimal, lifetimes },
            NeighbourLine::Heard { version, server: to, epoch: hexadecimal, up_to: number },
            NeighbourLine::Refused { reason: reason.as_bytes() },
            mark(number, hexadecimal, Some(hexadecimal ^ number)),
            acknowledge(number, hexadecimal, None),
        ] {
            let written = write(&line);
            prop_assert_eq!(NeighbourLine::parse(&written), Some(line));
        }
    }

    /// There is one way to write a line: what is taken is what would have been written.
    #[test]
    fn what_is_read_is_as_it_would_be_written(
        which in 0_usize..8, place: prop::sample::Index, byte: u8,
    ) {
        let lines = [
            AT,
            GONE,
            "HERD 1 goloman Goloman Hands 0123456789abcdef",
            "HEARD 1 Hands 0123456789abcdef 1200",
            "MARK 17 fedcba9876543210",
            "ACK 17 fedcba9876543210",
            "HERD 2 goloman Goloman Hands 0123456789abcdef 5 604800",
            "MARK 17 fedcba9876543210 1763770000",
        ];
        let mut line = lines[which].as_bytes().to_vec();
        let place = place.index(line.len());
        line[place] = byte;
        match NeighbourLine::parse(&line) {
            None => {}
            Some(NeighbourLine::Greeting { version, .. } | NeighbourLine::Heard { version, .. })
                if version > Version::HIGHEST => {}
            Some(read) if line.ends_with(b"\r") => {
                prop_assert_eq!(write(&read), &line[..line.len() - 1]);
            }
            Some(read) => prop_assert_eq!(write(&read), line),
        }
    }

    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>, word in "(AT|GONE|MARK|ACK|HERD|HEARD|REFUSED) ") {
        NeighbourLine::parse(&bytes);
        NeighbourLine::parse(&[word.as_bytes(), &bytes].concat());
    }
}
