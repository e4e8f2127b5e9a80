//! `herdctl roll`: has each server of a herd restarted, or whatever the operator's command does, one after the
//! other. The next has its turn only when all are well again; where one does not come back, nothing else is
//! touched. What `status` finds [`wrong`] and whether all agree for `verify` is what decides.

use crate::amounts::time;
use crate::asker::{Askers, Unasked};
use crate::judge::{Kind, wrong};
use crate::look::Look;
use crate::verify::{self, Outcome, Verdict};
use crate::{posix_seconds, print};
use herd::herd::{Herd, Server};
use serde::Serialize;
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it is looked whether all is well before anything is done.
const WELL_MAX: Duration = Duration::from_secs(10);
/// What stands in a command for the server's name, and for its host in the herd file.
pub const NAME: &str = "{}";
pub const HOST: &str = "{host}";

/// What is to be done with one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    server: String,
    command: String,
}

/// What a program is told of a step.
#[derive(Serialize)]
struct Told<'a> {
    server: &'a str,
    /// Whether its command was run.
    run: bool,
    /// Whether it is back, and all are well.
    back: bool,
    seconds: f64,
    wrong: &'a [String],
    /// The servers that have not been touched yet.
    left: Vec<&'a str>,
}

/// The command for each of these servers, or for all of the herd in the order of its file.
///
/// # Errors
/// A server that the herd has not, or whose name or host a shell would not take for a word; and a command that
/// would be the same for all.
pub fn steps(herd: &Herd, command: &str, servers: &[String]) -> Result<Vec<Step>, String> {
    if !command.contains(NAME) && !command.contains(HOST) {
        return Err(format!("--each {command:?} has no {NAME} where the server's name belongs"));
    }
    let step = |server: &Server| {
        let mut own = command.to_owned();
        for (place, word) in [(HOST, &server.host), (NAME, &server.name)] {
            if own.contains(place) && !is_word(word) {
                return Err(format!("{word:?} is no word that may stand in a shell's command"));
            }
            own = own.replace(place, word);
        }
        Ok(Step { server: server.name.clone(), command: own })
    };
    if servers.is_empty() {
        return herd.servers.iter().map(step).collect();
    }
    let named = |name: &String| {
        let server = herd.servers.iter().find(|server| server.name == *name);
        server.ok_or_else(|| format!("the herd {} has no server {name:?}", herd.name))
    };
    servers.iter().map(|name| step(named(name)?)).collect()
}

/// Whether a shell takes that as it stands, and no program for an option.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain)
}

/// Takes the steps, each after the one before has ended well; each server has so long to come back. Whether all
/// did.
///
/// # Errors
/// What cannot be printed.
pub fn roll(
    herd: &Herd,
    askers: &Askers,
    steps: &[Step],
    tries: Duration,
    json: bool,
) -> Result<bool, String> {
    let wrong = until_well(herd, askers, None, WELL_MAX);
    if !wrong.is_empty() {
        let left = steps.iter().map(|step| step.server.as_str()).collect();
        let server = steps.first().map_or("", |step| &step.server);
        let told = Told { server, run: false, back: false, seconds: 0.0, wrong: &wrong, left };
        return tell(&told, "nothing is done, as not all is well", json).map(|()| false);
    }
    for (at, step) in steps.iter().enumerate() {
        let begun = Instant::now();
        if !json {
            print(&format!("{}: {}\n", step.server, step.command))?;
        }
        let ran = run(&step.command);
        let wrong = match ran {
            Ok(()) => until_well(herd, askers, Some((&step.server, begun)), tries),
            Err(why) => vec![why],
        };
        let seconds = begun.elapsed().as_secs_f64();
        let left = steps[at + 1..].iter().map(|step| step.server.as_str()).collect();
        let back = wrong.is_empty();
        let told = Told { server: &step.server, run: true, back, seconds, wrong: &wrong, left };
        tell(&told, &format!("it is not back after {}", time(seconds)), json)?;
        if !back {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says what has come of a step.
fn tell(told: &Told<'_>, trouble: &str, json: bool) -> Result<(), String> {
    if json {
        let line = serde_json::to_string(told).map_err(|error| error.to_string())?;
        return print(&(line + "\n"));
    }
    if told.back {
        let took = time(told.seconds);
        return print(&format!("{}: back after {took}, and all are well\n", told.server));
    }
    let mut text =
        if told.run { format!("{}: {trouble}:\n", told.server) } else { format!("{trouble}:\n") };
    told.wrong.iter().for_each(|line| text += &format!("  {line}\n"));
    if !told.left.is_empty() {
        text += &format!("not touched: {}\n", told.left.join(" "));
    }
    print(&text)
}

/// Runs a command to its end. It may ask who is at the terminal; what it prints is no answer of ours.
fn run(command: &str) -> Result<(), String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdout(Stdio::from(io::stderr()));
    match shell.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("its command has failed: {status}")),
        Err(error) => Err(format!("no shell can be started: {error}")),
    }
}

/// Waits until all servers are ready, linked and agree, and that one has been started since. What is still wrong
/// when the time is over.
fn until_well(
    herd: &Herd,
    askers: &Askers,
    started: Option<(&str, Instant)>,
    tries: Duration,
) -> Vec<String> {
    let end = Instant::now() + tries;
    loop {
        let mut found = in_the_way(&Look::at(herd, askers), started);
        if found.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let outcome = verify::until(herd, askers, left, is_enough);
            if is_enough(&outcome) {
                return found;
            }
            found.extend(verify::text(&outcome).lines().map(|line| line.trim().to_owned()));
        }
        if Instant::now() >= end {
            return found;
        }
        thread::sleep(PAUSE);
    }
}

/// What must not be wrong when the next server is touched.
fn in_the_way(look: &Look, started: Option<(&str, Instant)>) -> Vec<String> {
    let mut found: Vec<String> = wrong(look, posix_seconds())
        .iter()
        .filter(|finding| {
            matches!(
                finding.kind(),
                Kind::Away
                    | Kind::Unasked
                    | Kind::NotReady
                    | Kind::LinkDown
                    | Kind::Behind
                    | Kind::Disagrees
                    | Kind::Journal
            )
        })
        .map(|finding| finding.text().to_owned())
        .collect();
    let started = started.and_then(|(name, since)| {
        let server = look.servers.iter().find(|server| server.name == name)?;
        Some((server, server.status()?.uptime_seconds, since))
    });
    if let Some((server, up, since)) = started
        && up > since.elapsed().as_secs_f64()
    {
        let (name, up) = (&server.name, time(up));
        found.push(format!("{name} has not been restarted: it has been up for {up}"));
    }
    found
}

/// Whether all agree, as far as that can be known: versions before that of `/digests` say nothing of it under
/// load, but are linked and not behind.
fn is_enough(outcome: &Outcome) -> bool {
    let is_older = |unasked: &Unasked| *unasked == Unasked::Older;
    let cannot_say = |unasked: &[(String, Unasked)]| unasked.iter().all(|(_, why)| is_older(why));
    outcome.agree() || matches!(&outcome.verdict, Verdict::Unasked(all) if cannot_say(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::tests::{herd, look, of, well};

    fn commands(command: &str, servers: &[&str]) -> Result<Vec<String>, String> {
        let servers: Vec<String> = servers.iter().map(|name| (*name).to_owned()).collect();
        let steps = steps(&herd(), command, &servers)?;
        Ok(steps.into_iter().map(|step| step.command).collect())
    }

    #[test]
    fn each_server_has_its_own_command() {
        let all = commands("ssh {host} systemctl restart herd@{}", &[]).unwrap();
        assert_eq!(all[0], "ssh h0 systemctl restart herd@A");
        assert_eq!((all.len(), &*all[2]), (3, "ssh h2 systemctl restart herd@C"));
        assert_eq!(commands("x {}", &["C", "A"]).unwrap(), ["x C", "x A"]);
        for (command, servers, why) in [
            ("systemctl restart herd", &["A"][..], "has no {} where the server's name belongs"),
            ("x {}", &["D"], "the herd three has no server \"D\""),
        ] {
            let said = commands(command, servers).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        for text in ["", "-x", "a b", "a;b", "$a", "a'", "é"] {
            assert!(!is_word(text), "{text}");
        }
        assert!(is_word("2001:db8::5") && is_word("west-1.example.net"));
    }

    #[test]
    fn a_server_that_was_not_restarted_is_not_back() {
        let mut a = well("A");
        a["uptime_seconds"] = 200.0.into();
        let look = look([Ok(a), Ok(well("B")), Ok(well("C"))]);
        assert_eq!(in_the_way(&look, None), [""; 0]);
        let found = in_the_way(&look, Some(("A", Instant::now())));
        assert_eq!(found, ["A has not been restarted: it has been up for 3 min"]);
    }

    #[test]
    fn what_needs_no_haste_is_in_nobody_s_way() {
        let mut a = well("A");
        a["memory_bytes"] = 3_999_000_000_u64.into();
        let mut b = well("B");
        of(&mut b, "A")["agrees"] = false.into();
        let nearly_full = look([Ok(a.clone()), Ok(well("B")), Ok(well("C"))]);
        assert_eq!(in_the_way(&nearly_full, None), [""; 0]);
        let differ = look([Ok(a), Ok(b), Err("no")]);
        let found = in_the_way(&differ, None);
        assert!(found.iter().any(|line| line.contains("hold different positions")), "{found:?}");
        assert!(found.iter().any(|line| line.starts_with("C cannot be asked, ")), "{found:?}");
    }

    #[test]
    fn versions_that_cannot_say_whether_they_agree_are_not_waited_for() {
        let outcome = |verdict| Outcome { herd: "three".to_owned(), servers: 3, verdict };
        let unasked = |why| outcome(Verdict::Unasked(vec![("B".to_owned(), why)]));
        assert!(is_enough(&unasked(Unasked::Older)));
        assert!(!is_enough(&unasked(Unasked::NoPort)));
        assert!(!is_enough(&outcome(Verdict::Unlinked)));
        assert!(is_enough(&outcome(Verdict::Same { records: 0, digest: String::new() })));
    }
}
