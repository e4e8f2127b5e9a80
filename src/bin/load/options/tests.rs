//! Arguments, sensible and not.

use super::*;

fn options(line: &str) -> Result<Options, String> {
    match read(line.split_whitespace().map(OsString::from))? {
        Request::Run(options) => Ok(options),
        Request::Walk(walk) => Err(format!("{walk:?}")),
        Request::Print(text) => Err(text),
    }
}

#[test]
fn without_options_a_closed_loop_of_reports() {
    let options = options("Goloman").unwrap();
    assert_eq!((options.target.as_str(), options.herd.as_deref()), ("Goloman", None));
    assert_eq!((options.connections, options.pipeline, options.clients), (50, 1, 1_000));
    assert_eq!((options.questions.whatsat, options.questions.near), (0.0, 0.0));
    assert_eq!(options.pace, Pace::AsAnswered);
    assert_eq!(options.duration, Duration::from_secs(10));
    assert!(options.fill && !options.reconnect && !options.json);
}

#[test]
fn every_option_is_heard() {
    let line = "-H alford -c 7 -p 64 -n 9 -w 2.5 -r 100 -d 0.5 --no-fill --json Ball";
    let options = options(line).unwrap();
    assert_eq!((options.target.as_str(), options.herd.as_deref()), ("Ball", Some("alford")));
    assert_eq!((options.connections, options.pipeline, options.clients), (7, 64, 9));
    assert_eq!((options.questions.whatsat, options.pace), (0.025, Pace::PerSecond(100)));
    assert_eq!(options.duration, Duration::from_millis(500));
    assert!(!options.fill && options.json);
}

#[test]
fn who_is_near_is_asked_as_wanted() {
    let near = |line: &str| options(line).unwrap().questions;
    let asked = Questions { whatsat: 0.5, near: 0.5, near_kilometres: 100.0, near_results: 10 };
    assert_eq!(near("-w 50 --near 50 a"), asked);
    let asked = Questions { whatsat: 0.0, near: 0.25, near_kilometres: 0.5, near_results: 1_000 };
    assert_eq!(near("--near 25 --near-kilometres 0.5 --near-results 1000 a"), asked);
    assert_eq!(near("--protocol redis-geosearch x:1").near, 1.0);
    assert_eq!(near("--protocol redis-geosearch --near 1 x:1").near, 0.01);
}

#[test]
fn an_open_loop_lets_the_target_wait() {
    assert_eq!(options("-r 10 x:1").unwrap().pipeline, 1_024);
    assert_eq!(options("-r 10 --reconnect x:1").unwrap().pipeline, 1);
}

#[test]
fn handshakes_are_connections_anew_over_tls() {
    let options = options("--handshakes --ca ca.pem -c 7 a").unwrap();
    assert!(options.handshakes && options.reconnect && options.trust.is_tls());
    assert_eq!((options.connections, options.pipeline), (7, 1));
}

#[test]
fn an_echo_is_not_filled() {
    let options = options("--protocol redis-set --expect echo x:1").unwrap();
    assert_eq!((options.language, options.expectation), (Language::RedisSet, Expectation::Echo));
    assert!(!options.fill);
}

#[test]
fn nonsense_is_refused_in_one_line() {
    for line in [
        "",
        "a b",
        "-c 0 a",
        "-c 60001 a",
        "-p x a",
        "-n 100000001 a",
        "-w 101 a",
        "-w nan a",
        "-d 0 a",
        "-d inf a",
        "-r 0 a",
        "--protocol https a",
        "-w 1 --protocol http a",
        "--expect nothing a",
        "--reconnect -p 2 a",
        "--reconnect --any a",
        "--handshakes a",
        "--handshakes -p 2 --ca x a",
        "--token-file x --protocol redis-set a",
        "--token-file x --expect echo a",
        "-w 1 --protocol redis-set a",
        "-w 1 --protocol redis-geosearch a",
        "--near 1 --protocol redis-geoadd a",
        "-w 51 --near 50 a",
        "--near 101 a",
        "--near-kilometres 20041 a",
        "--near-kilometres -1 a",
        "--near-results 1001 a",
        "--near-results 0 a",
        "--wat a",
    ] {
        let said = options(line).unwrap_err();
        assert!(!said.is_empty() && !said.contains('\n'), "{line}: {said}");
    }
}

#[test]
fn help_shows_each_option_and_status() {
    let help = options("--help").unwrap_err();
    for word in [
        "--pipeline",
        "--whatsat",
        "--near",
        "--near-kilometres",
        "--near-results",
        "geosearch",
        "--rate",
        "--reconnect",
        "--handshakes",
        "--ca",
        "--token-file",
        "--expect",
        "Exit status",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}
