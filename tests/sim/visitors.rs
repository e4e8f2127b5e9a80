//! Clients that watch others: what they say, how fast they read, and what they note of what they
//! are told ([`Notebook`]).

use super::agenda::{MILLISECOND, SECOND, Time};
use super::env::Env;
use super::load::Load;
use super::machine::WALL_START;
use super::notebook::Notebook;
use super::report::Report;
use herd::node::Node;

/// Around which there are circles, and how large these are.
const CENTRES: [&str; 4] = ["+34.068930-118.445127", "+45-90", "-30+60/", "+90+0"];
const KILOMETRES: [&str; 6] = ["0", "1", "500.5", "3000", "9000", "20040"];

/// Where a visitor is itself.
const PLACES: [&str; 3] = ["+34.068930-118.445127", "+46-91", "-80+170"];

/// Answered by every server, and about nothing.
const PROBE: &[u8] = b"are you there?";

/// Whether a client's position is dead, and whoever watches it may not have been told yet.
pub fn is_dying(node: &Node, client: &[u8]) -> bool {
    let is_there = Report::held(node, client).is_some_and(|held| !held.is_gone());
    is_there && node.positions().find(client).is_none()
}

/// One client's part that watches.
#[derive(Debug)]
pub struct Visitor {
    name: String,
    notebook: Notebook,
    /// With whom it talks.
    server: usize,
    /// What it has asked to watch on this connection.
    watched: Vec<String>,
    /// When it says something next.
    says_at: Time,
    /// Bytes that it reads at a time, and how long it waits then.
    pace: Option<(u64, Time)>,
    reports: u64,
    /// It only listens.
    listens: bool,
    /// What it has not read by a planted bug.
    withheld: Vec<u8>,
}

impl Visitor {
    pub fn new(index: usize) -> Self {
        Visitor {
            name: format!("v{index}"),
            notebook: Notebook::default(),
            server: 0,
            watched: Vec::new(),
            says_at: 0,
            pace: None,
            reports: 0,
            listens: false,
            withheld: Vec::new(),
        }
    }

    /// It has connected with a server: what it says first.
    pub fn begins(&mut self, env: &mut Env, load: &Load, server: usize) -> Vec<u8> {
        self.notebook = Notebook::default();
        self.watched.clear();
        self.withheld.clear();
        self.server = server;
        let random = &mut env.random;
        let is_slow = !self.listens && random.chance(300);
        self.pace = is_slow.then(|| {
            (random.magnitude(16, 4_096), random.magnitude(MILLISECOND, 500 * MILLISECOND))
        });
        let mut said = Vec::new();
        for _ in 0..env.random.between(1, 3) {
            let line = self.watch(env, load);
            self.say(&line, &mut said);
        }
        self.says_at = env.agenda.now() + self.pause(env);
        said
    }

    /// What it says next, if it is time.
    pub fn goes_on(&mut self, env: &mut Env, load: &Load) -> Option<Vec<u8>> {
        if self.listens || env.agenda.now() < self.says_at {
            return None;
        }
        self.says_at = env.agenda.now() + self.pause(env);
        let line = match env.random.below(10) {
            0..3 => self.watch(env, load),
            3..5 => self.unwatch(env),
            5 if env.random.chance(500) => load.near(env),
            5 => format!("WHATSAT {} 10 3", load.id(env)),
            6 => "WATCH * 1".to_owned(),
            _ => self.report(env),
        };
        let mut said = Vec::new();
        self.say(&line, &mut said);
        Some(said)
    }

    /// When it says something next, if it does.
    pub fn says_at(&self) -> Option<Time> {
        (!self.listens).then_some(self.says_at)
    }

    /// It changes nothing any more, reads what comes, and asks once whether anybody is there.
    pub fn only_listens(&mut self) -> Vec<u8> {
        (self.listens, self.pace) = (true, None);
        let mut said = Vec::new();
        self.say(&String::from_utf8_lossy(PROBE), &mut said);
        said
    }

    pub fn listens(&self) -> bool {
        self.listens
    }

    pub fn pace(&self) -> Option<(u64, Time)> {
        self.pace
    }

    pub fn server(&self) -> usize {
        self.server
    }

    /// Reads on.
    pub fn reads(&mut self, env: &mut Env, bytes: &[u8]) {
        let misread = env.planted.misread(self.pace.is_some(), &mut self.withheld, bytes);
        if let Err(why) = self.notebook.reads(misread.as_deref().unwrap_or(bytes)) {
            let server = env.checks.name(self.server);
            let last = self.notebook.last_lines();
            env.checks.fail(format!("{} with {server}: {why}:{last}", self.name));
        }
    }

    /// Whether all that it asked for has been told.
    pub fn is_settled(&self) -> bool {
        self.notebook.is_settled()
    }

    /// Whether it was last told what its server holds.
    pub fn agrees(&self, node: &Node, clients: &[Box<[u8]>]) -> Result<(), String> {
        let known = clients.iter().map(|client| &**client);
        for client in known.chain(self.notebook.clients()) {
            if is_dying(node, client) {
                continue;
            }
            let held = node.positions().find(client).map(|position| Report::of(&position));
            self.notebook.agrees(client, held.as_ref()).map_err(|why| {
                let last = self.notebook.last_lines();
                format!("{}: of {}: {why}{last}", self.name, client.escape_ascii())
            })?;
        }
        Ok(())
    }

    fn say(&mut self, line: &str, said: &mut Vec<u8>) {
        self.notebook.asks(line.as_bytes());
        said.extend_from_slice(line.as_bytes());
        said.push(b'\n');
    }

    fn pause(&self, env: &mut Env) -> Time {
        env.random.magnitude(MILLISECOND, 3 * SECOND)
    }

    /// Now and then the same once more.
    fn watch(&mut self, env: &mut Env, load: &Load) -> String {
        if !self.watched.is_empty() && env.random.chance(150) {
            return format!("WATCH {}", env.random.pick(&self.watched));
        }
        let fields = match env.random.below(6) {
            0 => "*".to_owned(),
            1 => self.name.clone(),
            2 => load.id(env).to_owned(),
            _ => {
                let centre = *env.random.pick(&CENTRES);
                format!("{centre} {}", env.random.pick(&KILOMETRES))
            }
        };
        let line = format!("WATCH {fields}");
        self.watched.push(fields);
        line
    }

    /// Of what may have been watched, or taken back already, or never was watched.
    fn unwatch(&mut self, env: &mut Env) -> String {
        let nobody = ["nobody".to_owned()];
        let from = if env.random.chance(100) { &nobody[..] } else { &self.watched[..] };
        format!("UNWATCH {}", env.random.pick(from))
    }

    /// A report of its own, at a time that no other has.
    fn report(&mut self, env: &mut Env) -> String {
        self.reports += 1;
        let now = WALL_START + env.agenda.now() as i64;
        let (seconds, rest) = (now / SECOND as i64, now % SECOND as i64);
        let place = *env.random.pick(&PLACES);
        format!("IAMAT {} {place} {seconds}.{rest:09}{:04}", self.name, self.reports)
    }
}
