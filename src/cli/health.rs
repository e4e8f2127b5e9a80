//! The arguments of who asks whether a server is alive.

use getopts::Matches;
use std::path::PathBuf;

const CHECK: &str = "check-health";
const KEYS: &str = "keys";

/// Which server is asked for its health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthOptions {
    /// Of its web port.
    pub url: String,
    /// The folder with the authority that is trusted there, instead of the web's roots.
    pub keys: Option<PathBuf>,
}

/// The argument by which no server is run.
pub(super) fn declare_check(options: &mut getopts::Options) {
    options.optopt(
        "",
        CHECK,
        "tell whether a server answers at that address of its web port (/healthz if it names no \
         path), and exit; no SERVER is needed",
        "URL",
    );
}

/// Who is to be asked, if anybody is.
pub(super) fn read(given: &Matches) -> Option<HealthOptions> {
    let url = given.opt_str(CHECK)?;
    Some(HealthOptions { url, keys: given.opt_str(KEYS).map(PathBuf::from) })
}
