//! `herdca token` and `herdca revoke`.

use crate::Failure;
use crate::authority::random;
use crate::folder::{Folder, REVOKED, TOKENS_KEY, TOKENS_PUBLIC};
use crate::moment::{DAY_SECONDS, now};
use herd::limits::{REVOKED_FILE_BYTES_MAX, TOKEN_PATTERN_BYTES_MAX, TOKEN_PATTERNS_MAX};
use herd::tokens::{Fault, Grant, PublicKey, Revoked, Rights, SigningKey, Verifier, is_id};
use std::fmt::Display;
use std::path::Path;

/// What a token is to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whose it is.
    pub name: String,
    /// The clients that it is about.
    pub clients: Vec<String>,
    /// What it allows.
    pub may: Rights,
    /// For how many days.
    pub days: u64,
}

/// A token and its id.
pub struct Made {
    pub token: String,
    pub id: String,
}

/// Makes a token. It is verified as a server does before it is given out.
pub fn token(path: &Path, wish: &Wish) -> Result<Made, Failure> {
    let folder = Folder::at(path);
    let herd = folder.herd()?;
    let wrong =
        |file: &str, why: &dyn Display| Failure::Run(format!("{}/{file} {why}", folder.place()));
    let key = SigningKey::from_pem(folder.secret(TOKENS_KEY)?.as_bytes())
        .map_err(|error| wrong(TOKENS_KEY, &error))?;
    let public = folder.read(TOKENS_PUBLIC)?.unwrap_or_default();
    let public = PublicKey::from_pem(&public).map_err(|error| wrong(TOKENS_PUBLIC, &error))?;
    let id: String = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let now = now();
    let token = Grant::new(&herd.name, &wish.name, &id, now + wish.days * DAY_SECONDS)
        .clients(&wish.clients)
        .may(wish.may)
        .sign(&key);
    match Verifier::new(public, &herd.name).verify(token.as_bytes(), now) {
        Ok(_) => Ok(Made { token, id }),
        Err(error) => Err(match error.fault() {
            Fault::Claim("sub") => Failure::Usage("--name: give 1 to 256 bytes".to_owned()),
            Fault::Claim("clients") => Failure::Usage(format!(
                "--clients: at most {TOKEN_PATTERNS_MAX} patterns of at most \
                 {TOKEN_PATTERN_BYTES_MAX} bytes"
            )),
            Fault::TooLong => Failure::Usage("--clients: the token would be too long".to_owned()),
            Fault::Signature => wrong(TOKENS_KEY, &"does not fit tokens.pub"),
            fault => Failure::Run(format!("the token would not be taken: {fault}")),
        }),
    }
}

/// Adds an id to those that count no more, unless it is there already.
pub fn revoke(path: &Path, id: &str) -> Result<String, Failure> {
    if !is_id(id) {
        return Err(Failure::Usage(format!(
            "{id:?} is no id of a token: not what herdca token says"
        )));
    }
    let folder = Folder::at(path);
    let _lock = folder.lock()?;
    let wrong = |why: &dyn Display| Failure::Run(format!("{}/{REVOKED} {why}", folder.place()));
    let text = folder.read(REVOKED)?.ok_or_else(|| wrong(&"is not there"))?;
    let revoked = Revoked::parse(&text).map_err(|error| wrong(&error))?;
    if revoked.contains(id) {
        return Ok(format!("{id} was revoked before.\n"));
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(id);
    text.push('\n');
    if text.len() as u64 > REVOKED_FILE_BYTES_MAX {
        return Err(wrong(&"would be too large"));
    }
    folder.replace(&[(REVOKED.to_owned(), text)])?;
    Ok(format!(
        "{id} is revoked: copy {}/{REVOKED} to every server and send it SIGHUP.\n",
        folder.place()
    ))
}
