//! The accepted end of a link: takes in the neighbour's feed and acknowledges its marks.

use super::greeting::{is_refusal_news, judge_greeting};
use super::peers::PeerId;
use super::told::{Told, tell_not_taken};
use crate::fault::fault;
use crate::limits;
use crate::node::Node;
use crate::node::lines::{LinesFrom, Prefetch, TRAFFIC, next_line};
use crate::node::told::NotTaken;
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::NeighbourLine;
use crate::wire::neighbour::{Version, write_heard, write_refused};
use log::{Level, debug, log, warn};
use std::net::SocketAddr;
use timers::Timer;

/// A neighbour's connection to us.
#[derive(Debug)]
pub(in crate::node) struct Accepted {
    address: SocketAddr,
    /// The name of the certificate that was shown.
    shown: Option<String>,
    /// Whether its bytes flow: before that a handshake may break.
    is_up: bool,
    /// Whether what becomes of it is news; not where its like come by the thousand.
    is_news: bool,
    lines: LinesFrom,
    state: State,
    /// What is spoken, once it has greeted.
    version: Version,
    /// When the neighbour was last heard; before it has greeted, when it connected.
    heard: Monotonic,
    /// When it was last acknowledged, and whether a mark has come since.
    acknowledged: Monotonic,
    owes: bool,
    /// What it has told since it greeted.
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody yet.
    Stranger,
    /// It has greeted as that neighbour, in that epoch, and another connection of that is alive. It is
    /// looked at again at the one time, and refused at the other.
    Waiting { peer: PeerId, epoch: u64, look_at: Monotonic, until: Monotonic },
    /// That neighbour, in that epoch.
    Known { peer: PeerId, epoch: u64 },
    /// It is not listened to, and may have stayed to read why.
    Refused { stays: bool },
}

impl Accepted {
    pub fn new(address: SocketAddr) -> Self {
        Accepted {
            address,
            shown: None,
            is_up: false,
            is_news: false,
            lines: LinesFrom::default(),
            state: State::Stranger,
            version: Version::HIGHEST,
            heard: Monotonic::default(),
            acknowledged: Monotonic::default(),
            owes: false,
            told: Told::default(),
        }
    }

    #[cfg(test)]
    pub fn is_catching_up(&self) -> bool {
        self.told.is_catching_up()
    }

    #[cfg(test)]
    pub fn version(&self) -> Version {
        self.version
    }

    fn line(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        match (self.state, NeighbourLine::parse(line)) {
            (
                State::Stranger,
                Some(NeighbourLine::Greeting { version, herd, from, to, epoch, lifetimes }),
            ) => match judge_greeting(
                cx.app,
                version,
                [herd, from, to],
                lifetimes,
                self.shown.as_deref(),
            ) {
                Ok((peer, version)) => {
                    self.version = version;
                    self.admit(cx, peer, epoch);
                }
                Err(reason) => {
                    let is_news = is_refusal_news(cx.app, from, lifetimes);
                    self.refuse(cx, if is_news { Level::Warn } else { Level::Debug }, &reason);
                }
            },
            (State::Stranger, _) => {
                self.refuse(cx, Level::Warn, "a greeting was expected");
            }
            (
                State::Known { peer, epoch },
                Some(NeighbourLine::At(at) | NeighbourLine::Gone(at)),
            ) if !at.location.is_empty() || self.version.tells_ends() => {
                let id = cx.transport.id();
                match self.told.change(cx.app, (peer, epoch), id, line, &at) {
                    Ok(()) => {}
                    Err(NotTaken::Broken) => self.broken(cx, line),
                    Err(why) => {
                        tell_not_taken(cx.app, peer, why, &at, cx.now.monotonic);
                        if why == NotTaken::NoRoom {
                            // There is none for what comes behind it either.
                            cx.transport.abort();
                        }
                    }
                }
            }
            (State::Known { peer, .. }, Some(NeighbourLine::Mark { sequence, digest })) => {
                debug!("neighbour {} < mark {sequence} {:016x}", cx.transport.id(), digest.sum);
                let (id, now) = (cx.transport.id(), cx.now.monotonic);
                let (level, peer) = (self.level(), &mut cx.app.peers[peer]);
                self.told.mark(peer, (id, level), (sequence, digest), now);
                self.owes = true;
            }
            (State::Known { .. } | State::Waiting { .. } | State::Refused { .. }, _) => {
                self.broken(cx, line);
            }
        }
    }

    fn broken(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        let (id, now) = (cx.transport.id(), cx.now.monotonic);
        let from = ("neighbour", id, self.address.ip());
        cx.app.refusals.broken(from, self.lines.count_broken(), line, now);
    }

    fn level(&self) -> Level {
        if self.is_news { Level::Info } else { Level::Debug }
    }

    /// Welcomes the neighbour, unless another connection of it is alive.
    fn admit(&mut self, cx: &mut Context<'_, Node>, peer: PeerId, epoch: u64) {
        let (now, id) = (cx.now.monotonic, cx.transport.id());
        if cx.app.peers[peer].received().had_no_room(now) {
            self.refuse(cx, Level::Debug, "there is no room for more positions (see --memory)");
            return;
        }
        cx.app.peers.hold(peer);
        let Some(look_at) = cx.app.peers[peer].keeps_waiting(epoch, now) else {
            self.welcome(cx, peer, epoch);
            return;
        };
        // Whoever it is, our own link may tell.
        cx.app.peers[peer].dial_soon(now);
        let received = cx.app.peers[peer].received_mut();
        let (present, log) = (received.connection(), received.wait(id, now));
        self.state =
            State::Waiting { peer, epoch, look_at, until: now + limits::NEIGHBOUR_CONFLICT_MAX };
        if let (Some(present), Some(others)) = (present, log) {
            let (name, address) = (cx.app.peers[peer].name(), self.address);
            warn!(
                "neighbour {id} from {address} greets as {name}, and so has {present}, which is alive: \
                 one of them is not {name}; {others} more did since this was last said"
            );
        }
    }

    /// Looks whether the other connection of the neighbour is still alive.
    fn look_again(&mut self, cx: &mut Context<'_, Node>) {
        let State::Waiting { peer, epoch, look_at, until } = &mut self.state else { return };
        let now = cx.now.monotonic;
        match cx.app.peers[*peer].keeps_waiting(*epoch, now) {
            None => {
                let (peer, epoch) = (*peer, *epoch);
                self.welcome(cx, peer, epoch);
            }
            Some(_) if now >= *until => {
                self.refuse(cx, Level::Debug, "another connection of yours is alive");
            }
            Some(alive_until) => *look_at = alive_until.min(*until),
        }
    }

    fn welcome(&mut self, cx: &mut Context<'_, Node>, peer: PeerId, epoch: u64) {
        let id = cx.transport.id();
        let node = &mut *cx.app;
        node.strangers.left(id);
        let welcome = node.peers[peer].greeted(&mut node.positions, epoch, id, cx.now.monotonic);
        let others = node.peers[peer].received_mut().welcome(cx.now.monotonic);
        self.is_news = others.is_some();
        let others = match others {
            None | Some(0) => String::new(),
            Some(others) => format!("; {others} more greeted since this was last said"),
        };
        let known = if welcome.is_known_epoch { "the epoch that we know" } else { "a new epoch" };
        let (name, up_to) = (node.peers[peer].name(), welcome.received_up_to);
        let from = self.address;
        log!(
            self.level(),
            "neighbour {id} from {from} is {name} in {known}, received up to {up_to}{others}"
        );
        let settings = &node.settings;
        cx.transport.write_with(|out| {
            write_heard(out, self.version, settings.name.as_bytes(), settings.epoch, up_to);
        });
        if self.is_news {
            let who = format_args!("neighbour {id} from {from} is {name}");
            settings.links.tell_if_open(self.shown.as_deref(), who);
        }
        if let Some(former) = welcome.former {
            node.wake(former);
        }
        self.state = State::Known { peer, epoch };
        self.told = Told::since(cx.now.monotonic);
        self.heard = cx.now.monotonic;
        self.acknowledged = cx.now.monotonic;
        self.set_timer(cx);
    }

    fn refuse(&mut self, cx: &mut Context<'_, Node>, level: Level, reason: &str) {
        let (id, from) = (cx.transport.id(), self.address);
        match level {
            Level::Warn => cx.app.refusals.tell(id, from, &reason, cx.now.monotonic),
            _ => log!(level, "neighbour {id} from {from} is refused: {reason}"),
        }
        if let State::Waiting { peer, .. } = self.state {
            cx.app.peers[peer].received_mut().hung_up(cx.transport.id());
            cx.app.peers.release(peer, &mut cx.app.positions);
        }
        self.heard = cx.now.monotonic;
        let stays = cx.app.strangers.refuse(cx.transport.id());
        self.state = State::Refused { stays };
        if stays {
            cx.transport.write_with(|out| write_refused(out, reason));
            cx.transport.close();
        } else {
            cx.transport.abort();
        }
    }
}

impl Protocol<Node> for Accepted {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        cx.transport.go_first();
        self.is_up = true;
        self.shown.clone_from(&peer.name);
        self.heard = cx.now.monotonic;
        self.is_news = cx.app.refusals.connected(cx.transport.id(), self.address, self.heard);
        if let Some(oldest) = cx.app.strangers.came(cx.transport.id(), self.heard) {
            cx.app.wake(oldest);
        }
        self.set_timer(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        // A stranger must greet in time, however much else it says.
        if let State::Known { peer, .. } = self.state {
            self.heard = cx.now.monotonic;
            cx.app.peers[peer].received_mut().heard(cx.transport.id(), self.heard);
        }
        let mut reader = self.lines.take();
        let mut rest = data;
        let mut prefetch = Prefetch::over(data, 3, &cx.app.positions);
        while !cx.transport.is_ending()
            && let Some(line) = next_line(&mut reader, &mut rest)
        {
            prefetch.advance(rest, &cx.app.positions);
            match line {
                Ok(line) => self.line(cx, line),
                Err(_) if self.state == State::Stranger => {
                    self.refuse(cx, Level::Warn, "a greeting was expected");
                }
                Err(beginning) => self.broken(cx, beginning),
            }
        }
        self.lines.put_back(reader);
        cx.app.keep_at_hand(cx.now);
        self.acknowledge_if_due(cx);
        self.set_timer(cx);
        if cx.app.is_stopping() {
            // It may have more than can be told on: it tells who comes next.
            self.stopping(cx);
        }
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        cx.transport.close();
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        let id = cx.transport.id();
        match self.state {
            State::Known { peer, .. } if !cx.app.peers[peer].received().is_heard_on(id) => {
                debug!("neighbour {id} has greeted us anew");
                cx.transport.abort();
            }
            State::Stranger | State::Waiting { .. } if !cx.app.strangers.may_stay(id) => {
                debug!("neighbour {id} from {} makes room for others", self.address);
                cx.transport.abort();
            }
            State::Known { peer, .. } if cx.app.peers[peer].has_left() => cx.transport.abort(),
            State::Waiting { peer, .. } if cx.app.peers[peer].leaves() => {
                self.refuse(cx, Level::Debug, "you are no neighbour any more");
            }
            State::Waiting { .. } => {
                self.look_again(cx);
                self.set_timer(cx);
            }
            // It was to make room, and has been welcomed or refused in the same turn; or it may still tell
            // what it has to.
            State::Known { .. } | State::Refused { .. } => {}
            State::Stranger => fault!("a stranger is woken, and there is room for it"),
        }
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        match self.state {
            // It holds what it tells us; who is none of ours is owed nothing.
            State::Known { .. } => cx.transport.leave(),
            State::Stranger | State::Waiting { .. } => cx.transport.abort(),
            State::Refused { .. } => {}
        }
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        match (self.deadlines().due(now), self.state) {
            (Some(Timer::Silence), state) => {
                let (id, silence) = (cx.transport.id(), now.since(self.heard));
                match state {
                    State::Known { .. } => warn!("neighbour {id}: silent for {silence:.1?}"),
                    State::Stranger | State::Waiting { .. } | State::Refused { .. } => {
                        let reason = format_args!("silent for {silence:.1?}");
                        cx.app.refusals.tell(id, self.address, &reason, now);
                    }
                }
                cx.transport.abort();
                return;
            }
            (Some(Timer::Acknowledge), State::Known { peer, .. }) => self.acknowledge(cx, peer),
            (Some(Timer::Conflict), _) => self.look_again(cx),
            (
                Some(Timer::Acknowledge),
                State::Stranger | State::Waiting { .. } | State::Refused { .. },
            ) => {
                fault!("a stranger is owed an acknowledgement");
            }
            // It was heard after this timer had been set.
            (None, _) => {}
        }
        self.set_timer(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let id = cx.transport.id();
        cx.app.strangers.left(id);
        if let State::Refused { stays: true } = self.state {
            cx.app.strangers.refused_is_gone();
        }
        let level = self.level();
        match self.state {
            // Who cannot show that it is one of us came no further than this.
            State::Stranger
                if matches!(cause, Lost::Tls(_)) || !self.is_up && matches!(cause, Lost::Io(_)) =>
            {
                cx.app.refusals.tell(id, self.address, cause, cx.now.monotonic);
            }
            State::Stranger | State::Refused { .. } => {
                log!(target: TRAFFIC, level, "neighbour {id} from {}: {cause}", self.address);
            }
            State::Waiting { peer, .. } | State::Known { peer, .. } => {
                let (name, broken) = (cx.app.peers[peer].name(), self.lines.broken());
                log!(level, "neighbour {id}, {name}: {cause}{broken}");
                for waiting in cx.app.peers[peer].received_mut().hung_up(id).to_vec() {
                    cx.app.wake(waiting);
                }
                cx.app.peers.release(peer, &mut cx.app.positions);
            }
        }
    }
}

mod timers;
