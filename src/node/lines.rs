//! Lines as conversations see them: in the log, and from a neighbour that may break the grammar.

use crate::limits;
use crate::positions::{Change, Kind, Positions};
use crate::transport::ConnectionId;
use crate::wire::neighbour::{write_at, write_gone};
use crate::wire::prefetch::next_client_ids;
use crate::wire::{Line, LineReader, Printable, may_hold_token};
use log::{Level, info};
use std::{fmt, mem};

/// Appends a change as servers tell it, and LF.
#[inline]
pub(super) fn write_change(out: &mut Vec<u8>, change: &Change<'_>) {
    let (server, difference) = (change.origin_name(), change.difference_nanoseconds());
    let text = change.text().bytes();
    match change.kind() {
        Kind::Position => write_at(out, server, difference, text),
        Kind::Tombstone => write_gone(out, server, difference, text),
    }
}

/// What lines in and out are logged as, so that they can be left out: `RUST_LOG=info,traffic=off`.
pub(super) const TRAFFIC: &str = "traffic";

/// Those that hold no control character, however they came: the log need not look for any. It is part of
/// what `traffic` filters.
const TRAFFIC_LINE: &str = "traffic::line";

/// Between the connection and a line that came in.
pub(super) const IN: [u8; 3] = *b" < ";
/// The same for one that goes out.
pub(super) const OUT: [u8; 3] = *b" > ";

/// Whether lines may be logged: one comparison.
#[inline]
pub(super) fn lines_are_logged() -> bool {
    Level::Info <= log::max_level()
}

/// Logs one line that came in.
#[inline]
pub(super) fn log_in(role: &'static str, id: ConnectionId, line: &[u8]) {
    if lines_are_logged() {
        log_now(&Logged { role, arrow: IN, id, line });
    }
}

/// Logs one line that goes out.
#[inline]
pub(super) fn log_out(role: &'static str, id: ConnectionId, line: &[u8]) {
    if lines_are_logged() {
        log_now(&Logged { role, arrow: OUT, id, line });
    }
}

/// Whether lines may be logged at that level.
pub(super) fn lines_are_logged_at(level: Level) -> bool {
    level <= log::max_level()
}

/// Logs one line that came in or goes out between servers, at a level that says whether it is news.
pub(super) fn log_at(
    level: Level,
    (role, arrow): (&'static str, [u8; 3]),
    id: ConnectionId,
    line: &[u8],
) {
    if lines_are_logged_at(level) {
        log::log!(target: TRAFFIC_LINE, level, "{}", Logged { role, arrow, id, line });
    }
}

/// A line without its LF; all else in it is shown.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

// Apart, so that a line that is not logged costs next to nothing.
#[cold]
fn log_now(line: &Logged<'_>) {
    info!(target: TRAFFIC_LINE, "{line}");
}

const ARROW_BYTES: usize = 3;
/// Of `neighbour`, the longest.
const ROLE_BYTES_MAX: usize = 9;

/// Role, connection, arrow, line. Put together here since the machinery of `format_args!` costs more
/// than the rest of the log does, and there are two such lines for each report.
struct Logged<'a> {
    role: &'static str,
    arrow: [u8; ARROW_BYTES],
    id: ConnectionId,
    line: &'a [u8],
}

impl fmt::Display for Logged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All before the line in one piece, from its end.
        const ID_END: usize = ROLE_BYTES_MAX + 1 + ConnectionId::TEXT_BYTES_MAX;
        let mut head = [b' '; ID_END + ARROW_BYTES];
        head[ID_END..].copy_from_slice(&self.arrow);
        let start = self.id.write_before(&mut head[..ID_END]) - 1;
        let role = self.role.as_bytes();
        let Some(begin) = start.checked_sub(role.len()) else { return Err(fmt::Error) };
        head[start] = b' ';
        head[begin..start].copy_from_slice(role);
        f.write_str(str::from_utf8(&head[begin..]).unwrap_or_default())?;
        if may_hold_token(self.line) {
            return f.write_str("AUTH (a token)");
        }
        Printable(self.line).fmt(f)
    }
}

/// The lines of a neighbour: those that are too long are passed over, those that make no sense
/// counted.
#[derive(Debug, Default)]
pub(super) struct LinesFrom {
    reader: LineReader,
    broken: u64,
}

impl LinesFrom {
    /// Takes the reader out for the time of a loop over its lines.
    pub(super) fn take(&mut self) -> LineReader {
        mem::take(&mut self.reader)
    }

    /// Puts it back.
    pub(super) fn put_back(&mut self, reader: LineReader) {
        self.reader = reader;
    }

    /// Counts a line that breaks the grammar or comes out of turn; how many there were.
    pub(super) fn count_broken(&mut self) -> u64 {
        self.broken += 1;
        self.broken
    }

    /// Of how many that is so, if of any: for the log.
    pub(super) fn broken(&self) -> String {
        match self.broken {
            0 => String::new(),
            broken => format!("; broken lines: {broken}"),
        }
    }
}

/// Fetches into the processor's caches what the next lines of one delivery will touch. In a large
/// store each report touches memory that is in none of them, here and there, and would wait for it
/// several times; asked for several lines at once, the waits are one.
pub(super) struct Prefetch {
    /// Which field of a line is the client's id, counted from 0.
    field: usize,
    /// What is left of the delivery when the next fetch is due.
    due_at: usize,
}

impl Prefetch {
    pub(super) fn over(data: &[u8], field: usize, positions: &Positions) -> Self {
        let pays = positions.len() >= limits::PREFETCH_POSITIONS_MIN;
        Prefetch { field, due_at: if pays { data.len() } else { 0 } }
    }

    /// To be called before the next line of `data`, the rest of the delivery, is read.
    #[inline]
    pub(super) fn advance(&mut self, data: &[u8], positions: &Positions) {
        if data.len() <= self.due_at {
            self.fetch(data, positions);
        }
    }

    #[inline(never)]
    fn fetch(&mut self, data: &[u8], positions: &Positions) {
        let mut clients: [&[u8]; limits::PREFETCH_LINES_MAX] = [&[]; _];
        let (found, rest) = next_client_ids(data, self.field, &mut clients);
        positions.prefetch(&clients[..found]);
        self.due_at = rest.len();
    }
}

/// The next line of a neighbour, whole or, where it is too long, its beginning, which breaks the
/// grammar by its length.
pub(super) fn next_line<'a, 'd: 'a>(
    reader: &'a mut LineReader,
    data: &mut &'d [u8],
) -> Option<Result<&'a [u8], &'a [u8]>> {
    match reader.next(data, limits::NEIGHBOUR_LINE_BYTES_MAX)? {
        Line::Whole(line) => Some(Ok(line)),
        Line::TooLong(beginning) => Some(Err(beginning)),
    }
}
