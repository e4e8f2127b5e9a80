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

/// What is to be done with a file. Requests for one file are carried out in their order; those that
/// wait for the disk (to force and to remove) by a helper thread, meanwhile turns go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileRequest {
    /// Make a file, for its owner alone, that is appended to under this number from now on; what was
    /// open under it is closed. There must be nothing at that path, neither a file nor a link, nor
    /// one that is being removed.
    Create(PathBuf),
    /// Hand these bytes to the system, behind all that is in the file.
    Append(Vec<u8>),
    /// Have the disk hold what was appended so far (fdatasync) and, the first time, the file's name
    /// (by syncing its folder). It fails when the file is no longer at its path: what is appended to
    /// it would be lost with it. Forces that are asked for while another is waited for are one.
    Force,
    /// Close the file. Of a force that is under way nothing is told any more, and one that waits for
    /// it is not begun. Removals are carried out and told all the same.
    Close,
    /// Remove what is at that path and is no folder. That it is gone is not forced to the disk: after
    /// a power cut the file may be back. It need not be the file that is open under this number.
    Remove(PathBuf),
}

/// What came of a request. Creating and appending are told at once, forcing and removing later, in
/// the order of their requests; nothing is told of what was appended or closed.
#[derive(Debug)]
pub enum FileEvent {
    /// The file was made, and is empty.
    Created,
    /// The disk holds so many bytes of the file, at least, and its name.
    Forced {
        /// Of the file.
        bytes: u64,
        /// How many more bytes there is room for in its file system, where that is known.
        room: Option<u64>,
        /// How long that took, without the time for which it waited for others.
        took: Duration,
    },
    /// There is nothing at the path any more (or there was not).
    Removed,
    /// A request could not be carried out.
    ///
    /// * Of what was to be appended the file may hold a part.
    /// * After a force that failed because the disk did (and not because the file is no longer at its
    ///   place: then the kind is [`NotFound`](io::ErrorKind::NotFound)) all later ones fail, too: the
    ///   system may have given up what it could not write, and says so only once. The file is to be
    ///   begun anew under another path.
    Failed(FileStep, io::Error),
}

/// Which request it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStep {
    /// To make the file.
    Create,
    /// To append to it.
    Append,
    /// To force it to the disk.
    Force,
    /// To remove a file.
    Remove,
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
