//! A file's name and first line: whose it is.

use super::block::hexadecimal;
use crate::limits::{JOURNAL_FILE_NUMBER_MAX, SERVER_NAME_BYTES_MAX};
use std::error::Error;
use std::fmt;

/// The first word of a file.
const WORD: &str = "HERD-JOURNAL ";
/// The format that is written, and the highest that is read.
const FORMAT: u32 = 1;
/// Longest first line, with its line end: two names, and more than enough for the rest.
const HEAD_BYTES_MAX: usize = 2 * SERVER_NAME_BYTES_MAX + 64;
/// Bytes of a checksum and of the space before it.
const CHECKSUM_BYTES: usize = 9;
const EXTENSION: &str = ".journal";

/// Whose file it is, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    herd: String,
    server: String,
    file: u64,
}

impl Identity {
    /// The file of that number, from 1 to [`JOURNAL_FILE_NUMBER_MAX`], of a server of a herd. Their names
    /// have no white space, as those in herd files.
    pub fn new(herd: &str, server: &str, file: u64) -> Self {
        debug_assert!((1..=JOURNAL_FILE_NUMBER_MAX).contains(&file), "no file has number {file}");
        Identity { herd: herd.to_owned(), server: server.to_owned(), file }
    }

    /// The herd's name.
    pub fn herd(&self) -> &str {
        &self.herd
    }

    /// The server's name.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The file's number.
    pub fn file(&self) -> u64 {
        self.file
    }

    /// Whether the other file is of the same server.
    pub fn is_of_same_server(&self, other: &Identity) -> bool {
        self.herd == other.herd && self.server == other.server
    }

    /// The same server's file of another number.
    pub fn with_file(&self, file: u64) -> Self {
        Identity::new(&self.herd, &self.server, file)
    }
}

/// Why a file's first line does not say whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadError {
    /// The file ends within the line, as far as it goes.
    Torn,
    /// It is no such line, or not the one that was written.
    Rotten,
    /// The line is whole, and of a format that this program does not know.
    Newer(u32),
}

impl Error for HeadError {}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadError::Torn => f.write_str("its first line is torn"),
            HeadError::Rotten => f.write_str("its first line is rotten"),
            HeadError::Newer(format) => {
                write!(f, "it has format {format} of a later program; this one knows {FORMAT}")
            }
        }
    }
}

/// The name of the file of that number.
pub fn file_name(number: u64) -> String {
    format!("{number:08}{EXTENSION}")
}

/// The number of the file of that name, if it is one of a journal.
pub fn file_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(EXTENSION)?;
    let number = digits.parse().ok()?;
    let is_one = (1..=JOURNAL_FILE_NUMBER_MAX).contains(&number) && file_name(number) == name;
    is_one.then_some(number)
}

/// Appends a file's first line.
pub fn write_head(out: &mut Vec<u8>, id: &Identity) {
    let Identity { herd, server, file } = id;
    let line = format!("{WORD}{FORMAT} {herd} {server} {file:010} ");
    let checksum = crc32fast::hash(line.as_bytes());
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(&hexadecimal(checksum));
    out.push(b'\n');
}

/// Reads the first line of a file, of which `bytes` are the beginning (1 KiB is enough) or the whole.
///
/// # Errors
///
/// See [`HeadError`].
pub fn read_head(bytes: &[u8]) -> Result<Identity, HeadError> {
    let beginning = &bytes[..bytes.len().min(HEAD_BYTES_MAX)];
    let Some(end) = memchr::memchr(b'\n', beginning) else {
        let word = WORD.as_bytes();
        let begins = beginning.starts_with(word) || word.starts_with(beginning);
        let is_torn = begins && bytes.len() < HEAD_BYTES_MAX;
        return Err(if is_torn { HeadError::Torn } else { HeadError::Rotten });
    };
    let line = str::from_utf8(&beginning[..end]).map_err(|_| HeadError::Rotten)?;
    read_line(line).unwrap_or(Err(HeadError::Rotten))
}

/// `None` if it is not as any format has it.
fn read_line(line: &str) -> Option<Result<Identity, HeadError>> {
    let at = line.len().checked_sub(CHECKSUM_BYTES - 1)?;
    let (checked, checksum) = line.split_at_checked(at)?;
    if hexadecimal(crc32fast::hash(checked.as_bytes())) != *checksum.as_bytes() {
        return None;
    }
    let (format, fields) = checked.strip_prefix(WORD)?.split_once(' ')?;
    match format.parse().ok()? {
        FORMAT => {}
        0 => return None,
        newer => return Some(Err(HeadError::Newer(newer))),
    }
    let mut fields = fields.strip_suffix(' ')?.split(' ');
    let (herd, server, file) = (fields.next()?, fields.next()?, fields.next()?);
    let file = file.parse().ok().filter(|file| (1..=JOURNAL_FILE_NUMBER_MAX).contains(file))?;
    let id = Identity::new(herd, server, file);
    // There is one way to write it.
    let mut same = Vec::new();
    write_head(&mut same, &id);
    (same.strip_suffix(b"\n") == Some(line.as_bytes())).then_some(Ok(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(herd: &str, server: &str, file: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_head(&mut out, &Identity::new(herd, server, file));
        out
    }

    #[test]
    fn files_are_named_by_their_numbers() {
        for (number, name) in [
            (1, "00000001.journal"),
            (99_999_999, "99999999.journal"),
            (100_000_000, "100000000.journal"),
            (JOURNAL_FILE_NUMBER_MAX, "4294967295.journal"),
        ] {
            assert_eq!(file_name(number), name);
            assert_eq!(file_number(name), Some(number));
        }
        for name in [
            "",
            ".journal",
            "1.journal",
            "00000000.journal",
            "000000001.journal",
            "+0000001.journal",
            "00000001.journal~",
            "00000001.JOURNAL",
            "00000001",
            "10000000000.journal",
            "99999999999999999999999.journal",
        ] {
            assert_eq!(file_number(name), None, "{name}");
        }
    }

    #[test]
    fn a_first_line_says_whose_the_file_is() {
        let written = head("goloman", "Goloman", 7);
        assert!(written.starts_with(b"HERD-JOURNAL 1 goloman Goloman 0000000007 "));
        assert_eq!(written.len(), "HERD-JOURNAL 1 goloman Goloman 0000000007 01234567\n".len());
        let id = Identity::new("goloman", "Goloman", 7);
        assert_eq!(read_head(&written), Ok(id.clone()));
        assert_eq!(read_head(&[&written[..], b"BLOCK \xff\n"].concat()), Ok(id.clone()));
        assert!(id.is_of_same_server(&id.with_file(8)) && id != id.with_file(8));
        assert!(!id.is_of_same_server(&Identity::new("goloman", "Hands", 7)));
        assert!(!id.is_of_same_server(&Identity::new("riley", "Goloman", 7)));
    }

    #[test]
    fn the_longest_names_fit() {
        let name = "n".repeat(SERVER_NAME_BYTES_MAX);
        let written = head(&name, &name, JOURNAL_FILE_NUMBER_MAX);
        assert!(written.len() <= HEAD_BYTES_MAX);
        assert_eq!(read_head(&written), Ok(Identity::new(&name, &name, JOURNAL_FILE_NUMBER_MAX)));
    }

    #[test]
    fn a_line_that_is_cut_is_torn_and_one_with_another_byte_is_rotten() {
        let written = head("h\u{e9}", "Goloman", 7);
        for end in 0..written.len() {
            assert_eq!(read_head(&written[..end]), Err(HeadError::Torn), "{end}");
        }
        for at in 0..written.len() {
            for bit in 0..8 {
                let mut rotten = [&written[..], &[b'x'; 1_000]].concat();
                rotten[at] ^= 1 << bit;
                assert_eq!(read_head(&rotten), Err(HeadError::Rotten), "{at} {bit}");
            }
        }
        for rotten in [&b"\n"[..], b"HERD\n", b"hello", &[0; 4_096], b"HERD-JOURNAL 1 a b c 0\n"] {
            assert_eq!(read_head(rotten), Err(HeadError::Rotten), "{rotten:?}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_a_rotten_line() {
        let with = |line: &str| {
            let checksum = crc32fast::hash(line.as_bytes());
            read_head(format!("{line}{checksum:08x}\n").as_bytes())
        };
        assert_eq!(with("HERD-JOURNAL 2 what it likes "), Err(HeadError::Newer(2)));
        assert!(HeadError::Newer(2).to_string().contains("format 2"));
        for line in [
            "HERD-JOURNAL 0 a b 0000000001 ",
            "HERD-JOURNAL 01 a b 0000000001 ",
            "HERD-JOURNAL 1 a b 0000000000 ",
            "HERD-JOURNAL 1 a b 1 ",
            "HERD-JOURNAL 1 a 0000000001 ",
            "HERD-JOURNAL 1 a b c 0000000001 ",
            "HERD-JOURNAL 1 a b 0000000001",
            "HERD-JOURNAL 1 a b 99999999999999999999999 ",
            "HERD-JOURNAL x a b 0000000001 ",
        ] {
            assert_eq!(with(line), Err(HeadError::Rotten), "{line}");
        }
    }
}
