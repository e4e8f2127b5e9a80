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

impl<P, L> Action<P, L> {
    /// The same for other protocols, of which `make` makes the one for an endpoint that is dialled:
    /// for applications that are put around others.
    pub fn with_protocol<Q>(self, make: impl FnOnce(&Endpoint, P) -> Q) -> Action<Q, L> {
        match self {
            Action::Dial { endpoint, protocol, timeout } => {
                let protocol = make(&endpoint, protocol);
                Action::Dial { endpoint, protocol, timeout }
            }
            Action::Wake(id) => Action::Wake(id),
            Action::Listen { listener, address, tls } => Action::Listen { listener, address, tls },
            Action::StopListening(listener) => Action::StopListening(listener),
            Action::File(file, request) => Action::File(file, request),
            Action::Stop => Action::Stop,
        }
    }
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
    /// Have the disk hold what was appended so far (fdatasync). A helper thread waits for the disk;
    /// meanwhile turns go on.
    Force,
    /// Close the file. Of a force that is under way nothing is told any more.
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
    Failed(FileStep, io::Error),
}

/// Which request it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStep {
    /// To open the file.
    Open,
    /// To append to it.
    Append,
    /// To force it to the disk.
    Force,
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
