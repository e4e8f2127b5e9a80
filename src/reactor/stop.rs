//! A clean stop: at the first signal everybody is told, at the second everybody is cut.

use super::Reactor;
use super::connection::Phase;
use crate::transport::{Application, Lost, Protocol};

impl<A: Application> Reactor<A> {
    pub(super) fn take_signals(&mut self, app: &mut A) {
        if self.signals.take() == 0 {
            return;
        }
        log::info!("asked to stop by {}", self.signals.last());
        if self.stopping.is_some() {
            log::warn!("stopping at once");
            for id in self.slots.ids() {
                self.lose(id, Lost::Aborted);
            }
        }
        self.stop(app);
    }

    /// Accepts no more and tells every protocol, once.
    pub(super) fn stop(&mut self, app: &mut A) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(self.now.monotonic);
        self.listeners.clear();
        app.stopping(self.now);
        for id in self.slots.ids() {
            match self.slots.find(id).map(|c| &c.phase) {
                Some(Phase::Dialling(_) | Phase::Handshaking { .. }) => {
                    self.lose(id, Lost::Aborted);
                }
                Some(Phase::Open) => self.call(app, id, |protocol, cx| protocol.stopping(cx)),
                _ => {}
            }
        }
    }
}
