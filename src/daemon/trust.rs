//! Whose certificates are believed at Places, and at the message bus.

use super::Failure;
use crate::reactor::{ClientConfigSource, client_config};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the stand-in leaves its certificate authority unless told otherwise.
pub(super) const STAND_IN_CA: &str = ".herd/places-ca.pem";

/// Whom to trust. What the operator names must be there from the start; the stand-in makes its
/// authority, at `stand_in`, when it first runs, which may be later, so it is looked for when it is
/// needed.
pub(super) fn trust(
    named: Option<&Path>,
    stand_in: Option<&Path>,
) -> Result<ClientConfigSource, Failure> {
    match (named, stand_in) {
        (None, Some(stand_in)) => Ok(found_later(stand_in.to_owned())),
        _ => read_now("places-ca", named),
    }
}

/// The authority that is named with that option, or the public ones.
pub(super) fn read_now(option: &str, named: Option<&Path>) -> Result<ClientConfigSource, Failure> {
    let config = client_config(named).map_err(|why| match named {
        Some(_) => Failure::Usage(format!("--{option} {why}")),
        None => Failure::Run(why),
    })?;
    Ok(Box::new(move || Ok(Arc::clone(&config))))
}

/// The stand-in's, looked for until it is found.
fn found_later(path: PathBuf) -> ClientConfigSource {
    let mut found = None;
    Box::new(move || match &found {
        Some(config) => Ok(Arc::clone(config)),
        None => {
            let config = client_config(Some(&path)).map_err(|why| {
                format!(
                    "{why} (the stand-in makes that file, which is looked for in herd's working \
                     directory: start `places` there)"
                )
            })?;
            Ok(Arc::clone(found.insert(config)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::Directory;
    use super::*;
    use std::fs;

    /// The PEM of some certificate authority.
    fn authority() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut of = rcgen::CertificateParams::default();
        of.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        of.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn what_is_named_must_be_there_at_the_start() {
        let directory = Directory::new();
        let path = directory.path().join("ca.pem");
        for stand_in in [None, Some(Path::new("elsewhere.pem"))] {
            let _ = fs::remove_file(&path);
            let failure = trust(Some(&path), stand_in).err().unwrap();
            let why = failure.to_string();
            assert!(why.starts_with("--places-ca ") && why.contains("ca.pem"), "{why}");
            assert_eq!(failure.exit_status(), 2);
            fs::write(&path, "nothing of use").unwrap();
            assert_eq!(trust(Some(&path), stand_in).err().unwrap().exit_status(), 2);
            fs::write(&path, authority()).unwrap();
            assert!(trust(Some(&path), stand_in).unwrap()().is_ok());
        }
    }

    #[test]
    fn the_stand_in_s_may_come_later_and_is_read_once() {
        let directory = Directory::new();
        let path = directory.path().join("ca.pem");
        let mut source = trust(None, Some(&path)).unwrap();
        for _ in 0..2 {
            let why = source().err().unwrap();
            assert!(why.contains("ca.pem") && why.contains("start `places` there"), "{why}");
        }
        fs::write(&path, authority()).unwrap();
        let first = source().unwrap();
        fs::remove_file(&path).unwrap();
        assert!(Arc::ptr_eq(&first, &source().unwrap()));
    }

    #[test]
    fn without_a_name_the_web_s_are_trusted_and_resumption_is_shared() {
        let mut source = trust(None, None).unwrap();
        assert!(Arc::ptr_eq(&source().unwrap(), &source().unwrap()));
    }
}
