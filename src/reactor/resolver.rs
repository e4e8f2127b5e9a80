//! Name look-ups that never block the loop: a helper thread asks the system's resolver and wakes
//! the poll. Nothing else runs beside the reactor.

use crate::limits;
use crate::transport::ConnectionId;
use mio::{Registry, Token, Waker};
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
}

#[derive(Debug)]
struct Question {
    id: ConnectionId,
    host: String,
    port: u16,
}

/// The reactor's end of the helper thread.
#[derive(Debug)]
pub(super) struct Resolver {
    waker: Arc<Waker>,
    /// None until the first look-up: most herds name addresses only.
    questions: Option<SyncSender<Question>>,
    answers: (mpsc::Sender<Resolved>, Receiver<Resolved>),
}

impl Resolver {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let waker = Arc::new(Waker::new(registry, token)?);
        Ok(Resolver { waker, questions: None, answers: mpsc::channel() })
    }

    /// Looks `host` up for that connection; the answer comes by [`take`](Self::take) after a wake.
    pub(super) fn ask(&mut self, id: ConnectionId, host: &str, port: u16) -> Result<(), String> {
        let questions = match self.questions.take() {
            Some(questions) => questions,
            None => self.start().map_err(|error| format!("no helper thread: {error}"))?,
        };
        let asked = questions.try_send(Question { id, host: host.to_owned(), port });
        self.questions = Some(questions);
        asked.map_err(|_| "too many look-ups are waiting".to_owned())
    }

    /// The next look-up that has ended.
    pub(super) fn take(&mut self) -> Option<Resolved> {
        self.answers.1.try_recv().ok()
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
    while let Ok(Question { id, host, port }) = questions.recv() {
        let result = match (host.as_str(), port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(format!("{host}: {error}")),
        };
        if answers.send(Resolved { id, result }).is_err() {
            return;
        }
        if let Err(error) = waker.wake() {
            log::error!("cannot wake the loop after a name look-up: {error}");
        }
    }
}
