//! Certificates and keys as a server reads them, at its start and at SIGHUP.

use super::key;
use crate::limits;
use crate::reactor::{Authorities, Identity, UnusableIdentity};
use crate::tokens::{PublicKey, Revoked};
use std::fmt::Display;
use std::io;
use std::path::Path;
use x509_parser::prelude::parse_x509_certificate;

/// What tokens are believed.
#[derive(Debug)]
pub(super) struct TokenKeys {
    pub(super) key: PublicKey,
    pub(super) revoked: Revoked,
}

/// Whose certificates are trusted, and the server's own.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) authorities: Authorities,
    pub(super) identity: Identity,
}

/// Bits of a file's mode by which others than its owner may do something with it.
const OTHERS: u32 = 0o077;

/// Reads what a server needs of the folder that `herdca` made, if it is that server's: the one of that name
/// in the herd file, and in its certificate.
///
/// # Errors
/// One line that names the file: it cannot be read, or neighbours would not take what is in it.
pub(super) fn in_folder(dir: &Path, server: &str, in_certificate: &str) -> Result<Keys, String> {
    let path = dir.join("ca.pem");
    let authorities = Authorities::from_pem(&read(&path)?).map_err(|why| in_file(&path, &why))?;
    let [certificate, key] = ["pem", "key"].map(|kind| dir.join(format!("{server}.{kind}")));
    let identity = identity(&certificate, &key)?;
    authorities.judge(&identity, in_certificate).map_err(|why| in_file(&certificate, &why))?;
    Ok(Keys { authorities, identity })
}

/// Reads what tokens are believed, of the same folder.
///
/// # Errors
/// As [`in_folder`].
pub(super) fn tokens_in_folder(dir: &Path) -> Result<TokenKeys, String> {
    let path = dir.join("tokens.pub");
    let key = PublicKey::from_pem(&read(&path)?).map_err(|error| in_file(&path, &error))?;
    let path = dir.join("revoked");
    let (_, revoked) =
        open(&path, limits::REVOKED_FILE_BYTES_MAX).map_err(|error| in_file(&path, &error))?;
    let revoked = Revoked::parse(&revoked).map_err(|error| in_file(&path, &error))?;
    Ok(TokenKeys { key, revoked })
}

/// A certificate and its key, which nobody else may read.
///
/// # Errors
/// As [`in_folder`].
pub(super) fn identity(certificate: &Path, key: &Path) -> Result<Identity, String> {
    let certificates = read(certificate)?;
    let secret = read_secret(key)?;
    Identity::from_pem(&certificates, &secret).map_err(|why| match why {
        UnusableIdentity::Certificates(_) => in_file(certificate, &why),
        UnusableIdentity::Key(_) => in_file(key, &why),
    })
}

/// Until when a certificate is good, in POSIX seconds.
pub(super) fn ends_at(identity: &Identity) -> Option<i64> {
    let (_, certificate) = parse_x509_certificate(identity.certificate()).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// What a file holds.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    open(path, limits::KEY_FILE_BYTES_MAX)
        .map(|(_, content)| content)
        .map_err(|error| in_file(path, &error))
}

fn read_secret(path: &Path) -> Result<Vec<u8>, String> {
    let (mode, content) =
        open(path, limits::KEY_FILE_BYTES_MAX).map_err(|error| in_file(path, &error))?;
    match mode & OTHERS {
        0 => Ok(content),
        _ => {
            let mode = mode & 0o7777;
            Err(in_file(path, &format_args!("others may read that key (mode {mode:o}): chmod 600")))
        }
    }
}

/// The mode of the very file that is read, and its content, which is at most so long.
fn open(path: &Path, bytes_max: u64) -> io::Result<(u32, Vec<u8>)> {
    let (mode, content) = key::read(path, bytes_max + 1)?;
    if content.len() as u64 > bytes_max {
        return Err(io::Error::other("it is too large"));
    }
    Ok((mode, content))
}

fn in_file(path: &Path, why: &dyn Display) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Directory;
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    /// A folder in which `Hands` has what it needs.
    fn folder() -> Directory {
        let directory = Directory::new();
        let key = KeyPair::generate().unwrap();
        let mut of = CertificateParams::new(["hands.goloman".to_owned()]).unwrap();
        of.not_after = date_time_ymd(2033, 5, 18);
        let pem = of.self_signed(&key).unwrap().pem();
        directory.file("ca.pem", pem.as_bytes());
        directory.file("Hands.pem", pem.as_bytes());
        let key = directory.file("Hands.key", key.serialize_pem().as_bytes());
        fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
        directory
    }

    #[test]
    fn a_folder_s_keys_are_read_with_their_end() {
        let directory = folder();
        let keys = in_folder(directory.path(), "Hands", "hands.goloman").unwrap();
        assert_eq!(ends_at(&keys.identity), Some(1_999_987_200), "2033-05-18 00:00 UTC");
    }

    #[test]
    fn what_is_missing_is_named() {
        let directory = folder();
        for file in ["Hands.key", "Hands.pem", "ca.pem"] {
            fs::remove_file(directory.path().join(file)).unwrap();
            let why = in_folder(directory.path(), "Hands", "hands.goloman").unwrap_err();
            assert!(why.contains(file), "{why}");
        }
    }

    #[test]
    fn a_certificate_that_neighbours_would_not_take_is_refused() {
        let directory = folder();
        let of_another = in_folder(directory.path(), "Hands", "holiday.goloman").unwrap_err();
        assert!(of_another.ends_with("Hands.pem: it is not for holiday.goloman"), "{of_another}");
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["hands.goloman".to_owned()]).unwrap();
        let by_another = folder();
        let refused = |params: &CertificateParams, directory: &Directory| {
            directory.file("Hands.pem", params.self_signed(&key).unwrap().pem().as_bytes());
            directory.file("Hands.key", key.serialize_pem().as_bytes());
            in_folder(directory.path(), "Hands", "hands.goloman").unwrap_err()
        };
        let why = refused(&params, &by_another);
        assert!(why.contains("Hands.pem: its "), "{why}");
        for (from, until, words) in [(2020, 2021, "expired"), (2089, 2090, "not valid yet")] {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            let pem = params.self_signed(&key).unwrap().pem();
            directory.file("ca.pem", pem.as_bytes());
            let why = refused(&params, &directory);
            assert!(why.contains("Hands.pem: ") && why.contains(words), "{why}");
        }
    }

    #[test]
    fn a_key_that_others_may_touch_is_refused() {
        let directory = folder();
        let key = directory.path().join("Hands.key");
        for mode in [0o640, 0o604, 0o610, 0o602, 0o400, 0o600] {
            fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            match in_folder(directory.path(), "Hands", "hands.goloman") {
                Ok(_) => assert_eq!(mode & OTHERS, 0, "{mode:o}"),
                Err(why) => assert!(why.contains(&format!("mode {mode:o}")), "{why}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let directory = folder();
        let most = usize::try_from(limits::KEY_FILE_BYTES_MAX).unwrap();
        directory.file("ca.pem", &vec![b'\n'; most + 1]);
        let why = in_folder(directory.path(), "Hands", "hands.goloman").unwrap_err();
        assert!(why.ends_with("ca.pem: it is too large"), "{why}");
    }
}
