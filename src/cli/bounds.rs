//! The arguments that keep strangers from taking all there is for clients.

use super::UsageError;
use super::places::{count, time};
use crate::limits::{CLIENT_SILENCE_MAX, FIRST_LINE_DEFAULT};
use getopts::Matches;
use std::time::Duration;

const PER_ADDRESS: &str = "connections-per-address";
const NEW_PER_ADDRESS: &str = "new-per-address";
const FIRST_LINE: &str = "first-line";
const IDLE: &str = "idle";

/// Bounds against strangers, each zero for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundsOptions {
    /// Most connections of clients from one address; half of the descriptors for clients if nothing
    /// is said.
    pub per_address: Option<u32>,
    /// Most new ones from one address in a second.
    pub new_per_address: u32,
    /// How long a connection may take to send its first whole command.
    pub first_line: Duration,
    /// How long it may go on without a command.
    pub idle: Duration,
}

/// Says which arguments there are.
pub(super) fn declare(options: &mut getopts::Options) {
    let first_line = format!(
        "seconds in which a connection must have sent a whole command; 0: any time (default: {})",
        FIRST_LINE_DEFAULT.as_secs()
    );
    options
        .optopt(
            "",
            PER_ADDRESS,
            "most connections of clients from one address, but the machine's own; 0: no limit \
             (default: half of the descriptors for clients)",
            "N",
        )
        .optopt(
            "",
            NEW_PER_ADDRESS,
            "most new ones from one address in a second; 0: no limit (default: 0)",
            "N",
        )
        .optopt("", FIRST_LINE, &first_line, "S")
        .optopt(
            "",
            IDLE,
            "seconds without a command after which a connection is closed; 0: never (default: 0)",
            "S",
        );
}

/// Reads what was given.
pub(super) fn read(given: &Matches) -> Result<BoundsOptions, UsageError> {
    let silence =
        |option, default| time(given, option, default, Duration::ZERO, CLIENT_SILENCE_MAX);
    Ok(BoundsOptions {
        per_address: count(given, PER_ADDRESS)?,
        new_per_address: count(given, NEW_PER_ADDRESS)?.unwrap_or(0),
        first_line: silence(FIRST_LINE, FIRST_LINE_DEFAULT)?,
        idle: silence(IDLE, Duration::ZERO)?,
    })
}
