//! The bounds of what keeps strangers out; `limits` shows them on its page.

use super::CLIENT_ID_BYTES_MAX;

/// Longest token: with `AUTH ` before it a client's line, as a password in an HTTP header a third longer.
pub const TOKEN_BYTES_MAX: usize = 8 * 1_024;
/// Longest name in a token (`sub`).
pub const TOKEN_NAME_BYTES_MAX: usize = 256;
/// Longest id of a token (`jti`).
pub const TOKEN_ID_BYTES_MAX: usize = 64;
/// Most patterns of clients in a token.
pub const TOKEN_PATTERNS_MAX: usize = 64;
/// Longest of them: as long as a client's id.
pub const TOKEN_PATTERN_BYTES_MAX: usize = CLIENT_ID_BYTES_MAX;
/// Largest file of a key for tokens.
pub const TOKEN_KEY_FILE_BYTES_MAX: usize = 4 * 1_024;
/// Largest file of revoked tokens: a quarter of a million of those that `herdca` makes.
pub const REVOKED_FILE_BYTES_MAX: u64 = 8 << 20;
