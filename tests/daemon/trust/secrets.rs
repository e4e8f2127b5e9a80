//! What a run leaves is searched for what nobody may find there: tokens, and the private halves of keys.

use super::openssl::OpenSsl;
use super::{Shown, caller, client, showing, token};
use crate::harness::Herd;
use std::fs;
use std::path::Path;

/// All files below a folder but those of that name.
fn files_below(folder: &Path, but: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path != but {
            files_below(&path, but, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// The lines of base64 of a key's file, and what they say.
fn secrets_of(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    // What is in front is the same in all keys of a kind.
    let mut secrets: Vec<Vec<u8>> = lines.map(|line| line.as_bytes().to_vec()).collect();
    let der = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.decode(secrets.concat()).unwrap()
    };
    // The private scalar or seed (RFC 5915, RFC 8410): 32 bytes near the front.
    let start = if der.len() > 64 { 36 } else { 16 };
    let secret = &der[start..start + 32];
    secrets.push(secret.to_vec());
    secrets.push(secret.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect());
    secrets
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|part| part == words)
}

#[test]
fn what_a_run_leaves_holds_neither_tokens_nor_keys() {
    let herd = Herd::of(&[("A", &["B", "D"]), ("B", &[]), ("D", &[])])
        .with_tls()
        .with_keys()
        .with_journal("always")
        .with("--require-tokens");
    let mut servers = ["A", "B"].map(|name| {
        let mut command = herd.command(name);
        command.env("RUST_LOG", "trace");
        herd.start_by(name, command)
    });
    servers.iter().for_each(|server| drop(server.wait_for_log(" is up")));
    let a = &servers[0];
    let (good, id) = token(&herd, "*", "report,ask,watch,forget,status");
    let (half, signature) = good.rsplit_once('.').unwrap();
    let wrong = half.to_owned() + "." + &signature.chars().rev().collect::<String>();
    let mut plain = a.client();
    let mut secure = client(&herd, a);
    assert_eq!(plain.ask(&format!("AUTH {wrong}")), format!("? AUTH {wrong}"));
    for auth in [format!("AUTH {good}"), format!("  AUTH \t {good} \r")] {
        assert_eq!(plain.ask(&auth), "AUTH somebody");
        assert_eq!(secure.ask(&auth), "AUTH somebody");
    }
    assert!(secure.ask("IAMAT kiwi +34.0-118.0 1").starts_with("AT A "));
    // Lines that are none, with a token in them: written wrongly, cut, at the wrong port.
    for line in [
        format!("AUTH {good} {good}"),
        format!("auth {good}"),
        format!("Auth: {good}"),
        format!("Authorization: Bearer {good}"),
    ] {
        assert_eq!(secure.ask(&line), format!("? {line}"));
    }
    plain.send(format!("AUTH {good}"));
    plain.finish();
    plain.rest();
    let mut stranger = a.stranger();
    stranger.send(format!("AUTH {good}\n"));
    stranger.wait_for_end();
    let config = showing(&herd, Some(&Shown::of(&herd, "D")));
    let mut neighbour = caller(a, &config);
    neighbour.send(format!("AUTH {good}\n"));
    neighbour.wait_for_end();
    let port = a.tls_client().stream.peer_addr().unwrap().port();
    if let Some(mut openssl) = OpenSsl::connect(&herd, ("A", port), None, "-quiet") {
        openssl.send(format!("AUTH {good}\n"));
        openssl.wait_for("AUTH somebody");
    }
    let lines: Vec<Vec<u8>> = servers
        .iter()
        .map(|server| fs::read(format!("/proc/{}/cmdline", server.process.id())).unwrap())
        .collect();
    for server in &mut servers {
        server.process.signal("HUP");
        server.wait_for_log("certificates and keys are read anew");
        server.process.signal("TERM");
        assert!(server.process.wait().success());
    }
    // The first part of a token may be anybody's.
    let claims = half.rsplit_once('.').unwrap().1;
    let backwards = wrong.rsplit_once('.').unwrap().1;
    let mut secrets = [claims, signature, backwards].map(|part| part.as_bytes().to_vec()).to_vec();
    for key in ["A.key", "B.key", "ca.key", "tokens.key"] {
        secrets.extend(secrets_of(&herd.keys().join(key)));
    }
    let mut found = Vec::new();
    files_below(herd.directory.path(), &herd.keys(), &mut found);
    // What was said of the token names it.
    assert!(servers[0].log().contains(&id), "{id} is not in the log");
    for file in &found {
        // What herdca printed, and OpenSSL's own words.
        let name = file.file_name().unwrap().to_str().unwrap();
        let text = fs::read(file).unwrap();
        if text.trim_ascii_end() == good.as_bytes() || name.starts_with("openssl-") {
            continue;
        }
        for secret in &secrets {
            let shown = String::from_utf8_lossy(secret);
            assert!(!contains(&text, secret), "{} holds {shown}", file.display());
        }
    }
    assert!(found.iter().any(|file| file.to_str().unwrap().contains("A.journal")), "{found:?}");
    for (line, secret) in lines.iter().flat_map(|line| secrets.iter().map(move |s| (line, s))) {
        assert!(!contains(line, secret), "{}", String::from_utf8_lossy(line));
    }
}
