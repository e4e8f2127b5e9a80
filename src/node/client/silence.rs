//! What a client's silence means, and when: the end of a command or of the connection with
//! `--classic`, half a line that waits for its end, somebody who never says anything. Conversations
//! that send whole lines pass none of it.

use super::super::admission::ClientBounds;
use super::super::deadlines::Deadlines;
use crate::limits;
use crate::transport::{Monotonic, Now};
use crate::wire::Command;
use std::time::Duration;

/// What is noted of the time.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// When the last bytes came, as far as anybody asks for it: for waits, and by the clock that people
    /// see, by which a command is judged.
    heard: Monotonic,
    pub heard_nanoseconds: i64,
    /// When the connection was accepted or, with `--idle`, the last command came.
    commanded: Monotonic,
    /// Whether the rest of a command is waited for, though there was the silence that ends one.
    waits_on: bool,
    /// Whether the log has said that half a line waits.
    hinted: bool,
    /// Whether the time of each command counts: with `--classic` and `--idle`, and when the server stops.
    timed: bool,
    /// The server stops.
    stops: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// With `--classic`, the silence that ends a command.
    Command,
    /// With `--classic`, the silence behind the last command that ends the connection.
    Served,
    /// Without it, the silence behind half a line after which the log says what is missing.
    Hint,
    /// The time in which a command must come.
    Idle,
}

/// How a conversation stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    /// Half a line that is pending, or nothing.
    pub partial: &'a [u8],
    /// Whether there was a command.
    pub commanded: bool,
    /// Whether an answer is owed.
    pub owes: bool,
}

impl Silence {
    /// Of a connection that was accepted now.
    pub fn since(now: Now, timed: bool) -> Self {
        Silence { commanded: now.monotonic, timed, ..Silence::default() }
    }

    /// Whether the time of each command counts.
    #[inline(always)]
    pub fn is_timed(&self) -> bool {
        self.timed
    }

    /// The server stops: from now on it counts what each command leaves to be waited for.
    pub fn stop(&mut self) {
        (self.stops, self.timed) = (true, true);
    }

    /// Whether the server stops.
    pub fn stops(&self) -> bool {
        self.stops
    }

    /// Bytes have come.
    pub fn hear(&mut self, now: Now) {
        self.heard = now.monotonic;
        self.heard_nanoseconds = now.posix_nanoseconds;
        self.waits_on = false;
    }

    /// There was the silence that ends a command: whether more is waited for all the same, since this
    /// cannot be a whole one yet. Looked at here and not as bytes come, which may be one at a time.
    pub fn waits_on(&mut self, partial: &[u8]) -> bool {
        !std::mem::replace(&mut self.waits_on, true) && Command::is_unfinished(partial)
    }

    /// A command has come, or something else that shows that the client is not idle.
    pub fn note_command(&mut self, now: Now) {
        self.commanded = now.monotonic;
    }

    /// The log says that half a line waits: whether it has not yet.
    pub fn hint(&mut self) -> bool {
        !std::mem::replace(&mut self.hinted, true)
    }

    /// Whether a client of the papers has been silent since its last command, and waits for the end.
    pub fn is_served(&self, standing: Standing<'_>, now: Monotonic) -> bool {
        let served = standing.commanded && standing.partial.is_empty();
        served && now.since(self.heard) >= limits::CLASSIC_SILENCE
    }

    /// All that is waited for.
    pub fn deadlines(
        &self,
        standing: Standing<'_>,
        classic: bool,
        bounds: &ClientBounds,
    ) -> Deadlines<Timer, 4> {
        let Standing { partial, commanded, owes } = standing;
        let half = !partial.is_empty();
        let after = |wait: bool, silence: Duration| wait.then(|| self.heard + silence);
        let end_of_command =
            if self.waits_on { limits::CLASSIC_SILENCE_MAX } else { limits::CLASSIC_SILENCE };
        let served = classic && commanded && !half && !owes;
        let hint = !classic && half && !self.hinted;
        Deadlines([
            (Timer::Command, after(classic && half, end_of_command)),
            (Timer::Served, after(served, limits::CLASSIC_SILENCE)),
            (Timer::Hint, after(hint, limits::HALF_LINE_HINT_AFTER)),
            (Timer::Idle, self.idle_at(commanded, bounds)),
        ])
    }

    fn idle_at(&self, commanded: bool, bounds: &ClientBounds) -> Option<Monotonic> {
        let first_line = if commanded { Duration::ZERO } else { bounds.first_line };
        let bounds = [first_line, bounds.idle].into_iter().filter(|bound| !bound.is_zero());
        bounds.min().map(|bound| self.commanded + bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn at(after: Duration) -> Now {
        Now { monotonic: Monotonic::default() + after, posix_nanoseconds: 0 }
    }

    fn standing(partial: &str, commanded: bool) -> Standing<'_> {
        Standing { partial: partial.as_bytes(), commanded, owes: false }
    }

    /// When what is waited for next is due.
    fn next(silence: &Silence, standing: Standing<'_>, classic: bool) -> Option<(Duration, Timer)> {
        let bounds =
            ClientBounds { first_line: MS(60_000), idle: MS(90_000), ..ClientBounds::NONE };
        let deadlines = silence.deadlines(standing, classic, &bounds);
        let at = deadlines.next()?;
        Some((at.since(Monotonic::default()), deadlines.due(at)?))
    }

    #[test]
    fn a_whole_command_ends_sooner_than_half_of_one() {
        let mut silence = Silence::since(at(MS(0)), false);
        silence.hear(at(MS(500)));
        for (partial, waits_on) in
            [("IAMAT seg +34.06", true), ("IAMAT kiwi +34-118 1", false), ("nonsense", false)]
        {
            silence.hear(at(MS(500)));
            let half = standing(partial, false);
            assert_eq!(next(&silence, half, true), Some((MS(600), Timer::Command)), "{partial}");
            assert_eq!(silence.waits_on(half.partial), waits_on, "{partial}");
            if waits_on {
                assert_eq!(next(&silence, half, true), Some((MS(1_500), Timer::Command)));
                assert!(!silence.waits_on(half.partial), "no longer than that");
            }
        }
        let served = standing("", true);
        assert_eq!(next(&silence, served, true), Some((MS(600), Timer::Served)));
        assert!(!silence.is_served(served, at(MS(599)).monotonic));
        assert!(silence.is_served(served, at(MS(600)).monotonic));
        let owing = Standing { owes: true, ..served };
        assert_eq!(next(&silence, owing, true), Some((MS(90_000), Timer::Idle)));
    }

    #[test]
    fn half_a_line_is_hinted_at_once_and_otherwise_nothing_is_waited_for_but_commands() {
        let mut silence = Silence::since(at(MS(100)), false);
        silence.hear(at(MS(500)));
        let half = standing("IAMAT", false);
        assert_eq!(next(&silence, half, false), Some((MS(1_500), Timer::Hint)));
        assert!(silence.hint() && !silence.hint());
        assert_eq!(next(&silence, half, false), Some((MS(60_100), Timer::Idle)));
        silence.note_command(at(MS(700)));
        assert_eq!(next(&silence, standing("", true), false), Some((MS(90_700), Timer::Idle)));
        let none = silence.deadlines(half, false, &ClientBounds::NONE);
        assert_eq!(none.next(), None);
    }
}
