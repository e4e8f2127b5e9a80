//! Whom a watcher may be told of.

use super::super::event::News;
use super::Watcher;
use crate::node::access::Sight;
use crate::positions::Positions;

impl Watcher {
    /// From now on it is told of those only. Who is not told of all cannot share what all are told.
    pub fn restrict(&mut self, sight: Option<Sight>, positions: &mut Positions) {
        let before = std::mem::replace(&mut self.sight, sight);
        if let Some(before) = before.filter(|before| self.sight.as_ref() != Some(before)) {
            self.forget_untold(&before, positions);
        }
        if let Some(everything) = self.everything.as_mut().filter(|_| self.sight.is_some()) {
            everything.go_alone(positions);
        }
    }

    /// Of whom it might not be told it has not been.
    fn forget_untold(&mut self, before: &Sight, positions: &Positions) {
        self.told.retain(|&number, _| {
            positions.change_of(number).is_some_and(|change| before.covers(change.client()))
        });
        self.departed.retain(|departed| before.covers(&departed.client));
    }

    /// Whether it may be told that.
    pub fn may_be_told(&self, news: &News<'_>) -> bool {
        let Some(sight) = &self.sight else { return true };
        news.client().is_none_or(|client| sight.covers(client))
    }
}
