//! The bus by itself: gateways that are played by hand talk with it.

use super::super::net::{Dialled, Notice};
use super::super::scenario::fair;
use super::super::trace::Detail;
use super::manners::*;
use super::*;
use herd::herd::Herd;

const CONNECT: &str = "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"headers\":true,\
     \"lang\":\"rust\",\"version\":\"1\",\"protocol\":1}\r\n";
const FEED: &str = "FEED pair East 0123456789abcdef 0 1\n";
const SIZE: usize = FEED.len();

/// A bus and the network.
struct Table {
    env: Env,
    bus: Bus,
}

impl Table {
    fn new(seed: u64, manners: Manners) -> Self {
        let json = br#"{"herd": "pair", "servers": [
            {"name": "East", "host": "10.0.0.1", "port": 11645, "talks_with": ["West"]},
            {"name": "West", "host": "10.0.0.2", "port": 11645}]}"#;
        let herd = Herd::from_json(json).expect("it is sound");
        let env = Env::new(seed, &[herd], true, fair().weather, Detail::Hash, None);
        Table { env, bus: Bus::new(manners) }
    }

    fn pass(&mut self, time: Time) {
        let until = self.env.agenda.now() + time;
        while let Some(event) = self.env.agenda.next_before(until) {
            let Env { net, agenda, random, .. } = &mut self.env;
            match event {
                Event::Bus => self.bus.step(&mut self.env),
                event => net.happen(event, agenda, random),
            }
            let mut notices = Vec::new();
            self.env.net.take_notices(&mut notices);
            for (end, owner, notice) in notices {
                match (owner, notice) {
                    (_, Notice::Incoming { .. }) => self.bus.accept(&mut self.env, end),
                    (Owner::Bus { index }, _) => self.bus.ready(&mut self.env, index),
                    _ => {}
                }
            }
        }
        self.env.agenda.advance(until);
    }

    /// A server dials, and is greeted if somebody is there.
    fn dial(&mut self, server: usize) -> End {
        let host = self.env.hosts.bus().expect("there is one");
        let Env { net, agenda, random, .. } = &mut self.env;
        let end = net.dial(server, (host, 0), agenda, random);
        self.pass(SECOND);
        end
    }

    fn say(&mut self, end: End, words: &str) -> usize {
        let Env { net, agenda, random, .. } = &mut self.env;
        net.write(end, words.as_bytes(), agenda, random).unwrap_or(0)
    }

    fn hear(&mut self, end: End) -> (String, bool) {
        let (mut all, mut buffer) = (Vec::new(), [0; 1_024]);
        let Env { net, agenda, random, .. } = &mut self.env;
        let is_over = loop {
            match net.read(end, &mut buffer, agenda, random) {
                Read::Bytes(count) => all.extend_from_slice(&buffer[..count]),
                Read::Nothing => break false,
                Read::End | Read::Reset => break true,
            }
        };
        (String::from_utf8_lossy(&all).into_owned(), is_over)
    }

    /// The same after a moment.
    fn hear_soon(&mut self, end: End) -> String {
        self.pass(SECOND);
        self.hear(end).0
    }

    /// East publishes on the subject, West has subscribed to the pattern; both have been greeted.
    fn pair(&mut self, pattern: &str) -> (End, End) {
        let (east, west) = (self.dial(0), self.dial(1));
        self.say(east, CONNECT);
        self.say(west, &format!("{CONNECT}SUB {pattern} 7\r\n"));
        assert!(self.hear_soon(east).starts_with("INFO {"));
        assert!(self.hear(west).0.starts_with("INFO {"));
        (east, west)
    }

    fn publish(&mut self, end: End) {
        self.say(end, &format!("PUB herd.feed {SIZE}\r\n{FEED}\r\n"));
    }

    fn is_refused(&self, end: End) -> bool {
        self.env.net.dialled(end) == Dialled::Refused
    }

    fn violation(&self) -> Option<&str> {
        self.env.checks.violation.as_deref()
    }
}

#[test]
fn what_one_publishes_the_others_are_told_who_have_subscribed() {
    for seed in 0..8 {
        let split = 500 * (seed % 2);
        let mut table = Table::new(seed, Manners { split, ..Manners::good() });
        let (east, west) = table.pair("herd.*");
        table.say(east, "SUB herd.> 1\r\nPING\r\n");
        table.publish(east);
        assert_eq!(table.hear_soon(west), format!("MSG herd.feed 7 {SIZE}\r\n{FEED}\r\n"));
        // There is no echo.
        assert_eq!(table.hear(east).0, "PONG\r\n");
        let count = table.bus.traffic.of(Kind::Feed);
        assert_eq!((count.messages, count.bytes, count.lines), (1, SIZE as u64, 0));
        table.say(west, "UNSUB 7\r\n");
        table.pass(SECOND);
        table.publish(east);
        assert_eq!(table.hear_soon(west), "");
        assert_eq!(table.violation(), None);
    }
}

#[test]
fn subjects_are_those_of_nats() {
    use subjects::{is_pattern, is_subject, matches};
    for (pattern, yes, no) in [
        ("herd.feed", &["herd.feed"][..], &["herd.feed.x", "herd", "herd.Feed"][..]),
        ("herd.*", &["herd.feed", "herd.digest"], &["herd", "herd.again.S0", "sheep.feed"]),
        ("herd.*.S0", &["herd.again.S0"], &["herd.S0", "herd.again.S1"]),
        ("herd.>", &["herd.feed", "herd.again.S0"], &["herd", "sheep.feed"]),
        (">", &["herd", "herd.feed"], &[]),
    ] {
        assert!(is_pattern(pattern), "{pattern}");
        assert!(yes.iter().all(|subject| matches(pattern, subject)), "{pattern}");
        assert!(!no.iter().any(|subject| matches(pattern, subject)), "{pattern}");
    }
    for wrong in ["", ".", "a.", ".a", "a..b", "a b", "a\t", "a\0"] {
        assert!(!is_pattern(wrong) && !is_subject(wrong), "{wrong}");
    }
    assert!(!is_pattern("a.>.b") && !is_subject("a.*") && !is_subject("a.>"));
}

#[test]
fn a_gateway_that_says_what_nats_forbids_is_found() {
    let connect = |from: &str, to: &str| CONNECT.replace(from, to);
    let sized = |size: usize| format!("{CONNECT}PUB herd.feed {size}\r\n{FEED}\r\n");
    let wrong = [
        format!("PUB herd.feed {SIZE}\r\n{FEED}\r\n"),
        "PING\r\n".to_owned(),
        connect("\"verbose\":false", "\"verbose\":true"),
        connect("\"echo\":false,", ""),
        connect("\"lang\":\"rust\",", ""),
        connect("\"headers\":true", "\"user\":\"x\""),
        format!("{CONNECT}{CONNECT}"),
        format!("{CONNECT}PING\n\r\n"),
        format!("{CONNECT}ping\r\n"),
        format!("{CONNECT}PONG \r\n"),
        format!("{CONNECT}SUB herd.feed\r\n"),
        format!("{CONNECT}SUB herd..feed 1\r\n"),
        format!("{CONNECT}SUB herd.feed 1\r\nSUB herd.digest 1\r\n"),
        format!("{CONNECT}UNSUB 9\r\n"),
        format!("{CONNECT}PUB herd.* {SIZE}\r\n{FEED}\r\n"),
        format!("{CONNECT}PUB herd.feet {SIZE}\r\n{FEED}\r\n"),
        format!("{CONNECT}PUB herd.feed 0{SIZE}\r\n{FEED}\r\n"),
        format!("{CONNECT}HPUB herd.feed {SIZE} {SIZE}\r\n{FEED}\r\n"),
        sized(SIZE - 1),
        sized(SIZE + 1) + "PING\r\n",
        sized(1_025),
        sized(SIZE).replace("East", "West"),
        sized(SIZE).replace("0 1\n", "1 0\n"),
        sized(SIZE).replace("0 1\n", "A 0 1"),
        format!("{CONNECT}SUB {} 1\r\n", "x".repeat(5_000)),
    ];
    for said in wrong {
        let mut table =
            Table::new(1, Manners { payload_bytes_max: (1_024, 1_024), ..Manners::good() });
        let end = table.dial(0);
        table.say(end, &said);
        table.pass(SECOND);
        assert!(table.violation().is_some(), "{said}");
    }
    // Headers are for those who are offered them, and nobody speaks first.
    let mut table = Table::new(1, Manners { headers: 0, ..Manners::good() });
    let end = table.dial(0);
    table.say(end, CONNECT);
    table.pass(SECOND);
    assert!(table.violation().is_some());
    let mut table = Table::new(1, Manners { greets_after: 5 * SECOND, ..Manners::good() });
    let end = table.dial(0);
    table.bus.conns[0].stage = Stage::Accepted;
    table.say(end, CONNECT);
    table.pass(MILLISECOND * 100);
    assert!(table.violation().is_some());
}

#[test]
fn who_is_not_known_is_found() {
    let known = [
        (Credentials::Token("t".to_owned()), "\"auth_token\":\"t\","),
        (
            Credentials::User { user: "u".to_owned(), password: "p".to_owned() },
            "\"user\":\"u\",\"pass\":\"p\",",
        ),
        (Credentials::None, ""),
    ];
    for (one, (credentials, _)) in known.iter().enumerate() {
        for (other, (_, words)) in known.iter().enumerate() {
            let mut table = Table::new(2, Manners::good());
            table.bus.credentials = credentials.clone();
            let end = table.dial(0);
            table.say(end, &CONNECT.replace("\"lang\"", &format!("{words}\"lang\"")));
            table.pass(SECOND);
            assert_eq!(table.violation().is_none(), one == other, "{credentials:?} and {words}");
        }
    }
}

#[test]
fn messages_are_lost_and_come_twice_and_late_as_is_drawn() {
    let count = |manners: Manners| {
        let mut table = Table::new(3, manners);
        let (east, west) = table.pair("herd.feed");
        for _ in 0..200 {
            table.publish(east);
            table.pass(10 * MILLISECOND);
        }
        let at_once = table.hear(west).0.matches("MSG").count();
        table.pass(4 * SECOND);
        assert_eq!(table.violation(), None);
        let lost = table.env.checks.tally.lost_on_bus;
        (at_once, at_once + table.hear(west).0.matches("MSG").count(), lost)
    };
    let (_, all, _) = count(Manners::good());
    assert_eq!(all, 200);
    let (_, all, lost) = count(Manners { lost: 300, ..Manners::good() });
    assert!(lost > 20 && all == 200 - lost as usize, "{all} and {lost} lost");
    let (_, all, _) = count(Manners { repeated: 300, ..Manners::good() });
    assert!(all > 220 && all < 300, "{all}");
    let late = Manners { late: 900, late_most: 3 * SECOND, ..Manners::good() };
    let (at_once, all, _) = count(late);
    assert!(at_once < 200 && all == 200, "{at_once} of {all}");
}

#[test]
fn who_is_read_slowly_cannot_say_much() {
    let manners = Manners { slow: 1_000, slow_bytes: 16, ..Manners::good() };
    let mut table = Table::new(4, manners);
    let east = table.dial(0);
    let much = "x".repeat(300_000);
    let said = table.say(east, &much);
    table.pass(SECOND);
    let more = table.say(east, &much);
    assert!(said < 100_000 && more < 10_000, "{said} and {more}");
}

#[test]
fn a_bus_that_restarts_or_is_away_forgets_all() {
    for fault in [Fault::Restart, Fault::Absence, Fault::Darkness] {
        let mut table = Table::new(5, Manners::good());
        let (east, west) = table.pair("herd.feed");
        assert_eq!(table.bus.connected(), [0, 1]);
        let is_away = table.bus.suffer(&mut table.env, fault);
        assert_eq!(is_away, fault != Fault::Restart);
        assert!(table.bus.connected().is_empty());
        table.pass(SECOND);
        // Who is told nothing learns of it only when it says something.
        assert_eq!(table.hear(west).1, fault != Fault::Darkness, "{fault:?}");
        if is_away {
            let late = table.dial(0);
            assert_eq!(table.is_refused(late), fault == Fault::Absence, "{fault:?}");
            table.bus.come_back(&mut table.env);
        }
        let east_again = table.dial(0);
        table.publish(east);
        table.say(east_again, CONNECT);
        table.publish(east_again);
        table.pass(10 * SECOND);
        assert!(table.hear(east).1 && !table.hear(east_again).1, "{fault:?}");
        assert_eq!(table.violation(), None);
    }
}

#[test]
fn a_bus_expels_and_says_farewell_and_news_and_hangs_up_on_who_does_not_answer() {
    let mut table = Table::new(6, Manners::good());
    let (east, west) = table.pair("herd.feed");
    table.bus.suffer(&mut table.env, Fault::News);
    table.bus.suffer(&mut table.env, Fault::Farewell);
    table.pass(3 * SECOND);
    let (heard, is_over) = table.hear(east);
    let (other, other_is_over) = table.hear(west);
    assert!([&heard, &other].iter().any(|heard| heard.contains("\"ldm\":true")));
    assert!(is_over != other_is_over, "{heard} and {other}");
    table.bus.suffer(&mut table.env, Fault::Expulsion);
    let rest = table.hear_soon(east) + &table.hear(west).0;
    assert!(rest.contains("-ERR '"), "{rest}");
    let mut table = Table::new(6, Manners { ping_gap: 2 * SECOND, ..Manners::good() });
    let (east, _) = table.pair("herd.feed");
    for _ in 0..8 {
        table.pass(SECOND);
        table.say(east, "PONG\r\n");
    }
    assert_eq!(table.bus.connected(), [0]);
}

#[test]
fn strangers_make_noise_and_a_storm_is_seen() {
    let mut table = Table::new(7, Manners { noise_gap: MILLISECOND, ..Manners::good() });
    table.bus.make_noise(&mut table.env);
    let (east, west) = table.pair("herd.>");
    let heard = table.hear_soon(west);
    assert!(heard.contains("\r\nHMSG herd.feed 7 _INBOX.x 26 "), "{heard}");
    let digest = "DIGEST pair East 0123456789abcdef 1 2 - - -\n";
    for count in 1..=8 {
        table.say(east, &format!("PUB herd.digest {}\r\n{digest}\r\n", digest.len()));
        table.pass(100 * MILLISECOND);
        assert_eq!(table.violation().is_some(), count > 6, "{count}");
    }
}
