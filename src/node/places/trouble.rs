//! How much of the trouble with Places belongs among the warnings: an operator must see each kind of
//! it, and a service that fails a thousand questions a second must not fill the log with them.

use super::counters::CallFailure;
use crate::limits;
use crate::node::lines::TRAFFIC;
use crate::node::log_throttle::LogThrottle;
use crate::places::Status;
use crate::transport::Monotonic;
use crate::wire::plural;
use log::{info, warn};
use std::fmt;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Places answered, with that status.
    Answer(Status),
    /// It did not.
    Failure(CallFailure),
    /// It was not asked, since it had just failed.
    LeftAlone,
    /// It was not asked, since too many questions waited.
    Crowded,
    /// It was not asked, since a cap was reached.
    OverCap,
}

/// When each kind was last said to be.
#[derive(Debug)]
pub(super) struct TroubleLog {
    /// Which service it is about: host and port.
    place: String,
    /// There are as many as kinds that ever were.
    said: Vec<(Trouble, LogThrottle)>,
}

impl TroubleLog {
    pub(super) fn new(place: String) -> Self {
        TroubleLog { place, said: Vec::new() }
    }

    /// Logs it: as a warning if its kind was not for a while, with how often it was meanwhile.
    pub(super) fn tell(&mut self, kind: Trouble, now: Monotonic, what: fmt::Arguments<'_>) {
        let mention = self.mention(kind, now);
        let place = &self.place;
        match mention {
            Some(0) => warn!("{what} (Places is {place})"),
            Some(unsaid) => {
                let times = plural(unsaid, "time");
                warn!("{what}; so it was {times} since the last warning (Places is {place})");
            }
            None => info!(target: TRAFFIC, "{what}"),
        }
    }

    /// Whether a warning is due, and if so how often it was not.
    fn mention(&mut self, kind: Trouble, now: Monotonic) -> Option<u64> {
        let known = self.said.iter().position(|(said, _)| *said == kind);
        let at = known.unwrap_or_else(|| {
            self.said.push((kind, LogThrottle::default()));
            self.said.len() - 1
        });
        self.said[at].1.admit(now, limits::PLACES_TROUBLE_REMINDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_kind_is_a_warning_at_once_and_then_now_and_then_with_a_count() {
        let denied = Trouble::Answer(Status::RequestDenied);
        let limited = Trouble::Answer(Status::OverQueryLimit);
        let mut trouble = TroubleLog::new("localhost:8443".to_owned());
        let mut now = Monotonic::default();
        assert_eq!(trouble.mention(denied, now), Some(0));
        for _ in 0..1_000 {
            assert_eq!(trouble.mention(denied, now), None);
        }
        assert_eq!(trouble.mention(limited, now), Some(0), "another kind is news");
        now = now + (limits::PLACES_TROUBLE_REMINDER - Duration::from_nanos(1));
        assert_eq!(trouble.mention(denied, now), None);
        now = now + Duration::from_nanos(1);
        assert_eq!(trouble.mention(denied, now), Some(1_001));
        assert_eq!(trouble.mention(denied, now), None);
        assert_eq!(trouble.mention(limited, now), Some(0));
        assert_eq!(trouble.mention(Trouble::Failure(CallFailure::Late), now), Some(0));
    }
}
