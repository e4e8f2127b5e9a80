//! What a running server reads again at SIGHUP: its log's file, the herd file, certificates and keys.
//!
//! What is wrong changes nothing: each is read and judged before any counts.

use super::tls::Tls;
use crate::herd::{BUILT_IN, Herd, Server};
use crate::logs::Logs;
use crate::node::{NeighbourChanges, Node};
use crate::transport::Now;
use std::fs;

/// What a server goes by, and where it was read.
pub(super) struct Reload<'a> {
    /// The name of a built-in herd, or a path.
    source: &'a str,
    herd: Herd,
    index: usize,
    trust: Tls,
    logs: &'a Logs,
}

impl<'a> Reload<'a> {
    /// Of the server with that index of that herd, which was read from there.
    pub(super) fn new(
        source: &'a str,
        (herd, index): (&Herd, usize),
        trust: Tls,
        logs: &'a Logs,
    ) -> Self {
        Reload { source, herd: herd.clone(), index, trust, logs }
    }

    /// Reads all again; clients and links to neighbours that stay notice nothing.
    pub(super) fn read_again(&mut self, node: &mut Node, now: Now) {
        match self.logs.reopen() {
            Ok(()) => log::info!("the log is opened anew"),
            Err(error) => log::error!("the log cannot be opened anew: {error}"),
        }
        match self.take(node, now) {
            Ok((changes, has_keys)) => {
                log::info!("herd {} is read anew, {changes}", self.source);
                if has_keys {
                    log::info!("certificates and keys are read anew");
                }
                warn_of_apart(&self.herd, self.index);
            }
            Err(why) => {
                log::error!("the herd file, certificates and keys stay as they were: {why}");
            }
        }
    }

    /// Who came, went and moved, and whether there are certificates and keys.
    fn take(&mut self, node: &mut Node, now: Now) -> Result<(NeighbourChanges, bool), String> {
        let herd = load(self.source)?;
        let index = herd
            .index_after(&self.herd, self.index)
            .map_err(|why| format!("herd {}: {why}", self.source))?;
        let has_keys = self.trust.reload(node, &herd, index)?;
        let changes = node.set_herd(&herd, index, now.monotonic);
        (self.herd, self.index) = (herd, index);
        Ok((changes, has_keys))
    }

    /// Says once a day which certificates end soon.
    pub(super) fn remind(&mut self, now: Now) {
        self.trust.remind(now.posix_nanoseconds / 1_000_000_000);
    }
}

/// The herd as it is there now. A pipe, from which one may well be read at the start, is not waited for.
fn load(source: &str) -> Result<Herd, String> {
    let is_built_in = BUILT_IN.iter().any(|(name, _)| *name == source);
    if !is_built_in && fs::metadata(source).is_ok_and(|found| !found.is_file()) {
        return Err(format!("herd {source}: it is no file that can be read again"));
    }
    Herd::load(source).map_err(|error| error.to_string())
}

/// Says of which servers nothing can ever be heard.
pub(super) fn warn_of_apart(herd: &Herd, index: usize) {
    let apart = names(herd.unreachable_from(index));
    if !apart.is_empty() {
        let name = &herd.servers[index].name;
        log::warn!("no path of links leads from {name} to {apart}: nothing is heard of them here");
    }
}

/// The names of these servers, for people.
pub(super) fn names<'a>(servers: impl IntoIterator<Item = &'a Server>) -> String {
    let names: Vec<&str> = servers.into_iter().map(|server| server.name.as_str()).collect();
    names.join(", ")
}
