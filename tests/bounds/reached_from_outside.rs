//! The limits that tests of whole programs and of the reactor reach.

/// A file, a test in it, and the limits that it reaches.
pub const REACHED_FROM_OUTSIDE: &[(&str, &str, &[&str])] = &[
    (
        "tests/daemon/journal/size.rs",
        "a_thousand_clients_that_move_for_a_while",
        &["JOURNAL_SEGMENT_BYTES", "JOURNAL_STALE_BYTES_MAX"],
    ),
    (
        "tests/sim/scenarios/cuts.rs",
        "who_greets_in_a_neighbour_s_name_delays_nothing_while_that_is_there_and_keeps_it_not_away",
        &["NEIGHBOUR_CONFLICT_MAX"],
    ),
    ("tests/daemon/strangers.rs", "half_a_greeting_is_waited_for_in_vain", &["GREETING_TIMEOUT"]),
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
    ("tests/reactor/tls.rs", "records_of_a_byte_cost_their_turn", &["READ_LEAST_BYTES"]),
    (
        "tests/reactor/tls.rs",
        "a_record_that_comes_in_crumbs_does_not_hold_up_a_turn",
        &["TLS_RECEIVES_PER_READ_MAX"],
    ),
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
    ("tests/reactor/stop.rs", "who_does_not_close_is_cut_after_a_while", &["STOP_ACCEPTED_MAX"]),
    (
        "tests/reactor/stop.rs",
        "who_was_dialled_is_told_when_nobody_else_is_left_and_cut_at_the_end",
        &["STOP_GRACE"],
    ),
    ("tests/reactor/stop.rs", "who_is_not_read_on_is_told_in_time", &["STOP_READ_MAX"]),
    (
        "tests/daemon/drain.rs",
        "who_connects_meanwhile_is_served_or_refused_and_never_dropped",
        &["STOP_ACCEPTING"],
    ),
    (
        "tests/daemon/drain.rs",
        "who_has_said_nothing_yet_has_a_second_to_say_it",
        &["STOP_PATIENCE"],
    ),
    ("tests/daemon/handed_over.rs", "more_than_there_may_be_are_not_taken", &["HANDED_OVER_MAX"]),
    (
        "tests/reactor/greeted.rs",
        "the_longest_greeting_is_taken_and_no_longer_one",
        &["CLEAR_GREETING_BYTES_MAX"],
    ),
    ("tests/daemon/service_manager.rs", "it_is_told_of_a_whole_life", &["STATUS_INTERVAL"]),
    ("tests/daemon/stops.rs", "who_does_not_read_has_a_second", &["STOP_STALL_MAX"]),
];
