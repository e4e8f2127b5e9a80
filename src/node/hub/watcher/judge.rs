//! What there is to say of a record to one who watches, and what is known then of whom it was told.

use super::super::event::News;
use super::super::watches::Noted;
use super::Watcher;
use crate::positions::{Positions, RecordNumber};

impl Watcher {
    /// What there is to say of that record as it is now, if anything is.
    pub fn judge<'p>(
        &mut self,
        number: RecordNumber,
        positions: &'p Positions,
    ) -> Option<News<'p>> {
        let change = positions.change_of(number)?;
        let Some(position) = change.position() else {
            let gone = self.judge_gone(number, positions);
            // To who watches everything, unless nobody can have been told of the client.
            let is_told = self.everything.is_some() && change.was_known();
            return gone.or_else(|| is_told.then_some(News::Gone(change)));
        };
        // That it is dead is told when it is taken out, if it was told of.
        if positions.is_dead(number) {
            return None;
        }
        let (is_taken, point) = match self.watches.len() {
            0 => (false, None),
            _ => self.watches.take(&position),
        };
        let was_told = match is_taken {
            true => self.told.insert(number, point).is_some(),
            false => self.told.remove(&number).is_some(),
        };
        if is_taken || self.everything.is_some() {
            return Some(News::At(position));
        }
        was_told.then(|| News::Out(position.text().client()))
    }

    /// What there is to say of that record as it is now to one who was told before all changes up to
    /// `after`. It is not known of whom: who is not watched may have been.
    pub fn judge_since<'p>(
        &mut self,
        noted: Noted,
        after: u64,
        positions: &'p Positions,
    ) -> Option<News<'p>> {
        let change = positions.change_of(noted.number)?;
        let (is_taken, point) = change.position().map_or((false, None), |p| self.watches.take(&p));
        match is_taken {
            true => self.told.insert(noted.number, point),
            false => self.told.remove(&noted.number),
        };
        let is_news = noted.sequence > after;
        is_news.then_some(match change.position() {
            Some(position) if is_taken => News::At(position),
            Some(position) => News::Out(position.text().client()),
            None if !change.was_known() => return None,
            None => News::Gone(change),
        })
    }

    /// What there is to say of a tombstone, if it was told of the client before.
    pub fn judge_gone<'p>(
        &mut self,
        number: RecordNumber,
        positions: &'p Positions,
    ) -> Option<News<'p>> {
        self.told.remove(&number)?;
        positions.change_of(number).map(News::Gone)
    }
}
