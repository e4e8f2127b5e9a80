//! The herd changes while its servers run: the herd file is read again at SIGHUP.

use crate::harness::{Client, DEADLINE, Herd, Server, Waiting, until};
use crate::trust;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What the log says when a herd file was taken, and when it was not.
const TAKEN: &str = "is read anew, ";
const REFUSED: &str = "the herd file, certificates and keys stay as they were: ";

/// Has a server read again; what it says of that, behind such words.
#[track_caller]
fn hang_up(server: &Server, outcome: &str) -> String {
    let said = |log: String| log.lines().filter(|line| line.contains(outcome)).count();
    let before = said(server.log());
    server.process.signal("HUP");
    until(&format!("{} says {outcome:?}", server.name), || {
        let log = server.log();
        let line = log.lines().filter(|line| line.contains(outcome)).nth(before)?;
        line.split_once(outcome).map(|(_, rest)| rest.to_owned())
    })
}

/// The lines of the answer to `SERVERS`.
fn servers(client: &mut Client) -> Vec<String> {
    client.send("SERVERS\n");
    let mut lines = Vec::new();
    loop {
        match client.line() {
            line if line.is_empty() => return lines,
            line => lines.push(line),
        }
    }
}

/// Waits until that server says that of each of the herd, in its order.
#[track_caller]
fn wait_for_servers(herd: &Herd, server: &Server, expected: &[(&str, &str)]) {
    let mut client = server.client();
    let line =
        |(name, seen): &(&str, &str)| format!("SERVER {name} 127.0.0.1 {} {seen}", herd.port(name));
    let expected: Vec<String> = expected.iter().map(line).collect();
    let waiting = Waiting::at_most(DEADLINE);
    loop {
        let found = servers(&mut client);
        if found == expected {
            return;
        }
        assert!(waiting.again(), "{} says {found:#?}, not {expected:#?}", server.name);
    }
}

#[test]
fn servers_are_told_as_this_one_sees_them() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &["C"]), ("C", &[])]);
    let a = herd.start("A");
    wait_for_servers(&herd, &a, &[("A", "self"), ("B", "down"), ("C", "unknown")]);
    let b = herd.start("B");
    wait_for_servers(&herd, &a, &[("A", "self"), ("B", "up"), ("C", "unknown")]);
    wait_for_servers(&herd, &b, &[("A", "up"), ("B", "self"), ("C", "down")]);
    drop(a);
    wait_for_servers(&herd, &b, &[("A", "down"), ("B", "self"), ("C", "down")]);
    // Between others, in their order, also ended by the half-close; anything behind it is no command.
    let mut client = b.client();
    client.send("nonsense\n \tSERVERS \r\nSERVERS x\nservers\nSERVERS");
    client.finish();
    let told = servers_text(&herd, &[("A", "down"), ("B", "self"), ("C", "down")]);
    let expected = format!("? nonsense\n{told}? SERVERS x\n? servers\n{told}");
    assert_eq!(String::from_utf8(client.rest()).unwrap(), expected);
}

fn servers_text(herd: &Herd, seen: &[(&str, &str)]) -> String {
    let line = |(name, seen): &(&str, &str)| {
        format!("SERVER {name} 127.0.0.1 {} {seen}\n", herd.port(name))
    };
    seen.iter().map(line).collect::<String>() + "\n"
}

#[test]
fn who_serves_clients_by_tls_alone_is_told_with_that_port() {
    let herd = Herd::of(&[("A", &[]), ("B", &[])]).with_tls_only().with_keys();
    let a = herd.start("A");
    let file: serde_json::Value = serde_json::from_slice(&fs::read(herd.file()).unwrap()).unwrap();
    let port = |at: usize| file["servers"][at]["tls_port"].as_u64().unwrap();
    let mut client = trust::client(&herd, &a);
    client.send("SERVERS\n");
    assert_eq!(client.line(), format!("SERVER A 127.0.0.1 {} self", port(0)));
    assert_eq!(client.line(), format!("SERVER B 127.0.0.1 {} unknown", port(1)));
    assert_eq!(client.line(), "");
}

/// Reports on one connection to each server for as long as it is to; how many were answered.
fn report_all_the_time(ports: Vec<(String, u16)>, goes_on: &AtomicBool) -> u64 {
    let mut clients: Vec<(String, Client)> = ports
        .into_iter()
        .map(|(name, port)| (name, Client::connect(([127, 0, 0, 1], port).into())))
        .collect();
    let mut time = 0;
    while goes_on.load(Ordering::Relaxed) {
        time += 1;
        for (name, client) in &mut clients {
            let answer = client.ask(&format!("IAMAT of-{name} +34.068930-118.445127 {time}"));
            assert!(answer.starts_with(&format!("AT {name} ")), "{answer}");
        }
    }
    time
}

#[test]
fn a_sixth_server_joins_five_under_load_and_one_leaves_and_nothing_is_refused() {
    let five: [(&str, &[&str]); 5] =
        [("A", &["B", "C"]), ("B", &["C"]), ("C", &["D", "E"]), ("D", &["E"]), ("E", &[])];
    let mut herd = Herd::of(&five);
    let servers = herd.start_all();
    let goes_on = AtomicBool::new(true);
    let ports = servers.iter().map(|server| (server.name.clone(), server.port)).collect();
    let reported = thread::scope(|scope| {
        let load = scope.spawn(|| report_all_the_time(ports, &goes_on));
        // Whatever goes wrong, the load ends.
        let _end = Ends(&goes_on);
        herd.add("F", &["A", "E"]);
        // Those that stay may read it before the newcomer is there, and after.
        assert_eq!(hang_up(&servers[0], TAKEN), "F came");
        assert_eq!(hang_up(&servers[1], TAKEN), "the neighbours are the same");
        let f = herd.start("F");
        assert_eq!(hang_up(&servers[4], TAKEN), "F came");
        f.wait_for_log("link to A is up");
        f.wait_for_log("link to E is up");
        let seen = ["A", "B", "C", "D", "E", "F"]
            .map(|name| (name, if name == "A" || name == "E" { "up" } else { "unknown" }));
        let seen = seen.map(|(name, seen)| (name, if name == "F" { "self" } else { seen }));
        wait_for_servers(&herd, &f, &seen);
        // It learns what there was before it, and tells what it takes.
        for name in ["of-A", "of-D"] {
            until("it has learnt", || f.find(name));
        }
        let told = f.report("fig", "1");
        servers.iter().for_each(|server| server.wait_for(&told));
        // And goes again: it is stopped, so that it has told all, and then the others read that.
        f.process.signal("TERM");
        assert_eq!(f.process.end().code, Some(0));
        herd.remove("F");
        assert_eq!(hang_up(&servers[0], TAKEN), "F went");
        assert_eq!(hang_up(&servers[4], TAKEN), "F went");
        goes_on.store(false, Ordering::Relaxed);
        load.join().unwrap()
    });
    assert!(reported > 10, "{reported}");
    for server in &servers {
        for name in ["A", "B", "C", "D", "E"] {
            let last = until("all is known", || server.find(&format!("of-{name}")));
            until("it is the last", || {
                let found = server.find(&format!("of-{name}"))?;
                found.ends_with(&format!(" {reported}")).then_some(())
            });
            assert!(last.starts_with(&format!("AT {name} ")), "{last}");
        }
        // The links that stayed noticed nothing.
        let log = server.log();
        let broke = |line: &&str| line.contains("is down") && !line.contains("link to F");
        assert_eq!(log.lines().find(broke), None);
        assert!(!log.contains("everything again"), "{log}");
    }
}

/// Has the load end when it is dropped.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[test]
fn who_is_let_go_is_told_all_first_and_may_come_back() {
    let mut herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let (a, b) = (herd.start("A"), herd.start("B"));
    [&a, &b].into_iter().for_each(Server::wait_for_links);
    // So much that it is still being told when A reads that B is none of its neighbours.
    let report = |number: u32| format!("IAMAT c{number} +34.068930-118.445127 1\n");
    let mut client = a.client();
    client.send((0..20_000).map(report).collect::<String>());
    herd.link("A", &[]);
    let went = thread::scope(|scope| {
        let answers = scope.spawn(|| (0..20_000).map(|_| client.line()).last().unwrap());
        assert_eq!(hang_up(&a, TAKEN), "B went");
        answers.join().unwrap()
    });
    wait_for_servers(&herd, &a, &[("A", "self"), ("B", "unknown")]);
    // What A takes from then on B learns when they are neighbours again.
    let fig = a.report("fig", "1");
    herd.link("A", &["B"]);
    assert_eq!(hang_up(&a, TAKEN), "B came");
    [went, fig].iter().for_each(|told| b.wait_for(told));
    let told = b.report("kiwi", "1");
    a.wait_for(&told);
    wait_for_servers(&herd, &a, &[("A", "self"), ("B", "up")]);
}

#[test]
fn who_has_moved_is_dialled_anew_and_nothing_is_lost() {
    let mut herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    let b = herd.start("B");
    [&a, &b].into_iter().for_each(Server::wait_for_links);
    let known = a.report("kiwi", "1");
    b.wait_for(&known);
    drop(b);
    herd.move_neighbour_port("B");
    let b = herd.start("B");
    // It greets from where it is now, and is dialled where it was.
    let later = a.report("kiwi", "2");
    assert_eq!(hang_up(&a, TAKEN), "B moved");
    b.wait_for(&later);
    let told = b.report("fig", "1");
    a.wait_for(&told);
}

#[test]
fn a_wrong_file_changes_nothing_and_is_said_with_its_place() {
    let mut herd = Herd::of(&[("A", &["B"]), ("B", &[])]).with_web();
    let a = herd.start("A");
    let b = herd.start("B");
    [&a, &b].into_iter().for_each(Server::wait_for_links);
    let right = fs::read_to_string(herd.file()).unwrap();
    let place = format!("herd {}: ", herd.file().display());
    let port = format!("\"port\":{}", herd.port("A"));
    assert!(right.contains(&port), "{right}");
    for (wrong, why) in [
        ("{\n  \"herd\": ".to_owned(), "line 2"),
        (right.replace("\"B\"", "\"C\""), ""),
        (right.replace("\"name\":\"A\"", "\"name\":\"Z\""), "it has no server \"A\" any more"),
        (right.replace("\"test\"", "\"other\""), "`herd` is \"test\" for as long as"),
        (right.replace(&port, "\"port\":1"), "`port` is "),
        (right.replacen('{', "{\"ttl_seconds\": 9,", 1), "`ttl_seconds` is none for as long"),
        (right.replacen('{', "{\"tombstone_seconds\": 9,", 1), "`tombstone_seconds` is 604800"),
        (right.replace("\"web_port\"", "\"web\""), "unknown field `web`"),
    ] {
        fs::write(herd.file(), &wrong).unwrap();
        if why.is_empty() {
            continue;
        }
        let said = hang_up(&a, REFUSED);
        assert!(said.starts_with(&place) && said.contains(why), "{said}, not {why}");
    }
    fs::remove_file(herd.file()).unwrap();
    assert!(hang_up(&a, REFUSED).contains("No such file"));
    // A pipe is not waited for.
    let made = std::process::Command::new("mkfifo").arg(herd.file()).status().unwrap();
    assert!(made.success());
    assert!(hang_up(&a, REFUSED).contains("no file that can be read again"));
    fs::remove_file(herd.file()).unwrap();
    let told = a.report("kiwi", "1");
    b.wait_for(&told);
    assert!(!a.log().contains("is down"), "{}", a.log());
    fs::write(herd.file(), &right).unwrap();
    assert_eq!(hang_up(&a, TAKEN), "the neighbours are the same");
    // What is right counts at once, also for who was refused for it.
    herd.add("C", &["A"]);
    let c = herd.start("C");
    c.wait_for_log("is away: refused: C is no neighbour of A");
    assert_eq!(hang_up(&a, TAKEN), "C came");
    c.wait_for(&told);
    wait_for_servers(&herd, &a, &[("A", "self"), ("B", "up"), ("C", "up")]);
}
