//! To which message bus a server is a gateway, from the options and a file.

use super::{Failure, key, trust};
use crate::cli::{NatsOptions, credentials_in};
use crate::limits;
use crate::node::{Credentials, GatewayOptions};
use crate::reactor::ClientConfigSource;
use std::fmt::Display;
use std::path::Path;

/// The bus to be a gateway to.
pub(super) struct Bus {
    /// Where it is, who we are to it, and what is told there.
    pub(super) gateway: GatewayOptions,
    /// Whom to trust there. A bus that is dialled without TLS may want it all the same.
    pub(super) tls: ClientConfigSource,
}

/// The bus that was asked for.
pub(super) fn bus(options: &NatsOptions) -> Result<Bus, Failure> {
    let credentials = match &options.credentials_file {
        Some(path) => in_file(path)?,
        None => options.credentials.clone(),
    };
    let gateway = GatewayOptions {
        endpoints: options.endpoints.clone(),
        credentials,
        subject: options.subject.clone(),
        clients: options.clients,
    };
    Ok(Bus { gateway, tls: trust::read_now("nats-ca", options.ca.as_deref())? })
}

fn in_file(path: &Path) -> Result<Credentials, Failure> {
    let fail = |why: &dyn Display| Failure::Usage(format!("--nats-credentials {path:?}: {why}"));
    // Name, colon and password.
    let bytes_max = limits::NATS_CREDENTIALS_BYTES_MAX + 1;
    let line = key::secret_line(path, bytes_max).map_err(|error| fail(&error))?;
    credentials_in(&line).map_err(|error| fail(&error))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Directory;
    use super::*;
    use crate::transport::Endpoint;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    fn options() -> NatsOptions {
        NatsOptions {
            endpoints: vec![Endpoint::plain("bus", 4_222)],
            credentials: Credentials::Token("t0ken".to_owned()),
            credentials_file: None,
            ca: None,
            subject: "herd".to_owned(),
            clients: true,
        }
    }

    /// With a file of that mode and content in place of credentials.
    fn with_file(directory: &Directory, mode: u32, content: &[u8]) -> NatsOptions {
        let path = directory.file("credentials", content);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        NatsOptions { credentials: Credentials::None, credentials_file: Some(path), ..options() }
    }

    #[test]
    fn a_gateway_is_told_all_that_was_said() {
        let Bus { gateway, mut tls } = bus(&options()).unwrap();
        let expected = GatewayOptions {
            endpoints: options().endpoints,
            credentials: options().credentials,
            subject: "herd".to_owned(),
            clients: true,
        };
        assert_eq!(gateway, expected);
        assert!(tls().is_ok(), "the web's roots are trusted");
    }

    #[test]
    fn a_file_holds_the_credentials() {
        let directory = Directory::new();
        let user = Credentials::User { user: "u".to_owned(), password: "p:q".to_owned() };
        for (content, credentials) in [
            ("u:p:q", &user),
            ("u:p:q\n", &user),
            ("u:p:q\r\n", &user),
            ("t0ken\n", &options().credentials),
        ] {
            let options = with_file(&directory, 0o600, content.as_bytes());
            assert_eq!(bus(&options).unwrap().gateway.credentials, *credentials);
            let path = options.credentials_file.unwrap();
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_others_may_use_or_that_holds_none_is_wrong_usage() {
        let directory = Directory::new();
        let long = vec![b's'; limits::NATS_CREDENTIALS_BYTES_MAX + 100];
        for (mode, content) in [
            (0o640, &b"s3cret"[..]),
            (0o604, b"s3cret"),
            (0o600, b""),
            (0o600, b"\n"),
            (0o600, b"s3cret\nmore\n"),
            (0o600, b"s3cret:"),
            (0o600, b"s3cret\xff"),
            (0o600, &long),
        ] {
            let options = with_file(&directory, mode, content);
            let failure = bus(&options).err().unwrap();
            let why = failure.to_string();
            assert!(why.starts_with("--nats-credentials ") && !why.contains("s3cret"), "{why}");
            assert_eq!(failure.exit_status(), 2);
            fs::remove_file(options.credentials_file.unwrap()).unwrap();
        }
        let none = [directory.path().join("none"), directory.path().to_owned()];
        for path in none.map(PathBuf::from) {
            let options = NatsOptions { credentials_file: Some(path), ..options() };
            assert_eq!(bus(&options).err().unwrap().exit_status(), 2);
        }
    }

    #[test]
    fn whom_to_trust_must_be_there_at_the_start() {
        let directory = Directory::new();
        let ca = directory.file("ca.pem", b"nothing of use");
        let failure = bus(&NatsOptions { ca: Some(ca), ..options() }).err().unwrap();
        assert!(failure.to_string().starts_with("--nats-ca "), "{failure}");
        assert_eq!(failure.exit_status(), 2);
    }
}
