//! One server of a herd, from its start to its stop.

use super::journal::Folder;
use super::nats::{Bus, bus};
use super::places::{Places, places};
use super::randomness::random_numbers;
use super::reload::{Reload, names, warn_of_apart};
use super::service_manager::ServiceManager;
use super::tls::Tls;
use super::{Failure, descriptors, listen, say};
use crate::cli::{BoundsOptions, JournalOptions, JournalSync, Options};
use crate::herd::{Herd, Server};
use crate::logs::{self, Logs};
use crate::node::{
    self, BUS_PROFILE, ClientBounds, GatewayOptions, LinkSecurity, Node, NodeOptions, WebOptions,
};
use crate::places::{PlacesSettings, TLS_PROFILE};
use crate::reactor::{ClientConfigSource, HandedOver, Reactor};
use crate::transport::Now;
use crate::wire::neighbour::Version;
use crate::wire::plural;
use std::io::{self, Write};

/// Is one server until it is asked to stop. `version` is the highest of the lines between neighbours
/// that it speaks.
pub(super) fn serve(
    options: &Options,
    version: Version,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let handed_over = HandedOver::to_us();
    let herd = Herd::load(&options.herd).map_err(Failure::usage)?;
    let index = find(&herd, &options.server)?;
    let places = places(&options.places)?;
    let bus = options.nats.as_ref().map(bus).transpose()?;
    let server = &herd.servers[index];
    let trust = Tls::read(&options.trust, &herd, index)?;
    let logs = logs::init(&options.log_dir, &server.name).map_err(Failure::run)?;
    if let Some(words) = logs.hidden_by() {
        let levels = "levels are error, warn, info, debug, trace, off";
        let why = format_args!("RUST_LOG={words:?} keeps everything out of the log; {levels}");
        say(&mut io::stderr(), format_args!("herd: {why}"));
    }
    let outside = (places, bus, trust);
    let outcome = run(options, version, (&herd, index), outside, (handed_over, &logs), out);
    if let Err(failure) = &outcome {
        log::error!("{} ends: {failure}", server.name);
    }
    logs.flush();
    outcome
}

/// Which server of the herd that name is.
fn find(herd: &Herd, server: &str) -> Result<usize, Failure> {
    herd.position(server).ok_or_else(|| {
        let (name, names) = (&herd.name, names(&herd.servers));
        Failure::Usage(format!("herd {name} has no server {server:?}; it has {names}"))
    })
}

/// Runs the server, from its listening to its stop.
fn run(
    options: &Options,
    version: Version,
    (herd, index): (&Herd, usize),
    (places, bus, trust): (Places, Option<Bus>, Tls),
    (handed_over, logs): (HandedOver, &Logs),
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let server = &herd.servers[index];
    let Places { settings, tls, .. } = places;
    let (place, dialect) = (&settings.service.authority, settings.service.dialect);
    log::info!("{} of herd {} starts; Places is {place} ({dialect})", server.name, herd.name);
    log::info!("Places is asked {}", settings.limits.caps());
    warn_of_apart(herd, index);
    let mut reactor = Reactor::new().map_err(Failure::run)?;
    let gateway = bus.map(|Bus { gateway, tls }| {
        reactor.set_client_tls(BUS_PROFILE, tls);
        gateway
    });
    let shares = descriptors::share(server)?;
    let room = shares.room();
    let links = trust.links();
    let mut node =
        Node::new(node_options(options, version, herd, index, (settings, links, gateway), room)?);
    trust.require_tokens(&mut node, &herd.name).map_err(Failure::usage)?;
    trust.tell_ends(&mut node);
    // Who connects finds all that there was; it is locked for as long as this server runs.
    let _folder = open_journal(options, herd, server, reactor.now(), &mut node)?;
    trust.install(&mut reactor, options.bounds.first_line);
    let listens = set_up(&mut reactor, handed_over, server, (tls, &trust), &shares)?;
    let mut manager = ServiceManager::of_environment();
    if let Some(pulse) = manager.pulse() {
        reactor.set_pulse(pulse);
    }

    let (name, log_file) = (&server.name, logs::file_in(&options.log_dir, &server.name));
    let listen::Listens { clients, clients_tls, neighbours, web } = listens;
    let for_clients = [("clients", clients), ("clients by TLS", clients_tls)]
        .map(|(whom, port)| port.map(|address| format!("{whom} {address}, ")).unwrap_or_default());
    let clients = for_clients.concat();
    let scheme = if trust.is_public() { "https" } else { "http" };
    let web = web.map(|web| format!(", web {scheme}://{web}/")).unwrap_or_default();
    log::info!("{name} listens on {clients}neighbours {neighbours}{web}");
    let log_file = log_file.display();
    say(out, format_args!("{name}: {clients}neighbours {neighbours}{web}, log {log_file}"));
    let mut reload = Reload::new(&options.herd, (herd, index), trust, logs);
    // Who is never busy is never idle either.
    reload.remind(reactor.now());
    logs.flush();
    manager.ready();
    let mut linked = server.neighbours.is_empty();
    let on_idle = |node: &mut Node, now: Now| {
        if node.take_hang_up() {
            manager.reloading();
            reload.read_again(node, now);
            manager.ready();
        }
        manager.look(node, now);
        reload.remind(now);
        logs.flush();
        let (linked_with, all) = node.linked_both_ways();
        if !linked && linked_with == all {
            linked = true;
            say(out, format_args!("{name}: linked with all {}", plural(all, "neighbour")));
        }
    };
    reactor.run(&mut node, on_idle).map_err(Failure::run)?;
    log::info!("{name} has stopped");
    Ok(())
}

/// Takes in the journal, if one is kept.
fn open_journal(
    options: &Options,
    herd: &Herd,
    server: &Server,
    now: Now,
    node: &mut Node,
) -> Result<Option<Folder>, Failure> {
    let Some(JournalOptions { dir, sync }) = &options.journal else { return Ok(None) };
    let tombstone_seconds = herd.lifetimes.tombstone_seconds.into();
    let now = now.posix_nanoseconds.unsigned_abs() / 1_000_000_000;
    let mut folder = Folder::open(dir, &herd.name, &server.name, tombstone_seconds, now)?;
    node.open_journal(node::JournalOptions {
        dir: folder.path().to_owned(),
        always: *sync == JournalSync::Always,
        next_number: folder.next_number(),
    });
    let files = plural(folder.segments().len(), "file");
    log::info!("the journal in {} is read: {files}", dir.display());
    let mut outcome = Ok(());
    let replayed = folder.replay(|segment| {
        let which = (segment.number(), segment.bytes(), segment.is_rotten());
        if outcome.is_ok() {
            outcome = node.replay(which, segment.blocks()).map(|useless| {
                if useless > 0 {
                    let (number, lines) = (segment.number(), plural(useless, "line"));
                    log::error!("journal: {lines} of file {number} are of no client, and left out");
                }
            });
        }
    })?;
    outcome.map_err(|error| Failure::run(format_args!("{}: {error}", dir.display())))?;
    let (known, forgotten) = (node.positions().len(), node.positions().tombstones());
    let (files, lines) = (plural(replayed.files, "file"), plural(replayed.lines, "line"));
    log::info!(
        "the journal in {} holds {} and {} in {lines} of {files}",
        dir.display(),
        plural(known, "position"),
        plural(forgotten, "tombstone"),
    );
    Ok(Some(folder))
}

/// Has the reactor listen at the server's ports, with descriptors left for the rest.
fn set_up(
    reactor: &mut Reactor<Node>,
    handed_over: HandedOver,
    server: &Server,
    (places, tls): (ClientConfigSource, &Tls),
    shares: &descriptors::Shares,
) -> Result<listen::Listens, Failure> {
    reactor.set_client_tls(TLS_PROFILE, places);
    if server.web_port.is_some() {
        // There it is told how long they take.
        reactor.time_turns();
    }
    let listens = listen::listen(reactor, handed_over, server, tls)?;
    shares.bound(reactor);
    Ok(listens)
}

/// All that the node is told: the one place where its options are made.
fn node_options<'a>(
    options: &Options,
    version: Version,
    herd: &'a Herd,
    server: usize,
    (places, links, gateway): (PlacesSettings, LinkSecurity, Option<GatewayOptions>),
    room: descriptors::Room,
) -> Result<NodeOptions<'a>, Failure> {
    let [epoch, seed, key_one, key_two] = random_numbers()?;
    Ok(NodeOptions {
        herd,
        server,
        epoch,
        seed,
        key: [key_one, key_two],
        max_skew: options.max_skew,
        positions_bytes_max: options.memory_bytes,
        links,
        classic: options.classic,
        bounds: bounds(&options.bounds, room.clients),
        web: WebOptions { bounds: bounds(&options.bounds, room.web), cors: options.cors.clone() },
        places,
        gateway,
        version,
    })
}

/// What clients are bounded by, where there may be so many of them.
fn bounds(options: &BoundsOptions, connections: usize) -> ClientBounds {
    let half = connections.div_ceil(2);
    let per_address = options.per_address.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    ClientBounds {
        connections,
        per_address: per_address.unwrap_or(half),
        new_per_address: options.new_per_address,
        first_line: options.first_line,
        idle: options.idle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{self, Request};
    use crate::places::{Dialect, Service};

    #[test]
    fn a_server_is_found_by_its_name_as_it_is_written() {
        let herd = Herd::load("goloman").unwrap();
        assert_eq!(find(&herd, "Welsh"), Ok(3));
        for name in ["Alford", "welsh", "Welsh ", ""] {
            let Err(Failure::Usage(why)) = find(&herd, name) else { panic!("{name:?} is found") };
            let names = "it has Goloman, Hands, Holiday, Welsh, Wilkes";
            assert_eq!(why, format!("herd goloman has no server {name:?}; {names}"));
        }
    }

    #[test]
    fn two_lives_of_a_server_differ_in_all_that_is_random() {
        let herd = Herd::load("goloman").unwrap();
        let Ok(Request::Run(options)) = cli::parse(["Hands".into()].into_iter()) else {
            panic!("that is a server")
        };
        let url = "https://localhost:8443/";
        let service = Service::parse(url, Dialect::Legacy, None).unwrap();
        let settings = || PlacesSettings::new(service.clone());
        let room = descriptors::Room { clients: 9, web: 3 };
        let version = Version::new(2);
        let [one, two] = [(); 2].map(|()| {
            let told = (settings(), LinkSecurity::Plain, None);
            node_options(&options, version, &herd, 1, told, room).unwrap()
        });
        assert_ne!((one.epoch, one.seed), (two.epoch, two.seed));
        assert_ne!(one.key, two.key);
        assert_eq!((one.server, one.max_skew, one.classic), (1, options.max_skew, false));
        assert_eq!((one.positions_bytes_max, one.version), (options.memory_bytes, version));
        assert_eq!((one.bounds.connections, one.bounds.per_address), (9, 5));
    }
}
