//! The folder and its files. A file is there whole or not at all, a key was never anybody else's to read,
//! and what is there is not written over but where that is what was asked for.

use crate::Failure;
use crate::authority::Authority;
use herd::herd::{Herd, HerdError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use x509_parser::parse_x509_certificate;

pub const CA_CERTIFICATE: &str = "ca.pem";
pub const CA_KEY: &str = "ca.key";
pub const TOKENS_PUBLIC: &str = "tokens.pub";
pub const TOKENS_KEY: &str = "tokens.key";
pub const REVOKED: &str = "revoked";
pub const HERD: &str = "herd.json";

/// Modes of the folder, of keys, and of what is no secret.
const FOLDER_MODE: u32 = 0o700;
const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;
/// What a mode says about others than the owner.
const OTHERS: u32 = 0o077;
/// More than any file of the folder has.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// A folder of herdca.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder there, whatever is in it.
    pub fn at(path: &Path) -> Folder {
        Folder { path: path.to_owned() }
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// Makes the folder with all these files, or leaves nothing of it.
    pub fn make(path: &Path, files: &[(String, String)]) -> Result<Folder, Failure> {
        DirBuilder::new().mode(FOLDER_MODE).create(path).map_err(|error| {
            let why = match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    "there is something of that name, and herdca writes over nothing".to_owned()
                }
                _ => format!("cannot be made: {error}"),
            };
            Failure::Run(format!("{}: {why}", path.display()))
        })?;
        let folder = Folder::at(path);
        let written = files.iter().try_for_each(|(name, text)| {
            write_new(&path.join(name), text.as_bytes(), mode(name)).map_err(|e| (name, e))
        });
        let written = written.and_then(|()| folder.sync().map_err(|error| (&files[0].0, error)));
        let Err((name, error)) = written else { return Ok(folder) };
        // Nobody else knows these files yet: the folder is a moment old and ours.
        for (name, _) in files {
            let _ = fs::remove_file(path.join(name));
        }
        let left = match fs::remove_dir(path) {
            Ok(()) => String::new(),
            Err(error) => format!("; {} is left, empty or not: {error}", path.display()),
        };
        Err(Failure::Run(format!("{}: {error}{left}", path.join(name).display())))
    }

    /// Puts these files in the place of those that are there. All are written first, and then renamed one
    /// behind the other.
    pub fn replace(&self, files: &[(String, String)]) -> Result<(), Failure> {
        let failed = |name: &str| {
            let path = self.path.join(name);
            move |error: io::Error| Failure::Run(format!("{}: {error}", path.display()))
        };
        let draft = |name: &str| self.path.join(format!("{name}.new"));
        for (name, text) in files {
            match fs::remove_file(draft(name)) {
                // One that was left behind by a process that was killed.
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(name)(error)),
            }
            let written = write_new(&draft(name), text.as_bytes(), mode(name));
            if let Err(error) = written {
                for (name, _) in files {
                    let _ = fs::remove_file(draft(name));
                }
                return Err(failed(name)(error));
            }
        }
        for (name, _) in files {
            fs::rename(draft(name), self.path.join(name)).map_err(failed(name))?;
        }
        self.sync().map_err(failed(""))
    }

    /// The herd that the folder is for. Whoever has none of herdca's folders is told so.
    pub fn herd(&self) -> Result<Herd, Failure> {
        let json = self.read(HERD)?.ok_or_else(|| self.no_folder(HERD))?;
        Herd::from_json(&json).map_err(|mistake| {
            let place = self.path.join(HERD).display().to_string();
            Failure::Run(HerdError { place, mistake }.to_string())
        })
    }

    /// Keeps other processes from changing the folder until the lock is dropped.
    pub fn lock(&self) -> Result<File, Failure> {
        let path = self.path.join(HERD);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.no_folder(HERD));
            }
            opened => opened.and_then(|file| file.lock().map(|()| file)),
        };
        file.map_err(|error| Failure::Run(format!("{}: {error}", path.display())))
    }

    /// The authority that the folder keeps.
    pub fn authority(&self) -> Result<Authority, Failure> {
        let of = |name: &str, why: &str| {
            Failure::Run(format!("{}: {why}", self.path.join(name).display()))
        };
        let pem = self.read(CA_CERTIFICATE)?.ok_or_else(|| self.no_folder(CA_CERTIFICATE))?;
        let key = self.secret(CA_KEY)?;
        let certificate = CertificateDer::from_pem_slice(&pem)
            .map_err(|error| of(CA_CERTIFICATE, &error.to_string()))?;
        let until = match parse_x509_certificate(&certificate) {
            Ok((_, read)) => read.validity().not_after.timestamp(),
            Err(error) => return Err(of(CA_CERTIFICATE, &error.to_string())),
        };
        let until = u64::try_from(until).unwrap_or_default();
        Authority::open(certificate, &key, until).map_err(|error| of(CA_KEY, &error.to_string()))
    }

    /// The text of a key's file, which nobody but its owner may use.
    pub fn secret(&self, name: &str) -> Result<String, Failure> {
        let text = self.read(name)?.ok_or_else(|| self.no_folder(name))?;
        if let Some(mode) = self.mode_for_others(name) {
            return Err(Failure::Run(format!(
                "{}: others than its owner may use this key (mode {mode:o}): chmod 600, if nobody has",
                self.path.join(name).display()
            )));
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The mode of a file that others than its owner may use in some way.
    pub fn mode_for_others(&self, name: &str) -> Option<u32> {
        let mode = fs::metadata(self.path.join(name)).ok()?.permissions().mode() & 0o777;
        (mode & OTHERS != 0).then_some(mode)
    }

    /// What is in a file; `None` if there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.path.join(name);
        let mut content = Vec::new();
        let read =
            File::open(&path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut content));
        match read {
            Ok(_) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::Run(format!("{}: {error}", path.display()))),
        }
    }

    /// The names of all files, in order; those that are no UTF-8 are not ours.
    pub fn list(&self) -> Result<Vec<String>, Failure> {
        let failed = |error: io::Error| Failure::Run(format!("{}: {error}", self.path.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn no_folder(&self, name: &str) -> Failure {
        Failure::Run(format!(
            "{} is no folder that herdca new has made: there is no {name}",
            self.path.display()
        ))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

fn mode(name: &str) -> u32 {
    if name.ends_with(".key") { SECRET_MODE } else { PUBLIC_MODE }
}

/// Makes a file that is nobody else's to read for a moment longer than that mode says.
fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    fn files(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), format!("{name}'s\n"))).collect()
    }

    #[test]
    fn what_cannot_be_made_whole_is_not_made_at_all() {
        let path = env::temp_dir().join(format!("herdca-{}", std::process::id()));
        let wrong = Folder::make(&path, &files(&["ca.pem", "ca.key", "no/file", "revoked"]));
        let Err(Failure::Run(why)) = wrong else { panic!("it was made") };
        assert!(why.contains("no/file") && !why.contains("is left"), "{why}");
        assert!(!path.exists());
        let folder = Folder::make(&path, &files(&["ca.pem", "ca.key"])).unwrap();
        assert!(folder.replace(&files(&["ca.key", "no/file"])).is_err());
        assert_eq!(folder.list().unwrap(), ["ca.key", "ca.pem"], "no drafts");
        assert_eq!(folder.read("ca.key").unwrap().unwrap(), b"ca.key's\n");
        assert!(Folder::make(&path, &files(&["ca.pem"])).is_err());
        assert_eq!(folder.list().unwrap(), ["ca.key", "ca.pem"], "as it was");
        fs::remove_dir_all(&path).unwrap();
    }
}
