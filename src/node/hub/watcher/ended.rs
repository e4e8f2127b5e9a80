//! How a watch ends, and what of what was told belongs to the others.

use super::super::beginning::Beginning;
use super::super::recent::Recent;
use super::super::watches::{Noted, Watched, What};
use super::Watcher;
use crate::limits;
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
        if self.everything.is_none() {
            self.forget_told(&watched, positions);
        }
        Some(watched)
    }

    /// The watch of everything ends, if there is one.
    pub fn remove_everything(
        &mut self,
        positions: &mut Positions,
        recent: Option<&Recent>,
    ) -> bool {
        let Some(everything) = self.everything.take() else { return false };
        let has_caught_up = recent.is_some_and(|recent| everything.has_caught_up(recent));
        everything.end(positions);
        self.go_on_without_everything(has_caught_up, positions);
        true
    }

    /// Everything is not watched any more. Of whom it was told meanwhile is not kept: of what is still
    /// watched it was told just as it is, if all has been told; else that is told anew.
    fn go_on_without_everything(&mut self, has_caught_up: bool, positions: &mut Positions) {
        self.told.clear();
        let before = std::mem::take(&mut self.beginnings);
        let so_now = if has_caught_up { self.so_now(positions) } else { None };
        for noted in so_now.iter().flatten() {
            self.told.insert(noted.number, point_of(noted.number, positions));
        }
        for watched in self.watches.iter() {
            let is_same = |beginning: &&Beginning| beginning.fields() == watched.fields();
            let times = before.iter().find(is_same).map(Beginning::times);
            if so_now.is_none() || times.is_some() {
                self.beginnings.push_back(Beginning::new(watched, times.unwrap_or(0)));
            }
        }
        before.into_iter().for_each(|beginning| beginning.end(positions));
    }

    /// All that is watched as it is, if that can be said at once.
    fn so_now(&self, positions: &Positions) -> Option<Vec<Noted>> {
        let mut so_now = Vec::new();
        for watched in self.watches.iter() {
            let most = limits::AREA_LISTED_MAX.saturating_sub(so_now.len());
            so_now.extend(watched.at_once(positions, most)?);
        }
        Some(so_now)
    }

    /// Leaves out of whom it was told only by a watch that has ended. Who is where no watch takes it any
    /// more has left the others, though it may not have been noted for them: that watch took it.
    fn forget_told(&mut self, ended: &Watched, positions: &Positions) {
        let Watcher { watches, noted, told, .. } = self;
        let mut left = Vec::new();
        let mut is_still_told = |number: RecordNumber, point: Option<Point>| {
            let Some(change) = positions.change_of(number) else { return false };
            let now = change.position().map(|position| watches.take(&position));
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
