//! What is told when a link comes up until the neighbour has all that there was: in the log one line at
//! each end, instead of one for each position, which would push out what matters.

use crate::node::lines::{self, OUT, lines_are_logged_at, log_at};
use crate::positions::Change;
use crate::transport::{ConnectionId, Monotonic};
use crate::wire::plural;
use log::Level;

/// What has been told so far.
#[derive(Debug)]
pub(super) struct CatchUp {
    since: Monotonic,
    positions: u64,
    bytes: u64,
}

/// The same at the end that tells.
#[derive(Debug)]
pub(super) struct Telling {
    /// The end of the feed when it began.
    pub up_to: u64,
    /// Whether all of that has been told, and the mark said that ends it.
    pub is_over: bool,
    pub so_far: CatchUp,
}

impl CatchUp {
    /// Nothing so far.
    pub fn new(now: Monotonic) -> Self {
        CatchUp { since: now, positions: 0, bytes: 0 }
    }

    /// A position has been told, in a line of so many bytes.
    pub fn count(&mut self, bytes: usize) {
        self.positions += 1;
        self.bytes += bytes as u64;
    }

    /// Whether there was nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.positions == 0
    }

    /// Positions, bytes and seconds.
    pub fn summary(&self, now: Monotonic) -> String {
        let (positions, bytes) = (plural(self.positions, "position"), plural(self.bytes, "byte"));
        let seconds = now.since(self.since).as_secs_f64();
        format!("{positions}, {bytes} in {seconds:.3} s")
    }
}

impl Telling {
    /// Up to there.
    pub fn new(up_to: u64, now: Monotonic) -> Self {
        Telling { up_to, is_over: false, so_far: CatchUp::new(now) }
    }
}

/// Writes a change on that link, and logs it; what belongs to what there was when the link came up is
/// counted instead.
pub(super) fn write_change(
    out: &mut Vec<u8>,
    change: &Change<'_>,
    link: ConnectionId,
    telling: Option<&mut Telling>,
) {
    let start = out.len();
    lines::write_change(out, change);
    let level = if telling.is_some() { Level::Trace } else { Level::Info };
    if lines_are_logged_at(level) {
        log_at(level, ("link", OUT), link, out[start..].trim_ascii_end());
    }
    if let Some(telling) = telling {
        telling.so_far.count(out.len() - start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_is_summed_up_in_a_line() {
        let start = Monotonic::from_nanoseconds(5);
        let mut catch_up = CatchUp::new(start);
        assert!(catch_up.is_empty());
        [40, 60].into_iter().for_each(|bytes| catch_up.count(bytes));
        let later = start + Duration::from_millis(1_234);
        assert_eq!(catch_up.summary(later), "2 positions, 100 bytes in 1.234 s");
    }
}
