//! `load --walk`: clients that go between real towns, for who wants to see a herd at work.
//!
//! From the bottom up: [`way`] (along the earth), [`mode`] (how fast, between which towns),
//! [`traveller`] (one client), [`crowd`] (all of them), [`link`] and [`reports`] (to whom they report),
//! [`options`].

mod crowd;
mod link;
mod mode;
mod options;
mod reports;
mod traveller;
mod way;

pub use options::{WalkOptions, declare, read};

use crate::world::{self, WORLD};
use crowd::World;
use herd::reactor::Reactor;
use herd::transport::{Endpoint, TlsProfile};
use reports::Walk;
use std::sync::Arc;

/// With what servers are dialled that speak TLS.
const PROFILE: TlsProfile = TlsProfile("servers");

/// Walks until the process is asked to end; whether all answers were right.
///
/// # Errors
/// In one line what cannot be used, or the system refuses.
pub fn walk(options: &WalkOptions, mut say: impl FnMut(&str)) -> Result<bool, String> {
    let places = world::read(WORLD).map_err(|error| error.to_string())?;
    let crowd = World::new(places).crowd(options.clients, options.seed)?;
    let trust = options.trust.load()?;
    let mut servers = options.servers.clone();
    let mut reactor = Reactor::new().map_err(|error| error.to_string())?;
    if let Some(tls) = trust.tls().cloned() {
        reactor.set_client_tls(PROFILE, Box::new(move || Ok(Arc::clone(&tls))));
        for endpoint in servers.iter_mut().map(|server| &mut server.endpoint) {
            *endpoint = Endpoint::tls(endpoint.host.clone(), endpoint.port, PROFILE);
        }
    }
    let mut walk = Walk::new(crowd, &servers, options.speed_up, options.seed);
    if let Some(token) = trust.token() {
        walk.show(token.clone());
    }
    let tell = |walk: &mut Walk, _| walk.take_said().iter().for_each(|line| say(line));
    reactor.run(&mut walk, tell).map_err(|error| error.to_string())?;
    Ok(walk.count().wrong == 0)
}
