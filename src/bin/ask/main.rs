//! A small client: sends commands to one server of a herd and prints what it answers.
//!
//! ```text
//! ask Goloman IAMAT kiwi +34.068930-118.445127 now
//! ask -H alford Welsh WHATSAT kiwi 10 5
//! ask Hands NEAR +34.068930-118.445127 100 10
//! ask Holiday WATCH kiwi
//! ask Hands FORGET kiwi now
//! ask Hands SERVERS
//! ask Wilkes < commands
//! ask --any Goloman WATCH '*'
//! ```
//!
//! With `--any` it goes on with the next server of the herd when one cannot be reached, goes away or is
//! silent: with what was not answered, and with what was watched. An answer that had come in part is begun
//! anew.
//!
//! With `--ca PEM` it speaks TLS, and with a token in `--token-file FILE` or the environment's `HERD_TOKEN`
//! the conversation begins by showing that.
//!
//! Why a command was refused is said on standard error, as far as the command itself tells.
//!
//! A `WATCH` that is an argument goes on until SIGINT or SIGTERM. One that is read ends with the
//! input: its last event is that all has been told that was so.
//!
//! Ends with 0 when all is answered, or who asked has ended a watch; with 1 if an answer begins with
//! `?`, the token is not taken, or the server has ended a watch; and with 2 when there was no connection
//! or it broke before all was answered, or for wrong usage.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod answers;
mod conversation;
mod dial;
mod input;
mod stream;
#[allow(dead_code, reason = "the load generator needs more of it")]
mod trust;

#[path = "../load/target.rs"]
#[allow(dead_code, reason = "the load generator needs more of it")]
mod target;

use answers::is_watch;
use conversation::{Conversation, Trouble};
use dial::{Dialled, Failure, dial};
use getopts::{Matches, Options, ParsingStyle};
use herd::herd::{BUILT_IN, Herd, Server};
use herd::transport::Endpoint;
use herd::wire::Printable;
use input::{Held, Input};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::ToSocketAddrs;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use target::{Door, Target};
use trust::{Trust, TrustOptions};

const TIMEOUT_DEFAULT_SECONDS: u64 = 10;
const TIMEOUT_MAX_SECONDS: u64 = 86_400;
/// Added to a server's port for the one where it speaks TLS, if its herd names none.
const TLS_PORT_OFFSET: u16 = 3_000;

/// Exit status when all was answered, and when a watch was ended by who asked for it.
const ANSWERED: u8 = 0;
/// Exit status when an answer was a refusal, also to the token, and when a watch was ended by the server.
const REFUSED: u8 = 1;
/// Exit status for all else.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        Err(why) => {
            eprintln!("ask: {}", Printable(why.as_bytes()));
            ExitCode::from(FAILED)
        }
    }
}

/// Does what is asked; the exit status, or why it failed.
fn run() -> Result<u8, String> {
    let declared = declared();
    let arguments = env::args_os()
        .skip(1)
        .map(|argument| {
            argument.into_string().map_err(|not| format!("{not:?} is not UTF-8: send it as input"))
        })
        .collect::<Result<Vec<String>, String>>()?;
    let given = declared.parse(arguments).map_err(|wrong| usage(&wrong))?;
    if given.opt_present("help") {
        print(&help(&declared));
    } else if given.opt_present("version") {
        print(concat!("ask ", env!("CARGO_PKG_VERSION"), "\n"));
    } else if given.opt_present("list") {
        print(&list(&listed(&given)?, Door::for_clients(TrustOptions::of(&given).is_tls())));
    } else if given.opt_present("maps") {
        print(&maps(&listed(&given)?, TrustOptions::of(&given).is_tls()));
    } else if given.opt_present("ports") {
        print(&ports(&listed(&given)?));
    } else if given.opt_present("secure") {
        print(&secure(listed(&given)?)?.to_json());
    } else {
        return ask(&given);
    }
    Ok(ANSWERED)
}

fn declared() -> Options {
    let mut declared = Options::new();
    declared
        .parsing_style(ParsingStyle::StopAtFirstFree)
        .optopt(
            "H",
            "herd",
            "where to look for SERVER: a built-in herd or a herd file \
             (default: goloman, then the other built-in ones)",
            "NAME|FILE",
        )
        .optopt(
            "",
            "timeout",
            "how long to wait for the connection, and for more of an answer (default: 10)",
            "SECONDS",
        );
    trust::declare(&mut declared);
    declared
        .optflag("", "any", "if SERVER cannot be reached or goes away, go on with the next of its herd")
        .optflag("", "list", "print the herd: a line for each server, its address, its neighbours")
        .optflag("", "maps", "print the servers that show a map: a line for each, and its address")
        .optflag(
            "",
            "ports",
            "print what the servers listen on: a line for each, with an address for each port",
        )
        .optflag(
            "",
            "secure",
            "print a herd file of the herd, with a tls_port for each server that has none: port + 3000",
        )
        .optflag("h", "help", "print this help")
        .optflag("V", "version", "print the version");
    declared
}

fn help(declared: &Options) -> String {
    let usage = declared.usage(
        "Usage: ask [options] SERVER [COMMAND...]\n       ask [options] --list|--maps|--ports|--secure\n\n\
         Sends one command, or the lines of standard input, to SERVER (a name, or host:port), and\n\
         prints the answers; on standard error it says why one begins with ?. `now` as the last\n\
         field of an IAMAT stands for the time. A WATCH goes on until it is interrupted (SIGINT,\n\
         SIGTERM); among the lines of standard input until their end, when all has been told that\n\
         was so.\n\n\
         A token is named by a file or left in the environment, where others cannot read it.",
    );
    format!(
        "{usage}
Exit status:
    0   all was answered; or a WATCH was interrupted
    1   an answer begins with ?; or the token is not taken; or the server has ended a WATCH
    2   no connection, or it broke before all was answered; or wrong usage
"
    )
}

fn usage(wrong: &dyn Display) -> String {
    format!("{} (ask --help says more)", wrong.to_string().replace(char::is_control, " "))
}

/// Prints to standard output; a reader that has gone is no failure.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// The herd that is to be listed.
fn listed(given: &Matches) -> Result<Herd, String> {
    let herd = given.opt_str("herd");
    Herd::load(herd.as_deref().unwrap_or(BUILT_IN[0].0)).map_err(|wrong| wrong.to_string())
}

fn list(herd: &Herd, door: Door) -> String {
    let mut lines = String::new();
    for server in &herd.servers {
        let endpoint = door.endpoint(server).or_else(|| server.tls_endpoint());
        let address = endpoint.map(|endpoint| endpoint.to_string());
        lines += &format!("{} {}", server.name, address.as_deref().unwrap_or("-"));
        for &neighbour in &server.neighbours {
            lines += " ";
            lines += &herd.servers[neighbour].name;
        }
        lines += "\n";
    }
    lines
}

fn maps(herd: &Herd, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    let map =
        |server: &Server| Some(format!("{} {scheme}://{}/\n", server.name, server.web_endpoint()?));
    herd.servers.iter().filter_map(map).collect()
}

/// What each server binds, by the names and in the order in which a service manager hands it over.
fn ports(herd: &Herd) -> String {
    let mut lines = String::new();
    for server in &herd.servers {
        lines += &server.name;
        for (name, bound) in [
            ("clients", server.client_listener()),
            ("neighbours", Some(server.neighbour_listener())),
            ("web", server.web_listener()),
            ("tls", server.tls_listener()),
        ] {
            if let Some(endpoint) = bound {
                lines += &format!(" {name}={endpoint}");
            }
        }
        lines += "\n";
    }
    lines
}

/// The herd with a port for TLS at each server.
fn secure(mut herd: Herd) -> Result<Herd, String> {
    for server in &mut herd.servers {
        if server.tls_port.is_none() {
            server.tls_port = server.client_port.and_then(|port| port.checked_add(TLS_PORT_OFFSET));
            if server.tls_port.is_none() {
                return Err(format!("{}: port + {TLS_PORT_OFFSET} is no port", server.name));
            }
        }
    }
    // One that is taken already is found as in any file.
    Herd::from_json(herd.to_json().as_bytes()).map_err(|wrong| wrong.to_string())
}

fn ask(given: &Matches) -> Result<u8, String> {
    let Some((server, command)) = given.free.split_first() else {
        return Err(usage(&"which server? None is named"));
    };
    let timeout = timeout(given)?;
    let options = TrustOptions::of(given);
    let (herd, door) = (given.opt_str("herd"), Door::for_clients(options.is_tls()));
    let places = match given.opt_present("any") {
        true => Target::find_any(server, herd.as_deref(), door)?,
        false => vec![Target::find(server, herd.as_deref(), door)?],
    };
    let trust = options.load()?;
    let mut conversation = conversation(&command.join(" "), timeout)?;
    let goes_on = given.opt_present("any");
    // How many have been tried in a row from which nothing came, the last that was there among them.
    let (mut at, mut vain) = (0, 0);
    loop {
        let place = &places[at % places.len()];
        let ended = match connect(&place.endpoint, &trust, timeout) {
            Ok(dialled) => converse(dialled, &mut conversation),
            Err(Failure::Refused) => Ended::Refused(Failure::Refused.to_string()),
            Err(failure) => Ended::Gone(failure.to_string()),
        };
        let why = match ended {
            Ended::Well => return Ok(if conversation.refused() { REFUSED } else { ANSWERED }),
            Ended::Badly(why) => return Err(format!("{place}: {why}")),
            Ended::Gone(why) | Ended::Unwatched(why) if goes_on => why,
            Ended::Refused(why) | Ended::Unwatched(why) => {
                eprintln!("ask: {place}: {why}");
                return Ok(REFUSED);
            }
            Ended::Gone(why) => return Err(format!("{place}: {why}")),
        };
        vain = if conversation.take_was_answered() { 1 } else { vain + 1 };
        if vain > places.len() {
            return Err(format!("{place}: {why}; nor is any other server there"));
        }
        eprintln!("ask: {place}: {why}; the next server is asked");
        at += 1;
    }
}

/// What became of a connection.
enum Ended {
    /// All is answered, or nobody wants more output.
    Well,
    /// The server does not take the token.
    Refused(String),
    /// Something is wrong with the server, or with the way there.
    Gone(String),
    Unwatched(String),
    /// Something is wrong on this side.
    Badly(String),
}

fn converse(dialled: Dialled, conversation: &mut Conversation) -> Ended {
    match conversation.hold(dialled, &mut io::stdout().lock(), &mut io::stderr()) {
        Ok(()) | Err(Trouble::OutputClosed) => Ended::Well,
        Err(trouble @ Trouble::WatchEnded(_)) => Ended::Unwatched(trouble.to_string()),
        Err(trouble) if trouble.is_the_server_s() => Ended::Gone(trouble.to_string()),
        Err(trouble) => Ended::Badly(trouble.to_string()),
    }
}

/// One command, or those of standard input.
fn conversation(command: &str, timeout: Duration) -> Result<Conversation, String> {
    let mut held = None;
    let input = if command.is_empty() {
        Input::new("", Some(Box::new(io::stdin())))
    } else if is_watch(command.as_bytes()) {
        end_well_on_signals().map_err(|error| format!("cannot await signals: {error}"))?;
        let (hold, until_then) = Held::new();
        held = Some(hold);
        Input::new(command, Some(Box::new(until_then)))
    } else {
        Input::new(command, None)
    };
    Ok(Conversation::new(input, held, timeout))
}

/// From here on the signals that end a process end it as if all was answered. What has come is
/// printed by then, but for the piece that is being printed.
fn end_well_on_signals() -> io::Result<()> {
    let always = Arc::new(AtomicBool::new(true));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, i32::from(ANSWERED), Arc::clone(&always))?;
    }
    Ok(())
}

fn timeout(given: &Matches) -> Result<Duration, String> {
    let Some(text) = given.opt_str("timeout") else {
        return Ok(Duration::from_secs(TIMEOUT_DEFAULT_SECONDS));
    };
    match text.parse() {
        Ok(seconds @ 1..=TIMEOUT_MAX_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => {
            let wrong = format!("--timeout {text:?}: give 1 to {TIMEOUT_MAX_SECONDS} seconds");
            Err(usage(&wrong))
        }
    }
}

/// Connects to the first address of the host that answers.
fn connect(endpoint: &Endpoint, trust: &Trust, timeout: Duration) -> Result<Dialled, Failure> {
    let addresses = (endpoint.host.as_str(), endpoint.port).to_socket_addrs();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses.map_err(Failure::NotConnected)? {
        match dial(address, endpoint, trust, timeout) {
            Err(Failure::NotConnected(error)) => failure = error,
            dialled_or_wrong => return dialled_or_wrong,
        }
    }
    Err(Failure::NotConnected(failure))
}
