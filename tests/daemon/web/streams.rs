//! A thousand streams of events, of which half are never read.

use super::{Bystander, tell};
use crate::harness::{Client, DEADLINE, Herd, Server, Waiting};
use herd::limits::{OUTPUT_HIGH_WATER_BYTES, RECENT_EVENTS_BYTES_MAX};
use std::io::{ErrorKind, Read};

const STREAMS: usize = 1_000;
/// Descriptors that are left to the rest of these tests.
const LEFT: usize = 500;
const ROUNDS: usize = 40;
const MOVERS: usize = 50;
/// What a stream that is not read may keep of the server's memory: what it was told last comes on top of
/// what there may be.
const STREAM_BYTES_MAX: u64 = (OUTPUT_HIGH_WATER_BYTES + RECENT_EVENTS_BYTES_MAX) as u64;
const SLACK_BYTES: u64 = 8 * 1_024 * 1_024;

/// How many streams there is room for: the server's, and this process's.
fn room(server: &Server) -> usize {
    let line = server.wait_for_log(" of them for the web port");
    let (before, _) = line.split_once(" of them for the web port").unwrap();
    let (_, of_server) = before.rsplit_once(' ').unwrap();
    let own = rlimit::increase_nofile_limit(rlimit::INFINITY).unwrap();
    let own = usize::try_from(own).unwrap_or(usize::MAX).saturating_sub(LEFT);
    STREAMS.min(of_server.parse().unwrap()).min(own)
}

/// What is told of the client that is the last to report, but for those who look how it goes.
const LAST_WORDS: &str = "\"id\":\"the-last\"";

/// Somebody who listens for the last words.
struct Listener {
    client: Client,
    told: Vec<u8>,
    has_heard: bool,
}

impl Listener {
    /// Reads what there is; whether the words have come by now.
    fn listen(&mut self) -> bool {
        let mut buffer = [0; 65_536];
        loop {
            match self.client.stream.read(&mut buffer) {
                Ok(0) => panic!("a stream that is read has ended"),
                Ok(read) => {
                    // Of what was told before, the last event is enough.
                    let kept = self.told.len().saturating_sub(1_024);
                    self.told.drain(..kept);
                    self.told.extend_from_slice(&buffer[..read]);
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    // Others are told behind them.
                    self.has_heard |= String::from_utf8_lossy(&self.told).contains(LAST_WORDS);
                    return self.has_heard;
                }
            }
        }
    }
}

#[test]
fn a_thousand_streams_of_which_half_are_not_read_keep_nobody_waiting() {
    let herd = Herd::of(&[("Solo", &[])]).with_web();
    // What happens on the line is not what is looked at here.
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "info,traffic=warn");
    let server = herd.start_by("Solo", command);
    let streams = room(&server);
    let (mut client, mut bystander) = (server.client(), Bystander::default());
    let before = server.process.resident_bytes();
    let listen = || {
        let mut visitor = server.visitor();
        visitor.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
        visitor
    };
    let deaf: Vec<Client> = (0..streams / 2).map(|_| listen()).collect();
    let listener = |_| Listener { client: listen(), told: Vec::new(), has_heard: false };
    let mut listeners: Vec<Listener> = (deaf.len()..streams).map(listener).collect();
    listeners.iter().for_each(|listener| listener.client.stream.set_nonblocking(true).unwrap());

    // Ids are long, so that little has to happen for much to be told.
    let mut movers = server.client();
    let padding = "x".repeat(900);
    for round in 1..=ROUNDS {
        let reports = (0..MOVERS).map(|mover| format!("IAMAT m{mover}-{padding} +1+1 {round}\n"));
        movers.send(reports.collect::<String>());
        (0..MOVERS).for_each(|_| assert!(movers.line().starts_with("AT Solo ")));
        bystander.report(&mut client, &server);
        for listener in &mut listeners {
            listener.listen();
        }
    }
    movers.ask("IAMAT the-last +1+1 1");
    let waiting = Waiting::at_most(DEADLINE);
    let mut heard = 0;
    while heard < listeners.len() {
        heard = listeners.iter_mut().filter_map(|one| one.listen().then_some(())).count();
        bystander.report(&mut client, &server);
        assert!(waiting.again(), "{heard} of {} were told", listeners.len());
    }
    let grown = server.process.resident_bytes().saturating_sub(before);
    let figure = grown / streams as u64;
    tell(&format!("{streams} streams, half of them not read: {figure} B each"));
    let most = deaf.len() as u64 * STREAM_BYTES_MAX + SLACK_BYTES;
    assert!(grown <= most, "the server has grown by {grown} bytes");
    bystander.assert_served("a thousand streams");
}
