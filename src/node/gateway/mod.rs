//! A gateway: what this server tells a message bus, and what it takes from there.

mod options;

pub use options::{BUS_PROFILE, Credentials, GatewayOptions};
