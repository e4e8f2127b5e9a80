//! The limits of what a message bus is told and taken from that tests reach.

/// A file, a test in it, and the limits that it reaches.
pub const REACHED_ON_THE_BUS: &[(&str, &str, &[&str])] = &[
    (
        "src/wire/nats/tests.rs",
        "a_line_is_bounded_and_a_payload_is_not_kept",
        &["NATS_LINE_BYTES_MAX", "NATS_PAYLOAD_BYTES_MAX"],
    ),
    (
        "src/wire/nats/info.rs",
        "what_is_missing_or_of_another_kind_is_as_nats_has_it",
        &["NATS_PAYLOAD_BYTES_DEFAULT"],
    ),
    (
        "src/wire/nats/info.rs",
        "names_and_hosts_are_bounded",
        &["NATS_NAME_BYTES_MAX", "NATS_HOSTS_MAX"],
    ),
    ("src/wire/nats/subject.rs", "subjects_are_tokens", &["NATS_SUBJECT_BYTES_MAX"]),
    ("src/cli/nats/tests.rs", "subjects_begin_with_tokens", &["NATS_SUBJECT_PREFIX_BYTES_MAX"]),
    (
        "src/cli/nats/tests.rs",
        "a_line_holds_a_name_and_a_password_or_a_token",
        &["NATS_CREDENTIALS_BYTES_MAX"],
    ),
    (
        "src/node/gateway/tests/missed.rs",
        "what_was_missed_long_ago_is_looked_for_in_shares",
        &["GATEWAY_BATCH_BYTES_MAX", "GATEWAY_SEEK_RECORDS_PER_TURN"],
    ),
    (
        "src/node/gateway/tests.rs",
        "there_are_only_so_many_gateways_and_servers_that_are_known_by_name",
        &["GATEWAY_SOURCES_MAX", "GATEWAY_UNHEARD_MAX"],
    ),
    (
        "src/node/gateway/stretches.rs",
        "of_many_gaps_the_farthest_are_told_again",
        &["GATEWAY_STRETCHES_MAX"],
    ),
    (
        "src/node/gateway/tests/missed.rs",
        "digests_are_told_sooner_in_the_beginning",
        &["GATEWAY_DIGEST_INTERVAL", "GATEWAY_DIGEST_SOON", "GATEWAY_DIGESTS_SOON"],
    ),
    (
        "src/node/gateway/tests/missed.rs",
        "a_gap_is_asked_for_once_in_a_while_until_it_is_filled",
        &[
            "GATEWAY_GAP_PATIENCE",
            "GATEWAY_ANSWER_PATIENCE",
            "GATEWAY_ASK_PAUSE_MIN",
            "GATEWAY_ASK_PAUSE_MAX",
        ],
    ),
    (
        "src/node/gateway/tests/missed.rs",
        "what_is_asked_for_is_told_again_to_all_and_not_more_often_than_it_can_be",
        &["GATEWAY_AGAIN_PAUSE_MIN"],
    ),
    (
        "src/node/gateway/tests.rs",
        "a_bus_that_does_not_greet_answer_or_speak_in_turn_is_given_up",
        &["GATEWAY_PING_INTERVAL", "GATEWAY_SILENCE_MAX", "GATEWAY_GREETING_MAX"],
    ),
    (
        "src/node/gateway/tests.rs",
        "what_the_bus_has_not_taken_is_told_again_on_the_next_connection",
        &["GATEWAY_REDIAL_PAUSE_MAX"],
    ),
    (
        "src/node/gateway/hosts.rs",
        "however_many_it_tells_of_there_are_not_more_than_so_many",
        &["GATEWAY_HOSTS_MAX"],
    ),
];
