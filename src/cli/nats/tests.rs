//! The arguments about the message bus.

use super::super::{Options, Request, UsageError, parse};
use super::*;
use std::ffi::OsString;

fn ask(arguments: &[&str]) -> Result<Option<NatsOptions>, UsageError> {
    let arguments = arguments.iter().chain(&["Goloman"]);
    match parse(arguments.map(OsString::from))? {
        Request::Run(Options { nats, .. }) => Ok(nats),
        other => panic!("{other:?}"),
    }
}

fn refused(arguments: &[&str]) -> String {
    let said = ask(arguments).unwrap_err().to_string();
    assert!(!said.contains(['\n', '\r']), "more than one line: {said}");
    assert!(said.contains("herd --help"), "no hint: {said}");
    said
}

#[test]
fn without_a_url_a_server_is_no_gateway() {
    assert_eq!(ask(&[]), Ok(None));
    for option in ["--nats-subject=a", "--nats-credentials=f", "--nats-ca=f", "--nats-clients"] {
        let said = refused(&[option]);
        assert!(said.starts_with(option.split('=').next().unwrap()), "{said}");
        assert!(said.contains(" needs --nats "), "{said}");
    }
}

#[test]
fn with_a_url_alone_it_is_one_as_anybody() {
    let expected = NatsOptions {
        endpoints: vec![Endpoint::plain("localhost", 4_222)],
        credentials: Credentials::None,
        credentials_file: None,
        ca: None,
        subject: "herd".to_owned(),
        clients: false,
    };
    assert_eq!(ask(&["--nats", "nats://localhost"]), Ok(Some(expected)));
}

#[test]
fn all_may_be_said() {
    let given = ask(&[
        "--nats=tls://t0ken@bus:5",
        "--nats-subject=fleet.europe",
        "--nats-ca=bus.pem",
        "--nats-clients",
    ]);
    let given = given.unwrap().unwrap();
    assert!(given.endpoints[0].is_tls());
    assert_eq!(given.credentials, Credentials::Token("t0ken".to_owned()));
    assert_eq!((given.subject.as_str(), given.clients), ("fleet.europe", true));
    assert_eq!(given.ca, Some(PathBuf::from("bus.pem")));
    let in_file = ask(&["--nats=nats://bus", "--nats-credentials=bus.key"]).unwrap().unwrap();
    assert_eq!(in_file.credentials_file, Some(PathBuf::from("bus.key")));
    assert_eq!(in_file.credentials, Credentials::None);
}

#[test]
fn subjects_begin_with_tokens() {
    let longest = "s".repeat(limits::NATS_SUBJECT_PREFIX_BYTES_MAX);
    let subject = |subject: &str| ask(&["--nats=nats://h", &format!("--nats-subject={subject}")]);
    assert_eq!(subject(&longest).unwrap().unwrap().subject, longest);
    for wrong in ["", ".", "a.", "a..b", "a.>", "*", "a b", "a\r\nPUB b 0", &(longest + "s")] {
        assert_eq!(subject(wrong), Err(UsageError::NatsSubject(wrong.to_owned())));
        assert!(!subject(wrong).unwrap_err().to_string().contains(['\n', '\r']));
    }
}

#[test]
fn credentials_are_given_once() {
    let said = refused(&["--nats=nats://u5er:s3cret@h", "--nats-credentials=f"]);
    assert!(said.starts_with("--nats-credentials, ") && !said.contains("s3cret"), "{said}");
}

#[test]
fn no_secret_is_shown() {
    let given = ask(&["--nats=nats://u5er:s3cret@h"]).unwrap();
    let shown = format!("{given:?}");
    assert!(!shown.contains("u5er") && !shown.contains("s3cret"), "{shown}");
    let said = refused(&["--nats=nats://u5er:s3cret@h:0"]);
    assert!(said.starts_with("--nats: its part 1 has a port "), "{said}");
    assert!(!said.contains("u5er") && !said.contains("s3cret"), "{said}");
}

#[test]
fn a_line_holds_a_name_and_a_password_or_a_token() {
    let user = |user: &str, password: &str| {
        Ok(Credentials::User { user: user.to_owned(), password: password.to_owned() })
    };
    assert_eq!(credentials_in("u:p"), user("u", "p"));
    assert_eq!(credentials_in("u:p:q@,%41 "), user("u", "p:q@,%41 "));
    assert_eq!(credentials_in("t@ken"), Ok(Credentials::Token("t@ken".to_owned())));
    let longest = "t".repeat(limits::NATS_CREDENTIALS_BYTES_MAX);
    assert_eq!(credentials_in(&longest), Ok(Credentials::Token(longest.clone())));
    for (line, error) in [
        ("", CredentialsError::Empty),
        (":p", CredentialsError::Empty),
        ("u:", CredentialsError::Empty),
        ("token\n", CredentialsError::Character),
        ("u:p\0", CredentialsError::Character),
        (&(longest + "t"), CredentialsError::TooLong),
    ] {
        assert_eq!(credentials_in(line), Err(error));
    }
}
