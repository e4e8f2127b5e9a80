//! Folders that are new, whole, torn, rotten, old, somebody else's and in use.

use super::*;
use crate::daemon::journal::testing::{SECONDS, at, gone, id, put, segment};
use crate::daemon::testing::Directory;
use crate::limits::JOURNAL_FILE_BYTES_MAX;
use std::os::unix::fs::PermissionsExt;

const WEEK: u64 = 604_800;

fn open_at(path: &Path, now: u64) -> Result<Folder, Failure> {
    Folder::open(path, "goloman", "Goloman", WEEK, now)
}

fn open(path: &Path) -> Folder {
    open_at(path, SECONDS).unwrap()
}

/// That opening it is refused at run time; the line that says why.
#[track_caller]
fn refused(path: &Path) -> String {
    match open_at(path, SECONDS) {
        Err(Failure::Run(why)) => why,
        other => panic!("{:?}", other.map(|folder| folder.segments).err()),
    }
}

/// What is handed over: number, length, whether it is rotten, all lines.
type Handed = (u64, u64, bool, String);

fn replay(folder: &mut Folder) -> (Vec<Handed>, Replayed) {
    let mut handed = Vec::new();
    let replayed = folder.replay(|segment| {
        let lines: Vec<&[u8]> = segment.blocks().collect();
        let lines = String::from_utf8(lines.concat()).unwrap();
        handed.push((segment.number(), segment.bytes(), segment.is_rotten(), lines));
    });
    (handed, replayed.unwrap())
}

/// All that is in a folder, by name.
fn listing(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn a_folder_is_made_for_its_owner_only_and_is_empty() {
    let directory = Directory::new();
    let path = directory.path().join("journal");
    let mut folder = open(&path);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert_eq!((folder.segments(), folder.next_number()), (&[][..], 1));
    assert_eq!(folder.path(), path);
    assert_eq!(replay(&mut folder), (vec![], Replayed::default()));
    let why = refused(&directory.path().join("no/journal"));
    assert!(why.contains("no/journal") && why.contains("No such file"), "{why}");
    let why = refused(&directory.file("a file", b""));
    assert!(why.contains("a file") && why.contains("Not a directory"), "{why}");
}

#[test]
fn a_folder_has_one_server_at_a_time() {
    let directory = Directory::new();
    let folder = open(directory.path());
    let why = refused(directory.path());
    assert!(why.ends_with("it is in use by another server"), "{why}");
    assert!(why.contains(directory.path().to_str().unwrap()), "{why}");
    drop(folder);
    open(directory.path());
}

#[test]
fn segments_are_handed_over_in_the_order_of_their_numbers() {
    let directory = Directory::new();
    let path = directory.path();
    let (second, _) = segment(&id(2), &[&at("a", 1), "", &gone("b", 2)]);
    let (tenth, _) = segment(&id(10), &[&at("c", 1)]);
    let (late, _) = segment(&id(100_000_000), &[]);
    put(path, 10, &tenth);
    put(path, 100_000_000, &late);
    put(path, 2, &second);
    // Others' files are nothing to us.
    directory.file("3.journal", b"x");
    directory.file("notes.txt", b"x");
    fs::create_dir(path.join("aside-1")).unwrap();
    let before = listing(path);
    let mut folder = open(path);
    let lengths = [&second, &tenth, &late].map(|bytes| bytes.len() as u64);
    let segments = [(2, lengths[0]), (10, lengths[1]), (100_000_000, lengths[2])];
    assert_eq!((folder.segments(), folder.next_number()), (&segments[..], 100_000_001));
    let (handed, replayed) = replay(&mut folder);
    let expected = vec![
        (2, lengths[0], false, at("a", 1) + &gone("b", 2)),
        (10, lengths[1], false, at("c", 1)),
        (100_000_000, lengths[2], false, String::new()),
    ];
    assert_eq!(handed, expected);
    let newest_posix_seconds = Some(SECONDS + 2);
    let all =
        Replayed { files: 3, blocks: 4, lines: 3, newest_posix_seconds, ..Replayed::default() };
    assert_eq!(replayed, all);
    assert_eq!(listing(path), before);
}

#[test]
fn torn_ends_are_cut_off() {
    let directory = Directory::new();
    let path = directory.path();
    let (one, starts) = segment(&id(1), &[&at("a", 1), &at("b", 1)]);
    let (two, _) = segment(&id(2), &[&at("c", 1)]);
    put(path, 1, &one[..one.len() - 1]);
    put(path, 2, &[&two[..], b"BLOCK 00000"].concat());
    // Begun, and no more.
    put(path, 3, &two[..20]);
    put(path, 4, b"");
    let mut folder = open(path);
    assert_eq!((folder.segments().len(), folder.next_number()), (4, 5));
    let (handed, replayed) = replay(&mut folder);
    let lengths = [starts[1] as u64, two.len() as u64];
    let expected = vec![(1, lengths[0], false, at("a", 1)), (2, lengths[1], false, at("c", 1))];
    assert_eq!(handed, expected);
    let torn = one.len() - 1 - starts[1] + 11 + 20;
    assert_eq!((replayed.files, replayed.torn_bytes, replayed.rotten), (2, torn as u64, vec![]));
    assert_eq!(
        (folder.segments(), folder.next_number()),
        (&[(1, lengths[0]), (2, lengths[1])][..], 5)
    );
    let left = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    let expected = [left("00000001.journal", &one[..starts[1]]), left("00000002.journal", &two)];
    assert_eq!(listing(path), expected);
    drop(folder);
    let (_, again) = replay(&mut open(path));
    assert_eq!((again.files, again.torn_bytes), (2, 0));
}

#[test]
fn what_surrounds_a_rotten_middle_is_used_and_the_file_is_left() {
    let directory = Directory::new();
    let path = directory.path();
    let (mut one, starts) = segment(&id(1), &[&at("a", 1), &at("b", 1), &at("c", 1)]);
    one[starts[1] + 80] ^= 1;
    // Its first line is rotten.
    let (mut two, _) = segment(&id(2), &[&at("d", 1)]);
    two[3] ^= 1;
    // Under another's number.
    let (three, _) = segment(&id(2), &[&at("e", 1)]);
    // Of no use at all, and not the newest.
    let four = [7; 100];
    let (five, _) = segment(&id(5), &[&at("f", 1)]);
    for (number, bytes) in [(1, &one[..]), (2, &two), (3, &three), (4, &four), (5, &five)] {
        put(path, number, bytes);
    }
    let before = listing(path);
    let (handed, replayed) = replay(&mut open(path));
    let expected = vec![
        (1, one.len() as u64, true, at("a", 1) + &at("c", 1)),
        (2, two.len() as u64, true, at("d", 1)),
        (5, five.len() as u64, false, at("f", 1)),
    ];
    assert_eq!(handed, expected);
    assert_eq!((replayed.rotten, replayed.torn_bytes), (vec![1, 2], three.len() as u64 + 100));
    // What is of no use is there for who wants to look at it.
    assert_eq!(fs::read(path.join("00000003.aside")).unwrap(), three);
    assert_eq!(fs::read(path.join("00000004.aside")).unwrap(), four);
    let name_of = |(name, _): &(String, Vec<u8>)| name.replace(".aside", ".journal");
    let names = |files: Vec<_>| files.iter().map(name_of).collect::<Vec<String>>();
    assert_eq!(names(listing(path)), names(before), "nothing is gone");
}

/// A power cut may leave zeros where the newest file was begun.
#[test]
fn of_the_newest_file_nothing_need_be_there() {
    let directory = Directory::new();
    let (one, _) = segment(&id(1), &[&at("a", 1)]);
    put(directory.path(), 1, &one);
    put(directory.path(), 2, &[0; 4_096]);
    let (handed, replayed) = replay(&mut open(directory.path()));
    assert_eq!(handed.len(), 1);
    assert_eq!((replayed.torn_bytes, replayed.rotten), (4_096, vec![]));
    assert_eq!(listing(directory.path()).len(), 1);
}

#[test]
fn another_s_files_are_refused_before_anything_is_touched() {
    let (own, _) = segment(&id(1), &[&at("a", 1)]);
    let newer = format!("HERD-JOURNAL 2 {} ", "as it likes");
    let newer = format!("{newer}{:08x}\n", crc32fast::hash(newer.as_bytes())).into_bytes();
    for (bytes, named) in [
        (segment(&Identity::new("goloman", "Hands", 2), &[]).0, "is of Hands of herd goloman"),
        (segment(&Identity::new("riley", "Goloman", 2), &[]).0, "is of Goloman of herd riley"),
        (newer, "format 2"),
    ] {
        let directory = Directory::new();
        put(directory.path(), 1, &own[..own.len() - 1]);
        put(directory.path(), 2, &bytes);
        let before = listing(directory.path());
        // Old as well: even so it is not put aside.
        let opened = open_at(directory.path(), SECONDS + 10 * WEEK);
        let Err(Failure::Run(why)) = opened else { panic!("{named}: it is taken") };
        assert!(why.contains(named) && why.contains("00000002.journal"), "{why}");
        if named.contains("herd") {
            assert!(why.ends_with("not of Goloman of herd goloman"), "{why}");
        }
        assert_eq!(listing(directory.path()), before);
    }
}

#[test]
fn a_journal_that_would_bring_the_forgotten_back_is_put_aside() {
    let directory = Directory::new();
    let path = directory.path();
    let (one, _) = segment(&id(1), &[&at("a", 1), &at("b", 1)]);
    let (two, _) = segment(&id(2), &[&at("c", 1)]);
    put(path, 1, &one);
    put(path, 2, &two[..two.len() - 1]);
    directory.file("notes.txt", b"x");
    // The newest block is in the first file, a second after the beginning.
    let end = SECONDS + 1 + WEEK;
    assert_eq!(open_at(path, end).unwrap().segments().len(), 2);
    assert_eq!(open_at(path, 0).unwrap().segments().len(), 2, "a clock that was set back");
    let mut folder = open_at(path, end + 1).unwrap();
    assert_eq!((folder.segments(), folder.next_number()), (&[][..], 3));
    assert_eq!(replay(&mut folder).0, []);
    assert_eq!(listing(path), [("notes.txt".to_owned(), b"x".to_vec())]);
    let aside = path.join(format!("aside-{}", end + 1));
    let files = [("00000001.journal", one), ("00000002.journal", two[..two.len() - 1].to_vec())];
    assert_eq!(listing(&aside), files.map(|(name, bytes)| (name.to_owned(), bytes)));
    assert_eq!(fs::metadata(&aside).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_journal_without_a_block_is_not_old() {
    let directory = Directory::new();
    put(directory.path(), 1, &segment(&id(1), &[]).0);
    let folder = open_at(directory.path(), SECONDS + 10 * WEEK).unwrap();
    assert_eq!(folder.segments().len(), 1);
}

#[test]
fn a_file_that_is_too_large_is_refused_without_reading_it() {
    let directory = Directory::new();
    put(directory.path(), 1, &segment(&id(1), &[]).0);
    let file = OpenOptions::new().write(true).open(path_of(directory.path(), 1)).unwrap();
    file.set_len(JOURNAL_FILE_BYTES_MAX + 1).unwrap();
    let why = refused(directory.path());
    assert!(why.contains("00000001.journal: 1073741825 bytes are more than"), "{why}");
}

#[test]
fn after_the_last_number_there_is_no_other() {
    let directory = Directory::new();
    let last = JOURNAL_FILE_NUMBER_MAX;
    put(directory.path(), last - 1, b"");
    assert_eq!(open(directory.path()).next_number(), last);
    put(directory.path(), last, b"");
    let why = refused(directory.path());
    assert!(why.contains("no number after 4294967295.journal"), "{why}");
}
