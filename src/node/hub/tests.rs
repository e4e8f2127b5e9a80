//! What watchers are told, and what it costs to tell them.

mod departed;
mod forgotten;
mod limits_of_watching;
mod restricted;
mod resumed;
mod whatever_happens;

use super::*;
use crate::positions::{Kind, OriginId, Report, Share, Text, Update};
use crate::wire::{Command, Lifetimes};

/// An event with that number of the feed.
fn event(sequence: u64) -> EventId {
    EventId { life: 0, sequence, departure: None }
}

/// A store, those who watch it, and what each was told.
struct Stage {
    positions: Positions,
    hub: Hub,
    origin: OriginId,
    /// The time of the next report, and whether it is half a second later.
    time: i64,
    is_half: bool,
    watchers: Vec<(WatcherId, String)>,
    /// Whether a watcher's connection has room for one event more only.
    is_narrow: bool,
}

impl Stage {
    fn new(watchers: u32) -> Self {
        let mut positions = Positions::new([1, 2]);
        let origin = positions.intern(b"Solo").unwrap();
        let mut hub = Hub::default();
        let watchers = (0..watchers)
            .map(|slot| {
                (hub.enter(ConnectionId { slot, generation: 0 }, Form::Lines, None), String::new())
            })
            .collect();
        Stage { positions, hub, origin, time: 0, is_half: false, watchers, is_narrow: false }
    }

    fn take(&mut self, text: &str, client: &str) {
        let location = text.split(' ').nth(1).filter(|_| text.split(' ').count() == 3);
        let text = match location {
            Some(location) => Text::new(text.as_bytes(), client.len(), location.len()),
            None => Text::of_tombstone(text.as_bytes(), client.len()),
        };
        let report = Report {
            origin: self.origin,
            difference_nanoseconds: 0,
            time_nanoseconds: self.time * 1_000_000_000,
            text: text.unwrap(),
        };
        let update = match report.kind() {
            Kind::Position => self.positions.report(&report),
            Kind::Tombstone => self.positions.forget(&report),
        };
        assert_ne!(update, Update::Known);
        self.time += 1;
    }

    /// Positions end after so many reports, tombstones after ten more.
    fn let_go_after(&mut self, seconds: u32) {
        let lifetimes = Lifetimes { ttl_seconds: Some(seconds), tombstone_seconds: seconds + 10 };
        self.positions.set_lifetimes(lifetimes);
    }

    /// So many half seconds pass. What ends is dead from the half second on, and taken out at the whole one.
    fn pass(&mut self, halves: i64) {
        let all = 2 * self.time + i64::from(self.is_half) + halves;
        (self.time, self.is_half) = (all / 2, all % 2 == 1);
    }

    /// It is no half second any more.
    fn pass_to_second(&mut self) {
        self.pass(i64::from(self.is_half));
    }

    fn report(&mut self, client: &str, location: &str) {
        let text = format!("{client} {location} {}", self.time);
        self.take(&text, client);
    }

    fn forget(&mut self, client: &str) {
        let text = format!("{client} {}", self.time);
        self.take(&text, client);
    }

    fn command(&mut self, watcher: usize, command: &str) -> bool {
        let id = self.watchers[watcher].0;
        match Command::parse(command.as_bytes()) {
            Ok(Some(Command::Watch(watch))) => {
                self.hub.watch(id, &watch, None, &mut self.positions)
            }
            Ok(Some(Command::Unwatch(watch))) => {
                if watch == Watch::All {
                    self.catch_up(watcher);
                }
                self.hub.unwatch(id, &watch, &mut self.positions)
            }
            other => panic!("{command}: {other:?}"),
        }
    }

    /// Tells that watcher, who may watch everything, all of it if that can be done at once; whether it
    /// could.
    fn catch_up(&mut self, watcher: usize) -> bool {
        let Stage { hub, positions, watchers, .. } = self;
        let (id, told) = &mut watchers[watcher];
        hub.catch_up(*id, positions, |event| {
            let mut lines = Vec::new();
            event.write(Form::Lines, &mut lines);
            told.push_str(str::from_utf8(&lines).unwrap());
        });
        let watcher = find(&mut hub.watchers, *id).unwrap();
        hub.recent[0].as_ref().is_some_and(|recent| watcher.is_told(recent, positions))
    }

    /// One turn.
    fn turn(&mut self) {
        let Stage { positions, hub, watchers, is_narrow, time, is_half, .. } = self;
        if hub.awaits_areas() {
            hub.follow_areas(positions, usize::MAX);
        }
        positions.set_now(*time * 1_000_000_000 + i64::from(*is_half) * 500_000_000);
        hub.walk(positions);
        let (mut share, unsettled) = (Share::new(i64::MAX), hub.begin_departures(positions));
        while let Some(number) = positions.next_dead(&mut share) {
            hub.depart(number, &unsettled, positions);
            positions.remove_dead(number, &mut share);
        }
        hub.end_departures(positions);
        let mut called = Vec::new();
        hub.call(positions, |connection| called.push(connection.slot as usize));
        for slot in called {
            let (id, told) = &mut watchers[slot];
            let form = hub.watcher(*id).unwrap().form();
            hub.tell(*id, positions, |event| {
                let mut line = Vec::new();
                event.write(form, &mut line);
                told.push_str(str::from_utf8(&line).unwrap());
                if *is_narrow { Room::No } else { Room::Yes }
            });
        }
        hub.check(positions).unwrap();
        positions.check().unwrap();
    }

    /// Turns until nothing is left to be told.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            for (id, _) in &self.watchers {
                self.hub.resume(*id);
            }
            let told = |stage: &Stage| stage.watchers.iter().map(|(_, told)| told.len()).sum();
            let before: usize = told(self);
            self.turn();
            let owes = self.watchers.iter().any(|(id, _)| self.hub.owes(*id));
            if !self.hub.has_due() && !owes && told(self) == before {
                return;
            }
        }
        panic!("it never ends");
    }

    /// What a watcher was told since this was asked last, without what all lines have in common.
    fn told(&mut self, watcher: usize) -> String {
        self.settle();
        let told = std::mem::take(&mut self.watchers[watcher].1);
        told.replace("~ ", "").replace("Solo +0.000000000 ", "").trim_end().replace('\n', ", ")
    }
}

#[test]
fn a_client_is_watched_from_what_is_so_to_its_end() {
    let mut stage = Stage::new(2);
    stage.report("kiwi", "+1+1");
    assert!(stage.command(0, "WATCH kiwi") && stage.command(1, "WATCH lemon"));
    assert_eq!(stage.told(0), "AT kiwi +1+1 0, NOW kiwi");
    assert_eq!(stage.told(1), "NOW lemon");
    stage.report("kiwi", "+2+2");
    stage.report("fig", "+3+3");
    assert_eq!(stage.told(0), "AT kiwi +2+2 1");
    stage.forget("fig");
    stage.forget("lemon");
    stage.forget("kiwi");
    assert_eq!(stage.told(0), "GONE kiwi 5");
    assert_eq!(stage.told(1), "", "it was never told of a lemon");
    stage.report("lemon", "+1+1");
    assert_eq!(stage.told(1), "AT lemon +1+1 6");
}

#[test]
fn an_area_is_entered_and_left() {
    let mut stage = Stage::new(1);
    stage.report("far", "+50+50");
    stage.report("near", "+34.001-118");
    assert!(stage.command(0, "WATCH +34-118 1"));
    assert_eq!(stage.told(0), "AT near +34.001-118 1, NOW +34-118 1");
    stage.report("near", "+34.002-118");
    stage.report("far", "+34-118.001");
    stage.report("other", "+34.1-118");
    assert_eq!(stage.told(0), "AT near +34.002-118 2, AT far +34-118.001 3");
    stage.report("near", "+34.1-118");
    stage.report("other", "+34.2-118");
    stage.forget("far");
    assert_eq!(stage.told(0), "OUT near, GONE far 7");
    stage.report("near", "+34.1-118");
    assert_eq!(stage.told(0), "");
}

#[test]
fn who_comes_and_goes_unseen_is_not_told_of() {
    let mut stage = Stage::new(1);
    assert!(stage.command(0, "WATCH +34-118 1"));
    assert_eq!(stage.told(0), "NOW +34-118 1");
    stage.report("a", "+34-118");
    stage.report("a", "+35-118");
    stage.report("b", "+34-118");
    stage.forget("b");
    stage.report("c", "+34-118");
    assert_eq!(stage.told(0), "AT c +34-118 4");
    stage.report("c", "+35-118");
    stage.report("c", "+34-118");
    assert_eq!(stage.told(0), "AT c +34-118 6", "it has not left");
}

#[test]
fn the_watches_of_a_connection_are_one_union() {
    let mut stage = Stage::new(1);
    stage.report("a", "+1+1");
    for watch in ["WATCH a", "WATCH +1+1 10", "WATCH +1.05+1 10"] {
        assert!(stage.command(0, watch));
    }
    let now = "AT a +1+1 0, NOW a, AT a +1+1 0, NOW +1+1 10, AT a +1+1 0, NOW +1.05+1 10";
    assert_eq!(stage.told(0), now);
    stage.report("a", "+1.001+1");
    assert_eq!(stage.told(0), "AT a +1.001+1 1", "once");
    assert!(stage.command(0, "UNWATCH a"));
    assert!(!stage.command(0, "UNWATCH a"));
    stage.report("a", "+1.1+1");
    assert_eq!(stage.told(0), "AT a +1.1+1 2", "the second area holds it");
    stage.report("a", "+1.2+1");
    assert_eq!(stage.told(0), "OUT a");
}

#[test]
fn no_event_comes_of_a_watch_that_has_ended() {
    let mut stage = Stage::new(1);
    stage.report("a", "+1+1");
    assert!(stage.command(0, "WATCH +1+1 10") && stage.command(0, "WATCH +2+2 10"));
    stage.told(0);
    // Noted, and not told yet.
    stage.report("a", "+1.001+1");
    stage.hub.walk(&mut stage.positions);
    assert!(stage.command(0, "UNWATCH +1+1 10"));
    assert_eq!(stage.told(0), "");
    stage.report("a", "+3+3");
    assert_eq!(stage.told(0), "", "it has not left what is still watched");
    stage.report("a", "+2+2");
    stage.told(0);
    stage.report("a", "+3+3");
    assert_eq!(stage.told(0), "OUT a");
}

#[test]
fn the_same_watch_counts_once_and_tells_what_is_so_again() {
    let mut stage = Stage::new(1);
    stage.report("a", "+1+1");
    for watch in ["WATCH a", "WATCH a", "WATCH *", "WATCH *"] {
        assert!(stage.command(0, watch));
    }
    let all = "AT a +1+1 0, NOW *, AT a +1+1 0, NOW *, AT a +1+1 0, NOW a, NOW a";
    assert_eq!(stage.told(0), all);
    assert!(stage.command(0, "UNWATCH *") && !stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "");
    stage.report("a", "+2+2");
    assert_eq!(stage.told(0), "AT a +2+2 1");
    assert!(stage.command(0, "WATCH a"));
    assert_eq!(stage.told(0), "AT a +2+2 1, NOW a");
}

#[test]
fn everything_ends_where_the_other_watches_go_on() {
    let mut stage = Stage::new(1);
    stage.report("in", "+1+1");
    stage.report("out", "+9+9");
    assert!(stage.command(0, "WATCH +1+1 10") && stage.command(0, "WATCH *"));
    stage.told(0);
    stage.report("out", "+9+8");
    stage.report("in", "+1+1.001");
    assert_eq!(stage.told(0), "AT out +9+8 2, AT in +1+1.001 3");
    assert!(stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "", "all of it has been told");
    stage.report("out", "+9+9");
    stage.report("in", "+9+9");
    assert_eq!(stage.told(0), "OUT in");
}

#[test]
fn who_has_left_is_told_so_though_everything_ends_before_it_could_tell() {
    let mut stage = Stage::new(1);
    stage.report("a", "+1+1");
    assert!(stage.command(0, "WATCH +1+1 10") && stage.command(0, "WATCH b"));
    stage.told(0);
    // Nothing has been told of everything when it ends.
    assert!(stage.command(0, "WATCH *") && stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "");
    assert!(stage.command(0, "WATCH *"));
    stage.report("a", "+9+9");
    assert!(stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "OUT a");
    // One of whom only everything told, while others moved who are not watched any more.
    assert!(stage.command(0, "WATCH *"));
    stage.report("c", "+1+1.001");
    stage.told(0);
    assert!(stage.command(0, "WATCH *"));
    stage.report("c", "+9+9");
    stage.report("a", "+9+8");
    stage.report("b", "+9+9");
    assert!(stage.command(0, "UNWATCH *"));
    assert_eq!(stage.told(0), "OUT c, AT b +9+9 5");
}

#[test]
fn who_reads_slowly_is_told_what_is_last_and_little_is_kept_for_it() {
    let mut stage = Stage::new(1);
    stage.is_narrow = true;
    assert!(stage.command(0, "WATCH a") && stage.command(0, "WATCH b"));
    stage.turn();
    for number in 0..100_000 {
        stage.report(if number % 3 == 0 { "a" } else { "b" }, "+1+1");
        stage.hub.walk(&mut stage.positions);
        let watcher = find(&mut stage.hub.watchers, WatcherId::at(0)).unwrap();
        assert!(watcher.noted_len() <= 64, "{number}");
    }
    assert_eq!(stage.told(0), "NOW a, AT b +1+1 99998, AT a +1+1 99999, NOW b");
}

#[test]
fn who_watches_everything_and_falls_behind_is_told_each_client_once() {
    let mut stage = Stage::new(2);
    for number in 0..100 {
        stage.report(&format!("c{number}"), "+1+1");
    }
    assert!(stage.command(0, "WATCH *"));
    let now = stage.told(0);
    assert_eq!(now.matches("AT ").count(), 100);
    assert!(now.starts_with("AT c0 ") && now.ends_with("NOW *"), "{now}");
    stage.is_narrow = true;
    let rounds = 3 * limits::RECENT_EVENTS_BYTES_MAX / 30 / 10;
    for round in 0..rounds {
        for number in 0..10 {
            stage.report(&format!("c{number}"), &format!("+1+{}", round % 180));
        }
        stage.turn();
    }
    assert!(
        stage.hub.recent[0].as_ref().unwrap().end_at() > 2 * limits::RECENT_EVENTS_BYTES_MAX as u64
    );
    let told = stage.told(0);
    // The first round was told at once.
    let last: Vec<&str> = told.split(", ").skip(10).collect();
    assert_eq!(last.len(), 10, "{told}");
    for (number, line) in last.iter().enumerate() {
        assert!(line.starts_with(&format!("AT c{number} +1+{} ", (rounds - 1) % 180)), "{line}");
    }
    stage.report("c5", "+9+9");
    assert!(stage.told(0).starts_with("AT c5 +9+9 "), "it has caught up");
}
