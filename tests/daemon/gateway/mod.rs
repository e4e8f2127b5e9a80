//! Herds that meet on a real NATS server: what the one is told the other knows, whatever becomes of the bus.
//!
//! Without `nats-server` these tests say that they are left out.

mod bus;
mod subscriber;

use crate::harness::{Herd, Server, time_in, until};
use bus::Bus;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use subscriber::Subscriber;

/// A herd of two of which the first is a gateway by these options; both running and linked.
fn herd(name: &str, first: &str, second: &str, options: &[&str]) -> (Herd, [Server; 2]) {
    let herd = Herd::of(&[(first, &[second]), (second, &[])]).named(name).with_web();
    let mut command = herd.command(first);
    command.args(options);
    let servers = [herd.start_by(first, command), herd.start(second)];
    servers.iter().for_each(Server::wait_for_links);
    (herd, servers)
}

fn status(server: &Server) -> serde_json::Value {
    let mut visitor = server.visitor();
    visitor.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
    serde_json::from_str(&visitor.answer().1).unwrap()
}

fn wait_until_up(server: &Server) {
    until("the bus to be up", || (status(server)["gateway"]["up"] == true).then_some(()));
}

fn wait_until_they_agree(servers: &[&Server]) {
    until("all to hold the same", || {
        let digests: Vec<_> =
            servers.iter().map(|server| status(server)["digest"].to_string()).collect();
        digests.iter().all(|digest| *digest == digests[0]).then_some(())
    });
}

fn west_and_east(bus: &Bus, options: &[&str]) -> ((Herd, [Server; 2]), (Herd, [Server; 2])) {
    let url = bus.url();
    let options = [&["--nats", &url], options].concat();
    let west = herd("west", "Ashland", "Bend", &options);
    let east = herd("east", "Camden", "Dover", &options);
    wait_until_up(&west.1[0]);
    wait_until_up(&east.1[0]);
    (west, east)
}

#[test]
fn what_one_herd_is_told_all_know_and_what_one_forgets_nobody_knows() {
    let Some(bus) = Bus::start(&[]) else { return };
    let ((_west, [_ashland, bend]), (_east, [camden, dover])) = west_and_east(&bus, &[]);
    let told = bend.report("kiwi", &time_in(0));
    dover.wait_for(&told);
    let back = dover.report("fig", &time_in(0));
    bend.wait_for(&back);
    // The later report wins, wherever it came from.
    let later = dover.report("kiwi", &time_in(1));
    bend.wait_for(&later);
    assert!(bend.ask(&format!("FORGET kiwi {}", time_in(2))).starts_with("GONE "));
    [&camden, &dover].iter().for_each(|server| server.wait_until_unknown("kiwi"));
    wait_until_they_agree(&[&bend, &dover]);
    let gateway = &status(&camden)["gateway"];
    assert_eq!(gateway["taken"], 2, "{gateway}");
    assert_eq!(gateway["gateways"][0]["herd"], "west");
}

#[test]
fn a_bus_that_is_killed_or_stands_still_costs_nothing_and_all_agree_when_it_is_back() {
    let Some(mut bus) = Bus::start(&[]) else { return };
    let ((_west, [ashland, bend]), (_east, [camden, dover])) = west_and_east(&bus, &[]);
    for number in 0..3 {
        match number {
            0 => bus.kill(),
            1 => bus.process().signal("STOP"),
            _ => bus.process().signal("TERM"),
        }
        for client in 0..2_000 {
            let one = if client % 2 == 0 { &ashland } else { &dover };
            assert!(one.report(&format!("c{number}-{client}"), &time_in(0)).starts_with("AT "));
        }
        match number {
            1 => bus.process().signal("CONT"),
            _ => bus.start_again(),
        }
        let back = Instant::now();
        wait_until_they_agree(&[&ashland, &bend, &camden, &dover]);
        assert!(back.elapsed() < Duration::from_secs(5), "{:?} after its return", back.elapsed());
    }
    assert_eq!(status(&bend)["clients"], 6_000);
}

#[test]
fn gateways_that_are_killed_and_two_in_a_herd_do_no_harm() {
    let Some(bus) = Bus::start(&[]) else { return };
    let url = bus.url();
    let ((west, [ashland, bend]), (east, [mut camden, dover])) = west_and_east(&bus, &[]);
    drop(bend);
    let mut command = west.command("Bend");
    command.args(["--nats", &url]);
    let bend = west.start_by("Bend", command);
    wait_until_up(&bend);
    for client in 0..500 {
        let one = if client % 2 == 0 { &ashland } else { &dover };
        one.report(&format!("c{client}"), &time_in(0));
        if client == 250 {
            camden.process.kill();
            let mut command = east.command("Camden");
            command.args(["--nats", &url]);
            camden = east.start_by("Camden", command);
        }
    }
    wait_until_they_agree(&[&ashland, &bend, &camden, &dover]);
    assert_eq!(status(&camden)["clients"], 500);
}

#[test]
fn a_bus_that_takes_little_is_told_in_small_messages() {
    let Some(bus) = Bus::start(&["max_payload: 1024"]) else { return };
    let ((_west, [ashland, _bend]), (_east, [_camden, dover])) = west_and_east(&bus, &[]);
    let mut client = ashland.client();
    let time = time_in(0);
    (0..2_000).for_each(|n| client.send(format!("IAMAT client-{n} +34.0-118.4 {time}\n")));
    (0..2_000).for_each(|_| assert!(client.line().starts_with("AT ")));
    let long = "x".repeat(1_000);
    ashland.report(&long, &time);
    ashland.wait_for_log("left out that the bus would not take");
    let told = ashland.report("last", &time);
    dover.wait_for(&told);
    assert_eq!(dover.find(&long), None);
    assert_eq!(status(&dover)["clients"], 2_001);
}

#[test]
fn who_may_not_is_told_so_and_who_has_the_credentials_may() {
    let Some(bus) = Bus::start(&["authorization: { user: herd, password: \"s:e@c\" }"]) else {
        return;
    };
    let (west, [ashland, bend]) = herd("west", "Ashland", "Bend", &["--nats", &bus.url()]);
    ashland.wait_for_log("refused: Authorization Violation");
    assert!(ashland.report("kiwi", &time_in(0)).starts_with("AT "), "all else works");
    let file = west.directory.join("credentials");
    fs::write(&file, "herd:s:e@c\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    drop(ashland);
    let mut command = west.command("Ashland");
    command.args(["--nats", &bus.url(), "--nats-credentials"]).arg(&file);
    let ashland = west.start_by("Ashland", command);
    wait_until_up(&ashland);
    let url = bus.url().replace("nats://", "nats://herd:s%3Ae%40c@");
    let (_east, [camden, dover]) = herd("east", "Camden", "Dover", &["--nats", &url]);
    wait_until_up(&camden);
    let told = bend.report("fig", &time_in(0));
    dover.wait_for(&told);
    for server in [&ashland, &camden] {
        assert!(
            !server.log().contains("s:e@c") && !server.log().contains("s%3Ae"),
            "a secret is logged"
        );
    }
}

#[test]
fn permissions_that_lack_are_said() {
    let users = "authorization: { users: [{ user: a, password: b, permissions: { \
                 publish: { deny: [\"herd.feed\"] } } }] }";
    let Some(bus) = Bus::start(&[users]) else { return };
    let url = bus.url().replace("nats://", "nats://a:b@");
    let (_west, [ashland, _bend]) = herd("west", "Ashland", "Bend", &["--nats", &url]);
    wait_until_up(&ashland);
    ashland.report("kiwi", &time_in(0));
    ashland.wait_for_log("complains: Permissions Violation for Publish to \"herd.feed\"");
    let gateway = &status(&ashland)["gateway"];
    assert!(gateway["complaint"].as_str().unwrap().contains("Permissions Violation"), "{gateway}");
    assert_eq!(gateway["up"], true);
}

#[test]
fn the_bus_may_ask_for_tls_and_must_be_who_it_says() {
    let west = Herd::of(&[("Ashland", &["Bend"]), ("Bend", &[])]).named("west").with_web();
    west.make_keys();
    let keys = west.keys();
    let path = |name: &str| keys.join(name).to_str().unwrap().to_owned();
    let tls = format!(
        "tls: {{ cert_file: \"{}\", key_file: \"{}\" }}",
        path("Ashland.pem"),
        path("Ashland.key")
    );
    let Some(bus) = Bus::start(&[&tls]) else { return };
    let ca = path("ca.pem");
    // It asks for it, or we do.
    for url in [bus.url(), bus.url().replace("nats:", "tls:")] {
        let mut command = west.command("Ashland");
        command.args(["--nats", &url, "--nats-ca", &ca]);
        let ashland = west.start_by("Ashland", command);
        wait_until_up(&ashland);
    }
    let mut command = west.command("Ashland");
    command.args(["--nats", &bus.url()]);
    let ashland = west.start_by("Ashland", command);
    ashland.wait_for_log("its authority is not trusted here");
    assert_eq!(status(&ashland)["gateway"]["up"], false);
}

#[test]
fn each_change_is_on_its_client_s_subject_and_jetstream_keeps_the_last() {
    let Some(bus) = Bus::start(&["jetstream: { store_dir: \"STORE\" }"]) else { return };
    let mut subscriber = Subscriber::connect(bus.port());
    subscriber.subscribe("herd.client.>");
    let streams = [(
        "KV_places",
        r#"{"name":"KV_places","subjects":["$KV.places.>"],"max_msgs_per_subject":1,"storage":"memory","retention":"limits","discard":"new","max_age":0,"num_replicas":1,"allow_rollup_hdrs":true,"deny_delete":true,"allow_direct":true}"#,
    )];
    for (name, config) in streams {
        let answer = subscriber.ask(&format!("$JS.API.STREAM.CREATE.{name}"), config);
        assert!(!answer.contains("\"error\""), "{answer}");
    }
    let (_west, [ashland, _bend]) =
        herd("west", "Ashland", "Bend", &["--nats", &bus.url(), "--nats-clients"]);
    wait_until_up(&ashland);
    let told = ashland.report("truck 7".replace(' ', ".").as_str(), &time_in(0));
    let (subject, payload) = subscriber.next();
    assert_eq!((subject.as_str(), payload.as_str()), ("herd.client.truck=2E7", told.as_str()));
    assert!(ashland.ask(&format!("FORGET truck.7 {}", time_in(1))).starts_with("GONE "));
    let (subject, payload) = subscriber.next();
    assert_eq!(subject, "herd.client.truck=2E7");
    assert!(
        payload.contains("KV-Operation: DEL") && payload.contains("GONE Ashland "),
        "{payload}"
    );
    // The same as a key-value bucket: the subjects are its keys.
    let (_east, [camden, _dover]) = herd(
        "east",
        "Camden",
        "Dover",
        &["--nats", &bus.url(), "--nats-clients", "--nats-subject", "$KV.places"],
    );
    wait_until_up(&camden);
    camden.report("kiwi", &time_in(0));
    let told = camden.report("kiwi", &time_in(1));
    let last = r#"{"last_by_subj":"$KV.places.client.kiwi"}"#;
    until("the bucket to hold the last", || {
        let answer = subscriber.ask("$JS.API.STREAM.MSG.GET.KV_places", last);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let data = answer["message"]["data"].as_str()?;
        (subscriber::base64(told.as_bytes()) == data).then_some(())
    });
}
