//! The dialled end of a link: greets the neighbour and pushes the feed to it.

use super::catch_up::{Telling, write_change};
use super::peers::{Attempt, PeerId};
use super::progress::Progress;
use crate::fault::fault;
use crate::limits;
use crate::node::Node;
use crate::node::agreement::Agreement;
use crate::node::lines::{LinesFrom, next_line};
use crate::node::outage::Mention;
use crate::positions::Kind;
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::neighbour::{Version, write_greeting};
use crate::wire::{NeighbourLine, Printable, plural};
use log::{Level, debug, info, log, warn};
use std::net::{IpAddr, Ipv4Addr};
use timers::Timer;

/// Our connection to one neighbour.
#[derive(Debug)]
pub(in crate::node) struct Dialled {
    peer: PeerId,
    attempt: Attempt,
    /// Of the neighbour, once it is connected to.
    address: IpAddr,
    lines: LinesFrom,
    state: State,
    /// What is spoken: the highest version of ours until the neighbour has answered with the one
    /// that both speak.
    version: Version,
    /// When the neighbour was last heard; before it has answered, when we connected.
    heard: Monotonic,
    /// When the feed was last marked.
    marked: Monotonic,
    progress: Progress,
    /// How many records more it may pass in this turn.
    share: u64,
    /// What there was when the link came up, until the neighbour has received it.
    telling: Option<Telling>,
    agreement: Agreement,
    /// Whether it ever came to be: then its loss is logged, whatever else is said.
    connected: bool,
    /// Why we gave the connection up.
    reason: Option<String>,
    /// Whether the neighbour would not listen, which only people can mend.
    refused: bool,
    /// The server stops, and nobody is left whose reports it could take.
    stops: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Our greeting is not answered yet.
    Greeting,
    /// The neighbour listens; its epoch.
    Up { epoch: u64 },
}

impl Dialled {
    pub fn new(peer: PeerId, attempt: Attempt) -> Self {
        Dialled {
            peer,
            attempt,
            address: Ipv4Addr::UNSPECIFIED.into(),
            lines: LinesFrom::default(),
            state: State::Greeting,
            version: Version::HIGHEST,
            heard: Monotonic::default(),
            marked: Monotonic::default(),
            progress: Progress::default(),
            share: 0,
            telling: None,
            agreement: Agreement::default(),
            connected: false,
            reason: None,
            refused: false,
            stops: false,
        }
    }

    /// The neighbour says how far it has received our feed: it goes on from there.
    fn answered(
        &mut self,
        cx: &mut Context<'_, Node>,
        version: Version,
        server: &[u8],
        epoch: u64,
        up_to: u64,
    ) {
        let (id, now) = (cx.transport.id(), cx.now.monotonic);
        let node = &mut *cx.app;
        let peer = &mut node.peers[self.peer];
        if !peer.is_dialled_by(self.attempt) {
            // It is to be dialled elsewhere, or not at all.
            cx.transport.abort();
            return;
        }
        let ours = node.settings.version;
        let wrong = if server != peer.name().as_bytes() {
            Some(format!("it is {}, not {}", Printable(server), peer.name()))
        } else if !ours.speaks(version) {
            let spoken = ours.spoken();
            Some(format!("it answers in protocol version {version}, and {spoken} here"))
        } else {
            None
        };
        if let Some(why) = wrong {
            self.refused = true;
            self.give_up(cx, why);
            return;
        }
        let is_news = peer.may_start_over(cx.now.monotonic);
        let head = node.positions.head();
        self.progress = Progress::from(up_to);
        let tombstone_seconds = node.settings.lifetimes.tombstone_seconds;
        if let Some(cut) =
            peer.cut_for(epoch, now).filter(|cut| cut.as_secs() >= tombstone_seconds.into())
        {
            let name = peer.name();
            warn!(
                "the link to {name} was down for {cut:.0?}, longer than tombstone_seconds \
                 ({tombstone_seconds}): clients that were forgotten meanwhile may come back"
            );
        }
        if !peer.answered(&mut node.positions, (epoch, up_to), id, now) {
            self.progress = Progress::default();
            let level = if is_news { Level::Warn } else { Level::Debug };
            let (name, changes) = (peer.name(), plural(head, "change"));
            log!(level, "{name} has received {up_to} of {changes}: it is told everything again");
        }
        self.state = State::Up { epoch };
        self.version = version;
        self.heard = cx.now.monotonic;
        let changes = plural(head, "change");
        info!(
            "link to {} is up in version {version}: it has received {up_to} of {changes}",
            peer.name()
        );
        self.telling = Some(Telling::new(head, cx.now.monotonic));
        // Now we know its epoch: one of these may be in it.
        for waiting in peer.received().waiting().to_vec() {
            node.wake(waiting);
        }
        // If there is nothing to tell, the neighbour sees at once that this is who feeds it.
        self.end_telling(cx);
    }

    /// Sends what the neighbour has not been sent, as far as there is room and the share of this
    /// turn goes, and a mark behind it. After a clean stop the end of the feed is the end.
    fn walk(&mut self, cx: &mut Context<'_, Node>) {
        let State::Up { epoch } = self.state else {
            fault!("a link is to walk the feed before its neighbour has answered");
            return;
        };
        let id = cx.transport.id();
        let node = &mut *cx.app;
        let peer = &mut node.peers[self.peer];
        let leaves = peer.leaves();
        peer.has_news(node.positions.head(), cx.now.monotonic);
        // What it told us in the epoch in which it answered, it knows.
        let told_by_it = peer.received().mark_of(epoch);
        let mut sent = 0;
        while self.share > 0 && cx.transport.request_room() {
            let Some(change) = node.positions.next(peer.cursor()) else {
                break;
            };
            self.share -= 1;
            if told_by_it.is_some_and(|mark| change.is_heard_from(mark)) {
                continue;
            }
            // Who cannot be told is told when it has been upgraded: it begins another epoch then.
            if change.kind() == Kind::Tombstone && !self.version.tells_ends() {
                continue;
            }
            sent += 1;
            let telling =
                self.telling.as_mut().filter(|telling| change.sequence() <= telling.up_to);
            cx.transport.write_with(|out| write_change(out, &change, id, telling));
        }
        let is_at_head = node.positions.is_at_head(peer.cursor());
        if sent > 0 {
            self.mark(cx, true);
        }
        self.end_telling(cx);
        if is_at_head {
            cx.app.peers[self.peer].is_owed_up_to(self.progress.told());
        }
        if is_at_head && (self.stops || leaves) {
            // Who has all is not waited for.
            match self.progress.is_taken() {
                true => cx.transport.leave(),
                false => cx.transport.close(),
            }
        } else if !is_at_head && cx.transport.request_room() {
            cx.transport.yield_turn();
        }
    }

    #[cfg(test)]
    pub fn version(&self) -> Version {
        self.version
    }

    fn line(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        match (self.state, NeighbourLine::parse(line)) {
            (State::Greeting, Some(NeighbourLine::Heard { version, server, epoch, up_to })) => {
                self.answered(cx, version, server, epoch, up_to);
            }
            (State::Greeting, Some(NeighbourLine::Refused { reason })) => {
                self.refused = true;
                self.give_up(cx, format!("refused: {}", Printable(reason)));
            }
            (State::Up { .. }, Some(NeighbourLine::Acknowledge { sequence, digest })) => {
                self.acknowledged(cx, sequence, digest);
            }
            _ => self.broken(cx, line),
        }
    }

    fn broken(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        let from = ("link", cx.transport.id(), self.address);
        cx.app.refusals.broken(from, self.lines.count_broken(), line, cx.now.monotonic);
    }

    fn give_up(&mut self, cx: &mut Context<'_, Node>, reason: String) {
        self.reason.get_or_insert(reason);
        cx.transport.abort();
    }
}

impl Protocol<Node> for Dialled {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, neighbour: &PeerInfo) {
        self.address = neighbour.address.ip();
        cx.transport.go_first();
        cx.transport.limit_unsent();
        self.connected = true;
        self.heard = cx.now.monotonic;
        self.marked = cx.now.monotonic;
        let node = &mut *cx.app;
        let peer = &mut node.peers[self.peer];
        let (id, name) = (cx.transport.id(), peer.name());
        if !peer.is_dialled_by(self.attempt) {
            debug!("link {id} to {name} connected when it had been dialled once more");
            cx.transport.abort();
            return;
        }
        info!("link {id} to {name} connected");
        let settings = &node.settings;
        let who = format_args!("link {id} to {name} is");
        settings.links.tell_if_open(neighbour.name.as_deref(), who);
        peer.connected(id);
        self.version = settings.version;
        cx.transport.write_with(|out| {
            let names = [&settings.herd, &settings.name, peer.name()].map(str::as_bytes);
            let [herd, from, to] = names;
            write_greeting(out, self.version, [herd, from, to], settings.epoch, settings.lifetimes);
        });
        self.set_timer(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        // Our greeting must be answered in time, whatever else is said.
        if matches!(self.state, State::Up { .. }) {
            self.heard = cx.now.monotonic;
        }
        let mut reader = self.lines.take();
        let mut rest = data;
        while let Some(line) = next_line(&mut reader, &mut rest) {
            match line {
                Ok(line) => self.line(cx, line),
                Err(beginning) => self.broken(cx, beginning),
            }
        }
        self.lines.put_back(reader);
        self.end_if_answered(cx);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        self.give_up(cx, "closed by the neighbour".to_owned());
    }

    /// There is room for what is left of the share; the next one comes when the turn ends.
    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        if self.share > 0 {
            self.walk(cx);
        }
    }

    /// What came in this turn leaves in it. A link that is behind also passes its share of the
    /// rest, and so comes nearer, however much comes.
    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        let peer = &cx.app.peers[self.peer];
        if !peer.is_dialled_by(self.attempt) || peer.has_left() {
            cx.transport.abort();
            return;
        }
        self.share = limits::WALK_RECORDS_MAX + 2 * cx.app.news;
        self.walk(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        match self.deadlines().due(now) {
            _ if self.is_given_up_by_stop() => {
                self.give_up(cx, "it has not answered before the stop".to_owned());
                return;
            }
            Some(Timer::Silence) => {
                self.give_up(cx, format!("silent for {:.1?}", now.since(self.heard)));
                return;
            }
            Some(Timer::Heartbeat) => self.heartbeat(cx),
            // It was heard after this timer had been set.
            None => {}
        }
        self.set_timer(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.stop(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let node = &mut *cx.app;
        let peer = &mut node.peers[self.peer];
        let why = self.reason.take().unwrap_or_else(|| cause.to_string());
        if !peer.is_dialled_by(self.attempt) {
            debug!("link {} to {}: {why}", cx.transport.id(), peer.name());
            node.peers.release(self.peer, &mut node.positions);
            return;
        }
        if matches!(self.state, State::Up { .. }) {
            peer.was_heard(self.heard);
            // Who has closed behind our end has read all that was before it.
            let is_closed = matches!(cause, Lost::Closed | Lost::ClosedOver { .. });
            if node.stopping.is_some() && !is_closed {
                self.tell_untold(peer.name(), node.positions.head(), &why);
            }
        }
        peer.ended(cause, node.settings.links);
        let mention = peer.went_down(cx.now.monotonic, &why, self.refused, &mut node.random);
        let (name, endpoint, leaves) = (peer.name(), peer.endpoint(), peer.leaves());
        if self.connected {
            info!("link {} to {name}: {why}", cx.transport.id());
        }
        match mention {
            _ if node.stopping.is_some() || leaves => {}
            Mention::Down => warn!("link to {name} is down: {why}; redialling"),
            Mention::News => warn!("{name} at {endpoint} is away: {why}; redialling"),
            Mention::Reminder { away, tries } => {
                let tries = plural(tries, "try");
                warn!("{name} at {endpoint} is away for {away:.0?} and {tries}: {why}");
            }
            Mention::Nothing => debug!("{name} at {endpoint} is away: {why}"),
        }
        node.peers.release(self.peer, &mut node.positions);
    }
}

mod acknowledged;
mod marks;
mod stopping;
#[cfg(test)]
mod tests;
mod timers;
