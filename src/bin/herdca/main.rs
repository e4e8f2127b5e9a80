//! `herdca`: makes and keeps what the servers and clients of a herd trust each other by.
//!
//! ```text
//! herdca new keys --herd goloman
//! herdca show keys
//! herdca server keys Hands
//! herdca token keys --name fleet --clients 'truck-*' --may report,ask
//! herdca revoke keys 5f2b60a1c4f94c0e8d6f1b0c2a3e4d5f
//! ```
//!
//! All is in one folder, of mode 0700, with these files:
//!
//! | file | mode | what | who needs it |
//! |---|---|---|---|
//! | `ca.pem` | 0644 | the authority's certificate: P-256, ten years, X.509 in PEM | servers, clients |
//! | `ca.key` | 0600 | its key: PKCS #8 in PEM | herdca |
//! | `NAME.pem` | 0644 | a server's certificate: P-256, a year, for `name.herd` and its `host` | that server |
//! | `NAME.key` | 0600 | its key: PKCS #8 in PEM | that server |
//! | `tokens.pub` | 0644 | verifies tokens: Ed25519, SubjectPublicKeyInfo in PEM | servers |
//! | `tokens.key` | 0600 | makes them: PKCS #8 in PEM | herdca |
//! | `revoked` | 0644 | ids of tokens that count no more, one a line | servers |
//! | `herd.json` | 0644 | the herd file that all this was made for | herdca |
//!
//! No file is written in place: each is made under another name (with `.new` behind it), forced to the
//! disk, and renamed. A certificate and its key are two files, so there is a moment between two renames
//! in which they do not fit. Whoever reads them then notices (the public halves differ), keeps what it
//! has, and finds them whole when it looks again; so does `show` after a crash in that moment, and
//! `server` mends it.
//!
//! From the bottom up: [`names`] (what may be in a certificate), [`moment`] (dates), [`authority`]
//! (certificates), [`folder`] (files), [`make`], [`token`] and [`show`] (the commands), [`options`].

mod authority;
mod folder;
mod make;
mod moment;
mod names;
mod options;
mod show;
mod token;

use herd::wire::Printable;
use options::Command;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

/// Exit status for what fails at run time, and for `show` when something is wrong.
const FAILED: u8 = 1;
/// Exit status for wrong usage and for a herd that cannot be used.
const WRONG_USAGE: u8 = 2;

/// Why nothing came of it, in one line.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for makes no sense.
    Usage(String),
    /// It could not be done.
    Run(String),
}

impl Failure {
    fn why(self) -> String {
        match self {
            Failure::Usage(why) | Failure::Run(why) => why,
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(status) => status,
        Err(Failure::Usage(why)) => complain(&why, WRONG_USAGE),
        Err(Failure::Run(why)) => complain(&why, FAILED),
    }
}

fn run() -> Result<ExitCode, Failure> {
    let command = options::read(env::args_os().skip(1))
        .map_err(|why| Failure::Usage(format!("{why} (herdca --help says more)")))?;
    let said = match command {
        Command::Help => options::usage(),
        Command::Version => format!("herdca {}\n", env!("CARGO_PKG_VERSION")),
        Command::New { folder, herd } => make::new(&folder, &herd)?,
        Command::Server { folder, name } => make::server(&folder, &name)?,
        Command::Token { folder, wish } => {
            let made = token::token(&folder, &wish)?;
            let _ = writeln!(io::stderr(), "{}", made.id);
            format!("{}\n", made.token)
        }
        Command::Revoke { folder, id } => token::revoke(&folder, &id)?,
        Command::Show { folder } => {
            let shown = show::show(&folder)?;
            say(&shown.text)?;
            return Ok(if shown.is_well { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
        }
    };
    say(&said)?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::Run(format!("cannot write to standard output: {error}")))
}

fn complain(why: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "herdca: {}", Printable(why.as_bytes()));
    ExitCode::from(status)
}
