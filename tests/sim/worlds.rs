//! One script of happenings in two worlds: the reactor over real sockets, and the driver over the
//! simulator's kernel and network. Both must tell the conversations the same, and their peers, too:
//! what is shown by simulation is shown for what ships only as far as this holds.
//!
//! What each conversation is told is written down with each script, so that the two worlds cannot be
//! wrong together unnoticed. The simulated one plays each script under several seeds, which deliver
//! in other pieces and at other times.
//!
//! A peer that takes nothing until [`OUTPUT_STALL_MAX`](herd::limits::OUTPUT_STALL_MAX) is simulated
//! only, since that takes half a minute; one that takes nothing for a moment is in both worlds.

mod files;
#[allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests of the reactor, whose it is, use the rest"
)]
#[path = "../reactor/harness.rs"]
mod harness;
mod play;
mod server;
mod simulated;
#[allow(clippy::unwrap_used, reason = "a panic is how a test says no")]
mod sockets;

use play::Step::{Accept, Close, Connect, Deaf, Finish, Heard, Hears, Reset, Send, Told, Unread};
use play::{Ending, Record, Step, play, words};
use server::MUCH;
use simulated::Virtual;
use sockets::Loopback;
use std::thread;

/// How many seeds play each script in the simulated world.
const SEEDS: u64 = 24;

/// A script, and what its conversations are told.
type Case = (&'static [Step], &'static [&'static str]);

/// One happening each.
const ALONE: &[Case] = &[
    // Bytes, then a half-close.
    (&[Connect, Send(0, b"HELLO"), Finish(0)], &["Made, Data 5, Ended, Lost Closed"]),
    // Bytes in pieces, and an answer.
    (
        &[
            Connect,
            Send(0, b"..."),
            Told(0, "Data 3"),
            Send(0, b".."),
            Told(0, "Data 5"),
            Send(0, b"e"),
            Heard(0, 1),
            Finish(0),
        ],
        &["Made, Data 6, Ended, Lost Closed"],
    ),
    // A half-close and nothing else.
    (&[Connect, Finish(0)], &["Made, Ended, Lost Closed"]),
    // Gone as soon as it has come.
    (&[Connect, Close(0)], &["Made, Ended, Lost Closed"]),
    // A reset.
    (&[Connect, Send(0, b"."), Told(0, "Data 1"), Reset(0)], &["Made, Data 1, Lost Io"]),
    // A reset before anything was said.
    (&[Connect, Told(0, "Made"), Reset(0)], &["Made, Lost Io"]),
    // A reset behind the end, of a conversation that is not done.
    (
        &[Connect, Send(0, b"k"), Finish(0), Told(0, "Ended"), Reset(0)],
        &["Made, Data 1, Ended, Lost Io"],
    ),
    // A peer that closes over what it has not read: that is a reset.
    (&[Connect, Deaf(0), Send(0, b"e"), Unread(0), Close(0)], &["Made, Data 1, Lost Io"]),
    // The server closes, and the peer later.
    (&[Connect, Send(0, b"c"), Told(0, "Data 1"), Finish(0)], &["Made, Data 1, Lost Closed"]),
    // The server closes, and the peer never does.
    (&[Connect, Send(0, b"c")], &["Made, Data 1, Lost Closed"]),
    // The server closes over what it has not read.
    (
        &[Connect, Send(0, b"q"), Told(0, "Data 1"), Send(0, b"UNREAD"), Finish(0)],
        &["Made, Data 1, Timer, Lost ClosedOver { bytes: 6 }"],
    ),
    // The server gives the connection up.
    (&[Connect, Send(0, b"a")], &["Made, Data 1, Lost Aborted"]),
    // A timer.
    (
        &[Connect, Send(0, b"t"), Told(0, "Timer"), Finish(0)],
        &["Made, Data 1, Timer, Ended, Lost Closed"],
    ),
    // Much to send.
    (
        &[Connect, Send(0, b"m"), Heard(0, MUCH), Finish(0)],
        &["Made, Data 1, Room, Ended, Lost Closed"],
    ),
    // A dial to who listens.
    (
        &[
            Connect,
            Send(0, b"d"),
            Accept,
            Send(1, b".e"),
            Heard(1, 1),
            Finish(1),
            Told(1, "Lost Closed"),
            Finish(0),
        ],
        &["Made, Data 1, Ended, Lost Closed", "Made, Data 2, Ended, Lost Closed"],
    ),
    // A dial that is refused.
    (
        &[Connect, Send(0, b"f"), Told(1, "Lost Connect"), Finish(0)],
        &["Made, Data 1, Ended, Lost Closed", "Lost Connect"],
    ),
    // A dial to a name that nobody knows.
    (
        &[Connect, Send(0, b"u"), Told(1, "Lost Resolve"), Finish(0)],
        &["Made, Data 1, Ended, Lost Closed", "Lost Resolve"],
    ),
    // A dial that hears nothing.
    (
        &[Connect, Send(0, b"z"), Told(1, "Lost ConnectTimeout"), Finish(0)],
        &["Made, Data 1, Ended, Lost Closed", "Lost ConnectTimeout"],
    ),
    // A stop.
    (&[Connect, Send(0, b"s"), Heard(0, 3), Finish(0)], &["Made, Data 1, Stopping, Lost Closed"]),
    // A stop that one does not heed: it is cut.
    (&[Connect, Send(0, b"ks")], &["Made, Data 2, Stopping, Lost Aborted"]),
];

/// Several happenings, on one connection and on several.
const TOGETHER: &[Case] = &[
    // While reading is paused bytes and the end wait, and then come in order.
    (
        &[
            Connect,
            Send(0, b"p"),
            Told(0, "Data 1"),
            Send(0, b"LATER"),
            Finish(0),
            Connect,
            Send(1, b"w"),
            Told(0, "Ended"),
            Finish(1),
        ],
        &["Made, Data 1, Woken, Data 5, Ended, Lost Closed", "Made, Data 1, Ended, Lost Closed"],
    ),
    // A reset is told though reading is paused, and what was not read is not.
    (
        &[
            Connect,
            Send(0, b"p"),
            Told(0, "Data 1"),
            Send(0, b"UNREAD"),
            Reset(0),
            Told(0, "Lost Io"),
            Connect,
            Send(1, b"e"),
            Heard(1, 1),
            Finish(1),
        ],
        &["Made, Data 1, Lost Io", "Made, Data 1, Ended, Lost Closed"],
    ),
    // A peer stalls for a while; others are served meanwhile, and then it gets all.
    (
        &[
            Connect,
            Deaf(0),
            Send(0, b"m"),
            Unread(0),
            Connect,
            Send(1, b"e"),
            Heard(1, 1),
            Finish(1),
            Told(1, "Lost Closed"),
            Hears(0),
            Heard(0, MUCH),
            Send(0, b"."),
            Told(0, "Data 2"),
            Finish(0),
        ],
        &["Made, Data 1, Room, Data 1, Ended, Lost Closed", "Made, Data 1, Ended, Lost Closed"],
    ),
    // A peer stalls and resets with much under way.
    (
        &[
            Connect,
            Deaf(0),
            Send(0, b"m"),
            Unread(0),
            Reset(0),
            Told(0, "Lost Io"),
            Connect,
            Finish(1),
        ],
        &["Made, Data 1, Room, Lost Io", "Made, Ended, Lost Closed"],
    ),
    // A peer that has said all is answered at length.
    (
        &[Connect, Send(0, b"l"), Finish(0), Heard(0, MUCH)],
        &["Made, Data 1, Ended, Room, Lost Closed"],
    ),
    // A timer that comes while reading is paused; the end waits for it.
    (
        &[
            Connect,
            Send(0, b"tp"),
            Told(0, "Timer"),
            Finish(0),
            Connect,
            Send(1, b"w"),
            Told(0, "Ended"),
            Finish(1),
        ],
        &["Made, Data 2, Timer, Woken, Ended, Lost Closed", "Made, Data 1, Ended, Lost Closed"],
    ),
    // Dials that fail in each way beside one that does not, whose peer resets.
    (
        &[
            Connect,
            Send(0, b"u"),
            Told(1, "Lost Resolve"),
            Send(0, b"f"),
            Told(2, "Lost Connect"),
            Send(0, b"d"),
            Accept,
            Told(3, "Made"),
            Send(0, b"z"),
            Told(4, "Lost ConnectTimeout"),
            Reset(1),
            Told(3, "Lost Io"),
            Finish(0),
        ],
        &[
            "Made, Data 4, Ended, Lost Closed",
            "Lost Resolve",
            "Lost Connect",
            "Made, Lost Io",
            "Lost ConnectTimeout",
        ],
    ),
    // A stop with connections in every state: up, paused, dialled and never answered, closing. Those who
    // were dialled are told when nobody else is left.
    (
        &[
            Connect,
            Send(0, b"d"),
            Accept,
            Told(1, "Made"),
            Connect,
            Send(2, b"p"),
            Told(2, "Data 1"),
            Connect,
            Send(3, b"c"),
            Told(3, "Data 1"),
            Send(0, b"zs"),
            Told(4, "Lost ConnectTimeout"),
            Heard(0, 3),
            Finish(0),
            Finish(3),
            Heard(2, 3),
            Finish(2),
            Heard(1, 3),
            Finish(1),
        ],
        &[
            "Made, Data 3, Stopping, Lost Closed",
            "Made, Stopping, Lost Closed",
            "Made, Data 1, Stopping, Lost Closed",
            "Made, Data 1, Lost Closed",
            "Lost ConnectTimeout",
        ],
    ),
    // A stop that finds something that is not read: it is told in time.
    (
        &[
            Connect,
            Send(0, b"p"),
            Told(0, "Data 1"),
            Send(0, b"LATER"),
            Connect,
            Send(1, b"s"),
            Heard(1, 3),
            Finish(1),
            Heard(0, 3),
            Finish(0),
        ],
        &[
            "Made, Data 1, Stopping, Lost ClosedOver { bytes: 5 }",
            "Made, Data 1, Stopping, Lost Closed",
        ],
    ),
    // One who was dialled does not heed it, and is cut at the end.
    (
        &[
            Connect,
            Send(0, b"d"),
            Accept,
            Send(1, b"k"),
            Told(1, "Data 1"),
            Send(0, b"s"),
            Heard(0, 3),
            Finish(0),
        ],
        &["Made, Data 2, Stopping, Lost Closed", "Made, Data 1, Stopping, Lost Aborted"],
    ),
];

/// Two connections wait to be read, the second of which goes first; a third has both go on.
const FIRST: Case = (
    &[
        Connect,
        Send(0, b"p"),
        Told(0, "Data 1"),
        Connect,
        Send(1, b"gp"),
        Told(1, "Data 2"),
        Connect,
        Send(0, b".."),
        Send(1, b".."),
        Send(2, b"e"),
        Heard(2, 1),
        Send(2, b"e"),
        Heard(2, 2),
        Send(2, b"e"),
        Heard(2, 3),
        Send(2, b"w"),
        Told(0, "Data 3"),
        Told(1, "Data 4"),
        Finish(0),
        Finish(1),
        Finish(2),
    ],
    &[
        "Made, Data 1, Woken, Data 2, Ended, Lost Closed",
        "Made, Data 2, Woken, Data 2, Ended, Lost Closed",
        "Made, Data 4, Ended, Lost Closed",
    ],
);

/// Plays a case in both worlds, in the simulated one under several seeds; gives all records.
fn assert_same(&(script, expected): &Case) -> Vec<Record> {
    let real = play(&mut Loopback::new(), script, expected.len());
    assert_told(&real, expected, "over real sockets");
    let mut records = vec![real];
    for seed in 0..SEEDS {
        let (real, simulated) =
            (&records[0], play(&mut Virtual::new(seed), script, expected.len()));
        assert_told(&simulated, expected, &format!("under seed {seed}"));
        let same = real.conversations == simulated.conversations && real.peers == simulated.peers;
        assert!(same, "seed {seed}: {:?}, not {:?}", brief(&simulated), brief(real));
        records.push(simulated);
    }
    records
}

#[track_caller]
fn assert_told(record: &Record, expected: &[&str], world: &str) {
    let told = record.conversations.iter();
    let told: Vec<String> =
        told.map(|events| events.iter().map(words).collect::<Vec<_>>().join(", ")).collect();
    assert_eq!(told, expected, "{world}");
}

/// What is said of a record where it is wrong.
fn brief(record: &Record) -> Vec<(usize, Option<Ending>)> {
    record.peers.iter().map(|(received, ending)| (received.len(), *ending)).collect()
}

/// All at once, since real ones wait for time to go by.
fn assert_all_same(cases: &'static [Case]) {
    let playing = cases.iter().map(|case| (case, thread::spawn(|| drop(assert_same(case)))));
    let playing: Vec<_> = playing.collect();
    let wrong = playing.into_iter().filter_map(|(case, thread)| thread.join().err().map(|_| case));
    let wrong: Vec<&Case> = wrong.collect();
    assert!(wrong.is_empty(), "{} are not the same (see above): {wrong:?}", wrong.len());
}

#[test]
fn each_happening_alone_is_told_the_same_in_both_worlds() {
    assert_all_same(ALONE);
}

#[test]
fn happenings_together_are_told_the_same_in_both_worlds() {
    assert_all_same(TOGETHER);
}

#[test]
fn who_goes_first_is_read_first_in_both_worlds() {
    for record in assert_same(&FIRST) {
        assert_eq!(record.turns[record.turns.len() - 2..], [1, 0], "{:?}", record.turns);
    }
}

#[test]
fn who_takes_nothing_is_lost_as_stalled_in_the_simulated_world() {
    for seed in 0..SEEDS {
        let script = [Connect, Deaf(0), Send(0, b"m"), Told(0, "Lost Stalled")];
        let record = play(&mut Virtual::new(seed), &script, 1);
        assert_told(&record, &["Made, Data 1, Room, Lost Stalled"], &format!("under seed {seed}"));
    }
}
