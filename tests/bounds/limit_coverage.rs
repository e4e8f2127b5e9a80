//! Which test reaches which limit. A new limit has to be entered here, with its test or with the
//! reason why it has none.

#[path = "not_reached.rs"]
mod not_reached;

use not_reached::NOT_REACHED;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A file, a test in it, and the limits that it reaches.
const REACHED: &[(&str, &str, &[&str])] = &[
    ("src/cli/tests.rs", "max_skew_is_digits_with_an_optional_fraction", &["SKEW_MAX"]),
    ("src/cli/tests.rs", "memory_is_a_whole_number_of_mebibytes", &["POSITIONS_BYTES_MAX"]),
    (
        "src/cli/tests.rs",
        "times_and_counts_for_places_have_their_limits",
        &["PLACES_DEADLINE_MAX", "PLACES_CACHE_AGE_MAX"],
    ),
    ("src/herd/file/tests.rs", "there_must_be_servers_but_not_too_many", &["SERVERS_MAX"]),
    ("src/wire/host.rs", "all_else_is_none", &["HOST_BYTES_MAX", "HOST_LABEL_BYTES_MAX"]),
    (
        "src/herd/mod.rs",
        "a_file_without_end_is_refused_without_reading_it_all",
        &["HERD_FILE_BYTES_MAX"],
    ),
    (
        "src/logs/file/tests.rs",
        "lines_gather_until_a_batch_is_full_or_flushed",
        &["LOG_BATCH_BYTES"],
    ),
    (
        "src/node/places/connection/tests.rs",
        "a_connection_whose_idle_time_is_up_is_given_no_question",
        &["PLACES_IDLE_MAX"],
    ),
    (
        "src/positions/tests.rs",
        "many_clients_are_found_while_the_index_grows",
        &["PREFETCH_LINES_MAX"],
    ),
    (
        "src/node/link/dialled/tests.rs",
        "much_is_told_in_shares_each_in_a_turn_of_its_own",
        &["WALK_RECORDS_MAX"],
    ),
    (
        "src/node/link/dialled/tests.rs",
        "who_holds_other_positions_for_long_is_told_everything_also_what_it_once_told",
        &["DISAGREEMENTS_MAX", "START_OVER_PAUSE"],
    ),
    (
        "src/node/link/received.rs",
        "who_marks_and_is_heard_keeps_others_waiting_until_it_closes_or_falls_silent",
        &["NEIGHBOUR_ALIVE", "NEIGHBOUR_TROUBLE_REMINDER"],
    ),
    (
        "tests/sim/scenarios/cuts.rs",
        "who_greets_in_a_neighbour_s_name_delays_nothing_while_that_is_there_and_keeps_it_not_away",
        &["NEIGHBOUR_CONFLICT_MAX"],
    ),
    ("src/node/link/strangers.rs", "when_there_are_too_many_the_oldest_goes", &["UNGREETED_MAX"]),
    ("src/node/link/strangers.rs", "so_many_stay_to_read_why_they_are_refused", &["REFUSED_MAX"]),
    ("tests/daemon/strangers.rs", "half_a_greeting_is_waited_for_in_vain", &["GREETING_TIMEOUT"]),
    (
        "src/node/link/tests.rs",
        "names_that_are_invented_keep_no_server_of_the_herd_from_being_known",
        &["FOREIGN_SERVERS_MAX"],
    ),
    (
        "src/node/link/peers/tests.rs",
        "an_absence_is_news_once_and_then_mentioned_now_and_then",
        &["AWAY_REMINDER"],
    ),
    (
        "src/node/link/peers/tests.rs",
        "it_is_told_everything_again_less_and_less_often_while_that_does_not_help",
        &["START_OVER_PAUSE_MAX"],
    ),
    (
        "src/node/link/peers/tests.rs",
        "pauses_double_within_their_bounds",
        &["REDIAL_PAUSE_MIN", "REDIAL_PAUSE_MAX", "LINK_PROVEN_AFTER"],
    ),
    (
        "src/node/link/peers/tests.rs",
        "an_attempt_that_hangs_is_not_waited_for_once_the_neighbour_greets",
        &["DIAL_DOUBTED_AFTER"],
    ),
    (
        "src/node/refusals.rs",
        "the_first_of_an_address_are_warnings_and_then_one_now_and_then_with_a_count",
        &["REFUSALS_SAID_MAX", "REFUSAL_REMINDER"],
    ),
    (
        "src/node/refusals.rs",
        "many_addresses_are_said_one_by_one_and_more_together",
        &["REFUSED_ADDRESSES_MAX"],
    ),
    (
        "src/places/settings.rs",
        "what_is_given_goes_before_what_is_put_in_its_place",
        &["PLACES_KEY_CALLS_PER_SECOND", "PLACES_KEY_CALLS_PER_DAY"],
    ),
    (
        "src/node/places/breaker.rs",
        "missing_answers_open_it_only_when_there_are_several_in_a_row",
        &["PLACES_FAILURES_MAX"],
    ),
    (
        "src/node/places/breaker.rs",
        "pauses_double_up_to_the_longest",
        &["PLACES_PAUSE_MIN", "PLACES_PAUSE_MAX"],
    ),
    (
        "src/node/places/breaker.rs",
        "refusals_open_it_for_longer_and_only_when_there_are_several_in_a_row",
        &["PLACES_REFUSED_PAUSE_MAX"],
    ),
    (
        "src/node/places/trouble.rs",
        "each_kind_is_a_warning_at_once_and_then_now_and_then_with_a_count",
        &["PLACES_TROUBLE_REMINDER"],
    ),
    (
        "src/node/places/cache.rs",
        "so_many_answers_are_kept_and_the_oldest_go_first",
        &["PLACES_CACHE_ANSWERS_MAX"],
    ),
    (
        "src/node/places/cache.rs",
        "so_many_bytes_of_answers_are_kept_and_the_oldest_go_first",
        &["PLACES_CACHE_BYTES_MAX"],
    ),
    ("src/cli/tests.rs", "bounds_against_strangers_have_their_limits", &["CLIENT_SILENCE_MAX"]),
    ("src/cli/tests.rs", "a_server_alone_gets_the_defaults", &["FIRST_LINE_DEFAULT"]),
    (
        "src/daemon/descriptors.rs",
        "a_few_are_kept_for_those_who_are_refused",
        &["REFUSED_AT_A_TIME_MAX"],
    ),
    (
        "src/node/client/tests.rs",
        "half_a_line_is_looked_at_once_and_costs_nothing_then",
        &["HALF_LINE_HINT_AFTER"],
    ),
    (
        "src/reactor/listener.rs",
        "what_is_accepted_inherits_the_bounds_of_the_listener",
        &["UNACKNOWLEDGED_MAX"],
    ),
    (
        "src/node/log_throttle.rs",
        "what_has_no_room_is_told_at_once_and_then_now_and_then",
        &["NO_ROOM_REMINDER"],
    ),
    ("src/places/answer/tests.rs", "never_more_results_than_the_contract_allows", &["RESULTS_MAX"]),
    ("src/places/fields.rs", "masks_are_paths_of_places", &["PLACES_FIELDS_BYTES_MAX"]),
    (
        "src/places/key.rs",
        "a_key_file_is_its_owner_s_alone_and_holds_one_line",
        &["PLACES_KEY_BYTES_MAX"],
    ),
    (
        "src/places/new/tests/reshaped.rs",
        "what_is_large_stays_bounded",
        &["PLACES_TYPES_MAX", "PLACES_ATTRIBUTIONS_MAX", "PLACES_ATTRIBUTION_BYTES_MAX"],
    ),
    (
        "src/places/problem.rs",
        "a_message_is_redacted_before_it_is_cut",
        &["PLACES_MESSAGE_CHARS_MAX"],
    ),
    ("src/positions/epochs.rs", "epochs_are_bounded", &["NEIGHBOUR_EPOCHS_MAX"]),
    ("src/positions/origins.rs", "a_full_table_still_knows_its_names", &["ORIGINS_MAX"]),
    ("src/positions/origins.rs", "names_out_of_bounds_are_refused", &["SERVER_NAME_BYTES_MAX"]),
    (
        "src/transport/output.rs",
        "memory_is_borrowed_and_given_back_within_bounds",
        &["SPARE_BUFFERS_MAX", "SPARE_BUFFER_BYTES_MAX"],
    ),
    (
        "src/transport/buffer.rs",
        "room_is_told_once_after_it_was_requested_and_only_when_there_is_much",
        &["OUTPUT_LOW_WATER_BYTES"],
    ),
    (
        "src/reactor/resolver/tests.rs",
        "so_many_names_are_looked_up_at_a_time_and_the_others_queue",
        &["LOOKUP_THREADS_MAX"],
    ),
    (
        "src/reactor/resolver/tests.rs",
        "those_who_ask_for_the_same_name_share_a_look_up",
        &["NAMES_KEPT"],
    ),
    (
        "src/reactor/resolver/tests.rs",
        "those_who_wait_are_bounded_and_may_leave",
        &["LOOKUPS_WAITING_MAX"],
    ),
    ("src/wire/command/tests.rs", "the_clients_id_is_bounded", &["CLIENT_ID_BYTES_MAX"]),
    ("src/wire/command/tests.rs", "what_is_not_a_whatsat", &["RADIUS_KILOMETRES_MAX"]),
    ("src/node/hub/tests.rs", "watches_have_their_limit_and_an_end", &["WATCHES_PER_CLIENT_MAX"]),
    ("src/node/hub/tests.rs", "a_server_has_so_many_watches_and_no_more", &["WATCHES_MAX"]),
    (
        "src/node/hub/tests.rs",
        "watchers_have_turns_and_shares",
        &["WATCHERS_PER_TURN", "EVENTS_PER_TURN", "EVENTS_PER_WATCHER_AND_TURN"],
    ),
    (
        "src/node/hub/tests.rs",
        "who_watches_everything_and_falls_behind_is_told_each_client_once",
        &["RECENT_EVENTS_BYTES_MAX", "EVENT_BYTES_USUAL"],
    ),
    (
        "src/node/hub/tests.rs",
        "an_area_in_which_there_are_many_is_looked_through_in_shares",
        &["AREA_LISTED_MAX"],
    ),
    ("src/wire/command/tests.rs", "nears", &["NEAR_KILOMETRES_MAX", "NEAR_RESULTS_MAX"]),
    (
        "src/wire/http/body.rs",
        "an_announcement_alone_reserves_little",
        &["HTTP_BODY_RESERVED_BYTES_MAX"],
    ),
    (
        "src/wire/http/tests.rs",
        "heads_that_are_not_http_are_refused",
        &["HTTP_RESPONSE_HEADERS_MAX"],
    ),
    (
        "src/wire/http/tests.rs",
        "interim_responses_are_passed_over",
        &["HTTP_INTERIM_RESPONSES_MAX"],
    ),
    ("src/wire/http/tests.rs", "limits_can_be_reached", &["PLACES_HEAD_BYTES_MAX"]),
    (
        "src/wire/http/tests.rs",
        "what_does_not_end_is_cut_off",
        &["PLACES_BODY_BYTES_MAX", "HTTP_CHUNK_EXTRAS_BYTES_MAX"],
    ),
    (
        "src/wire/http/tests/requests.rs",
        "heads_are_bounded",
        &["HTTP_REQUEST_HEAD_BYTES_MAX", "HTTP_REQUEST_HEADERS_MAX"],
    ),
    ("src/wire/http/tests/requests.rs", "bodies_are_bounded", &["HTTP_REQUEST_BODY_BYTES_MAX"]),
    ("src/wire/ingest/number.rs", "exponents_are_bounded", &["EXPONENT_DIGITS_MAX"]),
    ("src/wire/ingest/moment.rs", "numbers_are_seconds_or_milliseconds", &["MILLISECONDS_FROM"]),
    ("src/wire/printable.rs", "long_text_is_cut_between_characters", &["LOG_TEXT_BYTES_MAX"]),
    (
        "tests/bounds/questions.rs",
        "a_connection_has_so_many_questions_under_way_and_places_so_many_connections",
        &["QUERIES_PER_CLIENT_MAX", "PLACES_CONNECTIONS_MAX"],
    ),
    (
        "tests/bounds/questions.rs",
        "answers_behind_a_question_are_held_back_up_to_a_limit",
        &["HELD_ANSWERS_BYTES_MAX"],
    ),
    (
        "tests/bounds/questions.rs",
        "too_many_questions_are_not_asked_and_everybody_is_answered",
        &["PLACES_WAITING_MAX", "PLACES_DEADLINE"],
    ),
    (
        "tests/bounds/slow_writers.rs",
        "a_line_that_does_not_end_is_kept_up_to_its_limit",
        &["CLIENT_LINE_BYTES_MAX"],
    ),
    (
        "tests/bounds/slow_writers.rs",
        "who_does_not_read_fills_little_of_the_kernel_s_memory",
        &["ACCEPTED_UNSENT_BYTES_MAX"],
    ),
    (
        "tests/bounds/storms.rs",
        "a_storm_waits_in_line_while_the_server_is_busy",
        &["ACCEPTS_PER_TURN"],
    ),
    (
        "tests/bounds/storms.rs",
        "the_kernel_asks_after_clients_that_are_silent",
        &["KEEPALIVE_IDLE"],
    ),
    (
        "tests/bounds/strangers.rs",
        "strangers_are_bounded_and_a_neighbour_gets_in",
        &["DESCRIPTORS_PER_NEIGHBOUR", "STRANGERS_MAX"],
    ),
    (
        "tests/bounds/strangers.rs",
        "who_says_nothing_where_tls_is_spoken_is_left",
        &["HANDSHAKE_TIMEOUT"],
    ),
    (
        "tests/daemon/classic.rs",
        "silence_ends_a_command_and_the_server_closes_after_its_answer",
        &["CLASSIC_SILENCE"],
    ),
    (
        "tests/daemon/classic.rs",
        "half_a_command_is_waited_for_longer_than_a_whole_one",
        &["CLASSIC_SILENCE_MAX"],
    ),
    (
        "tests/daemon/answers.rs",
        "a_clock_that_is_behind_its_clients_is_warned_of_and_not_for_each_report",
        &["CLOCK_REMINDER"],
    ),
    (
        "tests/daemon/clients.rs",
        "a_client_that_never_reads_is_paused_and_dropped",
        &["OUTPUT_STALL_MAX"],
    ),
    (
        "tests/daemon/crowds.rs",
        "more_clients_than_descriptors_are_told_so_and_leave_room_for_neighbours",
        &["DESCRIPTORS_OWN"],
    ),
    (
        "tests/daemon/crowds.rs",
        "without_descriptors_accepting_pauses_and_goes_on",
        &["ACCEPT_PAUSE"],
    ),
    ("tests/daemon/differences.rs", "a_report_may_be_a_day_ahead", &["SKEW_DEFAULT"]),
    (
        "tests/daemon/neighbours.rs",
        "a_neighbour_that_falls_silent_is_noticed_within_five_seconds",
        &["HEARTBEAT_INTERVAL"],
    ),
    (
        "tests/daemon/neighbours.rs",
        "a_neighbour_that_holds_other_positions_is_said_when_it_has_differed_several_times",
        &["DISAGREEMENTS_MIN"],
    ),
    (
        "tests/daemon/clients.rs",
        "lines_that_are_too_long_are_warned_of_once_in_a_while",
        &["LONG_LINE_REMINDER"],
    ),
    (
        "src/driver/listeners.rs",
        "that_all_are_taken_is_said_at_once_and_then_now_and_then",
        &["FULL_REMINDER"],
    ),
    (
        "tests/daemon/strangers.rs",
        "long_lines_of_a_neighbour_are_skipped_and_not_kept",
        &["NEIGHBOUR_LINE_BYTES_MAX"],
    ),
    ("tests/faults/scenarios/cuts.rs", "a_cable_pulled_and_plugged_in_again", &["DIAL_TIMEOUT"]),
    (
        "tests/faults/scenarios/cuts.rs",
        "a_herd_cut_in_two_without_a_word",
        &["NEIGHBOUR_SILENCE_MAX"],
    ),
    ("tests/faults/scenarios/paths.rs", "a_path_narrower_than_what_moves", &["UNSENT_BYTES_MAX"]),
    ("tests/reactor/addresses.rs", "so_many_addresses_are_tried_and_no_more", &["ADDRESSES_MAX"]),
    (
        "tests/places/stages.rs",
        "silence_and_slowness_end_at_a_deadline",
        &["PLACES_FIRST_BYTE_TIMEOUT", "PLACES_CONNECT_TIMEOUT"],
    ),
    ("tests/reactor/flow.rs", "a_flood_does_not_starve_others", &["READ_BUDGET_BYTES"]),
    (
        "tests/reactor/flow.rs",
        "who_wakes_itself_for_ever_does_not_starve_others",
        &["ACTION_ROUNDS_PER_TURN"],
    ),
    (
        "tests/reactor/flow.rs",
        "a_flood_that_goes_first_keeps_others_waiting_for_less",
        &["READ_BUDGET_FIRST_BYTES"],
    ),
    (
        "tests/reactor/flow.rs",
        "a_slow_reader_gets_all_and_little_is_made_ahead",
        &["OUTPUT_HIGH_WATER_BYTES"],
    ),
    ("tests/reactor/law.rs", "a_peer_that_never_goes_is_left_after_a_while", &["LINGER_MAX"]),
    ("tests/reactor/stop.rs", "who_does_not_close_is_cut_after_a_while", &["STOP_GRACE"]),
    ("tests/daemon/stops.rs", "who_does_not_read_has_a_second", &["STOP_STALL_MAX"]),
];

fn source(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_limit_has_its_test_or_a_reason() {
    let limits = source("src/limits.rs");
    let limits = limits.lines().filter_map(|line| line.strip_prefix("pub const "));
    let mut entries: BTreeMap<&str, usize> =
        limits.map(|line| (line.split(':').next().unwrap(), 0)).collect();
    let reached = REACHED.iter().flat_map(|(_, _, limits)| limits.iter());
    let not_reached = NOT_REACHED.iter().flat_map(|(_, limits)| limits.iter());
    for limit in reached.chain(not_reached) {
        let count = entries.get_mut(limit).unwrap_or_else(|| panic!("there is no limit {limit}"));
        *count += 1;
    }
    let wrong: Vec<_> = entries.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "limits that are not listed once: {wrong:?}");
}

#[test]
fn every_test_that_is_listed_is_there() {
    for (file, test, _) in REACHED {
        assert!(source(file).contains(&format!("fn {test}()")), "{file} has no test {test}");
    }
}
