//! TLS behind a greeting in the clear: what comes of each way to greet.

use crate::harness::{DEADLINE, Event, Running, Script, Setup, TLS, data_of, echo, on, pattern};
use crate::tls::certificate;
use herd::limits::CLEAR_GREETING_BYTES_MAX;
use herd::reactor::client_config;
use herd::transport::Endpoint;
use herd::wire::nats::{self, Connect};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::{ErrorKind, Read, Write, stderr};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const GREETING: &[u8] = b"INFO {\"tls_required\":true} \r\n";

/// Runs until it is dropped, and its folder is there as long.
struct NatsServer {
    process: Child,
    folder: PathBuf,
}

impl NatsServer {
    /// One that wants TLS, if the program is there; its port, and who trusts it.
    fn behind_tls() -> Option<(NatsServer, u16, Arc<ClientConfig>)> {
        let folder = format!("nats-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name));
        fs::write(&certificate, cert.pem()).unwrap();
        fs::write(&key, signing_key.serialize_pem()).unwrap();
        let trust = client_config(Some(&certificate)).unwrap();
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
        let process = Command::new("nats-server")
            .env("PATH", path)
            .args(["-a", "127.0.0.1", "-p", "-1", "--tls", "--tlscert"])
            .args([&certificate, Path::new("--tlskey"), &key])
            .args([Path::new("--ports_file_dir"), &folder])
            .stderr(Stdio::null())
            .spawn();
        let process = process.inspect_err(|error| assert_eq!(error.kind(), ErrorKind::NotFound));
        let server = NatsServer { process: process.ok()?, folder };
        let port = server.port();
        Some((server, port, trust))
    }

    /// The port that it tells in a file.
    fn port(&self) -> u16 {
        let file = self.folder.join(format!("nats-server_{}.ports", self.process.id()));
        let until = Instant::now() + DEADLINE;
        loop {
            let told = fs::read_to_string(&file).unwrap_or_default();
            let port = told.split_once("127.0.0.1:").and_then(|(_, port)| port.split_once('"'));
            if let Some((port, _)) = port {
                return port.parse().unwrap();
            }
            assert!(Instant::now() < until, "it does not tell its port");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// One of each that is said to a NATS server.
fn said() -> Vec<u8> {
    let mut said = Vec::new();
    let connect = Connect {
        name: "a test",
        version: "1",
        user: None,
        password: None,
        token: None,
        tls: true,
        headers: true,
    };
    nats::write_connect(&mut said, &connect);
    nats::write_subscribe(&mut said, b"herd.>", 1);
    nats::write_publish(&mut said, b"herd.feed", &[b"one", b"two"]);
    nats::write_publish_with_headers(&mut said, b"herd.feed", &[("A", "b")], &[b"three"]);
    nats::write_pong(&mut said);
    nats::write_ping(&mut said);
    said
}

#[test]
fn a_nats_server_greets_and_goes_on_under_tls() {
    let Some((server, port, trust)) = NatsServer::behind_tls() else {
        // Not what the test's runner shows only of a test that fails.
        writeln!(stderr(), "  left out: TLS with a nats-server: there is none").unwrap();
        return;
    };
    let mut came = Vec::new();
    let script: Script = Box::new(move |cx, event| {
        let Event::Data(data) = event else { return };
        came.extend_from_slice(data);
        if came.starts_with(b"INFO {") && came.ends_with(b"} \r\n") {
            cx.transport.write(&said());
        } else if came.ends_with(b"PONG\r\n") {
            cx.transport.close();
        }
    });
    let endpoint = Endpoint::tls_behind_greeting("localhost", port, TLS);
    let mut setup = Setup::dialling(endpoint, DEADLINE, script);
    setup.dial_tls = Ok(trust);
    let events = setup.run().events();
    let data = data_of(&events);
    let text = String::from_utf8_lossy(&data);
    assert!(text.contains("\"tls_required\":true") && text.ends_with("PONG\r\n"), "{text}");
    // What we publish is not sent to us, and nothing that we said is refused.
    assert!(!text.contains("MSG") && !text.contains("-ERR"), "{text}");
    assert_eq!(events.last(), Some(&Event::Lost("Closed".to_owned())));
    drop(server);
}

/// As long as a test waits for what never comes.
const SHORT: Duration = Duration::from_millis(300);

/// Whom a reactor dials: a server that does so, on a thread.
struct Greeter {
    port: u16,
    trust: Arc<ClientConfig>,
    thread: thread::JoinHandle<()>,
}

impl Greeter {
    fn new(serve: impl FnOnce(TcpStream, Arc<ServerConfig>) + Send + 'static) -> Greeter {
        let (server, trust) = certificate("localhost");
        let mut server = (*server).clone();
        // Behind its handshake it says nothing unless it is told to.
        server.send_tls13_tickets = 0;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream.set_nodelay(true).unwrap();
            serve(stream, Arc::new(server));
        });
        Greeter { port, trust, thread }
    }

    /// Has a reactor dial it by that name.
    fn dialled(&self, host: &str, timeout: Duration, script: Script) -> Running {
        let endpoint = Endpoint::tls_behind_greeting(host, self.port, TLS);
        let mut setup = Setup::dialling(endpoint, timeout, script);
        setup.dial_tls = Ok(Arc::clone(&self.trust));
        setup.run()
    }

    /// What becomes of a reactor that dials it.
    #[track_caller]
    fn lost(self, timeout: Duration, beginning: &str) {
        let events = self.dialled("localhost", timeout, echo()).events();
        let is = matches!(&events[..], [Event::Lost(cause)] if cause.starts_with(beginning));
        assert!(is, "{events:?} is not {beginning}");
        self.thread.join().unwrap();
    }
}

fn secured(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(config).unwrap(), stream)
}

/// The peer goes away, once we have: until then it says no more.
fn until_it_ends(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn a_greeting_in_bytes_is_whole_and_first_and_nothing_is_said_before_it() {
    let greeter = Greeter::new(|mut stream, config| {
        let (last, bytes) = GREETING.split_last().unwrap();
        for byte in bytes {
            stream.write_all(&[*byte]).unwrap();
        }
        stream.set_nonblocking(true).unwrap();
        let said = stream.peek(&mut [0]).map_err(|error| error.kind());
        assert_eq!(said, Err(ErrorKind::WouldBlock));
        stream.set_nonblocking(false).unwrap();
        stream.write_all(&[*last]).unwrap();
        let mut stream = secured(stream, config);
        let mut question = [0; 7];
        stream.read_exact(&mut question).unwrap();
        assert_eq!(&question, b"CONNECT");
        stream.write_all(&pattern(100_000)).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        until_it_ends(stream.sock);
    });
    // The server says nothing under TLS before it is spoken to: the greeting is read without an event.
    let script: Script = Box::new(|cx, event| match event {
        Event::Data(data) if data == GREETING => cx.transport.write(b"CONNECT"),
        Event::Ended => cx.transport.close(),
        _ => {}
    });
    let events = greeter.dialled("localhost", DEADLINE, script).events();
    assert_eq!(events[0], Event::Made);
    assert!(data_of(&events) == [GREETING, &pattern(100_000)].concat(), "{events:?}");
    assert_eq!(events.last(), Some(&Event::Lost("Closed".to_owned())));
    greeter.thread.join().unwrap();
}

#[test]
fn the_longest_greeting_is_taken_and_no_longer_one() {
    let longest = || [vec![b'x'; CLEAR_GREETING_BYTES_MAX - 1], b"\n".to_vec()].concat();
    let greeter = Greeter::new(move |mut stream, config| {
        stream.write_all(&longest()).unwrap();
        let mut stream = secured(stream, config);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        until_it_ends(stream.sock);
    });
    let script = on(Event::Ended, |cx| cx.transport.close());
    let events = greeter.dialled("localhost", DEADLINE, script).events();
    assert!(data_of(&events) == longest());
    greeter.thread.join().unwrap();
    let longer = Greeter::new(move |mut stream, _| {
        // It may be gone before all is said.
        let _ = stream.write_all(&vec![b'x'; CLEAR_GREETING_BYTES_MAX + 1]);
        until_it_ends(stream);
    });
    longer.lost(DEADLINE, "NotTls(\"the handshake broke off: its greeting is too long");
}

#[test]
fn who_greets_and_no_more_or_not_at_all_is_given_up() {
    for greeting in [GREETING, &GREETING[..9], b""] {
        let greeter = Greeter::new(move |mut stream, _| {
            stream.write_all(greeting).unwrap();
            until_it_ends(stream);
        });
        greeter.lost(SHORT, "ConnectTimeout(Handshake(");
    }
}

#[test]
fn what_follows_the_greeting_is_tls_or_nothing() {
    let greeter = Greeter::new(|mut stream, _| {
        stream.write_all(&[GREETING, b"PING\r\n"].concat()).unwrap();
        until_it_ends(stream);
    });
    greeter.lost(DEADLINE, "NotTls(\"what came is not TLS");
}

#[test]
fn an_end_in_the_greeting_or_behind_it_is_told() {
    for (greeting, why) in [
        (&b""[..], "closed before it has greeted"),
        (&GREETING[..9], "closed before it has greeted"),
        (GREETING, "closed in the middle of the TLS handshake"),
    ] {
        let greeter = Greeter::new(move |mut stream, _| {
            stream.write_all(greeting).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            until_it_ends(stream);
        });
        greeter.lost(DEADLINE, &format!("NotTls(\"the handshake broke off: {why}"));
    }
}

#[test]
fn who_greets_is_verified_as_everybody() {
    let greeter = Greeter::new(|mut stream, config| {
        stream.write_all(GREETING).unwrap();
        let mut stream = secured(stream, config);
        assert!(stream.conn.complete_io(&mut stream.sock).is_err());
    });
    let events = greeter.dialled("127.0.0.1", DEADLINE, echo()).events();
    assert!(matches!(&events[..], [Event::Lost(cause)] if cause.starts_with("Tls(")), "{events:?}");
    greeter.thread.join().unwrap();
}
