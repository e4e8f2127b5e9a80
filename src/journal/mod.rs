//! The files in which a server keeps its records: how they are written, and how they are read
//! whatever has become of them. The folder that they lie in is `daemon`'s.
//!
//! A journal is a folder of numbered **segments** `00000001.journal`, `00000002.journal`, ... They
//! are text:
//!
//! ```text
//! HERD-JOURNAL 1 goloman Goloman 0000000001 3421253e
//! BLOCK 0000000001 0000000001 00146 001520023935 65d14332
//! AT Goloman +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1520023934.918963997
//! GONE Hands -1.000000000 plum.cs.ucla.edu 1520023936.500000000
//! BLOCK 0000000001 0000000002 00000 001520023936 f8564d25
//! ```
//!
//! | line | what it says |
//! |---|---|
//! | `HERD-JOURNAL <format> <herd> <server> <file> <crc>` | first: whose it is. Later formats keep the word, the number behind it and the checksum at the end |
//! | `BLOCK <file> <sequence> <bytes> <seconds> <crc>` | so many bytes of lines follow, written then |
//! | `AT <server> <difference> <client> <location> <time>` | a position, as between neighbours |
//! | `GONE <server> <difference> <client> <time>` | a tombstone, as between neighbours |
//!
//! Fields are separated by one space. In `BLOCK` they have 10, 10, 5, 12 and 8 digits, so that the line
//! can be filled in when the lines behind it have been written. Blocks are numbered from 1 in each file,
//! one by one. One without lines says that the server lived then.
//!
//! Checksums are CRC-32 (ISO-HDLC, as in zip and PNG) in lower-case hexadecimal digits: the first
//! line's of what stands before it in the line; a block's of `<herd> <server> `, what stands before it in
//! its line, and its lines. So a block that was copied from elsewhere is not taken for one of this file:
//! see [`parts`].
//!
//! Pure: no clock, no file. Readers take any bytes and never panic.

mod block;
mod entry;
mod head;
mod parts;
#[cfg(test)]
mod tests;

pub use block::OpenBlock;
pub use entry::{lines, record};
pub use head::{HeadError, Identity, file_name, file_number, read_head, write_head};
pub use parts::{Part, parts};
