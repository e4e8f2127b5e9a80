//! What is wrong with a herd, the worst first: who is away, which link is down, who is behind, who disagrees,
//! what ends soon.

use crate::amounts::{bytes, count, time};
use crate::asker::Unasked;
use crate::look::{Link, Look, Looked, Status};
use herd::limits::CERTIFICATE_ENDS_SOON;
use herd::wire::{Printable, plural};
use serde::Serialize;

/// From how many seconds on it is said that somebody is behind: what the README alarms at.
pub const BEHIND_SECONDS: f64 = 5.0;
/// From which part of a bound on it is said that it is used up soon.
pub const NEARLY: f64 = 0.9;

/// What is wrong, in the order in which it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A server does not answer, and no neighbour is linked with it.
    Away,
    /// A server does not answer, or has no web port; neighbours are linked with it.
    Unasked,
    /// It is not ready to be asked.
    NotReady,
    /// Two servers do not reach each other, or one does not reach the other.
    LinkDown,
    /// A neighbour has not been told what is new.
    Behind,
    /// Two neighbours hold different positions.
    Disagrees,
    /// A server has other neighbours than our herd file says.
    OtherFile,
    /// Servers to which no path of links leads from the first.
    Apart,
    /// A gateway is not connected to its bus, or the bus has not been told what is new.
    Bus,
    /// A gateway of another herd is not heard, is behind or holds other positions.
    OtherHerd,
    /// A journal does not hold all that is known.
    Journal,
    /// The disk of a journal is nearly full.
    Disk,
    /// A certificate ends, or has ended.
    Certificate,
    /// Nearly all memory for positions is used.
    Memory,
    /// Nearly all connections are taken that descriptors allow.
    Connections,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    kind: Kind,
    server: String,
    neighbour: Option<String>,
    /// For how long, by how much, or until when.
    seconds: Option<f64>,
    text: String,
}

impl Finding {
    fn new(kind: Kind, server: &str, seconds: Option<f64>, text: String) -> Self {
        let neighbour = None;
        Finding { kind, server: server.to_owned(), neighbour, seconds, text }
    }

    fn with(self, neighbour: &str) -> Self {
        Finding { neighbour: Some(neighbour.to_owned()), ..self }
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it is about that server.
    pub fn is_about(&self, server: &str) -> bool {
        self.server == server || self.neighbour.as_deref() == Some(server)
    }

    /// As people read it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What is wrong as seen by that look, at that POSIX time.
pub fn wrong(look: &Look, now_seconds: i64) -> Vec<Finding> {
    let mut found = Vec::new();
    for server in &look.servers {
        match &server.answer {
            Err(why) => found.push(unasked(look, server, why)),
            Ok(answer) => judge(server, &answer.status, now_seconds, &mut found),
        }
    }
    for (at, server) in look.servers.iter().enumerate() {
        let later = look.servers[at + 1..].iter();
        for other in later.filter(|other| server.neighbours.contains(&other.name)) {
            judge_pair(look, server, other, &mut found);
        }
    }
    found.extend(apart(look));
    found.sort_by_key(Finding::kind);
    found
}

/// Servers that can never hear of what the first one takes, by the herd file.
fn apart(look: &Look) -> Option<Finding> {
    let first = look.servers.first()?;
    let mut reached = vec![first];
    let mut at = 0;
    while let Some(server) = reached.get(at) {
        let is_next = |next: &&Looked| {
            let is_known = reached.iter().any(|known| known.name == next.name);
            server.neighbours.contains(&next.name) && !is_known
        };
        let next: Vec<&Looked> = look.servers.iter().filter(is_next).collect();
        reached.extend(next);
        at += 1;
    }
    let is_apart = |server: &&Looked| reached.iter().all(|known| known.name != server.name);
    let names: Vec<&str> =
        look.servers.iter().filter(is_apart).map(|server| server.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        let text = format!("no path of links leads from {} to {}", first.name, names.join(", "));
        Finding::new(Kind::Apart, &first.name, None, text)
    })
}

fn unasked(look: &Look, server: &Looked, why: &Unasked) -> Finding {
    let (name, why) = (&server.name, why.text());
    let linked: Vec<&str> = look.linked_with(server).collect();
    if linked.is_empty() {
        let unheard = look.unheard_seconds(server);
        let text = match unheard {
            Some(unheard) => {
                format!("{name} is away, unheard by its neighbours for {}: {why}", time(unheard))
            }
            None => format!("{name} is away: {why}"),
        };
        return Finding::new(Kind::Away, name, unheard, text);
    }
    let verb = if linked.len() == 1 { "is" } else { "are" };
    let text =
        format!("{name} cannot be asked, but {} {verb} linked with it: {why}", linked.join(", "));
    Finding::new(Kind::Unasked, name, None, text)
}

fn judge(server: &Looked, status: &Status, now_seconds: i64, found: &mut Vec<Finding>) {
    let name = &server.name;
    let mut say = |kind, seconds, text| found.push(Finding::new(kind, name, seconds, text));
    if !status.ready {
        let why = status.not_ready.as_deref().unwrap_or("it does not say why");
        let up = status.uptime_seconds;
        let why = Printable(why.as_bytes());
        say(
            Kind::NotReady,
            Some(up),
            format!("{name} is not ready, {} after its start: {why}", time(up)),
        );
    }
    let mut theirs: Vec<&str> = status.neighbours.iter().map(|n| n.name.as_str()).collect();
    let mut ours: Vec<&str> = server.neighbours.iter().map(String::as_str).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    if theirs != ours {
        let theirs = theirs.join(", ");
        let theirs = Printable(theirs.as_bytes());
        say(
            Kind::OtherFile,
            None,
            format!("{name} has another herd file, by which it talks with: {theirs}"),
        );
    }
    if let Some(journal) = status.journal.as_ref().filter(|journal| !journal.whole) {
        let failures = plural(journal.failures, "time");
        let text =
            format!("the journal of {name} does not hold all: its disk has failed {failures}");
        say(Kind::Journal, None, text);
    }
    if let Some(journal) = &status.journal
        && let Some(room) = journal.room_bytes.filter(|&room| room < journal.may_take_bytes())
    {
        let (room, may_take) = (bytes(room), bytes(journal.may_take_bytes()));
        let text = format!(
            "the journal of {name} has {room} left on its disk, and may take {may_take} in all"
        );
        say(Kind::Disk, None, text);
    }
    if let Some(gateway) = &status.gateway {
        gateway::judge(name, gateway, &mut say);
    }
    for certificate in &status.certificates {
        let left = certificate.ends.saturating_sub(now_seconds) as f64;
        if left >= CERTIFICATE_ENDS_SOON.as_secs_f64() {
            continue;
        }
        let whom = Printable(certificate.whom.as_bytes());
        let when = match left > 0.0 {
            true => format!("ends in {}", time(left)),
            false => format!("has ended {} ago", time(-left)),
        };
        let text = format!("the certificate of {name} for {whom} {when}");
        say(Kind::Certificate, Some(left), text);
    }
    if let Some(most) = status.memory_max_bytes
        && let Some(percent) = nearly(status.memory_bytes, most)
    {
        say(Kind::Memory, None, format!("{name} has used {percent} % of its memory for positions"));
    }
    for (kind, most) in &status.connections_max {
        let (Some(most), Some(&taken)) = (most, status.connections.get(kind)) else { continue };
        if nearly(taken, *most).is_some() {
            let (taken, most) = (count(taken), count(*most));
            let kind = Printable(kind.as_bytes());
            let text = format!("{name} has {taken} connections for {kind}, of {most} at most");
            say(Kind::Connections, None, text);
        }
    }
}

/// How much of a bound is used in percent, if that is nearly all.
fn nearly(used: u64, most: u64) -> Option<u64> {
    let is_nearly = most > 0 && used as f64 >= NEARLY * most as f64;
    is_nearly.then(|| used.saturating_mul(100) / most)
}

/// How two neighbours are with each other. With one that is away nobody has a link.
fn judge_pair(look: &Look, one: &Looked, other: &Looked, found: &mut Vec<Finding>) {
    let is_away =
        |server: &Looked| server.answer.is_err() && look.linked_with(server).next().is_none();
    if is_away(one) || is_away(other) {
        return;
    }
    let [there, back] =
        [(one, other), (other, one)].map(|(from, to)| Direction::of(look, from, to));
    let (a, b) = (&one.name, &other.name);
    let down = |kind_text: String, seconds: f64, from: &str, to: &str| {
        Finding::new(Kind::LinkDown, from, Some(seconds), kind_text).with(to)
    };
    match (there.down_seconds, back.down_seconds) {
        (Some(there), Some(back)) => {
            let since = there.max(back);
            let text = format!("the link between {a} and {b} is down for {}", time(since));
            found.push(down(text, since, a, b));
        }
        (Some(since), None) => {
            found.push(down(format!("{a} does not reach {b} for {}", time(since)), since, a, b));
        }
        (None, Some(since)) => {
            found.push(down(format!("{b} does not reach {a} for {}", time(since)), since, b, a));
        }
        (None, None) => {}
    }
    for (direction, from, to) in [(&there, a, b), (&back, b, a)] {
        if let Some((seconds, changes)) = direction.behind
            && direction.down_seconds.is_none()
            && seconds >= BEHIND_SECONDS
        {
            let changes = plural(changes, "change");
            let text = format!("{to} is behind {from} by {}, {changes}", time(seconds));
            found.push(Finding::new(Kind::Behind, to, Some(seconds), text).with(from));
        }
    }
    if there.disagrees || back.disagrees {
        let text = format!("{a} and {b} hold different positions (herdctl verify says which)");
        found.push(Finding::new(Kind::Disagrees, a, None, text).with(b));
    }
}

/// The link on which one server tells another, as both ends say.
struct Direction {
    /// For how long it is down, if it is.
    down_seconds: Option<f64>,
    /// By how many seconds and changes who is told is behind.
    behind: Option<(f64, u64)>,
    /// Who tells has seen that the other holds something else.
    disagrees: bool,
}

impl Direction {
    fn of(look: &Look, from: &Looked, to: &Looked) -> Self {
        let teller = look.said(&from.name, &to.name);
        let told = look.said(&to.name, &from.name);
        let ends = [teller.map(|end| &end.dialled), told.map(|end| &end.accepted)];
        let down = ends.into_iter().flatten().filter(|link| !link.up);
        let behind = |link: &Link| Some((link.behind_seconds?, link.behind_changes.unwrap_or(0)));
        Direction {
            down_seconds: down.map(|link| link.since_seconds).reduce(f64::max),
            behind: teller.and_then(|end| behind(&end.dialled)),
            disagrees: teller.is_some_and(|end| end.agrees == Some(false)),
        }
    }
}

mod gateway;
#[cfg(test)]
pub mod tests;
