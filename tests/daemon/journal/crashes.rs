//! Killed at random under load, again and again: what was answered is known afterwards, and the files are
//! sound.

use super::{check, status};
use crate::harness::{Herd, Server, posix_nanoseconds, time_in};
use std::env;
use std::io::{BufRead, BufReader, Write, stderr};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is killed in the tests that always run, and where this is not set.
const ROUNDS: u64 = 20;
const ROUNDS_VARIABLE: &str = "HERD_KILLS";
/// Connections, clients of each, and commands that are on their way at a time.
const CONNECTIONS: usize = 3;
const CLIENTS: usize = 40;
const BATCH: usize = 16;
/// Of the clients' names, so that files end and are cleaned within few rounds.
const PADDING_BYTES: usize = 700;
/// One of so many commands forgets.
const FORGETS_EVERY: usize = 7;
const LIFE_MAX_MILLISECONDS: u64 = 150;

/// What is known of a client.
#[derive(Debug, Clone, Default)]
struct Client {
    id: String,
    /// The last answer, which is none as long as there is none.
    answered: Option<String>,
    /// The commands behind that: each may have been taken, or not.
    open: Vec<String>,
}

/// The clients of a connection, and how far they are.
#[derive(Debug, Default)]
struct Reporter {
    clients: Vec<Client>,
    sent: usize,
    answers: usize,
}

/// The last field of a line: a time.
fn time(line: &str) -> &str {
    line.rsplit(' ').next().unwrap()
}

impl Reporter {
    fn new(number: usize) -> Reporter {
        let padding = "x".repeat(PADDING_BYTES);
        let client = |at| Client { id: format!("{number}-{at}-{padding}"), ..Client::default() };
        Reporter { clients: (0..CLIENTS).map(client).collect(), sent: 0, answers: 0 }
    }

    /// Reports until the server dies.
    fn report(&mut self, stream: &TcpStream) {
        let mut answers = BufReader::new(stream);
        loop {
            let first = self.sent;
            let mut commands = String::new();
            for _ in 0..BATCH {
                let client = &mut self.clients[self.sent % CLIENTS];
                let (id, now) = (&client.id, time_in(0));
                let command = match self.sent % FORGETS_EVERY {
                    0 => format!("FORGET {id} {now}"),
                    _ => format!("IAMAT {id} +34.068930-118.445127 {now}"),
                };
                self.sent += 1;
                commands.extend([&command, "\n"]);
                client.open.push(command);
            }
            if (&mut &*stream).write_all(commands.as_bytes()).is_err() {
                return;
            }
            for at in first..self.sent {
                let mut answer = String::new();
                // What was cut off is no answer.
                if !answers.read_line(&mut answer).is_ok_and(|_| answer.ends_with('\n')) {
                    return;
                }
                let client = &mut self.clients[at % CLIENTS];
                let asked = client.open.remove(0);
                assert_eq!(time(answer.trim_end()), time(&asked), "{answer}");
                assert!(!answer.starts_with('?'), "{answer}");
                client.answered = Some(answer.trim_end().to_owned());
                self.answers += 1;
            }
        }
    }

    /// All that was answered is known, or something later that was asked. What is so counts from now on.
    #[track_caller]
    fn check(&mut self, server: &Server) {
        let mut connection = server.client();
        for client in &mut self.clients {
            let question = format!("WHATSAT {} 1 0", client.id);
            let answer = connection.ask(&question);
            let open = std::mem::take(&mut client.open);
            let is_open = |word: &str, at: Option<&str>| {
                open.iter().any(|one| one.starts_with(word) && at.is_none_or(|at| time(one) == at))
            };
            if answer.starts_with('?') {
                let was = client.answered.as_deref();
                let is_so = was.is_none_or(|answered| answered.starts_with("GONE "));
                assert!(is_so || is_open("FORGET ", None), "lost: {was:?}");
                client.answered = None;
                continue;
            }
            while connection.line() != "" {}
            if client.answered.as_deref() != Some(&answer) {
                assert!(is_open("IAMAT ", Some(time(&answer))), "{client:?} is known as {answer}");
                client.answered = Some(answer);
            }
        }
    }
}

/// One life: reports until it is killed. Gives the reports that were answered.
fn kill(server: &mut Server, reporters: &mut [Reporter], life: Duration) -> usize {
    let before: usize = reporters.iter().map(|reporter| reporter.answers).sum();
    let streams: Vec<TcpStream> = reporters.iter().map(|_| server.client().stream).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for (reporter, stream) in reporters.iter_mut().zip(&streams) {
            scope.spawn(|| {
                reporter.report(stream);
                assert!(is_over.load(Ordering::Acquire), "cut off before it was killed");
            });
        }
        thread::sleep(life);
        is_over.store(true, Ordering::Release);
        server.process.kill();
        // What the kernel still holds of answers is read first.
        streams.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Write)));
    });
    reporters.iter().map(|reporter| reporter.answers).sum::<usize>() - before
}

/// Kills a server so many times, every other life with the one way of forcing and then the other.
fn kill_again_and_again(rounds: u64) {
    let started = Instant::now();
    let [second, always] = ["second", "always"].map(|sync| {
        let herd = Herd::of(&[("Solo", &[])]).with_web().with_journal(sync);
        (herd, (0..CONNECTIONS).map(Reporter::new).collect::<Vec<_>>())
    });
    let mut herds = [second, always];
    let seed = posix_nanoseconds() as u64;
    let mut random = seed | 1;
    let (mut answered, mut files) = (0, 0);
    for round in 0..rounds {
        let (herd, reporters) = &mut herds[round as usize % 2];
        let mut command = herd.command("Solo");
        command.env("RUST_LOG", "info,traffic=off");
        let mut server = herd.start_by("Solo", command);
        reporters.iter_mut().for_each(|reporter| reporter.check(&server));
        let known = status(&server)["clients"].as_u64().unwrap();
        // As many as the files held before, which nobody has changed since.
        let ended = check(herd, &herd.journal("Solo"));
        assert_eq!(ended.code, Some(0), "round {round}: {ended:?}");
        let last = ended.output.lines().last().unwrap();
        assert!(last.starts_with(&format!("{known} positions, ")), "round {round}: {last}");
        files = files.max(super::files(&herd.journal("Solo")).len());
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let life = Duration::from_millis(random % LIFE_MAX_MILLISECONDS);
        answered += kill(&mut server, reporters, life);
        let ended = check(herd, &herd.journal("Solo"));
        assert_eq!(ended.code, Some(0), "round {round}: {ended:?}");
    }
    let took = started.elapsed();
    let _ = writeln!(
        stderr(),
        "  killed {rounds} times: {answered} answers, {files} files at most, in {took:.1?}"
    );
}

#[test]
fn killed_at_random_under_load_nothing_is_lost_that_was_answered() {
    let rounds = env::var(ROUNDS_VARIABLE).ok();
    kill_again_and_again(rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap()));
}
