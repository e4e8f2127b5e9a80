//! The client's side of the protocol of NATS, a message bus: what its server says, and how to answer.
//!
//! A server begins with `INFO`, a client with `CONNECT`; then the client subscribes (`SUB`) and publishes
//! (`PUB`, with headers `HPUB`), the server delivers (`MSG`, with headers `HMSG`), and either may ask
//! whether the other is there (`PING`, `PONG`). All are lines of text, some with a payload behind them whose
//! length they tell. [`Reader`] cuts the server's side into [`Piece`]s without keeping payloads; the
//! `write_..` functions append what a client says.
//!
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>; where that leaves something open, as
//! nats-server 2.9 does it.

mod info;
mod reader;
mod subject;
mod write;

#[cfg(test)]
mod tests;

pub use info::Info;
pub use reader::{Broken, Piece, Reader};
pub use subject::{is_subject, write_token};
pub use write::{
    Connect, write_connect, write_ping, write_pong, write_publish, write_publish_with_headers,
    write_subscribe,
};
