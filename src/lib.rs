//! Herd: equal servers on one TCP line protocol that together know where every client is right now.

pub mod herd;
pub mod limits;
pub mod node;
pub mod places;
pub mod positions;
pub mod reactor;
pub mod transport;
pub mod wire;

pub mod cli;
pub mod logs;
