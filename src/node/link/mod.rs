//! Links: each server of a pair of neighbours dials the other, so a pair has two connections, and
//! each carries the feed of the server that dialled it.
//!
//! | end | conversation | what it does |
//! |---|---|---|
//! | dialled | [`Dialled`] | greets the neighbour and pushes our feed to it |
//! | accepted | [`Accepted`] | takes in the neighbour's feed and acknowledges its marks |
//!
//! What the two connections of a pair have to do with each other is in the [`Peers`].

mod accepted;
mod agreement;
mod dialled;
mod outage;
mod peers;
mod received;

pub(super) use accepted::Accepted;
pub(super) use dialled::Dialled;
pub(super) use peers::Peers;

#[cfg(test)]
mod tests;
