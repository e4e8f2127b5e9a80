//! The bounds of what a message bus is told and taken from; `limits` shows them on its page.

/// Longest control line that a NATS server may send, without its line end: `INFO` lists the hosts of a
/// cluster.
pub const NATS_LINE_BYTES_MAX: usize = 64 * 1_024;
/// Longest control line that a NATS server takes unless it is told otherwise (`max_control_line`).
pub const NATS_SENT_LINE_BYTES_MAX: usize = 4_096;
/// Largest payload of a message, with its headers: NATS allows no larger `max_payload` than its default
/// `max_pending`.
pub const NATS_PAYLOAD_BYTES_MAX: usize = 64 << 20;
/// Largest payload that a NATS server takes that does not say so: NATS's default.
pub const NATS_PAYLOAD_BYTES_DEFAULT: usize = 1 << 20;
/// Longest subject that is published on: that of the longest client id, with the longest beginning.
pub const NATS_SUBJECT_BYTES_MAX: usize = 3_584;
/// Longest beginning of subjects (`--nats-subject`).
pub const NATS_SUBJECT_PREFIX_BYTES_MAX: usize = 256;
/// Longest name and password, or token, for the bus: so that they fit in a line, which holds them in JSON,
/// with what else is said in it.
pub const NATS_CREDENTIALS_BYTES_MAX: usize = 1_536;
/// Most hosts that are named in a URL or taken from an `INFO`.
pub const NATS_HOSTS_MAX: usize = 64;
/// What is kept of the name and of the version that a NATS server tells.
pub const NATS_NAME_BYTES_MAX: usize = 128;
