//! Whether an answer is the right one to its command.

use crate::command::{Kind, Language, Questions, RESULTS_BOUND, client_of};
use crate::near::NearJudge;
use herd::wire::NeighbourLine;
use memchr::{memchr, memmem};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What is to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// The language's own answers.
    Answers(Language),
    /// The command itself.
    Echo,
}

/// What an answer turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Bytes of the answer.
    pub length: usize,
    /// Whether it is right.
    pub right: bool,
    /// Whether it says that Places could not be asked.
    pub places_failed: bool,
}

/// Judges answers.
#[derive(Debug)]
pub struct Judge {
    expectation: Expectation,
    /// `AT` and a server's name, with one of which all answers to reports must begin. Learnt from the
    /// first answer if no server's name is known.
    beginnings: Vec<Vec<u8>>,
    /// How far the server's clock may be from ours.
    skew_nanoseconds: i64,
    near: NearJudge,
}

/// What a Places answer must have.
#[derive(Deserialize)]
struct Nearby {
    results: Vec<IgnoredAny>,
    status: String,
}

impl Judge {
    /// Expects these answers, of one of these servers if their names are known.
    pub fn new<'a>(
        expectation: Expectation,
        servers: impl IntoIterator<Item = &'a str>,
        skew_nanoseconds: i64,
        questions: &Questions,
    ) -> Self {
        let beginning = |name| format!("AT {name} ").into_bytes();
        let beginnings = servers.into_iter().map(beginning).collect();
        Judge { expectation, beginnings, skew_nanoseconds, near: NearJudge::new(questions) }
    }

    /// Judges the answer to `command` at the start of `data`; `age_nanoseconds` is how long ago the
    /// command was made, at most. `None` if the answer is not whole yet.
    pub fn judge(
        &mut self,
        kind: Kind,
        command: &[u8],
        data: &[u8],
        age_nanoseconds: u64,
    ) -> Option<Verdict> {
        match (self.expectation, kind) {
            (Expectation::Echo, _) => {
                let answer = data.get(..command.len())?;
                Some(plain(command.len(), answer == command))
            }
            (Expectation::Answers(Language::Herd), Kind::Report) => {
                let line = &data[..=memchr(b'\n', data)?];
                Some(plain(line.len(), self.is_right(command, line, age_nanoseconds)))
            }
            (Expectation::Answers(Language::Herd), Kind::Question) => judge_nearby(command, data),
            (Expectation::Answers(Language::Herd), Kind::Near) => {
                self.near.judge_lines(command, data)
            }
            (Expectation::Answers(Language::RedisGeoSearch), Kind::Near) => {
                self.near.judge_arrays(data)
            }
            (Expectation::Answers(Language::Http), _) => judge_response(data),
            (Expectation::Answers(Language::RedisSet), _) => one_of(&[b"+OK\r\n"], data),
            (Expectation::Answers(Language::RedisGeoAdd | Language::RedisGeoSearch), _) => {
                one_of(&[b":0\r\n", b":1\r\n"], data)
            }
        }
    }

    /// Whether `line` is the `AT` line that answers the report in `command`.
    fn is_right(&mut self, command: &[u8], line: &[u8], age_nanoseconds: u64) -> bool {
        if self.beginnings.is_empty() {
            let mut spaces = line.iter().enumerate().filter(|(_, byte)| **byte == b' ');
            match spaces.nth(1) {
                Some((second, _)) if line.starts_with(b"AT ") => {
                    self.beginnings.push(line[..=second].to_vec());
                }
                _ => return false,
            }
        }
        let fields = command.strip_prefix(b"IAMAT ").unwrap_or(command);
        let rest = self.beginnings.iter().find_map(|beginning| line.strip_prefix(&beginning[..]));
        rest.and_then(|rest| rest.strip_suffix(fields)).and_then(difference).is_some_and(
            |nanoseconds| {
                let age = i64::try_from(age_nanoseconds).unwrap_or(i64::MAX);
                let oldest = age.saturating_add(self.skew_nanoseconds);
                (-self.skew_nanoseconds..=oldest).contains(&nanoseconds)
            },
        )
    }
}

/// An answer of that length without more to say of it.
pub fn plain(length: usize, right: bool) -> Verdict {
    Verdict { length, right, places_failed: false }
}

/// An answer of one line that must be one of those given.
fn one_of(right: &[&[u8]], data: &[u8]) -> Option<Verdict> {
    let line = &data[..=memchr(b'\n', data)?];
    Some(plain(line.len(), right.contains(&line)))
}

/// A response that says that all is well, with a body of the length that it names.
fn judge_response(data: &[u8]) -> Option<Verdict> {
    let head = memmem::find(data, b"\r\n\r\n")? + 4;
    let field = memmem::find(&data[..head], b"\r\nContent-Length: ").map(|at| at + 18);
    let digits = field.map(|at| data[at..head].iter().take_while(|byte| byte.is_ascii_digit()));
    let length = digits.map(|digits| {
        digits.fold(0_usize, |sum, digit| sum.saturating_mul(10) + usize::from(digit - b'0'))
    });
    let Some(whole) = length.and_then(|length| head.checked_add(length)) else {
        return Some(plain(head, false));
    };
    (data.len() >= whole).then(|| plain(whole, data.starts_with(b"HTTP/1.1 200 ")))
}

/// A difference as answers have it, signed and with nine decimals, and the space behind it.
fn difference(text: &[u8]) -> Option<i64> {
    let (&sign, rest) = text.split_first()?;
    let (&space, rest) = rest.split_last()?;
    let point = rest.len().checked_sub(10)?;
    if space != b' ' || point == 0 || rest[point] != b'.' {
        return None;
    }
    let mut nanoseconds = 0_i64;
    for &digit in rest[..point].iter().chain(&rest[point + 1..]) {
        if !digit.is_ascii_digit() {
            return None;
        }
        nanoseconds = nanoseconds.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    match sign {
        b'+' => Some(nanoseconds),
        b'-' => Some(-nanoseconds),
        _ => None,
    }
}

/// An `AT` line about the client that was asked about, JSON in the shape of Places, an empty line.
fn judge_nearby(command: &[u8], data: &[u8]) -> Option<Verdict> {
    if data.first() == Some(&b'?') {
        return Some(plain(memchr(b'\n', data)? + 1, false));
    }
    let end = memmem::find(data, b"\n\n")?;
    let (at, json) = data[..end].split_at(memchr(b'\n', data)?);
    let about = match NeighbourLine::parse(at) {
        Some(NeighbourLine::At(at)) => Some(at.client),
        _ => None,
    };
    let nearby: Option<Nearby> = serde_json::from_slice(json).ok();
    let status = nearby.as_ref().map_or("", |nearby| &nearby.status);
    let few = nearby.as_ref().is_some_and(|nearby| nearby.results.len() <= RESULTS_BOUND);
    Some(Verdict {
        length: end + 2,
        right: few && about == Some(client_of(command)),
        places_failed: !matches!(status, "OK" | "ZERO_RESULTS"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &[u8] = b"IAMAT kiwi +34.068930-118.445127 1520023934.918963997\n";
    const QUESTION: &[u8] = b"WHATSAT kiwi 10 5\n";
    const SECOND: u64 = 1_000_000_000;

    const QUESTIONS: Questions =
        Questions { whatsat: 0.0, near: 0.0, near_kilometres: 100.0, near_results: 10 };

    fn herd(server: Option<&str>) -> Judge {
        Judge::new(Expectation::Answers(Language::Herd), server, SECOND as i64, &QUESTIONS)
    }

    fn redis(language: Language) -> Judge {
        Judge::new(Expectation::Answers(language), None, 0, &QUESTIONS)
    }

    /// Whether an answer that is whole only at its end is right.
    fn is_right(judge: &mut Judge, kind: Kind, command: &[u8], answer: &str) -> bool {
        let data = [answer.as_bytes(), b"more"].concat();
        for split in 0..answer.len() {
            assert_eq!(judge.judge(kind, command, &data[..split], SECOND), None, "at {split}");
        }
        let verdict = judge.judge(kind, command, &data, SECOND).unwrap();
        assert_eq!(verdict.length, answer.len());
        verdict.right
    }

    fn at(server: &str, difference: &str, fields: &str) -> String {
        format!("AT {server} {difference} {fields}\n")
    }

    #[test]
    fn only_the_very_answer_to_a_report_is_right() {
        let fields = "kiwi +34.068930-118.445127 1520023934.918963997";
        let mut judge = herd(Some("Goloman"));
        let mut right = |answer: String| is_right(&mut judge, Kind::Report, REPORT, &answer);
        for difference in ["+0.263873386", "-0.999999999", "+1.999999999", "+2.000000000"] {
            assert!(right(at("Goloman", difference, fields)), "{difference}");
        }
        for difference in ["0.263873386", "+0.26387338", "+.263873386", "+2.000000001", "+", "x"] {
            assert!(!right(at("Goloman", difference, fields)), "{difference}");
        }
        assert!(!right(at("Golomans", "+0.263873386", fields)));
        assert!(!right(at("Goloman", "-1.000000001", fields)));
        assert!(!right(at("Goloman", "+0.263873386", &fields.replace("kiwi", "kiwis"))));
        assert!(!right(at("Goloman", "+0.263873386", &fields.replace("997", "998"))));
        assert!(!right(at("Goloman", "+99999999999999999999.263873386", fields)));
        assert!(!right(format!("? IAMAT {fields}\n")));
        assert!(!right("\n".to_owned()));
    }

    #[test]
    fn an_unknown_name_is_learnt_from_the_first_answer() {
        let fields = "kiwi +34.068930-118.445127 1520023934.918963997";
        let mut judge = herd(None);
        assert!(!is_right(&mut judge, Kind::Report, REPORT, "? what\n"));
        assert!(is_right(&mut judge, Kind::Report, REPORT, &at("Ball", "+0.263873386", fields)));
        assert!(!is_right(&mut judge, Kind::Report, REPORT, &at("Welsh", "+0.263873386", fields)));
    }

    #[test]
    fn a_question_is_answered_by_a_position_json_and_an_empty_line() {
        let mut judge = herd(Some("Goloman"));
        let mut right = |answer: &str| is_right(&mut judge, Kind::Question, QUESTION, answer);
        let about = "AT Welsh +0.263873386 kiwi +34.068930-118.445127 1520023934.918963997\n";
        assert!(right(&format!("{about}{{\n\"results\":[1,2],\n\"status\":\"OK\"}}\n\n")));
        assert!(!right(&format!("{about}{{\"results\":[1,2,3,4,5,6],\"status\":\"OK\"}}\n\n")));
        assert!(!right(&format!("{about}{{\"results\":[\n\n")));
        assert!(!right(&about.replace("kiwi", "fig").replace('\n', "\n{\"results\":[]}\n\n")));
        assert!(!right("? WHATSAT kiwi 10 5\n"));
    }

    #[test]
    fn an_answer_without_places_is_right_and_said_to_be_without() {
        let answer = b"AT W +0.263873386 kiwi +34.06-118.44 1520023934.9\n\
            {\"results\": [], \"status\": \"UNKNOWN_ERROR\", \"error_message\": \"away\"}\n\n";
        let verdict = herd(None).judge(Kind::Question, QUESTION, answer, 0).unwrap();
        assert!(verdict.right && verdict.places_failed);
    }

    #[test]
    fn an_echo_is_the_command_itself() {
        let mut judge = Judge::new(Expectation::Echo, None, 0, &QUESTIONS);
        let line = str::from_utf8(REPORT).unwrap();
        assert!(is_right(&mut judge, Kind::Report, REPORT, line));
        assert!(!is_right(&mut judge, Kind::Report, REPORT, &line.replace("kiwi", "kiwj")));
    }

    #[test]
    fn redis_says_that_it_has_done_it() {
        let mut set = redis(Language::RedisSet);
        assert!(is_right(&mut set, Kind::Report, b"", "+OK\r\n"));
        assert!(!is_right(&mut set, Kind::Report, b"", "-ERR unknown command\r\n"));
        for language in [Language::RedisGeoAdd, Language::RedisGeoSearch] {
            let mut add = redis(language);
            assert!(is_right(&mut add, Kind::Report, b"", ":0\r\n"));
            assert!(is_right(&mut add, Kind::Report, b"", ":1\r\n"));
            assert!(!is_right(&mut add, Kind::Report, b"", ":2\r\n"));
        }
    }

    #[test]
    fn a_response_says_that_all_is_well() {
        let mut judge = Judge::new(Expectation::Answers(Language::Http), None, 0, &QUESTIONS);
        let response = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 3\r\nServer: y\r\n\r\nabc";
        assert!(is_right(&mut judge, Kind::Report, b"", response));
        assert!(!is_right(&mut judge, Kind::Report, b"", &response.replace("200", "400")));
        let endless = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        assert!(!is_right(&mut judge, Kind::Report, b"", endless));
    }

    #[test]
    fn who_is_near_is_told_in_the_target_s_language() {
        let command = b"NEAR +00.000000+000.000000 100 10\n";
        let near = "0.000 AT Welsh +0.263873386 kiwi +00.0+000.0 1520023934.9\n\n";
        assert!(is_right(&mut herd(None), Kind::Near, command, near));
        assert!(!is_right(&mut herd(None), Kind::Near, command, &near.replace("0.0", "0.1")));
        let near = "*1\r\n*2\r\n$4\r\nkiwi\r\n$6\r\n0.0000\r\n";
        assert!(is_right(&mut redis(Language::RedisGeoSearch), Kind::Near, b"", near));
    }
}
