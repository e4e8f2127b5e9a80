//! What a conversation waits for, and until when: all of it in one place.

use crate::transport::Monotonic;

/// Each thing that is waited for, if it is now, and until when; what counts first when several are due
/// stands first.
#[derive(Debug)]
pub(super) struct Deadlines<T, const N: usize>(pub [(T, Option<Monotonic>); N]);

impl<T: Copy, const N: usize> Deadlines<T, N> {
    /// When the first of them is due: for [`set_timer`](crate::transport::Transport::set_timer).
    pub fn next(&self) -> Option<Monotonic> {
        self.0.iter().filter_map(|&(_, at)| at).min()
    }

    /// What is due.
    pub fn due(&self, now: Monotonic) -> Option<T> {
        let mut due = self.0.iter().filter(|(_, at)| at.is_some_and(|at| at <= now));
        due.next().map(|&(timer, _)| timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_time_is_next_and_the_first_in_rank_is_due() {
        let at = Monotonic::from_nanoseconds;
        let deadlines = Deadlines([('a', Some(at(9))), ('b', None), ('c', Some(at(5)))]);
        assert_eq!(deadlines.next(), Some(at(5)));
        let due = [4, 5, 8, 9].map(|now| deadlines.due(at(now)));
        assert_eq!(due, [None, Some('c'), Some('c'), Some('a')]);
        assert_eq!(Deadlines([('a', None)]).next(), None);
    }
}
