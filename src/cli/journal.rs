//! The arguments about the journal.

use super::UsageError;
use getopts::Matches;
use std::path::PathBuf;

const DIR: &str = "journal";
const SYNC: &str = "journal-sync";
const CHECK: &str = "check-journal";

/// Where a server keeps its records on disk, and how safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalOptions {
    /// The folder of the files.
    pub dir: PathBuf,
    /// When they are forced to the disk.
    pub sync: JournalSync,
}

/// When what was written is forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalSync {
    /// Once a second: a power cut loses a second at most.
    #[default]
    Second,
    /// Before anything is answered that it holds.
    Always,
}

/// Says which arguments there are.
pub(super) fn declare(options: &mut getopts::Options) {
    options.optopt("", DIR, "keep on disk there what is known, and start with it", "DIR").optopt(
        "",
        SYNC,
        "when the journal is forced to the disk: second (a power cut loses a second at most) or \
             always (reports are answered when they are on it) (default: second)",
        "WHEN",
    );
}

/// The argument by which no server is run.
pub(super) fn declare_check(options: &mut getopts::Options) {
    options.optopt(
        "",
        CHECK,
        "tell whether the journal there is sound and what it holds, and exit; no SERVER is needed",
        "DIR",
    );
}

/// Reads what was given.
pub(super) fn read(given: &Matches) -> Result<Option<JournalOptions>, UsageError> {
    let sync = match given.opt_str(SYNC).as_deref() {
        None => None,
        Some("second") => Some(JournalSync::Second),
        Some("always") => Some(JournalSync::Always),
        Some(other) => return Err(UsageError::JournalSync(other.to_owned())),
    };
    match (given.opt_str(DIR), sync) {
        (Some(dir), sync) => {
            Ok(Some(JournalOptions { dir: PathBuf::from(dir), sync: sync.unwrap_or_default() }))
        }
        (None, Some(_)) => Err(UsageError::NoJournal),
        (None, None) => Ok(None),
    }
}

/// The journal that is to be checked, if one is.
pub(super) fn checked(given: &Matches) -> Option<PathBuf> {
    given.opt_str(CHECK).map(PathBuf::from)
}
