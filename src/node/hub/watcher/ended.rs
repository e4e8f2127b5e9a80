//! How a watch ends, and what of what was told belongs to the others.

use super::super::watches::{Noted, Watched, What};
use super::Watcher;
use crate::positions::{Point, Positions, RecordNumber};
use crate::wire::Location;

impl Watcher {
    /// That watch ends.
    pub fn remove(&mut self, fields: &[u8], positions: &mut Positions) -> Option<Watched> {
        let watched = self.watches.remove(fields)?;
        for at in (0..self.beginnings.len()).rev() {
            if **self.beginnings[at].fields() == *fields
                && let Some(beginning) = self.beginnings.remove(at)
            {
                beginning.end(positions);
            }
        }
        self.forget_told(&watched, positions);
        self.forget_departed();
        Some(watched)
    }

    /// The watch of everything ends, if there is one: the others go on from what it has told.
    pub fn remove_everything(&mut self, positions: &mut Positions) -> bool {
        let Some(everything) = self.everything.take() else { return false };
        self.noted.retain(|noted| {
            let change = positions.change_of(noted.number);
            change.is_some_and(|change| !everything.has_told(change.sequence(), positions))
        });
        everything.end(positions);
        // See below, of the forgotten.
        let Watcher { watches, told, .. } = self;
        told.retain(|&number, &mut point| {
            let change = positions.change_of(number);
            change.is_some_and(|change| watches.still_take(change.client(), point))
        });
        self.forget_departed();
        true
    }

    /// Leaves out of whom it was told only by a watch that has ended. Who is where no watch takes it any
    /// more has left the others, though it may not have been noted for them: that watch took it.
    fn forget_told(&mut self, ended: &Watched, positions: &Positions) {
        let Watcher { watches, noted, told, everything, .. } = self;
        let mut left = Vec::new();
        let mut is_still_told = |number: RecordNumber, point: Option<Point>| {
            let Some(change) = positions.change_of(number) else { return false };
            let now = change.position().map(|position| watches.take(&position));
            // That it was forgotten is told by the watch of everything, if it was told of.
            if now.is_none() && everything.is_some() {
                return true;
            }
            let is_taken = now.is_some_and(|(is_taken, _)| is_taken);
            // Where it is can be told exactly, where it was nearly so.
            let is_told = match now {
                Some((is_taken, at)) if at == point => is_taken,
                _ => watches.still_take(change.client(), point),
            };
            if is_told && !is_taken {
                left.push(Noted::new(&change));
            }
            is_told
        };
        match ended.what() {
            What::Client => {
                let number = positions.find_record(ended.fields());
                if let Some(number) = number
                    && let Some(&point) = told.get(&number)
                    && !is_still_told(number, point)
                {
                    told.remove(&number);
                }
            }
            What::Area(area) => told.retain(|&number, &mut point| {
                let was_in_it = point.is_none_or(|point| area.may_contain(point));
                let is_in_it = || point_of(number, positions).is_some_and(|p| area.may_contain(p));
                (!was_in_it && !is_in_it()) || is_still_told(number, point)
            }),
        }
        if !left.is_empty() {
            noted.extend(left);
            noted.make_contiguous().sort_by_key(|noted| noted.sequence);
            let mut before = 0;
            noted.retain(|noted| std::mem::replace(&mut before, noted.sequence) != noted.sequence);
        }
    }
}

/// Where a client is, if it is anywhere.
fn point_of(number: RecordNumber, positions: &Positions) -> Option<Point> {
    let position = positions.change_of(number)?.position()?;
    Location::parse(position.location()).as_ref().map(Point::of)
}
