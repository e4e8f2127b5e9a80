//! `places`, the stand-in for the Places service: answers Google's Nearby Search over HTTPS on
//! loopback from 69,472 real towns and districts, so that a herd works on a laptop without a key or
//! a network.
//!
//! From the bottom up: [`globe`] (points and distances), [`world`] (the places), [`index`] and
//! [`gazetteer`] (which are nearest), [`query_string`] and [`legacy`] (the question), [`answer`] (the JSON), [`new`]
//! (both in the new dialect), [`service`] (the conversation), and beside them [`authority`] and
//! [`files`] (whom clients trust).

mod answer;
mod authority;
mod files;
mod gazetteer;
mod globe;
mod index;
mod legacy;
mod new;
mod options;
mod query_string;
mod service;
mod world;

use authority::{Authority, CERTIFICATE_FILE};
use env_logger::Env;
use gazetteer::Gazetteer;
use herd::places::TLS_PROFILE;
use herd::reactor::{Reactor, ServerTls};
use options::{Command, Options};
use rustls::ServerConfig;
use service::{Port, Service};
use std::env;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

/// Exit status for what fails at run time.
const FAILED: u8 = 1;
/// Exit status for wrong usage.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    match options::read(env::args_os().skip(1)) {
        Ok(Command::Help) => say(&options::usage()),
        Ok(Command::Version) => say(&format!("places {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Serve(options)) => match serve(options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => complain(&why, FAILED),
        },
        Err(why) => complain(&format!("{why} (see places --help)"), WRONG_USAGE),
    }
}

/// Serves until it is told to stop. Fails in one line.
fn serve(options: Options) -> Result<(), String> {
    env_logger::Builder::from_env(Env::default().default_filter_or("info")).init();
    let gazetteer = Gazetteer::parse(world::WORLD).map_err(|error| error.to_string())?;
    let now = SystemTime::now();
    let authority = Authority::open(&options.directory, now).map_err(|error| error.to_string())?;
    let tls = authority.server_config(now).map_err(|error| error.to_string())?;
    log::info!(
        "{} places; trust {} to ask about them",
        gazetteer.len(),
        options.directory.join(CERTIFICATE_FILE).display()
    );
    let Options { required_key, delay, .. } = options;
    let mut service = Service { gazetteer, required_key, delay, stops: 0 };
    run(&mut service, options.address, Arc::new(tls))
}

/// Has the reactor drive the conversations.
fn run(service: &mut Service, address: SocketAddr, tls: Arc<ServerConfig>) -> Result<(), String> {
    let mut reactor = Reactor::new().map_err(|error| error.to_string())?;
    let tls = ServerTls::for_anybody(tls);
    reactor.set_server_tls(TLS_PROFILE, Box::new(move || Some(tls.clone())));
    let bound = reactor
        .listen(Port, address, Some(TLS_PROFILE))
        .map_err(|error| format!("cannot listen on {address}: {error}"))?;
    log::info!("listening on {bound}");
    reactor.run(service, |_, _| ()).map_err(|error| error.to_string())?;
    log::info!("stopped");
    Ok(())
}

fn say(text: &str) -> ExitCode {
    // Whoever closed our output does not want to know.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn complain(why: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "places: {why}");
    ExitCode::from(status)
}
