//! What we tell: our herd's feed in messages, what others have missed of it, and digests.

use super::{Bus, State};
use crate::limits;
use crate::node::agreement::digest_for;
use crate::node::gateway::feed::Telling;
use crate::node::gateway::{Counts, Gateway, Subjects};
use crate::node::lines::{OUT, lines_are_logged_at, log_at, write_change};
use crate::node::{Node, Settings};
use crate::positions::{Change, Kind, OriginId, Positions};
use crate::transport::{Context, Transport};
use crate::wire::gateway::{Source, write_digest, write_feed};
use crate::wire::nats::{write_publish, write_publish_with_headers, write_token};
use crate::wire::neighbour::Version;
use crate::wire::plural;
use log::{Level, warn};

/// What a change's line has beside the names of its server and its text: `GONE `, the difference, two spaces
/// and LF.
const LINE_BYTES_MORE: usize = 5 + 22 + 3;

/// The longest first line of a message: two names, an epoch, two numbers.
const HEAD_BYTES_MAX: usize = 6 + 2 * limits::SERVER_NAME_BYTES_MAX + 16 + 2 * 20 + 6;

/// How a message is told, and to whom else.
struct Manner<'a> {
    source: Source<'a>,
    subjects: &'a Subjects,
    own: &'a [OriginId],
    tells_clients: bool,
    /// What lines a message may have, in bytes.
    room: usize,
    takes_headers: bool,
    /// The longest line that names a client's subject, in bytes.
    line_bytes_max: usize,
}

/// This life of this gateway.
pub(super) fn ours(settings: &Settings) -> Source<'_> {
    let (herd, server) = (settings.herd.as_bytes(), settings.name.as_bytes());
    Source { herd, server, epoch: settings.epoch }
}

impl Bus {
    /// Tells what the bus has not been told, as far as there is room and the share of this turn goes; then
    /// what others have missed.
    pub(super) fn walk(&mut self, cx: &mut Context<'_, Node>) {
        if self.state != State::Up {
            return;
        }
        let now = cx.now.monotonic;
        let node = &mut *cx.app;
        let (positions, settings) = (&mut node.positions, &node.settings);
        let Some(gateway) = &mut node.gateway else { return };
        let Gateway { feed, subjects, counts, tells_clients, line_bytes_max, .. } = &mut **gateway;
        let (telling, again, own) = feed.tellings();
        let message_bytes = limits::GATEWAY_BATCH_BYTES_MAX.min(self.payload_bytes_max);
        let mut manner = Manner {
            source: ours(settings),
            subjects,
            own,
            tells_clients: *tells_clients,
            room: message_bytes.saturating_sub(HEAD_BYTES_MAX),
            takes_headers: self.takes_headers,
            line_bytes_max: *line_bytes_max,
        };
        let left_out = counts.too_long;
        if telling.has_begun(positions) {
            self.tell(cx.transport, positions, telling, &manner, counts);
        }
        if let Some(again) = again
            && again.has_begun(positions)
        {
            manner.tells_clients = false;
            self.tell(cx.transport, positions, again, &manner, counts);
        }
        feed.end_again_if_over(positions, now);
        let left_out = counts.too_long - left_out;
        if left_out > 0
            && let Some(others) =
                gateway.throttles.too_long.admit(now, limits::GATEWAY_TROUBLE_REMINDER)
        {
            let (changes, most) = (plural(left_out + others, "change"), self.payload_bytes_max);
            warn!(
                "{changes} left out that the bus would not take: its max_payload is {most} bytes, and \
                 its lines have {} at most",
                gateway.line_bytes_max
            );
        }
        let has_more = !gateway.feed.is_told(positions) || gateway.feed.tellings().1.is_some();
        let waits = gateway.feed.deadline().is_some();
        self.confirm(cx);
        self.leave_if_told(cx);
        if waits {
            // What has been asked for while something was told again.
            self.set_timer(cx);
        }
        if has_more && cx.transport.request_room() {
            cx.transport.yield_turn();
        }
    }

    fn tell(
        &mut self,
        transport: &mut Transport,
        positions: &mut Positions,
        telling: &mut Telling,
        manner: &Manner<'_>,
        counts: &mut Counts,
    ) {
        let id = transport.id();
        let level = if telling.is_again() { Level::Trace } else { Level::Info };
        let is_logged = lines_are_logged_at(level);
        while self.share > 0 && transport.request_room() {
            let Some(next) = telling.peek(positions) else { break };
            let is_told = telling.tells(next.origin(), manner.own);
            let most = next.origin_name().len() + next.text().bytes().len() + LINE_BYTES_MORE;
            if is_told && most <= manner.room && self.batch.len() + most > manner.room {
                self.publish(transport, positions, telling, manner, counts);
            }
            let Some(change) = positions.next(telling.cursor()) else { break };
            self.share -= 1;
            if !is_told {
                continue;
            }
            if most > manner.room {
                counts.too_long += 1;
                continue;
            }
            let begin = self.batch.len();
            write_change(&mut self.batch, &change);
            counts.changes += 1;
            if is_logged {
                log_at(level, ("bus", OUT), id, self.batch[begin..].trim_ascii_end());
            }
            if manner.tells_clients
                && !tell_client(transport, &change, &self.batch[begin..], manner)
            {
                counts.too_long += 1;
            }
        }
        let ends = telling.is_again() && telling.peek(positions).is_none();
        if !self.batch.is_empty() || ends {
            self.publish(transport, positions, telling, manner, counts);
        }
        if ends {
            telling.end();
        }
    }

    /// Publishes the lines that there are, as what tells the feed up to where the cursor is.
    fn publish(
        &mut self,
        transport: &mut Transport,
        positions: &Positions,
        telling: &mut Telling,
        manner: &Manner<'_>,
        counts: &mut Counts,
    ) {
        let stretch = telling.stretch(positions);
        let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
        write_feed(&mut head, manner.source, stretch);
        let subject = &manner.subjects.feed;
        transport.write_with(|out| write_publish(out, subject, &[&head, &self.batch]));
        self.batch.clear();
        telling.told(stretch);
        counts.messages += 1;
    }

    /// Begins to tell again what was asked for, if it is time.
    pub(super) fn tell_again_if_due(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        let node = &mut *cx.app;
        let Some(gateway) = &mut node.gateway else { return };
        if gateway.feed.begin_again(&mut node.positions, now) {
            cx.transport.yield_turn();
        }
    }

    /// Tells how far the feed has been told, and what we hold.
    pub(super) fn tell_digest(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        let pause = match self.digests {
            0..limits::GATEWAY_DIGESTS_SOON => limits::GATEWAY_DIGEST_SOON,
            _ => limits::GATEWAY_DIGEST_INTERVAL,
        };
        self.digest_at = now + pause;
        self.digests = self.digests.saturating_add(1);
        if cx.transport.is_full() {
            return;
        }
        let node = &*cx.app;
        let Some(gateway) = &node.gateway else { return };
        let settings = &node.settings;
        let mut line = Vec::new();
        let digest = digest_for(Version::HIGHEST, &node.positions);
        let told = gateway.feed.told();
        write_digest(&mut line, ours(settings), told, digest, settings.lifetimes);
        if line.len() > self.payload_bytes_max {
            return;
        }
        log_at(Level::Debug, ("bus", OUT), cx.transport.id(), line.trim_ascii_end());
        let subject = &gateway.subjects.digest;
        cx.transport.write_with(|out| write_publish(out, subject, &[&line]));
    }
}

/// `HPUB`, two lengths and the spaces between.
const CLIENT_LINE_BYTES_MORE: usize = 32;

/// Tells a change on its client's subject, unless that is too long. That a client was forgotten deletes it where subjects are keys.
fn tell_client(
    transport: &mut Transport,
    change: &Change<'_>,
    line: &[u8],
    manner: &Manner<'_>,
) -> bool {
    let line = line.trim_ascii_end();
    let mut subject = manner.subjects.client.clone();
    write_token(&mut subject, change.client());
    if subject.len() + CLIENT_LINE_BYTES_MORE > manner.line_bytes_max {
        return false;
    }
    transport.write_with(|out| match change.kind() {
        Kind::Tombstone if manner.takes_headers => {
            write_publish_with_headers(out, &subject, &[("KV-Operation", "DEL")], &[line]);
        }
        Kind::Position | Kind::Tombstone => write_publish(out, &subject, &[line]),
    });
    true
}
