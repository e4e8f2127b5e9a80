//! Trouble that may come a thousand times a second, and is to be told at once and then now and then.

use crate::transport::Monotonic;
use std::time::Duration;

/// When one kind of trouble was told.
#[derive(Debug, Default)]
pub(super) struct Reminder {
    told: Option<Monotonic>,
    /// How often it came since then.
    untold: u64,
}

impl Reminder {
    /// It has come. Whether it is to be told, which is once in each `pause`; and if so how often it
    /// came since the last time and was not.
    pub(super) fn mention(&mut self, now: Monotonic, pause: Duration) -> Option<u64> {
        if self.told.is_some_and(|told| now.since(told) < pause) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::NO_ROOM_REMINDER;

    #[test]
    fn what_has_no_room_is_told_at_once_and_then_now_and_then() {
        let mut reminder = Reminder::default();
        let mut now = Monotonic::default() + Duration::from_secs(1);
        assert_eq!(reminder.mention(now, NO_ROOM_REMINDER), Some(0));
        for count in [3, 0] {
            for _ in 0..count {
                assert_eq!(reminder.mention(now, NO_ROOM_REMINDER), None);
            }
            now = now + NO_ROOM_REMINDER;
            assert_eq!(reminder.mention(now, NO_ROOM_REMINDER), Some(count));
        }
    }
}
