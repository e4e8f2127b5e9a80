//! What is said of journals that are sound, torn and rotten.

use super::*;
use crate::daemon::journal::testing::{at, gone, id, put, segment};
use crate::daemon::testing::Directory;

/// The lines, and how it ends.
fn check_in(folder: &Path) -> (Vec<String>, Result<(), Failure>) {
    let mut out = Vec::new();
    let outcome = check(folder, &mut out);
    let text = String::from_utf8(out).unwrap();
    (text.lines().map(str::to_owned).collect(), outcome)
}

/// The same of a folder with these files, with the exit status.
fn checked(files: &[(u64, &[u8])]) -> (Vec<String>, u8) {
    let directory = Directory::new();
    for (number, bytes) in files {
        put(directory.path(), *number, bytes);
    }
    let (lines, outcome) = check_in(directory.path());
    (lines, outcome.err().map_or(0, |failure| failure.exit_status()))
}

#[test]
fn the_last_record_of_each_client_counts() {
    let (one, _) = segment(&id(1), &[&(at("a", 1) + &at("b", 1)), "", &gone("c", 5)]);
    let (two, _) = segment(&id(7), &[&(gone("a", 1) + &at("c", 4) + &at("d", 1) + &at("d", 1))]);
    let expected = vec!["2 positions, 2 tombstones in 2 files".to_owned()];
    assert_eq!(checked(&[(1, &one), (7, &two)]), (expected, 0));
    assert_eq!(checked(&[]), (vec!["0 positions, 0 tombstones in 0 files".to_owned()], 0));
}

#[test]
fn torn_ends_are_told_and_sound() {
    let (one, starts) = segment(&id(1), &[&at("a", 1), &at("b", 1)]);
    let torn = one.len() - 1 - starts[1];
    let (lines, status) = checked(&[(1, &one[..one.len() - 1]), (2, &one[..9]), (3, &[0; 5])]);
    let expected = [
        format!("00000001.journal: torn: {torn} bytes at {}, the end", starts[1]),
        "00000002.journal: torn: 9 bytes at 0, the end".to_owned(),
        "00000003.journal: torn: 5 bytes at 0, the end".to_owned(),
        "1 positions, 0 tombstones in 3 files".to_owned(),
    ];
    assert_eq!((lines, status), (expected.to_vec(), 0));
    // Nobody knows whose it is.
    let (lines, status) = checked(&[(1, &one[..9])]);
    assert_eq!((lines.len(), status), (2, 0));
}

#[test]
fn what_is_rotten_alien_or_missing_is_told_with_its_place() {
    let (one, starts) = segment(&id(1), &[&at("a", 1), &at("b", 1), &at("c", 1)]);
    let mut rotten = one.clone();
    rotten[starts[1] + 60] ^= 1;
    let bytes = starts[2] - starts[1];
    let (lines, status) = checked(&[(1, &rotten)]);
    let expected = [
        format!("00000001.journal: rotten: {bytes} bytes at {}", starts[1]),
        format!("00000001.journal: missing: 1 block before {}", starts[2]),
        "2 positions, 0 tombstones in 1 files".to_owned(),
    ];
    assert_eq!((lines, status), (expected.to_vec(), 1));

    let (two, _) = segment(&id(2), &[&at("d", 1)]);
    let (lines, status) = checked(&[(1, &[&one[..], &two[starts[0]..]].concat())]);
    let alien = two.len() - starts[0];
    let said = format!(
        "00000001.journal: alien: {alien} bytes at {}, of another file or place",
        one.len()
    );
    assert_eq!((&lines[0], status), (&said, 1));

    let (lines, status) = checked(&[(1, &[0; 5]), (2, &two)]);
    let expected =
        ["00000001.journal: rotten: 5 bytes at 0", "1 positions, 0 tombstones in 2 files"];
    assert_eq!((lines, status), (expected.map(str::to_owned).to_vec(), 1));
}

#[test]
fn another_server_s_file_and_a_later_format_are_rot() {
    let (one, _) = segment(&id(1), &[&at("a", 1)]);
    let (two, _) = segment(&Identity::new("goloman", "Hands", 2), &[&at("b", 1)]);
    let newer = b"HERD-JOURNAL 2 x ";
    let newer = [&newer[..], format!("{:08x}\n", crc32fast::hash(newer)).as_bytes()].concat();
    let (lines, status) = checked(&[(1, &one), (2, &two), (3, &newer)]);
    assert_eq!(lines[0], "00000002.journal: alien: of Hands of herd goloman");
    assert!(lines[1].starts_with("00000003.journal: it has format 2"), "{lines:?}");
    assert_eq!((&lines[2][..], status), ("1 positions, 0 tombstones in 3 files", 1));
}

#[test]
fn lines_of_no_client_in_a_good_block_are_rot() {
    let (one, starts) = segment(&id(1), &[&(at("a", 1) + "MARK 1 2\n" + &at("b", 1))]);
    let place = starts[0] + 56 + at("a", 1).len();
    let (lines, status) = checked(&[(1, &one)]);
    assert_eq!(lines[0], format!("00000001.journal: rotten: the line at {place} is of no client"));
    assert_eq!((&lines[1][..], status), ("2 positions, 0 tombstones in 1 files", 1));
}

#[test]
fn nothing_is_changed_and_no_lock_is_needed() {
    let directory = Directory::new();
    let (one, _) = segment(&id(1), &[&at("a", 1)]);
    put(directory.path(), 1, &one[..one.len() - 1]);
    let locked = fs::File::open(directory.path()).unwrap();
    locked.try_lock().unwrap();
    let (lines, outcome) = check_in(directory.path());
    assert_eq!((lines.len(), outcome), (2, Ok(())));
    assert_eq!(fs::read(path_of(directory.path(), 1)).unwrap(), one[..one.len() - 1]);
}

#[test]
fn without_a_folder_it_is_wrong_usage() {
    let directory = Directory::new();
    let file = directory.file("a file", b"");
    for path in [directory.path().join("none"), file.clone(), file.join("x")] {
        let (lines, outcome) = check_in(&path);
        let Err(failure) = outcome else { panic!("{path:?} is checked") };
        assert_eq!((lines.len(), failure.exit_status()), (0, 2), "{failure}");
        assert!(failure.to_string().contains("a file") || failure.to_string().contains("none"));
    }
}
