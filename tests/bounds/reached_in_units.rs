//! The limits that tests of single modules reach.

/// A file, a test in it, and the limits that it reaches.
pub const REACHED_IN_UNITS: &[(&str, &str, &[&str])] = &[
    ("src/cli/tests.rs", "max_skew_is_digits_with_an_optional_fraction", &["SKEW_MAX"]),
    ("src/cli/tests.rs", "memory_is_a_whole_number_of_mebibytes", &["POSITIONS_BYTES_MAX"]),
    (
        "src/cli/tests.rs",
        "times_and_counts_for_places_have_their_limits",
        &["PLACES_DEADLINE_MAX", "PLACES_CACHE_AGE_MAX"],
    ),
    ("src/herd/file/tests.rs", "there_must_be_servers_but_not_too_many", &["SERVERS_MAX"]),
    (
        "src/journal/block.rs",
        "the_largest_block_is_read_and_one_that_is_larger_is_not",
        &["JOURNAL_BLOCK_BYTES_MAX"],
    ),
    (
        "src/daemon/journal/folder/tests.rs",
        "a_file_that_is_too_large_is_refused_without_reading_it",
        &["JOURNAL_FILE_BYTES_MAX"],
    ),
    (
        "src/daemon/journal/folder/tests.rs",
        "after_the_last_number_there_is_no_other",
        &["JOURNAL_FILE_NUMBER_MAX"],
    ),
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
        "src/node/link/behind.rs",
        "a_neighbour_that_acknowledges_nothing_is_kept_in_mind_by_so_many_waits",
        &["LINK_WAITS_MAX"],
    ),
    (
        "src/node/web/figures/tests.rs",
        "who_finds_no_neighbour_is_ready_after_a_while",
        &["NEIGHBOUR_SOUGHT_MAX"],
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
    ("src/node/link/strangers.rs", "when_there_are_too_many_the_oldest_goes", &["UNGREETED_MAX"]),
    ("src/node/link/strangers.rs", "so_many_stay_to_read_why_they_are_refused", &["REFUSED_MAX"]),
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
    ("src/daemon/keys.rs", "a_file_that_is_too_large_is_refused", &["KEY_FILE_BYTES_MAX"]),
    (
        "src/driver/listeners.rs",
        "of_too_many_handshakes_the_oldest_goes_and_of_a_crowd_s_its_own",
        &["HANDSHAKES_MAX", "HANDSHAKES_SHARE"],
    ),
    (
        "tests/reactor/tls.rs",
        "many_talk_at_once_and_one_that_is_slow_to_greet_holds_up_nobody",
        &["HANDSHAKES_PER_TURN"],
    ),
    (
        "src/daemon/tls.rs",
        "certificates_that_end_soon_are_said_once_a_day",
        &["CERTIFICATE_ENDS_SOON"],
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
    (
        "src/node/hub/tests/limits_of_watching.rs",
        "watches_have_their_limit_and_an_end",
        &["WATCHES_PER_CLIENT_MAX"],
    ),
    (
        "src/node/hub/tests/limits_of_watching.rs",
        "a_server_has_so_many_watches_and_no_more",
        &["WATCHES_MAX"],
    ),
    (
        "src/node/hub/tests/limits_of_watching.rs",
        "what_watches_are_written_as_is_bounded",
        &["WATCHES_BYTES_MAX"],
    ),
    (
        "src/node/hub/tests/limits_of_watching.rs",
        "who_grows_beyond_what_all_may_keep_is_dropped",
        &["WATCHED_MAX"],
    ),
    (
        "src/node/client/tests/near.rs",
        "who_watches_much_takes_one_command_in_a_turn",
        &["WATCHED_MANY"],
    ),
    (
        "src/node/log_throttle.rs",
        "what_has_no_room_is_told_at_once_and_then_now_and_then",
        &["NO_ROOM_REMINDER", "WATCHED_REMINDER"],
    ),
    (
        "src/node/hub/tests/limits_of_watching.rs",
        "watchers_have_turns_and_shares",
        &["WATCHERS_PER_TURN", "EVENTS_PER_WATCHER"],
    ),
    (
        "src/node/hub/tests/departed.rs",
        "so_many_are_kept_for_those_who_come_back",
        &["DEPARTURES_KEPT_MAX"],
    ),
    (
        "src/positions/tests/ended.rs",
        "a_turn_takes_out_so_many_and_the_next_goes_on",
        &["EXPIRY_WORK_PER_TURN"],
    ),
    (
        "src/positions/tests/ended.rs",
        "what_died_lately_is_known_for_so_many_steps",
        &["DIGEST_STEPS"],
    ),
    (
        "src/node/hub/tests.rs",
        "who_watches_everything_and_falls_behind_is_told_each_client_once",
        &["RECENT_EVENTS_BYTES_MAX", "EVENT_BYTES_USUAL"],
    ),
    (
        "src/node/hub/tests/limits_of_watching.rs",
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
        "src/driver/listeners.rs",
        "that_all_are_taken_is_said_at_once_and_then_now_and_then",
        &["FULL_REMINDER"],
    ),
    (
        "src/node/client/tests/near.rs",
        "a_turn_spends_so_much_on_questions_and_the_others_wait_for_the_next",
        &["NEAR_PLACES_PER_TURN", "NEAR_PLACE_BYTES"],
    ),
    (
        "src/node/client/tests/near.rs",
        "the_first_question_waits_for_the_index_which_is_made_in_shares",
        &["AREA_CHANGES_PER_TURN"],
    ),
    (
        "src/node/client/tests/near.rs",
        "a_long_answer_is_of_one_moment_and_comes_in_shares_without_events",
        &["NEAR_SHARE_BYTES"],
    ),
    ("src/node/near.rs", "so_many_who_wait_are_called_in_a_turn", &["NEAR_CALLED_PER_TURN"]),
    (
        "src/node/web/tests/streams.rs",
        "whoever_missed_more_than_is_looked_for_at_once_is_told_the_same",
        &["RESUMED_CHANGES_MAX"],
    ),
    (
        "src/node/web/tests/streams.rs",
        "a_comment_comes_every_so_often_unless_the_reader_is_slow",
        &["COMMENT_INTERVAL"],
    ),
];
