//! The daemon as a program: arguments, messages, exit statuses.

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Client, Directory, Herd, Process, StandIn, until};
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;

const USAGE: i32 = 2;
const RUN_TIME: i32 = 1;

fn run(arguments: &[&str]) -> Ended {
    let directory = Directory::new();
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    Process::run(command.args(arguments), directory.path())
}

/// That it ended so, with one line that says why; the line.
#[track_caller]
fn refused(ended: &Ended, code: i32) -> &str {
    assert_eq!((ended.code, ended.output.as_str()), (Some(code), ""), "{ended:?}");
    let why = ended.errors.strip_suffix('\n').unwrap();
    assert!(why.starts_with("herd: ") && !why.contains('\n'), "{why:?}");
    why
}

#[test]
fn help_and_version_are_printed() {
    for option in ["-h", "--help"] {
        let ended = run(&[option]);
        assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
        assert!(ended.output.starts_with("Usage: herd [options] SERVER\n"), "{}", ended.output);
        for option in ["--herd", "--places", "--log-dir", "--max-skew", "--classic", "--version"] {
            assert!(ended.output.contains(option), "{option}: {}", ended.output);
        }
    }
    for option in ["-V", "--version"] {
        let ended = run(&[option]);
        assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
        assert_eq!(ended.output, format!("herd {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn wrong_usage_is_said_in_one_line() {
    for (arguments, named) in [
        (&[][..], "which server"),
        (&["Goloman", "Hands"], "Hands"),
        (&["--nonsense", "Goloman"], "nonsense"),
        (&["Goloman", "--max-skew", "tomorrow"], "tomorrow"),
        (&["Goloman", "--max-skew"], "max-skew"),
        (&["Goloman", "--places-dialect", "klingon"], "klingon"),
        (&["Goloman", "--places", "http://localhost/nearby"], "http://localhost/nearby"),
        (&["Goloman", "--places", "nonsense"], "nonsense"),
        (&["Goloman", "--classic", "--classic"], "classic"),
        (&["Alford"], "herd goloman has no server \"Alford\"; it has Goloman, Hands"),
        (&["goloman"], "has no server \"goloman\""),
        (&["-H", "alford", "Goloman"], "herd alford has no server \"Goloman\""),
        (&["-H", "nowhere", "Goloman"], "nowhere"),
        (&["-H", "no/such.json", "Goloman"], "no/such.json"),
        (&["-H", ".", "Goloman"], "herd .:"),
    ] {
        let ended = run(arguments);
        let why = refused(&ended, USAGE);
        assert!(why.contains(named), "{arguments:?}: {why}");
    }
}

#[test]
fn a_journal_is_checked_and_the_exit_status_says_how_it_is() {
    let directory = Directory::new();
    let check = |folder: &str| {
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        Process::run(command.args(["--check-journal", folder]), directory.path())
    };
    assert!(refused(&check("none"), USAGE).contains("none: "));
    let ended = check(".");
    let sound = "0 positions, 0 tombstones in 0 files\n";
    assert_eq!((ended.code, ended.output.as_str(), ended.errors.as_str()), (Some(0), sound, ""));
    fs::write(directory.join("00000001.journal"), "HERD-JOURNAL 1 x").unwrap();
    let ended = check(".");
    let torn = "00000001.journal: torn: 16 bytes at 0, the end\n\
                0 positions, 0 tombstones in 1 files\n";
    assert_eq!((ended.code, ended.output.as_str(), ended.errors.as_str()), (Some(0), torn, ""));
    fs::write(directory.join("00000001.journal"), "what?\n").unwrap();
    fs::write(directory.join("00000002.journal"), "").unwrap();
    let ended = check(".");
    assert_eq!(ended.code, Some(RUN_TIME), "{ended:?}");
    assert!(ended.output.starts_with("00000001.journal: rotten: 6 bytes at 0\n"), "{ended:?}");
    assert!(ended.output.ends_with("\n0 positions, 0 tombstones in 2 files\n"), "{ended:?}");
    assert_eq!(ended.errors, "herd: journal .: it is rotten in 1 place\n");
}

#[test]
fn what_is_not_seen_in_a_herd_file_is_spelt_out_where_it_is_quoted() {
    let directory = Directory::new();
    let file = directory.join("x.json");
    let server = r#"{ "name": "\u202eA", "host": "127.0.0.1", "port": 4000 }"#;
    fs::write(&file, format!("{{ \"herd\": \"x\", \"servers\": [{server}] }}")).unwrap();
    let ended = run(&["-H", file.to_str().unwrap(), "A"]);
    let why = refused(&ended, USAGE);
    assert!(why.ends_with("has no server \"A\"; it has \\u{202e}A"), "{why}");
}

#[test]
fn a_broken_herd_file_is_named_with_the_place() {
    let server = r#"{ "name": "A", "host": "127.0.0.1", "port": 4000"#;
    let herd = |servers: &str| format!("{{ \"herd\": \"x\", \"servers\": [{servers}] }}");
    for (file, named) in [
        (String::new(), "line 1"),
        ("{\n\"herd\": \"x\",\nservers\n}".to_owned(), "line 3 column 1"),
        ("\u{1f998}".to_owned(), "line 1"),
        ("[]".to_owned(), "line 1"),
        (r#"{ "servers": [] }"#.to_owned(), "`herd`"),
        (r#"{ "herd": "x" }"#.to_owned(), "`servers`"),
        (herd(""), "`servers`"),
        (herd("{}"), "`name`"),
        (herd(&format!("{server} , \"prot\": 1 }}")), "`prot`"),
        (herd(&format!("{server} }}, {server} }}")), "server \"A\""),
        (herd(&format!("{server}, \"talks_with\": [\"B\"] }}")), "talks_with names \"B\""),
        (herd(&format!("{server}, \"talks_with\": [\"A\"] }}")), "itself"),
        (herd(&format!("{server}, \"neighbour_port\": 4000 }}")), "127.0.0.1:4000"),
        (herd(r#"{ "name": "A B", "host": "h", "port": 1 }"#), "server \"A B\""),
        (herd(r#"{ "name": "A", "host": "h h", "port": 1 }"#), "\"h h\""),
        (herd(r#"{ "name": "A", "host": "h", "port": 65536 }"#), "65536"),
        (herd(r#"{ "name": "A", "host": ":5", "port": 1 }"#), "server \"A\": host \":5\""),
        (herd(r#"{ "name": "..", "host": "h", "port": 1 }"#), "server \"..\""),
        (herd(r#"{ "name": "A", "host": "h", "port": 65000 }"#), "neighbour_port"),
        (herd(r#"{ "name": "A", "host": "h", "port": 0 }"#), "port must be 1 to 65535"),
    ] {
        let directory = Directory::new();
        let path = directory.join("broken.json");
        fs::write(&path, &file).unwrap();
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        let ended = Process::run(command.args(["-H", "broken.json", "A"]), directory.path());
        let why = refused(&ended, USAGE);
        assert!(why.starts_with("herd: herd broken.json: "), "{why}");
        assert!(why.contains(named), "{file}: {why}");
    }
}

#[test]
fn a_key_that_is_none_is_refused_and_not_shown() {
    let directory = Directory::new();
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.arg("Goloman").env("GOOGLE_PLACES_API_KEY", "top secret");
    let ended = Process::run(&mut command, directory.path());
    let why = refused(&ended, USAGE);
    assert!(why.contains("GOOGLE_PLACES_API_KEY") && !why.contains("secret"), "{why}");
}

#[test]
fn a_certificate_authority_that_is_not_there_is_named() {
    let ended = run(&["Goloman", "--places-ca", "nowhere.pem"]);
    let why = refused(&ended, USAGE);
    assert!(why.contains("--places-ca nowhere.pem: "), "{why}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let a = herd.start("A");
    let mut command = herd.command("A");
    command.args(["--log-dir", "elsewhere"]);
    let ended = Process::run(&mut command, herd.directory.path());
    let why = refused(&ended, RUN_TIME);
    let taken = format!("cannot listen on 127.0.0.1:{} for clients: ", a.port);
    assert!(why.contains(&taken), "{why}");
    let log = fs::read_to_string(herd.directory.join("elsewhere/A.log")).unwrap();
    let logged = log.lines().find(|line| line.contains(&taken)).unwrap();
    assert!(logged.contains(" ERROR A ends: "), "{logged}");
    // Also the port for neighbours.
    let port = herd.neighbour_port("B");
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let ended = Process::run(&mut herd.command("B"), herd.directory.path());
    let why = refused(&ended, RUN_TIME);
    let taken = format!("cannot listen on 127.0.0.1:{port} for neighbours: ");
    assert!(why.contains(&taken), "{why}");
    // Who was there first does not mind.
    assert_eq!(a.ask("x"), "? x");
}

#[test]
fn an_address_of_another_machine_is_no_address_to_listen_on() {
    // One of those that are kept for documentation.
    let herd = Herd::at("192.0.2.17", &[("A", &[])]);
    let ended = Process::run(&mut herd.command("A"), herd.directory.path());
    let why = refused(&ended, RUN_TIME);
    assert!(why.contains("cannot listen on 192.0.2.17:") && why.contains("`listen`"), "{why}");
}

#[test]
fn a_filter_that_hides_everything_is_said() {
    let herd = Herd::of(&[("A", &[])]);
    let errors = |filter: &str| {
        let mut command = herd.command("A");
        command.env("RUST_LOG", filter);
        let mut a = herd.start_by("A", command);
        a.process.signal("TERM");
        a.process.wait();
        assert_eq!(a.log().is_empty(), !filter.is_empty(), "{filter:?}: {}", a.log());
        a.process.errors()
    };
    let said = errors("warning");
    assert!(said.starts_with("herd: RUST_LOG=\"warning\" ") && said.ends_with('\n'), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!((errors("off"), errors("")), (String::new(), String::new()));
}

#[test]
fn a_log_directory_that_cannot_be_made_is_said() {
    let herd = Herd::of(&[("A", &[])]);
    let file = herd.directory.join("file");
    fs::write(&file, "").unwrap();
    let mut command = herd.command("A");
    command.arg("--log-dir").arg(file.join("logs"));
    let ended = Process::run(&mut command, herd.directory.path());
    let why = refused(&ended, RUN_TIME);
    assert!(why.contains("/file/logs/A.log cannot be opened: "), "{why}");
}

#[test]
fn where_it_listens_and_logs_is_printed_once_it_does() {
    let herd = Herd::of(&[("A", &[])]);
    let mut command = herd.command("A");
    command.args(["--log-dir", "deep/down"]);
    let a = herd.start_by("A", command);
    let Ended { output, .. } = {
        a.process.signal("TERM");
        a.process.end()
    };
    let (port, neighbours) = (a.port, a.neighbour_port);
    let at = |port: u16| format!("127.0.0.1:{port}");
    let (clients, neighbours) = (at(port), at(neighbours));
    let expected = format!("A: clients {clients}, neighbours {neighbours}, log deep/down/A.log\n");
    assert_eq!(output, expected);
    assert!(herd.directory.join("deep/down/A.log").exists());
}

#[test]
fn that_all_its_links_are_up_is_printed_once() {
    let herd = Herd::of(&[("A", &["B", "C"]), ("B", &[]), ("C", &[])]);
    let a = herd.start("A");
    let mut b = herd.start("B");
    a.wait_for_log("link to B is up");
    let linked = "A: linked with all 2 neighbours\n";
    assert!(!a.process.output().contains("linked"), "C is not there yet");
    let _c = herd.start("C");
    until("it is linked with all", || a.process.output().ends_with(linked).then_some(()));
    b.process.kill();
    a.wait_for_log("link to B is down");
    let _b = herd.start("B");
    until("the link is up again", || {
        (a.log().matches("link to B is up").count() == 2).then_some(())
    });
    assert_eq!(a.process.output().matches("linked").count(), 1);
}

#[test]
fn a_server_whose_output_nobody_takes_serves_all_the_same() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    let _b = herd.start("B");
    let mut command = bare("sh");
    command.args(["-c", "exec \"$@\" >/dev/full", "sh"]);
    command.arg(herd.command("A").get_program()).args(herd.command("A").get_args());
    let mut a = Process::start(&mut command, herd.directory.path());
    a.log = Some(herd.directory.join("logs/A.log"));
    until("it is linked", || {
        let log = fs::read_to_string(a.log.as_ref()?).ok()?;
        log.contains("link to B is up").then_some(())
    });
    let mut client = Client::connect((Ipv4Addr::LOCALHOST, herd.port("A")).into());
    assert_eq!(client.ask("x"), "? x");
}

#[test]
fn a_check_of_places_says_whether_it_answers() {
    let directory = Directory::new();
    let mut places = StandIn::start(&["--require-key", "not-a-real-key"]);
    let key = directory.join("key");
    fs::write(&key, "not-a-real-key\n").unwrap();
    let check = |mode: u32, places: &StandIn| {
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        command.args(["--check", "--places", &places.url(), "--places-key-file", "key"]);
        command.arg("--places-ca").arg(places.authority());
        Process::run(&mut command, directory.path())
    };
    let well = check(0o600, &places);
    assert_eq!((well.code, well.errors.as_str()), (Some(0), ""), "{well:?}");
    assert!(well.output.ends_with("Places answers\n"), "{}", well.output);
    assert!(!well.output.contains("not-a-real-key"), "{}", well.output);
    // A key that everybody may read is none.
    let why = check(0o644, &places);
    let why = refused(&why, USAGE);
    assert!(why.contains("--places-key-file") && !why.contains("not-a-real-key"), "{why}");
    places.stop();
    let down = check(0o600, &places);
    assert_eq!(down.code, Some(RUN_TIME), "{down:?}");
    assert!(down.errors.starts_with("herd: Places does not answer"), "{}", down.errors);
}

#[test]
fn a_key_file_must_be_a_file_of_its_owner_s_alone_with_a_key_in_it() {
    let directory = Directory::new();
    // Nobody is there: a check that goes so far has taken the key.
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let url = format!("https://{nobody}/maps/api/place/nearbysearch/json");
    let check = |file: &str| {
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        command.args(["--check", "--places", &url, "--places-key-file", file]);
        Process::run(&mut command, directory.path())
    };
    let write = |file: &str, content: &str, mode: u32| {
        fs::write(directory.join(file), content).unwrap();
        fs::set_permissions(directory.join(file), Permissions::from_mode(mode)).unwrap();
    };
    write("private", "not-a-real-key\n", 0o600);
    write("read-only", "not-a-real-key", 0o400);
    write("open", "not-a-real-key\n", 0o644);
    write("of the group", "not-a-real-key\n", 0o640);
    write("empty", "", 0o600);
    write("two lines", "not-a-real-key\nnot-another\n", 0o600);
    fs::create_dir(directory.join("directory")).unwrap();
    fs::set_permissions(directory.join("directory"), Permissions::from_mode(0o700)).unwrap();
    for (link, file) in [("to private", "private"), ("to open", "open"), ("to nowhere", "nowhere")]
    {
        std::os::unix::fs::symlink(file, directory.join(link)).unwrap();
    }
    for file in ["private", "read-only", "to private"] {
        let ended = check(file);
        assert_eq!(ended.code, Some(RUN_TIME), "{file}: {ended:?}");
        assert!(ended.errors.contains("cannot connect"), "{file}: {}", ended.errors);
        assert!(ended.output.contains("with a key"), "{file}: {}", ended.output);
    }
    for (file, named) in [
        ("open", "(mode 644): chmod 600 it"),
        ("to open", "(mode 644): chmod 600 it"),
        ("of the group", "(mode 640): chmod 600 it"),
        ("empty", "is empty"),
        ("two lines", "has a character other than"),
        ("directory", "directory"),
        ("nowhere", "No such file"),
        ("to nowhere", "No such file"),
    ] {
        let ended = check(file);
        let why = refused(&ended, USAGE);
        assert!(why.contains("--places-key-file") && why.contains(named), "{file}: {why}");
        assert!(!why.contains("not-a"), "{file}: {why}");
    }
}

#[test]
fn a_server_is_asked_whether_it_is_alive_and_the_exit_status_says() {
    let directory = Directory::new();
    let check = |url: &str, keys: &[&str]| {
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        Process::run(command.args(keys).args(["--check-health", url]), directory.path())
    };
    assert!(refused(&check("localhost:80", &[]), USAGE).contains("http://"));
    let herd = Herd::of(&[("A", &[])]).with_web();
    let server = herd.start("A");
    let [url, unknown] = [server.url("/healthz"), server.url("/nothing")];
    let ended = check(&url, &[]);
    assert_eq!((ended.code, ended.output.as_str(), ended.errors.as_str()), (Some(0), "", ""));
    assert!(refused(&check(&unknown, &[]), RUN_TIME).contains("status 404"));
    drop(server);
    assert!(refused(&check(&url, &[]), RUN_TIME).contains("onnection refused"));

    let herd = Herd::of(&[("A", &[])]).with_web().with_keys();
    let server = herd.start("A");
    let [plain, url] = ["http", "https"].map(|s| server.url("").replacen("http", s, 1));
    let folder = herd.keys();
    let keys = ["--keys", folder.to_str().unwrap()];
    assert_eq!(check(&url, &keys).code, Some(0));
    for ended in [check(&url, &[]), check(&plain, &keys)] {
        refused(&ended, RUN_TIME);
    }
}
