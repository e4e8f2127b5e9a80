//! The accepted side of a link: hears the neighbour's feed and acknowledges its marks.

use super::Node;
use super::lines::{LinesFrom, LookAhead, log_in, next_line};
use crate::limits;
use crate::positions::{Report, Text, Update};
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::neighbour::{write_acknowledge, write_heard, write_refused};
use crate::wire::{At, NeighbourLine};
use log::{debug, info, warn};
use std::net::SocketAddr;

/// A neighbour's connection to us.
#[derive(Debug)]
pub(super) struct Neighbour {
    address: SocketAddr,
    lines: LinesFrom,
    state: State,
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
    /// The neighbour with that index, in that life.
    Known { peer: usize, epoch: u64 },
}

impl Neighbour {
    pub(super) fn new(address: SocketAddr) -> Self {
        Neighbour {
            address,
            lines: LinesFrom::default(),
            state: State::Stranger,
            heard: Monotonic::default(),
            acknowledged: Monotonic::default(),
            owes: false,
        }
    }

    fn line(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        match (self.state, NeighbourLine::parse(line)) {
            (State::Stranger, Some(NeighbourLine::Greeting { version, herd, from, to, epoch })) => {
                match cx.app.judge_greeting(version, herd, from, to) {
                    Ok(peer) => self.welcome(cx, peer, epoch),
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
                let heard = &mut cx.app.peers[peer].heard;
                if heard.epoch == Some(epoch) {
                    heard.up_to = heard.up_to.max(sequence);
                }
                self.owes = true;
            }
            (State::Known { .. }, _) => {
                self.lines.broken("neighbour", cx.transport.id(), line);
            }
        }
    }

    fn welcome(&mut self, cx: &mut Context<'_, Node>, index: usize, epoch: u64) {
        let id = cx.transport.id();
        let node = &mut *cx.app;
        let peer = &mut node.peers[index];
        let former = peer.heard.connection;
        let known = peer.heard.epoch;
        peer.greeted(&mut node.positions, epoch, id);
        let life = if known == Some(epoch) { "the life that we know" } else { "a new life" };
        let up_to = peer.heard.up_to;
        info!("neighbour {id} is {} in {life}, heard up to {up_to}", peer.name);
        let settings = &node.settings;
        cx.transport.write_with(|out| {
            write_heard(out, settings.name.as_bytes(), settings.epoch, up_to);
        });
        if let Some(former) = former {
            node.wake(former);
        }
        self.state = State::Known { peer: index, epoch };
        self.heard = cx.now.monotonic;
        self.acknowledged = cx.now.monotonic;
        self.set_timer(cx);
    }

    fn refuse(&mut self, cx: &mut Context<'_, Node>, reason: &str) {
        warn!("neighbour {} from {} is refused: {reason}", cx.transport.id(), self.address);
        cx.transport.write_with(|out| write_refused(out, reason));
        cx.transport.close();
    }

    /// Acknowledges the last mark of the neighbour's present life, and shows that we live; unless
    /// the neighbour has enough to read: then it is tried again when the next one is due.
    fn acknowledge(&mut self, cx: &mut Context<'_, Node>, peer: usize) {
        self.acknowledged = cx.now.monotonic;
        if cx.transport.is_full() {
            return;
        }
        let sequence = cx.app.peers[peer].heard.up_to;
        let digest = cx.app.positions.digest();
        cx.transport.write_with(|out| write_acknowledge(out, sequence, digest));
        self.owes = false;
    }

    /// When an acknowledgement is due: soon when a mark has come, else now and then.
    fn acknowledge_at(&self) -> Monotonic {
        let pause = if self.owes { limits::ACKNOWLEDGE_PAUSE } else { limits::HEARTBEAT_INTERVAL };
        self.acknowledged + pause
    }

    fn set_timer(&self, cx: &mut Context<'_, Node>) {
        let silent_at = self.heard + limits::NEIGHBOUR_SILENCE_MAX;
        let at = match self.state {
            State::Stranger => silent_at,
            State::Known { .. } => silent_at.min(self.acknowledge_at()),
        };
        cx.transport.set_timer(Some(at));
    }
}

/// None if the position cannot be kept.
fn take_position(node: &mut Node, peer: usize, epoch: u64, at: &At<'_>) -> Option<()> {
    let report = Report {
        origin: node.positions.intern(at.server)?,
        difference_nanoseconds: at.difference_nanoseconds,
        time_nanoseconds: at.time_nanoseconds,
        text: Text::new(at.text, at.client.len(), at.location.len())?,
    };
    // Known already, newer or the first of its client: all is well, and the feed does the rest.
    match node.positions.update(&report, node.peers[peer].life(epoch)) {
        Update::Full => None,
        Update::New | Update::Newer | Update::Known => Some(()),
    }
}

impl Protocol<Node> for Neighbour {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, _: &PeerInfo) {
        cx.transport.go_first();
        info!("neighbour {} connected from {}", cx.transport.id(), self.address);
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
        let mut ahead = LookAhead::over(data, 3, &cx.app.positions);
        while !cx.transport.is_ending()
            && let Some(line) = next_line(&mut reader, &mut rest)
        {
            ahead.look(rest, &cx.app.positions);
            match line {
                Ok(line) => self.line(cx, line),
                Err(_) if self.state == State::Stranger => {
                    self.refuse(cx, "a greeting was expected");
                }
                Err(beginning) => self.lines.broken("neighbour", cx.transport.id(), beginning),
            }
        }
        self.lines.put_back(reader);
        if let State::Known { peer, .. } = self.state
            && cx.now.monotonic >= self.acknowledge_at()
        {
            self.acknowledge(cx, peer);
        }
        self.set_timer(cx);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        cx.transport.close();
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        if let State::Known { peer, .. } = self.state
            && cx.app.peers[peer].heard.connection != Some(cx.transport.id())
        {
            debug!("neighbour {} has greeted us anew", cx.transport.id());
            cx.transport.abort();
        }
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        if now >= self.heard + limits::NEIGHBOUR_SILENCE_MAX {
            let silence = now.since(self.heard);
            warn!("neighbour {}: silent for {silence:.1?}", cx.transport.id());
            cx.transport.abort();
            return;
        }
        if let State::Known { peer, .. } = self.state
            && now >= self.acknowledge_at()
        {
            self.acknowledge(cx, peer);
        }
        self.set_timer(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let id = cx.transport.id();
        if let State::Known { peer, .. } = self.state {
            let peer = &mut cx.app.peers[peer];
            if peer.heard.connection == Some(id) {
                peer.heard.connection = None;
            }
            info!("neighbour {id}, {}: {cause}", peer.name);
        } else {
            info!("neighbour {id} from {}: {cause}", self.address);
        }
    }
}
