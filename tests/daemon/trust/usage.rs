//! What cannot be used is said in one line, before anything listens.

use super::{EXPIRED, Shown, herdca, make_fifo};
use crate::harness::herd::bare;
use crate::harness::{Directory, Herd, Process};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// Runs a server with more arguments; why it would not.
#[track_caller]
fn refused(herd: &Herd, more: &[&str], words: &str) {
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.args(more).args(herd.arguments("A"));
    let ended = Process::run(&mut command, herd.directory.path());
    assert_eq!((ended.code, ended.output.as_str()), (Some(2), ""), "{more:?}: {ended:?}");
    let said = ended.errors.strip_suffix('\n').unwrap();
    assert!(said.starts_with("herd: ") && !said.contains('\n'), "{said}");
    assert!(said.contains(words), "{more:?}: {words:?} is not in {said:?}");
}

#[test]
fn options_that_lack_others_are_wrong_usage() {
    let herd = Herd::of(&[("A", &[])]);
    refused(&herd, &["--cert", "a.pem"], "--key");
    refused(&herd, &["--key", "a.key"], "--cert");
    refused(&herd, &["--require-tokens"], "--keys");
    refused(&herd, &["--keys-optional"], "--keys");
    let herd = herd.with_tls();
    refused(&herd, &[], "tls_port ");
}

#[test]
fn what_is_missing_or_open_to_others_is_wrong_usage() {
    let herd = Herd::of(&[("A", &["B"]), ("B", &[])]);
    refused(&herd, &["--keys", "nowhere"], "nowhere/ca.pem: ");
    herd.make_keys();
    let keys = herd.keys();
    let with_keys = ["--keys", keys.to_str().unwrap(), "--require-tokens"];
    for file in ["ca.pem", "A.pem", "A.key", "tokens.pub", "revoked"] {
        let path = keys.join(file);
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        refused(&herd, &with_keys, &format!("{file}: No such file"));
        make_fifo(&path);
        refused(&herd, &with_keys, &format!("{file}: it is no regular file"));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused(&herd, &with_keys, &format!("{file}: it is no regular file"));
        fs::remove_dir(&path).unwrap();
        if file != "revoked" {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            refused(&herd, &with_keys, &format!("{file}: "));
        }
        fs::write(&path, &good).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    let Shown { certificate, key } = Shown::of(&herd, "A");
    let [certificate, key] = [&certificate, &key].map(|path| path.to_str().unwrap());
    for mode in [0o640, 0o604, 0o660, 0o601] {
        fs::set_permissions(key, Permissions::from_mode(mode)).unwrap();
        let words = format!("A.key: others may read that key (mode {mode:o})");
        refused(&herd, &with_keys, &words);
        refused(&herd, &["--cert", certificate, "--key", key], &words);
    }
    fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
    let another = keys.join("B.key");
    let another = another.to_str().unwrap();
    refused(&herd, &["--cert", certificate, "--key", another], "no pair");
    refused(&herd, &["--cert", "nowhere.pem", "--key", key], "nowhere.pem: ");
    refused(&herd, &["--cert", certificate, "--key", "nowhere.key"], "nowhere.key: ");
    fs::copy(another, key).unwrap();
    refused(&herd, &with_keys, "no pair");
    for (shown, words) in [
        (Shown::of(&herd, "B"), "A.pem: it is not for a.test"),
        (Shown::by_a_stranger(&herd, &["a.test"]), "A.pem: its authority is not trusted here"),
        (Shown::by_the_herd(&herd, &["a.test"], EXPIRED), "A.pem: certificate expired"),
    ] {
        shown.install(&keys, "A");
        refused(&herd, &with_keys, words);
    }
    // All is well, and so it was not for another reason that they were refused.
    herdca(&herd, &["server", "A"]);
    let mut command = bare(env!("CARGO_BIN_EXE_herd"));
    command.args(with_keys).args(herd.arguments("A"));
    let server = herd.start_by("A", command);
    assert_eq!(server.ask("x"), "? x");
}

#[test]
fn names_that_are_no_labels_of_the_dns_have_no_certificates() {
    let directory = Directory::new();
    for (names, words) in
        [(["a_b", "c"], "a_b"), (["Ab", "aB"], "case"), (["-a", "b"], "-a"), (["a.b", "c"], "a.b")]
    {
        let server = |name: &str, port: u16| serde_json::json!({"name": name, "host": "127.0.0.1", "port": port, "neighbour_port": port + 1});
        let servers = [server(names[0], 8_401), server(names[1], 8_403)];
        let file = directory.join("herd.json");
        let herd = serde_json::json!({"herd": "test", "servers": servers});
        fs::write(&file, herd.to_string()).unwrap();
        let mut command = bare(env!("CARGO_BIN_EXE_herd"));
        command.arg("-H").arg(&file).args(["--keys", "keys", "--", names[0]]);
        let ended = Process::run(&mut command, directory.path());
        assert_eq!(ended.code, Some(2), "{names:?}: {ended:?}");
        assert_eq!(ended.errors.lines().count(), 1, "{ended:?}");
        assert!(ended.errors.contains(words), "{words}: {ended:?}");
    }
}
