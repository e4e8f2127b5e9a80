//! The bounds of what operators ask a server; `limits` shows them on its page.

use std::time::Duration;

/// `--check-health`: until there is an answer, and within that until there is a connection.
pub const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Clients that `/digests` lists of a range; of one with more it tells the digests of its parts.
pub const DIGEST_CLIENTS_MAX: usize = 64;
