//! `AUTH`: a client shows a token, and what it may do by it.

use super::Client;
use crate::node::Node;
use crate::node::counts::Refused;
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::Auth;

impl Client {
    /// Believes a token, which takes the place of the one before: None if it does not, or none is asked for.
    pub(super) fn authenticate(
        &mut self,
        cx: &mut Context<'_, Node>,
        auth: &Auth<'_>,
    ) -> Option<()> {
        let who = ("client", cx.transport.id());
        if cx.app.requires_tokens() {
            // To verify one costs as much as hundreds of reports: the next command has another turn.
            self.answers.tire();
            cx.transport.yield_turn();
        }
        let Some(grant) = cx.app.believe(who, auth.token, cx.now) else {
            cx.app.counts.refused(Refused::Token);
            return None;
        };
        let name: Vec<u8> = grant.name().bytes().map(without_line_end).collect();
        self.answers.answer(cx.transport, |out| {
            out.extend_from_slice(b"AUTH ");
            out.extend_from_slice(&name);
            out.push(b'\n');
        });
        self.apart.set_grant(grant);
        if let Some(watcher) = self.watcher {
            let sight = cx.app.sight(self.apart.grant(), Right::Watch, cx.now);
            cx.app.hub.restrict(watcher, sight, &mut cx.app.positions);
        }
        Some(())
    }

    /// Whether it may do that about that client; if not, that is counted.
    #[inline]
    pub(super) fn may(&self, cx: &mut Context<'_, Node>, right: Right, client: &[u8]) -> bool {
        if !cx.app.requires_tokens() {
            return true;
        }
        let who = ("client", cx.transport.id());
        let may = cx.app.may(who, self.apart.grant(), (right, Some(client)), cx.now);
        if !may {
            cx.app.counts.refused(Refused::NotAllowed);
        }
        may
    }
}

/// A name is any text, and the answer is one line.
fn without_line_end(byte: u8) -> u8 {
    if byte.is_ascii_control() { b' ' } else { byte }
}
