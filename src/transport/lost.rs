//! Why a connection is gone.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// How far a connection on its way out had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialStage {
    /// The host's name was being looked up.
    LookUp,
    /// TCP was connecting to that address.
    Connect(SocketAddr),
    /// TLS was being agreed on with that address.
    Handshake(SocketAddr),
}

impl DialStage {
    /// The address that was tried, if there was one.
    pub fn address(self) -> Option<SocketAddr> {
        match self {
            DialStage::LookUp => None,
            DialStage::Connect(address) | DialStage::Handshake(address) => Some(address),
        }
    }
}

impl fmt::Display for DialStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialStage::LookUp => f.write_str("the name look-up was pending"),
            DialStage::Connect(address) => write!(f, "the TCP connect to {address} was pending"),
            DialStage::Handshake(address) => {
                write!(f, "the TLS handshake with {address} was pending")
            }
        }
    }
}

/// Why a connection is gone, or why it never came to be.
#[derive(Debug)]
pub enum Lost {
    /// Closed in order: all that was written was handed over.
    Closed,
    /// The same, and so many bytes came when no more was listened to: they have been passed over.
    ClosedOver {
        /// How many.
        bytes: u32,
    },
    /// Given up by its own protocol.
    Aborted,
    /// The peer took none of our output for too long.
    Stalled,
    /// Not connected in time; how far it had come.
    ConnectTimeout(DialStage),
    /// The host name could not be resolved.
    Resolve(String),
    /// The connection was refused or unreachable; nothing was exchanged.
    Connect(io::Error),
    /// TLS could not be set up or broke down, with a peer that speaks it.
    Tls(String),
    /// The same, and the peer that was dialled has not said a word of it.
    NotTls(String),
    /// The connection broke: reset, timed out in the kernel, ...
    Io(io::Error),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Closed => f.write_str("closed"),
            Lost::ClosedOver { bytes } => {
                let s = if *bytes == 1 { "" } else { "s" };
                write!(f, "closed; {bytes} byte{s} that came after its end were not listened to")
            }
            Lost::Aborted => f.write_str("given up"),
            Lost::Stalled => f.write_str("the peer does not read"),
            Lost::ConnectTimeout(stage) => write!(f, "not connected in time: {stage}"),
            Lost::Resolve(why) => write!(f, "name look-up failed: {why}"),
            Lost::Connect(error) => write!(f, "cannot connect: {error}"),
            Lost::Tls(why) | Lost::NotTls(why) => write!(f, "TLS: {why}"),
            Lost::Io(error) => write!(f, "{error}"),
        }
    }
}
