//! The beginning of a conversation with the bus, and what it says of itself.

use super::{Bus, State};
use crate::limits;
use crate::node::Node;
use crate::node::gateway::Credentials;
use crate::transport::Context;
use crate::wire::Printable;
use crate::wire::nats::{Connect, Info, write_connect, write_subscribe};
use log::{debug, info, warn};

impl Bus {
    /// It says what it is: first of all, and when that changes.
    pub(super) fn informed(&mut self, cx: &mut Context<'_, Node>, json: &[u8]) {
        let Some(info) = Info::parse(json) else {
            self.give_up(cx, "its INFO is not understood".to_owned());
            return;
        };
        let node = &mut *cx.app;
        let Some(gateway) = &mut node.gateway else { return };
        gateway.hosts.told(&info.connect_urls);
        self.payload_bytes_max = info.max_payload;
        self.takes_headers = info.headers;
        if info.lame_duck {
            self.give_up(cx, "it is about to stop, and says so".to_owned());
            return;
        }
        if self.state != State::Connected {
            return;
        }
        let is_secured = gateway.hosts.present().is_tls();
        if info.tls_required && !is_secured {
            self.asks_for_tls = gateway.hosts.secure();
            self.give_up(cx, "it asks for TLS, and is dialled with it".to_owned());
            return;
        }
        let (user, password, token) = match &gateway.credentials {
            Credentials::None => (None, None, None),
            Credentials::User { user, password } => {
                (Some(user.as_str()), Some(password.as_str()), None)
            }
            Credentials::Token(token) => (None, None, Some(token.as_str())),
        };
        let name = format!("herd {} {}", node.settings.herd, node.settings.name);
        let connect = Connect {
            name: &name,
            version: env!("CARGO_PKG_VERSION"),
            user,
            password,
            token,
            tls: is_secured,
            headers: info.headers,
        };
        cx.transport.write_with(|out| write_connect(out, &connect));
        let (version, server) =
            (Printable(info.version.as_bytes()), Printable(info.server_name.as_bytes()));
        debug!("bus {} is {server}, version {version}", cx.transport.id());
        self.state = State::Greeted;
        self.ping(cx);
    }

    /// It has us.
    pub(super) fn came_up(&mut self, cx: &mut Context<'_, Node>) {
        let now = cx.now.monotonic;
        let node = &mut *cx.app;
        let Some(gateway) = &mut node.gateway else { return };
        self.state = State::Up;
        self.heard = now;
        let ours = gateway.subjects.again_of(node.settings.name.as_bytes());
        let subjects = [&gateway.subjects.feed, &gateway.subjects.digest, &ours];
        cx.transport.write_with(|out| {
            for (number, subject) in (1..).zip(subjects) {
                write_subscribe(out, subject, number);
            }
        });
        gateway.outage.end(now);
        gateway.counts.complaint = None;
        gateway.feed.restart(&mut node.positions);
        gateway.sources.reconnected(now, &mut gateway.random);
        info!("the bus at {} is up: it has taken {}", gateway.hosts.present(), gateway.feed.told());
        self.tell_digest(cx);
        self.share = limits::WALK_RECORDS_MAX;
        self.walk(cx);
    }

    /// It complains. Where that ends the connection, it closes it, too.
    pub(super) fn complained(&mut self, cx: &mut Context<'_, Node>, words: &[u8]) {
        let words = Printable(words).to_string();
        let Some(gateway) = &mut cx.app.gateway else { return };
        let now = cx.now.monotonic;
        if self.state == State::Up {
            if let Some(others) = gateway.throttles.complaints.admit(now) {
                let id = cx.transport.id();
                warn!("bus {id} complains: {words}; {others} more complaints were not said");
            }
        } else {
            self.refused = true;
            self.reason.get_or_insert_with(|| format!("refused: {words}"));
        }
        if words.to_ascii_lowercase().contains("maximum control line") {
            // What has such a subject is left out from now on, lest it be told again for ever.
            gateway.line_bytes_max /= 2;
        }
        gateway.counts.complaint = Some(words);
    }
}
