//! A herd that changes from plain links to TLS, server by server and under load: `--keys-optional`.

use crate::harness::herd::bare;
use crate::harness::{Herd, Server};
use crate::upgrade::{Acknowledged, replace};
use std::process::Command;

/// How a server is started in the course of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Plain,
    Optional,
    Strict,
}

fn command(herd: &Herd, name: &str, stage: Stage) -> Command {
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    if stage != Stage::Plain {
        command.arg("--keys").arg(herd.keys());
    }
    if stage == Stage::Optional {
        command.arg("--keys-optional");
    }
    command.args(herd.arguments(name));
    command
}

const WITHOUT: &str = "without TLS";

#[test]
fn a_herd_changes_from_plain_to_tls_server_by_server_and_loses_nothing() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &["C"]), ("C", &[])]);
    herd.make_keys();
    let start = |name| herd.start_by(name, command(&herd, name, Stage::Plain));
    let mut servers = ["A", "B", "C"].map(start);
    servers.iter().for_each(Server::wait_for_links);
    let mut acknowledged = Acknowledged::new();
    for stage in [Stage::Optional, Stage::Strict] {
        for index in 0..servers.len() {
            let name = servers[index].name.clone();
            let command = command(&herd, &name, stage);
            acknowledged.extend(replace(&herd, &mut servers, index, command));
            if (stage, index) == (Stage::Optional, 0) {
                // It is the only one yet that could.
                for who in ["B", "C"] {
                    let said = servers[0].wait_for_log(&format!("is {who} {WITHOUT}"));
                    assert!(said.contains(" WARN "), "{said}");
                }
            }
        }
    }
    // A was the first that was strict, C the last: nobody speaks plain to it, and nobody had to.
    for server in &servers {
        assert!(!server.log().contains(WITHOUT), "{}:\n{}", server.name, server.log());
        acknowledged.values().for_each(|at| server.wait_for(at));
        for trouble in ["hold different positions", "is told everything again"] {
            assert!(!server.log().contains(trouble), "{}: {trouble}", server.name);
        }
    }
    let mut plain = servers[0].stranger();
    plain.send(super::greeting("B"));
    let said = plain.wait_for_end();
    assert!(said.is_empty() || said[0] == 21, "{said:?}");
}
