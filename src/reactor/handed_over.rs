//! Sockets that whoever started the process hands over (`LISTEN_FDS`, sd_listen_fds(3)): they listen before
//! the process does and after it, so nobody is refused meanwhile.

use crate::limits;
use listenfd::ListenFd;
use socket2::SockRef;
use std::env;
use std::io;
use std::net::TcpListener;
use std::os::fd::IntoRawFd;

/// What has been handed over and not been taken.
pub struct HandedOver {
    descriptors: ListenFd,
    names: Vec<String>,
    refused: usize,
}

/// A socket that was handed over, and listens.
#[derive(Debug)]
pub struct ListeningSocket(pub(super) TcpListener);

impl HandedOver {
    /// Those that are for this process, as the environment says. To be asked before there is any other
    /// descriptor or thread.
    pub fn to_us() -> Self {
        let variable = |name| env::var(name).unwrap_or_default();
        // Whether they are there is looked at when they are taken.
        let count = variable("LISTEN_FDS").parse().unwrap_or(0);
        if count > limits::HANDED_OVER_MAX {
            return HandedOver {
                descriptors: ListenFd::empty(),
                names: Vec::new(),
                refused: count,
            };
        }
        let names = variable("LISTEN_FDNAMES");
        // This takes the variables away (but the names, which say nothing without them).
        let descriptors = ListenFd::from_env();
        let mut names = names.split(':');
        let names = (0..descriptors.len()).map(|_| names.next().unwrap_or_default().to_owned());
        HandedOver { names: names.collect(), descriptors, refused: 0 }
    }

    /// How many there are, if they are so many that none is taken.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// What they are called, each by its place; who has no name has an empty one.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Takes the one in that place.
    ///
    /// # Errors
    /// Why it is none that connections can be accepted on; it is left as it is then.
    pub fn take(&mut self, place: usize) -> io::Result<ListeningSocket> {
        listening(self.descriptors.take_tcp_listener(place)?)
    }
}

fn listening(taken: Option<TcpListener>) -> io::Result<ListeningSocket> {
    let Some(socket) = taken else { return Err(io::Error::other("it is taken already")) };
    match SockRef::from(&socket).is_listener() {
        Ok(true) => Ok(ListeningSocket(socket)),
        outcome => {
            // It is another's to close.
            let _ = socket.into_raw_fd();
            Err(outcome.err().unwrap_or_else(|| io::Error::other("it does not listen")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpStream};
    use std::os::fd::OwnedFd;

    #[test]
    fn only_who_listens_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(listening(Some(listener)).is_ok());
        assert!(listening(Some(OwnedFd::from(peer).into())).is_err());
        assert!(listening(None).is_err());
    }
}
