//! Named stories: what happens to a herd, told step by step in the simulated world.

mod costs;
mod crashes;
mod cuts;
mod order;
mod versions;
