//! `herdctl watch`: what changes, as all servers tell it, each change once for the herd. A server that goes
//! away is watched again when it is back; meanwhile the others tell.

mod seen;
mod stream;

use crate::asker::Askers;
use herd::wire::Printable;
use seen::{News, Seen};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use stream::{Told, follow};

/// Events that wait to be printed; with more the servers wait.
const WAITING_MAX: usize = 1_024;
/// How long what was printed may wait for more to be written with it.
const FLUSH_AFTER: Duration = Duration::from_millis(20);

/// A client as an event has it.
#[derive(Debug, Deserialize)]
struct Client<'a> {
    id: String,
    #[serde(default, borrow)]
    latitude: Option<&'a RawValue>,
    #[serde(default, borrow)]
    longitude: Option<&'a RawValue>,
    #[serde(default)]
    time: String,
    #[serde(default)]
    server: String,
    #[serde(default)]
    difference: String,
}

/// Prints until it is interrupted, or nobody reads it any more.
///
/// # Errors
/// If no server at all can be watched at the beginning: why not.
pub fn watch(askers: &Askers, client: Option<&str>, json: bool) -> Result<bool, String> {
    let always = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGTERM] {
        let done = flag::register_conditional_shutdown(signal, 0, Arc::clone(&always));
        done.map_err(|error| format!("cannot await signals: {error}"))?;
    }
    let target = match client {
        Some(client) => format!("/events?client={}", escaped(client)),
        None => "/events".to_owned(),
    };
    let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
    let names: Vec<String> = askers.each().map(|asker| asker.name().to_owned()).collect();
    for (at, asker) in askers.each().enumerate() {
        let (asker, sender, target) = (asker.clone(), sender.clone(), target.clone());
        let timeout = askers.timeout();
        thread::spawn(move || {
            follow(&asker, &target, timeout, |told| sender.send((at, told)).is_ok())
        });
    }
    drop(sender);
    let mut told = Telling {
        herd: Seen::new(names.len()),
        names,
        json,
        away: BTreeSet::new(),
        was_there: false,
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    loop {
        let (at, event) = match receiver.recv_timeout(FLUSH_AFTER) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => {
                if output.flush().is_err() {
                    return Ok(true);
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
        };
        let lines = told.lines(at, event)?;
        if output.write_all(lines.as_bytes()).is_err() {
            return Ok(true);
        }
    }
}

/// What is told of a herd.
struct Telling {
    names: Vec<String>,
    herd: Seen,
    json: bool,
    away: BTreeSet<usize>,
    /// Whether any server has been watched.
    was_there: bool,
}

impl Telling {
    /// What is to be printed of what a server has told.
    fn lines(&mut self, at: usize, told: Told) -> Result<String, String> {
        let name = &self.names[at];
        match told {
            Told::There => {
                self.was_there = true;
                Ok(match self.away.remove(&at) {
                    true => self.state("back", at, None),
                    false => String::new(),
                })
            }
            Told::Away(why) => {
                let is_news = self.away.insert(at);
                if !self.was_there && self.away.len() == self.names.len() {
                    return Err(format!("no server can be watched; {name}: {why}"));
                }
                self.herd.restarted(at);
                Ok(if is_news { self.state("away", at, Some(&why)) } else { String::new() })
            }
            Told::Event { kind, data } => Ok(self.event(at, &kind, &data)),
        }
    }

    fn state(&self, event: &str, at: usize, why: Option<&str>) -> String {
        let name = &self.names[at];
        if self.json {
            return format!("{}\n", json!({"event": event, "server": name, "error": why}));
        }
        let why = why.map(|why| format!(": {}", Printable(why.as_bytes())));
        format!("-- {name} is {event}{}\n", why.unwrap_or_default())
    }

    fn event(&mut self, at: usize, kind: &str, data: &str) -> String {
        if kind == "now" {
            self.herd.began(at);
            return String::new();
        }
        // What a later version tells is passed over.
        let Ok(client) = serde_json::from_str::<Client<'_>>(data) else { return String::new() };
        let news = match kind {
            "at" => News::Record {
                time: &client.time,
                place: Some((client.latitude, client.longitude)),
            },
            "gone" => News::Record { time: &client.time, place: None },
            "expired" => News::Expired,
            _ => return String::new(),
        };
        let taken = (client.server.as_str(), client.difference.as_str());
        if !self.herd.is_news(at, &client.id, &news, taken) {
            return String::new();
        }
        let name = &self.names[at];
        if self.json {
            return match serde_json::from_str::<&RawValue>(data) {
                Ok(client) => line_json(kind, name, client),
                Err(_) => String::new(),
            };
        }
        let mut line = format!("{kind:7} {}", Printable(client.id.as_bytes()));
        if let (Some(latitude), Some(longitude)) = (client.latitude, client.longitude) {
            let _ = write!(line, " {} {}", latitude.get(), longitude.get());
        }
        if !client.time.is_empty() {
            let (time, by) =
                (Printable(client.time.as_bytes()), Printable(client.server.as_bytes()));
            let _ = write!(line, " {time} by {by}");
        }
        line + "\n"
    }
}

fn line_json(kind: &str, server: &str, client: &RawValue) -> String {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        event: &'a str,
        server: &'a str,
        client: &'a RawValue,
    }
    match serde_json::to_string(&Line { event: kind, server, client }) {
        Ok(line) => line + "\n",
        Err(_) => String::new(),
    }
}

/// A value in a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telling(json: bool) -> Telling {
        let names = ["A", "B"].map(str::to_owned).to_vec();
        Telling { herd: Seen::new(2), names, json, away: BTreeSet::new(), was_there: false }
    }

    fn at(id: &str, time: u64) -> Told {
        let data = format!(
            r#"{{"id":"{id}","latitude":34.0600,"longitude":-118,"time":"{time}","server":"A","difference":"+0.1"}}"#
        );
        Told::Event { kind: "at".to_owned(), data }
    }

    fn now() -> Told {
        Told::Event { kind: "now".to_owned(), data: "{}".to_owned() }
    }

    #[test]
    fn what_was_so_is_not_told_and_each_change_once() {
        let mut telling = telling(false);
        let mut tell = |at: usize, told: Told| telling.lines(at, told).unwrap();
        for server in [0, 1] {
            assert_eq!(tell(server, Told::There), "");
            assert_eq!(tell(server, at("kiwi", 5)), "", "that was so");
            assert_eq!(tell(server, now()), "");
        }
        assert_eq!(
            tell(1, at("kiwi", 6)),
            "at      kiwi 34.0600 -118 6 by A\n",
            "as its digits came"
        );
        assert_eq!(tell(0, at("kiwi", 6)), "");
        assert_eq!(tell(0, Told::Away("closed\u{1b}".to_owned())), "-- A is away: closed\\x1b\n");
        assert_eq!(tell(0, Told::Away("refused".to_owned())), "", "said once");
        assert_eq!(tell(1, at("kiwi", 7)), "at      kiwi 34.0600 -118 7 by A\n");
        assert_eq!(tell(0, Told::There), "-- A is back\n");
        assert_eq!(tell(0, at("kiwi", 7)), "");
        assert_eq!(tell(0, at("fig", 8)), "at      fig 34.0600 -118 8 by A\n", "it has come since");
        assert_eq!(tell(0, now()), "");
        let gone = |time| Told::Event {
            kind: "gone".to_owned(),
            data: format!(
                r#"{{"id":"ki\u001bwi","time":"{time}","server":"B","difference":"+0"}}"#
            ),
        };
        assert_eq!(tell(0, gone(9)), "gone    ki\\x1bwi 9 by B\n");
        assert_eq!(tell(1, gone(9)), "");
    }

    #[test]
    fn for_programs_a_line_each() {
        let mut telling = telling(true);
        let mut tell = |at: usize, told: Told| telling.lines(at, told).unwrap();
        tell(0, Told::There);
        tell(0, now());
        assert_eq!(
            tell(0, at("kiwi", 6)),
            "{\"event\":\"at\",\"server\":\"A\",\"client\":{\"id\":\"kiwi\",\"latitude\":34.0600,\
             \"longitude\":-118,\"time\":\"6\",\"server\":\"A\",\"difference\":\"+0.1\"}}\n"
        );
        let away = tell(0, Told::Away("no".to_owned()));
        assert_eq!(away, "{\"error\":\"no\",\"event\":\"away\",\"server\":\"A\"}\n");
    }

    #[test]
    fn if_nobody_can_be_watched_it_ends() {
        let mut telling = telling(false);
        telling.lines(0, Told::Away("no".to_owned())).unwrap();
        let said = telling.lines(1, Told::Away("no".to_owned())).unwrap_err();
        assert_eq!(said, "no server can be watched; B: no");
    }

    #[test]
    fn ids_are_escaped_in_a_query() {
        assert_eq!(escaped("a b/\u{e9}~+&=%"), "a%20b%2F%C3%A9~%2B%26%3D%25");
    }
}
