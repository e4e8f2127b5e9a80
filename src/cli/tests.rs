//! Arguments taken and refused.

use super::*;
use crate::limits;
use crate::places::{AskingLimits, Dialect};
use std::os::unix::ffi::OsStringExt;

fn ask(arguments: &[&str]) -> Result<Request, UsageError> {
    parse(arguments.iter().map(OsString::from))
}

fn run(arguments: &[&str]) -> Options {
    match ask(arguments) {
        Ok(Request::Run(options)) => options,
        other => panic!("{arguments:?} gave {other:?}"),
    }
}

fn refused(arguments: &[&str]) -> String {
    let said = ask(arguments).unwrap_err().to_string();
    assert!(!said.contains(['\n', '\r']), "more than one line: {said}");
    assert!(said.contains("herd --help"), "no hint: {said}");
    said
}

#[test]
fn a_server_alone_gets_the_defaults() {
    let expected = Options {
        server: "Goloman".into(),
        herd: "goloman".into(),
        places: PlacesOptions {
            url: None,
            ca: None,
            dialect: None,
            fields: None,
            key_file: None,
            limits: AskingLimits {
                connect_timeout: Duration::from_secs(3),
                first_byte_timeout: Duration::from_secs(4),
                timeout: Duration::from_secs(5),
                calls_per_second: None,
                calls_per_day: None,
                cache: Duration::ZERO,
            },
        },
        journal: None,
        nats: None,
        trust: TrustOptions::default(),
        log_dir: "logs".into(),
        max_skew: Duration::from_secs(86_400),
        memory_bytes: 4_294_967_296,
        bounds: BoundsOptions {
            per_address: None,
            new_per_address: 0,
            first_line: Duration::from_secs(60),
            idle: Duration::ZERO,
        },
        cors: vec![],
        classic: false,
    };
    assert_eq!(run(&["Goloman"]), expected);
    assert_eq!(run(&["--", "Goloman"]), expected);
}

#[test]
fn every_option_is_taken_before_or_after_the_server() {
    let expected = Options {
        server: "-x".into(),
        herd: "a herd.json".into(),
        places: PlacesOptions {
            url: Some("https://localhost:1/p".into()),
            ca: Some("ca.pem".into()),
            dialect: Some(Dialect::New),
            fields: Some("places.id,places.rating".parse().unwrap()),
            key_file: Some("a key".into()),
            limits: AskingLimits {
                connect_timeout: Duration::from_millis(500),
                first_byte_timeout: Duration::from_nanos(1),
                timeout: Duration::from_secs(600),
                calls_per_second: Some(0),
                calls_per_day: Some(u32::MAX),
                cache: Duration::from_millis(2_500),
            },
        },
        journal: Some(JournalOptions { dir: "a journal".into(), sync: JournalSync::Always }),
        // They have tests of their own.
        nats: None,
        trust: TrustOptions {
            keys: Some("the keys".into()),
            keys_optional: true,
            certificate: Some(("c.pem".into(), "k.pem".into())),
            require_tokens: true,
        },
        log_dir: "/tmp/l".into(),
        max_skew: Duration::from_millis(1_500),
        memory_bytes: 67_108_864,
        bounds: BoundsOptions {
            per_address: Some(100),
            new_per_address: 7,
            first_line: Duration::ZERO,
            idle: Duration::from_secs(315_619_200),
        },
        cors: vec!["https://example.org".into(), "http://localhost:5500".into()],
        classic: true,
    };
    let arguments = [
        "-H",
        "a herd.json",
        "--places",
        "https://localhost:1/p",
        "--places-ca=ca.pem",
        "--places-dialect",
        "new",
        "--places-fields=places.id,places.rating",
        "--places-key-file",
        "a key",
        "--places-connect-timeout=0.5",
        "--places-first-byte-timeout=0.000000001",
        "--places-timeout=600",
        "--places-calls-per-second=0",
        "--places-calls-per-day=4294967295",
        "--places-cache=2.5",
        "--journal=a journal",
        "--journal-sync",
        "always",
        "--keys",
        "the keys",
        "--keys-optional",
        "--cert=c.pem",
        "--key=k.pem",
        "--require-tokens",
        "--log-dir",
        "/tmp/l",
        "--max-skew=1.5",
        "--memory=64",
        "--connections-per-address=100",
        "--new-per-address",
        "7",
        "--first-line=0",
        "--idle=315619200",
        "--cors=https://Example.org:443",
        "--cors",
        "http://localhost:5500",
        "--cors=https://example.org",
        "--classic",
        "--",
        "-x",
    ];
    assert_eq!(run(&arguments), expected);
    assert_eq!(run(&["Hands", "--herd", "riley"]).herd, "riley");
    let legacy = run(&["Hands", "--places-dialect", "legacy"]).places.dialect;
    assert_eq!(legacy, Some(Dialect::Legacy));
}

#[test]
fn help_names_every_option_default_herd_variable_and_status() {
    for arguments in [["-h"].as_slice(), &["--help"], &["-V", "--help", "A", "B"]] {
        let Ok(Request::Help(help)) = ask(arguments) else { panic!("no help") };
        for word in [
            "Usage: herd [options] SERVER",
            "-H, --herd NAME|FILE",
            "--places URL",
            "--places-ca PEM",
            "--places-dialect DIALECT",
            "legacy or new",
            "--places-fields MASK",
            "--places-key-file FILE",
            "--connections-per-address N",
            "--new-per-address N",
            "--first-line S",
            "--idle S",
            "--cors ORIGIN",
            "--places-connect-timeout S",
            "--places-first-byte-timeout S",
            "--places-timeout S",
            "--places-calls-per-second N",
            "--places-calls-per-day N",
            "--places-cache S",
            "--check",
            "--check-journal DIR",
            "--journal DIR",
            "--journal-sync WHEN",
            "--nats URL",
            "--nats-subject SUBJECT",
            "--nats-credentials FILE",
            "--nats-ca PEM",
            "--nats-clients",
            "--keys DIR",
            "--keys-optional",
            "--cert PEM",
            "--key PEM",
            "--require-tokens",
            "second",
            "always",
            "--log-dir DIR",
            "--max-skew S",
            "86400",
            "--memory MIB",
            "4096",
            "--classic",
            "-h, --help",
            "-V, --version",
            "goloman\n",
            "alford\n",
            "riley\n",
            "GOOGLE_PLACES_API_KEY",
            "RUST_LOG",
            "Exit status",
        ] {
            assert!(help.contains(word), "{word:?} is not in\n{help}");
        }
        assert!(help.ends_with('\n') && !help.ends_with("\n\n"));
        assert!(help.lines().all(|line| line.len() <= 100), "{help}");
    }
}

#[test]
fn the_version_is_the_package_s() {
    let expected = Request::Version(format!("herd {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(ask(&["-V"]).unwrap(), expected);
    assert_eq!(ask(&["--version"]).unwrap(), expected);
}

#[test]
fn wrong_usage_is_said_in_one_line() {
    assert!(refused(&[]).starts_with("which server?"));
    assert!(refused(&["A", "B"]).contains("\"B\""));
    assert!(refused(&["--nonsense\nx", "A"]).contains("nonsense x"));
    assert!(refused(&["A", "--herd"]).contains("herd"));
    assert!(refused(&["A", "-Ha", "--herd=b"]).contains("more than once"));
    assert!(refused(&["A", "--classic=yes"]).contains("classic"));
    assert!(refused(&["A", "--places-dialect", "old"]).contains("\"old\""));
}

#[test]
fn a_check_needs_no_server_but_takes_the_line_of_one() {
    let check = |arguments: &[&str]| match ask(arguments) {
        Ok(Request::Check(options)) => options,
        other => panic!("{arguments:?} gave {other:?}"),
    };
    assert_eq!(check(&["--check"]), PlacesOptions::default());
    let arguments = ["Goloman", "--check", "--places", "https://h/p", "-H", "riley"];
    assert_eq!(check(&arguments).url.as_deref(), Some("https://h/p"));
    assert!(refused(&["--check", "A", "B"]).contains("\"B\""));
    assert!(refused(&["--check", "--places-dialect", "old"]).contains("\"old\""));
}

#[test]
fn a_journal_is_forced_to_the_disk_each_second_unless_something_else_is_said() {
    let journal = |arguments: &[&str]| run(&[&["A", "--journal", "j"], arguments].concat()).journal;
    let with = |sync| Some(JournalOptions { dir: "j".into(), sync });
    assert_eq!(journal(&[]), with(JournalSync::Second));
    assert_eq!(journal(&["--journal-sync=second"]), with(JournalSync::Second));
    assert_eq!(journal(&["--journal-sync=always"]), with(JournalSync::Always));
    for wrong in ["", "never", "Always", "1"] {
        let said = refused(&["A", "--journal=j", &format!("--journal-sync={wrong}")]);
        assert!(said.starts_with(&format!("--journal-sync {wrong:?}: it is second")), "{said}");
    }
    assert!(refused(&["A", "--journal-sync", "always"]).contains("without --journal"));
    assert!(refused(&["A", "--journal"]).contains("journal"));
}

#[test]
fn a_journal_is_checked_without_a_server() {
    let check = |arguments: &[&str]| match ask(arguments) {
        Ok(Request::CheckJournal(folder)) => folder,
        other => panic!("{arguments:?} gave {other:?}"),
    };
    assert_eq!(check(&["--check-journal", "j"]), PathBuf::from("j"));
    assert_eq!(check(&["Goloman", "--check-journal=j", "--journal", "k"]), PathBuf::from("j"));
    assert!(refused(&["--check-journal", "j", "A", "B"]).contains("\"B\""));
    assert!(refused(&["--check-journal"]).contains("check-journal"));
}

#[test]
fn times_and_counts_for_places_have_their_limits() {
    assert_eq!(run(&["A", "--places-cache", "0"]).places.limits.cache, Duration::ZERO);
    let hour = run(&["A", "--places-cache", "3600"]).places.limits.cache;
    assert_eq!(hour, limits::PLACES_CACHE_AGE_MAX);
    for option in ["places-connect-timeout", "places-first-byte-timeout", "places-timeout"] {
        for wrong in ["0", "0.0", "", "1s", "1e3", "-1", "600.1", "0.0000000001"] {
            let said = refused(&["A", &format!("--{option}={wrong}")]);
            let start = format!("--{option} {wrong:?}: give seconds");
            assert!(said.starts_with(&start) && said.contains("more than 0"), "{said}");
        }
    }
    assert!(refused(&["A", "--places-cache=3601"]).contains("at most 3600"));
    for option in ["places-calls-per-second", "places-calls-per-day"] {
        for wrong in ["", "-1", "+1", "1.0", " 1", "4294967296", "many"] {
            let said = refused(&["A", &format!("--{option}={wrong}")]);
            assert!(said.starts_with(&format!("--{option} {wrong:?}: give a whole")), "{said}");
        }
    }
    let said = refused(&["A", "--places-fields", "rating"]);
    assert!(said.contains("\"rating\" is no path"), "{said}");
}

#[test]
fn arguments_that_are_not_utf_8_are_refused() {
    let said = parse([OsString::from_vec(b"Go\xff".to_vec())].into_iter()).unwrap_err();
    assert!(said.to_string().starts_with("argument \"Go\\xFF\" is not UTF-8"), "{said}");
}

#[test]
fn max_skew_is_digits_with_an_optional_fraction() {
    let skew = |text: &str| run(&["A", "--max-skew", text]).max_skew;
    assert_eq!(skew("0"), Duration::ZERO);
    assert_eq!(skew("007"), Duration::from_secs(7));
    assert_eq!(skew("0.000000001"), Duration::from_nanos(1));
    assert_eq!(skew("1.9999999999"), Duration::new(1, 999_999_999));
    assert_eq!(skew("315619200"), SKEW_MAX);
    for wrong in [
        "",
        ".5",
        "5.",
        "1e3",
        "+1",
        "1 ",
        "nan",
        "1.2.3",
        "١",
        "315619201",
        "315619200.000000001",
        "99999999999999999999999",
    ] {
        assert!(refused(&["A", "--max-skew", wrong]).contains("--max-skew"), "{wrong}");
    }
    assert!(refused(&["A", "--max-skew=-1"]).contains("--max-skew"));
}

#[test]
fn memory_is_a_whole_number_of_mebibytes() {
    let memory = |text: &str| run(&["A", "--memory", text]).memory_bytes;
    assert_eq!(memory("1"), 1_048_576);
    assert_eq!(memory("004096"), POSITIONS_BYTES_DEFAULT);
    assert_eq!(memory("1048576"), POSITIONS_BYTES_MAX);
    for wrong in ["", "0", "1.5", "+1", "1 ", "1M", "1048577", "99999999999999999999999"] {
        let said = refused(&["A", "--memory", wrong]);
        assert!(said.starts_with(&format!("--memory {wrong:?}: give MiB")), "{said}");
    }
}

#[test]
fn bounds_against_strangers_have_their_limits() {
    for option in ["--first-line", "--idle"] {
        for wrong in ["", "-1", "1s", "315619201", "315619200.000000001"] {
            let said = refused(&["A", &format!("{option}={wrong}")]);
            assert!(said.starts_with(&format!("{option} {wrong:?}: give seconds")), "{said}");
        }
    }
    for option in ["--connections-per-address", "--new-per-address"] {
        for wrong in ["", "-1", "1.5", "4294967296"] {
            let said = refused(&["A", &format!("{option}={wrong}")]);
            assert!(
                said.starts_with(&format!("{option} {wrong:?}: give a whole number")),
                "{said}"
            );
        }
    }
}

#[test]
fn what_is_no_origin_is_refused_in_one_line() {
    for wrong in ["*", "null", "example.org", "https://example.org/", "ftp://h", "http://h\nx"] {
        let said = refused(&["A", "--cors", "https://example.org", "--cors", wrong]);
        assert!(said.starts_with(&format!("--cors {wrong:?}: give an origin")), "{said}");
    }
}

#[test]
fn options_of_trust_that_need_another_are_refused_without_it() {
    for (given, needs) in [
        (["A", "--keys-optional"], "--keys-optional needs --keys"),
        (["A", "--require-tokens"], "--require-tokens needs --keys"),
        (["A", "--cert=c.pem"], "--cert needs --key"),
        (["A", "--key=k.pem"], "--key needs --cert"),
    ] {
        let said = refused(&given);
        assert!(said.starts_with(needs), "{said}");
    }
}

#[test]
fn a_server_is_asked_for_its_health_at_a_url() {
    let asked = |arguments: &[&str]| match ask(arguments) {
        Ok(Request::CheckHealth(HealthOptions { url, keys })) => (url, keys),
        other => panic!("{arguments:?} gave {other:?}"),
    };
    let url = "http://127.0.0.1:13645";
    assert_eq!(asked(&["--check-health", url]), (url.to_owned(), None));
    let keys = Some(PathBuf::from("k"));
    assert_eq!(asked(&["--keys", "k", "--check-health", url]), (url.to_owned(), keys));
    assert!(refused(&["--check-health"]).contains("check-health"));
}
