//! What a request may do: the one place that decides it.
//!
//! A browser sends requests also for pages from elsewhere, and says so by `Origin` and
//! [`Sec-Fetch-Site`](https://www.w3.org/TR/fetch-metadata/). Such a page may ask, though the browser shows
//! it the answer only where we allow that; to report it must be from a place that was named. What is no
//! browser says neither, and no browser says where a plain `GET` is from when it asks without TLS and not
//! on its own machine: such a report can be made by any page until there are tokens.

use super::Node;
use super::reply::Refusal;
use crate::node::ClientBounds;
use crate::wire::http::Request;

/// How the web port is served.
#[derive(Debug, Clone)]
pub struct WebOptions {
    /// What keeps strangers from taking all there is for visitors.
    pub bounds: ClientBounds,
    /// The pages from elsewhere that may report and read answers, by where they are from:
    /// `https://example.org`.
    pub cors: Vec<String>,
}

impl WebOptions {
    /// For all who come, and no page from elsewhere.
    pub const NONE: WebOptions = WebOptions { bounds: ClientBounds::NONE, cors: Vec::new() };
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// To change what is known.
    Change,
    /// To ask, or to watch.
    Ask,
}

/// Where pages may be from that are not ours.
#[derive(Debug)]
pub(super) struct Origins(Vec<String>);

impl Origins {
    pub fn new(origins: Vec<String>) -> Self {
        Origins(origins)
    }

    /// Which of them the request is from, if it is from any.
    pub fn find_allowed(&self, request: &Request<'_>) -> Option<usize> {
        if self.0.is_empty() || !request.names_its_page() {
            return None;
        }
        let origin = request.header("origin")?;
        self.0.iter().position(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn name(&self, origin: usize) -> Option<&str> {
        self.0.get(origin).map(String::as_str)
    }
}

/// Whether the request may do that.
#[inline]
pub(super) fn may(node: &Node, request: &Request<'_>, deed: Deed) -> Result<(), Refusal> {
    if request.names_its_page() { may_from_page(node, request, deed) } else { Ok(()) }
}

#[cold]
fn may_from_page(node: &Node, request: &Request<'_>, deed: Deed) -> Result<(), Refusal> {
    if deed == Deed::Ask || is_ours(request) || node.web.origins.find_allowed(request).is_some() {
        return Ok(());
    }
    Err(Refusal::new(403, "a page from elsewhere may not do that: see --cors"))
}

/// Whether no browser says that the request is made by a page from elsewhere.
fn is_ours(request: &Request<'_>) -> bool {
    let site = request.header("sec-fetch-site");
    let is_same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    is_same_site && request.header("origin").is_none_or(|origin| is_own(origin, request))
}

/// Whether that is where this request went to.
fn is_own(origin: &str, request: &Request<'_>) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    match (authority, request.header("host")) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}
