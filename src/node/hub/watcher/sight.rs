//! Whom a watcher may be told of.

use super::super::event::News;
use super::Watcher;
use crate::node::access::Sight;

impl Watcher {
    /// From now on it is told of those only. Who is not told of all cannot share what all are told.
    pub fn restrict(&mut self, sight: Option<Sight>) {
        self.sight = sight;
        if let Some(everything) = self.everything.as_mut().filter(|_| self.sight.is_some()) {
            everything.go_alone();
        }
    }

    /// Whether it may be told that.
    pub fn may_be_told(&self, news: &News<'_>) -> bool {
        news.client().is_none_or(|client| self.may_know(client))
    }

    /// Whether it may be told of that client.
    pub(super) fn may_know(&self, client: &[u8]) -> bool {
        self.sight.as_ref().is_none_or(|sight| sight.covers(client))
    }
}
