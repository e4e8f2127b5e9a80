//! `herdctl top`: how a herd is, live, on a terminal.
//!
//! Each server is asked by a thread of its own, once a second, so that one that hangs holds up nothing. A
//! [frame](view) is drawn as a whole and what differs from the one before is [written](screen), so that it
//! does not flicker and a slow line has little to carry. However it ends, the terminal is left as it was.

mod history;
mod keys;
mod screen;
mod state;
mod view;

use crate::asker::Askers;
use crate::look::{self, Answer};
use crate::{asker::Unasked, posix_seconds};
use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};
use herd::herd::Herd;
use keys::Keys;
use screen::Screen;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};
use signal_hook::flag;
use state::{Key, State};
use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How often each server is asked.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long keys are waited for before it is looked for answers.
const KEYS_WAIT: Duration = Duration::from_millis(100);
/// Frames are not drawn more often for answers than that; for keys they are at once.
const FRAME_AFTER: Duration = Duration::from_millis(500);

/// What a server has answered, and which it is.
type Sample = (usize, Result<Answer, Unasked>);

/// Whether there is a terminal to draw on.
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows it until `q`, control-C or a signal.
///
/// # Errors
/// If the terminal cannot be used.
pub fn top(herd: &Herd, askers: &Askers) -> Result<bool, String> {
    let [ended, resized] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    for (signal, flag) in
        [(SIGINT, &ended), (SIGTERM, &ended), (SIGHUP, &ended), (SIGWINCH, &resized)]
    {
        let set = flag::register(signal, Arc::clone(flag));
        set.map_err(|error| format!("cannot await signals: {error}"))?;
    }
    let samples = ask_again_and_again(askers);
    let terminal = Terminal::take().map_err(|error| format!("cannot draw here: {error}"))?;
    let shown = show(State::new(herd), &samples, &ended, &resized);
    drop(terminal);
    // A terminal that has gone has ended it.
    match shown {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(true),
    }
}

/// The terminal as frames need it, until it is dropped.
struct Terminal;

impl Terminal {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        // From here on it is given back in any case, also when a thread panics.
        let terminal = Terminal;
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            Terminal::give_back();
            usual(what);
        }));
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(terminal)
    }

    fn give_back() {
        // There is nobody to tell if that fails.
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        Terminal::give_back();
    }
}

fn ask_again_and_again(askers: &Askers) -> Receiver<Sample> {
    let (sender, receiver) = mpsc::channel();
    for (at, asker) in askers.each().enumerate() {
        let (asker, sender, timeout) = (asker.clone(), sender.clone(), askers.timeout());
        thread::spawn(move || {
            loop {
                let begun = Instant::now();
                let answer = asker.ask("/status", begun + timeout, look::read);
                if sender.send((at, answer)).is_err() {
                    return;
                }
                thread::sleep(INTERVAL.saturating_sub(begun.elapsed()));
            }
        });
    }
    receiver
}

fn show(
    mut state: State,
    samples: &Receiver<Sample>,
    ended: &AtomicBool,
    resized: &AtomicBool,
) -> io::Result<()> {
    let (begun, keys) = (Instant::now(), Keys::listen());
    let mut shown = Screen::new(0, 0);
    let (mut drawn_at, mut is_stale) = (None::<Instant>, true);
    while !ended.load(Ordering::Relaxed) {
        if resized.swap(false, Ordering::Relaxed) {
            // What the terminal shows then is not known.
            (shown, drawn_at, is_stale) = (Screen::new(0, 0), None, true);
        }
        if is_stale && drawn_at.is_none_or(|at| at.elapsed() >= FRAME_AFTER) {
            shown = draw(&state, shown)?;
            (drawn_at, is_stale) = (Some(Instant::now()), false);
        }
        let Some(pressed) = keys.within(KEYS_WAIT) else { return Ok(()) };
        for key in pressed {
            if key == Key::End {
                return Ok(());
            }
            state.press(key);
            (drawn_at, is_stale) = (None, true);
        }
        for (at, answer) in samples.try_iter() {
            state.note(at, begun.elapsed().as_secs_f64(), answer);
            is_stale = true;
        }
    }
    Ok(())
}

/// Draws a frame over what is shown.
fn draw(state: &State, shown: Screen) -> io::Result<Screen> {
    let (columns, rows) = size()?;
    let frame = view::frame(state, columns.into(), rows.into(), posix_seconds());
    let written = frame.over(&shown)?;
    let mut output = io::stdout().lock();
    output.write_all(&written)?;
    output.flush()?;
    Ok(frame)
}
