//! The accepted end of a link: takes in the neighbour's feed and acknowledges its marks.

use super::peers::PeerId;
use crate::fault::fault;
use crate::limits;
use crate::node::Node;
use crate::node::deadlines::Deadlines;
use crate::node::lines::{LinesFrom, Prefetch, TRAFFIC, log_in, next_line};
use crate::positions::{Report, Text, Update};
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::neighbour::{Version, write_acknowledge, write_heard, write_refused};
use crate::wire::{At, NeighbourLine, Printable};
use log::{debug, info, warn};
use std::net::SocketAddr;

/// A neighbour's connection to us.
#[derive(Debug)]
pub(in crate::node) struct Accepted {
    address: SocketAddr,
    lines: LinesFrom,
    state: State,
    /// What is spoken, once it has greeted.
    version: Version,
    /// When the neighbour was last heard; before it has greeted, when it connected.
    heard: Monotonic,
    /// When it was last acknowledged, and whether a mark has come since.
    acknowledged: Monotonic,
    owes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody yet.
    Stranger,
    /// That neighbour, in that epoch.
    Known { peer: PeerId, epoch: u64 },
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timer {
    /// The neighbour has been silent for too long, or a stranger has not greeted.
    Silence,
    /// An acknowledgement is due: soon when a mark has come, else now and then.
    Acknowledge,
}

impl Accepted {
    pub fn new(address: SocketAddr) -> Self {
        Accepted {
            address,
            lines: LinesFrom::default(),
            state: State::Stranger,
            version: Version::HIGHEST,
            heard: Monotonic::default(),
            acknowledged: Monotonic::default(),
            owes: false,
        }
    }

    #[cfg(test)]
    pub fn version(&self) -> Version {
        self.version
    }

    fn line(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        match (self.state, NeighbourLine::parse(line)) {
            (State::Stranger, Some(NeighbourLine::Greeting { version, herd, from, to, epoch })) => {
                match judge_greeting(cx.app, version, herd, from, to) {
                    Ok((peer, version)) => {
                        self.version = version;
                        self.welcome(cx, peer, epoch);
                    }
                    Err(reason) => self.refuse(cx, &reason),
                }
            }
            (State::Stranger, _) => {
                self.refuse(cx, "a greeting was expected");
            }
            (State::Known { peer, epoch }, Some(NeighbourLine::At(at))) => {
                log_in("neighbour", cx.transport.id(), line);
                if take_position(cx.app, peer, epoch, &at).is_none() {
                    self.lines.broken("neighbour", cx.transport.id(), line);
                }
            }
            (State::Known { peer, epoch }, Some(NeighbourLine::Mark { sequence, digest })) => {
                debug!("neighbour {} < mark {sequence} {digest:016x}", cx.transport.id());
                cx.app.peers[peer].marked(epoch, sequence);
                self.owes = true;
            }
            (State::Known { .. }, _) => {
                self.lines.broken("neighbour", cx.transport.id(), line);
            }
        }
    }

    fn welcome(&mut self, cx: &mut Context<'_, Node>, peer: PeerId, epoch: u64) {
        let id = cx.transport.id();
        let node = &mut *cx.app;
        let welcome = node.peers[peer].greeted(&mut node.positions, epoch, id);
        let known = if welcome.is_known_epoch { "the epoch that we know" } else { "a new epoch" };
        let (name, up_to) = (node.peers[peer].name(), welcome.received_up_to);
        let from = self.address;
        info!("neighbour {id} from {from} is {name} in {known}, received up to {up_to}");
        let settings = &node.settings;
        cx.transport.write_with(|out| {
            write_heard(out, self.version, settings.name.as_bytes(), settings.epoch, up_to);
        });
        if let Some(former) = welcome.former {
            node.wake(former);
        }
        self.state = State::Known { peer, epoch };
        self.heard = cx.now.monotonic;
        self.acknowledged = cx.now.monotonic;
        self.set_timer(cx);
    }

    fn refuse(&mut self, cx: &mut Context<'_, Node>, reason: &str) {
        cx.app.refusals.tell(cx.transport.id(), self.address, &reason, cx.now.monotonic);
        cx.transport.write_with(|out| write_refused(out, reason));
        cx.transport.close();
    }

    /// Acknowledges the last mark of the neighbour's present epoch, and shows that we live; unless
    /// the neighbour has enough to read: then it is tried again when the next one is due.
    fn acknowledge(&mut self, cx: &mut Context<'_, Node>, peer: PeerId) {
        self.acknowledged = cx.now.monotonic;
        if cx.transport.is_full() {
            return;
        }
        let sequence = cx.app.peers[peer].received_up_to();
        let digest = cx.app.positions.digest();
        cx.transport.write_with(|out| write_acknowledge(out, sequence, digest));
        self.owes = false;
    }

    fn deadlines(&self) -> Deadlines<Timer, 2> {
        let pause = if self.owes { limits::ACKNOWLEDGE_PAUSE } else { limits::HEARTBEAT_INTERVAL };
        let is_known = matches!(self.state, State::Known { .. });
        Deadlines([
            (Timer::Silence, Some(self.heard + limits::NEIGHBOUR_SILENCE_MAX)),
            (Timer::Acknowledge, is_known.then(|| self.acknowledged + pause)),
        ])
    }

    fn set_timer(&self, cx: &mut Context<'_, Node>) {
        cx.transport.set_timer(self.deadlines().next());
    }

    fn acknowledge_if_due(&mut self, cx: &mut Context<'_, Node>) {
        if let State::Known { peer, .. } = self.state
            && self.deadlines().due(cx.now.monotonic) == Some(Timer::Acknowledge)
        {
            self.acknowledge(cx, peer);
        }
    }
}

/// Who greets us and what both speak, or why we do not listen.
fn judge_greeting(
    node: &Node,
    theirs: Version,
    herd: &[u8],
    from: &[u8],
    to: &[u8],
) -> Result<(PeerId, Version), String> {
    let (our_herd, name, ours) = (&node.settings.herd, &node.settings.name, node.settings.version);
    let Some(version) = ours.common_with(theirs) else {
        let spoken = ours.spoken();
        return Err(format!("{spoken} here, not {theirs}: servers may be one version apart"));
    };
    if herd != our_herd.as_bytes() {
        return Err(format!("this is herd {our_herd}, not {}", Printable(herd)));
    }
    if to != name.as_bytes() {
        return Err(format!("this is {name}, not {}", Printable(to)));
    }
    match node.peers.find(from) {
        Some(peer) => Ok((peer, version)),
        None => Err(format!("{} is no neighbour of {name}", Printable(from))),
    }
}

/// None if the position cannot be kept.
fn take_position(node: &mut Node, peer: PeerId, epoch: u64, at: &At<'_>) -> Option<()> {
    let report = Report {
        origin: node.positions.intern(at.server)?,
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text: Text::new(at.text, at.client.len(), at.location.len())?,
    };
    // Known already, newer or the first of its client: all is well, and the feed does the rest.
    match node.positions.update(&report, node.peers[peer].mark_of(epoch)) {
        Update::Full => None,
        Update::New | Update::Newer | Update::Known => Some(()),
    }
}

impl Protocol<Node> for Accepted {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, _: &PeerInfo) {
        cx.transport.go_first();
        info!(target: TRAFFIC, "neighbour {} connected from {}", cx.transport.id(), self.address);
        self.heard = cx.now.monotonic;
        self.set_timer(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        // A stranger must greet in time, however much else it says.
        if matches!(self.state, State::Known { .. }) {
            self.heard = cx.now.monotonic;
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
                    self.refuse(cx, "a greeting was expected");
                }
                Err(beginning) => self.lines.broken("neighbour", cx.transport.id(), beginning),
            }
        }
        self.lines.put_back(reader);
        self.acknowledge_if_due(cx);
        self.set_timer(cx);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        cx.transport.close();
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        if let State::Known { peer, .. } = self.state
            && !cx.app.peers[peer].is_heard_on(cx.transport.id())
        {
            debug!("neighbour {} has greeted us anew", cx.transport.id());
            cx.transport.abort();
        } else {
            fault!("a neighbour's connection is woken, and it has not greeted us anew");
        }
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        match (self.deadlines().due(now), self.state) {
            (Some(Timer::Silence), state) => {
                let (id, silence) = (cx.transport.id(), now.since(self.heard));
                match state {
                    State::Known { .. } => warn!("neighbour {id}: silent for {silence:.1?}"),
                    State::Stranger => {
                        let reason = format_args!("silent for {silence:.1?}");
                        cx.app.refusals.tell(id, self.address, &reason, now);
                    }
                }
                cx.transport.abort();
                return;
            }
            (Some(Timer::Acknowledge), State::Known { peer, .. }) => self.acknowledge(cx, peer),
            (Some(Timer::Acknowledge), State::Stranger) => {
                fault!("a stranger is owed an acknowledgement");
            }
            // It was heard after this timer had been set.
            (None, _) => {}
        }
        self.set_timer(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let id = cx.transport.id();
        if let State::Known { peer, .. } = self.state {
            let peer = &mut cx.app.peers[peer];
            peer.hung_up(id);
            info!("neighbour {id}, {}: {cause}", peer.name());
        } else {
            info!(target: TRAFFIC, "neighbour {id} from {}: {cause}", self.address);
        }
    }
}
