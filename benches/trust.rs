//! What trust costs: reports over TLS 1.3 beside the same in plain, on one server in one run; what an idle
//! TLS connection that has spoken keeps resident; and full handshakes a second.
//!
//! Handshakes are compared with a loop of bare rustls handshakes in memory, with the same certificates, both
//! sides on one core and nothing else: no sockets, no system. Those of the server are measured over real
//! sockets, by a load generator on a core of its own that verifies the server's chain each time, sends a
//! report and awaits its answer and a proper end. So the server has a core for its own half of the work, and
//! the ratio is above 1 if all that it does beside the handshake costs less than the client's half does. What
//! its half alone costs is told, too: the processor time of the bare server's half, divided by all the
//! processor time that the server spent on a handshake, its report and its connection.
//!
//! `herdca` makes the keys. Servers run on one core and the load generator on another.

mod support;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::Outcome;
use support::caller::report_of;
use support::daemons::Herd;
use support::figures::Figures;
use support::load::Loaded;
use support::process::{LOAD_CORE, Running, SERVER_CORE, can_pin, on_core, with_descriptors};

const SERVER: &str = "Solo";
const ROUNDS: usize = 7;
/// Of one measurement.
const SECONDS: &str = "0.5";
const SECONDS_LONG: &str = "3";
/// Connections that have spoken and are silent since.
const IDLE_CONNECTIONS: usize = 5_000;
const FIRST_CONNECTIONS: usize = 10;
/// With this argument, an address and a number the benchmark holds so many TLS connections.
const HOLD_ARGUMENT: &str = "--hold-tls";
/// With this argument and a number the benchmark shakes hands with itself for so many seconds.
const BARE_ARGUMENT: &str = "--bare-handshakes";

/// How reports come, and which part of the rate in plain is to be reached.
const CASES: [(&str, &[&str], &str); 2] =
    [("one at a time", &["-c", "50"], "0.75"), ("64 in flight", &["-c", "50", "-p", "64"], "0.6")];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().collect();
    match &arguments[1..] {
        [flag, keys, address, count] if flag == HOLD_ARGUMENT => {
            return hold(Path::new(keys), address.parse()?, count.parse()?);
        }
        [flag, keys, seconds] if flag == BARE_ARGUMENT => {
            return shake_hands(Path::new(keys), Duration::from_secs_f64(seconds.parse()?));
        }
        _ => {}
    }
    let figures = Figures::from_arguments();
    let seconds = if arguments.iter().any(|one| one == "--long") { SECONDS_LONG } else { SECONDS };
    if !can_pin() {
        figures.remark("trust: without taskset and two cores server and load share their core");
    }
    let herd = Herd::lay_out_with_keys(&[(SERVER, &[])])?;
    for (name, arguments, goal) in CASES {
        if figures.wants(&format!("trust/{name}")) {
            reports(&figures, &herd, (name, arguments, goal), seconds)?;
        }
    }
    if figures.wants("trust/idle") {
        idle_connections(&figures, &herd)?;
    }
    if figures.wants("trust/full handshakes") {
        handshakes(&figures, &herd, seconds)?;
    }
    Ok(())
}

fn reports(
    figures: &Figures,
    herd: &Herd,
    (name, arguments, goal): (&str, &[&str], &str),
    seconds: &str,
) -> Outcome<()> {
    let _solo = herd.start_with_keys(SERVER, SERVER_CORE)?;
    let server = herd.server(SERVER)?;
    let ca = herd.keys().join("ca.pem").display().to_string();
    let load = |address: SocketAddr, more: &[&str]| {
        Loaded::run(address, &[arguments, &["-d", seconds], more].concat())
    };
    let (mut plain, mut tls, mut ratios, mut busy) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let below = load(server.clients, &[])?.per_second()?;
        let loaded = load(server.tls()?, &["--ca", &ca])?;
        let above = loaded.per_second()?;
        plain.push(below);
        tls.push(above);
        ratios.push(above / below);
        busy.push(loaded.busy()?);
    }
    figures.print(&format!("trust/{name}: plain"), "reports/s", &plain);
    figures.print(&format!("trust/{name}: TLS 1.3"), "reports/s", &tls);
    figures.print(&format!("trust/{name}: TLS 1.3 / plain (at least {goal})"), "ratio", &ratios);
    figures.print(&format!("trust/{name}: generator busy over TLS"), "ratio", &busy);
    Ok(())
}

fn idle_connections(figures: &Figures, herd: &Herd) -> Outcome<()> {
    let name = "trust/idle TLS connection (at most 12288)";
    let solo = herd.start_with_keys(SERVER, SERVER_CORE)?;
    let address = herd.server(SERVER)?.tls()?.to_string();
    let hold = |count: usize| -> Outcome<Running> {
        let mut command = on_core(LOAD_CORE, env::current_exe()?);
        command.arg(HOLD_ARGUMENT).arg(herd.keys()).args([&address, &count.to_string()]);
        Ok(Running::start(with_descriptors(count * 2, &command))?.0)
    };
    // What the first ones need is there before others are counted.
    let _first = hold(FIRST_CONNECTIONS)?;
    let before = solo.resident_bytes();
    let _held = hold(IDLE_CONNECTIONS)?;
    match before.zip(solo.resident_bytes()) {
        Some((before, after)) => {
            figures.print(name, "bytes", &[(after - before) / IDLE_CONNECTIONS as f64]);
        }
        None => figures.remark(&format!("{name}: the system does not tell")),
    }
    Ok(())
}

fn handshakes(figures: &Figures, herd: &Herd, seconds: &str) -> Outcome<()> {
    let solo = herd.start_with_keys(SERVER, SERVER_CORE)?;
    let address = herd.server(SERVER)?.tls()?;
    let ca = herd.keys().join("ca.pem").display().to_string();
    let load = ["-c", "50", "-d", seconds, "--handshakes", "--ca", &ca, "--no-fill"];
    let (mut served, mut bare, mut ratios, mut halves) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let mut command = on_core(SERVER_CORE, env::current_exe()?);
        command.arg(BARE_ARGUMENT).arg(herd.keys()).arg(seconds);
        let (_bare, line) = Running::start(command)?;
        let (rate, half) = line.trim().split_once(' ').ok_or("no two figures")?;
        let (rate, half): (f64, f64) = (rate.parse()?, half.parse()?);
        let spent = solo.processor_seconds();
        let loaded = Loaded::run(address, &load)?;
        let per_second = loaded.per_second()?;
        bare.push(rate);
        served.push(per_second);
        ratios.push(per_second / rate);
        if let Some((before, after)) = spent.zip(solo.processor_seconds()) {
            halves.push(half / ((after - before) / loaded.answers()?));
        }
    }
    let name = "trust/full handshakes";
    figures.print(&format!("{name}: of a server"), "1/s", &served);
    figures.print(&format!("{name}: bare, both sides"), "1/s", &bare);
    figures.print(&format!("{name}: server / bare (at least 0.8)"), "ratio", &ratios);
    figures.print(&format!("{name}: processor time, bare half / server"), "ratio", &halves);
    Ok(())
}

/// Whom clients trust; each handshake of theirs is full.
fn client(keys: &Path) -> Outcome<Arc<ClientConfig>> {
    let mut config = (*herd::reactor::client_config(Some(&keys.join("ca.pem")))?).clone();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// What the server shows.
fn server(keys: &Path) -> Outcome<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(keys.join(format!("{SERVER}.pem")))?;
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(keys.join(format!("{SERVER}.key")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// Shakes hands in memory for so long: prints how often a second, and the seconds that the server's half of
/// one took.
#[expect(clippy::print_stdout, reason = "the parent reads the figures")]
fn shake_hands(keys: &Path, lasting: Duration) -> Outcome<()> {
    let (client, server) = (client(keys)?, server(keys)?);
    let name = ServerName::try_from("127.0.0.1")?;
    let began = Instant::now();
    let (mut count, mut server_half) = (0, Duration::ZERO);
    while began.elapsed() < lasting {
        let mut client = ClientConnection::new(Arc::clone(&client), name.clone())?;
        let from = Instant::now();
        let mut server = ServerConnection::new(Arc::clone(&server))?;
        server_half += from.elapsed();
        let mut records = Vec::new();
        while client.is_handshaking() || server.is_handshaking() {
            records.clear();
            while client.wants_write() {
                client.write_tls(&mut records)?;
            }
            let from = Instant::now();
            take(&mut server, &records)?;
            records.clear();
            while server.wants_write() {
                server.write_tls(&mut records)?;
            }
            server_half += from.elapsed();
            take(&mut client, &records)?;
        }
        count += 1;
    }
    let (rate, half) = (
        f64::from(count) / began.elapsed().as_secs_f64(),
        server_half.as_secs_f64() / f64::from(count),
    );
    println!("{rate} {half}");
    Ok(())
}

/// Has a side take those records.
fn take<T>(
    side: &mut (impl std::ops::DerefMut<Target = rustls::ConnectionCommon<T>> + ?Sized),
    mut records: &[u8],
) -> Outcome<()> {
    while !records.is_empty() {
        side.read_tls(&mut records)?;
        side.process_new_packets()?;
    }
    Ok(())
}

/// Opens TLS connections, has each report once, says so and holds them until the parent ends.
#[expect(clippy::print_stdout, reason = "the parent waits for it")]
fn hold(keys: &Path, address: SocketAddr, count: usize) -> Outcome<()> {
    let client = client(keys)?;
    let name = ServerName::try_from(address.ip().to_string())?;
    let mut held = Vec::new();
    for _ in 0..count {
        let session = ClientConnection::new(Arc::clone(&client), name.clone())?;
        let mut stream = StreamOwned::new(session, TcpStream::connect(address)?);
        stream.write_all(&report_of("phone-0000000000"))?;
        let mut reader = BufReader::with_capacity(1_024, stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if !line.starts_with("AT ") {
            return Err("a wrong answer".into());
        }
        held.push(reader);
    }
    println!("{}", held.len());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
