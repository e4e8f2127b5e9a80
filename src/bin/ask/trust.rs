//! Whom a program trusts and what it may show: the arguments `--ca` and `--token-file`, and `HERD_TOKEN`.
//! The programs that talk to servers share it.
//!
//! A token opens doors: it is on no command line, which all users of a machine can read, and in nothing
//! that is said, written or shown.

use getopts::{Matches, Options};
use herd::limits::CLIENT_LINE_BYTES_MAX;
use herd::reactor::client_config;
use rustls::ClientConfig;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// The variable of the environment in which a token may be.
pub const TOKEN_VARIABLE: &str = "HERD_TOKEN";
/// The command that shows a token.
const COMMAND: &str = "AUTH ";
/// A longer one fits on no line.
const TOKEN_BYTES_MAX: usize = CLIENT_LINE_BYTES_MAX - COMMAND.len();
/// As much of a file is read: a token and the white space around it.
const FILE_BYTES_MAX: usize = 2 * CLIENT_LINE_BYTES_MAX;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustOptions {
    ca: Option<String>,
    token_file: Option<String>,
}

/// Whom to trust, if TLS is to be spoken, and the token, if there is one.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    tls: Option<Arc<ClientConfig>>,
    token: Option<Token>,
}

/// A token, which is shown to servers only.
#[derive(Clone)]
pub struct Token {
    text: Arc<str>,
}

/// Says which arguments there are.
pub fn declare(declared: &mut Options) {
    declared
        .optopt(
            "",
            "ca",
            "speak TLS, with a server of a herd at its tls_port: the certificate must be for its host \
             and by an authority in this file (the herd's ca.pem)",
            "PEM",
        )
        .optopt(
            "",
            "token-file",
            "show the token in this file (default: what is in the environment as HERD_TOKEN)",
            "FILE",
        );
}

impl TrustOptions {
    /// Of those arguments.
    pub fn of(given: &Matches) -> Self {
        TrustOptions { ca: given.opt_str("ca"), token_file: given.opt_str("token-file") }
    }

    /// Whether TLS is to be spoken.
    pub fn is_tls(&self) -> bool {
        self.ca.is_some()
    }

    /// Whether a token was named, rather than left in the environment for whoever needs it.
    pub fn names_token(&self) -> bool {
        self.token_file.is_some()
    }

    /// Reads the files and the environment.
    ///
    /// # Errors
    /// In one line what cannot be used.
    pub fn load(&self) -> Result<Trust, String> {
        self.load_from(env::var_os(TOKEN_VARIABLE))
    }

    fn load_from(&self, environment: Option<OsString>) -> Result<Trust, String> {
        let ca = self.ca.as_deref().map(Path::new);
        let tls = ca.map(|ca| client_config(Some(ca)));
        let tls = tls.transpose().map_err(|why| format!("--ca {why}"))?;
        let token = match (&self.token_file, environment) {
            (Some(file), _) => {
                Some(read(file).map_err(|why| format!("--token-file {file:?}: {why}"))?)
            }
            // So a variable is taken back for one command.
            (None, Some(empty)) if empty.is_empty() => None,
            (None, Some(text)) => {
                let token = Token::parse(text.as_encoded_bytes());
                Some(token.map_err(|why| format!("{TOKEN_VARIABLE}: {why}"))?)
            }
            (None, None) => None,
        };
        Ok(Trust { tls, token })
    }
}

impl Trust {
    /// With what TLS is spoken, if it is.
    pub fn tls(&self) -> Option<&Arc<ClientConfig>> {
        self.tls.as_ref()
    }

    /// The token, if there is one.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The same without the token, for who knows no such thing.
    pub fn without_token(self) -> Self {
        Trust { token: None, ..self }
    }

    /// The same without resuming TLS sessions: each connection has a full handshake.
    pub fn without_resumption(mut self) -> Self {
        if let Some(tls) = &mut self.tls {
            Arc::make_mut(tls).resumption = rustls::client::Resumption::disabled();
        }
        self
    }
}

impl Token {
    /// That text, white space around it left out.
    fn parse(text: &[u8]) -> Result<Self, String> {
        match str::from_utf8(text.trim_ascii()) {
            Ok("") => Err("there is no token in it".to_owned()),
            Ok(long) if long.len() > TOKEN_BYTES_MAX => {
                Err(format!("no token is longer than {TOKEN_BYTES_MAX} bytes"))
            }
            Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Token { text: text.into() })
            }
            _ => {
                Err("what is in it is no token: that has letters, digits and signs only".to_owned())
            }
        }
    }

    /// The command that shows it, with its end.
    pub fn command(&self) -> Vec<u8> {
        format!("{COMMAND}{}\n", self.text).into_bytes()
    }

    /// The field of a request's head that shows it, with its end.
    pub fn header(&self) -> Vec<u8> {
        format!("Authorization: Bearer {}\r\n", self.text).into_bytes()
    }
}

/// Whether a line answers [`Token::command`] as a server does that takes the token.
pub fn is_taken(line: &[u8]) -> bool {
    line.starts_with(COMMAND.as_bytes())
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

fn read(file: &str) -> Result<Token, String> {
    let mut text = Vec::new();
    let read = |file: File| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut text);
    let read: io::Result<usize> = File::open(file).and_then(read);
    if read.map_err(|error| error.to_string())? > FILE_BYTES_MAX {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    Token::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_environment(text: &str) -> Result<Trust, String> {
        TrustOptions::default().load_from(Some(text.into()))
    }

    #[test]
    fn white_space_around_a_token_is_left_out() {
        let trust = in_environment(" \teyJ.a-_.b\r\n").unwrap();
        let token = trust.token().unwrap();
        assert_eq!(token.command(), b"AUTH eyJ.a-_.b\n");
        assert_eq!(token.header(), b"Authorization: Bearer eyJ.a-_.b\r\n");
    }

    #[test]
    fn an_empty_variable_is_as_none() {
        assert!(in_environment("").unwrap().token().is_none());
        assert!(TrustOptions::default().load_from(None).unwrap().token().is_none());
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_shown() {
        let long = "sesame".repeat(TOKEN_BYTES_MAX / 6 + 1);
        for wrong in [" \n", "sesame sesame", "ses\u{1}ame", "sesame\nsesame", "s\u{e9}same", &long]
        {
            let said = in_environment(wrong).unwrap_err();
            assert!(said.starts_with("HERD_TOKEN: ") && !said.contains('\n'), "{said}");
            assert!(!said.contains("ame"), "{said}");
        }
        assert!(in_environment(&long[..TOKEN_BYTES_MAX]).is_ok());
    }

    #[test]
    fn a_token_is_in_nothing_that_is_shown() {
        let trust = in_environment("sesame").unwrap();
        assert!(!format!("{trust:?}").contains("sesame"));
    }

    #[test]
    fn a_file_without_end_is_refused_without_reading_it_all() {
        let endless = TrustOptions { token_file: Some("/dev/zero".into()), ca: None };
        let said = endless.load_from(None).unwrap_err();
        assert_eq!(said, "--token-file \"/dev/zero\": it has more than 32768 bytes");
        let missing = TrustOptions { token_file: Some("/nowhere/x".into()), ca: None };
        // What was named counts, whatever is in the environment.
        assert!(missing.load_from(Some("sesame".into())).unwrap_err().contains("No such file"));
    }
}
