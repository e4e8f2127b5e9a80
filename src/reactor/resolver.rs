//! Name look-ups that never block the loop. Each name that the system's resolver is asked for has a
//! helper thread of its own, so that one that hangs holds up no other; nothing else runs beside the
//! reactor. What was found is kept for a while.

use crate::limits;
use crate::transport::{ConnectionId, Monotonic};
use mio::Waker;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// A host and a port.
type Name = (String, u16);

/// Finds the addresses of a host and a port, and may take its time.
pub type LookUp = Arc<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// A look-up that ended, and who waited for it.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) ids: Vec<ConnectionId>,
    pub(super) result: Result<Vec<SocketAddr>, String>,
}

/// Asks the system's resolver.
pub(super) fn system() -> LookUp {
    Arc::new(|host: &str, port: u16| (host, port).to_socket_addrs().map(Iterator::collect))
}

/// What a helper thread comes back with.
struct Found {
    name: Name,
    result: Result<Vec<SocketAddr>, String>,
}

/// The reactor's end of the helper threads.
pub(super) struct Resolver {
    waker: Arc<Waker>,
    look_up: LookUp,
    /// The names that are being looked up or are to be, and who waits for each.
    asked: HashMap<Name, Vec<ConnectionId>>,
    /// Those without a thread yet, the oldest first.
    queue: VecDeque<Name>,
    threads: usize,
    found: (Sender<Found>, Receiver<Found>),
    /// What was found, and when. The system's resolver does not say how long it holds.
    known: HashMap<Name, (Monotonic, Vec<SocketAddr>)>,
}

impl Resolver {
    pub(super) fn new(waker: Arc<Waker>, look_up: LookUp) -> Self {
        Resolver {
            waker,
            look_up,
            asked: HashMap::new(),
            queue: VecDeque::new(),
            threads: 0,
            found: mpsc::channel(),
            known: HashMap::new(),
        }
    }

    /// Looks a name up for that connection: the addresses if they are known, else None, and the
    /// answer comes by [`take`](Self::take) after a wake.
    pub(super) fn ask(
        &mut self,
        id: ConnectionId,
        host: &str,
        port: u16,
        now: Monotonic,
    ) -> Result<Option<Vec<SocketAddr>>, String> {
        let name = (host.to_owned(), port);
        if let Some((since, addresses)) = self.known.get(&name)
            && now.since(*since) < limits::NAMES_KEPT
        {
            return Ok(Some(addresses.clone()));
        }
        if self.asked.values().map(Vec::len).sum::<usize>() >= limits::LOOKUPS_WAITING_MAX {
            return Err("too many look-ups are waiting".to_owned());
        }
        match self.asked.get_mut(&name) {
            Some(ids) => ids.push(id),
            None => {
                self.asked.insert(name.clone(), vec![id]);
                self.queue.push_back(name);
                self.start_those_queued();
            }
        }
        Ok(None)
    }

    /// That connection waits no more. The look-up goes on if it has begun: it cannot be stopped.
    pub(super) fn leave(&mut self, id: ConnectionId, host: &str, port: u16) {
        let name = (host.to_owned(), port);
        if let Some(ids) = self.asked.get_mut(&name) {
            ids.retain(|&other| other != id);
            if ids.is_empty() && self.queue.contains(&name) {
                self.queue.retain(|queued| *queued != name);
                self.asked.remove(&name);
            }
        }
    }

    /// The next look-up that has ended.
    pub(super) fn take(&mut self, now: Monotonic) -> Option<Resolved> {
        let Found { name, result } = self.found.1.try_recv().ok()?;
        self.threads -= 1;
        let ids = self.asked.remove(&name).unwrap_or_default();
        if let Ok(addresses) = &result {
            if self.known.len() >= limits::NAMES_KEPT_MAX {
                self.known.clear();
            }
            self.known.insert(name, (now, addresses.clone()));
        }
        self.start_those_queued();
        Some(Resolved { ids, result })
    }

    /// None of the addresses of that name answered: the next time it is looked up anew.
    pub(super) fn forget(&mut self, host: &str, port: u16) {
        self.known.remove(&(host.to_owned(), port));
    }

    fn start_those_queued(&mut self) {
        while self.threads < limits::LOOKUP_THREADS_MAX
            && let Some(name) = self.queue.pop_front()
        {
            self.threads += 1;
            if let Err(error) = self.start(name.clone()) {
                report(&self.found.0, &self.waker, name, Err(format!("no helper thread: {error}")));
            }
        }
    }

    /// The thread is never joined: the system's resolver may take its time, and a stop must not
    /// wait for it.
    fn start(&self, name: Name) -> io::Result<()> {
        let (found, waker) = (self.found.0.clone(), Arc::clone(&self.waker));
        let look_up = Arc::clone(&self.look_up);
        let work = move || {
            let addresses = look_up(&name.0, name.1);
            let result = addresses.map_err(|error| format!("{}: {error}", name.0));
            report(&found, &waker, name, result);
        };
        thread::Builder::new().name("resolver".to_owned()).spawn(work).map(|_| ())
    }
}

fn report(
    found: &Sender<Found>,
    waker: &Waker,
    name: Name,
    result: Result<Vec<SocketAddr>, String>,
) {
    // Without a receiver the reactor is gone, and nobody asks.
    if found.send(Found { name, result }).is_ok()
        && let Err(error) = waker.wake()
    {
        log::error!("cannot wake the loop after a name look-up: {error}");
    }
}

#[cfg(test)]
mod tests;
