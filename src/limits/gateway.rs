//! The bounds of a gateway to a message bus: what it tells at once, how it asks for what it misses, and how
//! often anybody is told anything again; `limits` shows them on its page.

use std::time::Duration;

/// Largest message of a feed (contract), unless the bus takes only smaller ones.
pub const GATEWAY_BATCH_BYTES_MAX: usize = 64 * 1_024;
/// Other gateways of which it is known how far they have told; those not heard longest make room.
pub const GATEWAY_SOURCES_MAX: usize = 512;
/// Stretches of another gateway's feed that are known beyond what is missing; what more come count as
/// missing, too, and are told again.
pub const GATEWAY_STRETCHES_MAX: usize = 16;
/// Silence after which another gateway is asked for nothing: it has missed to tell three digests.
pub const GATEWAY_UNHEARD_MAX: Duration = Duration::from_secs(16);
/// How long a gateway that is not heard is shown to operators.
pub const GATEWAY_SHOWN_FOR: Duration = Duration::from_secs(3_600);
/// How often a gateway tells its digest (contract).
pub const GATEWAY_DIGEST_INTERVAL: Duration = Duration::from_secs(5);
/// The same for the first [`GATEWAY_DIGESTS_SOON`] of a connection, as others may connect a moment later.
pub const GATEWAY_DIGEST_SOON: Duration = Duration::from_secs(1);
/// How many digests come sooner.
pub const GATEWAY_DIGESTS_SOON: u32 = 4;
/// How long a gap in another's feed may still be filled by what comes late, before it is asked for; up to as
/// much again is drawn, so that not all ask who miss the same.
pub const GATEWAY_GAP_PATIENCE: Duration = Duration::from_millis(200);
/// How long what was asked for may not come before another question is asked.
pub const GATEWAY_ANSWER_PATIENCE: Duration = Duration::from_secs(1);
/// First pause before the same is asked for again; it doubles each time that it brings nothing.
pub const GATEWAY_ASK_PAUSE_MIN: Duration = Duration::from_secs(1);
/// Longest such pause.
pub const GATEWAY_ASK_PAUSE_MAX: Duration = Duration::from_secs(60);
/// Least pause between two times that anything is told again; it is four times as long as the telling took
/// if that is more.
pub const GATEWAY_AGAIN_PAUSE_MIN: Duration = Duration::from_millis(200);
/// Records that a cursor passes in one turn on its way to what is told again.
pub const GATEWAY_SEEK_RECORDS_PER_TURN: usize = 1_024;
/// How long the bus may say nothing before it is asked whether it is there.
pub const GATEWAY_PING_INTERVAL: Duration = Duration::from_secs(2);
/// How long the bus may take to greet, and a host of which it has told to be connected to.
pub const GATEWAY_GREETING_MAX: Duration = Duration::from_secs(2);
/// Silence after which the bus is taken for dead.
pub const GATEWAY_SILENCE_MAX: Duration = Duration::from_secs(8);
/// Longest pause before the bus is dialled again, unless it has refused us: then it is
/// [`REDIAL_PAUSE_MAX`](super::REDIAL_PAUSE_MAX).
pub const GATEWAY_REDIAL_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Hosts of the bus that are tried: those that were named, and those that the bus has told of.
pub const GATEWAY_HOSTS_MAX: usize = 64;
/// How often each kind of trouble with the bus is said in the log; meanwhile it is counted.
pub const GATEWAY_TROUBLE_REMINDER: Duration = Duration::from_secs(60);
