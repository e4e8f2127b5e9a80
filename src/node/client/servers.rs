//! `SERVERS`: a client asks where else it may go.

use super::Client;
use crate::node::Node;
use crate::node::counts::Refused;
use crate::transport::Context;

impl Client {
    /// Tells of the herd's servers: None if no good token was shown where one is asked for. Which rights it
    /// gives does not matter: whoever may do anything here must be able to find another server to do it.
    pub(super) fn servers(&mut self, cx: &mut Context<'_, Node>) -> Option<()> {
        if !cx.app.is_trusted(self.apart.grant(), cx.now) {
            cx.app.counts.refused(Refused::NotAllowed);
            return None;
        }
        self.answers.answer(cx.transport, |out| cx.app.write_servers(out));
        Some(())
    }
}
