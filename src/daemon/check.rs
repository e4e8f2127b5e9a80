//! `herd --check`, driven by the reactor.

use super::places::{Places, places};
use super::{Failure, say};
use crate::check::Check;
use crate::cli::PlacesOptions;
use crate::places::TLS_PROFILE;
use crate::reactor::Reactor;
use std::io::Write;

/// Asks Places once and says how far that got.
pub(super) fn check(options: &PlacesOptions, out: &mut dyn Write) -> Result<(), Failure> {
    // Log lines only for who asks for them, and on standard error. A process that has a logger
    // already keeps it.
    let environment = env_logger::Env::default().default_filter_or("off");
    let _ = env_logger::Builder::from_env(environment).try_init();
    let Places { settings, tls, is_stand_in } = places(options)?;
    let mut check = Check::new(settings, is_stand_in);
    let mut reactor = Reactor::new().map_err(Failure::run)?;
    reactor.set_client_tls(TLS_PROFILE, tls);
    reactor.run(&mut check, |_, _| ()).map_err(Failure::run)?;
    let (findings, verdict) = check.outcome();
    for finding in findings {
        say(out, format_args!("{finding}"));
    }
    verdict.map_err(|why| Failure::Run(format!("Places does not answer as it should: {why}")))?;
    say(out, format_args!("Places answers"));
    Ok(())
}
