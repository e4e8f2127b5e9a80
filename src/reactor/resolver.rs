//! Name look-ups that never block the loop: a helper thread asks the system's resolver and wakes
//! the poll. Nothing else runs beside the reactor. What was found is kept for a while.

use crate::limits;
use crate::transport::{ConnectionId, Monotonic};
use mio::{Registry, Token, Waker};
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// A look-up that ended.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) id: ConnectionId,
    pub(super) result: Result<Vec<SocketAddr>, String>,
    name: Name,
}

/// A host and a port.
type Name = (String, u16);

#[derive(Debug)]
struct Question {
    id: ConnectionId,
    name: Name,
}

/// The reactor's end of the helper thread.
#[derive(Debug)]
pub(super) struct Resolver {
    waker: Arc<Waker>,
    /// None until the first look-up: most herds name addresses only.
    questions: Option<SyncSender<Question>>,
    answers: (mpsc::Sender<Resolved>, Receiver<Resolved>),
    /// What was found, and when. The system's resolver does not say how long it holds.
    known: HashMap<Name, (Monotonic, Vec<SocketAddr>)>,
}

impl Resolver {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let waker = Arc::new(Waker::new(registry, token)?);
        let (questions, answers, known) = (None, mpsc::channel(), HashMap::new());
        Ok(Resolver { waker, questions, answers, known })
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
        let questions = match self.questions.take() {
            Some(questions) => questions,
            None => self.start().map_err(|error| format!("no helper thread: {error}"))?,
        };
        let asked = questions.try_send(Question { id, name });
        self.questions = Some(questions);
        asked.map_err(|_| "too many look-ups are waiting".to_owned())?;
        Ok(None)
    }

    /// The next look-up that has ended.
    pub(super) fn take(&mut self, now: Monotonic) -> Option<Resolved> {
        let mut resolved = self.answers.1.try_recv().ok()?;
        if let Ok(addresses) = &resolved.result {
            if self.known.len() >= limits::NAMES_KEPT_MAX {
                self.known.clear();
            }
            let name = std::mem::take(&mut resolved.name);
            self.known.insert(name, (now, addresses.clone()));
        }
        Some(resolved)
    }

    /// None of the addresses of that name answered: the next time it is looked up anew.
    pub(super) fn forget(&mut self, host: &str, port: u16) {
        self.known.remove(&(host.to_owned(), port));
    }

    fn start(&self) -> io::Result<SyncSender<Question>> {
        let (sender, receiver) = mpsc::sync_channel(limits::LOOKUPS_WAITING_MAX);
        let answers = self.answers.0.clone();
        let waker = Arc::clone(&self.waker);
        // The thread ends with its questions' sender. It is never joined: the system's resolver
        // may take its time, and a stop must not wait for it.
        thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || answer_all(&receiver, &answers, &waker))?;
        Ok(sender)
    }
}

fn answer_all(questions: &Receiver<Question>, answers: &mpsc::Sender<Resolved>, waker: &Waker) {
    while let Ok(Question { id, name }) = questions.recv() {
        let result = match (name.0.as_str(), name.1).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(format!("{}: {error}", name.0)),
        };
        if answers.send(Resolved { id, result, name }).is_err() {
            return;
        }
        if let Err(error) = waker.wake() {
            log::error!("cannot wake the loop after a name look-up: {error}");
        }
    }
}
