//! Signals as a readable descriptor each.

use crate::transport::Signal;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;

/// Those that the process takes itself.
const TAKEN: [(i32, Signal); 3] =
    [(SIGINT, Signal::Interrupt), (SIGTERM, Signal::Terminate), (SIGHUP, Signal::HangUp)];

/// The descriptors that become readable when the process is sent a signal.
#[derive(Debug)]
pub(super) struct Signals {
    receivers: Vec<(UnixStream, Signal)>,
    registered: Vec<SigId>,
}

impl Signals {
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let mut signals = Signals { receivers: Vec::new(), registered: Vec::new() };
        for (number, signal) in TAKEN {
            let (receiver, sender) = StdUnixStream::pair()?;
            receiver.set_nonblocking(true)?;
            let mut receiver = UnixStream::from_std(receiver);
            registry.register(&mut receiver, token, Interest::READABLE)?;
            signals.registered.push(pipe::register(number, sender)?);
            signals.receivers.push((receiver, signal));
        }
        Ok(signals)
    }

    /// The signals that came since the last call, each as often as it came.
    pub fn take(&mut self) -> impl Iterator<Item = Signal> {
        self.receivers.iter_mut().flat_map(|(receiver, signal)| {
            let signal = *signal;
            (0..count(receiver)).map(move |_| signal)
        })
    }
}

/// How many bytes have come: a signal sends one.
fn count(receiver: &mut UnixStream) -> usize {
    let mut count = 0;
    let mut bytes = [0; 16];
    loop {
        match receiver.read(&mut bytes) {
            Ok(0) => return count,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return count,
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
