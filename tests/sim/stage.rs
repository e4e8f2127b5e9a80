//! A server as the simulator has it driven: the real node, with somebody between each of its
//! conversations and the driver who watches what is said, and who can mishear on purpose.

use super::env::Env;
use super::kernel::host_at;
use super::planted::Filter;
use super::trace::Tag;
use super::watch::{Seen, Watch, law::Law};
use herd::node::{Conversation, LINKS_PROFILE, Node, Port};
use herd::transport::{
    Action, Application, Context, DriverSide, Endpoint, FileEvent, FileId, Lost, Meters, Monotonic,
    Now, PeerInfo, Protocol, Security, Signal,
};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;

/// A server during a turn.
pub struct Stage<'a, 'e> {
    pub node: &'a mut Node,
    pub env: &'a RefCell<&'e mut Env>,
    pub machine: usize,
    pub life: u32,
    /// How many turns it has taken.
    pub turns: u64,
    /// The end of the feed when all of the turn's callbacks had been called.
    pub head: u64,
}

/// A conversation that is watched.
#[derive(Debug)]
pub struct Watched {
    inner: Conversation,
    pub watch: Watch,
    filter: Option<Box<Filter>>,
    law: Law,
    /// Whether the watch knows already how things are when the next callback is called.
    is_judged: bool,
}

impl Stage<'_, '_> {
    fn seen(&self, now: Now) -> Seen {
        Seen { machine: self.machine, life: self.life, now }
    }

    fn dialled(&self, endpoint: &Endpoint, inner: Conversation) -> Watched {
        let env = self.env.borrow();
        let is_link = match &endpoint.security {
            Security::Plain => true,
            Security::Tls { profile, .. } => *profile == LINKS_PROFILE,
        };
        let (watch, filter) = match env.host_of(endpoint) {
            Some(host) if Some(host) == env.hosts.bus() => {
                (Watch::gateway(), env.planted.filter_of_bus(host))
            }
            Some(host) if is_link => (Watch::link(host), env.planted.filter(host)),
            Some(host) => (Watch::Fetch, env.planted.filter_of_places(host)),
            None => (Watch::Fetch, None),
        };
        Watched { inner, watch, filter, law: Law::default(), is_judged: false }
    }
}

impl Application for Stage<'_, '_> {
    type Protocol = Watched;
    type Listener = Port;

    fn accepted(&mut self, port: Port, address: SocketAddr, now: Now) -> Watched {
        let from = host_at(address);
        let (watch, filter) = match port {
            Port::Clients | Port::ClientsTls => (Watch::client(), None),
            Port::Web => (Watch::web(), None),
            Port::Neighbours => (Watch::neighbour(from), self.env.borrow().planted.filter(from)),
        };
        Watched {
            inner: self.node.accepted(port, address, now),
            watch,
            filter,
            law: Law::default(),
            is_judged: false,
        }
    }

    fn turn_begun(&mut self, now: Now) {
        self.node.turn_begun(now);
    }

    fn turn_ended(&mut self, now: Now, meters: &Meters) {
        self.head = self.node.positions().head();
        self.node.turn_ended(now, meters);
    }

    fn next_action(&mut self) -> Option<Action<Watched, Port>> {
        let action = self.node.next_action()?;
        Some(action.with_protocol(|endpoint, inner| self.dialled(endpoint, inner)))
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.node.deadline()
    }

    fn timer_expired(&mut self, now: Now) {
        self.node.timer_expired(now);
    }

    fn listening(&mut self, port: Port, outcome: io::Result<SocketAddr>) {
        self.node.listening(port, outcome);
    }

    fn file_event(&mut self, file: FileId, event: FileEvent, now: Now) {
        self.node.file_event(file, event, now);
    }

    fn signalled(&mut self, signal: Signal, now: Now) {
        self.node.signalled(signal, now);
    }

    fn stopping(&mut self, now: Now) {
        self.node.stopping(now);
    }
}

impl Watched {
    /// Runs a callback and looks at what it did.
    fn call(
        &mut self,
        cx: &mut Context<'_, Stage<'_, '_>>,
        callback: impl FnOnce(&mut Conversation, &mut Context<'_, Node>),
    ) {
        let (now, seen, id) = (cx.now, cx.app.seen(cx.now), cx.transport.id());
        let before = cx.transport.output_len();
        if !self.is_judged {
            self.watch.before(&mut cx.app.env.borrow_mut(), &seen, cx.app.node);
        }
        self.is_judged = false;
        let transport = &mut *cx.transport;
        callback(&mut self.inner, &mut Context { app: cx.app.node, transport, now });
        self.law.left(cx.transport);
        let mut env = cx.app.env.borrow_mut();
        let written = &cx.transport.output()[before..];
        if !written.is_empty() {
            if let Some(filter) = &mut self.filter {
                env.planted.hears_itself(filter, written);
            }
            let (at, machine) = (env.agenda.now(), seen.machine);
            env.trace.note(at, Tag::Output, machine as u64, u64::from(id.slot), written);
            if matches!(self.watch, Watch::Client(_) | Watch::Web(_))
                && let Some(end) = env.ends.get(&(machine, id)).copied()
            {
                env.net.promise(end, written);
            }
        }
        self.watch.after(&mut env, &seen, cx.app.node, cx.transport, before);
    }

    /// Notes what the law says of a callback.
    fn lawful(&self, cx: &Context<'_, Stage<'_, '_>>, verdict: Result<(), String>) {
        if let Err(why) = verdict {
            let mut env = cx.app.env.borrow_mut();
            let (name, id) = (env.checks.name(cx.app.machine), cx.transport.id());
            env.checks.fail(format!("{name}, connection {id}: {why}"));
        }
    }

    /// Whether a planted bug keeps a link from walking on: once its output was full, or in every
    /// other turn.
    fn is_left_asleep(&self, stage: &Stage<'_, '_>) -> bool {
        let env = stage.env.borrow();
        let in_this_turn = env.planted.walks_in_the_next_turn() && stage.turns.is_multiple_of(2);
        (env.planted.forgets_to_walk() || in_this_turn)
            && self.watch.as_link().is_some_and(|link| in_this_turn || link.full)
    }

    fn is_at_bus(&self) -> bool {
        matches!(self.watch, Watch::Gateway(_))
    }

    /// Hands over what has arrived, as far as the conversation hears it right.
    fn hear(&mut self, cx: &mut Context<'_, Stage<'_, '_>>, data: &[u8]) {
        let seen = cx.app.seen(cx.now);
        let filtered = self
            .filter
            .as_mut()
            .map(|filter| cx.app.env.borrow_mut().planted.pass(filter, &seen, cx.app.node, data));
        let filtered = match self.watch {
            Watch::Web(_) => cx.app.env.borrow().planted.mishear_at_web(data),
            _ => filtered,
        };
        let bytes = filtered.as_deref().unwrap_or(data);
        if bytes.is_empty() && !self.is_at_bus() {
            return;
        }
        let misheard = {
            let mut env = cx.app.env.borrow_mut();
            // What a gateway must ask for is what it was told.
            let told = if self.is_at_bus() { data } else { bytes };
            self.watch.arrived(&mut env, &seen, cx.app.node, told);
            self.is_judged = true;
            self.filter.as_mut().and_then(|filter| env.planted.misheard(filter, &seen))
        };
        if !bytes.is_empty() {
            self.call(cx, |inner, cx| inner.data_received(cx, bytes));
        }
        if let Some(line) = misheard {
            self.call(cx, |inner, cx| inner.data_received(cx, &line));
        }
    }
}

impl<'a, 'e> Protocol<Stage<'a, 'e>> for Watched {
    fn turns_away(&self) -> bool {
        self.inner.turns_away()
    }

    fn connection_made(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>, peer: &PeerInfo) {
        let verdict = self.law.made();
        self.lawful(cx, verdict);
        let end = (cx.app.machine, cx.transport.id());
        let mut env = cx.app.env.borrow_mut();
        let conn = env.ends.get(&end).map(|end| end.conn);
        self.watch.made(&mut env, end.0, conn);
        drop(env);
        self.call(cx, |inner, cx| inner.connection_made(cx, peer));
    }

    fn data_received(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>, data: &[u8]) {
        let verdict = self.law.data(data);
        self.lawful(cx, verdict);
        self.hear(cx, data);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>) {
        let verdict = self.law.end();
        self.lawful(cx, verdict);
        let seen = cx.app.seen(cx.now);
        self.watch.ended(&mut cx.app.env.borrow_mut(), &seen, cx.app.node);
        self.is_judged = true;
        self.call(cx, |inner, cx| inner.eof_received(cx));
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>) {
        let verdict = self.law.during("room is told");
        self.lawful(cx, verdict);
        if !self.is_left_asleep(cx.app) {
            self.call(cx, |inner, cx| inner.resume_writing(cx));
        }
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>) {
        let verdict = self.law.timer(cx.now.monotonic);
        self.lawful(cx, verdict);
        self.call(cx, |inner, cx| inner.timer_expired(cx));
    }

    fn woken(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>) {
        let verdict = self.law.during("it is woken");
        self.lawful(cx, verdict);
        if !self.is_left_asleep(cx.app) {
            self.call(cx, |inner, cx| inner.woken(cx));
        }
    }

    fn stopping(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>) {
        let verdict = self.law.during("a stop is told");
        self.lawful(cx, verdict);
        self.watch.stopping();
        self.call(cx, |inner, cx| inner.stopping(cx));
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Stage<'a, 'e>>, cause: &Lost) {
        let verdict = self.law.lost();
        self.lawful(cx, verdict);
        let (machine, id, now) = (cx.app.machine as u64, cx.transport.id(), cx.now);
        {
            let mut env = cx.app.env.borrow_mut();
            let (at, what) = (env.agenda.now(), cause.to_string());
            env.trace.note(at, Tag::Lost, machine, u64::from(id.slot), what.as_bytes());
            if matches!(cause, Lost::Closed | Lost::ClosedOver { .. }) {
                self.watch.finished(&mut env);
            }
        }
        let transport = &mut *cx.transport;
        self.inner.connection_lost(&mut Context { app: cx.app.node, transport, now }, cause);
    }
}
