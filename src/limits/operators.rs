//! The bounds of what operators ask a server; `limits` shows them on its page.

/// Clients that `/digests` lists of a range; of one with more it tells the digests of its parts.
pub const DIGEST_CLIENTS_MAX: usize = 64;
