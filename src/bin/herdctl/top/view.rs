//! Frames of `top`: all servers, or one.

use super::history::History;
use super::screen::{Screen, Style};
use super::state::State;
use crate::amounts::{bytes, count, fitted, rate, time};
use crate::judge::{BEHIND_SECONDS, Finding, wrong};
use crate::look::{Link, Looked, Status};
use crate::status::{headline, state};
use herd::wire::{Printable, plural};

/// Findings that are shown above the table; the rest is counted.
const FINDINGS_SHOWN_MAX: usize = 4;
const KEYS_OF_ALL: &str = "q ends   s order   up/down choose   Enter one server";
const KEYS_OF_ONE: &str = "q ends   up/down another server   Esc all servers";
const HEADS: [&str; 9] = ["SERVER", "STATE", "REP/S", "", "QUEST/S", "", "LAG", "", "CLIENTS"];
/// Columns of the three lines of blocks.
const BLOCKS: [usize; 3] = [8, 7, 6];

/// A frame of that size at that POSIX second.
pub fn frame(state: &State, columns: usize, rows: usize, now_seconds: i64) -> Screen {
    let found = match state.is_known() {
        true => wrong(state.look(), now_seconds),
        false => Vec::new(),
    };
    let mut page = Page { screen: Screen::new(columns, rows), at: 0 };
    match state.one() {
        None => all(&mut page, state, &found),
        Some((at, server)) => one(&mut page, state, at, server, &found),
    }
    let keys = match state.one() {
        None => format!("{KEYS_OF_ALL}   order: {}", state.order().name()),
        Some(_) => KEYS_OF_ONE.to_owned(),
    };
    page.screen.put(rows.saturating_sub(1), &keys, Style::Head);
    page.screen
}

/// A screen that is filled from above.
struct Page {
    screen: Screen,
    at: usize,
}

impl Page {
    fn line(&mut self, text: &str, style: Style) {
        // The last is for the keys.
        if self.at + 1 < self.screen.rows() {
            self.screen.put(self.at, text, style);
        }
        self.at += 1;
    }

    fn plain(&mut self, text: &str) {
        self.line(text, Style::Plain);
    }

    fn findings<'a>(&mut self, found: impl Iterator<Item = &'a Finding>) {
        let all: Vec<&Finding> = found.collect();
        let columns = self.screen.columns();
        for finding in all.iter().take(FINDINGS_SHOWN_MAX) {
            self.line(
                &format!("  {}", fitted(finding.text(), columns.saturating_sub(2))),
                Style::Alarm,
            );
        }
        if let Some(more) = all.len().checked_sub(FINDINGS_SHOWN_MAX).filter(|&more| more > 0) {
            self.line(&format!("  and {more} more"), Style::Alarm);
        }
    }

    /// Lines that there is room for.
    fn room(&self) -> usize {
        self.screen.rows().saturating_sub(self.at + 1)
    }
}

fn all(page: &mut Page, state: &State, found: &[Finding]) {
    let servers = 0..state.look().servers.len();
    let sum = |figure: fn(&History) -> Option<f64>| {
        rate(servers.clone().filter_map(|at| figure(state.history(at))).sum())
    };
    let head = match state.is_known() {
        true => headline(state.look(), found),
        false => format!("{}: asking all servers", state.look().herd),
    };
    page.line(&head, if found.is_empty() { Style::Head } else { Style::Alarm });
    page.findings(found.iter());
    let (reports, questions) = (sum(|h| h.reports.last()), sum(|h| h.questions.last()));
    page.plain(&format!("{reports} reports a second, {questions} questions a second"));
    page.plain("");
    page.line(&columns(HEADS.map(str::to_owned)), Style::Head);
    let order = state.in_order();
    // The one that is chosen is shown, however many there are.
    let chosen = order.iter().position(|&server| server == state.chosen()).unwrap_or(0);
    let from = (chosen + 1).saturating_sub(page.room().max(1));
    for &at in &order[from..] {
        let server = &state.look().servers[at];
        let style = if at == state.chosen() { Style::Chosen } else { Style::Plain };
        page.line(&row(state, at, server, found), style);
    }
}

fn row(state: &State, at: usize, server: &Looked, found: &[Finding]) -> String {
    let history = state.history(at);
    let figure = |value: Option<f64>, text: fn(f64) -> String| value.map_or("-".to_owned(), text);
    let (reports, questions) = (history.reports.last(), history.questions.last());
    let clients = server.status().map_or("-".to_owned(), |status| count(status.clients));
    columns([
        fitted(&server.name, 12),
        word(state, server, found).to_owned(),
        figure(reports, rate),
        history.reports.blocks(BLOCKS[0], 1.0),
        figure(questions, rate),
        history.questions.blocks(BLOCKS[1], 1.0),
        figure(history.lag.last(), time),
        history.lag.blocks(BLOCKS[2], BEHIND_SECONDS),
        fitted(&clients, 10),
    ])
}

/// A server's line: 80 columns.
fn columns(cells: [String; 9]) -> String {
    let [server, state, reports, r, questions, q, lag, l, clients] = cells;
    format!(
        "{server:12} {state:9}{reports:>8} {r:8} {questions:>7} {q:7} {lag:>6} {l:6} {clients:>10}"
    )
}

/// How it is, in a word.
fn word(shown: &State, server: &Looked, found: &[Finding]) -> &'static str {
    if shown.is_known() || server.answer.is_ok() { state(server, found) } else { "" }
}

fn one(page: &mut Page, shown: &State, at: usize, server: &Looked, found: &[Finding]) {
    let (name, herd) = (&server.name, &shown.look().herd);
    let about = || found.iter().filter(|finding| finding.is_about(name));
    let style = if about().next().is_some() { Style::Alarm } else { Style::Head };
    page.line(&format!("{name} of {herd}  {}", word(shown, server, found)), style);
    page.findings(about());
    page.plain("");
    let Some(status) = server.status() else { return };
    facts(page, status);
    page.plain("");
    let width = page.screen.columns().saturating_sub(24);
    let history = shown.history(at);
    let figures = [
        ("reports/s", &history.reports, rate as fn(f64) -> String, 1.0),
        ("questions/s", &history.questions, rate, 1.0),
        ("lag", &history.lag, time, BEHIND_SECONDS),
    ];
    for (what, series, text, most) in figures {
        let last = series.last().map_or("-".to_owned(), text);
        page.plain(&format!("{what:12} {last:>8}  {}", series.blocks(width, most)));
    }
    page.plain("");
    page.line("NEIGHBOUR      IS TOLD          BEHIND    TELLS US         AGREES", Style::Head);
    for neighbour in &status.neighbours {
        let behind = neighbour.dialled.behind_seconds.map_or("-".to_owned(), time);
        let agrees = match (neighbour.agrees, neighbour.compared_seconds) {
            (Some(true), Some(ago)) => format!("yes, {} ago", time(ago)),
            (Some(false), _) => "NO".to_owned(),
            _ => "not known".to_owned(),
        };
        let name = Printable(neighbour.name.as_bytes()).to_string();
        page.plain(&format!(
            "{:14} {:14} {behind:>8}    {:16} {agrees}",
            fitted(&name, 14),
            link(&neighbour.dialled),
            link(&neighbour.accepted),
        ));
    }
}

fn link(link: &Link) -> String {
    format!("{} {}", if link.up { "up" } else { "DOWN" }, time(link.since_seconds))
}

fn facts(page: &mut Page, status: &Status) {
    let (up, version) = (time(status.uptime_seconds), Printable(status.version.as_bytes()));
    page.plain(&format!("up for       {up}, version {version}"));
    let (clients, forgotten) = (count(status.clients), count(status.tombstones));
    page.plain(&format!(
        "clients      {clients}, {forgotten} forgotten, {} watch",
        status.watchers
    ));
    let most =
        status.memory_max_bytes.map_or_else(String::new, |most| format!(" of {}", bytes(most)));
    page.plain(&format!("memory       {}{most} for positions", bytes(status.memory_bytes)));
    let taken = |kind: &str| {
        let taken = count(status.connections.get(kind).copied().unwrap_or(0));
        let most = status.connections_max.get(kind).copied().flatten();
        most.map_or(taken.clone(), |most| format!("{taken} of {}", count(most)))
    };
    page.plain(&format!(
        "connections  {} clients, {} at the web port",
        taken("clients"),
        taken("web")
    ));
    page.plain(&format!(
        "longest turn {:.1} ms since the start",
        status.turn_longest_seconds * 1e3
    ));
    if let Some(journal) = &status.journal {
        let whole = if journal.whole { "whole" } else { "NOT WHOLE" };
        let waiting = count(journal.unforced_changes);
        page.plain(&format!(
            "journal      {}, {whole}, {waiting} changes not on the disk yet, failed {} times",
            bytes(journal.bytes),
            journal.failures
        ));
        if let Some(room) = journal.room_bytes {
            page.plain(&format!("             its disk has room for {} more", bytes(room)));
        }
    }
    if let Some(gateway) = &status.gateway {
        let state = if gateway.up { "up" } else { "AWAY" };
        let since = time(gateway.since_seconds);
        let bus = Printable(gateway.address.as_bytes()).to_string();
        page.plain(&format!("bus          {} {state} {since}", fitted(&bus, 45)));
        let (behind, changes) = (time(gateway.behind_seconds), count(gateway.behind_changes));
        let (agree, others) = (gateway.agreeing(), gateway.gateways.len() as u64);
        let others = plural(others, "other gateway");
        page.plain(&format!(
            "             behind {behind}, {changes} changes; {agree} of {others} agree"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::Key;
    use super::*;
    use crate::asker::Unasked;
    use crate::judge::tests::{NOW, herd, look, well};
    use serde_json::Value;

    /// All that three servers said within some seconds, in which the second took most reports.
    fn busy() -> State {
        let mut state = State::new(&herd());
        for second in 0..8_u64 {
            let answers = ["A", "B", "C"].map(|name| {
                let mut status = well(name);
                status["uptime_seconds"] = (200 + second).into();
                status["reports"] = (second * second * if name == "B" { 100 } else { 1 }).into();
                status["questions"] = (second * 3).into();
                status["gateway"] = serde_json::json!({
                    "address": "bus:4222", "up": true, "since_seconds": 60.0,
                    "behind_changes": 1_200, "gateways": [{"agrees": true}, {"agrees": null}],
                });
                status["journal"] = serde_json::json!({
                    "whole": true, "bytes": 5_000_000, "live_bytes": 0, "room_bytes": 70_000_000
                });
                Ok::<Value, &str>(status)
            });
            for (at, looked) in look(answers).servers.into_iter().enumerate() {
                state.note(at, second as f64, looked.answer);
            }
        }
        state
    }

    #[test]
    fn all_servers_in_24_lines_of_80_columns() {
        let state = busy();
        let frame = frame(&state, 80, 24, NOW);
        let text = frame.text();
        assert_eq!(text[0], "three: 3 servers, all is well");
        assert_eq!(text[1], "1.3 k reports a second, 9.0 questions a second");
        assert_eq!(
            text[3],
            "SERVER       STATE       REP/S          QUEST/S            LAG           CLIENTS"
        );
        assert!(text.iter().all(|line| line.chars().count() <= 80));
        assert_eq!(
            text[5],
            format!(
                "B            ready       1.3 k {} {:>7} {}  0.0 s {}      1,200",
                state.history(1).reports.blocks(8, 1.0),
                "3.0",
                state.history(1).questions.blocks(7, 1.0),
                state.history(1).lag.blocks(6, BEHIND_SECONDS),
            )
        );
        assert_eq!(
            text[23],
            "q ends   s order   up/down choose   Enter one server   order: herd file"
        );
        assert_eq!([4, 5].map(|row| frame.style(row)), [Style::Chosen, Style::Plain]);
    }

    #[test]
    fn keys_choose_sort_and_look_at_one() {
        let mut state = busy();
        state.press(Key::Sort);
        assert_eq!(state.in_order()[0], 1, "by reports");
        state.press(Key::Up);
        assert_eq!(state.chosen(), 1, "what is above the first");
        [Key::Up, Key::One].into_iter().for_each(|key| state.press(key));
        let text = frame(&state, 80, 24, NOW).text();
        assert_eq!(text[0], "B of three  ready");
        assert!(text.iter().any(|line| line.starts_with("connections  3 of 100 clients, 1 at")));
        assert!(text.iter().any(|line| line.starts_with("journal      5.0 MB, whole")), "{text:?}");
        assert!(text.iter().any(|line| line.ends_with("its disk has room for 70.0 MB more")));
        let bus = text.iter().position(|line| line == "bus          bus:4222 up 60 s").unwrap();
        assert_eq!(
            text[bus + 1],
            "             behind 0.0 s, 1,200 changes; 1 of 2 other gateways agree"
        );
        let neighbour = text.iter().find(|line| line.starts_with("A   ")).unwrap();
        assert!(
            neighbour.contains("up 2 min") && neighbour.ends_with("yes, 0.4 s ago"),
            "{neighbour}"
        );
        assert_eq!(text[23], KEYS_OF_ONE);
        [Key::All, Key::Down, Key::Down, Key::Down].into_iter().for_each(|key| state.press(key));
        assert_eq!(frame(&state, 80, 24, NOW).style(6), Style::Chosen, "the last one");
    }

    #[test]
    fn what_is_wrong_comes_first() {
        let mut state = busy();
        state.note(2, 9.0, Err(Unasked::Failed("connection refused".to_owned())));
        let frame = frame(&state, 80, 24, NOW);
        let text = frame.text();
        assert_eq!(text[0], "three: 3 servers, something is wrong:");
        assert!(
            text[1].starts_with("  C cannot be asked, but A, B are linked with it: "),
            "{}",
            text[1]
        );
        assert_eq!([frame.style(0), frame.style(1)], [Style::Alarm; 2]);
        assert!(text[7].starts_with("C            unasked         - "), "{}", text[7]);
    }

    #[test]
    fn before_all_have_answered_nothing_is_wrong() {
        let text = frame(&State::new(&herd()), 80, 24, NOW).text();
        assert_eq!(text[0], "three: asking all servers");
        assert!(text[4].starts_with("A ") && text[4].contains(" - "), "{}", text[4]);
    }

    #[test]
    fn a_terminal_may_be_small() {
        let mut state = busy();
        for is_one in [false, true] {
            for (columns, rows) in [(0, 0), (1, 1), (10, 3), (79, 5)] {
                let frame = frame(&state, columns, rows, NOW);
                assert_eq!(frame.rows(), rows);
            }
            if !is_one {
                state.press(Key::One);
            }
        }
        // The one that is chosen is shown.
        state.press(Key::All);
        [Key::Down, Key::Down].into_iter().for_each(|key| state.press(key));
        let text = frame(&state, 80, 6, NOW).text();
        assert!(text[4].starts_with("C "), "{text:?}");
    }
}
