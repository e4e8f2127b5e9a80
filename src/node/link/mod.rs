//! Links: each server of a pair of neighbours dials the other, so a pair has two connections, and
//! each carries the feed of the server that dialled it.
//!
//! | end | conversation | what it does |
//! |---|---|---|
//! | dialled | [`Dialled`] | greets the neighbour and pushes our feed to it |
//! | accepted | [`Accepted`] | takes in the neighbour's feed and acknowledges its marks |
//!
//! What the two connections of a pair have to do with each other is in the [`Peers`]. Who has connected
//! and not greeted is among the [`Strangers`].

mod accepted;
mod behind;
mod catch_up;
mod dialled;
mod greeting;
mod peers;
mod progress;
mod received;
mod security;
mod strangers;
mod told;

pub(super) use accepted::Accepted;
pub(super) use dialled::Dialled;
pub(super) use peers::Peers;
pub use security::{LINKS_PROFILE, LinkSecurity};
pub(super) use strangers::Strangers;

#[cfg(test)]
mod tests;
