//! `herd --check-health`, driven by the reactor.

use super::Failure;
use crate::check::health::{HEALTH_PROFILE, HealthCheck};
use crate::cli::HealthOptions;
use crate::reactor::{Reactor, client_config};
use std::sync::Arc;

/// Asks a server once whether it is alive. What it says is the exit status, and on standard error why not.
pub(super) fn check(options: &HealthOptions) -> Result<(), Failure> {
    let HealthOptions { url, keys } = options;
    let fail = |why: &str| Failure::Usage(format!("--check-health {url:?}: {why}"));
    let mut check = HealthCheck::new(url).map_err(fail)?;
    let authority = keys.as_ref().map(|keys| keys.join("ca.pem"));
    let trusted = client_config(authority.as_deref()).map_err(Failure::Run)?;
    let mut reactor = Reactor::new().map_err(Failure::run)?;
    reactor.set_client_tls(HEALTH_PROFILE, Box::new(move || Ok(Arc::clone(&trusted))));
    reactor.run(&mut check, |_, _| ()).map_err(Failure::run)?;
    check.outcome().map_err(|why| Failure::Run(format!("{url}: {why}")))
}
