//! The commands that are sent: which ones, about whom, from where.
//!
//! Every report has an id of 16 bytes, a location of 21 and a time with nine decimals that is
//! later than that of any report before, so that a server has to take each. Clients, and the places
//! around which is asked, are spread evenly over the globe.

use crate::random::Random;
use crate::template::{Globe, Near, Report, write_client};

/// What a command asks for, and so what answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where a client is.
    Report,
    /// What is near a client.
    Question,
    /// Which clients are near a place.
    Near,
}

/// How the target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `IAMAT`, `WHATSAT` and `NEAR`.
    Herd,
    /// HTTP/1.1: `GET /?id=..&lat=..&lon=..&timestamp=..`, as OsmAnd sends it.
    Http,
    /// RESP: `SET id "location time"`.
    RedisSet,
    /// RESP: `GEOADD herd longitude latitude id`.
    RedisGeoAdd,
    /// The same, and `GEOSEARCH` for who is near a place.
    RedisGeoSearch,
}

/// What is asked, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Questions {
    /// The share of `WHATSAT`, 0 to 1.
    pub whatsat: f64,
    /// The share of `NEAR`, or of what stands for it, 0 to 1.
    pub near: f64,
    /// How far around its place a `NEAR` asks.
    pub near_kilometres: f64,
    /// For how many clients a `NEAR` asks, at most.
    pub near_results: usize,
}

/// Most clients that the digits of an id can tell apart.
pub const CLIENTS_MAX: u64 = 100_000_000;
/// Most results of a `WHATSAT` that is sent.
pub const RESULTS_BOUND: usize = 5;

const QUESTION: &[u8] = b"WHATSAT phone-0000000000 10 5\n";
const QUESTION_ID_AT: usize = 14;
/// So the places around which is asked are not those of the clients.
const NEAR_SEED: u64 = 1;

/// Makes commands.
#[derive(Debug)]
pub struct Composer {
    report: Report,
    near: Near,
    globe: Globe,
    clients: u64,
    /// The share of questions, of 2^32.
    questions: u64,
    /// The share of `NEAR` among all commands, of 2^32.
    nears: u64,
    random: Random,
    random_near: Random,
    /// The next client to be told of, while each is in turn.
    in_turn: Option<u64>,
    /// The time in the last report.
    time_nanoseconds: u64,
}

impl Composer {
    /// Commands about so many clients, some of which are questions.
    pub fn new(language: Language, clients: u64, questions: &Questions) -> Self {
        let part = |share: f64| (share * (1_u64 << 32) as f64) as u64;
        Composer {
            report: Report::new(language),
            near: Near::new(language, questions),
            globe: Globe::new(),
            clients,
            questions: part(questions.whatsat + questions.near),
            nears: part(questions.near),
            random: Random::new(0),
            random_near: Random::new(NEAR_SEED),
            in_turn: None,
            time_nanoseconds: 0,
        }
    }

    /// The same with one more field, which ends its line, in the head of each request.
    pub fn with_field(mut self, field: &[u8]) -> Self {
        self.report = self.report.with_field(field);
        self
    }

    /// From here on reports come from one client after the other, and there are no questions; or,
    /// as at first, all is at random.
    pub fn take_turns(&mut self, in_turn: bool) {
        self.in_turn = in_turn.then_some(0);
    }

    /// Appends a command to `out`.
    pub fn compose(&mut self, out: &mut Vec<u8>, posix_nanoseconds: u64) -> Kind {
        let drawn = self.random.next();
        if let Some(client) = self.in_turn {
            self.in_turn = Some((client + 1) % self.clients);
            self.report(out, client, posix_nanoseconds);
            return Kind::Report;
        }
        let client = ((u128::from(drawn) * u128::from(self.clients)) >> 64) as u64;
        if self.questions > 0 {
            let share = self.random.next() >> 32;
            if share < self.nears {
                self.near.write(out, (&self.globe, self.random_near.next()));
                return Kind::Near;
            }
            if share < self.questions {
                let start = out.len();
                out.extend_from_slice(QUESTION);
                write_client(&mut out[start..], QUESTION_ID_AT, client);
                return Kind::Question;
            }
        }
        self.report(out, client, posix_nanoseconds);
        Kind::Report
    }

    fn report(&mut self, out: &mut Vec<u8>, client: u64, posix_nanoseconds: u64) {
        self.time_nanoseconds = posix_nanoseconds.max(self.time_nanoseconds + 1);
        let place = (&self.globe, self.random.next());
        self.report.write(out, client, place, self.time_nanoseconds);
    }
}

/// The client that a question asks about.
pub fn client_of(question: &[u8]) -> &[u8] {
    question.split(|&byte| byte == b' ').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use herd::wire::Command;
    use herd::wire::command::{Near, Place};
    use std::collections::BTreeSet;

    /// That share of `WHATSAT`, and of `NEAR`.
    fn questions(whatsat: f64, near: f64) -> Questions {
        Questions { whatsat, near, near_kilometres: 100.5, near_results: 10 }
    }

    const NOW: u64 = 1_520_023_934_918_963_997;

    #[test]
    fn reports_are_understood_and_each_is_later_than_the_last() {
        let mut composer = Composer::new(Language::Herd, 1_000, &questions(0.0, 0.0));
        let mut clients = BTreeSet::new();
        let mut before = 0;
        for _ in 0..10_000 {
            let mut line = Vec::new();
            assert_eq!(composer.compose(&mut line, NOW), Kind::Report);
            let Ok(Some(Command::IamAt(report))) =
                Command::parse(line.strip_suffix(b"\n").unwrap())
            else {
                panic!("{}", String::from_utf8_lossy(&line));
            };
            assert_eq!((report.client.len(), report.location.len()), (16, 21));
            assert!(report.time_nanoseconds > before && report.time_nanoseconds >= NOW as i64);
            before = report.time_nanoseconds;
            clients.insert(report.client.to_vec());
        }
        assert!(clients.len() > 990);
    }

    #[test]
    fn questions_come_at_their_share_and_are_understood() {
        let mut composer = Composer::new(Language::Herd, 7, &questions(0.25, 0.0));
        let mut found = 0;
        for _ in 0..10_000 {
            let mut line = Vec::new();
            if composer.compose(&mut line, NOW) == Kind::Question {
                found += 1;
                let Ok(Some(Command::WhatsAt(question))) = Command::parse(line.trim_ascii_end())
                else {
                    panic!("{}", String::from_utf8_lossy(&line));
                };
                assert_eq!(question.client, client_of(&line));
                assert_eq!(usize::from(question.bound), RESULTS_BOUND);
            }
        }
        assert!((2_300..2_700).contains(&found), "{found}");
    }

    #[test]
    fn who_is_near_is_asked_of_herd_and_redis_alike() {
        let mut herd = Composer::new(Language::Herd, 7, &questions(0.25, 0.5));
        let mut redis = Composer::new(Language::RedisGeoSearch, 7, &questions(0.25, 0.5));
        let mut nears = 0;
        for _ in 0..10_000 {
            let (mut line, mut command) = (Vec::new(), Vec::new());
            let kind = herd.compose(&mut line, NOW);
            assert_eq!(redis.compose(&mut command, NOW), kind);
            if kind != Kind::Near {
                continue;
            }
            nears += 1;
            let Ok(Some(Command::Near(asked))) = Command::parse(line.trim_ascii_end()) else {
                panic!("{}", String::from_utf8_lossy(&line));
            };
            let Near { place: Place::Location(place), radius_micrometres, bound } = asked else {
                panic!("{asked:?}");
            };
            assert_eq!((radius_micrometres, bound), (100_500_000_000, 10));
            let arguments = arguments(&command);
            assert_eq!(arguments[..3], ["GEOSEARCH", "herd", "FROMLONLAT"]);
            let degrees = |nanodegrees: i64| nanodegrees as f64 / 1e9;
            assert_eq!(arguments[3].parse(), Ok(degrees(place.longitude_nanodegrees)));
            assert_eq!(arguments[4].parse(), Ok(degrees(place.latitude_nanodegrees)));
            let rest = ["BYRADIUS", "100.5", "km", "ASC", "COUNT", "10", "WITHDIST"];
            assert_eq!(arguments[5..], rest);
        }
        assert!((4_700..5_300).contains(&nears), "{nears}");
    }

    #[test]
    fn in_turn_each_client_comes_once() {
        let mut composer = Composer::new(Language::Herd, 3, &questions(1.0, 0.0));
        composer.take_turns(true);
        let mut lines = Vec::new();
        for _ in 0..4 {
            composer.compose(&mut lines, NOW);
        }
        let ids: Vec<&[u8]> = lines.split(|&b| b == b'\n').take(4).map(client_of).collect();
        assert_eq!(ids, [b"phone-0000000000", b"phone-0000000001", b"phone-0000000002", ids[0]]);
        composer.take_turns(false);
        assert_eq!(composer.compose(&mut lines, NOW), Kind::Question);
    }

    /// The arguments of a RESP command.
    fn arguments(command: &[u8]) -> Vec<String> {
        let text = String::from_utf8(command.to_vec()).unwrap();
        let mut lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
        let count: usize = lines.next().unwrap().strip_prefix('*').unwrap().parse().unwrap();
        let mut found = Vec::new();
        while let Some(length) = lines.next() {
            let argument = lines.next().unwrap();
            assert_eq!(length, format!("${}", argument.len()));
            found.push(argument.to_owned());
        }
        assert_eq!(found.len(), count);
        found
    }

    #[test]
    fn redis_gets_what_it_understands() {
        for language in [Language::RedisSet, Language::RedisGeoAdd, Language::RedisGeoSearch] {
            let mut composer = Composer::new(language, 1_000, &questions(0.0, 0.0));
            for _ in 0..1_000 {
                let mut command = Vec::new();
                composer.compose(&mut command, NOW);
                let arguments = arguments(&command);
                match language {
                    Language::RedisSet => {
                        let (id, value) = (&arguments[1], &arguments[2]);
                        assert_eq!(arguments[0], "SET");
                        let line = format!("IAMAT {id} {value}");
                        assert!(matches!(
                            Command::parse(line.as_bytes()),
                            Ok(Some(Command::IamAt(_)))
                        ));
                    }
                    _ => {
                        assert_eq!(arguments[..2], ["GEOADD", "herd"]);
                        assert!(arguments[2].parse::<f64>().unwrap().abs() <= 180.0);
                        assert!(arguments[3].parse::<f64>().unwrap().abs() <= 85.051_128);
                        assert!(arguments[4].starts_with("phone-"));
                    }
                }
            }
        }
    }
}
