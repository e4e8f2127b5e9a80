//! Bytes <-> meaning: lines, commands, locations, times, HTTP. Pure: no clock, no socket, no state but
//! the rest of a line or a request.
//!
//! [`LineReader`] cuts what arrives into lines; [`Command`] is what a client's line may say,
//! [`NeighbourLine`] what servers say to each other, [`nats::Piece`] what a message bus says. The fields
//! of a command are checked where they are read and kept as the bytes they came in, so that they can be
//! passed on byte for byte. Parsers take any bytes, allocate nothing and never panic.

mod ascii;
pub(crate) mod calendar;
mod fast_path;
mod lifetimes;
mod misnumbered;
mod name;
mod plural;
mod scanner;

pub mod client_json;
pub mod command;
pub mod decimal;
pub mod event_id;
pub mod gateway;
pub mod host;
pub mod http;
pub mod ingest;
pub(crate) mod json;
pub mod lines;
pub mod location;
pub mod nats;
pub mod neighbour;
pub mod prefetch;
pub mod printable;
pub mod time;
pub mod uri;

pub use command::{
    Auth, Command, Forget, Front, IamAt, Malformed, Near, Place, Reason, Watch, WhatsAt,
    may_hold_token,
};
pub use decimal::Decimal;
pub use event_id::EventId;
pub use lifetimes::Lifetimes;
pub use lines::{Line, LineReader};
pub use location::{Location, Misplaced};
pub use misnumbered::Misnumbered;
pub use neighbour::{At, NeighbourLine};
pub use plural::plural;
pub use printable::Printable;
