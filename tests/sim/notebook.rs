//! What a client that watches others is told on one connection, and what it may be told: the law of
//! events, from the reader's side alone.
//!
//! * Events stand between answers, never inside one, and answers come in the order of the commands.
//! * Each event is about a client that is watched as the stream says there: from where a `WATCH` is
//!   copied back to where its `UNWATCH` is. `OUT`, `GONE` and `EXPIRED` are about those alone that
//!   this connection was told of and that were not taken back since; `OUT` not about those who are
//!   watched wherever they are. Who watches everything may be told `GONE` of one that it was not told of,
//!   if the server knew it, or once more, as another server took it; and `EXPIRED` of one that was dead
//!   already, and not let go, when the watch began.
//! * The positions of a client never go back. The same is told once as it changes, and once more for
//!   each watch that begins with it.
//! * `NOW` comes once for each `WATCH` that was copied back, unless it is taken back before.
//! * An own report is answered before its event.
//! * At rest each client that is watched was last told of as the server holds it, and of no other.

use super::contract::{Meaning, meaning};
use super::lines::Lines;
use super::report::{Report, exact};
use super::scope::{Scope, Takes};
use herd::wire::Location;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lines that are kept to be shown.
const LINES_KEPT: usize = 60;

/// One connection's.
#[derive(Debug, Default)]
pub struct Notebook {
    lines: Lines,
    /// Commands that are not answered yet.
    asked: VecDeque<Vec<u8>>,
    /// Whether an answer of several lines has begun and not ended.
    inside: bool,
    /// What is watched, by the fields of the `WATCH`.
    watches: BTreeMap<Vec<u8>, Scope>,
    /// Watches of which not all has been told that was so when they began.
    beginning: Vec<Beginning>,
    /// How many lines have come.
    read: u64,
    /// The last that were said and read, to show how it came to that.
    last: VecDeque<String>,
    /// By client.
    clients: BTreeMap<Vec<u8>, Told>,
}

#[derive(Debug)]
struct Beginning {
    fields: Vec<u8>,
    /// Whether the same was watched already.
    is_again: bool,
    /// Whether everything was watched.
    is_beside_all: bool,
    /// Behind how many lines.
    since: u64,
    /// Those who were told of as before.
    repeated: BTreeSet<Vec<u8>>,
}

/// What was told of a client.
#[derive(Debug)]
struct Told {
    report: Report,
    /// Behind how many lines it was first told so.
    since: u64,
    /// How often it may be told so once more, when no watch begins: what a second watch began with may
    /// have changed just then, and be told as it changes to the first after that.
    spare: u32,
    /// Whether that is how it is, as far as this connection has been told.
    holds: bool,
    /// It may have left what is watched, and not be told of: known of servers, and not as it should be.
    may_have_left: bool,
    /// It has moved since, or was forgotten: then at this time.
    outdated: bool,
    gone: Option<Vec<u8>>,
}

impl Notebook {
    /// A command is sent, without its LF. One of white space alone is not answered.
    pub fn asks(&mut self, line: &[u8]) {
        self.keep('<', line);
        if meaning(line) != Meaning::Nothing {
            self.asked.push_back(line.to_vec());
        }
    }

    /// Whether everything has been answered and told that was asked for.
    pub fn is_settled(&self) -> bool {
        self.asked.is_empty() && self.beginning.is_empty()
    }

    /// How many watches are in force.
    pub fn watches(&self) -> usize {
        self.watches.len()
    }

    /// Reads on.
    pub fn reads(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut lines = std::mem::take(&mut self.lines);
        let mut result = Ok(());
        lines.each(bytes, |line| {
            if result.is_ok() {
                self.keep('>', line);
                result = self.line(line);
            }
        });
        self.lines = lines;
        result
    }

    fn keep(&mut self, way: char, line: &[u8]) {
        if self.last.len() == LINES_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(format!("{way} {}", line[..line.len().min(160)].escape_ascii()));
    }

    /// The last that were said and read.
    pub fn last_lines(&self) -> String {
        self.last.iter().fold(String::new(), |all, line| all + "\n" + line)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        self.read += 1;
        let event = line.strip_prefix(b"~ ");
        match (self.inside, event) {
            (true, Some(_)) => Err("an event inside an answer".to_owned()),
            (true, None) => {
                self.inside = !line.is_empty();
                Ok(())
            }
            (false, Some(event)) => self.event(event),
            (false, None) => self.answer(line),
        }
    }

    fn answer(&mut self, line: &[u8]) -> Result<(), String> {
        let asked = self.asked.pop_front().ok_or("an answer to nothing")?;
        let refused = line.strip_prefix(b"? ") == Some(&asked);
        let wrong = || Err(format!("no answer to {}", asked.escape_ascii()));
        match meaning(&asked) {
            Meaning::Unwatch(_, fields) if refused == self.watches.contains_key(&fields) => wrong(),
            _ if refused => Ok(()),
            Meaning::Report { client, location, time, .. } => {
                let is_it = Report::read(line).is_some_and(|report| {
                    (report.client(), report.location(), report.time()) == (client, location, time)
                });
                if is_it { Ok(()) } else { wrong() }
            }
            Meaning::Forget { client, time, .. } => {
                let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
                match fields[..] {
                    [b"GONE", _, _, gone, at] if (gone, at) == (client, time) => Ok(()),
                    _ => wrong(),
                }
            }
            Meaning::Question { client, .. } => {
                self.inside = true;
                let about = Report::read(line).filter(|report| report.client() == client);
                about.map_or_else(wrong, |_| Ok(()))
            }
            Meaning::Near { .. } => {
                self.inside = !line.is_empty();
                let is_one = line.is_empty() || line.windows(4).any(|four| four == b" AT ");
                if is_one { Ok(()) } else { wrong() }
            }
            Meaning::Watch(scope, fields) if *line == *asked => {
                let is_again = self.watches.insert(fields.clone(), scope).is_some();
                let is_beside_all = fields != b"*" && self.watches.contains_key(&b"*"[..]);
                let (since, repeated) = (self.read, BTreeSet::new());
                let of = Beginning { fields, is_again, is_beside_all, since, repeated };
                self.beginning.push(of);
                Ok(())
            }
            Meaning::Unwatch(_, fields) if *line == *asked => {
                self.watches.remove(&fields);
                self.beginning.retain(|beginning| beginning.fields != fields);
                let watches = &self.watches;
                // Whom everything told of before a watch began, and who has left that watch meanwhile, may
                // not be told of.
                let beside_all =
                    self.beginning.iter().filter(|of| of.is_beside_all && !of.is_again);
                let beside_all = beside_all.filter(|_| fields == b"*");
                let unsure: Vec<&Scope> =
                    beside_all.filter_map(|of| watches.get(&of.fields)).collect();
                for told in self.clients.values_mut() {
                    told.holds &= takes(watches, &told.report) != Takes::No;
                    let is_unsure = |scope: &&Scope| scope.takes(&told.report) != Takes::No;
                    told.may_have_left |= unsure.iter().any(is_unsure);
                }
                Ok(())
            }
            _ => wrong(),
        }
    }

    fn event(&mut self, event: &[u8]) -> Result<(), String> {
        if let Some(fields) = event.strip_prefix(b"NOW ") {
            let mut beginning = self.beginning.iter();
            let of = beginning.position(|beginning| beginning.fields == fields);
            let of = of.ok_or("all that is so has been told, or was never asked")?;
            let mut ended = self.beginning.remove(of);
            // What was told once more may have been for this watch as well as for another.
            for other in &mut self.beginning {
                let moved = other.repeated.difference(&ended.repeated).cloned();
                let moved: Vec<Vec<u8>> = moved.collect();
                other.repeated.retain(|client| ended.repeated.contains(client));
                ended.repeated.extend(moved);
            }
            for (client, told) in &mut self.clients {
                let is_begun_with = told.since > ended.since && !ended.repeated.contains(client);
                let mut others = self.watches.iter().filter(|(other, _)| **other != fields);
                let is_watched = ended.is_again
                    || others.any(|(_, scope)| scope.takes(&told.report) != Takes::No);
                told.spare += u32::from(is_begun_with && is_watched);
            }
            return Ok(());
        }
        if let Some(report) = Report::read(event) {
            return self.at(report);
        }
        let fields: Vec<&[u8]> = event.split(|&byte| byte == b' ').collect();
        let (client, gone) = match fields[..] {
            [b"OUT", client] if self.watches.values().any(|w| w.takes_everywhere(client)) => {
                return Err("it cannot leave what is watched".to_owned());
            }
            [b"OUT" | b"EXPIRED", client] => (client, None),
            [b"GONE", _server, _difference, client, time] => (client, Some(time)),
            _ => return Err("no event".to_owned()),
        };
        let told = self.clients.get_mut(client);
        // Of one that servers knew who watches everything may be told, too, before it was told of it.
        let is_expired = event.starts_with(b"EXPIRED ");
        let is_for_all = (gone.is_some() || is_expired) && self.watches.contains_key(&b"*"[..]);
        if is_for_all && told.is_none() {
            return Ok(());
        }
        let told = told.filter(|told| told.holds || is_for_all && !told.gone_since(gone));
        let told = told.ok_or("about a client that it was not told of, or no longer watches")?;
        if gone.is_some_and(|time| exact(time) < exact(told.report.time())) {
            return Err("forgotten before what was told last".to_owned());
        }
        (told.holds, told.outdated) = (false, true);
        told.gone = gone.map(<[u8]>::to_vec);
        Ok(())
    }

    /// A client is there now.
    fn at(&mut self, report: Report) -> Result<(), String> {
        let is_own = |asked: &Vec<u8>| match meaning(asked) {
            Meaning::Report { client, location, time, .. } => {
                (client, location, time) == (report.client(), report.location(), report.time())
            }
            _ => false,
        };
        if self.asked.iter().any(is_own) {
            return Err("an own report, before it is answered".to_owned());
        }
        if takes(&self.watches, &report) == Takes::No {
            return Err("nobody watches that".to_owned());
        }
        let client = report.client().to_vec();
        let Some(told) = self.clients.get_mut(&client) else {
            self.clients.insert(client, Told::now(report, self.read));
            return Ok(());
        };
        let is_after = told.gone.as_ref().is_none_or(|gone| exact(report.time()) > exact(gone));
        if !is_after || report.compare(&told.report).is_lt() {
            return Err(format!("goes back from {}", told.report.line().escape_ascii()));
        }
        if report != told.report {
            *told = Told::now(report, self.read);
            return Ok(());
        }
        if told.outdated {
            return Err("back where it was, with the same report".to_owned());
        }
        let mut beginning = self.beginning.iter_mut();
        if !beginning.any(|beginning| beginning.repeated.insert(client.clone())) {
            told.spare = told.spare.checked_sub(1).ok_or("told twice")?;
        }
        (told.holds, told.may_have_left) = (true, false);
        Ok(())
    }

    /// Whether it was last told what is so of that client, when all has been told.
    pub fn agrees(&self, client: &[u8], held: Option<&Report>) -> Result<(), String> {
        let told = self.clients.get(client).filter(|told| told.holds);
        let may_have_left = told.is_some_and(|told| told.may_have_left);
        let told = told.map(|told| &told.report);
        let taken = held.map_or(Takes::No, |held| takes(&self.watches, held));
        let is_right = match taken {
            Takes::Yes => told == held,
            Takes::No => told.is_none() || may_have_left,
            Takes::Border => told.is_none() || told == held,
        };
        if is_right {
            return Ok(());
        }
        let line = |report: Option<&Report>| match report {
            Some(report) => report.line().escape_ascii().to_string(),
            None => "nothing".to_owned(),
        };
        let watches: Vec<&[u8]> = self.watches.keys().map(Vec::as_slice).collect();
        Err(format!(
            "watches {}, was last told\n{} and there is\n{}",
            watches.join(&b", "[..]).escape_ascii(),
            line(told),
            line(held)
        ))
    }

    /// Those it was told of.
    pub fn clients(&self) -> impl Iterator<Item = &[u8]> {
        self.clients.keys().map(Vec::as_slice)
    }
}

/// Whether one of these takes a position.
fn takes(watches: &BTreeMap<Vec<u8>, Scope>, report: &Report) -> Takes {
    watches.values().map(|scope| scope.takes(report)).max().unwrap_or(Takes::No)
}

impl Told {
    fn now(report: Report, since: u64) -> Self {
        let (spare, holds, outdated, may_have_left) = (0, true, false, false);
        Told { report, since, spare, holds, may_have_left, outdated, gone: None }
    }
}

impl Told {
    /// Whether it was told that it is gone at a later time. At the same time another server's word may win.
    fn gone_since(&self, time: Option<&[u8]>) -> bool {
        self.gone.as_ref().is_some_and(|gone| time.is_some_and(|time| exact(gone) > exact(time)))
    }
}

impl Report {
    /// Of an `AT` line without LF.
    fn read(line: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        let [b"AT", _server, difference, _client, location, _time] = fields[..] else {
            return None;
        };
        let digits = std::str::from_utf8(difference).ok()?.replace('.', "");
        let difference = digits.parse().ok()?;
        Location::parse(location)?;
        Some(Report::new([line, b"\n"].concat(), difference))
    }
}

#[cfg(test)]
mod tests;
