//! What there is to say of a record to one who watches, and what is known then of whom it was told.

use super::super::event::News;
use super::super::watches::Noted;
use super::Watcher;
use super::resumed::Resumed;
use crate::positions::{Point, Positions, RecordNumber};

impl Watcher {
    /// What there is to say of that record as it is now, if anything is.
    pub fn judge<'p>(
        &mut self,
        number: RecordNumber,
        positions: &'p Positions,
    ) -> Option<News<'p>> {
        let change = positions.change_of(number)?;
        if !self.may_know(change.client()) {
            // It may have been told of it before.
            self.told.remove(&number);
            return None;
        }
        let Some(position) = change.position() else {
            let gone = self.judge_gone(number, positions);
            // To who watches everything, unless nobody can have been told of the client.
            let is_told = self.everything.is_some() && change.was_known();
            return gone.or_else(|| is_told.then_some(News::Gone(change)));
        };
        let (is_taken, point) = match self.watches.len() {
            0 => (false, None),
            _ => self.watches.take(&position),
        };
        if positions.is_dead(number) {
            let has_left = self.note_dead(number, is_taken, point) && self.everything.is_none();
            return has_left.then(|| News::Out(position.text().client()));
        }
        let was_told = match is_taken {
            true => self.told.insert(number, point).is_some(),
            false => self.told.remove(&number).is_some(),
        };
        if is_taken || self.everything.is_some() {
            return Some(News::At(position));
        }
        was_told.then(|| News::Out(position.text().client()))
    }

    /// The recent lines have told of that record, though it may have died since they were written.
    pub fn told_by_recent(&mut self, number: RecordNumber, positions: &Positions) {
        let position = positions.change_of(number).and_then(|change| change.position());
        if let Some(position) = position.filter(|_| positions.is_dead(number))
            && let (true, point) = self.watches.take(&position)
        {
            self.told.insert(number, point);
            return;
        }
        self.judge(number, positions);
    }

    /// That position is dead: if it was told of, that is told when it is taken out, and by where it is now
    /// that leads here. Whether it was told of and is not watched any more: then nothing leads here.
    fn note_dead(&mut self, number: RecordNumber, is_taken: bool, point: Option<Point>) -> bool {
        if !is_taken {
            return self.told.remove(&number).is_some();
        }
        if let Some(told) = self.told.get_mut(&number) {
            *told = point;
        }
        false
    }

    /// What there is to say of that record as it is now to one who was told before all changes up to
    /// `after`. It is not known of whom: who is not watched may have been.
    pub fn judge_since<'p>(
        &mut self,
        noted: Noted,
        after: u64,
        positions: &'p Positions,
    ) -> Option<News<'p>> {
        let change = positions.change_of(noted.number).filter(|c| self.may_know(c.client()))?;
        let (is_taken, point) = change.position().map_or((false, None), |p| self.watches.take(&p));
        let Watcher { told, resumed, .. } = self;
        if is_taken && positions.is_dead(noted.number) {
            // As above: that is told when it is taken out.
            let is_known = resumed
                .as_ref()
                .is_some_and(|resumed| resumed.knows(noted.number, change.client()));
            if !is_known || told.contains_key(&noted.number) {
                told.insert(noted.number, point);
            }
            return None;
        }
        let was_told = match is_taken {
            true => told.insert(noted.number, point).is_some(),
            false => told.remove(&noted.number).is_some(),
        };
        let is_news = noted.sequence > after;
        match change.position() {
            Some(position) if is_taken => {
                if let Some(resumed) = resumed {
                    resumed.is_in(noted.number, change.client());
                }
                is_news.then_some(News::At(position))
            }
            Some(position) if is_news => {
                let is_out =
                    |resumed: &mut Box<Resumed>| resumed.is_out(noted.number, change.client());
                let is_first = resumed.as_mut().is_none_or(is_out);
                (was_told || is_first).then(|| News::Out(position.text().client()))
            }
            None if is_news && change.was_known() => Some(News::Gone(change)),
            _ => None,
        }
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
