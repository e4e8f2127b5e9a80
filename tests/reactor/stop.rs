//! The stop at a signal, in a process of its own: this very test program, started again to run
//! [`the_process_that_is_stopped`].

use crate::harness::{Call, DEADLINE, Event, Script, Setup, endpoint, idle, pattern, read_all};
use herd::limits::{STOP_ACCEPTED_MAX, STOP_GRACE, STOP_READ_MAX};
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Where that process is to write its address; elsewhere it is not set.
const VARIABLE: &str = "HERD_TEST_STOP";

#[test]
fn the_process_that_is_stopped() {
    let Some(path) = env::var_os(VARIABLE) else { return };
    let accept = || -> Script {
        Box::new(|cx, event| match event {
            Event::Data(data) => {
                cx.transport.write(data);
                if data.ends_with(b"p") {
                    cx.transport.pause_reading();
                }
            }
            // Those who are told to be stubborn do not close.
            Event::Stopping if cx.app.noted.contains(&cx.transport.id()) => {}
            Event::Stopping => {
                cx.transport.write(b"goodbye");
                cx.transport.close();
            }
            Event::Ended => cx.app.noted.push(cx.transport.id()),
            _ => {}
        })
    };
    let (calls, recorded) = mpsc::channel();
    let mut setup = Setup::accepting(accept);
    if let Some(address) = env::var_os(DIALLED) {
        let address: SocketAddr = address.to_str().unwrap().parse().unwrap();
        setup.dials.push((endpoint(address), DEADLINE, idle()));
    }
    setup.run_here(calls, |address| {
        let draft = Path::new(&path).with_extension("draft");
        fs::write(&draft, address.to_string()).unwrap();
        fs::rename(draft, path).unwrap();
    });
    // Also who was cut at the end is told so.
    let mut open = BTreeSet::new();
    for call in recorded.try_iter().collect::<Vec<Call>>() {
        match call.event {
            Event::Made => assert!(open.insert(call.id)),
            Event::Lost(_) => assert!(open.remove(&call.id)),
            _ => assert!(open.contains(&call.id)),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Whom that process is to dial, if anybody.
const DIALLED: &str = "HERD_TEST_STOP_DIALLED";

/// That process, which ends with the test.
struct Stopped {
    child: Child,
    file: PathBuf,
    address: SocketAddr,
}

impl Stopped {
    fn start(name: &str) -> Stopped {
        Stopped::dialling(name, None)
    }

    /// One that dials that address.
    fn dialling(name: &str, address: Option<SocketAddr>) -> Stopped {
        let file = format!("reactor-{}-{name}", std::process::id());
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "stop::the_process_that_is_stopped"])
            .env(VARIABLE, &file)
            .envs(address.map(|address| (DIALLED, address.to_string())))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stopped = Stopped { child, file, address: ([0, 0, 0, 0], 0).into() };
        stopped.address = until("it listens", || {
            fs::read_to_string(&stopped.file).ok().map(|address| address.parse().unwrap())
        });
        stopped
    }

    /// A connection on which something has been exchanged.
    fn connect(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"x").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    #[track_caller]
    fn assert_ends_well(&mut self) {
        let status = until("the process ends", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // Either may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn everybody_is_told_and_flushed() {
    for signal in ["TERM", "INT"] {
        let mut stopped = Stopped::start(&format!("told-{signal}"));
        let mut clients: Vec<TcpStream> = (0..10).map(|_| stopped.connect()).collect();
        stopped.signal(signal);
        for client in &mut clients {
            assert_eq!(read_all(client), (b"goodbye".to_vec(), true));
        }
        assert!(TcpStream::connect(stopped.address).is_err(), "it still accepts");
        drop(clients);
        stopped.assert_ends_well();
    }
}

/// A connection whose protocol does not close when it is told to stop.
fn stubborn(stopped: &Stopped) -> TcpStream {
    let client = stopped.connect();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    // The half-close has been noticed once a later connection is served.
    drop(stopped.connect());
    client
}

#[test]
fn who_does_not_close_is_cut_after_a_while() {
    let mut stopped = Stopped::start("cut");
    let mut client = stubborn(&stopped);
    let started = Instant::now();
    stopped.signal("TERM");
    stopped.assert_ends_well();
    let took = started.elapsed();
    assert!(took >= STOP_ACCEPTED_MAX && took < STOP_GRACE, "it took {took:?}");
    assert_eq!(read_all(&mut client).0, b"");
}

#[test]
fn who_was_dialled_is_told_when_nobody_else_is_left_and_cut_at_the_end() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut stopped = Stopped::dialling("dialled", Some(listener.local_addr().unwrap()));
    let (mut dialled, _) = listener.accept().unwrap();
    let mut client = stopped.connect();
    let started = Instant::now();
    stopped.signal("TERM");
    assert_eq!(read_all(&mut client), (b"goodbye".to_vec(), true));
    drop(client);
    stopped.assert_ends_well();
    let took = started.elapsed();
    assert!(took >= STOP_GRACE && took < Duration::from_secs(5), "it took {took:?}");
    assert_eq!(read_all(&mut dialled).0, b"");
}

#[test]
fn all_that_had_come_is_delivered_before_anybody_is_told() {
    let mut stopped = Stopped::start("delivered");
    let mut up = stopped.connect();
    stopped.signal("STOP");
    let bytes = pattern(32 * 1_024);
    let mut waiting: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(stopped.address).unwrap()).collect();
    waiting.iter_mut().chain([&mut up]).for_each(|client| client.write_all(&bytes).unwrap());
    stopped.signal("TERM");
    stopped.signal("CONT");
    for client in waiting.iter_mut().chain([&mut up]) {
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        let (mut all, in_order) = read_all(client);
        assert!(in_order && all.ends_with(b"goodbye"), "{} bytes", all.len());
        all.truncate(all.len() - 7);
        assert_eq!(all, bytes);
    }
    drop((waiting, up));
    stopped.assert_ends_well();
}

#[test]
fn who_is_not_read_on_is_told_in_time() {
    let mut stopped = Stopped::start("unread");
    let mut client = stopped.connect();
    client.write_all(b"p").unwrap();
    client.read_exact(&mut [0]).unwrap();
    client.write_all(b"unread").unwrap();
    let started = Instant::now();
    stopped.signal("TERM");
    assert_eq!(read_all(&mut client).0, b"goodbye");
    let took = started.elapsed();
    assert!(took >= STOP_READ_MAX && took < STOP_ACCEPTED_MAX, "it took {took:?}");
    drop(client);
    stopped.assert_ends_well();
}

#[test]
fn a_second_signal_cuts_at_once() {
    let mut stopped = Stopped::start("twice");
    let (_stubborn, mut client) = (stubborn(&stopped), stopped.connect());
    let started = Instant::now();
    stopped.signal("TERM");
    assert_eq!(read_all(&mut client), (b"goodbye".to_vec(), true));
    stopped.signal("TERM");
    stopped.assert_ends_well();
    assert!(started.elapsed() < STOP_GRACE, "it took {:?}", started.elapsed());
}

#[test]
fn two_signals_in_one_turn_cut_at_once() {
    let mut stopped = Stopped::start("both");
    let _stubborn = stubborn(&stopped);
    let started = Instant::now();
    // Both are there before the loop goes on.
    for signal in ["STOP", "TERM", "INT", "CONT"] {
        stopped.signal(signal);
    }
    stopped.assert_ends_well();
    assert!(started.elapsed() < STOP_GRACE, "it took {:?}", started.elapsed());
}
