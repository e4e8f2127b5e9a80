//! The conversation with a host of the bus.
//!
//! The bus greets with `INFO`; we say who we are (`CONNECT`) and ask whether that is well (`PING`). Once it
//! is, we subscribe to what gateways publish and tell our feed. A `PONG` says that the bus has taken all
//! that came before its `PING`: on the next connection the feed goes on from there.

mod greet;
mod take;
mod tell;

use super::{BusLink, Gateway};
use crate::fault::fault;
use crate::limits;
use crate::node::Node;
use crate::node::lines::LinesFrom;
use crate::node::outage::Mention;
use crate::transport::{Context, Lost, Monotonic, PeerInfo, Protocol};
use crate::wire::nats::{Piece, Reader, write_ping, write_pong};
use crate::wire::{Printable, plural};
use log::{debug, info, warn};
use std::mem;
use std::net::{IpAddr, Ipv4Addr};
use take::Message;

/// Our connection to the bus.
#[derive(Debug)]
pub(in crate::node) struct Bus {
    address: IpAddr,
    reader: Reader,
    lines: LinesFrom,
    /// What has come of the message that is coming.
    message: Message,
    state: State,
    heard: Monotonic,
    /// When it was asked last whether it is there, and what it has taken if it answers: our feed up to there,
    /// and all up to that head, if it had been told all.
    pinged: Monotonic,
    ping: Option<(u64, Option<u64>)>,
    /// When the next digest is due, and how many have been told.
    digest_at: Monotonic,
    digests: u32,
    /// What it takes.
    payload_bytes_max: usize,
    takes_headers: bool,
    /// How many records more may be passed in this turn.
    share: u64,
    /// The lines of the message that is being made.
    batch: Vec<u8>,
    /// Why we gave the connection up, or the bus did.
    reason: Option<String>,
    /// Whether it would not have us, which only people can mend.
    refused: bool,
    /// Whether the same host is dialled again, with TLS.
    asks_for_tls: bool,
    /// The server stops, and nobody is left whose reports it could take.
    stops: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has not greeted.
    Connected,
    /// It has not said that it has us.
    Greeted,
    Up,
}

impl Bus {
    pub fn new() -> Self {
        Bus {
            address: Ipv4Addr::UNSPECIFIED.into(),
            reader: Reader::default(),
            lines: LinesFrom::default(),
            message: Message::default(),
            state: State::Connected,
            heard: Monotonic::default(),
            pinged: Monotonic::default(),
            ping: None,
            digest_at: Monotonic::default(),
            digests: 0,
            payload_bytes_max: 0,
            takes_headers: false,
            share: 0,
            batch: Vec::new(),
            reason: None,
            refused: false,
            asks_for_tls: false,
            stops: false,
        }
    }

    fn piece(&mut self, cx: &mut Context<'_, Node>, piece: Piece<'_>) {
        match (self.state, piece) {
            (_, Piece::Info(json)) => self.informed(cx, json),
            // Who takes nothing is owed nothing.
            (_, Piece::Ping) if cx.transport.is_full() => {}
            (_, Piece::Ping) => cx.transport.write_with(write_pong),
            (State::Greeted | State::Up, Piece::Pong) => self.answered(cx),
            (_, Piece::Error(words)) => self.complained(cx, words),
            (_, Piece::Ok) => {}
            (State::Up, Piece::Message { .. }) => self.begins(),
            (State::Up, Piece::Payload(bytes)) => self.payload(cx, bytes),
            (State::Up, Piece::End) => self.ends(cx),
            (State::Connected, Piece::Pong)
            | (
                State::Connected | State::Greeted,
                Piece::Message { .. } | Piece::Payload(_) | Piece::End,
            ) => self.give_up(cx, "it speaks out of turn".to_owned()),
            (_, Piece::Unknown(line)) => {
                let Some(gateway) = &mut cx.app.gateway else { return };
                let (throttle, now) = (&mut gateway.throttles.not_understood, cx.now.monotonic);
                if let Some(others) = throttle.admit(now, limits::GATEWAY_TROUBLE_REMINDER) {
                    let (id, line) = (cx.transport.id(), Printable(line));
                    warn!(
                        "bus {id} says what is not understood: {line}; {others} more were not said"
                    );
                }
            }
        }
    }

    /// It answers a `PING`.
    fn answered(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        let Some((up_to, head)) = self.ping.take() else { return };
        let Some(gateway) = &mut cx.app.gateway else { return };
        gateway.counts.round_trip = Some(now.since(self.pinged));
        if self.state == State::Greeted {
            self.came_up(cx);
            return;
        }
        gateway.feed.confirm(up_to, head, self.pinged);
        self.confirm(cx);
        self.leave_if_told(cx);
    }

    /// Asks whether it has taken what it has been told, unless that is known or has been asked.
    fn confirm(&mut self, cx: &mut Context<'_, Node>) {
        let Node { gateway, positions, .. } = &mut *cx.app;
        let Some(gateway) = gateway else { return };
        gateway.feed.look_whether_behind(positions);
        if self.ping.is_none() && !gateway.feed.is_confirmed() {
            self.ping(cx);
        }
    }

    fn ping(&mut self, cx: &mut Context<'_, Node>) {
        let Node { gateway, positions, .. } = &*cx.app;
        let Some(gateway) = gateway else { return };
        let head = gateway.feed.is_told(positions).then(|| positions.head());
        self.ping = Some((gateway.feed.told(), head));
        self.pinged = cx.now.monotonic;
        cx.transport.write_with(write_ping);
    }

    fn give_up(&mut self, cx: &mut Context<'_, Node>, reason: String) {
        self.reason.get_or_insert(reason);
        cx.transport.abort();
    }

    /// Who has been told all at a stop, and has taken it, is not waited for.
    fn leave_if_told(&mut self, cx: &mut Context<'_, Node>) {
        let node = &*cx.app;
        let Some(gateway) = &node.gateway else { return };
        if self.stops && gateway.feed.is_told(&node.positions) && gateway.feed.is_confirmed() {
            cx.transport.leave();
        }
    }

    fn silent_at(&self) -> Monotonic {
        match self.state {
            State::Connected => self.heard + limits::GATEWAY_GREETING_MAX,
            State::Greeted | State::Up => self.heard + limits::GATEWAY_SILENCE_MAX,
        }
    }

    fn set_timer(&self, cx: &mut Context<'_, Node>) {
        let mut at = self.silent_at();
        if self.state == State::Up {
            let ping_at = match self.ping {
                None => self.heard.max(self.pinged) + limits::GATEWAY_PING_INTERVAL,
                Some(_) => at,
            };
            let asked_at = cx.app.gateway.as_ref().and_then(|gateway| {
                gateway.sources.deadline().into_iter().chain(gateway.feed.deadline()).min()
            });
            at = at.min(ping_at).min(self.digest_at).min(asked_at.unwrap_or(at));
        }
        cx.transport.set_timer(Some(at));
    }
}

impl Protocol<Node> for Bus {
    fn connection_made(&mut self, cx: &mut Context<'_, Node>, bus: &PeerInfo) {
        cx.transport.go_first();
        cx.transport.limit_unsent();
        self.address = bus.address.ip();
        self.heard = cx.now.monotonic;
        let Some(gateway) = &mut cx.app.gateway else {
            fault!("the bus is dialled by who is no gateway");
            return;
        };
        let id = cx.transport.id();
        debug!("bus {id} at {} connected", gateway.hosts.present());
        gateway.link = BusLink::Up { connection: id };
        self.set_timer(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        // It has to greet and to answer in time, whatever else it says.
        if self.state == State::Up {
            self.heard = cx.now.monotonic;
        }
        let mut reader = mem::take(&mut self.reader);
        let mut rest = data;
        while !cx.transport.is_ending()
            && let Some(piece) = reader.next(&mut rest)
        {
            match piece {
                Ok(piece) => self.piece(cx, piece),
                Err(broken) => self.give_up(cx, broken.to_string()),
            }
        }
        self.reader = reader;
        self.ask_if_due(cx);
        self.set_timer(cx);
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        self.give_up(cx, "closed by the bus".to_owned());
    }

    /// There is room for what is left of the share, or it is time for another one.
    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        if self.share == 0 {
            self.share = limits::WALK_RECORDS_MAX;
        }
        self.walk(cx);
    }

    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.share = limits::WALK_RECORDS_MAX + 2 * cx.app.news;
        self.walk(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        if now >= self.silent_at() {
            self.give_up(cx, format!("silent for {:.1?}", now.since(self.heard)));
            return;
        }
        if self.state == State::Up {
            if self.ping.is_none() && now.since(self.heard) >= limits::GATEWAY_PING_INTERVAL {
                self.ping(cx);
            }
            if now >= self.digest_at {
                self.tell_digest(cx);
            }
            self.ask_if_due(cx);
            self.tell_again_if_due(cx);
        }
        self.set_timer(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.stops = true;
        if self.state == State::Up {
            self.share = limits::WALK_RECORDS_MAX;
            self.walk(cx);
        } else {
            cx.transport.abort();
        }
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        let (id, now) = (cx.transport.id(), cx.now.monotonic);
        let why = self.reason.take().unwrap_or_else(|| cause.to_string());
        let stops = cx.app.is_stopping();
        let node = &mut *cx.app;
        let Some(gateway) = &mut node.gateway else { return };
        if self.state == State::Up {
            gateway.counts.lost += 1;
            gateway.outage.begin(self.heard);
            if stops && !(gateway.feed.is_told(&node.positions) && gateway.feed.is_confirmed()) {
                let (behind, _) = gateway.feed.behind(&node.positions, now);
                warn!("the bus has not taken {} at the stop: {why}", plural(behind, "change"));
            }
        }
        gateway.counts.complaint = Some(why.clone());
        let mention = gateway.went_down(&why, self.refused, now);
        let host = gateway.hosts.present();
        if self.state == State::Up {
            info!("bus {id} at {host}: {why}");
        }
        match mention {
            _ if stops => {}
            Mention::Down => warn!("the bus at {host} is down: {why}; redialling"),
            Mention::News => warn!("the bus at {host} is away: {why}; redialling"),
            Mention::Reminder { away, tries } => {
                let tries = plural(tries, "try");
                warn!("the bus is away for {away:.0?} and {tries}, now at {host}: {why}");
            }
            Mention::Nothing => debug!("the bus at {host} is away: {why}"),
        }
        if !self.asks_for_tls {
            gateway.hosts.next();
        }
    }
}

impl Gateway {
    /// The connection is gone, or never came to be: the next is dialled after a pause.
    fn went_down(&mut self, why: &str, refused: bool, now: Monotonic) -> Mention {
        let mention = self.outage.mention(now, why);
        let pause = self.outage.next_pause(now, refused, &mut self.random);
        self.link = BusLink::Down { redial_at: now + pause };
        mention
    }
}
