//! SIGINT and SIGTERM as a readable descriptor.

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;

/// The descriptor that becomes readable when the process is asked to stop.
#[derive(Debug)]
pub(super) struct Signals {
    receiver: UnixStream,
    registered: Vec<SigId>,
}

impl Signals {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let mut receiver = UnixStream::from_std(receiver);
        registry.register(&mut receiver, token, Interest::READABLE)?;
        let registered =
            vec![pipe::register(SIGINT, sender.try_clone()?)?, pipe::register(SIGTERM, sender)?];
        Ok(Signals { receiver, registered })
    }

    /// How many signals came since the last call.
    pub(super) fn take(&mut self) -> usize {
        let mut count = 0;
        let mut bytes = [0; 16];
        loop {
            match self.receiver.read(&mut bytes) {
                Ok(0) => return count,
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return count,
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for &id in &self.registered {
            unregister(id);
        }
    }
}
