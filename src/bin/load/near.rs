//! Whether the answer to a question for who is near a place is a right one: the herd's lines, and
//! the arrays of Redis.

use crate::answer::{Verdict, plain};
use crate::command::Questions;
use herd::wire::{At, Location, NeighbourLine};
use memchr::{memchr, memmem};

/// The Earth's mean radius R1 (Moritz: "Geodetic Reference System 1980").
const EARTH_METRES: f64 = 6_371_008.8;
/// Distances are told to the metre: so much farther than asked for, or than we reckon, one may seem.
const ROUNDING_METRES: f64 = 1.0;

/// Judges such answers.
#[derive(Debug)]
pub struct NearJudge {
    /// How far somebody near may be, rounding included.
    metres_max: f64,
    /// How many may be told of.
    results_max: usize,
}

impl NearJudge {
    /// Of answers to those questions.
    pub fn new(questions: &Questions) -> Self {
        NearJudge {
            metres_max: questions.near_kilometres * 1e3 + ROUNDING_METRES,
            results_max: questions.near_results,
        }
    }

    /// Lines of kilometres and a position, nearest first, behind which is an empty line. `None` if
    /// the answer is not whole yet.
    pub fn judge_lines(&self, command: &[u8], data: &[u8]) -> Option<Verdict> {
        let length = match data.first()? {
            b'\n' => return Some(plain(1, true)),
            b'?' => return Some(plain(memchr(b'\n', data)? + 1, false)),
            _ => memmem::find(data, b"\n\n")? + 2,
        };
        Some(plain(length, self.are_near(command, &data[..length - 2]).is_some()))
    }

    /// Whether these lines are, if something is.
    fn are_near(&self, command: &[u8], lines: &[u8]) -> Option<()> {
        let mut before: Option<(u64, &[u8])> = None;
        let mut farthest = None;
        for (number, line) in lines.split(|&byte| byte == b'\n').enumerate() {
            let (kilometres, position) = line.split_at(memchr(b' ', line)?);
            let metres = metres(kilometres)?;
            let NeighbourLine::At(at) = NeighbourLine::parse(&position[1..])? else { return None };
            let this = (metres, at.client);
            let fits = number < self.results_max && metres as f64 <= self.metres_max;
            if !fits || before.is_some_and(|before| before >= this) {
                return None;
            }
            before = Some(this);
            farthest = Some((metres, at));
        }
        // One a question is reckoned again: all would cost more than they cost the server.
        let (metres, At { location, .. }) = farthest?;
        let asked = command.split(|&byte| byte == b' ').nth(1)?;
        let reckoned = distance_metres(Location::parse(asked)?, Location::parse(location)?);
        ((reckoned - metres as f64).abs() <= ROUNDING_METRES).then_some(())
    }

    /// An array of arrays of an id and the kilometres to it, nearest first. `None` if the answer is
    /// not whole yet.
    pub fn judge_arrays(&self, data: &[u8]) -> Option<Verdict> {
        if data.first()? == &b'-' {
            return Some(plain(memchr(b'\n', data)? + 1, false));
        }
        let mut reply = Reply { rest: data };
        match reply.near(self) {
            Ok(()) => Some(plain(data.len() - reply.rest.len(), true)),
            Err(Fault::Short) => None,
            // Where the next answer begins cannot be known.
            Err(Fault::Wrong) => Some(plain(data.len(), false)),
        }
    }
}

/// Metres of kilometres with three decimals.
fn metres(kilometres: &[u8]) -> Option<u64> {
    let point = kilometres.len().checked_sub(4).filter(|point| *point > 0)?;
    if kilometres[point] != b'.' {
        return None;
    }
    let digits = kilometres[..point].iter().chain(&kilometres[point + 1..]);
    digits.copied().try_fold(0_u64, |metres, digit| {
        let digit = char::from(digit).to_digit(10)?;
        metres.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The way along the surface of a sphere, by the haversine formula (Sinnott: "Virtues of the
/// Haversine", 1984).
fn distance_metres(from: Location, to: Location) -> f64 {
    let radians = |nanodegrees: i64| (nanodegrees as f64 / 1e9).to_radians();
    let half_sine_squared = |from: i64, to: i64| (radians(to - from) / 2.0).sin().powi(2);
    let (south, north) = (from.latitude_nanodegrees, to.latitude_nanodegrees);
    let along = half_sine_squared(from.longitude_nanodegrees, to.longitude_nanodegrees);
    let haversine =
        half_sine_squared(south, north) + radians(south).cos() * radians(north).cos() * along;
    2.0 * EARTH_METRES * haversine.sqrt().min(1.0).asin()
}

/// What Redis replies, in its serialization protocol, version 2.
struct Reply<'a> {
    rest: &'a [u8],
}

/// Why a reply is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// There may be more of it.
    Short,
    /// It is another, or no reply at all.
    Wrong,
}

impl<'a> Reply<'a> {
    fn near(&mut self, judge: &NearJudge) -> Result<(), Fault> {
        let count = self.number(b'*')?;
        if count > judge.results_max {
            return Err(Fault::Wrong);
        }
        let mut nearest = 0.0;
        for _ in 0..count {
            if self.number(b'*')? != 2 || self.bulk()?.is_empty() {
                return Err(Fault::Wrong);
            }
            let kilometres = str::from_utf8(self.bulk()?).ok().and_then(|text| text.parse().ok());
            let metres: f64 = kilometres.map_or(f64::NAN, |kilometres: f64| kilometres * 1e3);
            if !(nearest..=judge.metres_max).contains(&metres) {
                return Err(Fault::Wrong);
            }
            nearest = metres;
        }
        Ok(())
    }

    /// A number behind that sign, to the line's end.
    fn number(&mut self, sign: u8) -> Result<usize, Fault> {
        let end = memchr(b'\n', self.rest).ok_or(Fault::Short)?;
        let (line, rest) = self.rest.split_at(end + 1);
        self.rest = rest;
        let digits = line.strip_prefix(&[sign]).and_then(|rest| rest.strip_suffix(b"\r\n"));
        let number = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        number.ok_or(Fault::Wrong)
    }

    /// Bytes behind their number.
    fn bulk(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.number(b'$')?;
        let end = length.checked_add(2).ok_or(Fault::Wrong)?;
        let (bytes, rest) = self.rest.split_at_checked(end).ok_or(Fault::Short)?;
        self.rest = rest;
        bytes.strip_suffix(b"\r\n").ok_or(Fault::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &[u8] = b"NEAR +00.000000+000.000000 100 3\n";

    fn judge() -> NearJudge {
        let questions =
            Questions { whatsat: 0.0, near: 1.0, near_kilometres: 100.0, near_results: 3 };
        NearJudge::new(&questions)
    }

    /// Whether an answer that is whole only at its end is right.
    fn is_right(judge: impl Fn(&[u8]) -> Option<Verdict>, answer: &str) -> bool {
        for split in 0..answer.len() {
            assert_eq!(judge(&answer.as_bytes()[..split]), None, "{answer:?} at {split}");
        }
        let verdict = judge(&[answer.as_bytes(), b"more"].concat()).unwrap();
        assert_eq!(verdict.length, answer.len());
        verdict.right
    }

    /// A line about a client so many degrees to the east.
    fn line(kilometres: &str, client: &str, east: &str) -> String {
        format!("{kilometres} AT Goloman +0.263873386 {client} +00.0+{east} 1520023934.9\n")
    }

    #[test]
    fn lines_are_of_who_is_near_nearest_first() {
        let right = |answer: &str| is_right(|data| judge().judge_lines(COMMAND, data), answer);
        // A degree of the equator is 111.195080 km.
        let near = line("0.000", "fig", "000.0");
        let equal = line("11.120", "kaki", "000.1");
        let far = line("11.120", "kiwi", "000.1");
        assert!(right("\n"));
        assert!(right(&format!("{near}\n")));
        assert!(right(&format!("{near}{equal}{far}\n")));
        assert!(!right("? NEAR +00.000000+000.000000 100 3\n"));
        for wrong in [
            format!("{equal}{near}\n"),
            format!("{far}{equal}\n"),
            format!("{near}{near}\n"),
            format!("{near}{equal}{far}{}\n", line("22.239", "plum", "000.2")),
            format!("{}\n", line("111.195", "kiwi", "001.0")),
            format!("{}\n", line("11.123", "kiwi", "000.1")),
            format!("{}\n", line("11.1195", "kiwi", "000.1")),
            format!("{}\n", line("+11.120", "kiwi", "000.1")),
            format!("{}\n", line(".120", "kiwi", "000.1")),
            format!("{near}AT A +0.2 kiwi +00.0+000.1 1\n\n"),
            format!("{near}11.120 kiwi\n\n"),
            format!("{near}11.120\n\n"),
        ] {
            assert!(!right(&wrong), "{wrong}");
        }
    }

    #[test]
    fn arrays_are_of_who_is_near_nearest_first() {
        let right = |answer: &str| is_right(|data| judge().judge_arrays(data), answer);
        let one = |client: &str, kilometres: &str| {
            let (id, distance) = (client.len(), kilometres.len());
            format!("*2\r\n${id}\r\n{client}\r\n${distance}\r\n{kilometres}\r\n")
        };
        let (near, far) = (one("fig", "0.0000"), one("\r\n*2", "99.9999"));
        assert!(right("*0\r\n"));
        assert!(right(&format!("*1\r\n{near}")));
        assert!(right(&format!("*3\r\n{near}{near}{far}")));
        assert!(!right("-ERR unknown command\r\n"));
        let whole = |answer: String| judge().judge_arrays(answer.as_bytes());
        for wrong in [
            format!("*2\r\n{far}{near}"),
            format!("*4\r\n{near}{near}{near}{near}"),
            format!("*1\r\n{}", one("kiwi", "100.1000")),
            format!("*1\r\n{}", one("kiwi", "x")),
            format!("*1\r\n{}", one("kiwi", "nan")),
            format!("*1\r\n{}", one("", "1")),
            format!("*1\r\n{}", near.replace("*2", "*3")),
            "*-1\r\n".to_owned(),
            "*1\n".to_owned(),
            ":1\r\n".to_owned(),
            "*1\r\n*2\r\n$3\r\nfigs\r\n".to_owned(),
        ] {
            let verdict = whole(wrong.clone());
            assert_eq!(verdict, Some(plain(wrong.len(), false)), "{wrong:?}");
        }
    }

    #[test]
    fn the_way_over_a_pole_and_to_the_antipodes_is_reckoned() {
        let way = |from: &str, to: &str| {
            let [from, to] = [from, to].map(|text| Location::parse(text.as_bytes()).unwrap());
            distance_metres(from, to)
        };
        assert!((way("+89+000", "+89+180") - 222_390.160).abs() < 0.1);
        assert!((way("+00+000", "+00+180") - 20_015_114.4).abs() < 0.1);
        assert!((way("+00+179.5", "+00-179.5") - 111_195.080).abs() < 0.1);
    }
}
