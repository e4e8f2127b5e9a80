//! The commands that are sent: composed by patching digits into a line made beforehand.
//!
//! Every report has an id of 16 bytes, a location of 21 and a time with nine decimals that is
//! later than that of any report before, so that a server has to take each.

/// What a command asks for, and so what answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where a client is.
    Report,
    /// What is near a client.
    Question,
}

/// How the target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `IAMAT` and `WHATSAT`.
    Herd,
    /// RESP: `SET id "location time"`.
    RedisSet,
    /// RESP: `GEOADD herd longitude latitude id`.
    RedisGeoAdd,
}

/// Most clients that the digits of an id can tell apart.
pub const CLIENTS_MAX: u64 = 100_000_000;
/// Most results of a `WHATSAT` that is sent.
pub const RESULTS_BOUND: usize = 5;

const QUESTION: &[u8] = b"WHATSAT phone-0000000000 10 5\n";
const QUESTION_ID_AT: usize = 14;
const ID_DIGITS: usize = 10;

const DECIMALS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// A report with room for digits, and where they go.
#[derive(Debug, Clone)]
struct Template {
    line: Vec<u8>,
    /// The ten digits of the id.
    id: usize,
    /// The sign of the latitude, which two digits, a point and six digits follow.
    latitude: usize,
    /// The sign of the longitude, which three digits, a point and six digits follow.
    longitude: usize,
    /// Ten digits of seconds, which a point and nine digits follow.
    time: Option<usize>,
    /// What stands for a plus.
    plus: u8,
}

impl Template {
    fn new(language: Language) -> Self {
        match language {
            Language::Herd => Template {
                line: b"IAMAT phone-0000000000 +00.000000-000.000000 0000000000.000000000\n".into(),
                id: 12,
                latitude: 23,
                longitude: 33,
                time: Some(45),
                plus: b'+',
            },
            Language::RedisSet => Template {
                line: b"*3\r\n$3\r\nSET\r\n$16\r\nphone-0000000000\r\n$42\r\n\
                    +00.000000-000.000000 0000000000.000000000\r\n"
                    .into(),
                id: 24,
                latitude: 41,
                longitude: 51,
                time: Some(63),
                plus: b'+',
            },
            // A leading zero does for the plus, which not every version takes.
            Language::RedisGeoAdd => Template {
                line: b"*5\r\n$6\r\nGEOADD\r\n$4\r\nherd\r\n$11\r\n-000.000000\r\n$10\r\n0\
                    00.000000\r\n$16\r\nphone-0000000000\r\n"
                    .into(),
                id: 72,
                latitude: 49,
                longitude: 31,
                time: None,
                plus: b'0',
            },
        }
    }
}

/// Makes commands.
#[derive(Debug)]
pub struct Composer {
    template: Template,
    clients: u64,
    /// The share of questions, of 2^32.
    questions: u64,
    random: Random,
    /// The next client to be told of, while each is in turn.
    in_turn: Option<u64>,
    /// The time in the last report.
    time_nanoseconds: u64,
    /// The seconds that stand in the template.
    seconds: u64,
}

impl Composer {
    /// Commands about so many clients, a share of which (0 to 1) are questions.
    pub fn new(language: Language, clients: u64, questions: f64) -> Self {
        Composer {
            template: Template::new(language),
            clients,
            questions: (questions * (1_u64 << 32) as f64) as u64,
            random: Random(0),
            in_turn: None,
            time_nanoseconds: 0,
            seconds: 0,
        }
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
        if self.questions > 0 && self.random.next() >> 32 < self.questions {
            let start = out.len();
            out.extend_from_slice(QUESTION);
            write_digits::<ID_DIGITS>(out, start + QUESTION_ID_AT, client);
            return Kind::Question;
        }
        self.report(out, client, posix_nanoseconds);
        Kind::Report
    }

    fn report(&mut self, out: &mut Vec<u8>, client: u64, posix_nanoseconds: u64) {
        let Template { line, id, latitude, longitude, time, plus } = &mut self.template;
        self.time_nanoseconds = posix_nanoseconds.max(self.time_nanoseconds + 1);
        let (seconds, fraction) =
            (self.time_nanoseconds / 1_000_000_000, self.time_nanoseconds % 1_000_000_000);
        if let Some(time) = *time
            && seconds != self.seconds
        {
            self.seconds = seconds;
            write_digits::<10>(line, time, seconds);
        }
        // The digits go into the copy: a processor is slow to copy what it has just written.
        let start = out.len();
        out.extend_from_slice(line);
        let line = &mut out[start..];
        write_digits::<ID_DIGITS>(line, *id, client);
        let place = self.random.next();
        // Redis takes latitudes up to 85 degrees.
        let (north, east) = (place & 0x7fff_ffff, place >> 33);
        write_angle::<2>(line, *latitude + 1, (north * 80_000_000) >> 31);
        write_angle::<3>(line, *longitude + 1, (east * 180_000_000) >> 31);
        line[*latitude] = if place >> 31 & 1 == 0 { *plus } else { b'-' };
        line[*longitude] = if place >> 32 & 1 == 0 { *plus } else { b'-' };
        if let Some(time) = *time {
            write_digits::<9>(line, time + 11, fraction);
        }
    }
}

/// The client that a question asks about.
pub fn client_of(question: &[u8]) -> &[u8] {
    question.split(|&byte| byte == b' ').nth(1).unwrap_or_default()
}

/// Writes millionths of a degree at that place: `N` digits, a point, six digits.
fn write_angle<const N: usize>(line: &mut [u8], at: usize, microdegrees: u64) {
    write_digits::<N>(line, at, microdegrees / 1_000_000);
    write_digits::<6>(line, at + N + 1, microdegrees % 1_000_000);
}

/// Writes the last `N` digits of a number at that place.
fn write_digits<const N: usize>(line: &mut [u8], at: usize, mut number: u64) {
    let Some(out) = line[at..].first_chunk_mut::<N>() else {
        return;
    };
    let mut end = N;
    while end >= 2 {
        out[end - 2..end].copy_from_slice(&DECIMALS[(number % 100) as usize]);
        number /= 100;
        end -= 2;
    }
    if end == 1 {
        out[0] = b'0' + (number % 10) as u8;
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use herd::wire::Command;
    use std::collections::BTreeSet;

    const NOW: u64 = 1_520_023_934_918_963_997;

    #[test]
    fn reports_are_understood_and_each_is_later_than_the_last() {
        let mut composer = Composer::new(Language::Herd, 1_000, 0.0);
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
        let mut composer = Composer::new(Language::Herd, 7, 0.25);
        let mut questions = 0;
        for _ in 0..10_000 {
            let mut line = Vec::new();
            if composer.compose(&mut line, NOW) == Kind::Question {
                questions += 1;
                let Ok(Some(Command::WhatsAt(question))) = Command::parse(line.trim_ascii_end())
                else {
                    panic!("{}", String::from_utf8_lossy(&line));
                };
                assert_eq!(question.client, client_of(&line));
                assert_eq!(usize::from(question.bound), RESULTS_BOUND);
            }
        }
        assert!((2_300..2_700).contains(&questions), "{questions}");
    }

    #[test]
    fn in_turn_each_client_comes_once() {
        let mut composer = Composer::new(Language::Herd, 3, 1.0);
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
        for language in [Language::RedisSet, Language::RedisGeoAdd] {
            let mut composer = Composer::new(language, 1_000, 0.0);
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
                        assert!(arguments[3].parse::<f64>().unwrap().abs() <= 80.0);
                        assert!(arguments[4].starts_with("phone-"));
                    }
                }
            }
        }
    }
}
