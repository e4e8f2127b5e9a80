//! `herdca new` and `herdca server`.

use crate::Failure;
use crate::authority::{Authority, Made, random};
use crate::folder::{CA_CERTIFICATE, CA_KEY, Folder, HERD, REVOKED, TOKENS_KEY, TOKENS_PUBLIC};
use crate::moment::{date, now};
use crate::names::{Names, domain, names};
use herd::herd::{BUILT_IN, Herd, HerdError, Mistake};
use herd::limits::HERD_FILE_BYTES_MAX;
use herd::tokens::SigningKey;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Makes all for a herd; what was made.
pub fn new(folder: &Path, herd: &str) -> Result<String, Failure> {
    let json = herd_file(herd)?;
    let in_place = |why: String| Failure::Usage(format!("herd {herd}: {why}"));
    let parsed = Herd::from_json(&json).map_err(|mistake| {
        Failure::Usage(HerdError { place: herd.to_owned(), mistake }.to_string())
    })?;
    let domain = domain(&parsed);
    let all = names(&parsed).map_err(in_place)?;
    let now = now();
    let (authority, own) = Authority::make(&domain, &all, now)?;
    let servers =
        all.iter().map(|names| authority.vouch_for(names, now)).collect::<Result<Vec<_>, _>>()?;
    let tokens = SigningKey::from_seed(random()?)
        .map_err(|error| Failure::Run(format!("the key for tokens {error}")))?;
    let said = said(folder, &domain, &all, &own, &servers);
    let mut files = vec![
        (CA_CERTIFICATE.to_owned(), own.certificate),
        (CA_KEY.to_owned(), own.key),
        (TOKENS_PUBLIC.to_owned(), tokens.public().to_pem()),
        (TOKENS_KEY.to_owned(), tokens.to_pem()),
        (REVOKED.to_owned(), String::new()),
    ];
    for (names, made) in all.iter().zip(servers) {
        files.extend(files_of(names, made));
    }
    // Last, since it says that the folder is whole.
    files.push((HERD.to_owned(), String::from_utf8_lossy(&json).into_owned()));
    Folder::make(folder, &files)?;
    Ok(said)
}

/// Makes a server's key and certificate anew; what was made.
pub fn server(path: &Path, name: &str) -> Result<String, Failure> {
    let folder = Folder::at(path);
    let _lock = folder.lock()?;
    let herd = folder.herd()?;
    let all =
        names(&herd).map_err(|why| Failure::Run(format!("{}/{HERD}: {why}", folder.place())))?;
    let names = all.into_iter().find(|names| names.server == name).ok_or_else(|| {
        Failure::Usage(format!("{name:?} is no server of the herd in {}/{HERD}", folder.place()))
    })?;
    let made = folder.authority()?.vouch_for(&names, now())?;
    let until = date(made.until);
    folder.replace(&files_of(&names, made))?;
    Ok(format!(
        "{name}.pem and {name}.key are new, for {}, until {until}.\n\
         Copy both to {name}, the key first and readable by its owner only, and send its server SIGHUP.\n",
        written(&names)
    ))
}

/// The key goes first: who reads the certificate finds its key there.
fn files_of(names: &Names, made: Made) -> [(String, String); 2] {
    [
        (format!("{}.key", names.server), made.key),
        (format!("{}.pem", names.server), made.certificate),
    ]
}

/// The herd file of that name or at that path, as it is.
fn herd_file(herd: &str) -> Result<Vec<u8>, Failure> {
    if let Some((_, json)) = BUILT_IN.iter().find(|(name, _)| *name == herd) {
        return Ok(json.as_bytes().to_vec());
    }
    let wrong = |mistake| Failure::Usage(HerdError { place: herd.to_owned(), mistake }.to_string());
    let mut json = Vec::new();
    let read =
        File::open(herd).and_then(|file| file.take(HERD_FILE_BYTES_MAX + 1).read_to_end(&mut json));
    read.map_err(|error| wrong(Mistake::Unreadable(error)))?;
    if json.len() as u64 > HERD_FILE_BYTES_MAX {
        return Err(wrong(Mistake::TooLarge));
    }
    Ok(json)
}

fn written(names: &Names) -> String {
    let all: Vec<String> = names.all().iter().map(ToString::to_string).collect();
    all.join(" and ")
}

fn said(folder: &Path, domain: &str, all: &[Names], own: &Made, servers: &[Made]) -> String {
    let mut said = format!("{} is made for the herd {domain}:\n", folder.display());
    let mut line = |file: &str, what: &str| {
        // Into a string: cannot fail.
        let _ = writeln!(said, "  {file:<14} {what}");
    };
    line(CA_CERTIFICATE, &format!("the authority, until {}", date(own.until)));
    line(CA_KEY, "its key: stays here");
    for (names, made) in all.iter().zip(servers) {
        let what = format!("for {}, until {}", written(names), date(made.until));
        line(&format!("{}.pem", names.server), &what);
        line(&format!("{}.key", names.server), "its key");
    }
    line(TOKENS_PUBLIC, "verifies tokens");
    line(TOKENS_KEY, "makes tokens: stays here");
    line(REVOKED, "tokens that count no more: none yet");
    line(HERD, "the herd file: stays here");
    said + "\
Copy to each server NAME, into a folder of its own, which its --keys names:\n  \
    ca.pem NAME.pem NAME.key tokens.pub revoked\n\
Keys must be readable by their owner only (chmod 600). Clients need ca.pem to trust the servers.\n\
Whoever holds ca.key or tokens.key is the herd: keep this folder where no server runs.\n"
}
