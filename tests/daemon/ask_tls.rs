//! `ask` over TLS and with tokens, against servers that follow a script.

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Directory, Process};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned, version};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJzZXNhbWUifQ.c2lnbmF0dXJl";
const REPORT: [&str; 4] = ["IAMAT", "kiwi", "+34.068930-118.445127", "now"];

/// Somebody who vouches for servers.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// What a server shows that has a certificate for that host.
    fn server(&self, host: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&version::TLS12, &version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())
            .unwrap();
        Arc::new(config)
    }
}

/// What a server reads from and writes to.
type Secured = BufReader<StreamOwned<ServerConnection, TcpStream>>;

/// Accepts connections on a port of its own, each of which is as `act` says; the port.
fn accepting(act: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let act = act.clone();
            thread::spawn(move || act(stream.unwrap()));
        }
    });
    port
}

/// The same within TLS: a peer that breaks off is none.
fn secured(
    config: Arc<ServerConfig>,
    act: impl Fn(&mut Secured) -> Option<()> + Send + Sync + Clone + 'static,
) -> u16 {
    accepting(move |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).unwrap();
        act(&mut BufReader::new(StreamOwned::new(session, stream)));
    })
}

/// Answers each line as a server does, `AUTH` as it is told to; at the end of the client's half ends its
/// own as it should be done.
fn honest(takes: Option<&'static str>) -> impl Fn(&mut Secured) -> Option<()> + Clone {
    move |stream| {
        let mut line = String::new();
        while stream.read_line(&mut line).ok()? > 0 {
            let answer = match line.trim_end().split_once(' ') {
                Some(("IAMAT", rest)) => format!("AT A +0.1 {rest}\n"),
                Some(("AUTH", token)) if takes == Some(token) => "AUTH somebody\n".to_owned(),
                _ => format!("? {line}"),
            };
            stream.get_mut().write_all(answer.as_bytes()).ok()?;
            line.clear();
        }
        let StreamOwned { conn, sock } = stream.get_mut();
        conn.send_close_notify();
        conn.write_tls(sock).ok()?;
        Some(())
    }
}

/// A folder in which `ask` runs, and the authority that it trusts.
struct Stage {
    directory: Directory,
    authority: Authority,
}

impl Stage {
    fn new() -> Self {
        let (directory, authority) = (Directory::new(), Authority::new("a herd"));
        fs::write(directory.join("ca.pem"), &authority.pem).unwrap();
        fs::write(directory.join("token"), format!(" {TOKEN}\n")).unwrap();
        let stage = Stage { directory, authority };
        stage.herd(2, None);
        stage
    }

    /// A herd of one server on those ports.
    fn herd(&self, port: u16, tls_port: Option<u16>) {
        let mut server = serde_json::json!({
            "name": "A", "host": "127.0.0.1", "port": port, "neighbour_port": 1
        });
        if let Some(tls_port) = tls_port {
            server["tls_port"] = tls_port.into();
        }
        let herd = serde_json::json!({ "herd": "test", "servers": [server] });
        fs::write(self.directory.join("herd.json"), herd.to_string()).unwrap();
    }

    /// Runs `ask` in that folder; whatever comes of it, the token is not shown.
    fn ask(&self, arguments: &[&str], token: Option<&str>) -> Ended {
        let mut command = bare(env!("CARGO_BIN_EXE_ask"));
        command.current_dir(self.directory.path()).args(arguments);
        if let Some(token) = token {
            command.env("HERD_TOKEN", token);
        }
        let ended = Process::run(&mut command, self.directory.path());
        for shown in [&ended.output, &ended.errors] {
            assert!(!shown.contains(&TOKEN[..12]) && !shown.contains("c2lnbmF0dXJl"), "{shown}");
        }
        ended
    }

    /// Reports to that server of the herd, or at that address, over TLS.
    fn report(&self, server: &str, more: &[&str], token: Option<&str>) -> Ended {
        let trust = ["-H", "herd.json", "--ca", "ca.pem"];
        self.ask(&[&trust, more, &[server], &REPORT].concat(), token)
    }
}

#[track_caller]
fn assert_answered(ended: &Ended) {
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""), "{ended:?}");
    assert!(ended.output.starts_with("AT A +0.1 kiwi +34.068930-118.445127 "), "{ended:?}");
    assert_eq!(ended.output.lines().count(), 1, "{ended:?}");
}

/// That `ask` gave up with that status, in one line with those words.
#[track_caller]
fn assert_gave_up(ended: &Ended, code: i32, words: &str) {
    assert_eq!((ended.code, ended.output.as_str()), (Some(code), ""), "{ended:?}");
    let said = ended.errors.strip_suffix('\n').unwrap();
    assert!(said.starts_with("ask: ") && !said.contains('\n') && said.contains(words), "{said}");
}

#[test]
fn a_server_is_asked_at_its_tls_port_or_at_an_address() {
    let stage = Stage::new();
    let by_address = secured(stage.authority.server("127.0.0.1"), honest(None));
    let by_name = secured(stage.authority.server("localhost"), honest(None));
    stage.herd(0, Some(by_address));
    assert_answered(&stage.report("A", &[], None));
    assert_answered(&stage.report(&format!("127.0.0.1:{by_address}"), &[], None));
    assert_answered(&stage.report(&format!("localhost:{by_name}"), &[], None));
    let plain = stage.ask(&[&["-H", "herd.json", "A"], &REPORT[..]].concat(), None);
    assert_gave_up(&plain, 2, "A listens for clients that speak TLS only");
    stage.herd(by_address, None);
    assert_gave_up(&stage.report("A", &[], None), 2, "A has no tls_port");
}

#[test]
fn many_commands_and_answers_pass_each_other() {
    let stage = Stage::new();
    let port = secured(stage.authority.server("127.0.0.1"), honest(None));
    let lines: String = (0..50_000).map(|number| format!("IAMAT {number} +1+1 1\n")).collect();
    fs::write(stage.directory.join("input"), lines).unwrap();
    let mut command = bare("sh");
    let ask = env!("CARGO_BIN_EXE_ask");
    let script = format!("exec \"{ask}\" --ca ca.pem 127.0.0.1:{port} < input");
    command.current_dir(stage.directory.path()).args(["-c", &script]);
    let ended = Process::run(&mut command, stage.directory.path());
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    assert_eq!(ended.output.lines().count(), 50_000);
    assert!(ended.output.ends_with("AT A +0.1 49999 +1+1 1\n"));
}

#[test]
fn who_is_not_vouched_for_is_told_nothing() {
    let stage = Stage::new();
    for (name, words) in [
        ("another herd", "its authority is not trusted here"),
        ("a herd", "its signature is not its authority's"),
    ] {
        let another = secured(Authority::new(name).server("127.0.0.1"), honest(Some(TOKEN)));
        let address = format!("127.0.0.1:{another}");
        let ended = stage.report(&address, &["--token-file", "token"], None);
        assert_gave_up(&ended, 2, words);
    }
    let misnamed = secured(stage.authority.server("other.example"), honest(Some(TOKEN)));
    let ended = stage.report(&format!("127.0.0.1:{misnamed}"), &[], Some(TOKEN));
    assert_gave_up(&ended, 2, "certificate not valid for name");
}

#[test]
fn a_server_that_speaks_plainly_is_not_spoken_to() {
    let stage = Stage::new();
    let plain = accepting(|mut stream| {
        let _ = stream.write_all(b"? \n");
        let _ = stream.read(&mut [0; 1_000]);
    });
    let ended = stage.report(&format!("127.0.0.1:{plain}"), &[], Some(TOKEN));
    assert_gave_up(&ended, 2, "what came is not TLS");
    let closing = accepting(drop);
    let ended = stage.report(&format!("127.0.0.1:{closing}"), &[], None);
    assert_gave_up(&ended, 2, "no TLS with it");
    let silent = accepting(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ended =
        stage.ask(&["--timeout", "1", "--ca", "ca.pem", &format!("127.0.0.1:{silent}"), "x"], None);
    assert_gave_up(&ended, 2, "it takes too long");
}

#[test]
fn a_token_does_not_leave_this_machine_in_the_clear() {
    let stage = Stage::new();
    // An address for documentation: nobody is there, and nobody is asked.
    for server in ["192.0.2.1:9", "[2001:db8::1]:9", "[::ffff:192.0.2.1]:9"] {
        let ended = stage.ask(&["--timeout", "1", server, "x"], Some(TOKEN));
        assert_gave_up(&ended, 2, "a token is shown to other machines by TLS only: give --ca");
    }
}

#[test]
fn an_end_that_is_not_announced_is_a_cut() {
    let stage = Stage::new();
    let cut = secured(stage.authority.server("127.0.0.1"), |stream| {
        stream.read_line(&mut String::new()).ok()?;
        stream.get_mut().write_all(b"AT A +0.1 kiwi +1+1 1\n").ok()?;
        // The client's half is waited for, so that nothing is reset.
        stream.read_to_end(&mut Vec::new()).ok()?;
        Some(())
    });
    let ended = stage.report(&format!("127.0.0.1:{cut}"), &[], None);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("close_notify"), "{ended:?}");
    assert!(ended.output.starts_with("AT A "), "what came before is shown: {ended:?}");
}

#[test]
fn a_token_opens_the_conversation_and_is_never_shown() {
    let stage = Stage::new();
    let port = secured(stage.authority.server("127.0.0.1"), honest(Some(TOKEN)));
    let address = format!("127.0.0.1:{port}");
    assert_answered(&stage.report(&address, &["--token-file", "token"], None));
    assert_answered(&stage.report(&address, &[], Some(TOKEN)));
    assert_answered(&stage.report(&address, &["--token-file", "token"], Some("another")));
    // The same token is refused by one who takes none, and one that he does not know by the other.
    let refusing = secured(stage.authority.server("127.0.0.1"), honest(None));
    let ended = stage.report(&format!("127.0.0.1:{refusing}"), &[], Some(TOKEN));
    assert_gave_up(&ended, 1, "the server does not take the token");
    assert_gave_up(&stage.report(&address, &[], Some(&TOKEN[1..])), 1, "does not take the token");
    // Without TLS it is shown, too: whoever says so has a network of their own.
    let plain = accepting(|stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let _ = (&stream).write_all(if line.contains(TOKEN) { b"AUTH x\n" } else { b"? \n" });
        let _ = reader.read_line(&mut line);
        let _ = (&stream).write_all(b"AT A +0.1 kiwi +34.068930-118.445127 1\n");
    });
    let plain = format!("127.0.0.1:{plain}");
    assert_answered(&stage.ask(&[&[plain.as_str()], &REPORT[..]].concat(), Some(TOKEN)));
}

#[test]
fn what_cannot_be_used_is_said_before_anybody_is_dialled() {
    let stage = Stage::new();
    fs::write(stage.directory.join("no.pem"), "nothing").unwrap();
    fs::write(stage.directory.join("two"), format!("{TOKEN} {TOKEN}")).unwrap();
    fs::write(stage.directory.join("huge"), TOKEN.repeat(1_000)).unwrap();
    fs::write(stage.directory.join("empty"), "\n").unwrap();
    for (arguments, words) in [
        (["--ca", "no.pem"], "no.pem: no usable certificate in it"),
        (["--ca", "missing.pem"], "missing.pem"),
        (["--token-file", "two"], "is no token"),
        (["--token-file", "huge"], "more than 32768 bytes"),
        (["--token-file", "empty"], "there is no token in it"),
        (["--token-file", "missing"], "No such file"),
    ] {
        let ended = stage.ask(&[&arguments[..], &["127.0.0.1:1", "x"]].concat(), None);
        assert_gave_up(&ended, 2, words);
    }
    let two = format!("{TOKEN}\n{TOKEN}");
    assert_gave_up(&stage.ask(&["127.0.0.1:1", "x"], Some(&two)), 2, "HERD_TOKEN");
}
