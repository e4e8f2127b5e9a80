//! What strangers may cost by TLS, and what is kept of whom we trust.

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
/// Largest file of certificates or keys.
pub const KEY_FILE_BYTES_MAX: u64 = 1 << 20;
/// How long before its end a certificate is warned of (contract).
pub const CERTIFICATE_ENDS_SOON: Duration = Duration::from_secs(30 * 86_400);
