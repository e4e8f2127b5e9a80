//! Bugs of the journal: planted where files are asked for, and what the disk says of them.

use super::{Bug, Planted};
use herd::journal::{Identity, OpenBlock, Part, lines, parts, write_head};
use std::collections::BTreeSet;

impl Planted {
    /// Whether disks say that they hold what they will hold only later.
    pub fn syncs_late(&self) -> bool {
        self.bug == Some(Bug::SyncsAfterItAnswers)
    }

    /// Whether [misappend](Self::misappend) changes anything.
    pub fn mishears_appends(&self) -> bool {
        self.bug == Some(Bug::RewritesLessThanLives)
    }

    /// What is appended instead of `bytes` to the file of that `id`; `kept` is what all files
    /// have.
    pub fn misappend(
        &self,
        id: &Identity,
        kept: &[(std::path::PathBuf, Vec<u8>)],
        bytes: &[u8],
    ) -> Option<Vec<u8>> {
        if !self.mishears_appends() {
            return None;
        }
        let is_kept = |line: &[u8]| {
            kept.iter().any(|(_, file)| file.windows(line.len()).any(|there| there == line))
        };
        let mut out = Vec::new();
        for part in parts(bytes, id) {
            match part {
                Part::Head { .. } => write_head(&mut out, id),
                Part::Block { sequence, posix_seconds, lines: body, .. } => {
                    let block = OpenBlock::begin(&mut out);
                    let again: BTreeSet<&[u8]> = lines(body).filter(|line| is_kept(line)).collect();
                    let left_out = again.first();
                    for line in lines(body).filter(|line| Some(line) != left_out) {
                        out.extend_from_slice(line);
                        out.push(b'\n');
                    }
                    block.seal(&mut out, id, sequence, posix_seconds);
                }
                _ => {}
            }
        }
        Some(out)
    }
}
