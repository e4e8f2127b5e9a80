//! One visitor of web ports: it reports and asks, many things at a time, or it watches.

use super::super::agenda::{MILLISECOND, Time};
use super::super::env::Env;
use super::super::load::Load;
use super::super::net::ConnId;
use super::super::report::Report;
use super::super::scope::Scope;
use super::super::visitors::is_dying;
use super::events::Events;
use super::told::Told;
use super::{Asked, Responses, judge, requests};
use herd::node::Node;
use std::collections::VecDeque;

/// Around which there are circles, as queries have them and as lines do.
const CENTRES: [(&str, &str); 3] =
    [("34.068930,-118.445127", "+34.068930-118.445127"), ("45,-90", "+45-90"), ("90,0", "+90+0")];
const KILOMETRES: [&str; 4] = ["1", "3000", "9000", "20040"];

/// Of requests in one session.
const REQUESTS_MAX: u64 = 12;

/// What ends nothing and asks nothing: somebody who is not there any more says so.
const PROBE: &[u8] = b"\r\n";

#[derive(Debug)]
pub struct WebVisitor {
    name: String,
    server: usize,
    conn: Option<ConnId>,
    /// Requests that are not answered yet.
    asked: VecDeque<Asked>,
    responses: Responses,
    /// What it watches, if it is one that does: the query, and what it was told.
    watch: Option<(String, Told)>,
    events: Events,
    /// Events come on this connection.
    streams: bool,
    /// Bytes that it reads at a time, and how long it waits then.
    pace: Option<(u64, Time)>,
    listens: bool,
    /// Its last request may have been cut off.
    is_cut: bool,
}

impl WebVisitor {
    pub fn new(index: usize, watches: bool) -> Self {
        WebVisitor {
            name: format!("w{index}"),
            server: 0,
            conn: None,
            asked: VecDeque::new(),
            responses: Responses::default(),
            watch: watches.then(|| (String::new(), Told::new(Scope::All))),
            events: Events::default(),
            streams: false,
            pace: None,
            listens: false,
            is_cut: false,
        }
    }

    pub fn watches(&self) -> bool {
        self.watch.is_some()
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

    /// With whom it talks next: one who watches goes back to where it was, more often than not.
    pub fn chooses(&self, env: &mut Env, servers: usize) -> usize {
        let stays = self.watches() && self.conn.is_some() && env.random.chance(600);
        if stays { self.server } else { env.random.index(servers) }
    }

    /// It has dialled a server: what it says.
    pub fn begins(
        &mut self,
        env: &mut Env,
        load: &mut Load,
        server: usize,
        conn: ConnId,
    ) -> Vec<u8> {
        self.asked.clear();
        (self.responses, self.streams, self.is_cut) = (Responses::default(), false, false);
        self.events = Events::default();
        let is_first = self.conn.replace(conn).is_none();
        self.server = server;
        let random = &mut env.random;
        let is_slow = !self.listens && random.chance(200);
        self.pace = is_slow.then(|| {
            (random.magnitude(16, 4_096), random.magnitude(MILLISECOND, 300 * MILLISECOND))
        });
        let mut said = Vec::new();
        if self.watch.is_none() {
            for _ in 0..env.random.magnitude(1, REQUESTS_MAX) {
                let (asked, bytes) = requests::draw(env, load);
                self.says(env, asked, &bytes, &mut said);
            }
            return said;
        }
        if env.random.chance(200) {
            self.says(env, Asked::Health, &requests::get("/healthz"), &mut said);
        }
        let is_new = is_first || !self.listens && env.random.chance(200);
        if is_new {
            self.watch = Some(draw_watch(env, load));
        }
        let goes_on = env.random.chance(800);
        let Some((query, told)) = &mut self.watch else { return said };
        let from = told.last().filter(|_| goes_on);
        told.connects(from);
        let from = from.map_or(String::new(), |from| format!("Last-Event-ID: {from}\r\n"));
        let request = format!("GET /events{query} HTTP/1.1\r\nHost: sim\r\n{from}\r\n");
        self.says(env, Asked::Events, request.as_bytes(), &mut said);
        said
    }

    fn says(&mut self, env: &mut Env, asked: Asked, bytes: &[u8], said: &mut Vec<u8>) {
        if let Some(conn) = self.conn {
            env.talks.entry(conn).or_default().asks(asked.clone(), bytes.len());
        }
        self.asked.push_back(asked);
        said.extend_from_slice(bytes);
    }

    /// It changes nothing any more and reads what comes. What it has to say for that, if it watches.
    pub fn only_listens(&mut self) -> &'static [u8] {
        (self.listens, self.pace, self.is_cut) = (true, None, true);
        PROBE
    }

    /// Whether all has been told that it asked for.
    pub fn is_settled(&self) -> bool {
        self.streams && self.watch.as_ref().is_some_and(|(_, told)| told.is_settled())
    }

    /// Reads on.
    pub fn reads(&mut self, env: &mut Env, bytes: &[u8]) {
        let misread = env.planted.misread_at_web(self.streams, bytes);
        if let Err(why) = self.read(env, misread.as_deref().unwrap_or(bytes)) {
            let server = env.checks.name(self.server);
            let last = self.watch.as_ref().map_or(String::new(), |(_, told)| told.last_events());
            env.checks.fail(format!("{} with {server}: {why}{last}", self.name));
        }
    }

    fn read(&mut self, env: &mut Env, bytes: &[u8]) -> Result<(), String> {
        let is_begun = self.streams;
        if !is_begun {
            self.responses.add(bytes);
            while !self.streams
                && let Some(response) =
                    self.responses.next(self.asked.front().is_some_and(Asked::is_head))?
            {
                let Some(asked) = self.asked.pop_front() else {
                    return Err(format!("an answer to nothing: {response:?}"));
                };
                if self.is_cut && response.status == 400 && response.closes {
                    self.asked.clear();
                    continue;
                }
                judge(&asked, &response, &env.checks, self.server)?;
                env.checks.tally.responses += 1;
                if matches!(asked, Asked::Report(_)) && response.status == 200 {
                    self.acknowledged(env)?;
                }
                self.streams = response.streams;
            }
            if !self.streams {
                return Ok(());
            }
        }
        let bytes = if is_begun { bytes.to_vec() } else { self.responses.take_rest() };
        let Some((_, told)) = &mut self.watch else {
            return Err("it watches nothing, and events come".to_owned());
        };
        let planted = &env.planted;
        self.events.each(&bytes, |event| {
            let event = planted.misread_event(event, told.goes_on_with(event));
            event.map_or(Ok(()), |event| told.takes(&event, &mut env.checks))
        })
    }

    /// A report was answered by 200.
    fn acknowledged(&self, env: &mut Env) -> Result<(), String> {
        let talk = self.conn.and_then(|conn| env.talks.get_mut(&conn));
        let line = talk.and_then(super::Talk::take_acknowledged);
        if let Some(line) = line.ok_or("acknowledged what the server did not")? {
            let now = env.agenda.now();
            env.checks.acknowledge(line.strip_suffix(b"\n").unwrap_or(&line), now);
        }
        Ok(())
    }

    /// Whether it was last told what its server holds.
    pub fn agrees(&self, node: &Node, clients: &[Box<[u8]>]) -> Result<(), String> {
        let Some((_, told)) = &self.watch else { return Ok(()) };
        let known = clients.iter().map(|client| &**client);
        for client in known.chain(told.clients()) {
            if is_dying(node, client) {
                continue;
            }
            let held = node.positions().find(client).map(|position| Report::of(&position));
            told.agrees(client, held.as_ref()).map_err(|why| {
                let last = told.last_events();
                format!("{}: of {}: {why}{last}", self.name, client.escape_ascii())
            })?;
        }
        Ok(())
    }
}

/// All, one client, or those within a circle.
fn draw_watch(env: &mut Env, load: &Load) -> (String, Told) {
    let (query, scope) = match env.random.below(4) {
        0 => (String::new(), Some(Scope::All)),
        1 => {
            let id = load.id(env).to_owned();
            let query = format!("?client={}", requests::escape(&id));
            (query, Some(Scope::Client(id.into_bytes())))
        }
        _ => {
            let (pair, centre) = *env.random.pick(&CENTRES);
            let radius = *env.random.pick(&KILOMETRES);
            let scope = Scope::parse(centre.as_bytes(), radius.as_bytes());
            (format!("?near={pair}&km={radius}"), scope)
        }
    };
    (query, Told::new(scope.unwrap_or(Scope::All)))
}
