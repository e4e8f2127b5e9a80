//! A visitor's conversation at the web port: HTTP requests in, responses out, in their order.
//!
//! Requests are cut out of what comes by a [`RequestReader`], which [route](routes) they take is decided in
//! one place, [what they may do](access) in another, and what they do is in a file each. One is answered
//! after the other: where an answer takes its time, what comes behind it waits unread.

mod access;
mod clients;
mod credentials;
mod digests;
mod events;
mod figures;
mod near;
mod page;
mod pending;
mod reply;
mod reports;
mod routes;
mod timing;

pub use access::WebOptions;
pub(super) use figures::Figures;

use super::Node;
use super::admission::{Admission, Admitted};
use crate::limits;
use crate::transport::{Context, Lost, Monotonic, Now, PeerInfo, Protocol, Transport};
use crate::wire::http::{CONTINUE, HttpDate, HttpError, Request, RequestReader};
use crate::wire::ingest::{QuestionLine, ReportLine};
use access::Origins;
use log::{debug, info, warn};
use pending::Pending;
use reply::{Refusal, Reply};
use std::mem;
use std::net::SocketAddr;
use timing::{Timer, Timing};

/// What visitors share.
#[derive(Debug)]
pub(super) struct Web {
    pub admission: Admission,
    /// In the ids of events, to know them from those of another run of this server. It is not the epoch:
    /// by that neighbours know the true server from one that takes its name.
    life: u32,
    origins: Origins,
    date: HttpDate,
    report: ReportLine,
    question: QuestionLine,
    /// Bodies are put together here, where their lengths must be known first.
    body: Vec<u8>,
}

/// The server side of one visitor's connection.
#[derive(Debug)]
pub(super) struct Visitor {
    reader: RequestReader,
    answering: Answering,
    /// Input that waits for answers before it, while reading is paused; what is before `taken` is done.
    backlog: Vec<u8>,
    taken: usize,
    paused: bool,
    timing: Timing,
    /// To be given back; none if it was refused.
    admitted: Option<Admitted>,
    /// The server stops.
    stops: bool,
    /// Nothing was owed at the end of a stop: then the peer's end is not waited for.
    leaves: bool,
}

/// How far the answers have come.
#[derive(Debug, Default)]
struct Answering {
    /// An answer that takes its time.
    pending: Option<Pending>,
    /// No more requests are taken: when all is answered the connection is closed.
    last: bool,
}

impl Web {
    pub fn new(options: WebOptions, life: u32) -> Self {
        Web {
            life,
            admission: Admission::new("the web port", options.bounds),
            origins: Origins::new(options.cors),
            date: HttpDate::at(0),
            report: ReportLine::new(),
            question: QuestionLine::new(),
            body: Vec::new(),
        }
    }
}

impl Visitor {
    /// Of one who connects from there now, and is let in if it may be.
    pub fn accepted(node: &mut Node, address: SocketAddr, now: Now) -> Self {
        Visitor {
            reader: RequestReader::new(limits::HTTP_REQUEST_BODY_BYTES_MAX),
            answering: Answering::default(),
            backlog: Vec::new(),
            taken: 0,
            paused: false,
            timing: Timing::since(now.monotonic),
            admitted: node.web.admission.admit(address.ip(), now.monotonic),
            stops: false,
            leaves: false,
        }
    }

    /// Answers the requests in `data`, up to one whose answer takes its time or where there is no more
    /// room for answers. How much of it was taken.
    fn process(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) -> usize {
        let mut rest = data;
        while !self.answering.must_pause(cx.transport) {
            match self.reader.next(&mut rest) {
                Ok(Some(request)) => {
                    self.answering.answer(cx, &request, self.stops && rest.is_empty());
                    self.timing.note_request(cx.now.monotonic);
                }
                Ok(None) => {
                    self.answer_expectation(cx);
                    break;
                }
                Err(error) => self.answering.refuse(cx, error),
            }
        }
        data.len() - rest.len()
    }

    /// A visitor waits for a word before it sends a body: it is told to, or refused at once.
    fn answer_expectation(&mut self, cx: &mut Context<'_, Node>) {
        if !self.reader.take_continue() {
            return;
        }
        let refused = self.reader.awaited().and_then(|request| {
            let refusal = routes::admit(cx, &request).err()?;
            Some((Reply::to(&request, cx.app), refusal))
        });
        match refused {
            Some((reply, refusal)) => {
                reply.closing().refuse(cx, &refusal);
                self.answering.last = true;
            }
            None => cx.transport.write(CONTINUE),
        }
    }

    /// After data or room has come: takes what there is, and reads on when nothing keeps it from that.
    fn go_on(&mut self, cx: &mut Context<'_, Node>) {
        if self.paused && !self.answering.must_pause(cx.transport) {
            let backlog = mem::take(&mut self.backlog);
            let taken = self.taken + self.process(cx, &backlog[self.taken..]);
            (self.backlog, self.taken) = (backlog, taken);
        }
        // What comes behind the last answer is read and passed over: the peer's end may come there.
        if self.paused && (self.answering.last || self.taken == self.backlog.len()) {
            self.forget_input();
            cx.transport.resume_reading();
            self.paused = false;
        }
    }

    fn forget_input(&mut self) {
        (self.backlog, self.taken) = (Vec::new(), 0);
    }

    /// After each callback: closes if everything is answered and nothing more is to come, or waits for
    /// what silence may bring.
    fn look_after(&mut self, cx: &mut Context<'_, Node>) {
        let stops_at = if self.stops { self.end_if_heard_out(cx) } else { None };
        if self.answering.last && !self.answering.is_pending() {
            cx.transport.set_timer(None);
            if self.leaves {
                cx.transport.leave();
            } else {
                cx.transport.close();
            }
            return;
        }
        let is_answering = self.is_answering();
        let has_partial = !is_answering && self.reader.has_partial();
        self.timing.note_partial(has_partial, cx.now.monotonic);
        let deadlines = self.timing.deadlines(is_answering, cx.app.web.admission.bounds());
        let pending = self.answering.pending.as_ref();
        let pending = pending.and_then(|pending| pending.deadline(cx.now));
        cx.transport.set_timer(deadlines.next().into_iter().chain(pending).chain(stops_at).min());
    }

    /// When the server stops, no more requests are taken from who has sent one and is not in the middle of
    /// another; until when is waited for the others.
    fn end_if_heard_out(&mut self, cx: &mut Context<'_, Node>) -> Option<Monotonic> {
        if self.answering.last || self.is_answering() {
            return None;
        }
        let is_heard_out = self.timing.has_requested() && !self.reader.has_partial();
        let waits = cx.app.patient_until().filter(|&at| !is_heard_out && at > cx.now.monotonic);
        if waits.is_none() {
            self.answering.last = true;
            self.leaves = !cx.transport.has_output();
            cx.transport.pause_reading();
        }
        waits
    }

    /// Whether it has an answer to wait for.
    fn is_answering(&self) -> bool {
        self.answering.is_pending() || self.paused
    }

    /// What there was for so long was no whole request.
    fn give_up(&mut self, cx: &mut Context<'_, Node>, timer: Timer) {
        let id = cx.transport.id();
        match timer {
            Timer::Request => {
                info!("web {id}: given up, no whole request has come in the time of --first-line");
                Reply::to_nobody().refuse(cx, &Refusal::new(408, "the request took too long"));
            }
            Timer::First => {
                info!("web {id}: given up, no request has come in the time of --first-line")
            }
            Timer::Idle if cx.transport.has_output() => {
                self.timing.note_request(cx.now.monotonic);
                return;
            }
            Timer::Idle => info!("web {id}: given up, no request has come in the time of --idle"),
        }
        self.answering.last = true;
    }
}

impl Answering {
    /// Whether no request can be answered now.
    fn must_pause(&self, transport: &mut Transport) -> bool {
        self.last || self.is_pending() || !transport.request_room()
    }

    fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Answers a request; whether it is the `last` one.
    fn answer(&mut self, cx: &mut Context<'_, Node>, request: &Request<'_>, last: bool) {
        let reply = Reply::to(request, cx.app);
        let reply = if last { reply.closing() } else { reply };
        self.last |= reply.is_last();
        reports::log_request(cx.transport.id(), request);
        let verified = cx.app.tokens_verified();
        match routes::answer(cx, request, reply) {
            Ok(pending) => self.pending = pending,
            Err(refusal) => reply.refuse(cx, &refusal),
        }
        if self.pending.is_none() && cx.app.tokens_verified() != verified {
            // To verify a token costs as much as many requests: what is behind it has another turn.
            self.pending = Some(Pending::Turn);
            cx.transport.yield_turn();
        }
        self.last |= self.pending.as_ref().is_some_and(Pending::ends_connection);
        self.pending.take_if(|pending| matches!(pending, Pending::End));
    }

    /// What came is no request, and where the next one begins is not known any more.
    fn refuse(&mut self, cx: &mut Context<'_, Node>, error: HttpError) {
        Reply::to_nobody().refuse(cx, &Refusal::of_http(error));
        self.last = true;
    }

    /// Goes on with the answer that takes its time, if there is one.
    fn go_on(&mut self, cx: &mut Context<'_, Node>) {
        if let Some(pending) = &mut self.pending {
            let is_over = pending.go_on(cx);
            self.last |= pending.ends_connection();
            if is_over {
                self.pending = None;
            }
        }
    }

    /// Time has passed, which may end the answer that takes its time.
    fn pass_time(&mut self, cx: &mut Context<'_, Node>) {
        self.pending.take_if(|pending| pending.pass_time(cx));
    }

    /// Nobody waits for it any more.
    fn drop_pending(&mut self, cx: &mut Context<'_, Node>) {
        if let Some(pending) = self.pending.take() {
            pending.end(cx);
        }
    }
}

impl Protocol<Node> for Visitor {
    fn turns_away(&self) -> bool {
        self.admitted.is_none()
    }

    fn connection_made(&mut self, cx: &mut Context<'_, Node>, peer: &PeerInfo) {
        let (id, address) = (cx.transport.id(), peer.address);
        if self.turns_away() {
            debug!("web {id} from {address} is refused");
            Reply::to_nobody().refuse(cx, &Refusal::new(503, "there are too many connections"));
            cx.transport.leave();
            return;
        }
        info!("web {id} connected from {address}");
        self.look_after(cx);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Node>, data: &[u8]) {
        let taken = self.process(cx, data);
        if !self.answering.last && taken < data.len() {
            cx.transport.pause_reading();
            self.paused = true;
            (self.backlog, self.taken) = (data[taken..].to_vec(), 0);
        }
        self.look_after(cx);
    }

    /// What was asked is still answered.
    fn eof_received(&mut self, cx: &mut Context<'_, Node>) {
        if let Err(error) = self.reader.finish()
            && !self.answering.last
        {
            self.answering.refuse(cx, error);
        }
        self.answering.last = true;
        if let Some(pending) = &mut self.answering.pending {
            pending.note_end();
        }
        self.answering.go_on(cx);
        self.look_after(cx);
    }

    /// There may be room.
    fn resume_writing(&mut self, cx: &mut Context<'_, Node>) {
        self.answering.go_on(cx);
        self.go_on(cx);
        self.look_after(cx);
    }

    /// An answer may have come, or an event. That may be behind the walks of the links: a report that was
    /// put off would be answered before they have told it, so it waits for the next turn.
    fn woken(&mut self, cx: &mut Context<'_, Node>) {
        self.answering.go_on(cx);
        if self.paused && !self.answering.must_pause(cx.transport) {
            cx.transport.yield_turn();
        }
        self.look_after(cx);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Node>) {
        self.answering.pass_time(cx);
        let deadlines = self.timing.deadlines(self.is_answering(), cx.app.web.admission.bounds());
        if let Some(timer) = deadlines.due(cx.now.monotonic) {
            self.give_up(cx, timer);
        }
        self.look_after(cx);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Node>) {
        self.stops = true;
        self.leaves = !cx.transport.has_output();
        let is_behind = self.paused || self.reader.has_partial();
        if let Some(pending) = &mut self.answering.pending {
            pending.note_stop(!is_behind);
            self.answering.last |= !is_behind;
        }
        self.answering.go_on(cx);
        self.look_after(cx);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Node>, cause: &Lost) {
        self.answering.drop_pending(cx);
        let id = cx.transport.id();
        let Some(admitted) = self.admitted.take() else {
            debug!("web {id}: {cause}");
            return;
        };
        cx.app.web.admission.release(&admitted);
        match cause {
            Lost::Stalled => warn!("web {id}: {cause}"),
            _ => info!("web {id}: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests;
