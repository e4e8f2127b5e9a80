//! The authority over its files, and hands shaken in memory.

use super::*;
use crate::files::tests::Scratch;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConnection};
use std::os::unix::fs::PermissionsExt;

/// A clock that stands still, so that certificates of any time can be tried.
#[derive(Debug)]
struct At(SystemTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(since_epoch(self.0)))
    }
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn open(directory: &Path, now: SystemTime) -> Authority {
    Authority::open(directory, now).expect("an authority")
}

fn pem(directory: &Path) -> Vec<u8> {
    fs::read(directory.join(CERTIFICATE_FILE)).expect("a certificate file")
}

/// Has a client that trusts `root` talk to a server of `authority` that it knows by `name`.
fn shake_hands(
    authority: &Authority,
    root: &CertificateDer<'static>,
    name: &str,
) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone())?;
    let client = ClientConfig::builder_with_details(provider(), Arc::new(At(now())))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a server name");
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let server = authority.server_config(now()).expect("a server certificate");
    let mut server = ServerConnection::new(Arc::new(server))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("into memory");
        server.read_tls(&mut &bytes[..]).expect("from memory");
        server.process_new_packets()?;
        bytes.clear();
        server.write_tls(&mut bytes).expect("into memory");
        client.read_tls(&mut &bytes[..]).expect("from memory");
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn the_first_start_makes_what_the_later_ones_use() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("not/there/yet");
    open(&directory, now());
    let read_key = || fs::read(directory.join(KEY_FILE)).expect("a key file");
    let (certificate, key) = (pem(&directory), read_key());
    open(&directory, now() + DAY);
    assert_eq!((pem(&directory), read_key()), (certificate, key));
    let mode =
        |name| fs::metadata(directory.join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode(CERTIFICATE_FILE), mode(KEY_FILE)), (0o644, 0o600));
    assert_eq!(fs::read_dir(&directory).expect("a directory").count(), 2, "nothing left over");
}

#[test]
fn an_expired_certificate_is_made_anew_and_in_time() {
    let scratch = Scratch::new();
    open(scratch.path(), now());
    let first = pem(scratch.path());
    let last_month = now() + AUTHORITY_LIFETIME - AUTHORITY_REST_MIN;
    open(scratch.path(), last_month - DAY);
    assert_eq!(pem(scratch.path()), first, "it has a month left");
    open(scratch.path(), last_month + DAY);
    let second = pem(scratch.path());
    assert_ne!(second, first, "it has less than a month left");
    open(scratch.path(), now());
    assert_ne!(pem(scratch.path()), second, "it was not valid yet");
}

#[test]
fn what_is_broken_or_does_not_belong_is_made_anew() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    open(other.path(), now());
    for name in [CERTIFICATE_FILE, KEY_FILE] {
        let foreign = fs::read(other.path().join(name)).expect("a file");
        for contents in [&b""[..], b"\xff\xfe", b"-----BEGIN NOTHING-----", &foreign] {
            open(scratch.path(), now());
            fs::write(scratch.path().join(name), contents).expect("written");
            let authority = open(scratch.path(), now());
            let kept = kept_certificate(&scratch.path().join(CERTIFICATE_FILE));
            shake_hands(&authority, &kept.expect("a certificate"), "localhost").expect("TLS");
        }
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("file/directory");
    fs::write(scratch.path().join("file"), b"").expect("written");
    let failure = Authority::open(&directory, now()).err().expect("no authority");
    let failure = failure.to_string();
    assert!(failure.starts_with(&directory.display().to_string()), "{failure}");
}

#[test]
fn it_vouches_for_each_name_of_loopback_and_for_nothing_else() {
    let scratch = Scratch::new();
    let authority = open(scratch.path(), now());
    for name in ["localhost", "127.0.0.1", "::1"] {
        shake_hands(&authority, &authority.certificate, name).expect(name);
    }
    for name in ["example.org", "127.0.0.2", "places.localhost"] {
        let refused = shake_hands(&authority, &authority.certificate, name);
        assert!(matches!(refused, Err(rustls::Error::InvalidCertificate(_))), "{name}");
    }
    // What it signs besides is worth nothing.
    let key = KeyPair::generate().expect("a key");
    let names = ["localhost", "127.0.0.1", "example.org"].map(str::to_owned);
    let mut params = CertificateParams::new(names).expect("names");
    valid(&mut params, now(), SERVER_LIFETIME);
    let forged = params.signed_by(&key, &authority.issuer).expect("signed");
    let refused = trusted(&authority.certificate, forged.der(), now());
    assert!(refused.expect_err("refused").to_string().contains("NameConstraint"));
}

#[test]
fn who_trusts_another_authority_does_not_trust_this_one() {
    let (scratch, other) = (Scratch::new(), Scratch::new());
    let (authority, other) = (open(scratch.path(), now()), open(other.path(), now()));
    assert!(shake_hands(&authority, &other.certificate, "localhost").is_err());
}

#[test]
fn stand_ins_that_start_together_trust_each_other() {
    let scratch = Scratch::new();
    let authorities: Vec<Authority> = std::thread::scope(|scope| {
        let start = || scope.spawn(|| open(scratch.path(), now()));
        let starting: Vec<_> = (0..4).map(|_| start()).collect();
        starting.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let kept = kept_certificate(&scratch.path().join(CERTIFICATE_FILE)).expect("kept");
    for authority in &authorities {
        shake_hands(authority, &kept, "localhost").expect("TLS");
    }
}
