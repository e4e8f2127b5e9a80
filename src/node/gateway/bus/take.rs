//! What other gateways tell.

use super::Bus;
use super::tell::ours;
use crate::limits;
use crate::node::Node;
use crate::node::agreement::Finding;
use crate::node::gateway::sources::{Asking, SourceId};
use crate::node::lines::{IN, OUT, Prefetch, log_at, next_line};
use crate::node::told::{NotTaken, report_told};
use crate::positions::{Kind, Update};
use crate::transport::Context;
use crate::wire::gateway::{GatewayLine, Source, Stretch, write_again, write_all};
use crate::wire::nats::write_publish;
use crate::wire::neighbour::Digest;
use crate::wire::{At, Lifetimes, NeighbourLine, Printable};
use log::{Level, error, info, warn};

/// What has come of a message.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// Nothing.
    #[default]
    Begins,
    /// The beginning of that stretch of that gateway's feed, if we keep account of it.
    Feed { source: Option<SourceId>, stretch: Stretch },
    /// All that it has to say.
    Said,
}

impl Bus {
    /// A message begins.
    pub(super) fn begins(&mut self) {
        self.message = Message::Begins;
    }

    /// A piece of it comes.
    pub(super) fn payload(&mut self, cx: &mut Context<'_, Node>, mut bytes: &[u8]) {
        let mut reader = self.lines.take();
        let mut prefetch = Prefetch::over(bytes, 3, &cx.app.positions);
        while self.message != Message::Said
            && let Some(line) = next_line(&mut reader, &mut bytes)
        {
            prefetch.advance(bytes, &cx.app.positions);
            match line {
                Ok(b"" | b"\r") => {}
                Ok(line) => self.line(cx, line),
                Err(beginning) => self.broken(cx, beginning),
            }
        }
        self.lines.put_back(reader);
        cx.app.keep_at_hand(cx.now);
    }

    /// It has come.
    pub(super) fn ends(&mut self, cx: &mut Context<'_, Node>) {
        // The LF of the last line may lack.
        self.payload(cx, b"\n");
        let now = cx.now.monotonic;
        let Some(gateway) = &mut cx.app.gateway else { return };
        if let Message::Feed { source: Some(source), stretch } = self.message {
            gateway.sources.came(source, stretch, now, &mut gateway.random);
        }
        self.message = Message::Begins;
        self.lines.take();
    }

    fn line(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        let id = cx.transport.id();
        if let Message::Feed { source, .. } = self.message {
            match NeighbourLine::parse(line) {
                Some(NeighbourLine::At(at) | NeighbourLine::Gone(at)) => {
                    log_at(Level::Info, ("bus", IN), id, line);
                    self.change(cx, source, &at, line);
                }
                _ => self.broken(cx, line),
            }
            return;
        }
        log_at(Level::Debug, ("bus", IN), id, line);
        self.message = Message::Said;
        let Some(said) = GatewayLine::parse(line) else {
            self.broken(cx, line);
            return;
        };
        let settings = &cx.app.settings;
        let is_our_herd = |source: &Source<'_>| source.herd == settings.herd.as_bytes();
        let ours = ours(settings);
        match said {
            GatewayLine::Feed(source, _) | GatewayLine::Digest { source, .. }
                if is_our_herd(&source) =>
            {
                self.namesake(cx, source);
            }
            GatewayLine::Feed(source, _) | GatewayLine::Digest { source, .. }
                if cx
                    .app
                    .gateway
                    .as_ref()
                    .is_some_and(|gateway| gateway.sources.is_over(source)) => {}
            GatewayLine::Feed(source, stretch) => {
                let source = self.find(cx, source);
                self.message = Message::Feed { source, stretch };
            }
            GatewayLine::Digest { source, up_to, digest, lifetimes } => {
                self.digest(cx, source, (up_to, digest), lifetimes);
            }
            GatewayLine::Again(source, stretch) if source == ours => {
                if let Some(gateway) = &mut cx.app.gateway {
                    gateway.feed.ask(stretch, false);
                }
                self.tell_again_if_due(cx);
            }
            GatewayLine::All(source) if source == ours => {
                let to = cx.app.positions.head();
                if let Some(gateway) = &mut cx.app.gateway {
                    gateway.feed.ask(Stretch { from: 0, to }, true);
                }
                self.tell_again_if_due(cx);
            }
            // Of a former life of ours, or of a server of our name in another herd.
            GatewayLine::Again(..) | GatewayLine::All(_) => {}
        }
    }

    /// The gateway that speaks, unless there are too many.
    fn find(&mut self, cx: &mut Context<'_, Node>, source: Source<'_>) -> Option<SourceId> {
        let now = cx.now.monotonic;
        let gateway = cx.app.gateway.as_mut()?;
        let found = gateway.sources.find(source, now);
        if found.is_none()
            && let Some(others) =
                gateway.throttles.too_many.admit(now, limits::GATEWAY_TROUBLE_REMINDER)
        {
            warn!(
                "there are more than {} gateways on the bus: what {} of herd {} loses is not missed; \
                 {others} more messages of such since this was last said",
                limits::GATEWAY_SOURCES_MAX,
                Printable(source.server),
                Printable(source.herd),
            );
        }
        found
    }

    /// A gateway of our own herd's name speaks: one of ours tells what we know, or will.
    fn namesake(&mut self, cx: &mut Context<'_, Node>, source: Source<'_>) {
        let node = &mut *cx.app;
        let name = node.settings.name.as_bytes();
        let is_ours = node.servers.iter().any(|server| server.name().as_bytes() == source.server);
        // A bus that cannot but tell us what we have told it tells of this very life of ours.
        if source.epoch == node.settings.epoch || is_ours && source.server != name {
            return;
        }
        let Some(gateway) = &mut node.gateway else { return };
        let throttle = &mut gateway.throttles.namesakes;
        let Some(others) = throttle.admit(cx.now.monotonic, limits::GATEWAY_TROUBLE_REMINDER)
        else {
            return;
        };
        error!(
            "another herd on the bus is called {}, too: what its {} tells is not taken ({others} more \
             messages); herds that meet on a bus need names of their own",
            Printable(source.herd),
            Printable(source.server)
        );
    }

    fn digest(
        &mut self,
        cx: &mut Context<'_, Node>,
        source: Source<'_>,
        told: (u64, Digest),
        lifetimes: Lifetimes,
    ) {
        let Some(id) = self.find(cx, source) else { return };
        let now = cx.now.monotonic;
        let node = &mut *cx.app;
        let ours = node.settings.lifetimes;
        let Some(gateway) = &mut node.gateway else { return };
        let (server, herd) = (Printable(source.server), Printable(source.herd));
        let is_apart = lifetimes != ours;
        if gateway.sources.is_apart(id, is_apart) {
            warn!(
                "herd files differ: {lifetimes} in herd {herd}, {ours} here: what ends or is forgotten in \
                 the one may last in the other"
            );
        }
        let is_at_rest = gateway.feed.is_told(&node.positions) && !is_apart;
        let (positions, random) = (&node.positions, &mut gateway.random);
        match gateway.sources.digest(id, told, is_at_rest, positions, now, random) {
            Some(Finding::Differ) => {
                warn!("{server} of herd {herd} and we hold different positions at rest");
            }
            Some(Finding::AgreeAgain) => info!("{server} of herd {herd} and we agree again"),
            None => {}
        }
    }

    fn change(
        &mut self,
        cx: &mut Context<'_, Node>,
        source: Option<SourceId>,
        at: &At<'_>,
        line: &[u8],
    ) {
        let why = match take(cx.app, source, at) {
            Ok(()) => return,
            Err(NotTaken::Broken) => return self.broken(cx, line),
            Err(why) => why,
        };
        let bytes = cx.app.positions.bytes();
        let Some(gateway) = &mut cx.app.gateway else { return };
        let throttle = &mut gateway.throttles.not_taken;
        let Some(others) = throttle.admit(cx.now.monotonic, limits::GATEWAY_TROUBLE_REMINDER)
        else {
            return;
        };
        let server = Printable(at.server);
        match why {
            NotTaken::Name => error!(
                "the bus names too many servers that are not of the herd: {server} is left out; {others} \
                 more changes were since this was last said"
            ),
            NotTaken::NoRoom | NotTaken::Broken => error!(
                "no room for what the bus tells: positions take {bytes} bytes, twice what is allowed (see \
                 --memory); {others} more changes were left out since this was last said"
            ),
        }
    }

    fn broken(&mut self, cx: &mut Context<'_, Node>, line: &[u8]) {
        let from = ("bus", cx.transport.id(), self.address);
        cx.app.refusals.broken(from, self.lines.count_broken(), line, cx.now.monotonic);
    }

    /// Asks somebody for what has not come, if that is due.
    pub(super) fn ask_if_due(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        let Some(gateway) = &mut cx.app.gateway else { return };
        if self.state != super::State::Up || gateway.sources.deadline().is_none_or(|at| now < at) {
            return;
        }
        let Some(asking) = gateway.sources.next_question(now, &mut gateway.random) else { return };
        let mut line = Vec::new();
        let server = match asking {
            Asking::Again(source, stretch) => {
                write_again(&mut line, source, stretch);
                source.server
            }
            Asking::All(source) => {
                write_all(&mut line, source);
                source.server
            }
        };
        log_at(Level::Debug, ("bus", OUT), cx.transport.id(), line.trim_ascii_end());
        let subject = gateway.subjects.again_of(server);
        cx.transport.write_with(|out| write_publish(out, &subject, &[&line]));
    }
}

/// A change that another gateway tells.
fn take(node: &mut Node, source: Option<SourceId>, at: &At<'_>) -> Result<(), NotTaken> {
    let (origin, is_foreign) = node.origin_told(at.server).ok_or(NotTaken::Name)?;
    let report = report_told(at, origin).ok_or(NotTaken::Broken)?;
    if report.kind() == Kind::Tombstone {
        node.note_positions();
    }
    let update = node.positions.update(&report, None);
    let Some(gateway) = &mut node.gateway else { return Ok(()) };
    gateway.foreign_servers += usize::from(is_foreign);
    match update {
        Update::Full => return Err(NotTaken::NoRoom),
        Update::New | Update::Newer => {
            gateway.counts.taken += 1;
            if let Some(source) = source {
                let taken = at.time_nanoseconds.saturating_add(at.difference_nanoseconds);
                gateway.sources.taken(source, taken);
            }
        }
        Update::Known => {}
    }
    Ok(())
}
