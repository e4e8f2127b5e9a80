//! SIGINT and SIGTERM as a readable descriptor.

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use signal_hook::{SigId, flag};
use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Those that ask the process to stop.
const STOP: [(i32, &str); 2] = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")];

/// The descriptor that becomes readable when the process is asked to stop.
#[derive(Debug)]
pub(super) struct Signals {
    receiver: UnixStream,
    /// Which came last: an index into [`STOP`].
    last: Arc<AtomicUsize>,
    registered: Vec<SigId>,
}

impl Signals {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let mut receiver = UnixStream::from_std(receiver);
        registry.register(&mut receiver, token, Interest::READABLE)?;
        let last = Arc::new(AtomicUsize::new(0));
        let mut registered = Vec::new();
        for (index, (signal, _)) in STOP.into_iter().enumerate() {
            // In this order: who reads that there was one finds which.
            registered.push(flag::register_usize(signal, Arc::clone(&last), index)?);
            registered.push(pipe::register(signal, sender.try_clone()?)?);
        }
        Ok(Signals { receiver, last, registered })
    }

    /// The name of the last one.
    pub(super) fn last(&self) -> &'static str {
        STOP.get(self.last.load(Ordering::SeqCst)).map_or("a signal", |(_, name)| name)
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
