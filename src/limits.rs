//! Every bound of the program on one page, with its unit in its name: so that an operator and a reviewer
//! see what can grow, and how far; so that a test can demand of each that something reaches it
//! (`tests/bounds/limit_coverage.rs`); and so that what must hold between them is asserted (`consistent`).

mod consistent;
mod gateway;
mod life;
mod links;
mod nats;
mod near;
mod operators;
mod trust;

pub use gateway::*;
pub use life::*;
pub use links::*;
pub use nats::*;
pub use near::*;
pub use operators::*;
use std::time::Duration;
pub use trust::*;

/// Longest command line of a client, without its line end (contract).
pub const CLIENT_LINE_BYTES_MAX: usize = 16_384;
/// Longest client id (contract).
pub const CLIENT_ID_BYTES_MAX: usize = 1_024;
/// Largest radius of a `WHATSAT` in kilometres (contract).
pub const RADIUS_KILOMETRES_MAX: u64 = 50;
/// Most results of a `WHATSAT` (contract).
pub const RESULTS_MAX: u8 = 20;
/// Largest radius of a `NEAR` and of an area that is watched in kilometres: more than half of the way
/// around the Earth (contract).
pub const NEAR_KILOMETRES_MAX: u64 = 20_040;
/// Most results of a `NEAR` (contract).
pub const NEAR_RESULTS_MAX: u16 = 1_000;
/// How far ahead of the server's clock a report may be unless `--max-skew` says otherwise (contract).
pub const SKEW_DEFAULT: Duration = Duration::from_secs(86_400);
/// Largest `--max-skew`: ten years.
pub const SKEW_MAX: Duration = Duration::from_secs(3_653 * 86_400);
/// Silence that ends a command with `--classic` (contract).
pub const CLASSIC_SILENCE: Duration = Duration::from_millis(100);
/// The same while what has come cannot be a whole command yet (contract).
pub const CLASSIC_SILENCE_MAX: Duration = Duration::from_secs(1);
/// Silence behind half a line after which the log says, once for a connection, what it waits for.
pub const HALF_LINE_HINT_AFTER: Duration = Duration::from_secs(1);
/// How long a connection may take to send its first whole command unless `--first-line` differs (contract).
pub const FIRST_LINE_DEFAULT: Duration = Duration::from_secs(60);
/// Largest `--first-line` and `--idle`: ten years.
pub const CLIENT_SILENCE_MAX: Duration = Duration::from_secs(3_653 * 86_400);
/// Most descriptors for clients that are kept, of eight one, for telling newcomers that they are too many.
pub const REFUSED_AT_A_TIME_MAX: usize = 16;
/// How often it is a warning in the log that newcomers are refused; meanwhile they are counted.
pub const NEWCOMER_REMINDER: Duration = Duration::from_secs(60);
/// How often it is a warning in the log that clients' lines are too long; meanwhile they are counted.
pub const LONG_LINE_REMINDER: Duration = Duration::from_secs(60);
/// How often it is a warning in the log that a port has all its connections; meanwhile it is counted.
pub const FULL_REMINDER: Duration = Duration::from_secs(60);
/// How often it is a warning in the log that clients' clocks are ahead; meanwhile it is counted.
pub const CLOCK_REMINDER: Duration = Duration::from_secs(60);

/// Longest server name in a herd file or on the wire.
pub const SERVER_NAME_BYTES_MAX: usize = 64;
/// Longest line between neighbours: a client's line, the server's name, the difference, key words.
pub const NEIGHBOUR_LINE_BYTES_MAX: usize = 17_408;
/// Longest name of a host (RFC 1035, section 2.3.4, less the root's dot).
pub const HOST_BYTES_MAX: usize = 253;
/// Longest part of one, between its dots (RFC 1035, section 2.3.4).
pub const HOST_LABEL_BYTES_MAX: usize = 63;
/// Most different server names in positions (servers of the herd and those that left it).
pub const ORIGINS_MAX: usize = 4_096;
/// Of these, names of servers that are not of the herd that a server takes from its neighbours and the bus,
/// all of them together: as many at each server, so that what one holds finds room at another.
pub const FOREIGN_SERVERS_MAX: usize = 1_024;
/// Most clients of whom a position or a tombstone is known (132 GB of them).
pub const POSITIONS_MAX: usize = 1 << 30;
/// Memory for positions unless `--memory` says otherwise: 34 million clients with short ids.
pub const POSITIONS_BYTES_DEFAULT: usize = 4_096 << 20;
/// Largest `--memory`.
pub const POSITIONS_BYTES_MAX: usize = 1 << 40;
/// How often it is an error in the log that there is no room for a report; meanwhile it is counted.
pub const NO_ROOM_REMINDER: Duration = Duration::from_secs(60);
/// Most epochs of neighbours that last or in which a known position or tombstone was heard.
pub const NEIGHBOUR_EPOCHS_MAX: usize = 65_534;
/// Most servers in a herd.
pub const SERVERS_MAX: usize = 1_024;
/// Largest herd file.
pub const HERD_FILE_BYTES_MAX: u64 = 1 << 20;

/// Bytes read from one connection in one turn, at most: nobody starves the rest.
pub const READ_BUDGET_BYTES: usize = 64 * 1_024;
/// The same for a connection that goes first: all others wait for it.
pub const READ_BUDGET_FIRST_BYTES: usize = 16 * 1_024;
/// How many lines ahead the records that they will touch are fetched: enough for the memory to be
/// busy all the time.
pub const PREFETCH_LINES_MAX: usize = 16;
/// With fewer positions than these the processor's caches hold what is touched: prefetching only costs,
/// and so does a journal that is appended to before the turn ends.
pub const PREFETCH_POSITIONS_MIN: usize = 20_000;
/// Output at which a protocol is asked to make no more.
pub const OUTPUT_HIGH_WATER_BYTES: usize = 64 * 1_024;
/// Output at which it is asked to go on.
pub const OUTPUT_LOW_WATER_BYTES: usize = 16 * 1_024;
/// How often who goes first may fill its output in a turn, if all of it is taken each time: what comes
/// in during a turn leaves in it, whoever reads.
pub const FIRST_WRITES_PER_TURN_MAX: usize = 64;
/// Output of a link that the system takes before it can send it: a quarter of a second at 1 Mbit/s,
/// where its buffers would grow to half a minute.
pub const UNSENT_BYTES_MAX: u32 = 32 * 1_024;
/// The same for a connection that was accepted, so that who does not read fills no more of the
/// kernel's memory (which grows to 4 MiB otherwise): so much that nobody who reads is slowed down.
pub const ACCEPTED_UNSENT_BYTES_MAX: u32 = 256 * 1_024;
/// How long a peer may take none of our output before it is dropped.
pub const OUTPUT_STALL_MAX: Duration = Duration::from_secs(30);
/// Output buffers kept for the next connection that needs one.
pub const SPARE_BUFFERS_MAX: usize = 64;
/// Largest output buffer kept for another connection.
pub const SPARE_BUFFER_BYTES_MAX: usize = 256 * 1_024;
/// Events taken from the kernel at a time.
pub const EVENTS_PER_POLL: usize = 1_024;
/// How often they are taken in one turn, if there are so many: then a turn knows of all that has
/// happened on so many connections as a process may have by default (65,536).
pub const POLLS_PER_TURN: usize = 64;
/// Connections that wait in the kernel to be accepted, for each listener (the system may allow
/// fewer): in a storm those beyond it are not answered and try again a second later.
pub const LISTEN_BACKLOG: i32 = 4_096;
/// Silence after which the kernel asks a peer that connected whether it is still there, how often
/// it asks, and after how many questions without an answer the connection is lost: one whose peer
/// has gone without a word holds no descriptor for ever.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// See [`KEEPALIVE_IDLE`].
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// See [`KEEPALIVE_IDLE`].
pub const KEEPALIVE_PROBES: u32 = 3;
/// How long a peer that connected may leave unacknowledged what the kernel has taken for it, or keep
/// its window closed. The kernel counts by this also how long a silent peer may leave its questions
/// unanswered: with less, one question lost on the way would cost an idle connection.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(90);
/// Connections accepted in one turn and listener.
pub const ACCEPTS_PER_TURN: usize = 64;
/// Descriptors kept back from clients: the poll, the log, listeners, signals, a name look-up's.
pub const DESCRIPTORS_OWN: usize = 32;
/// Connections from and to each neighbour for which descriptors are kept back from clients: one
/// each way, and as many that are not noticed to be dead yet.
pub const DESCRIPTORS_PER_NEIGHBOUR: usize = 4;
/// Connections to the neighbour port for which there is room besides
/// [`DESCRIPTORS_PER_NEIGHBOUR`] for each neighbour: of those who have not greeted. The port's bound
/// is the sum, beyond which nobody is accepted; the two limits below are reached first, unless very many
/// come in one turn.
pub const STRANGERS_MAX: usize = 64;
/// Connections to the neighbour port that have not greeted, or wait to be welcomed; when there are more
/// the oldest goes.
pub const UNGREETED_MAX: usize = 16;
/// Connections to the neighbour port that stay to read why they are refused; others are cut.
pub const REFUSED_MAX: usize = 16;
/// How long whoever connects to the neighbour port may take to greet.
pub const GREETING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long accepting pauses when the system is out of descriptors or memory.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a closed connection may go on sending before it is cut: its last answers would be lost
/// by a reset if the socket were closed over unread data.
pub const LINGER_MAX: Duration = Duration::from_secs(2);
/// Addresses of one host that are tried.
pub const ADDRESSES_MAX: usize = 16;
/// How long the loop must have had nothing to do to be called idle.
pub const IDLE_AFTER: Duration = Duration::from_millis(10);
/// How long a busy loop goes on before its idle hook is called all the same.
pub const BUSY_MAX: Duration = Duration::from_secs(1);
/// Rounds of losses and actions in a row, each of what the one before has led to; what is left goes
/// on in the next turn, so that nobody starves.
pub const ACTION_ROUNDS_PER_TURN: usize = 16;
/// How long the addresses of a name are taken for granted.
pub const NAMES_KEPT: Duration = Duration::from_secs(60);
/// Names whose addresses are kept.
pub const NAMES_KEPT_MAX: usize = 256;
/// Connections that wait for a name to be looked up.
pub const LOOKUPS_WAITING_MAX: usize = 1_024;
/// Names that are looked up at a time, each by a thread of its own; the others queue.
pub const LOOKUP_THREADS_MAX: usize = 16;

/// `WHATSAT`s of one connection that wait for Places; at the limit its reading is paused.
pub const QUERIES_PER_CLIENT_MAX: usize = 16;
/// Answers held back behind a `WHATSAT`; at the limit the connection's reading is paused.
pub const HELD_ANSWERS_BYTES_MAX: usize = 64 * 1_024;

/// Watches of one connection (contract).
pub const WATCHES_PER_CLIENT_MAX: usize = 1_000;
/// Watches of all connections of a server together.
pub const WATCHES_MAX: usize = 1 << 20;
/// Bytes of what these watches are written as, all together: one may be as long as a line.
pub const WATCHES_BYTES_MAX: usize = 1 << 27;
/// Clients that all watchers together have been told of, or are to be told of, each counted for each
/// watcher (about 40 bytes): beyond it whoever grows is dropped.
pub const WATCHED_MAX: usize = 1 << 23;
/// Who has more watches, or has been told of more clients, takes one command about watches in a turn.
pub const WATCHED_MANY: usize = 256;
/// How often it is a warning in the log that a watcher is dropped; meanwhile it is counted.
pub const WATCHED_REMINDER: Duration = Duration::from_secs(60);
/// Who watches is called in turn, so many in each turn of the server: each is a write to a socket, behind
/// which everybody else's next turn waits.
pub const WATCHERS_PER_TURN: usize = 8;
/// Events that one of them is told in its turn, or records that are looked at for it and passed over.
pub const EVENTS_PER_WATCHER: usize = 128;
/// What an event counts for where several are copied as they are.
pub const EVENT_BYTES_USUAL: usize = 64;
/// The last changes that are kept as lines for those who watch everything; who is further behind is told
/// by a cursor of its own.
pub const RECENT_EVENTS_BYTES_MAX: usize = 128 * 1_024;
/// Clients in an area that are listed when a watch of it begins; where there are more, the whole feed
/// is looked through in shares.
pub const AREA_LISTED_MAX: usize = 4_096;
/// Changes that a watcher has missed and that are found from the feed's end, at once; where it is further
/// behind, all that there is is passed over in shares.
pub const RESUMED_CHANGES_MAX: u64 = 256;
/// Clients whose positions ended last, kept for those who come back to a stream of events; whoever was away
/// for longer is told all from the beginning.
pub const DEPARTURES_KEPT_MAX: usize = 4_096;
/// How often a stream of events brings a comment (contract).
pub const COMMENT_INTERVAL: Duration = Duration::from_secs(15);

/// What one turn spends on finding and taking out records that are dead, in looks at the bound of 64 of
/// them: a record that is looked at counts as 8, one that is taken out as 256.
pub const EXPIRY_WORK_PER_TURN: i64 = 128 * 1_024;
/// Steps of the clock for which it is known what the digest was: two servers whose clocks are further
/// apart cannot compare what they hold where records end.
pub const DIGEST_STEPS: usize = 64;

/// Lines in the log about connections to the port for neighbours, for each address that they come from
/// and each kind: who connects, who is refused, what line is broken; and for each neighbour about who is
/// welcomed in its name.
pub const REFUSALS_SAID_MAX: u64 = 8;
/// In how long; further ones are counted.
pub const REFUSAL_REMINDER: Duration = Duration::from_secs(60);
/// Addresses of which that is known.
pub const REFUSED_ADDRESSES_MAX: usize = 256;

/// Connections to Places at a time.
pub const PLACES_CONNECTIONS_MAX: usize = 16;
/// Queries waiting for a connection to Places.
pub const PLACES_WAITING_MAX: usize = 4_096;
/// Whole query, from the question to the answer.
pub const PLACES_DEADLINE: Duration = Duration::from_secs(5);
/// Longest time that any of the deadlines for Places may be set to.
pub const PLACES_DEADLINE_MAX: Duration = Duration::from_secs(600);
/// From the question on its connection to the first byte of the answer.
pub const PLACES_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(4);
/// Longest time that an answer of Places may be set to be used again.
pub const PLACES_CACHE_AGE_MAX: Duration = Duration::from_secs(3_600);
/// Look-up, connect and TLS handshake with Places.
pub const PLACES_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Calls in a row without an answer after which Places is left alone for a while; one that cannot
/// even be connected to is left alone at once.
pub const PLACES_FAILURES_MAX: u32 = 3;
/// How long it is left alone the first time.
pub const PLACES_PAUSE_MIN: Duration = Duration::from_millis(100);
/// How long it is left alone at most.
pub const PLACES_PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long it is left alone at most when it refuses us: a wrong key, or a quota used up.
pub const PLACES_REFUSED_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Calls in a second while a key is asked with, if nothing is said: each may cost.
pub const PLACES_KEY_CALLS_PER_SECOND: u32 = 10;
/// And in a day.
pub const PLACES_KEY_CALLS_PER_DAY: u32 = 10_000;
/// How often each kind of trouble with Places is a warning in the log; meanwhile it is counted.
pub const PLACES_TROUBLE_REMINDER: Duration = Duration::from_secs(60);
/// How often the counts of questions and calls are logged, if anybody asks, beside at the stop.
pub const PLACES_SUMMARY_INTERVAL: Duration = Duration::from_secs(3_600);
/// Answers of Places kept to be given again.
pub const PLACES_CACHE_ANSWERS_MAX: usize = 4_096;
/// Bytes of answers of Places kept to be given again.
pub const PLACES_CACHE_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// How long an unused connection to Places is kept.
pub const PLACES_IDLE_MAX: Duration = Duration::from_secs(30);
/// Status line and headers of an answer of Places.
pub const PLACES_HEAD_BYTES_MAX: usize = 32 * 1_024;
/// Body of an answer of Places.
pub const PLACES_BODY_BYTES_MAX: usize = 2 * 1_024 * 1_024;
/// Characters of an error message from Places that are passed on.
pub const PLACES_MESSAGE_CHARS_MAX: usize = 512;
/// Types of one place that are passed on.
pub const PLACES_TYPES_MAX: usize = 64;
/// Different attributions of one answer that are passed on.
pub const PLACES_ATTRIBUTIONS_MAX: usize = 64;
/// Longest name or address in an attribution that is passed on.
pub const PLACES_ATTRIBUTION_BYTES_MAX: usize = 1_024;

/// Longest key for Places.
pub const PLACES_KEY_BYTES_MAX: usize = 1_024;
/// Longest field mask for Places.
pub const PLACES_FIELDS_BYTES_MAX: usize = 4 * 1_024;

/// From this whole number on a time that an app sends is one of milliseconds, as Traccar has it
/// (contract): of seconds it would be after the year 2037, of milliseconds it is before February 1970.
pub const MILLISECONDS_FROM: u64 = 2_147_483_647;
/// Largest exponent of a number that an app sends, either way: it is written out, and that of no double is
/// beyond.
pub const EXPONENT_DIGITS_MAX: i32 = 400;

/// Request line and headers of an HTTP request.
pub const HTTP_REQUEST_HEAD_BYTES_MAX: usize = 16 * 1_024;
/// Body of an HTTP request at the web port (contract).
pub const HTTP_REQUEST_BODY_BYTES_MAX: usize = 64 * 1_024;
/// Header fields of an HTTP request.
pub const HTTP_REQUEST_HEADERS_MAX: usize = 64;
/// Header fields of an HTTP response.
pub const HTTP_RESPONSE_HEADERS_MAX: usize = 64;
/// Interim (1xx) responses before an HTTP response.
pub const HTTP_INTERIM_RESPONSES_MAX: usize = 8;
/// Memory reserved for an HTTP body on its announcement alone; it grows with what comes.
pub const HTTP_BODY_RESERVED_BYTES_MAX: usize = 64 * 1_024;
/// Chunk extensions and trailers of an HTTP body; they are skipped.
pub const HTTP_CHUNK_EXTRAS_BYTES_MAX: usize = 16 * 1_024;

/// Bytes of a file of the journal beyond which another is begun.
pub const JOURNAL_SEGMENT_BYTES: u64 = 8 << 20;
/// How often it is forced to the disk where answers do not wait for that (contract).
pub const JOURNAL_SYNC: Duration = Duration::from_secs(1);
/// How soon the journal is tried again after a failure (contract).
pub const JOURNAL_RETRY: Duration = Duration::from_secs(1);
/// How often it is an error in the log that it fails; meanwhile it is counted (contract).
pub const JOURNAL_REMINDER: Duration = Duration::from_secs(60);
/// How often a block says that the server lives; a quarter of `tombstone_seconds` if that is less.
pub const JOURNAL_LIVES_EVERY_MAX: Duration = Duration::from_secs(3_600);
/// Bytes that may be stale beside as much as lives before the oldest file is made needless.
pub const JOURNAL_STALE_BYTES_MAX: u64 = 16 << 20;
/// The same where much lives, of which an eighth is kept for what comes meanwhile.
pub const JOURNAL_STALE_BYTES_MAX_LARGE: u64 = 64 << 20;
/// Pieces of the oldest file that are walked side by side for that, and as many as what is new in a file is cut
/// into.
pub const JOURNAL_PIECES_BESIDE: usize = 8;
/// Pieces of it that are begun in a turn: many of which nothing lives take their time, too.
pub const JOURNAL_PIECES_PER_TURN: usize = 64;
/// Bytes that are appended again in a turn, at least, while it is; four times what the turn appends.
pub const JOURNAL_CLEANED_BYTES_MIN: usize = 32 << 10;
/// And at most.
pub const JOURNAL_CLEANED_BYTES_MAX: usize = 512 << 10;
/// Forces of the journal that are waited for; with more no other file is begun.
pub const JOURNAL_FORCES_MAX: usize = 16;
/// Bytes that are appended before the turn ends; what comes behind these waits for its end, when of each client
/// what is last is enough.
pub const JOURNAL_AT_HAND_BYTES_MAX: usize = 512 << 10;
/// A force that takes so long puts off the next one, where answers wait for it.
pub const JOURNAL_GATHER_MIN: Duration = Duration::from_micros(600);
/// By this part of its time, at most.
pub const JOURNAL_GATHER_PART: u32 = 4;
/// Lines of a block of the journal (contract).
pub const JOURNAL_BLOCK_BYTES_MAX: usize = 64 * 1_024;
/// Largest number of a file of the journal: by as many bits the driver tells files apart.
pub const JOURNAL_FILE_NUMBER_MAX: u64 = u32::MAX as u64;
/// Largest file of the journal that is read: as a whole, and much more than a server writes into one.
pub const JOURNAL_FILE_BYTES_MAX: u64 = 1 << 30;

/// Size at which a log file is put aside (contract).
pub const LOG_FILE_BYTES_MAX: u64 = 64 * 1_024 * 1_024;
/// Bytes of one peer's text that a log line shows; the rest is only counted.
pub const LOG_TEXT_BYTES_MAX: usize = 2 * 1_024;
/// How often, at most, the log looks whether its file is still at its path: soon after it was moved
/// or removed there is a new one.
pub const LOG_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Log lines gathered before they are written.
pub const LOG_BATCH_BYTES: usize = 64 * 1_024;
