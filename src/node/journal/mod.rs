//! The feed on disk: one more cursor, which is walked to the feed's end in each turn, before links are and
//! before clients are answered; where there are many positions, behind each delivery, too, while they are at
//! hand.
//!
//! | file | what it is |
//! |---|---|
//! | `segments` | which records have their copy in which file, and when the oldest is made needless |
//! | `cleaning` | what lives of the oldest file is appended again |
//! | `writer` | the file that is appended to |
//! | `pace` | when that is forced to the disk |
//! | `promises` | up to where the disk holds it, and who waits for that |
//! | `replay` | what was there at the start |
//! | `calls` | what the rest of the server asks of it |
//! | `figures` | what there is to see of it |
//!
//! The turn hands over what it has brought; a helper thread forces it to the disk, once a second or, where
//! answers wait for it, again and again.
//!
//! **When the disk fails** the file is given up, and what it held beyond the last force is doubted: the
//! cursor goes back to there. Each second another file is begun; when that holds all, the journal is whole.
//! Where the folder has gone, the other files may have gone with it: all are written anew.

mod calls;
mod cleaning;
mod figures;
mod pace;
mod promises;
mod replay;
mod segments;
#[cfg(test)]
mod tests;
mod writer;

pub(super) use figures::JournalFigures;
pub(super) use promises::{Promise, Promised};
pub use replay::ReplayError;

use super::log_throttle::LogThrottle;
use crate::journal::{Identity, file_name};
use crate::limits;
use crate::positions::{Cursor, Positions};
use crate::transport::{FileEvent, FileId, FileRequest, FileStep, Monotonic, Now};
use crate::wire::plural;
use log::{error, info, warn};
use pace::Pace;
use promises::Promises;
use segments::Segments;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use writer::Writer;

/// How a server keeps its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalOptions {
    /// The folder.
    pub dir: PathBuf,
    /// Whether reports are answered only when the disk holds them; else it is forced once a second.
    pub always: bool,
    /// The number of the next file: above all that there are.
    pub next_number: u64,
}

/// See the [module's docs](self).
#[derive(Debug)]
pub(super) struct Journal {
    options: JournalOptions,
    id: Identity,
    /// How often something is written, if only that the server lives.
    lives_every: Duration,
    /// Up to where the feed has been appended.
    cursor: Cursor,
    state: State,
    segments: Segments,
    promises: Promises,
    /// Whether all that is known is in it, or on its way.
    is_whole: bool,
    /// Whether, since it was not, the disk has come to hold what follows the last force before.
    has_caught_up: bool,
    /// Since when it is not.
    broken_at: Option<Monotonic>,
    forgets_after: Duration,
    /// When what has been appended is to be forced.
    pace: Pace,
    written: Monotonic,
    /// Files that were given up when the disk failed: the system may still have what was handed over, so
    /// they stay until the journal is whole without them.
    given_up: Vec<u64>,
    /// Files that could not be removed, and when that is tried again.
    needless: Vec<u64>,
    remove_at: Option<Monotonic>,
    requests: VecDeque<(FileId, FileRequest)>,
    failed: LogThrottle,
    not_removed: LogThrottle,
    failures: u64,
    /// How many more bytes its disk had room for lately, where that is known.
    room: Option<u64>,
}

#[derive(Debug)]
enum State {
    /// To be begun at that time, with another file.
    Closed {
        begin_at: Monotonic,
    },
    Open(Writer),
}

impl Journal {
    fn new(
        options: JournalOptions,
        (herd, server): (&str, &str),
        tombstone_seconds: u32,
        positions: &mut Positions,
    ) -> Self {
        let lives_every = Duration::from_secs(u64::from(tombstone_seconds) / 4);
        Journal {
            id: Identity::new(herd, server, options.next_number),
            pace: Pace::new(options.always),
            options,
            lives_every: lives_every.clamp(Duration::from_secs(1), limits::JOURNAL_LIVES_EVERY_MAX),
            cursor: positions.open_cursor(),
            state: State::Closed { begin_at: Monotonic::default() },
            segments: Segments::new(),
            promises: Promises::new(positions),
            is_whole: true,
            has_caught_up: true,
            broken_at: None,
            forgets_after: Duration::from_secs(tombstone_seconds.into()),
            written: Monotonic::default(),
            given_up: Vec::new(),
            needless: Vec::new(),
            remove_at: None,
            requests: VecDeque::new(),
            failed: LogThrottle::default(),
            not_removed: LogThrottle::default(),
            failures: 0,
            room: None,
        }
    }

    /// A turn ends, which has brought so much: appends it.
    fn keep(&mut self, positions: &mut Positions, now: Now, news: u64) {
        self.begin_if_due(positions, now);
        self.remove_again(now.monotonic);
        self.append_news(positions, now);
        let State::Open(writer) = &mut self.state else { return };
        if !self.is_whole {
            let mut share = limits::WALK_RECORDS_MAX + 2 * news;
            while share > 0
                && let Some(change) = positions.next(&self.cursor)
            {
                writer.line(&change);
                share -= 1;
            }
        }
        let has_news = writer.waiting_bytes() > 0;
        let mut is_needless = false;
        if self.has_caught_up {
            let share = limits::JOURNAL_CLEANED_BYTES_MIN.max(4 * writer.waiting_bytes());
            let share = share.min(limits::JOURNAL_CLEANED_BYTES_MAX);
            self.segments.begin_cleaning(positions);
            is_needless = self.segments.clean(positions, writer, share);
        }
        if writer.waiting_bytes() == 0 && now.monotonic.since(self.written) >= self.lives_every {
            writer.empty_block();
        }
        if is_needless {
            self.pace.soon(now.monotonic, !self.is_whole);
        }
        self.hand_over(positions, now, has_news);
    }

    /// Appends what has come, if the journal is whole: at the end of a turn at the latest.
    fn append_news(&mut self, positions: &mut Positions, now: Now) {
        let State::Open(writer) = &mut self.state else { return };
        writer.set_time(posix_seconds(now));
        if self.is_whole {
            positions.pass(&self.cursor, |change| writer.line(change));
        }
    }

    /// Hands over what waits, and has it forced if it is time, in a turn that `has_news` if it has brought
    /// something.
    fn hand_over(&mut self, positions: &mut Positions, now: Now, has_news: bool) {
        let State::Open(writer) = &mut self.state else { return };
        let (file, taken) = (file_of(writer.number()), writer.take());
        let place = writer.end();
        if let Some((bytes, lines)) = taken {
            self.segments.grew(bytes.len() as u64, lines, &self.cursor, positions);
            self.requests.push_back((file, FileRequest::Append(bytes)));
            self.written = now.monotonic;
            // What mends it is forced at once.
            self.pace.soon(now.monotonic, !self.is_whole);
        }
        let under_way = self.promises.under_way();
        let is_full = self.segments.is_last_full() && under_way < limits::JOURNAL_FORCES_MAX;
        let mends = !self.is_whole && positions.is_at_head(&self.cursor);
        if mends && !self.has_caught_up && under_way == 0 {
            self.pace.soon(now.monotonic, true);
        }
        if is_full || self.pace.is_due(now.monotonic, has_news, under_way) {
            self.pace.asked();
            self.promises.ask(file, place, &self.cursor, mends, positions);
            self.requests.push_back((file, FileRequest::Force));
        }
        if is_full {
            self.segments.end(&self.cursor, positions);
            self.begin(positions, now);
        }
    }

    fn begin_if_due(&mut self, positions: &mut Positions, now: Now) {
        if let State::Closed { begin_at } = self.state
            && begin_at <= now.monotonic
        {
            self.begin(positions, now);
        }
    }

    /// Begins another file, at the cursor.
    fn begin(&mut self, positions: &mut Positions, now: Now) {
        let number = self.options.next_number;
        self.options.next_number += 1;
        let mut writer = Writer::new(self.id.with_file(number), posix_seconds(now));
        writer.empty_block();
        self.requests.push_back((file_of(number), FileRequest::Create(self.path_of(number))));
        self.segments.begin(number, &self.cursor, positions);
        self.state = State::Open(writer);
    }

    fn path_of(&self, number: u64) -> PathBuf {
        self.options.dir.join(file_name(number))
    }

    /// How much has been appended since the last turn.
    fn waiting_bytes(&self) -> usize {
        match &self.state {
            State::Closed { .. } => 0,
            State::Open(writer) => writer.waiting_bytes(),
        }
    }

    /// What came of a request; those to be called are told by [`next_called`](Promises::next_called).
    fn event(&mut self, file: FileId, event: FileEvent, positions: &mut Positions, now: Monotonic) {
        match event {
            FileEvent::Created | FileEvent::Removed => {}
            FileEvent::Forced { bytes, room, took } => {
                self.room = room;
                self.pace.ended(took, now);
                self.forced(file, bytes, positions, now);
            }
            FileEvent::Failed(FileStep::Remove, error) => {
                if let Some(others) = self.not_removed.admit(now, limits::JOURNAL_REMINDER) {
                    let dir = self.options.dir.display();
                    warn!(
                        "a needless file of the journal in {dir} cannot be removed: {error}; tried again, \
                         {others} more were not since this was last said"
                    );
                }
                self.needless.push(u64::from(file.0));
                self.remove_at = Some(now + limits::JOURNAL_RETRY);
            }
            FileEvent::Failed(step, error) => self.fail(step, &error, positions, now),
        }
    }

    fn forced(&mut self, file: FileId, bytes: u64, positions: &mut Positions, now: Monotonic) {
        let forced = self.promises.forced(file, bytes, positions);
        let Some(up_to) = forced.up_to else { return };
        if let Some(needless) = self.segments.forced(up_to, positions) {
            self.remove(needless);
        }
        let is_present = matches!(&self.state, State::Open(w) if file_of(w.number()) == file);
        if !is_present && !self.promises.waits_for(file) {
            self.requests.push_back((file, FileRequest::Close));
        }
        if forced.mends && !self.has_caught_up {
            self.has_caught_up = true;
            // What said that clients are forgotten may have come and gone meanwhile, and is in no file.
            if self.broken_at.is_some_and(|at| now.since(at) >= self.forgets_after) {
                self.segments.doubt_all_but_last();
            }
        }
        if !self.is_whole && self.has_caught_up && !self.segments.are_doubted() {
            self.is_whole = true;
            info!("the journal is whole again");
            (self.failed, self.broken_at) = (LogThrottle::default(), None);
            for number in std::mem::take(&mut self.given_up) {
                self.remove(number);
            }
        }
    }

    fn remove(&mut self, number: u64) {
        self.requests.push_back((file_of(number), FileRequest::Remove(self.path_of(number))));
    }

    fn remove_again(&mut self, now: Monotonic) {
        if self.remove_at.take_if(|at| *at <= now).is_some() {
            for number in std::mem::take(&mut self.needless) {
                self.remove(number);
            }
        }
    }

    /// The disk has failed: the file is given up, and what it held beyond the last force.
    fn fail(
        &mut self,
        step: FileStep,
        error: &io::Error,
        positions: &mut Positions,
        now: Monotonic,
    ) {
        let State::Open(writer) = &self.state else { return };
        let present = file_of(writer.number());
        self.tell_failed(step, error, now);
        self.state = State::Closed { begin_at: now + limits::JOURNAL_RETRY };
        let had_caught_up = std::mem::replace(&mut self.has_caught_up, false);
        self.is_whole = false;
        self.pace.give_up();
        self.broken_at.get_or_insert(now);
        let mut files = self.promises.fail(positions);
        files.retain(|&file| file != present);
        files.push(present);
        self.requests.extend(files.into_iter().map(|file| (file, FileRequest::Close)));
        let at = positions.open_cursor_at(self.promises.safe());
        positions.close_cursor(std::mem::replace(&mut self.cursor, at));
        let given_up = self.segments.failed(self.promises.safe(), positions);
        if had_caught_up {
            self.given_up.extend(given_up);
        } else {
            // What they hold is in those before, too.
            given_up.into_iter().for_each(|number| self.remove(number));
        }
        if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
            self.segments.doubt();
        }
    }

    fn tell_failed(&mut self, step: FileStep, error: &io::Error, now: Monotonic) {
        self.failures += 1;
        let Some(others) = self.failed.admit(now, limits::JOURNAL_REMINDER) else { return };
        let (what, dir) = (words(step), self.options.dir.display());
        let answers = match self.options.always {
            true => "reports are refused meanwhile",
            false => "what comes is kept in memory alone meanwhile",
        };
        error!(
            "the journal in {dir} cannot {what}: {error}; tried again every second, {answers}; it \
             failed {} more since this was last said",
            plural(others, "time")
        );
    }

    /// When there is something to do that no connection brings.
    fn deadline(&self, positions: &Positions) -> Option<Monotonic> {
        let at = match &self.state {
            State::Closed { begin_at } => Some(*begin_at),
            State::Open(_) if self.segments.is_cleaning() => Some(Monotonic::default()),
            State::Open(_) if !self.is_whole && !positions.is_at_head(&self.cursor) => {
                Some(Monotonic::default())
            }
            State::Open(_) => Some(self.written + self.lives_every),
        };
        let force_at = self.pace.deadline(self.promises.under_way());
        at.into_iter().chain(force_at).chain(self.remove_at).min()
    }

    /// Whether reports cannot be promised to be kept.
    fn is_refusing(&self) -> bool {
        self.options.always && !self.is_whole
    }
}

/// The number by which a file is asked for. (There are never so many at a time that two have the same.)
fn file_of(number: u64) -> FileId {
    FileId(number as u32)
}

fn posix_seconds(now: Now) -> u64 {
    now.posix_nanoseconds.unsigned_abs() / 1_000_000_000
}

fn words(step: FileStep) -> &'static str {
    match step {
        FileStep::Create => "begin a file",
        FileStep::Append => "append to its file",
        FileStep::Force => "force its file to the disk",
        FileStep::Remove => "remove a file",
    }
}
