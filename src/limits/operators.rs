//! The bounds of what operators ask a server; `limits` shows them on its page.

use std::time::Duration;

/// `--check-health`: until there is an answer, and within that until there is a connection.
pub const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_secs(5);
