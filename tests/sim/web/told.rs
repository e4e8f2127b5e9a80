//! What a stream of events may say, from the reader's side alone; one that goes on where another of
//! the same server ended is judged with it as one.
//!
//! * Ids go up, and are of one life of a server. Those of what ends by itself, which is no change, may have
//!   the sequence number before; then the number behind it goes up. A stream that goes on from an id of the
//!   same life tells nothing once more that was told up to there; one of another life begins anew.
//! * Positions are of reports that some server took, of clients that are watched, each later than the
//!   last of the same client.
//! * `out` comes for those alone that were told of and are watched by where they are; where the stream
//!   goes on, once for others, too, who may have been told of.
//! * `expired` comes for those alone that were told of, with the same exception.
//! * `now` comes once.
//! * At rest each client that is watched was last told of as the server holds it, and of no other.

use super::super::checks::Checks;
use super::super::report::{Report, exact};
use super::super::scope::{Scope, Takes};
use super::events::{Event, Id};
use super::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Events that are kept to be shown.
const EVENTS_KEPT: usize = 40;

/// See the [module's docs](self).
#[derive(Debug)]
pub struct Told {
    scope: Scope,
    /// By client: the last report, and whether that is how it is.
    clients: BTreeMap<Vec<u8>, (Report, bool)>,
    /// The last id.
    last: Option<Id>,
    /// The last departure that an id named.
    departure: Option<u64>,
    /// From which this connection was asked to go on.
    asked_from: Option<Id>,
    /// Whether it does, once that is known; with those who were told to be out though not known of.
    goes_on: Option<bool>,
    out: BTreeSet<Vec<u8>>,
    is_begun: bool,
    shown: VecDeque<String>,
}

impl Told {
    pub fn new(scope: Scope) -> Self {
        Told {
            scope,
            clients: BTreeMap::new(),
            last: None,
            departure: None,
            asked_from: None,
            goes_on: None,
            out: BTreeSet::new(),
            is_begun: false,
            shown: VecDeque::new(),
        }
    }

    /// The id of the last event.
    pub fn last(&self) -> Option<Id> {
        self.last
    }

    /// Another connection, asked to go on from there.
    pub fn connects(&mut self, from: Option<Id>) {
        (self.asked_from, self.goes_on, self.is_begun) = (from, None, false);
        self.out.clear();
        self.keep(match from {
            Some(from) => format!("asks to go on from {from}"),
            None => "asks".to_owned(),
        });
    }

    /// Whether all that was so at the beginning has been told on this connection.
    pub fn is_settled(&self) -> bool {
        self.is_begun
    }

    fn keep(&mut self, what: String) {
        if self.shown.len() == EVENTS_KEPT {
            self.shown.pop_front();
        }
        self.shown.push_back(what);
    }

    /// The last events.
    pub fn last_events(&self) -> String {
        self.shown.iter().fold(String::new(), |all, event| all + "\n" + event)
    }

    /// Whether the stream goes on with that event.
    pub fn goes_on_with(&self, event: &Event<'_>) -> bool {
        self.goes_on.is_none() && self.asked_from.is_some_and(|from| from.life == event.id.life)
    }

    /// Another event.
    pub fn takes(&mut self, event: &Event<'_>, checks: &mut Checks) -> Result<(), String> {
        let data: String = event.data.chars().take(200).collect();
        self.keep(format!("{} {} {data}", event.id, event.kind));
        let goes_on = match self.goes_on {
            Some(goes_on) => goes_on,
            None => {
                let goes_on = self.goes_on_with(event);
                if goes_on {
                    checks.tally.streams_gone_on += 1;
                } else {
                    self.clients.clear();
                    (self.last, self.departure) = (None, None);
                }
                *self.goes_on.insert(goes_on)
            }
        };
        let Id { life, sequence, departure } = event.id;
        if let Some(before) = self.last {
            let is_behind = if matches!(event.kind, "now" | "expired") {
                sequence >= before.sequence
            } else {
                sequence > before.sequence
            };
            let departs_behind = if event.kind == "expired" {
                departure > self.departure
            } else {
                departure.is_none() || departure >= self.departure
            };
            if before.life != life || !is_behind || !departs_behind {
                return Err(format!("the id {} behind {before}", event.id));
            }
        }
        (self.last, self.departure) = (Some(event.id), self.departure.max(departure));
        match event.kind {
            "now" if self.is_begun || event.data != "{}" => {
                Err("said to be begun twice".to_owned())
            }
            "now" => {
                self.is_begun = true;
                Ok(())
            }
            "at" => self.at(event.data, checks),
            "out" => self.out(event.data, goes_on, false),
            "expired" => self.out(event.data, goes_on, true),
            "gone" => self.gone(event.data, goes_on),
            other => Err(format!("an event {other}")),
        }
    }

    fn at(&mut self, data: &str, checks: &Checks) -> Result<(), String> {
        let (members, behind) = json::object(data).ok_or("no JSON")?;
        let report = checks.told_as(&members).filter(|_| behind.is_empty());
        let report = report.ok_or("nothing that a server took")?;
        if self.scope.takes(report) == Takes::No {
            return Err("nobody watches that".to_owned());
        }
        if let Some((last, _)) = self.clients.get(report.client())
            && report.compare(last).is_le()
        {
            return Err(format!("not later than {}", last.line().escape_ascii()));
        }
        self.clients.insert(report.client().to_vec(), (report.clone(), true));
        Ok(())
    }

    fn out(&mut self, data: &str, goes_on: bool, is_expired: bool) -> Result<(), String> {
        let (members, _) = json::object(data).ok_or("no JSON")?;
        let [(name, client)] = &members[..] else { return Err("no id alone".to_owned()) };
        let client = client.as_bytes();
        if name != "id" || !is_expired && self.scope.takes_everywhere(client) {
            return Err("it cannot leave what is watched".to_owned());
        }
        match self.clients.get_mut(client) {
            Some((_, holds)) if *holds => *holds = false,
            _ if is_expired && matches!(self.scope, Scope::All) => {}
            _ if goes_on && self.out.insert(client.to_vec()) => {}
            _ => return Err("one left that was not there".to_owned()),
        }
        Ok(())
    }

    /// Forgotten: at the time of what was told last, or later.
    fn gone(&mut self, data: &str, goes_on: bool) -> Result<(), String> {
        let (members, behind) = json::object(data).ok_or("no JSON")?;
        let names = ["id", "time", "server", "difference"];
        if !members.iter().map(|(name, _)| name.as_str()).eq(names) || !behind.is_empty() {
            return Err("no client that is gone".to_owned());
        }
        let (client, time) = (members[0].1.as_bytes(), members[1].1.as_bytes());
        let may_be_unknown = goes_on || matches!(self.scope, Scope::All);
        match self.clients.get_mut(client) {
            Some((last, _)) if exact(time) < exact(last.time()) => {
                Err("forgotten before what was told last".to_owned())
            }
            Some((_, holds)) if *holds || may_be_unknown => {
                *holds = false;
                Ok(())
            }
            None if may_be_unknown => Ok(()),
            _ => Err("one is gone that was not there".to_owned()),
        }
    }

    /// Whether it was last told what is so of that client, when all has been told.
    pub fn agrees(&self, client: &[u8], held: Option<&Report>) -> Result<(), String> {
        let told = self.clients.get(client).filter(|(_, holds)| *holds).map(|(report, _)| report);
        let is_same = match (told, held) {
            (Some(told), Some(held)) => told.compare(held).is_eq(),
            (told, held) => told.is_none() && held.is_none(),
        };
        let is_right = match held.map_or(Takes::No, |held| self.scope.takes(held)) {
            Takes::Yes => is_same,
            Takes::No => told.is_none(),
            Takes::Border => told.is_none() || is_same,
        };
        if is_right {
            return Ok(());
        }
        let line = |report: Option<&Report>| match report {
            Some(report) => report.line().escape_ascii().to_string(),
            None => "nothing".to_owned(),
        };
        let (told, held) = (line(told), line(held));
        Err(format!("watches {:?}, was last told\n{told} and there is\n{held}", self.scope))
    }

    /// Those it was told of.
    pub fn clients(&self) -> impl Iterator<Item = &[u8]> {
        self.clients.keys().map(Vec::as_slice)
    }
}
