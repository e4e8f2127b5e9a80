//! The program `herd`: arguments, what they ask for, exit status. The rest is in the library.

#![allow(clippy::print_stderr, reason = "this is the program that talks")]

use herd::daemon::{self, Failure};
use std::env;
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = herd::cli::parse(env::args_os().skip(1))
        .map_err(Failure::usage)
        .and_then(|request| daemon::run(&request, &mut io::stdout()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("herd: {failure}");
            ExitCode::from(failure.exit_status())
        }
    }
}
