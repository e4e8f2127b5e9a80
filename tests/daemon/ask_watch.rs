//! `ask` with what goes on or has no end of its own, `WATCH` and `NEAR`, against a server that says
//! what the test has it say.

use crate::harness::herd::bare;
use crate::harness::{Client, Directory, Process, until};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

/// How long `ask` is told to wait for answers: a second is the least.
const TIMEOUT: Duration = Duration::from_secs(1);

/// An `ask` that runs, and the server that it asks.
struct Asked {
    ask: Process,
    server: Client,
    // It is removed when nobody writes into it any more.
    _directory: Directory,
}

/// Starts `ask` with that command, or with that input instead.
fn start(command: &[&str], input: Option<&str>) -> Asked {
    let directory = Directory::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut ask = bare("sh");
    let script = match input {
        Some(input) => {
            std::fs::write(directory.join("input"), input).unwrap();
            "exec \"$@\" < input"
        }
        None => "exec \"$@\"",
    };
    ask.args(["-c", script, "sh", env!("CARGO_BIN_EXE_ask"), "--timeout"]);
    ask.arg(TIMEOUT.as_secs().to_string()).arg(address).args(command);
    let ask = Process::start(&mut ask, directory.path());
    let server = accept(&listener);
    Asked { ask, server, _directory: directory }
}

fn accept(listener: &TcpListener) -> Client {
    listener.set_nonblocking(true).unwrap();
    let stream = until("ask connects", || listener.accept().ok()).0;
    stream.set_nonblocking(false).unwrap();
    Client::new(stream)
}

impl Asked {
    /// Waits until that is all that was printed.
    #[track_caller]
    fn prints(&self, output: &str) {
        until(&format!("ask prints {output:?}"), || (self.ask.output() == output).then_some(()));
    }

    /// The exit status, and what was said on standard error.
    fn end(self) -> (Option<i32>, String) {
        drop(self.server);
        let ended = self.ask.end();
        (ended.code, ended.errors)
    }
}

#[test]
fn what_is_near_is_printed_up_to_its_empty_line() {
    for answer in ["0.000 AT A +0.1 fig +0+0 1\n12.345 AT B -0.1 kaki +0+0.1 1\n\n", "\n"] {
        let mut asked = start(&["NEAR", "kiwi", "10", "5"], None);
        assert_eq!(asked.server.rest(), b"NEAR kiwi 10 5\n", "and the half-close");
        asked.server.send(answer);
        asked.prints(answer);
        assert_eq!(asked.end(), (Some(0), String::new()));
    }
}

#[test]
fn what_is_near_and_is_cut_off_is_missed() {
    for cut in ["", "0.000 AT A +0.1 fig +0+0 1\n"] {
        let mut asked = start(&["NEAR", "kiwi", "10", "5"], None);
        assert_eq!(asked.server.line(), "NEAR kiwi 10 5");
        asked.server.send(cut);
        let (code, errors) = asked.end();
        assert_eq!(code, Some(2));
        assert!(errors.contains("one answer is missing"), "{errors}");
    }
}

#[test]
fn a_refusal_takes_the_place_of_what_is_near() {
    let mut asked = start(&["NEAR", "nobody", "10", "5"], None);
    assert_eq!(asked.server.line(), "NEAR nobody 10 5");
    asked.server.send("? NEAR nobody 10 5\n");
    asked.prints("? NEAR nobody 10 5\n");
    let (code, errors) = asked.end();
    assert_eq!(code, Some(1));
    assert_eq!(errors, "ask: the server does not know where that client is\n");
}

#[test]
fn a_watch_goes_on_until_a_signal_and_ends_with_0() {
    for signal in ["INT", "TERM"] {
        let mut asked = start(&["WATCH", "*"], None);
        assert_eq!(asked.server.line(), "WATCH *");
        let mut output = String::new();
        for line in ["WATCH *\n", "~ AT A +0.1 kiwi +0+0 1\n", "~ NOW *\n"] {
            asked.server.send(line);
            output += line;
            // Before there is any more, also though this is no terminal.
            asked.prints(&output);
        }
        asked.ask.signal(signal);
        assert_eq!(asked.ask.wait().code(), Some(0), "{signal}");
        assert_eq!(asked.server.rest(), b"", "nothing more was asked");
        assert_eq!((asked.ask.output(), asked.ask.errors()), (output, String::new()));
    }
}

#[test]
fn a_watch_may_be_silent_for_longer_than_answers_may() {
    let mut asked = start(&["WATCH", "+34-118", "5"], None);
    assert_eq!(asked.server.line(), "WATCH +34-118 5");
    asked.server.send("WATCH +34-118 5\n");
    let copied = "WATCH +34-118 5\n";
    asked.prints(copied);
    let silent_since = Instant::now();
    until("more than the time-out passes", || {
        assert!(asked.ask.ended().is_none(), "{}", asked.ask.errors());
        (silent_since.elapsed() > 2 * TIMEOUT).then_some(())
    });
    asked.server.send("~ OUT kiwi\n");
    asked.prints(&format!("{copied}~ OUT kiwi\n"));
    asked.ask.signal("TERM");
    assert_eq!(asked.ask.wait().code(), Some(0));
}

#[test]
fn a_watch_that_is_not_answered_is_given_up() {
    let mut asked = start(&["WATCH", "kiwi"], None);
    assert_eq!(asked.server.line(), "WATCH kiwi");
    assert_eq!(asked.ask.wait().code(), Some(2));
    assert!(asked.ask.errors().contains("nothing came for 1 s"), "{}", asked.ask.errors());
}

#[test]
fn a_watch_that_the_server_ends_ends_with_1() {
    let mut asked = start(&["WATCH", "kiwi"], None);
    assert_eq!(asked.server.line(), "WATCH kiwi");
    asked.server.send("WATCH kiwi\n~ NOW kiwi\n");
    asked.prints("WATCH kiwi\n~ NOW kiwi\n");
    let (code, errors) = asked.end();
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("ask: ") && errors.lines().count() == 1, "{errors}");
    assert!(errors.contains("the server has closed the connection"), "{errors}");
}

#[test]
fn a_watch_that_is_refused_ends_as_other_refusals_do() {
    let mut asked = start(&["WATCH", "+95-118", "5"], None);
    assert_eq!(asked.server.line(), "WATCH +95-118 5");
    asked.server.send("? WATCH +95-118 5\n");
    assert_eq!(asked.server.rest(), b"", "the half-close: there is nothing to wait for");
    asked.prints("? WATCH +95-118 5\n");
    let (code, errors) = asked.end();
    assert_eq!(code, Some(1));
    assert_eq!(errors, "ask: latitude 95 is beyond 90\n");
}

#[test]
fn a_watch_that_is_read_ends_with_the_input() {
    let mut asked = start(&[], Some("WATCH *\nNEAR +0+0 1 1\n"));
    assert_eq!(asked.server.rest(), b"WATCH *\nNEAR +0+0 1 1\n", "and the half-close");
    let answers = "WATCH *\n~ AT A +0.1 kiwi +0+0 1\n0.000 AT A +0.1 kiwi +0+0 1\n\n~ NOW *\n";
    asked.server.send(answers);
    asked.prints(answers);
    assert_eq!(asked.end(), (Some(0), String::new()));
}
