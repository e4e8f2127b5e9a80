//! Who is let in where servers and clients have keys, and who is not: tried from outside, with rustls and
//! with OpenSSL's own client.

mod cuts;
mod dialling;
mod doors;
mod openssl;
mod renewal;
mod rolling;
mod secrets;
mod tls_port;
mod tokens;
mod usage;

use crate::harness::herd::bare;
use crate::harness::process::Ended;
use crate::harness::{Client, Herd, Process, Server, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// What somebody shows: a certificate and its key, files in PEM.
#[derive(Debug, Clone)]
pub struct Shown {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Between which years a certificate is good.
type Years = (i32, i32);

const GOOD: Years = (2020, 2090);
const EXPIRED: Years = (2020, 2021);
const NOT_YET: Years = (2089, 2090);

impl Shown {
    /// What that server of the herd shows.
    pub fn of(herd: &Herd, name: &str) -> Shown {
        let [certificate, key] =
            ["pem", "key"].map(|kind| herd.keys().join(format!("{name}.{kind}")));
        Shown { certificate, key }
    }

    /// One that the herd's authority would sign for whoever holds its key.
    pub fn by_the_herd(herd: &Herd, names: &[&str], years: Years) -> Shown {
        let [authority, key] =
            ["ca.pem", "ca.key"].map(|file| fs::read_to_string(herd.keys().join(file)).unwrap());
        let issuer =
            Issuer::from_ca_cert_pem(&authority, KeyPair::from_pem(&key).unwrap()).unwrap();
        Shown::by(&issuer, herd, names, years)
    }

    /// The same by somebody else, who says of himself what the herd's authority says.
    pub fn by_another(herd: &Herd, names: &[&str]) -> Shown {
        let authority = fs::read_to_string(herd.keys().join("ca.pem")).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&authority, KeyPair::generate().unwrap()).unwrap();
        Shown::by(&issuer, herd, names, GOOD)
    }

    /// The same by somebody with a name of his own.
    pub fn by_a_stranger(herd: &Herd, names: &[&str]) -> Shown {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Shown::by(&Issuer::new(params, KeyPair::generate().unwrap()), herd, names, GOOD)
    }

    fn by(
        issuer: &Issuer<'_, KeyPair>,
        herd: &Herd,
        names: &[&str],
        (from, until): Years,
    ) -> Shown {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        Shown::write(herd, params, issuer)
    }

    /// One of the herd's authority that ends so soon.
    pub fn ending_in(herd: &Herd, name: &str, time: Duration) -> Shown {
        let [authority, key] =
            ["ca.pem", "ca.key"].map(|file| fs::read_to_string(herd.keys().join(file)).unwrap());
        let issuer =
            Issuer::from_ca_cert_pem(&authority, KeyPair::from_pem(&key).unwrap()).unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        params.not_after = date_time_ymd(1970, 1, 1) + now + time;
        Shown::write(herd, params, &issuer)
    }

    fn write(herd: &Herd, params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Shown {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let [certificate, key] =
            ["pem", "key"].map(|kind| herd.directory.join(&format!("shown-{number}.{kind}")));
        let pair = KeyPair::generate().unwrap();
        fs::write(&certificate, params.signed_by(&pair, issuer).unwrap().pem()).unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        Shown { certificate, key }
    }

    /// Puts it where a server of that name looks.
    pub fn install(&self, keys: &Path, name: &str) {
        let [certificate, key] = ["pem", "key"].map(|kind| keys.join(format!("{name}.{kind}")));
        self.copy_to(&Shown { certificate, key });
    }

    /// Puts it in the place of another.
    pub fn copy_to(&self, other: &Shown) {
        fs::copy(&self.certificate, &other.certificate).unwrap();
        fs::copy(&self.key, &other.key).unwrap();
    }

    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(&self.certificate).unwrap().map(Result::unwrap).collect()
    }

    pub fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_file(&self.key).unwrap()
    }
}

/// The herd's authority, for whoever believes it.
fn authority(herd: &Herd) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(herd.keys().join("ca.pem")).unwrap()).unwrap();
    roots
}

/// What a client speaks that believes the herd's authority, in these versions of TLS.
pub fn speaking(
    herd: &Herd,
    shown: Option<&Shown>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(authority(herd));
    match shown {
        None => config.with_no_client_auth(),
        Some(shown) => config.with_client_auth_cert(shown.chain(), shown.private()).unwrap(),
    }
}

/// TLS 1.3 of whoever shows that.
pub fn showing(herd: &Herd, shown: Option<&Shown>) -> Arc<ClientConfig> {
    Arc::new(speaking(herd, shown, &[&version::TLS13]))
}

/// A client of that server's port for TLS.
pub fn client(herd: &Herd, server: &Server) -> Client<Tls> {
    let name = format!("{}.test", server.name.to_lowercase());
    server.tls_client().secure(&showing(herd, None), &name)
}

/// Somebody at that server's port for neighbours, by that configuration.
pub fn caller(server: &Server, config: &Arc<ClientConfig>) -> Client<Tls> {
    let name = format!("{}.test", server.name.to_lowercase());
    server.stranger().secure(config, &name)
}

/// How somebody greets who says that it is that server; A is greeted.
pub fn greeting(from: &str) -> String {
    format!("HERD 2 test {from} A 00000000000000d1 0 604800\n")
}

/// Has `herdca` do something with the herd's keys: what it says.
pub fn herdca(herd: &Herd, arguments: &[&str]) -> Ended {
    let mut command = bare(env!("CARGO_BIN_EXE_herdca"));
    command.arg(arguments[0]).arg(herd.keys()).args(&arguments[1..]);
    let ended = Process::run(&mut command, herd.directory.path());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

/// Makes a FIFO, which blocks whoever opens it to read until somebody writes.
pub fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg("-m").arg("600").arg(path).status().unwrap().success());
}

/// A token for these clients and rights, and its id.
pub fn token(herd: &Herd, clients: &str, may: &str) -> (String, String) {
    let made = herdca(herd, &["token", "--name", "somebody", "--clients", clients, "--may", may]);
    (made.output.trim_end().to_owned(), made.errors.trim_end().to_owned())
}
