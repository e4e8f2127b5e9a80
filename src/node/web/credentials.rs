//! The token that a request shows, and what it is told where it shows none that is good.
//!
//! A token comes as `Authorization: Bearer TOKEN` (RFC 6750), in the query as `token=TOKEN` for those that
//! cannot set a header, or as the password of `Authorization: Basic` (RFC 7617) for those that know nothing
//! else; of several this is the order.

use crate::wire::http::Request;
use crate::wire::uri;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Apps may leave the padding away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What `WWW-Authenticate` says: the ways in which a token may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Challenge {
    /// One was shown that is not good.
    pub is_wrong: bool,
    /// Whoever asks may ask somebody for a password by a dialog of its own.
    pub by_dialog: bool,
}

impl Challenge {
    /// For that request. A page asks for a token itself: were it offered Basic, the browser would open its
    /// dialog over it.
    pub fn to(request: &Request<'_>, is_wrong: bool) -> Self {
        let is_page = match request.header("sec-fetch-mode") {
            Some(mode) => mode != "navigate",
            // Browsers say that only where they trust the connection: else it shows in what ours takes.
            None => {
                matches!(request.header("accept"), Some("application/json" | "text/event-stream"))
            }
        };
        let shows_bearer = credentials(request, "bearer").is_some();
        Challenge { is_wrong, by_dialog: !is_page && !shows_bearer }
    }

    /// The values of the fields, one each.
    pub fn values(self) -> impl Iterator<Item = &'static str> {
        let bearer = match self.is_wrong {
            true => "Bearer realm=\"herd\", error=\"invalid_token\"",
            false => "Bearer realm=\"herd\"",
        };
        let basic = self.by_dialog.then_some("Basic realm=\"herd\", charset=\"UTF-8\"");
        std::iter::once(bearer).chain(basic)
    }
}

/// The token that a request shows, be it a good one.
pub(super) fn token<'a>(request: &Request<'a>) -> Option<Cow<'a, [u8]>> {
    if let Some(token) = credentials(request, "bearer") {
        return Some(Cow::Borrowed(token.as_bytes()));
    }
    if let Ok(Some(token)) = uri::value(request.query().as_bytes(), "token") {
        return Some(token);
    }
    let pair = BASE64.decode(credentials(request, "basic")?).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    Some(Cow::Owned(pair[colon + 1..].to_vec()))
}

/// What stands behind that scheme, if the request's `Authorization` is of it.
fn credentials<'a>(request: &Request<'a>, scheme: &str) -> Option<&'a str> {
    let (this, rest) = request.header("authorization")?.split_once(' ')?;
    this.eq_ignore_ascii_case(scheme).then(|| rest.trim_ascii())
}
