//! `herdca` as a program: what it makes is looked at by OpenSSL's own tool as well as by the library.

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Directory, Process};
use herd::tokens::{PublicKey, Revoked, Right, Verifier};
use std::fs::{self, Permissions};
use std::io::{Write, stderr};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const USAGE: i32 = 2;
const RUN_TIME: i32 = 1;
const DAY: u64 = 86_400;

fn run(directory: &Directory, arguments: &[&str]) -> Ended {
    let mut command = bare(env!("CARGO_BIN_EXE_herdca"));
    Process::run(command.args(arguments), directory.path())
}

/// What it says when all is well.
#[track_caller]
fn done(directory: &Directory, arguments: &[&str]) -> String {
    let ended = run(directory, arguments);
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""), "{ended:?}");
    ended.output
}

/// Why it was not done: one line.
#[track_caller]
fn refused(directory: &Directory, arguments: &[&str], code: i32) -> String {
    let ended = run(directory, arguments);
    assert_eq!((ended.code, ended.output.as_str()), (Some(code), ""), "{ended:?}");
    let why = ended.errors.strip_suffix('\n').unwrap();
    assert!(why.starts_with("herdca: ") && !why.contains('\n'), "{why:?}");
    why.to_owned()
}

/// A directory in which `keys` is of the herd goloman.
fn made() -> Directory {
    let directory = Directory::new();
    done(&directory, &["new", "keys", "--herd", "goloman"]);
    directory
}

/// What OpenSSL says of it, without a complaint; nothing, said clearly, where there is none.
#[track_caller]
fn openssl(directory: &Directory, line: &str) -> Option<String> {
    let command = |words: &mut dyn Iterator<Item = &str>| {
        Command::new("openssl").args(words).current_dir(directory.path()).output()
    };
    if command(&mut ["version"].into_iter()).is_err() {
        // Test programs keep what is printed to themselves, but not what is written to the stream.
        let _ = writeln!(stderr(), "  LEFT OUT: there is no openssl, so it was not asked");
        return None;
    }
    let said = command(&mut line.split_whitespace()).unwrap();
    let output = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "openssl {line}: {output} {said:?}");
    Some(output)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn text(directory: &Directory, file: &str) -> String {
    fs::read_to_string(directory.join("keys").join(file)).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_new_folder_holds_all_and_says_so() {
    let directory = Directory::new();
    let said = done(&directory, &["new", "keys", "--herd", "goloman"]);
    let keys = directory.join("keys");
    assert_eq!(mode(&keys), 0o700);
    let mut files = Vec::new();
    for entry in fs::read_dir(&keys).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(mode(&path), if name.ends_with(".key") { 0o600 } else { 0o644 }, "{name}");
        assert!(said.contains(&format!("\n  {name} ")), "{name}: {said}");
        files.push(name);
    }
    assert_eq!(files.len(), 2 * 5 + 6, "{files:?}");
    assert!(said.contains("hands.goloman and 127.0.0.1, until 20"), "{said}");
    let shown = done(&directory, &["show", "keys"]);
    assert!(shown.contains("Hands: hands.goloman, 127.0.0.1: until 20"), "{shown}");
    assert_eq!(shown.matches("key fits").count(), 5, "{shown}");
    assert!(!shown.contains('!') && shown.contains("0 revoked"), "{shown}");
}

#[test]
fn openssl_takes_the_certificates_for_what_they_are_for() {
    let directory = made();
    for line in [
        "-purpose sslserver -verify_hostname hands.goloman keys/Hands.pem",
        "-purpose sslclient -verify_ip 127.0.0.1 keys/Wilkes.pem",
    ] {
        openssl(&directory, &format!("verify -x509_strict -CAfile keys/ca.pem {line}"));
    }
    let Some(server) = openssl(&directory, "x509 -in keys/Hands.pem -noout -text") else { return };
    for words in [
        "DNS:hands.goloman, IP Address:127.0.0.1\n",
        "TLS Web Server Authentication, TLS Web Client Authentication\n",
        "CA:FALSE",
        "NIST CURVE: P-256",
    ] {
        assert!(server.contains(words), "{words}: {server}");
    }
    let authority = openssl(&directory, "x509 -in keys/ca.pem -noout -text").unwrap();
    for words in [
        "CA:TRUE, pathlen:0",
        "Certificate Sign, CRL Sign\n",
        "X509v3 Name Constraints: critical",
        "DNS:goloman\n",
        "IP:127.0.0.1/255.255.255.255\n",
    ] {
        assert!(authority.contains(words), "{words}: {authority}");
    }
    let serial = openssl(&directory, "x509 -in keys/Hands.pem -noout -serial").unwrap();
    assert_eq!(serial.trim_end().len(), "serial=".len() + 32, "{serial}");
}

#[test]
fn it_is_never_made_over_what_is_there() {
    let directory = made();
    let before = text(&directory, "ca.pem");
    fs::write(directory.join("file"), "mine").unwrap();
    fs::create_dir(directory.join("empty")).unwrap();
    symlink("nowhere", directory.join("link")).unwrap();
    for there in ["keys", "file", "empty", "link"] {
        let why = refused(&directory, &["new", there, "--herd", "goloman"], RUN_TIME);
        assert!(why.contains(there) && why.contains("writes over nothing"), "{why}");
    }
    assert_eq!(text(&directory, "ca.pem"), before);
    assert_eq!(fs::read_to_string(directory.join("file")).unwrap(), "mine");
    assert!(!directory.join("nowhere").exists());
    let why = refused(&directory, &["new", "not/there", "--herd", "goloman"], RUN_TIME);
    assert!(why.contains("not/there: cannot be made"), "{why}");
}

#[test]
fn a_herd_whose_names_are_no_labels_is_refused() {
    let directory = Directory::new();
    for (servers, word) in [
        (r#"{"name":"a.b","host":"h","port":1}"#, "a.b"),
        (r#"{"name":"Ab","host":"h","port":1},{"name":"aB","host":"i","port":1}"#, "case"),
        (r#"{"name":"ca","host":"h","port":1}"#, "ca.key"),
        (r#"{"name":"a","host":"h"}"#, "port"),
    ] {
        fs::write(directory.join("herd"), format!(r#"{{"herd":"x","servers":[{servers}]}}"#))
            .unwrap();
        let why = refused(&directory, &["new", "keys", "--herd", "herd"], USAGE);
        assert!(why.contains(word), "{why}");
    }
    refused(&directory, &["new", "keys", "--herd", "nowhere"], USAGE);
    refused(&directory, &["new", "keys"], USAGE);
    refused(&directory, &["sign", "keys"], USAGE);
    assert!(!directory.join("keys").exists());
}

#[test]
fn a_renewed_server_has_another_key_and_the_same_names() {
    let directory = made();
    let files = ["Hands.pem", "Hands.key", "Welsh.pem", "ca.pem", "tokens.key"];
    let before = files.map(|file| text(&directory, file));
    // One that was left behind by a process that was killed.
    fs::write(directory.join("keys/Hands.key.new"), "half").unwrap();
    let said = done(&directory, &["server", "keys", "Hands"]);
    assert!(said.contains("hands.goloman and 127.0.0.1") && said.contains("SIGHUP"), "{said}");
    let after = files.map(|file| text(&directory, file));
    for (at, file) in files.iter().enumerate() {
        assert_eq!(before[at] != after[at], at < 2, "{file}");
    }
    assert_eq!(mode(&directory.join("keys/Hands.key")), 0o600);
    let shown = done(&directory, &["show", "keys"]);
    assert_eq!(shown.matches("key fits").count(), 5, "{shown}");
    assert!(!directory.join("keys/Hands.key.new").exists());
    let public = openssl(&directory, "x509 -in keys/Hands.pem -noout -pubkey");
    assert_eq!(public, openssl(&directory, "pkey -in keys/Hands.key -pubout"));
    refused(&directory, &["server", "keys", "hands"], USAGE);
    // What the authority was not made for it cannot vouch for.
    let moved = text(&directory, "herd.json").replacen("127.0.0.1", "10.0.0.1", 1);
    fs::write(directory.join("keys/herd.json"), moved).unwrap();
    let why = refused(&directory, &["server", "keys", "Goloman"], RUN_TIME);
    assert!(why.contains("10.0.0.1") && why.contains("herdca new"), "{why}");
    let shown = run(&directory, &["show", "keys"]);
    assert_eq!(shown.code, Some(RUN_TIME));
    assert!(shown.output.starts_with("! Goloman.pem is not for what herd.json says"), "{shown:?}");
}

#[test]
fn a_token_is_verified_by_the_library_and_by_openssl() {
    let directory = made();
    let line = "token keys --name fleet --clients truck-* --clients van --may report,ask";
    let words: Vec<&str> = line.split(' ').collect();
    let made = run(&directory, &words);
    assert_eq!(made.code, Some(0));
    let (token, id) = (made.output.trim_end(), made.errors.trim_end());
    assert!(id.len() == 32 && !made.output.trim_end().contains('\n'), "{made:?}");
    let key = PublicKey::from_pem(text(&directory, "tokens.pub").as_bytes()).unwrap();
    let verifier = Verifier::new(key, "goloman");
    let claims = verifier.verify(token.as_bytes(), now()).unwrap();
    assert_eq!((claims.name(), claims.id()), ("fleet", id));
    assert!(claims.may(Right::Report) && claims.may(Right::Ask) && !claims.may(Right::Watch));
    assert!(claims.covers(b"truck-7") && claims.covers(b"van") && !claims.covers(b"kiwi"));
    assert!(!claims.is_over(now() + 364 * DAY) && claims.is_over(now() + 366 * DAY));

    let (signed, signature) = token.rsplit_once('.').unwrap();
    fs::write(directory.join("signed"), signed).unwrap();
    use base64::Engine;
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    fs::write(directory.join("signature"), signature).unwrap();
    openssl(
        &directory,
        "pkeyutl -verify -rawin -pubin -inkey keys/tokens.pub -in signed -sigfile signature",
    );
    let public = openssl(&directory, "pkey -in keys/tokens.key -pubout");
    assert!(public.is_none_or(|public| public == text(&directory, "tokens.pub")));

    let said = done(&directory, &["revoke", "keys", id]);
    assert!(said.contains("keys/revoked") && said.contains("SIGHUP"), "{said}");
    assert!(done(&directory, &["revoke", "keys", id]).contains("before"));
    done(&directory, &["revoke", "keys", "another"]);
    assert_eq!(text(&directory, "revoked"), format!("{id}\nanother\n"));
    assert!(Revoked::parse(text(&directory, "revoked").as_bytes()).unwrap().contains(id));
    assert!(done(&directory, &["show", "keys"]).contains("2 revoked"));

    let long = "x".repeat(257);
    for (line, word) in [
        ("revoke keys a/b", "a/b"),
        ("token keys --name n --clients * --may write", "write"),
        ("token keys --name n --clients *", "--may"),
        (&format!("token keys --name {long} --clients * --may ask"), "--name"),
    ] {
        let why = refused(&directory, &line.split(' ').collect::<Vec<_>>(), USAGE);
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn what_is_wrong_is_shown_first_also_in_a_servers_folder() {
    let directory = made();
    let own = directory.join("own");
    fs::create_dir(&own).unwrap();
    for file in ["ca.pem", "Hands.pem", "Hands.key", "tokens.pub", "revoked"] {
        fs::copy(directory.join("keys").join(file), own.join(file)).unwrap();
    }
    let shown = done(&directory, &["show", "own"]);
    assert!(
        shown.contains("its key is not here\nHands: ") && shown.contains("key fits"),
        "{shown}"
    );
    // Everything that can be wrong, one by one.
    let wrong = |words: &str| {
        let shown = run(&directory, &["show", "own"]);
        assert_eq!(shown.code, Some(RUN_TIME));
        let first = shown.output.lines().next().unwrap();
        assert!(first.starts_with("! ") && first.contains(words), "{words}: {}", shown.output);
    };
    fs::set_permissions(own.join("Hands.key"), Permissions::from_mode(0o640)).unwrap();
    wrong("others than its owner may use Hands.key (mode 640)");
    fs::set_permissions(own.join("Hands.key"), Permissions::from_mode(0o600)).unwrap();
    fs::copy(directory.join("keys/Welsh.key"), own.join("Hands.key")).unwrap();
    wrong("Hands.key does not fit its certificate");
    fs::copy(directory.join("keys/Welsh.pem"), own.join("Hands.pem")).unwrap();
    wrong("Hands.pem is not for hands.goloman: it is another server's");
    for file in ["Hands.pem", "Hands.key"] {
        fs::copy(directory.join("keys").join(file), own.join(file)).unwrap();
    }
    fs::write(own.join("revoked"), "one two\n").unwrap();
    wrong("revoked: line 1");
    fs::write(own.join("revoked"), "").unwrap();
    done(&directory, &["new", "other", "--herd", "goloman"]);
    fs::copy(directory.join("other/ca.pem"), own.join("ca.pem")).unwrap();
    wrong("Hands.pem is not of the authority in ca.pem");
    fs::copy(directory.join("other/tokens.key"), directory.join("keys/tokens.key")).unwrap();
    let line = ["token", "keys", "--name", "n", "--clients", "*", "--may", "ask"];
    let why = refused(&directory, &line, RUN_TIME);
    assert!(why.contains("tokens.key does not fit tokens.pub"), "{why}");
}

#[test]
fn what_is_over_or_ends_soon_is_shown_first() {
    let directory = Directory::new();
    let keys = directory.join("keys");
    fs::create_dir(&keys).unwrap();
    let write = |file: &str, seconds: i64| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["h.x".to_owned()]).unwrap();
        let until = now().checked_add_signed(seconds).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(until);
        fs::write(keys.join(file), params.self_signed(&key).unwrap().pem()).unwrap();
    };
    let day = DAY.cast_signed();
    write("Over.pem", -day);
    write("Late.pem", 40 * day);
    write("Soon.pem", 10 * day + 60);
    let shown = run(&directory, &["show", "keys"]);
    assert_eq!(shown.code, Some(RUN_TIME));
    let lines: Vec<&str> = shown.output.lines().collect();
    assert!(lines[0].starts_with("! Over.pem is over since 20"), "{lines:?}");
    assert!(lines[1].starts_with("! Soon.pem ends in 10 days, on 20"), "{lines:?}");
    assert!(lines[1].ends_with(": herdca server keys Soon"), "{lines:?}");
    assert!(lines[2].starts_with("Late: h.x: until 20") && lines[2].contains("(40 days left)"));
    // What ends soon is no failure.
    fs::remove_file(keys.join("Over.pem")).unwrap();
    assert!(done(&directory, &["show", "keys"]).starts_with("! Soon.pem"));
}

#[test]
fn folders_that_are_not_its_own_are_refused() {
    let directory = Directory::new();
    fs::create_dir(directory.join("other")).unwrap();
    fs::write(directory.join("other/file"), "").unwrap();
    for folder in ["other", "nowhere"] {
        for line in ["show", "revoke 0a", "server Hands", "token --name n --clients * --may ask"] {
            let mut words: Vec<&str> = line.split(' ').collect();
            words.insert(1, folder);
            let why = refused(&directory, &words, RUN_TIME);
            assert!(why.contains(folder), "{why}");
        }
    }
    // A key that others may read was perhaps read.
    done(&directory, &["new", "keys", "--herd", "alford"]);
    for key in ["ca.key", "tokens.key"] {
        let path = directory.join("keys").join(key);
        fs::set_permissions(path, Permissions::from_mode(0o604)).unwrap();
    }
    let token = ["token", "keys", "--name", "n", "--clients", "*", "--may", "ask"];
    for words in [&token[..], &["server", "keys", "Welsh"]] {
        assert!(refused(&directory, words, RUN_TIME).contains("mode 604"));
    }
}

#[test]
fn help_and_version_are_printed() {
    let directory = Directory::new();
    let help = done(&directory, &["--help"]);
    assert!(help.starts_with("Usage: herdca new DIR --herd NAME|FILE\n"), "{help}");
    let version = format!("herdca {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(done(&directory, &["-V"]), version);
}
