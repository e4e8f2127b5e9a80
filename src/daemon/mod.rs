//! The daemon as a function: from what was asked of it to its end, everything that happens only
//! when a process starts.
//!
//! | file | what it does |
//! |---|---|
//! | `server` | is one server of a herd until it is asked to stop |
//! | `check` | asks Places once and prints how far that got |
//! | `health` | asks a server once whether it is alive |
//! | `journal` | the journal's folder on disk, at the start and for who checks it |
//! | `listen` | binds what the herd file names |
//! | `handed_over` | which port each socket is for that whoever starts the server hands over |
//! | `service_manager` | what that is told: that the server is ready, stops, lives |
//! | `descriptors` | shares the process's descriptors among clients, neighbours and the rest |
//! | `reload` | what a running server reads again at SIGHUP |
//! | `places` | which Places service is asked, with which key |
//! | `tls`, `keys` | TLS with neighbours, clients and visitors; the files of certificates and keys |
//! | `nats` | to which message bus the server is a gateway, and who it is there |
//! | `key` | the key for Places, from a file or the environment; files that hold secrets |
//! | `trust` | whose certificates are believed at Places and at the bus |
//! | `randomness` | what nobody may guess |

mod check;
mod descriptors;
mod handed_over;
mod health;
mod journal;
mod key;
mod keys;
mod listen;
mod nats;
mod places;
mod randomness;
mod reload;
mod server;
mod service_manager;
#[cfg(test)]
mod testing;
mod tls;
mod trust;

use crate::cli::Request;
use crate::transport::TlsProfile;
use crate::wire::Printable;
use crate::wire::neighbour::Version;
use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write;

/// The TLS configuration for clients and visitors.
const PUBLIC_PROFILE: TlsProfile = TlsProfile("clients");

/// Why the daemon ends otherwise than by a clean stop. Its `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Wrong usage or a wrong herd file.
    Usage(String),
    /// What fails at run time.
    Run(String),
}

impl Failure {
    /// Wrong usage, of which `why` says what is wrong.
    pub fn usage(why: impl Display) -> Self {
        Failure::Usage(why.to_string())
    }

    /// A failure at run time, of which `why` is the reason.
    pub fn run(why: impl Display) -> Self {
        Failure::Run(why.to_string())
    }

    /// What the process ends with: 2 for wrong usage, 1 for the rest.
    pub fn exit_status(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            Failure::Run(_) => 1,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What it quotes, of a herd file say, is whatever somebody wrote there.
            Failure::Usage(why) | Failure::Run(why) => Printable(why.as_bytes()).fmt(f),
        }
    }
}

impl Error for Failure {}

/// Does what was asked, and returns when that is done: for a server, after its clean stop. What it
/// tells whoever started it goes to `out`, a line at a time; that they no longer listen is no
/// reason to end.
///
/// A process can be one server at a time, as its log and its signals are the process's.
///
/// # Errors
///
/// [`Failure::Usage`] for what makes no sense before anything was begun, [`Failure::Run`] for what
/// fails later.
pub fn run(request: &Request, out: &mut dyn Write) -> Result<(), Failure> {
    run_as(request, Version::HIGHEST, out)
}

/// The same, as a program whose highest version of the lines between neighbours is `version`: for
/// tests of what another program would do. The shipped program has no switch for it.
///
/// # Errors
///
/// As [`run`].
pub fn run_as(request: &Request, version: Version, out: &mut dyn Write) -> Result<(), Failure> {
    match request {
        Request::Help(text) | Request::Version(text) => {
            let _ = out.write_all(text.as_bytes());
            Ok(())
        }
        Request::Run(options) => server::serve(options, version, out),
        Request::Check(options) => check::check(options, out),
        Request::CheckHealth(options) => health::check(options),
        Request::CheckJournal(folder) => journal::check(folder, out),
    }
}

/// Tells whoever started us.
fn say(out: &mut dyn Write, line: fmt::Arguments<'_>) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn a_failure_tells_its_exit_status() {
        let wrong = Failure::usage("that is no option");
        assert_eq!((wrong.exit_status(), wrong.to_string().as_str()), (2, "that is no option"));
        assert_eq!(Failure::run(io::Error::other("no disk")).exit_status(), 1);
        let raw = Failure::usage("herd x has no server \"A\"; it has \u{202e}A\n");
        assert_eq!(raw.to_string(), "herd x has no server \"A\"; it has \\u{202e}A\\x0a");
    }

    #[test]
    fn help_is_told_and_that_nobody_reads_it_is_no_failure() {
        struct Deaf;
        impl Write for Deaf {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let help = Request::Help("how\n".to_owned());
        let mut out = Vec::new();
        assert_eq!(run(&help, &mut out), Ok(()));
        assert_eq!(out, b"how\n");
        assert_eq!(run(&help, &mut Deaf), Ok(()));
        say(&mut Deaf, format_args!("listens"));
    }
}
