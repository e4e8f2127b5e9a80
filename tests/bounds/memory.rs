//! Memory for positions: what is counted is what is taken, and strangers fill no more than is allowed.

use crate::harness::{Client, Herd, Server, until};
use crate::tell;
use herd::limits;
use herd::positions::{Positions, Report, Text, Update};
use std::env;
use std::fs;
use std::io::Write;
use std::process::Command;

/// Tells a process of its own what to fill its memory with.
const FILL_VARIABLE: &str = "HERD_BOUNDS_FILL";
const FILLED: &str = "counted and resident:";
/// How much each fills its memory with, at least.
const FILLED_BYTES: usize = 64 << 20;
/// Of what is resident, how much more or less may be counted: it is more by what the allocator keeps
/// at hand, and less by the slab that has just been begun.
const DIFFERENCE_MAX: f64 = 0.03;

const REPORTS: usize = 12_000;
const BATCH: usize = 1_000;

#[test]
fn what_is_counted_is_what_the_allocator_holds() {
    for fill in ["short", "uuid", "mixed", "longest", "grown", "shrunk"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "memory::a_process_filled"])
            .env(FILL_VARIABLE, fill)
            .output()
            .unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let line = output.lines().find_map(|line| line.split(FILLED).nth(1));
        let line = line.unwrap_or_else(|| panic!("{fill}: {output}"));
        let numbers: Vec<f64> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let [clients, counted, resident] = numbers[..] else { panic!("{line}") };
        let difference = counted / resident - 1.0;
        let (each, percent) = (counted / clients, difference * 100.0);
        tell(&format!("{fill}: {each:.1} B a client; counted {percent:+.2} % of what is resident"));
        assert!(difference.abs() <= DIFFERENCE_MAX, "{fill}:{line}");
    }
}

#[test]
#[ignore = "started by the test of what is counted"]
fn a_process_filled() {
    let Ok(fill) = env::var(FILL_VARIABLE) else { return };
    let mut positions = Positions::new([1, 2]);
    // Nothing else comes and goes meanwhile.
    let mut scratch = Vec::with_capacity(limits::CLIENT_LINE_BYTES_MAX);
    let before = resident_bytes();
    let mut clients = 0;
    while positions.bytes() < FILLED_BYTES {
        // Lengths that are in no order.
        let scattered = (clients as usize).wrapping_mul(0x9e37_79b9) >> 7;
        let lengths = match fill.as_str() {
            "short" => vec![60],
            "uuid" => vec![80],
            "mixed" => vec![40 + scattered % 400],
            "longest" => vec![16_384],
            "grown" => vec![40, 64 + scattered % 400, 464 + scattered % 300],
            "shrunk" => vec![8_000 + scattered % 8_000, 70],
            _ => panic!("{fill}"),
        };
        for (second, length) in lengths.into_iter().enumerate() {
            // What has become longer did so later, when others were behind it.
            let client = clients - (second as u64 * 1_000).min(clients);
            let _ = take(&mut positions, &mut scratch, client, second, length);
        }
        clients += 1;
    }
    let resident = resident_bytes() - before;
    println!("{FILLED} {} {} {resident}", positions.len(), positions.bytes());
}

/// A report with a text of that length.
fn take(
    positions: &mut Positions,
    scratch: &mut Vec<u8>,
    client: u64,
    second: usize,
    length: usize,
) -> Update {
    let origin = positions.intern(b"Solo").unwrap();
    scratch.clear();
    write!(scratch, "c{client} +").unwrap();
    let client_len = scratch.len() - 2;
    let end = format!("1-2 {second}");
    scratch.resize(length - end.len(), b'0');
    scratch.extend_from_slice(end.as_bytes());
    let location_len = length - client_len - 3;
    positions.report(&Report {
        origin,
        difference_nanoseconds: 0,
        time_nanoseconds: second as i64 * 1_000_000_000,
        text: Text::new(scratch, client_len, location_len).unwrap(),
    })
}

fn resident_bytes() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

#[test]
fn strangers_fill_what_is_allowed_and_those_who_are_known_are_served() {
    let herd = Herd::of(&[("Small", &["Large", "Watch"]), ("Large", &["Watch"]), ("Watch", &[])]);
    let mut command = herd.command("Small");
    command.args(["--memory", "1"]);
    let small = herd.start_by("Small", command);
    let large = herd.start("Large");
    small.wait_for_log("link to Large is up");
    large.wait_for_log("link to Small is up");

    let mut client = small.client();
    let taken = fill(&mut client);
    tell(&format!("--memory 1: {taken} of {REPORTS} clients are taken"));
    assert_eq!(taken, 8_192, "two slabs of records fit with their index, and a third does not");
    let stranger = "IAMAT stranger +34-118 1";
    assert_eq!(client.ask(stranger), format!("? {stranger}"));
    let newer = client.ask("IAMAT c0 +35-118 3");
    assert!(newer.starts_with("AT Small "), "{newer}");
    large.wait_for(&newer);
    assert!(large.find("stranger").is_none());
    // What others have taken is kept, whatever it needs.
    small.wait_for(&large.report("stranger", "1"));
    let long = large.ask(&format!("IAMAT c1 +34-118 2.{}", "0".repeat(16_000)));
    assert!(long.starts_with("AT Large "), "{long}");
    small.wait_for(&long);
    let (mut at_small, mut at_large) = (watch(&small), watch(&large));
    until("both hold the same", || (digest(&mut at_small) == digest(&mut at_large)).then_some(()));

    let (log, words) = (small.log(), "no room for a client's report");
    let said: Vec<&str> = log.lines().filter(|line| line.contains(words)).collect();
    let [said] = said[..] else { panic!("once a minute: {said:?}") };
    assert!(said.contains(" ERROR ") && said.contains("of 8192 clients take "), "{said}");
    assert!(!large.log().contains(words));
}

/// Many clients report; how many were taken. Those who were refused came after them.
fn fill(client: &mut Client) -> usize {
    let mut taken = 0;
    for batch in 0..REPORTS / BATCH {
        let commands: Vec<String> =
            (0..BATCH).map(|n| format!("IAMAT c{} +34-118 1", batch * BATCH + n)).collect();
        client.send(commands.join("\n") + "\n");
        for (number, command) in commands.iter().enumerate() {
            let answer = client.line();
            if answer.starts_with("AT Small ") {
                assert_eq!(taken, batch * BATCH + number, "{answer}");
                taken += 1;
            } else {
                assert_eq!(answer, format!("? {command}"));
            }
        }
    }
    taken
}

/// Poses as the neighbour Watch.
fn watch(server: &Server) -> Client {
    let mut watch = server.stranger();
    watch.send(format!("HERD 1 test Watch {} 0000000000000001\n", server.name));
    assert!(watch.line().starts_with("HEARD 1 "));
    watch
}

/// What its server says of all that it knows, next time that it does.
fn digest(watch: &mut Client) -> String {
    watch.send("MARK 0 0000000000000000\n");
    let line = watch.line();
    line.strip_prefix("ACK 0 ").unwrap_or_else(|| panic!("{line}")).to_owned()
}
