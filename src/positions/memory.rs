//! What positions take of the system's memory, in bytes: all that is asked of the allocator, with
//! what it adds.
//!
//! | | bytes |
//! |---|---|
//! | records | 430,080 for each 4,096 positions and tombstones: 104 each, in whole pages |
//! | index | 8,216 for each segment, and 4 for each place of the directory: 9 to 19 a record |
//! | texts of more than 62 bytes | 8 more than the longest that the record has had, in steps of 16 |
//!
//! The index of areas is counted apart: see `areas`.
//!
//! Removing a record gives back what its text took. Its own place and that in the index stay taken,
//! and counted, until another record uses them.
//!
//! Free memory that is left between texts is not counted: nobody can tell it from the outside. It is
//! little where records only come, as texts never shrink (see `record`), and where texts that go
//! are about as long as those that come.

use crate::fault::fault;

/// A word before each piece says how long it is.
const HEAD_BYTES: usize = size_of::<usize>();
const STEP_BYTES: usize = 2 * HEAD_BYTES;
/// Pieces from here on are pages of their own.
const PAGES_FROM_BYTES: usize = 128 * 1_024;
const PAGE_BYTES: usize = 4_096;

/// What the allocator (glibc's, and most others about as much) takes for so many bytes.
pub(super) const fn allocated(bytes: usize) -> usize {
    if bytes < PAGES_FROM_BYTES {
        (bytes + HEAD_BYTES).next_multiple_of(STEP_BYTES)
    } else {
        (bytes + STEP_BYTES).next_multiple_of(PAGE_BYTES)
    }
}

/// Takes `part` from a sum of which it is a part.
#[inline]
pub(super) fn take_from(sum: &mut usize, part: usize) {
    match sum.checked_sub(part) {
        Some(rest) => *sum = rest,
        None => {
            fault!("{part} is to be taken from a sum of {sum}");
            *sum = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_a_head_and_come_in_steps() {
        for (bytes, taken) in
            [(63, 80), (72, 80), (73, 96), (8_200, 8_208), (425_984, 430_080), (131_072, 135_168)]
        {
            assert_eq!(allocated(bytes), taken, "{bytes}");
        }
    }
}
