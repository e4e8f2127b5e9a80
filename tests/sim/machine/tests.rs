//! What a server keeps in files, over the ends of its processes.

use super::super::scenario::Scenario;
use herd::driver::World;
use herd::transport::{FileEvent, FileId, FileRequest};
use std::path::PathBuf;

/// Asks for something as the server's driver does.
fn ask(scenario: &mut Scenario, request: FileRequest) -> Option<FileEvent> {
    let (env, machine) = (&mut scenario.world.env, &mut scenario.world.machines[0]);
    machine.drive(env, |_, _, kernel| kernel.file(FileId(1), request)).flatten()
}

fn kept(scenario: &Scenario) -> Vec<u8> {
    let files = scenario.world.env.disks.files(0);
    assert!(files.len() <= 1, "{files:?}");
    files.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// How many connections, files and signals its driver has been told of.
fn events(scenario: &Scenario) -> u64 {
    let process = scenario.world.machines[0].process.as_ref();
    process.map_or(0, |process| process.driver.meters().events)
}

/// A server with a file that is forced in part ends, and is started again; gives what it finds.
fn found_after(scenario: &mut Scenario, end: impl FnOnce(&mut Scenario)) -> Vec<u8> {
    let path = PathBuf::from("journal/1");
    let created = ask(scenario, FileRequest::Create(path.clone()));
    assert!(matches!(created, Some(FileEvent::Created)), "{created:?}");
    assert!(ask(scenario, FileRequest::Append(b"forced".to_vec())).is_none());
    assert!(ask(scenario, FileRequest::Force).is_none());
    let before = events(scenario);
    scenario.pass_milliseconds(10);
    assert!(events(scenario) > before, "its driver is told that it is forced");
    assert!(ask(scenario, FileRequest::Append(b" and not".to_vec())).is_none());
    end(scenario);
    let found = kept(scenario);
    scenario.start("East");
    scenario.agrees();
    assert_eq!(kept(scenario), found);
    // What was open was the process's; the file is there.
    for request in [FileRequest::Append(b"more".to_vec()), FileRequest::Create(path)] {
        assert!(matches!(ask(scenario, request), Some(FileEvent::Failed(..))));
    }
    found
}

#[test]
fn a_file_outlives_its_server_and_of_what_was_not_forced_a_power_cut_leaves_less() {
    let mut torn = 0;
    for seed in 0..24 {
        let found = found_after(&mut Scenario::pair(seed), |scenario| {
            scenario.world.machines[0].kill(&mut scenario.world.env);
        });
        assert_eq!(found, b"forced and not");
        let found = found_after(&mut Scenario::pair(seed), |scenario| scenario.lose_power("East"));
        assert!(found.starts_with(b"forced"), "{found:?}");
        torn += u64::from(found != b"forced and not");
    }
    assert!(torn > 0);
}
