//! The bounds of a server's life with whoever starts and stops it, and of its clean stop: what is waited
//! for, each from when it was asked for, so that all of it is over within 5 s, whatever anybody does;
//! `limits` shows them on its page.

use std::time::Duration;

/// Sockets that are taken from whoever starts the server; of more none is.
pub const HANDED_OVER_MAX: usize = 64;
/// How often the service manager is told in words how the server is, at most, and looked for whether there is
/// something to tell.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// How long listeners still take those whose connection the system has begun to make.
pub const STOP_ACCEPTING: Duration = Duration::from_millis(100);
/// How long is waited for what has not been said yet: the first words of who connected, the rest of half a
/// command, the end of a handshake, what Places was asked, a neighbour's answer to our greeting (contract).
pub const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// How long what had come is read, of who goes on sending.
pub const STOP_READ_MAX: Duration = Duration::from_secs(2);
/// When those who connected to us are cut, however they take their answers: the rest is for telling
/// neighbours.
pub const STOP_ACCEPTED_MAX: Duration = Duration::from_secs(3);
/// How long a clean stop takes at most (contract: within 5 s).
pub const STOP_GRACE: Duration = Duration::from_secs(4);
/// How long a peer may take none of our output once the server stops, and how long a connection that
/// is closed waits then for the peer to end, too.
pub const STOP_STALL_MAX: Duration = Duration::from_secs(1);
