//! The built-in herds on the ports of the contract, and the stand-in on its own: the one test that
//! needs fixed ports.

use crate::harness::herd::bare;
use crate::harness::stand_in::serve;
use crate::harness::{Client, DEADLINE, Directory, Process, Waiting, until};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

const STAND_IN_PORT: u16 = 8_443;
/// Held by whoever runs this test, so that it does not meet itself in another run.
const LOCK_PORT: u16 = 8_444;
/// Other runs take their time.
const TURN_MAX: Duration = Duration::from_secs(120);

/// Herd, servers and client ports, as the contract has them.
const HERDS: [(&str, [(&str, u16); 5]); 3] = [
    (
        "goloman",
        [
            ("Goloman", 11_645),
            ("Hands", 11_646),
            ("Holiday", 11_647),
            ("Welsh", 11_648),
            ("Wilkes", 11_649),
        ],
    ),
    (
        "alford",
        [
            ("Alford", 17_415),
            ("Hamilton", 17_416),
            ("Holiday", 17_417),
            ("Ball", 17_418),
            ("Welsh", 17_419),
        ],
    ),
    (
        "riley",
        [
            ("Riley", 15_310),
            ("Jaquez", 15_311),
            ("Juzang", 15_312),
            ("Campbell", 15_313),
            ("Bernard", 15_314),
        ],
    ),
];

fn ask(port: u16, command: &str) -> String {
    Client::connect((Ipv4Addr::LOCALHOST, port).into()).ask(command)
}

/// Waits for our turn to use the ports of the contract.
fn take_turn() -> TcpListener {
    let waiting = Waiting::at_most(TURN_MAX);
    let lock = loop {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, LOCK_PORT)) {
            Ok(lock) => break lock,
            Err(error) => assert!(waiting.again(), "port {LOCK_PORT}: {error}"),
        }
    };
    let clients = HERDS.iter().flat_map(|(_, servers)| servers.map(|(_, port)| port));
    for port in clients.flat_map(|port| [port, port + 1_000]).chain([STAND_IN_PORT]) {
        while let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            assert!(waiting.again(), "port {port} is not free for this test: {error}");
        }
    }
    lock
}

/// Starts the servers of a herd, which leave their logs in a directory of the herd's name. Without
/// `--places` the stand-in's certificate authority is looked for where the daemon runs.
fn start(herd: &str, servers: &[(&str, u16)], directory: &Directory) -> Vec<Process> {
    let start_one = |&(name, port): &(&str, u16)| {
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        if herd != "goloman" {
            // That one is the default.
            command.args(["-H", herd]);
        }
        command.args(["--log-dir", herd, name]);
        let mut process = Process::start(&mut command, directory.path());
        process.log = Some(directory.join(&format!("{herd}/{name}.log")));
        until("the server listens", || {
            assert!(process.ended().is_none(), "{name} has ended: {}", process.errors());
            process.output().contains(&format!("127.0.0.1:{port}")).then_some(())
        });
        process
    };
    servers.iter().map(start_one).collect()
}

#[test]
fn the_built_in_herds_serve_on_the_ports_of_the_contract() {
    let _turn = take_turn();
    let directory = Directory::new();
    let mut processes = Vec::new();
    for (herd, servers) in HERDS {
        processes.extend(start(herd, &servers, &directory));
    }
    for (_, servers) in HERDS {
        reports_are_seen_at_every_server(&servers);
    }
    // The stand-in comes up after the servers, makes its authority, and is found without options.
    let (goloman, welsh) = (HERDS[0].1[0].1, HERDS[0].1[3].1);
    let json = near("from-Goloman", welsh);
    assert!(json.contains("error_message") && json.contains("UNKNOWN_ERROR"), "{json}");
    let mut places = bare(env!("CARGO_BIN_EXE_places"));
    let places = serve(Process::start(&mut places, directory.path()));
    for (_, servers) in HERDS {
        for (name, _) in servers {
            for (_, port) in servers {
                let json = until("Places is found", || {
                    Some(near(&format!("from-{name}"), port)).filter(|json| json.contains("\"OK\""))
                });
                let json: serde_json::Value = serde_json::from_str(&json).unwrap();
                assert_eq!(json["results"].as_array().unwrap().len(), 3);
            }
        }
    }
    drop(places);
    assert_eq!(ask(goloman, "still there"), "? still there");
    stop(processes);
}

fn reports_are_seen_at_every_server(servers: &[(&str, u16)]) {
    for (name, port) in servers {
        let client = format!("from-{name}");
        let answer = ask(*port, &format!("IAMAT {client} +34.068930-118.445127 1520023934.9"));
        assert!(answer.starts_with(&format!("AT {name} +")), "{answer}");
        for (other, port) in servers {
            until(&format!("{other} hears of {answer}"), || {
                let found = ask(*port, &format!("WHATSAT {client} 1 0"));
                assert!(found == answer || found.starts_with("? "), "{found}");
                (found == answer).then_some(())
            });
        }
    }
}

/// The JSON for three places near a client, asked at that port.
fn near(client: &str, port: u16) -> String {
    let mut asking = Client::connect((Ipv4Addr::LOCALHOST, port).into());
    asking.send(format!("WHATSAT {client} 10 3\n"));
    asking.near().1
}

fn stop(mut processes: Vec<Process>) {
    processes.iter().for_each(|process| process.signal("TERM"));
    let waiting = Waiting::at_most(DEADLINE);
    for process in &mut processes {
        let status = process.wait();
        assert_eq!(status.code(), Some(0), "{status}");
        assert!(waiting.again());
    }
}
