//! `load --walk`: clients that go between real towns, for who wants to see a herd at work.
//!
//! From the bottom up: [`way`] (along the earth), [`mode`] (how fast, between which towns),
//! [`traveller`] (one client), [`crowd`] (all of them), [`link`] and [`reports`] (to whom they report),
//! [`options`].

mod crowd;
mod link;
mod mode;
mod options;
mod reports;
mod traveller;
mod way;

pub use options::{WalkOptions, declare, read};

use crate::world::{self, WORLD};
use crowd::World;
use herd::reactor::Reactor;
use reports::Walk;

/// Walks until the process is asked to end; whether all answers were right.
///
/// # Errors
/// In one line what the system refuses.
pub fn walk(options: &WalkOptions, mut say: impl FnMut(&str)) -> Result<bool, String> {
    let places = world::read(WORLD).map_err(|error| error.to_string())?;
    let crowd = World::new(places).crowd(options.clients, options.seed)?;
    let mut walk = Walk::new(crowd, &options.servers, options.speed_up, options.seed);
    let mut reactor = Reactor::new().map_err(|error| error.to_string())?;
    let tell = |walk: &mut Walk, _| walk.take_said().iter().for_each(|line| say(line));
    reactor.run(&mut walk, tell).map_err(|error| error.to_string())?;
    Ok(walk.count().wrong == 0)
}
