//! Herd: equal servers on one TCP line protocol that together know where every client is right now.
//!
//! A client tells any server where it is (`IAMAT`); that server tells its neighbours, they tell
//! theirs, and within a moment every server knows. Any server says which clients are near (`NEAR`) and
//! tells whoever watches when one moves (`WATCH`); asked what is near a client (`WHATSAT`) it asks the
//! Places service and passes the answer on. There is no database and no master; who wants to can have a
//! server keep what it knows on disk. This page is the map of the program.
//!
//! # Two ideas
//!
//! **Protocols without sockets.** Every conversation is a state machine over bytes and time
//! ([`transport::Protocol`]): it is handed what arrived and the time, and writes into a
//! [`transport::Transport`], a buffer with intentions. The [`driver`] moves the bytes, in turns,
//! over a [world](driver::World) of a few effects: the sockets of the [`reactor`], the network of
//! the simulator in `tests/`, the scripts of the fuzzers. What ships is what was simulated. Whoever
//! knows asyncio finds its callbacks where they are expected; the law they obey is in [`transport`].
//! Nothing in a protocol, a parser or the store reads a clock, touches a socket, spawns or sleeps.
//!
//! **One feed instead of queues.** The store ([`positions`]) keeps one record for each client and
//! gives every accepted change the next sequence number. A link to a neighbour is a cursor in that
//! feed; sending is walking from the cursor to the end. Flooding, batching, slow neighbours and
//! catching up after an outage are all this one walk. So is what watchers are told, by one cursor for
//! all of them, and the index of areas, which is one more, and the journal, which is another.
//!
//! # From the socket to the store and back
//!
//! ```text
//!   socket --read--> the driver's buffer --data_received--> node::client
//!       wire::LineReader cuts a line out of it, wire::Command reads it in place (or, for a report
//!           written as most are, wire::IamAt reads it and finds its end on the way)
//!       positions::Positions::update copies its text into the client's record
//!       wire::neighbour::write_at_after writes the answer into the transport's output
//!   end of the turn: node::journal walks the feed, and its file is appended to
//!       node wakes the links whose cursor is behind; node::link walks the feed
//!       node::hub notes what has changed with those who watch it, and some of them are told
//!   the driver writes each output to its socket, links before clients
//! ```
//!
//! **Through the journal.** With `--journal` the walk at the turn's end writes each record that is new as a
//! line ([`journal`]: the same as between neighbours, in blocks with a checksum) into a file, before
//! anything is answered; so what was answered outlives the process. A helper thread of the [`reactor`]
//! forces the file to the disk once a second. With `--journal-sync always` the answer is made, but waits in
//! its connection until the disk holds the feed up to that report ([`node`]'s promises); turns go on, and
//! what came meanwhile shares the next force. When much of the files is stale, the oldest is made
//! needless: the walk appends again what lives of it, a share in each turn. At the start the files are read
//! in order, and the same order that settles everything else settles what is so.
//!
//! **Through the bus.** With `--nats` a server is a gateway (`node::gateway`): one more cursor tells what the
//! herd's own servers have taken, in messages that say which stretch of the feed they tell
//! ([`wire::gateway`]), over a conversation with a NATS server ([`wire::nats`]). What other herds tell there
//! goes into the positions as what neighbours tell does, and the links spread it.
//!
//! # Layers
//!
//! Dependencies point down this list, never up; the conversations and the reactor never name each
//! other, they meet in [`transport`]. A test over the sources (`tests/layers`) keeps it so.
//!
//! | module | what it is |
//! |---|---|
//! | `main` | the program: arguments, [`daemon::run`], exit status; the only place that exits |
//! | [`daemon`] | what happens when a process starts: from options to herd, node, reactor and log |
//! | [`cli`] | arguments to options |
//! | [`check`] | `herd --check`: asks Places once and tells how far that got; `herd --check-health`: asks a server whether it is alive |
//! | [`logs`] | the log file: batched, rotated, bounded |
//! | [`reactor`] | a world of sockets: mio, TLS sessions, clocks, name look-ups, files, signals; nothing of herds |
//! | [`driver`] | the turn: connections, timers, budgets, closing, over any world; nothing of herds |
//! | [`node`] | one server: conversations with clients, neighbours, visitors of the web port and Places, and what they share |
//! | [`places`] | requests and answers of the Places service: pure |
//! | [`journal`] | the format of the files in which a server keeps its records: pure; who writes them is `node::journal`, who opens their folder and checks it is `daemon::journal` |
//! | [`positions`] | the last position of every client, the feed, the digest: pure |
//! | [`mod@herd`] | who the servers are and who talks with whom |
//! | [`transport`] | protocols, transports, time as a value: what node and driver share |
//! | [`tokens`] | who may do what: signed words, made and verified: pure |
//! | [`wire`] | bytes to meaning and back: lines, commands, locations, times, HTTP: pure |
//! | [`limits`] | every bound, with its unit in its name |
//!
//! # Where something new goes
//!
//! | what | where |
//! |---|---|
//! | a command of clients | [`wire::command`], and a file beside `node/client/iamat.rs` |
//! | a form in which an app reports | a file beside `wire/ingest/osmand.rs`, and a method of [`wire::ingest::ReportLine`] |
//! | something that the web port answers | a route in `node/web/routes.rs` and a file beside it; what a request may do is decided in `node/web/access.rs` |
//! | what the map shows | `node/web/page`, of which `node/web/page.rs` makes one document |
//! | a port | a name in [`node::Port`], a conversation in a folder of `node`, bound by `daemon/listen.rs`; HTTP is read by [`wire::http`] |
//! | who must hear of changes, such as the journal | a cursor of the feed, walked when the turn ends |
//! | what watchers are told, in another shape than lines and server-sent events | a form in `node/hub/event.rs` |
//! | a figure for who watches the herd | counted in `node/counts.rs` or told by who knows it, written in `node/web/figures/metrics.rs`, shown in `node/web/grafana.json` |
//! | what operators are told of a whole herd | `/status` (`node/web/figures/status.rs`), by which `src/bin/herdctl` judges all servers together |
//! | a file | [`transport::Action::File`]: appended to in the turn, forced to the disk by a helper thread, as those of the journal |
//! | what the journal keeps | a kind of line in [`journal`], written by `node/journal/writer.rs` and read by `node/journal/replay.rs`; another [format](journal) if older programs cannot read it |
//! | what a stop waits for | a protocol's [`stopping`](transport::Protocol::stopping), called in the order of `driver/stop.rs`, within the bounds of `limits/life.rs` |
//! | what the service manager is told | `daemon/service_manager.rs`, which the loop calls between two turns |
//! | TLS | a [`transport::Endpoint`] or a listener names a profile, `daemon` gives the reactor its configuration, and a protocol is told the name of the peer's certificate; where a line in the clear comes first, the endpoint says so and the protocol reads it |
//! | what may change while a server runs | read and judged by `daemon/reload.rs`, all of it before any counts; what it means to neighbours is in `node/reload.rs`, what cannot change in `herd/change.rs` |
//! | what is said to a message bus, or what it says | [`wire::nats`]; what gateways say to each other there is [`wire::gateway`], told and taken by `node/gateway/bus` |
//! | something that needs a right | a [`tokens::Right`], asked for where the command or the route is, decided by `node/access.rs` |
//! | what is installed | `.dist/dist.sh`: the programs are those of Cargo.toml, and what they say for `--help` makes man pages and completions |
//! | a line between neighbours | [`wire::neighbour`], and a [version](wire::neighbour::Version): who speaks the one before is not told what it cannot read |
//!
//! # Between neighbours
//!
//! Each server of a pair dials the other, so a pair has two connections, and each carries one feed.
//! The dialler greets (`HERD`), the other answers up to where it has received the feed of this
//! **epoch** (one run of the dialler's process) before (`HEARD`), the cursor goes there and the walk
//! begins: `AT` lines as clients see them, a `MARK` with the sequence number behind each batch,
//! acknowledged by `ACK`. Marks and acknowledgements also go out every second, so that a dead peer is
//! noticed, and carry a digest of all positions, so that two ends at rest can tell whether they agree.
//! The greeting names the highest [version](wire::neighbour::Version) that the dialler speaks, the
//! answer the one that both speak: servers that are one version apart work together. The grammar is
//! in [`wire::neighbour`].
//!
//! What came from a neighbour is not sent back to it, but only while that neighbour is in the epoch
//! in which it told us: one that restarted empty must be told also what it once told us
//! ([`positions::NeighbourEpoch`]).
//!
//! # Which of two reports wins
//!
//! The later client time, exactly; at equal times the one taken first; then the bytes of the rest
//! ([`positions::order`]). Every server computes the same order, so any order of arrival ends in the
//! same positions, duplicates die where they are known, and loops end by themselves.
//!
//! # Words
//!
//! *server*: one daemon, has a name. *herd*: all servers and who talks with whom. *neighbour*: a
//! server that this one talks with. *link*: a connection on which a server sends its feed to a
//! neighbour; its two ends are *dialled* and *accepted*. *client*: a device with an id. *position*: a
//! client's last report. *tombstone*: the record of a client that was forgotten. *end*: when a record has
//! become too old to count, by its client time and the herd's settings: a position's and a tombstone's. *step*:
//! a second of the clock; a record is dead from the step after its end on, and digests are of a step, so that
//! servers that are in the same one agree on what is dead. *journal*: the feed on disk. *feed*: a server's
//! records in the order in which it learned them. *cursor*: up to where somebody has been sent the
//! feed. *visitor*: a connection to the web port. *watcher*: a connection that is told when somebody moves. *event*: what it is told. *area*: a
//! circle on Earth. *index of areas*: where clients are, for finding those near a place. *epoch*: one run of a server's process. *turn*: what the driver does between two looks at
//! the world. *world*: what there is to read from and write to. *Places*: the HTTPS service that
//! knows what is near a point. *stand-in*: our own Places for work without a key.
//!
//! # Failure
//!
//! Three kinds, three mechanisms: a peer's fault is answered, or logged and closed; the world's
//! fault arrives as [`transport::Lost`]; a fault of ours is an assertion in tests, and in a release
//! an error in the log, once, after which the program goes on as well as it can. Every buffer, queue and
//! retry has a limit in [`limits`].

pub mod check;
pub mod cli;
pub mod daemon;
pub mod driver;
mod fault;
pub mod herd;
pub mod journal;
pub mod limits;
pub mod logs;
pub mod node;
pub mod places;
pub mod positions;
pub mod reactor;
pub mod tokens;
pub mod transport;
mod turn_time;
pub mod wire;
