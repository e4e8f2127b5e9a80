//! The command line.

use crate::trust::{self, TrustOptions};
use getopts::{Matches, Options as Declared};
use herd::herd::BUILT_IN;
use herd::wire::Reason;
use std::ffi::OsStr;
use std::time::Duration;

/// How long a server may take to answer, unless told otherwise.
const TIMEOUT_DEFAULT_SECONDS: u64 = 3;
/// How long `verify` tries, unless told otherwise (contract).
const TRIES_DEFAULT_SECONDS: u64 = 10;
/// How long `roll` waits for a server that is to come back, unless told otherwise.
const ROLL_DEFAULT_SECONDS: u64 = 60;
/// The longest of them.
const SECONDS_MAX: u64 = 86_400;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To print that.
    Print(String),
    /// To do that.
    Do(Options),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What it is.
    pub command: Command,
    /// A built-in herd or a herd file.
    pub herd: String,
    /// How long a server may take to answer.
    pub timeout: Duration,
    /// Whether programs are to read it.
    pub json: bool,
    /// Whom to trust and what to show.
    pub trust: TrustOptions,
}

/// The commands that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// How all servers are.
    Status,
    /// The same, live.
    Top,
    /// Whether all agree, tried for so long.
    Verify { tries: Duration },
    /// To have that done with these servers, or with all, one after the other, each of which has so long to come
    /// back.
    Roll { each: String, servers: Vec<String>, tries: Duration },
    /// What changes, of that client or of all.
    Watch { client: Option<String> },
}

fn declared() -> Declared {
    let mut declared = Declared::new();
    declared
        .optopt(
            "H",
            "herd",
            "the herd: goloman, alford, riley, or a herd file (default: goloman)",
            "NAME|FILE",
        )
        .optflag("", "json", "print for programs: one JSON document; watch, roll: one a line")
        .optopt("", "timeout", "how long a server may take to answer (default: 3)", "SECONDS")
        .optopt(
            "",
            "tries",
            "how long verify tries until all agree (default: 10), and roll until a \
             server is back (60)",
            "SECONDS",
        )
        .optopt("", "each", "roll: what a shell is to do with each server", "COMMAND");
    trust::declare(&mut declared);
    declared.optflag("h", "help", "print this help").optflag("V", "version", "print the version");
    declared
}

fn help(declared: &Declared) -> String {
    let usage = declared.usage(
        "Usage: herdctl [options] status|top|verify\n       herdctl [options] watch [CLIENT]\n       \
         herdctl [options] roll --each COMMAND [SERVER...]\n\n\
         Asks all servers of a herd at their web ports.\n\n\
         \x20 status  how the herd is: first what is wrong, then a line for each server\n\
         \x20 top     the same, live, with rates; q ends it\n\
         \x20 verify  whether all servers hold the same; if not, which clients differ\n\
         \x20 watch   what changes, once for the whole herd, until it is interrupted\n\
         \x20 roll    has all servers, or these, restarted one after the other: each by the\n\
         \x20         command, in which {} is its name and {host} its host, once all are\n\
         \x20         well; stops where one does not come back, ready, linked and agreeing\n\n\
         The authority of --ca is that of the web ports, which speak HTTPS then.",
    );
    format!(
        "{usage}
JSON:
    status  herd, well, wrong: [kind, server, neighbour, seconds, text],
            servers: [name, answered, error, status (what /status says)]
    verify  herd, agree, at_rest, records, before, unasked: [server, error],
            differing: [id, held: [server, record (null: unknown)]], complete
    watch   event (at, gone, expired, away, back), server, client or error
    roll    a line each: server, run (its command), back, seconds, wrong, left

Exit status:
    0   all is well; verify: all agree; roll: all are back; top and watch: ended
        by who asked
    1   something is not, or a server cannot be asked
    2   wrong usage, or a herd file or a token that cannot be used
"
    )
}

/// Reads the arguments, without the program's name.
///
/// # Errors
/// A client's id, if it is one.
fn client(given: &String) -> Result<String, String> {
    match Reason::of_client(given.as_bytes()) {
        Some(reason) => Err(format!("watch {given:?}: {reason}")),
        None => Ok(given.clone()),
    }
}

/// What is wrong with them, in one line.
pub fn read<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Request, String> {
    let declared = declared();
    let given = declared.parse(arguments).map_err(|wrong| wrong.to_string())?;
    if given.opt_present("help") {
        return Ok(Request::Print(help(&declared)));
    }
    if given.opt_present("version") {
        return Ok(Request::Print(format!("herdctl {}\n", env!("CARGO_PKG_VERSION"))));
    }
    let (command, rest) = given.free.split_first().ok_or("what is to be done? Nothing is said")?;
    let tries = |default| seconds(&given, "tries", default);
    let mut rest = rest.iter();
    let done = match command.as_str() {
        "status" => Command::Status,
        "top" => Command::Top,
        "verify" => Command::Verify { tries: tries(TRIES_DEFAULT_SECONDS)? },
        "roll" => Command::Roll {
            each: given.opt_str("each").ok_or("roll: --each says what is to be done")?,
            servers: rest.by_ref().cloned().collect(),
            tries: tries(ROLL_DEFAULT_SECONDS)?,
        },
        "watch" => Command::Watch { client: rest.next().map(client).transpose()? },
        other => return Err(format!("there is no command {other:?}")),
    };
    if let Some(extra) = rest.next() {
        return Err(format!("{command}: unexpected argument {extra:?}"));
    }
    let rolls = matches!(done, Command::Roll { .. });
    for (option, is_its) in
        [("tries", rolls || matches!(done, Command::Verify { .. })), ("each", rolls)]
    {
        if given.opt_present(option) && !is_its {
            return Err(format!("{command} has no option --{option}"));
        }
    }
    if given.opt_present("json") && done == Command::Top {
        return Err("top is for people: status --json tells programs the same".to_owned());
    }
    Ok(Request::Do(Options {
        command: done,
        herd: given.opt_str("herd").unwrap_or_else(|| BUILT_IN[0].0.to_owned()),
        timeout: seconds(&given, "timeout", TIMEOUT_DEFAULT_SECONDS)?,
        json: given.opt_present("json"),
        trust: TrustOptions::of(&given),
    }))
}

fn seconds(given: &Matches, name: &str, default: u64) -> Result<Duration, String> {
    let Some(text) = given.opt_str(name) else { return Ok(Duration::from_secs(default)) };
    match text.parse() {
        Ok(seconds @ 1..=SECONDS_MAX) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("--{name} {text:?}: give 1 to {SECONDS_MAX} seconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        match read(line.split_whitespace())? {
            Request::Do(options) => Ok(options),
            Request::Print(text) => Err(text),
        }
    }

    #[test]
    fn commands_and_their_options() {
        let status = options("status").unwrap();
        assert_eq!(
            (status.command, &*status.herd, status.json),
            (Command::Status, "goloman", false)
        );
        let verify = options("-H riley --json verify --tries 2 --timeout 1").unwrap();
        assert_eq!(verify.command, Command::Verify { tries: Duration::from_secs(2) });
        assert!(verify.json && verify.herd == "riley" && verify.timeout.as_secs() == 1);
        let watch = |client: Option<&str>| Command::Watch { client: client.map(str::to_owned) };
        assert_eq!(options("watch").unwrap().command, watch(None));
        assert_eq!(options("watch kiwi").unwrap().command, watch(Some("kiwi")));
        assert!(options("--ca x.pem top").unwrap().trust.is_tls());
        let roll = |servers: &[&str], seconds| Command::Roll {
            each: "x{}".to_owned(),
            servers: servers.iter().map(|name| (*name).to_owned()).collect(),
            tries: Duration::from_secs(seconds),
        };
        assert_eq!(options("roll --each x{}").unwrap().command, roll(&[], 60));
        let some = options("--tries 5 --each x{} roll B A").unwrap();
        assert_eq!(some.command, roll(&["B", "A"], 5));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for (line, said) in [
            ("", "what is to be done? Nothing is said"),
            ("stauts", "there is no command \"stauts\""),
            ("status Hands", "status: unexpected argument \"Hands\""),
            ("watch a b", "watch: unexpected argument \"b\""),
            ("watch a\u{7f}", "watch \"a\\u{7f}\": the client's id has a control character"),
            ("status --tries 3", "status has no option --tries"),
            ("verify --each x", "verify has no option --each"),
            ("roll", "roll: --each says what is to be done"),
            ("verify --tries 0", "--tries \"0\": give 1 to 86400 seconds"),
            ("status --timeout x", "--timeout \"x\": give 1 to 86400 seconds"),
            ("top --json", "top is for people: status --json tells programs the same"),
            ("--nonsense", "Unrecognized option: 'nonsense'"),
        ] {
            assert_eq!(options(line).unwrap_err(), said, "{line}");
        }
    }

    #[test]
    fn the_help_fits_on_a_terminal() {
        let text = options("--help").unwrap_err();
        assert!(text.contains("Exit status:"));
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
