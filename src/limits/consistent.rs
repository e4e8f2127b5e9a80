//! What must hold between limits.

use super::*;

const _: () = {
    assert!(SERVERS_MAX + FOREIGN_SERVERS_MAX < ORIGINS_MAX);
    assert!(OUTPUT_LOW_WATER_BYTES < OUTPUT_HIGH_WATER_BYTES);
    assert!(OUTPUT_HIGH_WATER_BYTES <= SPARE_BUFFER_BYTES_MAX);
    // What is copied to a watcher at once comes on top of what there may be.
    assert!(OUTPUT_HIGH_WATER_BYTES + RECENT_EVENTS_BYTES_MAX <= SPARE_BUFFER_BYTES_MAX);
    // An AT line is a client's line with the server's name and a difference before it.
    assert!(NEIGHBOUR_LINE_BYTES_MAX >= CLIENT_LINE_BYTES_MAX + SERVER_NAME_BYTES_MAX + 64);
    // Any record fits in a block of the journal; a header has five digits for the block's length.
    assert!(NEIGHBOUR_LINE_BYTES_MAX < JOURNAL_BLOCK_BYTES_MAX);
    assert!(JOURNAL_BLOCK_BYTES_MAX < 100_000);
    assert!(CLIENT_LINE_BYTES_MAX < READ_BUDGET_BYTES);
    assert!(CLASSIC_SILENCE.as_millis() < CLASSIC_SILENCE_MAX.as_millis());
    assert!(OUTPUT_HIGH_WATER_BYTES < ACCEPTED_UNSENT_BYTES_MAX as usize);
    // Otherwise the kernel would give a silent peer up sooner, or never by this.
    let asked = KEEPALIVE_INTERVAL.as_secs() * KEEPALIVE_PROBES as u64;
    assert!(UNACKNOWLEDGED_MAX.as_secs() == KEEPALIVE_IDLE.as_secs() + asked);
    assert!(STOP_ACCEPTING.as_millis() < STOP_PATIENCE.as_millis());
    assert!(STOP_PATIENCE.as_millis() < STOP_READ_MAX.as_millis());
    assert!(STOP_READ_MAX.as_millis() < STOP_ACCEPTED_MAX.as_millis());
    // Neighbours are still told what the last of them said.
    let telling = STOP_GRACE.as_millis() - STOP_ACCEPTED_MAX.as_millis();
    assert!(STOP_STALL_MAX.as_millis() <= telling);
    assert!(STOP_GRACE.as_millis() < 5_000);
    assert!(STOP_STALL_MAX.as_millis() < LINGER_MAX.as_millis());
    assert!(READ_BUDGET_FIRST_BYTES < READ_BUDGET_BYTES);
    assert!(READ_LEAST_BYTES < READ_BUDGET_FIRST_BYTES);
    assert!(UNGREETED_MAX + REFUSED_MAX < STRANGERS_MAX);
    assert!(HEARTBEAT_INTERVAL.as_millis() * 3 < NEIGHBOUR_SILENCE_MAX.as_millis());
    assert!(NEIGHBOUR_SILENCE_MAX.as_millis() < 5_000);
    assert!(HEARTBEAT_INTERVAL.as_millis() * 2 < NEIGHBOUR_ALIVE.as_millis());
    // Who falls silent just before another greets is silent before that has waited for too long; and
    // that is not silent for too long itself in the eyes of who dialled.
    assert!(NEIGHBOUR_ALIVE.as_millis() < NEIGHBOUR_CONFLICT_MAX.as_millis());
    assert!(NEIGHBOUR_CONFLICT_MAX.as_millis() < NEIGHBOUR_SILENCE_MAX.as_millis());
    assert!(DISAGREEMENTS_MIN < DISAGREEMENTS_MAX);
    assert!(DISAGREEMENT_PAUSE.as_millis() < HEARTBEAT_INTERVAL.as_millis());
    // Who is yet to dial us has the time to.
    assert!(
        (DISAGREEMENTS_MIN as u128 - 1) * DISAGREEMENT_PAUSE.as_millis()
            > REDIAL_REFUSED_PAUSE.as_millis()
    );
    // A link that loses something heals within 10 s.
    assert!(DISAGREEMENTS_MAX as u64 * HEARTBEAT_INTERVAL.as_secs() < 10);
    assert!(START_OVER_PAUSE.as_millis() < START_OVER_PAUSE_MAX.as_millis());
    assert!(REDIAL_PAUSE_MIN.as_millis() < REDIAL_PAUSE_MAX.as_millis());
    assert!(PLACES_CONNECT_TIMEOUT.as_millis() < PLACES_DEADLINE.as_millis());
    assert!(PLACES_FIRST_BYTE_TIMEOUT.as_millis() < PLACES_DEADLINE.as_millis());
    assert!(PLACES_PAUSE_MIN.as_millis() < PLACES_PAUSE_MAX.as_millis());
    assert!(PLACES_PAUSE_MAX.as_millis() <= PLACES_REFUSED_PAUSE_MAX.as_millis());
    assert!(PLACES_BODY_BYTES_MAX < PLACES_CACHE_BYTES_MAX);
    assert!(PLACES_DEADLINE.as_millis() <= PLACES_DEADLINE_MAX.as_millis());
    // `AUTH ` and a token; `Authorization: Basic `, a name and a token in base64, and some other headers.
    assert!(TOKEN_BYTES_MAX + 64 < CLIENT_LINE_BYTES_MAX);
    assert!((TOKEN_BYTES_MAX + TOKEN_NAME_BYTES_MAX) / 3 * 4 + 4_096 < HTTP_REQUEST_HEAD_BYTES_MAX);
    // A beginning, `.client.`, and an id of which each byte becomes three; `PUB`, the subject, a length.
    assert!(NATS_SUBJECT_PREFIX_BYTES_MAX + 8 + 3 * CLIENT_ID_BYTES_MAX <= NATS_SUBJECT_BYTES_MAX);
    assert!(NATS_SUBJECT_BYTES_MAX + 32 <= NATS_SENT_LINE_BYTES_MAX);
    // Quotes in it are two bytes each.
    assert!(
        2 * NATS_CREDENTIALS_BYTES_MAX + SERVER_NAME_BYTES_MAX + 512 <= NATS_SENT_LINE_BYTES_MAX
    );
    assert!(NATS_PAYLOAD_BYTES_DEFAULT <= NATS_PAYLOAD_BYTES_MAX);
    assert!(PLACES_CONNECTIONS_MAX <= PLACES_WAITING_MAX);
};
