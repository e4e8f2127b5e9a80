//! Files that are whole, cut, rotten and put together from pieces of others.

use super::*;
use crate::limits::JOURNAL_FILE_NUMBER_MAX;
use crate::wire::neighbour::{write_at, write_gone};
use proptest::prelude::*;
use std::ops::Range;

/// When the blocks before the first would have been written.
const SECONDS: u64 = 1_520_023_934;

fn id(file: u64) -> Identity {
    Identity::new("goloman", "Goloman", file)
}

/// A file with blocks of these bodies, and where each of them lies.
fn written(id: &Identity, bodies: &[Vec<u8>]) -> (Vec<u8>, Vec<Range<usize>>) {
    let mut file = Vec::new();
    write_head(&mut file, id);
    let blocks = (1..).zip(bodies).map(|(sequence, body)| {
        let start = file.len();
        let block = OpenBlock::begin(&mut file);
        file.extend_from_slice(body);
        assert_eq!(block.body_len(&file), body.len());
        block.seal(&mut file, id, sequence, SECONDS + sequence);
        start..file.len()
    });
    let blocks = blocks.collect();
    (file, blocks)
}

/// What a file's parts are, after a look whether they lie without gaps.
fn read<'a>(file: &'a [u8], id: &Identity) -> Vec<Part<'a>> {
    let mut end = 0;
    let parts: Vec<Part<'a>> = parts(file, id).collect();
    for part in &parts {
        let at = match *part {
            Part::Head { .. } => 0,
            Part::Block { at, .. } | Part::Rotten { at, .. } | Part::Torn { at, .. } => at,
            Part::Missing { at, blocks } => {
                assert!(blocks > 0);
                at
            }
        };
        let bytes = part.bytes();
        assert_eq!(at, end, "{parts:?}");
        assert!(bytes > 0 || matches!(part, Part::Missing { .. }), "{parts:?}");
        end = at + bytes;
    }
    assert_eq!(end, file.len() as u64);
    parts
}

/// The numbers of the good blocks.
fn sequences(parts: &[Part<'_>]) -> Vec<u64> {
    let sequence = |part: &Part<'_>| match part {
        Part::Block { sequence, .. } => Some(*sequence),
        _ => None,
    };
    parts.iter().filter_map(sequence).collect()
}

/// All that is neither the first line nor a good block.
fn troubles<'a>(parts: &[Part<'a>]) -> Vec<Part<'a>> {
    let is_good = |part: &&Part<'_>| matches!(part, Part::Head { .. } | Part::Block { .. });
    parts.iter().filter(|part| !is_good(part)).copied().collect()
}

fn rotten(range: Range<usize>, alien: bool) -> Part<'static> {
    Part::Rotten { at: range.start as u64, bytes: range.len() as u64, alien }
}

fn torn(range: Range<usize>) -> Part<'static> {
    Part::Torn { at: range.start as u64, bytes: range.len() as u64 }
}

fn missing(at: usize, blocks: u64) -> Part<'static> {
    Part::Missing { at: at as u64, blocks }
}

/// Bodies of lines that differ in number and length.
fn bodies() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let line = ("[!-~]{1,20}", any::<bool>()).prop_map(|(client, gone)| {
        let mut line = Vec::new();
        if gone {
            write_gone(&mut line, b"Hands", 1, format!("{client} 5").as_bytes());
        } else {
            write_at(&mut line, b"Welsh", -1, format!("{client} +1-2 5.5").as_bytes());
        }
        line
    });
    let body = prop::collection::vec(line, 0..4).prop_map(|lines| lines.concat());
    prop::collection::vec(body, 1..8)
}

/// Bodies of so many lines that tell the blocks apart, each as long as the others.
fn equally_long(count: u8) -> Vec<Vec<u8>> {
    let body = |number| format!("GONE Hands +0.000000001 client-{number:02} 5\n").into_bytes();
    (0..count).map(body).collect()
}

#[test]
fn blocks_that_are_gone_without_a_trace_are_missed() {
    let (file, blocks) = written(&id(1), &equally_long(5));
    let without = |gone: Range<usize>| {
        let mut file = file.clone();
        file.drain(blocks[gone.start].start..blocks[gone.end - 1].end);
        file
    };
    let start = blocks[0].start;
    for (gone, told, good) in [
        (0..1, missing(start, 1), vec![2, 3, 4, 5]),
        (1..3, missing(blocks[1].start, 2), vec![1, 4, 5]),
        (0..4, missing(start, 4), vec![5]),
    ] {
        let file = without(gone);
        let parts = read(&file, &id(1));
        assert_eq!((troubles(&parts), sequences(&parts)), (vec![told], good));
    }
    // Of the last ones nobody can know.
    let file = without(3..5);
    let parts = read(&file, &id(1));
    assert_eq!((troubles(&parts), sequences(&parts)), (vec![], vec![1, 2, 3]));
}

/// What the docs show.
#[test]
fn a_file_looks_as_it_is_documented() {
    let lines = "AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997\n\
                 GONE Hands -1.000000000 plum.cs.ucla.edu 1520023936.500000000\n";
    let (file, _) = written(&id(1), &[lines.as_bytes().to_vec(), vec![]]);
    let documented = format!(
        "HERD-JOURNAL 1 goloman Goloman 0000000001 3421253e\n\
         BLOCK 0000000001 0000000001 00146 001520023935 65d14332\n\
         {lines}\
         BLOCK 0000000001 0000000002 00000 001520023936 f8564d25\n"
    );
    assert_eq!(String::from_utf8(file), Ok(documented));
}

#[test]
fn a_file_without_its_first_line_is_read_by_its_blocks() {
    let (file, blocks) = written(&id(1), &equally_long(2));
    let head = blocks[0].start;
    let mut other = file.clone();
    other[20] ^= 1;
    let parts = read(&other, &id(1));
    assert_eq!((troubles(&parts), sequences(&parts)), (vec![rotten(0..head, false)], vec![1, 2]));
    let parts = read(&file[head..], &id(1));
    assert_eq!((troubles(&parts), sequences(&parts)), (vec![], vec![1, 2]));
    assert_eq!(read(&file[..5], &id(1)), [torn(0..5)]);
    assert_eq!(read(b"", &id(1)), []);
}

#[test]
fn all_of_another_server_s_file_is_torn_and_of_another_number_s_alien() {
    let (file, blocks) = written(&id(1), &equally_long(2));
    let all = 0..file.len();
    assert_eq!(read(&file, &Identity::new("goloman", "Hands", 1)), [torn(all.clone())]);
    assert_eq!(read(&file, &Identity::new("riley", "Goloman", 1)), [torn(all.clone())]);
    let head = blocks[0].start;
    let expected = [rotten(0..head, false), rotten(head..all.end, true)];
    assert_eq!(read(&file, &id(2)), expected);
}

/// Each candidate costs one checksum: a thousand headers a body's length behind each other.
#[test]
fn headers_of_no_blocks_are_passed_over() {
    let (file, _) = written(&id(1), &equally_long(1));
    let fake = b"BLOCK 0000000001 0000000001 65536 001520023935 01234567\n";
    let mut bytes = fake.repeat(3_000);
    let rest = bytes.len();
    bytes.extend_from_slice(&file);
    let parts = read(&bytes, &id(1));
    let head = file.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    assert_eq!(troubles(&parts), [rotten(0..rest + head, false)]);
    assert_eq!(sequences(&parts), [1]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bodies in bodies(), file in 1..=JOURNAL_FILE_NUMBER_MAX) {
        let (bytes, blocks) = written(&id(file), &bodies);
        prop_assert_eq!(read_head(&bytes), Ok(id(file)));
        let mut expected = vec![Part::Head { bytes: blocks[0].start as u64 }];
        expected.extend((1..).zip(&bodies).zip(&blocks).map(|((sequence, lines), block)| {
            let at = block.start as u64;
            Part::Block { at, sequence, posix_seconds: SECONDS + sequence, lines }
        }));
        prop_assert_eq!(read(&bytes, &id(file)), expected);
        for body in bodies {
            prop_assert!(lines(&body).all(|line| record(line).is_some()));
        }
    }

    #[test]
    fn of_a_file_that_is_cut_the_whole_blocks_are_there_and_the_rest_is_torn(
        bodies in bodies(), cut: prop::sample::Index,
    ) {
        let (bytes, blocks) = written(&id(1), &bodies);
        let cut = cut.index(bytes.len());
        let whole = blocks.iter().filter(|block| block.end <= cut).count();
        let head = if cut >= blocks[0].start { blocks[0].start } else { 0 };
        let end = whole.checked_sub(1).map_or(head, |last| blocks[last].end);
        let parts = read(&bytes[..cut], &id(1));
        prop_assert_eq!(sequences(&parts).len(), whole);
        let expected = if end < cut { vec![torn(end..cut)] } else { vec![] };
        prop_assert_eq!(troubles(&parts), expected);
    }

    #[test]
    fn a_byte_that_is_flipped_costs_its_block_and_no_other(
        bodies in bodies(), place: prop::sample::Index, bits in 1_u8..,
    ) {
        let (mut bytes, blocks) = written(&id(1), &bodies);
        let place = place.index(bytes.len());
        bytes[place] ^= bits;
        let parts = read(&bytes, &id(1));
        let hit = blocks.iter().position(|block| block.contains(&place));
        let good = (0..blocks.len()).filter(|&block| Some(block) != hit);
        prop_assert_eq!(sequences(&parts), good.map(|block| block as u64 + 1).collect::<Vec<_>>());
        let expected = match hit {
            None => vec![rotten(0..blocks[0].start, false)],
            Some(last) if last + 1 == blocks.len() => vec![torn(blocks[last].clone())],
            Some(hit) => {
                vec![rotten(blocks[hit].clone(), false), missing(blocks[hit].end, 1)]
            }
        };
        prop_assert_eq!(troubles(&parts), expected);
    }

    /// A block's copy in the place of another of this file.
    #[test]
    fn a_block_from_another_place_is_alien(
        count in 2_u8..8, from: prop::sample::Index, to: prop::sample::Index,
    ) {
        let (mut bytes, blocks) = written(&id(1), &equally_long(count));
        let (from, to) = (from.index(blocks.len()), to.index(blocks.len()));
        prop_assume!(from != to);
        let place = blocks[to].clone();
        bytes.copy_within(blocks[from].clone(), place.start);
        let parts = read(&bytes, &id(1));
        let good = (1..=u64::from(count)).filter(|&sequence| sequence != to as u64 + 1);
        prop_assert_eq!(sequences(&parts), good.collect::<Vec<_>>());
        let mut expected = vec![rotten(place.clone(), true)];
        if to + 1 < blocks.len() {
            expected.push(missing(place.end, 1));
        }
        prop_assert_eq!(troubles(&parts), expected);
    }

    /// A block's copy put between two of this file, from itself or from another file.
    #[test]
    fn a_block_too_many_is_alien(
        count in 2_u8..8, from: prop::sample::Index, to: prop::sample::Index, file in 1_u64..3,
    ) {
        let (bytes, blocks) = written(&id(1), &equally_long(count));
        let (other, others) = written(&id(file), &equally_long(count + 1));
        let from = from.index(if file == 1 { blocks.len() } else { others.len() });
        let place = blocks[to.index(blocks.len())].start;
        let copy = &other[others[from].clone()];
        let bytes = [&bytes[..place], copy, &bytes[place..]].concat();
        let parts = read(&bytes, &id(1));
        prop_assert_eq!(sequences(&parts), (1..=u64::from(count)).collect::<Vec<_>>());
        // Of two that are the same the second is the one too many.
        let is_same = file == 1 && place == blocks[from].start;
        let at = if is_same { blocks[from].end } else { place };
        prop_assert_eq!(troubles(&parts), vec![rotten(at..at + copy.len(), true)]);
    }

    #[test]
    fn any_bytes_are_taken(
        bytes: Vec<u8>, bodies in bodies(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<Vec<u8>>()), 0..6),
    ) {
        read(&bytes, &id(1));
        let _ = read_head(&bytes);
        let _ = record(&bytes);
        let (mut file, _) = written(&id(1), &bodies);
        for (place, with) in damage {
            let place = place.index(file.len());
            let end = file.len().min(place + with.len() / 2);
            file.splice(place..end, with);
        }
        for part in read(&file, &id(1)) {
            if let Part::Block { lines, .. } = part {
                prop_assert!(bodies.iter().any(|body| body == lines));
            }
        }
    }
}
