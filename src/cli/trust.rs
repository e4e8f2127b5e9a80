//! The arguments about who is trusted, and what strangers are shown.

use super::UsageError;
use getopts::Matches;
use std::path::PathBuf;

const KEYS: &str = "keys";
const KEYS_OPTIONAL: &str = "keys-optional";
const CERTIFICATE: &str = "cert";
const KEY: &str = "key";
const REQUIRE_TOKENS: &str = "require-tokens";

/// Who is trusted, and what strangers are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustOptions {
    /// The folder of certificates and keys.
    pub keys: Option<PathBuf>,
    /// Whether neighbours may do without TLS.
    pub keys_optional: bool,
    /// Certificate and key for clients and visitors, in place of the folder's.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Whether nobody may do anything without a token.
    pub require_tokens: bool,
}

/// Says which arguments there are.
pub(super) fn declare(options: &mut getopts::Options) {
    options
        .optopt(
            "",
            KEYS,
            "certificates and keys made by herdca: neighbours must show theirs, and clients and \
             visitors are shown this server's where they speak TLS",
            "DIR",
        )
        .optflag(
            "",
            KEYS_OPTIONAL,
            "neighbours without TLS are listened to, and told: for as long as a herd changes to --keys",
        )
        .optopt("", CERTIFICATE, "show clients and visitors this one instead", "PEM")
        .optopt("", KEY, "the key of --cert", "PEM")
        .optflag("", REQUIRE_TOKENS, "nobody does anything without a token (see herdca token)");
}

/// Reads what was given.
pub(super) fn read(given: &Matches) -> Result<TrustOptions, UsageError> {
    let keys = given.opt_str(KEYS).map(PathBuf::from);
    let keys_optional = given.opt_present(KEYS_OPTIONAL);
    let require_tokens = given.opt_present(REQUIRE_TOKENS);
    for (option, is_given) in [(KEYS_OPTIONAL, keys_optional), (REQUIRE_TOKENS, require_tokens)] {
        if is_given && keys.is_none() {
            return Err(UsageError::Lacks { option, what: KEYS });
        }
    }
    let certificate = match (given.opt_str(CERTIFICATE), given.opt_str(KEY)) {
        (Some(certificate), Some(key)) => Some((PathBuf::from(certificate), PathBuf::from(key))),
        (None, None) => None,
        (Some(_), None) => return Err(UsageError::Lacks { option: CERTIFICATE, what: KEY }),
        (None, Some(_)) => return Err(UsageError::Lacks { option: KEY, what: CERTIFICATE }),
    };
    Ok(TrustOptions { keys, keys_optional, certificate, require_tokens })
}
