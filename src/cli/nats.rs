//! The arguments about the message bus to which a server is a gateway.

mod url;

pub use url::NatsUrlError;

use super::UsageError;
use crate::limits;
use crate::node::Credentials;
use crate::transport::Endpoint;
use crate::wire::nats::is_subject;
use getopts::Matches;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;

const URL: &str = "nats";
const SUBJECT: &str = "nats-subject";
const CREDENTIALS: &str = "nats-credentials";
const CA: &str = "nats-ca";
const CLIENTS: &str = "nats-clients";

/// What the names of subjects begin with unless it is said otherwise.
const SUBJECT_DEFAULT: &str = "herd";

/// Which bus it is, who we are to it, and what is told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsOptions {
    /// Its hosts, in the order in which they were named: one at least.
    pub endpoints: Vec<Endpoint>,
    /// The credentials in the URL, if it has some.
    pub credentials: Credentials,
    /// The file with the credentials, if the URL has none.
    pub credentials_file: Option<PathBuf>,
    /// The certificates to trust there instead of the web's roots (PEM).
    pub ca: Option<PathBuf>,
    /// What the names of all subjects begin with.
    pub subject: String,
    /// Whether each change is published on a subject of its client's, too.
    pub clients: bool,
}

/// What is wrong with credentials; does not tell them. Its `Display` is a clause, `a name ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsError {
    /// A name, a password or a token is empty.
    Empty,
    /// They are longer than the limit.
    TooLong,
    /// They have a control character.
    Character,
}

/// A name and a password or, without a password, a token.
///
/// # Errors
///
/// What is wrong with them.
fn credentials(name: &str, password: Option<&str>) -> Result<Credentials, CredentialsError> {
    let all = [name, password.unwrap_or_default()];
    if name.is_empty() || password.is_some_and(str::is_empty) {
        return Err(CredentialsError::Empty);
    }
    if all.iter().map(|part| part.len()).sum::<usize>() > limits::NATS_CREDENTIALS_BYTES_MAX {
        return Err(CredentialsError::TooLong);
    }
    if all.iter().any(|part| part.contains(char::is_control)) {
        return Err(CredentialsError::Character);
    }
    Ok(match password {
        Some(password) => {
            Credentials::User { user: name.to_owned(), password: password.to_owned() }
        }
        None => Credentials::Token(name.to_owned()),
    })
}

/// The credentials in the line of a file: `name:password`, where the password may have colons, or a token,
/// which has none.
///
/// # Errors
///
/// What is wrong with them.
pub fn credentials_in(line: &str) -> Result<Credentials, CredentialsError> {
    match line.split_once(':') {
        Some((name, password)) => credentials(name, Some(password)),
        None => credentials(line, None),
    }
}

/// Says which arguments there are.
pub(super) fn declare(options: &mut getopts::Options) {
    options
        .optopt(
            "",
            URL,
            "be a gateway to the NATS message bus there: nats:// or tls://, with several hosts \
             commas between them; what is known of clients is told to other herds and to whoever \
             reads the bus, and what other herds tell is taken in",
            "URL",
        )
        .optopt("", SUBJECT, "what the names of its subjects begin with (default: herd)", "SUBJECT")
        .optopt(
            "",
            CREDENTIALS,
            "file with name:password or a token for it, instead of name:password@ or token@ in \
             the URL, which all who list processes see; refused if others than its owner may use it",
            "FILE",
        )
        .optopt("", CA, "certificates to trust there (default: the web's roots)", "PEM")
        .optflag(
            "",
            CLIENTS,
            "publish each change also on a subject of its client's, SUBJECT.client.ID (default: \
             off)",
        );
}

/// Reads what was given.
pub(super) fn read(given: &Matches) -> Result<Option<NatsOptions>, UsageError> {
    let Some(url) = given.opt_str(URL) else {
        let alone = [SUBJECT, CREDENTIALS, CA, CLIENTS].into_iter().find(|o| given.opt_present(o));
        return alone.map_or(Ok(None), |option| Err(UsageError::Lacks { option, what: URL }));
    };
    let (endpoints, credentials) = url::parse(&url).map_err(UsageError::Nats)?;
    let credentials_file = given.opt_str(CREDENTIALS).map(PathBuf::from);
    if credentials_file.is_some() && credentials != Credentials::None {
        return Err(UsageError::NatsCredentials);
    }
    let subject = given.opt_str(SUBJECT).unwrap_or_else(|| SUBJECT_DEFAULT.to_owned());
    let is_short = subject.len() <= limits::NATS_SUBJECT_PREFIX_BYTES_MAX;
    if !is_short || !is_subject(subject.as_bytes()) {
        return Err(UsageError::NatsSubject(subject));
    }
    Ok(Some(NatsOptions {
        endpoints,
        credentials,
        credentials_file,
        ca: given.opt_str(CA).map(PathBuf::from),
        subject,
        clients: given.opt_present(CLIENTS),
    }))
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CredentialsError::Empty => f.write_str("a name, a password or a token is empty"),
            CredentialsError::TooLong => {
                let most = limits::NATS_CREDENTIALS_BYTES_MAX;
                write!(f, "name and password, or token, are longer than {most} bytes")
            }
            CredentialsError::Character => {
                f.write_str("a name, a password or a token has a control character")
            }
        }
    }
}

impl Error for CredentialsError {}

#[cfg(test)]
mod tests;
