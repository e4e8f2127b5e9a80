//! The bounds of what keeps strangers out, and of what they may cost by TLS; `limits` shows them on its
//! page.

use super::{CLIENT_ID_BYTES_MAX, NATS_LINE_BYTES_MAX};
use std::time::Duration;

/// TLS handshake with a peer that was accepted.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections of one listener that are in their TLS handshake, or a quarter of all that it may have if
/// that is less; when there are more, the oldest goes: the oldest of the newcomer's address, if that has
/// [`HANDSHAKES_SHARE`] of them.
pub const HANDSHAKES_MAX: usize = 256;
/// The part of the handshakes of a listener that makes an address crowd out its own first: an eighth.
pub const HANDSHAKES_SHARE: usize = 8;
/// Accepted connections that go on with their TLS handshake in one turn; each costs some 0.2 ms.
pub const HANDSHAKES_PER_TURN: usize = 8;
/// Times that a TLS session takes what its socket has before it has something for the protocol, in one read:
/// twice as often as the largest record needs. Records without content do not hold up a turn.
pub const TLS_RECEIVES_PER_READ_MAX: usize = 8;
/// Longest line that is taken in the clear where TLS begins behind a greeting, with its LF: that of a NATS
/// server.
pub const CLEAR_GREETING_BYTES_MAX: usize = NATS_LINE_BYTES_MAX + 2;
/// What a read counts as at least, of what a turn may read, if it has left something unread: so much of the
/// socket a TLS session takes at a time, and it may be a record for each byte.
pub const READ_LEAST_BYTES: usize = 4 * 1_024;
/// Largest file of certificates or keys.
pub const KEY_FILE_BYTES_MAX: u64 = 1 << 20;
/// How long before its end a certificate is warned of (contract).
pub const CERTIFICATE_ENDS_SOON: Duration = Duration::from_secs(30 * 86_400);
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
/// Tokens that are remembered as verified: with more, all are verified anew.
pub const TOKENS_REMEMBERED_MAX: usize = 16 * 1_024;
/// How often it is a warning in the log that a token is refused, or does not allow something; meanwhile
/// it is counted.
pub const DENIED_REMINDER: Duration = Duration::from_secs(60);
