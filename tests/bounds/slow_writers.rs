//! Clients that take their time, or never come to the end of a line.

use crate::harness::{Client, Herd};
use crate::tell;
use herd::limits;
use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 500;
/// The pause after each byte. Slower ones, a second say, are the same to the server but for the
/// time that this test would take.
const BYTE_PAUSE: Duration = Duration::from_millis(50);
/// What a client may cost that is in the middle of a short line.
const HALF_LINE_BYTES_MAX: u64 = 2 * 1_024;
/// Memory that may come and go with the load.
const SLACK_BYTES: u64 = 2 * 1_024 * 1_024;
/// Nobody waits for a slow client.
const PROMPT: Duration = Duration::from_secs(1);

#[test]
fn a_byte_now_and_then_is_a_command_in_the_end() {
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut crowd: Vec<Client> = (0..CLIENTS).map(|_| server.client()).collect();
    let mut quick = server.client();
    assert_eq!(quick.ask("x"), "? x");
    let before = server.process.resident_bytes();
    let command = "IAMAT slow +34.068930-118.445127 1520023934.918963997\n";
    let (last, rest) = command.as_bytes().split_last().unwrap();
    let mut slowest = Duration::ZERO;
    for byte in rest {
        crowd.iter_mut().for_each(|client| client.send([*byte]));
        let asked = Instant::now();
        assert_eq!(quick.ask("x"), "? x");
        slowest = slowest.max(asked.elapsed());
        thread::sleep(BYTE_PAUSE);
    }
    let each = server.process.resident_bytes().saturating_sub(before) / CLIENTS as u64;
    crowd.iter_mut().for_each(|client| client.send([*last]));
    for client in &mut crowd {
        assert!(client.line().ends_with(&command[6..].trim_end()));
    }
    tell(&format!("{CLIENTS} slow writers: {each} B each; others waited {slowest:.1?} at most"));
    assert!(each <= HALF_LINE_BYTES_MAX, "half a line keeps {each} bytes");
    assert!(slowest < PROMPT, "somebody waited for {slowest:?}");
}

#[test]
fn who_does_not_read_fills_little_of_the_kernel_s_memory() {
    let herd = Herd::of(&[("Solo", &[])]);
    let mut command = herd.command("Solo");
    command.env("RUST_LOG", "warn");
    let server = herd.start_by("Solo", command);
    let mut client = server.client();
    client.stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let commands = ("x".repeat(10_000) + "\n").repeat(10);
    while client.stream.write(commands.as_bytes()).is_ok() {}
    let local = format!("0100007F:{:04X}", server.port);
    let remote = format!("0100007F:{:04X}", client.stream.local_addr().unwrap().port());
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let line = connections.lines().find(|line| line.contains(&format!("{local} {remote} ")));
    let (unsent, _) = line.unwrap().split_whitespace().nth(4).unwrap().split_once(':').unwrap();
    let unsent = u32::from_str_radix(unsent, 16).unwrap();
    tell(&format!("the kernel holds {unsent} B for a client that does not read"));
    // What is under way and not acknowledged is counted, too: at most a segment here.
    assert!(unsent <= limits::ACCEPTED_UNSENT_BYTES_MAX + 128 * 1_024, "{unsent} bytes");
    assert!(unsent > 0, "nothing waits");
}

#[test]
fn a_line_that_does_not_end_is_kept_up_to_its_limit() {
    const LINES: usize = 200;
    let herd = Herd::of(&[("Solo", &[])]);
    let server = herd.start("Solo");
    let mut crowd: Vec<Client> = (0..LINES).map(|_| server.client()).collect();
    assert_eq!(server.ask("x"), "? x");
    let before = server.process.resident_bytes();
    let line = "x".repeat(limits::CLIENT_LINE_BYTES_MAX);
    // In pieces, for memory that grows by doubling grows the most like that.
    for piece in line.as_bytes().chunks(1_000) {
        crowd.iter_mut().for_each(|client| client.send(piece));
    }
    assert_eq!(server.ask("x"), "? x");
    let grown = server.process.resident_bytes().saturating_sub(before);
    let limit = (LINES * limits::CLIENT_LINE_BYTES_MAX) as u64 * 2 + SLACK_BYTES;
    tell(&format!("{LINES} lines of the longest without end: {} B each", grown / LINES as u64));
    assert!(grown <= limit, "the server has grown by {grown} bytes");
    let (whole, too_long) = crowd.split_at_mut(LINES / 2);
    for client in whole {
        client.send("\n");
        assert_eq!(client.line(), format!("? {line}"));
        assert_eq!(client.ask("y"), "? y");
    }
    for client in too_long {
        client.send("x");
        assert_eq!(client.line(), format!("? {line}"));
        assert_eq!(client.wait_for_end(), b"");
    }
}
