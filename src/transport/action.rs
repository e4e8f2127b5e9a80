//! What an application asks of its driver, and what it is told beside its connections.

use super::id::ConnectionId;
use super::peer::{Endpoint, TlsProfile};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What an application asks of its driver. `P` are its protocols, `L` names its listeners.
#[derive(Debug)]
pub enum Action<P, L> {
    /// Connect to `endpoint` and hand the connection to `protocol`, which hears of failure (also
    /// of not being connected within `timeout`) by `connection_lost`.
    Dial {
        /// Where to, and how it is secured.
        endpoint: Endpoint,
        /// Who speaks there.
        protocol: P,
        /// For look-up, connect and TLS handshake together.
        timeout: Duration,
    },
    /// Call [`Protocol::woken`](super::Protocol::woken) of that connection in this turn, if it
    /// still exists and is up.
    Wake(ConnectionId),
    /// Accept connections at that address; [`Application::listening`](super::Application::listening)
    /// tells what came of it.
    Listen {
        /// What the port is called.
        listener: L,
        /// Where; port 0 for any.
        address: SocketAddr,
        /// Speaking TLS, with that configuration.
        tls: Option<TlsProfile>,
    },
    /// Accept no more connections there. Those that were accepted stay.
    StopListening(L),
    /// Do something with a file; what comes of it is told by
    /// [`Application::file_event`](super::Application::file_event).
    File(FileId, FileRequest),
    /// Stop cleanly; asked a second time, stop at once.
    Stop,
}

/// Which file of the application's; it chooses the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// What is to be done with a file. Requests for one file are carried out in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRequest {
    /// Open the file for appending; it is made, for its owner alone, if it is not there.
    Open(PathBuf),
    /// Hand these bytes to the system, behind all that is in the file.
    Append(Vec<u8>),
    /// Have the disk hold what was appended so far. A helper thread waits for the disk; meanwhile
    /// turns go on.
    Force,
    /// Close the file.
    Close,
}

/// What came of a request.
#[derive(Debug)]
pub enum FileEvent {
    /// It is open and so many bytes long.
    Opened(u64),
    /// The disk holds so many bytes of the file, at least.
    Forced(u64),
    /// A request could not be carried out; of an append the file may hold a part.
    Failed(io::Error),
}

/// A signal to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP.
    HangUp,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "SIGHUP",
        })
    }
}
