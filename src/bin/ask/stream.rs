//! Both directions of a connection, plain or within TLS, for a thread each.
//!
//! A session of TLS is shared by both, but nobody waits for the network while holding it: or a server that
//! sends its answers before it reads on could not be read while it cannot be written to.

use crate::dial::{Dialled, cut};
use herd::reactor::in_words;
use rustls::ClientConnection;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// Bytes read from the network at a time, where they are not passed on as they are.
const READ_BYTES: usize = 16 * 1_024;

/// Where answers come from.
pub struct Answers {
    stream: TcpStream,
    secured: Option<Opening>,
}

/// Where commands go.
pub struct Commands {
    stream: TcpStream,
    secured: Option<Arc<Secured>>,
}

/// A session, and the order in which its records go out.
struct Secured {
    session: Mutex<ClientConnection>,
    /// Held while records are made and written: in that order they must arrive.
    outgoing: Mutex<TcpStream>,
}

/// What was read within TLS.
struct Opening {
    secured: Arc<Secured>,
    records: Box<[u8]>,
    /// What came and was not taken.
    plain: Vec<u8>,
    taken: usize,
    /// How it ends behind that, once that is known.
    end: Option<io::Result<()>>,
}

/// Parts a connection into its directions.
///
/// # Errors
/// If the system has no descriptors left.
pub fn split(dialled: Dialled) -> io::Result<(Answers, Commands)> {
    let Dialled { stream, session } = dialled;
    let other = stream.try_clone()?;
    let outgoing = stream.try_clone()?;
    let secured = session.map(|session| {
        Arc::new(Secured { session: Mutex::new(session), outgoing: Mutex::new(outgoing) })
    });
    let opening = secured.clone().map(|secured| Opening {
        secured,
        records: vec![0; READ_BYTES].into(),
        plain: Vec::new(),
        taken: 0,
        end: None,
    });
    Ok((Answers { stream, secured: opening }, Commands { stream: other, secured }))
}

impl Answers {
    /// Nothing more is read or written, whoever waits for it.
    pub fn close(&self) {
        // If it is closed already, so much the better.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// For how long a read waits.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(timeout))
    }
}

impl Read for Answers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(opening) = &mut self.secured else {
            return self.stream.read(buffer);
        };
        loop {
            if let Some(count) = opening.take(buffer) {
                return count;
            }
            let count = self.stream.read(&mut opening.records)?;
            opening.open(count);
        }
    }
}

impl Opening {
    /// Hands over what came, or how it has ended; none if the network must be read.
    fn take(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let left = &self.plain[self.taken..];
        if left.is_empty() {
            self.plain.clear();
            self.taken = 0;
            return self.end.take().map(|end| end.map(|()| 0));
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.taken += count;
        Some(Ok(count))
    }

    /// Opens the records in the first `count` bytes that were read; none is the end.
    fn open(&mut self, count: usize) {
        let mut session = lock(&self.secured.session);
        let mut records = &self.records[..count];
        while self.end.is_none() {
            let opened = session.read_tls(&mut records).and_then(|_| {
                session.process_new_packets().map_err(|error| io::Error::other(in_words(&error)))
            });
            // What came before a fault is good.
            self.end = match (session.reader().read_to_end(&mut self.plain), opened) {
                (Ok(_), _) => Some(Ok(())),
                (Err(_), Err(error)) => Some(Err(error)),
                (Err(error), Ok(_)) if error.kind() == ErrorKind::UnexpectedEof => Some(Err(cut())),
                (Err(_), Ok(_)) => None,
            };
            if records.is_empty() {
                break;
            }
        }
        drop(session);
        self.secured.answer();
    }
}

impl Secured {
    /// Sends what the session says by itself, unless somebody is sending, who sends it along.
    fn answer(&self) {
        match self.outgoing.try_lock() {
            Ok(mut outgoing) => {
                // Whether it arrives is seen where answers are read.
                let _ = self.send(&mut outgoing);
            }
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => {}
        }
    }

    fn send(&self, outgoing: &mut TcpStream) -> io::Result<()> {
        let mut records = Vec::new();
        let mut session = lock(&self.session);
        while session.wants_write() {
            session.write_tls(&mut records)?;
        }
        drop(session);
        outgoing.write_all(&records)
    }
}

impl Commands {
    /// Tells the server that nothing more will be asked.
    pub fn finish(&self) {
        if let Some(secured) = &self.secured {
            let mut outgoing = lock(&secured.outgoing);
            lock(&secured.session).send_close_notify();
            let _ = secured.send(&mut outgoing);
        }
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

impl Write for &Commands {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(secured) = &self.secured else {
            return (&self.stream).write(bytes);
        };
        let mut outgoing = lock(&secured.outgoing);
        let count = lock(&secured.session).writer().write(bytes)?;
        secured.send(&mut outgoing)?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
