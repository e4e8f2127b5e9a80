//! What clients say: reports, questions and nonsense, with all that makes them hard to order.

use super::env::Env;

/// Kept of the times that were said, to say them again.
const TIMES_KEPT: usize = 12;

/// What is said in a run.
#[derive(Debug)]
pub struct Load {
    ids: Vec<String>,
    /// Of a thousand lines, how many are questions, and how many nonsense.
    pub questions: u64,
    pub nonsense: u64,
    /// How many ask who is near.
    nears: u64,
    /// How many forget a client.
    forgets: u64,
    /// Of a thousand reports, how many repeat a time or come close to one.
    pub ties: u64,
    /// Of a thousand reports, how many have a very long time.
    pub fat: u64,
    times: Vec<String>,
}

impl Load {
    pub fn new(devices: usize, questions: u64, nonsense: u64, ties: u64, fat: u64) -> Self {
        let name = |at: usize| match at % 7 {
            5 => format!("Zoë-{at}"),
            6 => format!("{at}.{}", "long".repeat(40)),
            _ => format!("c{at}"),
        };
        let ids = (0..devices.max(1)).map(name).collect();
        Load { ids, questions, nonsense, ties, fat, nears: 0, forgets: 0, times: Vec::new() }
    }

    /// The same, with so many of a thousand lines that ask who is near.
    pub fn with_nears(self, nears: u64) -> Self {
        Load { nears, ..self }
    }

    /// The same, with so many of a thousand lines that forget a client.
    pub fn with_forgets(self, forgets: u64) -> Self {
        Load { forgets, ..self }
    }

    /// One of those who report.
    pub fn id(&self, env: &mut Env) -> &str {
        env.random.pick(&self.ids).as_str()
    }

    /// One line with its end.
    pub fn line(&mut self, env: &mut Env) -> Vec<u8> {
        let draw = env.random.below(1_000);
        let mut line = if draw < self.nonsense {
            nonsense(env)
        } else if draw < self.nonsense + self.questions {
            self.question(env)
        } else if draw < self.nonsense + self.questions + self.nears {
            self.near(env).into_bytes()
        } else if draw < self.nonsense + self.questions + self.nears + self.forgets {
            self.forget(env)
        } else {
            self.report(env)
        };
        line.extend_from_slice(if env.random.chance(100) { b" \r\n" } else { b"\n" });
        line
    }

    fn question(&self, env: &mut Env) -> Vec<u8> {
        let random = &mut env.random;
        let known = random.pick(&self.ids).as_str();
        let id = if random.chance(50) { "nobody" } else { known };
        let radius = *random.pick(&["10", "0", "50", "0.5", "49.999999999", "50.0", "50.1", "x"]);
        let bound = *random.pick(&["5", "0", "20", "1", "3", "21", "-1"]);
        format!("WHATSAT {id} {radius} {bound}").into_bytes()
    }

    /// Who is near a client, or a place.
    pub fn near(&self, env: &mut Env) -> String {
        let random = &mut env.random;
        let places = ["+34.068930-118.445127", "+90+0", "-30+60/", "+4530-09000", "nobody"];
        let place = if random.chance(500) { random.pick(&self.ids) } else { *random.pick(&places) };
        let radius = *random.pick(&["0", "1", "500.5", "3000", "9000", "20040", "20040.1"]);
        let bound = *random.pick(&["0", "1", "3", "10", "1000", "1000", "1001"]);
        format!("NEAR {place} {radius} {bound}")
    }

    fn report(&mut self, env: &mut Env) -> Vec<u8> {
        let time = self.time(env);
        let random = &mut env.random;
        let id = random.pick(&self.ids);
        let latitude = random.below(90_000_000);
        let longitude = random.below(180_000_000);
        let location = match random.below(8) {
            0 => "+34.068930-118.445127".to_owned(),
            1 => format!("-{}+{}/", latitude / 1_000_000, longitude / 1_000_000),
            2 => format!("+{:04}.5-{:05}", latitude / 1_000_000 * 100, longitude / 1_000_000 * 100),
            _ => format!(
                "+{}.{:06}-{}.{:06}",
                latitude / 1_000_000,
                latitude % 1_000_000,
                longitude / 1_000_000,
                longitude % 1_000_000
            ),
        };
        let gap = if random.chance(50) { "  \t" } else { " " };
        format!("IAMAT {id}{gap}{location} {time}").into_bytes()
    }

    /// Now and then one who never reports.
    fn forget(&mut self, env: &mut Env) -> Vec<u8> {
        let time = self.time(env);
        let random = &mut env.random;
        let id = if random.chance(50) { "nobody" } else { random.pick(&self.ids).as_str() };
        let gap = if random.chance(50) { "  \t" } else { " " };
        format!("FORGET {id}{gap}{time}").into_bytes()
    }

    /// A time to report.
    pub fn time(&mut self, env: &mut Env) -> String {
        let now = super::machine::WALL_START + env.agenda.now() as i64;
        let (max_skew, lifetimes) = (env.max_skew_seconds, env.lifetimes);
        let random = &mut env.random;
        if !self.times.is_empty() && random.chance(self.ties) {
            let time = random.pick(&self.times).clone();
            return match random.below(4) {
                // The same, the same written otherwise, and a little later than the nanosecond.
                0 | 1 => time,
                2 if time.contains('.') => time + "0",
                _ if time.contains('.') => time + "1",
                _ => time + ".0000000001",
            };
        }
        let often_old = lifetimes.ttl_seconds.filter(|_| random.chance(300));
        let old = often_old.map(|seconds| random.below(2 * u64::from(seconds) * 1_000_000_000));
        let offset = match random.below(20) {
            _ if old.is_some() => -(old.unwrap_or(0) as i64),
            0 => -(random.below(86_400_000_000_000) as i64),
            // About as far ahead as is allowed.
            1 => (max_skew as i64 - 2) * 1_000_000_000 + random.below(4_000_000_000) as i64,
            2..5 => random.below(2_000_000_000) as i64,
            _ => -(random.below(200_000_000) as i64),
        };
        let nanoseconds = (now + offset).max(0);
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        let mut time = match random.below(4) {
            0 => format!("{seconds}"),
            1 => format!("{seconds}.{}", rest / 100_000_000),
            2 => format!("{seconds}.{rest:09}{:03}", random.below(1_000)),
            _ => format!("{seconds}.{rest:09}"),
        };
        if random.chance(self.fat) && time.contains('.') {
            let digits = random.between(1_000, 15_000) as usize;
            time.push_str(&"7".repeat(digits));
        }
        if time.len() < 40 {
            if self.times.len() == TIMES_KEPT {
                self.times.remove(0);
            }
            self.times.push(time.clone());
        }
        time
    }
}

fn nonsense(env: &mut Env) -> Vec<u8> {
    let lines: [&[u8]; 9] = [
        b"AT Goloman +0.1 c1 +1+1 1",
        b"IAMAT c1 +91+1 1",
        b"IAMAT c1 +1+1 1e9",
        b"IAMAT c1 +1+1 nan",
        b"whatsat c1 10 5",
        b"   ",
        b"",
        b"\x00\xff\xfe broken",
        b"HERD 1 herd a b 0000000000000000",
    ];
    if env.random.chance(20) {
        return vec![b'x'; 16_300 + env.random.index(200)];
    }
    env.random.pick(&lines).to_vec()
}
