//! The limits that no test reaches, each with its reason.

/// Limits that no test of this level or below reaches, and why.
pub const NOT_REACHED: &[(&str, &[&str])] = &[
    ("more than this machine's memory", &["POSITIONS_MAX", "POSITIONS_BYTES_DEFAULT"]),
    (
        "only a disk that is slower than what comes for long, or a hundred million bytes that live",
        &["JOURNAL_FORCES_MAX", "JOURNAL_STALE_BYTES_MAX_LARGE"],
    ),
    (
        "they decide when something is done, not how much there may be of it",
        &[
            "IDLE_AFTER",
            "JOURNAL_SYNC",
            "JOURNAL_RETRY",
            "JOURNAL_REMINDER",
            "JOURNAL_LIVES_EVERY_MAX",
            "JOURNAL_CLEANED_BYTES_MIN",
            "JOURNAL_CLEANED_BYTES_MAX",
            "JOURNAL_PIECES_BESIDE",
            "JOURNAL_PIECES_PER_TURN",
            "JOURNAL_AT_HAND_BYTES_MAX",
            "JOURNAL_GATHER_MIN",
            "JOURNAL_GATHER_PART",
            "BUSY_MAX",
            "EVENTS_PER_POLL",
            "POLLS_PER_TURN",
            "FIRST_WRITES_PER_TURN_MAX",
            "PREFETCH_POSITIONS_MIN",
            "NEWCOMER_REMINDER",
            "GATEWAY_TROUBLE_REMINDER",
            "GATEWAY_SHOWN_FOR",
            "ACKNOWLEDGE_PAUSE",
            "PLACES_SUMMARY_INTERVAL",
            "LOG_CHECK_INTERVAL",
        ],
    ),
    ("it takes very many names", &["NAMES_KEPT_MAX"]),
    (
        "the kernel's to keep, once it is told",
        &["KEEPALIVE_INTERVAL", "KEEPALIVE_PROBES", "LISTEN_BACKLOG"],
    ),
    ("a NATS server's to keep", &["NATS_SENT_LINE_BYTES_MAX"]),
    (
        "a test rotates by a bound of its own: this one takes half a million lines",
        &["LOG_FILE_BYTES_MAX"],
    ),
];
