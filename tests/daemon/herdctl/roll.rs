//! `herdctl roll`: a herd restarted one server after the other, under load; and where that stops.

use super::{herdctl, run, run_json, three};
use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{DEADLINE, Herd, Process, Server, Waiting};
use std::fs;

/// What a shell does that has a server restarted by [`serve`], and waits until that is done.
pub fn asking(herd: &Herd) -> String {
    let folder = herd.directory.path().display();
    format!(
        "touch {folder}/{{}}.asked; until [ -e {folder}/{{}}.done ]; do sleep 0.05; done; \
         exit $(cat {folder}/{{}}.done)"
    )
}

/// Does what `roll` asks for until it ends, as a service manager would: `restart` gives the exit status. Nobody
/// is asked for while anything is wrong. What has come of it, and who was asked for.
pub fn serve(
    herd: &Herd,
    arguments: &[&str],
    mut restart: impl FnMut(&str) -> u8,
) -> (Ended, Vec<String>) {
    let command = asking(herd);
    let arguments = [&["roll", "--each", command.as_str()], arguments].concat();
    let mut roll = Process::start(&mut herdctl(herd, &arguments), herd.directory.path());
    let mut asked: Vec<String> = Vec::new();
    let mut waiting = Waiting::at_most(4 * DEADLINE);
    while roll.ended().is_none() {
        assert!(waiting.again(), "it does not end: {}", roll.output());
        let files = fs::read_dir(herd.directory.path()).unwrap().flatten();
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        let next = names.filter_map(|name| name.strip_suffix(".asked").map(str::to_owned)).next();
        let Some(name) = next else { continue };
        let file = |end| herd.directory.join(&format!("{name}.{end}"));
        fs::remove_file(file("asked")).unwrap();
        let (_, told) = run_json(herd, &["status"]);
        assert_eq!(told["wrong"], serde_json::json!([]), "{name} is asked for");
        fs::write(file("half"), restart(&name).to_string()).unwrap();
        fs::rename(file("half"), file("done")).unwrap();
        asked.push(name);
        waiting = Waiting::at_most(4 * DEADLINE);
    }
    asked
        .iter()
        .for_each(|name| drop(fs::remove_file(herd.directory.join(&format!("{name}.done")))));
    (roll.end(), asked)
}

/// Stops a server in order and starts another in its place.
fn restart(herd: &Herd, servers: &mut [Server], name: &str) -> u8 {
    let server = servers.iter_mut().find(|server| server.name == name).unwrap();
    server.process.signal("TERM");
    assert_eq!(server.process.wait().code(), Some(0));
    *server = herd.start(name);
    0
}

#[test]
fn all_are_restarted_one_after_the_other_under_load() {
    let herd = three();
    let mut servers = herd.start_all();
    servers.iter().for_each(|server| drop(server.report(&server.name, "1")));
    let mut load = bare(env!("CARGO_BIN_EXE_load"));
    load.arg("-H").arg(herd.file());
    load.args([
        "--any", "--json", "-c", "8", "-p", "4", "-n", "200", "-r", "1000", "-d", "10", "A",
    ]);
    let mut load = Process::start(&mut load, herd.directory.path());
    let (ended, asked) = serve(&herd, &[], |name| {
        servers.iter().for_each(|server| assert!(server.find("A").is_some(), "{}", server.name));
        restart(&herd, &mut servers, name)
    });
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(asked, ["A", "B", "C"]);
    let backs = ended.output.lines().filter(|line| line.contains(": back after ")).count();
    assert_eq!(backs, 3, "{ended:?}");
    assert_eq!(load.wait().code(), Some(0), "{}", load.errors());
    let report: serde_json::Value = serde_json::from_str(&load.output()).unwrap();
    assert_eq!((&report["wrong"], &report["missing"]), (&0.into(), &0.into()), "{report}");
}

#[test]
fn it_stops_where_one_does_not_come_back_and_goes_on_with_those_that_are_named() {
    let herd = three();
    let mut servers = herd.start_all();
    let (ended, asked) = serve(&herd, &["--tries", "2"], |name| match name {
        "B" => {
            servers[1].process.signal("TERM");
            assert_eq!(servers[1].process.wait().code(), Some(0));
            0
        }
        _ => restart(&herd, &mut servers, name),
    });
    assert_eq!((ended.code, asked), (Some(1), vec!["A".to_owned(), "B".to_owned()]), "{ended:?}");
    let said = &ended.output;
    assert!(said.contains("B: it is not back after ") && said.contains("  B is away"), "{said}");
    assert!(said.ends_with("not touched: C\n"), "{said}");
    // Nothing is begun while one is away, and nothing is restarted twice.
    let ended = run(&herd, &["roll", "--each", "touch {}.touched", "C"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.output.starts_with("nothing is done, as not all is well:\n  B is away"),
        "{ended:?}"
    );
    assert!(!herd.directory.join("C.touched").exists());
    servers[1] = herd.start("B");
    let (ended, asked) =
        serve(&herd, &["--json", "C", "A"], |name| restart(&herd, &mut servers, name));
    assert_eq!((ended.code, asked), (Some(0), vec!["C".to_owned(), "A".to_owned()]), "{ended:?}");
    let told: Vec<serde_json::Value> =
        ended.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&told[0]["server"], &told[0]["back"]), (&"C".into(), &true.into()));
    assert_eq!(
        (&told[0]["left"], &told[1]["left"]),
        (&["A"].into_iter().collect(), &serde_json::json!([]))
    );
}

#[test]
fn a_command_that_fails_or_restarts_nobody_is_where_it_stops() {
    let herd = three();
    let _servers = herd.start_all();
    for (command, why) in [
        (
            "exit 3; {}",
            "A: it is not back after 0.0 s:\n  its command has failed: exit status: 3\n",
        ),
        ("true {}", "  A has not been restarted: it has been up for "),
    ] {
        let ended = run(&herd, &["--tries", "1", "roll", "--each", command]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.output.contains(why), "{ended:?}");
        assert!(ended.output.ends_with("not touched: B C\n"), "{ended:?}");
    }
    for (command, server) in [("restart", "A"), ("restart {}", "D")] {
        assert_eq!(run(&herd, &["roll", "--each", command, server]).code, Some(2));
    }
}
