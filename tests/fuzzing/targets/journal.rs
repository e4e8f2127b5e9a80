//! Files of the journal: whatever they have become.

use herd::journal::{Identity, OpenBlock, Part, lines, parts, read_head, record, write_head};
use herd::wire::neighbour::{write_at, write_gone};

/// After a first byte that chooses: a file as it came; or a file with a block for each piece between
/// bytes 0xff, then damaged by the last bytes, three for each damage: where, and with what.
pub fn journal(input: &[u8]) {
    let [how, input @ ..] = input else { return };
    let id = Identity::new("goloman", "Goloman", 7);
    if how % 2 == 0 {
        read(input, &id);
        return;
    }
    let damage_bytes = (usize::from(*how / 2) % 8 * 3).min(input.len());
    let (bodies, damage) = input.split_at(input.len() - damage_bytes);
    let mut file = Vec::new();
    write_head(&mut file, &id);
    let mut ends = vec![file.len()];
    for (sequence, body) in (1..).zip(bodies.split(|&byte| byte == 0xff)) {
        let block = OpenBlock::begin(&mut file);
        file.extend_from_slice(body);
        file.push(b'\n');
        block.seal(&mut file, &id, sequence, 1_520_023_935);
        ends.push(file.len());
    }
    let mut is_hurt = vec![false; ends.len()];
    for damage in damage.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([damage[0], damage[1]])) % file.len();
        file[place] ^= damage[2];
        // Twice the same is none; then it may be whole.
        is_hurt[ends.partition_point(|&end| end <= place)] |= damage[2] != 0;
    }
    let whole = read(&file, &id);
    for (sequence, is_hurt) in (1..).zip(&is_hurt[1..]) {
        assert!(*is_hurt || whole.contains(&sequence), "block {sequence} is lost");
    }
}

/// The numbers of the good blocks, after a look whether all is as it should be.
fn read(file: &[u8], id: &Identity) -> Vec<u64> {
    let mut end = 0;
    let mut whole = Vec::new();
    for part in parts(file, id) {
        let at = match part {
            Part::Head { .. } => {
                assert_eq!(read_head(file).as_ref(), Ok(id));
                0
            }
            Part::Rotten { at, .. } | Part::Torn { at, .. } | Part::Missing { at, .. } => at,
            Part::Block { at, sequence, posix_seconds, lines } => {
                assert!(whole.last().is_none_or(|last| *last < sequence));
                whole.push(sequence);
                assert_eq!(&file[at as usize..][..part.bytes() as usize], {
                    let mut same = Vec::new();
                    let block = OpenBlock::begin(&mut same);
                    same.extend_from_slice(lines);
                    block.seal(&mut same, id, sequence, posix_seconds);
                    same
                });
                entries(lines);
                at
            }
        };
        assert_eq!(at, end, "a part begins where the one before ends");
        end = at + part.bytes();
    }
    assert_eq!(end, file.len() as u64, "the parts are the whole");
    whole
}

/// There is one way to write a record.
fn entries(block: &[u8]) {
    for line in lines(block) {
        let Some(at) = record(line) else { continue };
        let mut same = Vec::new();
        let write = if at.location.is_empty() { write_gone } else { write_at };
        write(&mut same, at.server, at.difference_nanoseconds, at.text);
        assert_eq!(same.strip_suffix(b"\n"), Some(line));
    }
}
