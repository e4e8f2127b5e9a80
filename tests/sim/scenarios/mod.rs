//! Named scenarios: what happens to a herd, step by step in the simulated world.

mod costs;
mod crashes;
mod cuts;
mod figures;
mod joined;
mod order;
mod storms;
mod trust;
mod versions;
