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
];
