//! What a server keeps in files, over the ends of its processes.

use super::super::agenda::{MILLISECOND, SECOND};
use super::super::disk::{Habits, Trouble};
use super::super::faults::Mix;
use super::super::scenario::{Scenario, fair};
use herd::driver::World;
use herd::herd::Herd;
use herd::transport::{FileEvent, FileId, FileRequest};
use std::path::PathBuf;
use std::time::Duration;

/// How long a disk is full.
const FULL: Duration = Duration::from_secs(1);

/// Asks for something as the server's driver does.
fn ask(scenario: &mut Scenario, request: FileRequest) -> Option<FileEvent> {
    let (env, machine) = (&mut scenario.world.env, &mut scenario.world.machines[0]);
    machine.drive(env, |_, _, kernel| kernel.file(FileId(1), request)).flatten()
}

fn kept(scenario: &Scenario) -> Vec<u8> {
    let files = scenario.files("East");
    assert!(files.len() <= 1, "{files:?}");
    files.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// Of how much news of connections and files the driver of a server has been told when it has taken
/// these requests.
fn events(seed: u64, requests: &[FileRequest]) -> u64 {
    let mut scenario = Scenario::pair(seed);
    requests.iter().for_each(|request| drop(ask(&mut scenario, request.clone())));
    scenario.pass_milliseconds(10);
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
    scenario.pass_milliseconds(10);
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

/// How often a server cannot append to a new file in a world whose disks get into these troubles.
fn failures(seed: u64, troubles: &[Trouble]) -> u32 {
    let habits = Habits {
        delay_most: MILLISECOND,
        troubles: troubles.to_vec(),
        gap: 100 * MILLISECOND,
        length: 100 * MILLISECOND,
    };
    let mix = Mix { disks: Some(habits), faulty: 8 * SECOND, ..fair() };
    let mut scenario = Scenario::with(Herd::load("goloman").expect("built in"), seed, mix);
    let mut failed = 0;
    for number in 0..500 {
        ask(&mut scenario, FileRequest::Create(PathBuf::from(format!("journal/{number}"))));
        let appended = ask(&mut scenario, FileRequest::Append(b"x".to_vec()));
        failed += u32::from(matches!(appended, Some(FileEvent::Failed(..))));
        scenario.pass_milliseconds(20);
    }
    failed
}

#[test]
fn a_file_outlives_its_server_and_of_what_was_not_forced_a_power_cut_leaves_less() {
    let mut torn = 0;
    for seed in 0..24 {
        let found = found_after(&mut Scenario::pair(seed), |scenario| scenario.kill("East"));
        assert_eq!(found, b"forced and not");
        let found = found_after(&mut Scenario::pair(seed), |scenario| scenario.lose_power("East"));
        assert!(found.starts_with(b"forced"), "{found:?}");
        torn += u64::from(found != b"forced and not");
    }
    assert!(torn > 0);
}

#[test]
fn the_driver_is_told_of_what_the_disk_has_done_and_once() {
    for seed in 0..8 {
        let path = PathBuf::from("journal/1");
        let requests = [FileRequest::Create(path.clone()), FileRequest::Force];
        let without = events(seed, &requests[..1]);
        assert_eq!(events(seed, &requests), without + 1);
        assert_eq!(
            events(seed, &[&requests[..], &[FileRequest::Remove(path)]].concat()),
            without + 2
        );
    }
}

#[test]
fn disks_get_into_the_troubles_of_their_world_and_those_of_a_scenario() {
    let fails = |troubles: &[Trouble]| (0..4).map(|seed| failures(seed, troubles)).sum::<u32>();
    assert_eq!(fails(&[]), 0);
    assert_eq!(fails(&[Trouble::Slow, Trouble::Lying]), 0);
    assert!(fails(&[Trouble::Full]) > 0);
    assert!(fails(&[Trouble::Failing]) > 0);
    let mut scenario = Scenario::pair(1);
    ask(&mut scenario, FileRequest::Create(PathBuf::from("journal/1")));
    scenario.trouble_disk("East", Trouble::Full, FULL);
    let append = FileRequest::Append(b"x".to_vec());
    assert!(matches!(ask(&mut scenario, append.clone()), Some(FileEvent::Failed(..))));
    scenario.pass(FULL);
    assert!(ask(&mut scenario, append).is_none());
}
