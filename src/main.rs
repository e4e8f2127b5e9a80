//! The daemon: arguments -> herd -> node + reactor; the only place that prints and exits.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program that talks")]

use herd::check::Check;
use herd::cli::{self, Options, PlacesOptions, Request};
use herd::herd::Herd;
use herd::limits;
use herd::logs::{self, Logs};
use herd::node::{CLIENT_LISTENER, NEIGHBOUR_LISTENER, Node, NodeOptions, PlacesSettings};
use herd::places::{Choice, Dialect, Key, Service, choose};
use herd::reactor::{ClientConfigSource, Reactor, client_config};
use herd::transport::Endpoint;
use std::env;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const KEY_VARIABLE: &str = "GOOGLE_PLACES_API_KEY";
/// Where the stand-in leaves its certificate authority unless told otherwise.
const STAND_IN_CA: &str = ".herd/places-ca.pem";

/// Why the daemon ends otherwise than by a clean stop.
enum Failure {
    /// Wrong usage or a wrong herd file.
    Usage(String),
    /// What fails at run time.
    Run(String),
}

fn main() -> ExitCode {
    let outcome = match cli::parse(env::args_os().skip(1)) {
        Ok(Request::Help(text) | Request::Version(text)) => {
            print!("{text}");
            Ok(())
        }
        Ok(Request::Run(options)) => serve(&options),
        Ok(Request::Check(options)) => check(&options),
        Err(error) => Err(usage(error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(why)) => {
            eprintln!("herd: {why}");
            ExitCode::from(2)
        }
        Err(Failure::Run(why)) => {
            eprintln!("herd: {why}");
            ExitCode::FAILURE
        }
    }
}

fn usage(error: impl Display) -> Failure {
    Failure::Usage(error.to_string())
}

fn run_time(error: impl Display) -> Failure {
    Failure::Run(error.to_string())
}

/// Is one server until it is asked to stop.
fn serve(options: &Options) -> Result<(), Failure> {
    let herd = Herd::load(&options.herd).map_err(usage)?;
    let index = herd.position(&options.server).ok_or_else(|| {
        let names: Vec<&str> = herd.servers.iter().map(|server| server.name.as_str()).collect();
        let (name, server, names) = (&herd.name, &options.server, names.join(", "));
        Failure::Usage(format!("herd {name} has no server {server:?}; it has {names}"))
    })?;
    let (places, tls, _) = places(&options.places)?;
    let server = &herd.servers[index];
    let logs = logs::init(&options.log_dir, &server.name).map_err(run_time)?;
    if let Some(words) = logs.hidden_by() {
        eprintln!(
            "herd: RUST_LOG={words:?} keeps everything out of the log; levels are error, warn, \
             info, debug, trace, off"
        );
    }
    let outcome = run(options, &herd, index, places, tls, &logs);
    if let Err(Failure::Usage(why) | Failure::Run(why)) = &outcome {
        log::error!("{} ends: {why}", server.name);
    }
    logs.flush();
    outcome
}

/// Runs the server, from its listening to its stop.
fn run(
    options: &Options,
    herd: &Herd,
    index: usize,
    places: PlacesSettings,
    tls: ClientConfigSource,
    logs: &Logs,
) -> Result<(), Failure> {
    let server = &herd.servers[index];
    let (place, dialect) = (&places.service.authority, places.service.dialect);
    log::info!("{} of herd {} starts; Places is {place} ({dialect})", server.name, herd.name);

    let apart: Vec<&str> =
        herd.unreachable_from(index).iter().map(|server| server.name.as_str()).collect();
    if !apart.is_empty() {
        let (name, apart) = (&server.name, apart.join(", "));
        log::warn!("no path of links leads from {name} to {apart}: nothing is heard of them here");
    }

    let mut reactor = Reactor::new(tls).map_err(run_time)?;
    let clients = listen(&mut reactor, &server.client_listener(), "clients")?;
    let neighbours = listen(&mut reactor, &server.neighbour_listener(), "neighbours")?;
    bound_connections(&mut reactor, server.neighbours.len())?;
    let [epoch, seed, key_one, key_two] = random_numbers()?;
    let mut node = Node::new(NodeOptions {
        herd,
        server: index,
        epoch,
        seed,
        key: [key_one, key_two],
        max_skew: options.max_skew,
        positions_bytes_max: options.memory_bytes,
        classic: options.classic,
        places,
        version: herd::wire::neighbour::Version::HIGHEST,
    });
    let log_file = logs::file_in(&options.log_dir, &server.name);
    let (name, log_file) = (&server.name, log_file.display());
    log::info!("{name} listens on {clients} for clients and {neighbours} for neighbours");
    say(format_args!("{name}: clients {clients}, neighbours {neighbours}, log {log_file}"));
    let mut linked = server.neighbours.is_empty();
    let on_idle = |node: &Node| {
        logs.flush();
        let (up, all) = node.links_up();
        if !linked && up == all {
            linked = true;
            say(format_args!("{name}: linked with all {all} neighbours"));
        }
    };
    reactor.run(&mut node, on_idle).map_err(run_time)?;
    log::info!("{name} has stopped");
    Ok(())
}

/// Prints a line for whoever started us. That they no longer listen is no reason to stop serving.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Asks Places once and says how far that got.
fn check(options: &PlacesOptions) -> Result<(), Failure> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("off")).init();
    let (places, tls, is_stand_in) = places(options)?;
    let mut check = Check::new(places, is_stand_in);
    Reactor::new(tls).and_then(|mut reactor| reactor.run(&mut check, |_| ())).map_err(run_time)?;
    let (findings, verdict) = check.outcome();
    for finding in findings {
        println!("{finding}");
    }
    verdict.map_err(|why| Failure::Run(format!("Places does not answer as it should: {why}")))?;
    println!("Places answers");
    Ok(())
}

/// The Places service to ask and how, whom to trust there, and whether it is the stand-in because
/// nothing else was said.
fn places(options: &PlacesOptions) -> Result<(PlacesSettings, ClientConfigSource, bool), Failure> {
    let key = match &options.key_file {
        Some(path) => Some(key_in_file(path)?),
        None => key_in_environment()?,
    };
    let Choice { url, dialect, is_stand_in } =
        choose(options.url.as_deref(), options.dialect, key.is_some());
    if dialect == Dialect::Legacy && options.fields.is_some() {
        return Err(usage("--places-fields is for the new dialect; Places is asked in the legacy"));
    }
    let service = Service::parse(url, dialect, key)
        .map_err(|error| usage(format!("--places {url:?}: {error}")))?;
    let fields = options.fields.clone().unwrap_or_default();
    let settings = PlacesSettings {
        service: Service { fields, ..service },
        connect_timeout: options.connect_timeout,
        first_byte_timeout: options.first_byte_timeout,
        timeout: options.timeout,
        calls_per_second: options.calls_per_second,
        calls_per_day: options.calls_per_day,
        cache: options.cache,
    };
    Ok((settings, trust(options.ca.clone(), is_stand_in)?, is_stand_in))
}

fn key_in_environment() -> Result<Option<Key>, Failure> {
    match env::var(KEY_VARIABLE) {
        Ok(key) if !key.is_empty() => {
            Key::new(&key).map(Some).map_err(|error| usage(format!("{KEY_VARIABLE}: {error}")))
        }
        Ok(_) | Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(usage(format!("{KEY_VARIABLE} is not UTF-8"))),
    }
}

/// The key in a file, whose permissions are those of the very file that is read.
fn key_in_file(path: &Path) -> Result<Key, Failure> {
    let read = || -> io::Result<(u32, Vec<u8>)> {
        let file = File::open(path)?;
        let mode = file.metadata()?.mode();
        let mut content = Vec::new();
        // One byte more than the longest key and its line end can have.
        file.take(limits::PLACES_KEY_BYTES_MAX as u64 + 3).read_to_end(&mut content)?;
        Ok((mode, content))
    };
    let fail = |why: &dyn Display| usage(format!("--places-key-file {path:?}: {why}"));
    let (mode, content) = read().map_err(|error| fail(&error))?;
    Key::from_file(mode, &content).map_err(|error| fail(&error))
}

/// Whom to trust. What the operator names must be there from the start; the stand-in makes its
/// authority when it first runs, which may be later, so it is looked for when it is needed.
fn trust(named: Option<PathBuf>, stand_in: bool) -> Result<ClientConfigSource, Failure> {
    if stand_in && named.is_none() {
        let mut found = None;
        return Ok(Box::new(move || match &found {
            Some(config) => Ok(Arc::clone(config)),
            None => {
                let path = PathBuf::from(STAND_IN_CA);
                let config = client_config(Some(&path)).map_err(|why| {
                    format!(
                        "{why} (the stand-in makes that file, which is looked for in herd's \
                         working directory: start `places` there)"
                    )
                })?;
                Ok(Arc::clone(found.insert(config)))
            }
        }));
    }
    let config = client_config(named.as_deref()).map_err(|why| match named {
        Some(_) => usage(format!("--places-ca {why}")),
        None => run_time(why),
    })?;
    Ok(Box::new(move || Ok(Arc::clone(&config))))
}

/// Binds the first address of an endpoint, for those who connect there.
fn listen(
    reactor: &mut Reactor<Node>,
    endpoint: &Endpoint,
    whom: &str,
) -> Result<SocketAddr, Failure> {
    let fail = |error: &dyn Display| {
        Failure::Run(format!("cannot listen on {endpoint} for {whom}: {error}"))
    };
    let mut addresses =
        (endpoint.host.as_str(), endpoint.port).to_socket_addrs().map_err(|error| fail(&error))?;
    let address = addresses.next().ok_or_else(|| fail(&"the host has no address"))?;
    reactor.listen(address, None).map_err(|error| match error.kind() {
        io::ErrorKind::AddrNotAvailable => fail(&format_args!(
            "{error}: it is no address of this machine; the herd file's `listen` names one to bind"
        )),
        _ => fail(&error),
    })
}

/// Raises the limit of descriptors as far as it goes, and keeps some of them for neighbours and
/// Places, however many clients come.
fn bound_connections(reactor: &mut Reactor<Node>, neighbours: usize) -> Result<(), Failure> {
    let descriptors = rlimit::increase_nofile_limit(rlimit::INFINITY).map_err(run_time)?;
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    let for_neighbours = limits::DESCRIPTORS_PER_NEIGHBOUR * neighbours + limits::STRANGERS_MAX;
    let kept = for_neighbours + limits::PLACES_CONNECTIONS_MAX + limits::DESCRIPTORS_OWN;
    // With very few descriptors clients get half of them: some service is better than none.
    let for_clients = descriptors.saturating_sub(kept).max(descriptors / 2);
    log::info!("{descriptors} descriptors, {for_clients} of them for clients");
    reactor.set_connections_max(CLIENT_LISTENER, for_clients);
    reactor.set_connections_max(NEIGHBOUR_LISTENER, for_neighbours);
    Ok(())
}

/// Four numbers that nobody can guess.
fn random_numbers() -> Result<[u64; 4], Failure> {
    let mut bytes = [[0; 8]; 4];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(bytes.as_flattened_mut())
        .map_err(|_| Failure::Run("the system has no randomness to give".to_owned()))?;
    Ok(bytes.map(u64::from_ne_bytes))
}
