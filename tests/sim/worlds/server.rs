//! The server of the scripts: conversations that do as their peers say.

use super::harness::{Actor, Event, Script, Stage};
use herd::transport::{Action, Context, Endpoint};
use std::mem;
use std::time::Duration;

/// Bytes that are far more than a server lets wait.
pub const MUCH: usize = 1_024 * 1_024;

/// How long a dial may take.
const DIAL_TIMEOUT: Duration = Duration::from_millis(300);

/// How long a timer is set for.
const TIMER: Duration = Duration::from_millis(30);

/// Whom the server may dial.
#[derive(Debug, Clone)]
pub struct Targets {
    pub listening: Endpoint,
    pub refusing: Endpoint,
    pub silent: Endpoint,
    pub unknown: Endpoint,
}

/// A conversation that does as its peer says, one byte a command:
///
/// | byte | what it does |
/// |---|---|
/// | `e` | writes that byte back |
/// | `m` | writes [`MUCH`], as there is room |
/// | `l` | writes that much at the end, and then closes |
/// | `p` | reads no more until it is woken |
/// | `w` | has all woken that paused, in that order |
/// | `g` | goes first |
/// | `t` | sets a timer |
/// | `q` | reads no more, sets a timer and closes when that comes |
/// | `k` | closes neither at the end nor when the server stops |
/// | `c`, `a` | closes, aborts |
/// | `d`, `f`, `z`, `u` | dials who listens, who refuses, who is silent, whom nobody knows |
/// | `s` | stops the server |
pub fn obedient(targets: &Targets) -> Script {
    let mut mind =
        Mind { targets: targets.clone(), keeps: false, answers: false, closes: false, owed: 0 };
    Box::new(move |cx, event| match event {
        Event::Data(data) => data.iter().for_each(|&byte| mind.obey(cx, byte)),
        Event::Room => mind.write(cx),
        Event::Woken => cx.transport.resume_reading(),
        Event::Timer if mind.closes => cx.transport.close(),
        Event::Ended if mind.answers => mind.answer(cx),
        Event::Ended if !mind.keeps => cx.transport.close(),
        Event::Stopping if !mind.keeps => {
            cx.transport.write(b"bye");
            cx.transport.close();
        }
        _ => {}
    })
}

/// What such a conversation remembers.
struct Mind {
    targets: Targets,
    keeps: bool,
    /// Whether it writes at the end.
    answers: bool,
    /// Whether it closes at its timer.
    closes: bool,
    /// Bytes that it is yet to write.
    owed: usize,
}

impl Mind {
    fn obey(&mut self, cx: &mut Context<'_, Stage>, byte: u8) {
        match byte {
            b'e' => cx.transport.write(&[byte]),
            b'm' => self.answer(cx),
            b'l' => self.answers = true,
            b'p' => {
                cx.app.noted.push(cx.transport.id());
                cx.transport.pause_reading();
            }
            b'w' => {
                let paused = mem::take(&mut cx.app.noted);
                cx.app.actions.extend(paused.into_iter().map(Action::Wake));
            }
            b'g' => cx.transport.go_first(),
            b't' => cx.transport.set_timer(Some(cx.now.monotonic + TIMER)),
            b'q' => {
                self.closes = true;
                cx.transport.pause_reading();
                cx.transport.set_timer(Some(cx.now.monotonic + TIMER));
            }
            b'k' => self.keeps = true,
            b'c' => cx.transport.close(),
            b'a' => cx.transport.abort(),
            b'd' => self.dial(cx, &self.targets.listening),
            b'f' => self.dial(cx, &self.targets.refusing),
            b'z' => self.dial(cx, &self.targets.silent),
            b'u' => self.dial(cx, &self.targets.unknown),
            b's' => cx.app.actions.push_back(Action::Stop),
            _ => {}
        }
    }

    fn dial(&self, cx: &mut Context<'_, Stage>, endpoint: &Endpoint) {
        let protocol = Actor::new(obedient(&self.targets));
        let (endpoint, timeout) = (endpoint.clone(), DIAL_TIMEOUT);
        cx.app.actions.push_back(Action::Dial { endpoint, protocol, timeout });
    }

    fn answer(&mut self, cx: &mut Context<'_, Stage>) {
        self.owed += MUCH;
        self.write(cx);
    }

    fn write(&mut self, cx: &mut Context<'_, Stage>) {
        while self.owed > 0 && cx.transport.request_room() {
            let share = self.owed.min(16 * 1_024);
            cx.transport.write(&vec![b'm'; share]);
            self.owed -= share;
        }
        if self.owed == 0 && self.answers {
            cx.transport.close();
        }
    }
}
