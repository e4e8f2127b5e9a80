//! What a request may do: the one place that decides it.
//!
//! A browser sends requests also for pages from elsewhere, and says so by `Origin` and
//! [`Sec-Fetch-Site`](https://www.w3.org/TR/fetch-metadata/). Such a page may ask, though the browser shows
//! it the answer only where we allow that; to report it must be from a place that was named. What is no
//! browser says neither, and no browser says where a plain `GET` is from when it asks without TLS and not
//! on its own machine: such a report can be made by any page where no tokens are required.
//!
//! Where they are, a request is its [`Caller`]'s, who may do what the token allows that it
//! [shows](super::credentials). What is not allowed looks like what is not known; but who shows no good
//! token is told so, and who may not see how the server is.

use super::Node;
use super::credentials::{self, Challenge};
use super::reply::Refusal;
use crate::node::ClientBounds;
use crate::node::access::{Grant, Sight};
use crate::node::counts::Refused;
use crate::tokens::Right;
use crate::transport::{Context, Monotonic, Now};
use crate::wire::http::Request;
use std::rc::Rc;

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
    /// To see what tells nothing of anybody.
    See,
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

/// Who asks, as the token says that was shown: nobody in particular where none is required.
#[derive(Debug, Clone)]
pub(super) struct Caller(Option<Rc<Grant>>);

impl Caller {
    /// Whether it may do that, about that client if it is about one; if not, that is counted and in the log.
    #[inline]
    pub fn may(&self, cx: &mut Context<'_, Node>, right: Right, client: Option<&[u8]>) -> bool {
        let who = ("web", cx.transport.id());
        let may = cx.app.may(who, self.0.as_ref(), (right, client), cx.now);
        if !may {
            cx.app.counts.refused(Refused::NotAllowed);
        }
        may
    }

    /// Whether it may see how the server is.
    pub fn may_see_status(&self, cx: &mut Context<'_, Node>) -> Result<(), Refusal> {
        match self.may(cx, Right::Status, None) {
            true => Ok(()),
            false => Err(Refusal::new(403, "this token does not allow that")),
        }
    }

    /// Which clients it is told of that would do that: all, if it is not said.
    pub fn sight(&self, node: &Node, right: Right, now: Now) -> Option<Sight> {
        node.sight(self.0.as_ref(), right, now)
    }

    /// Whether the token that was shown counts no more.
    pub fn is_over(&mut self, node: &Node, now: Now) -> bool {
        node.take_if_over(&mut self.0, now)
    }

    /// When that will be, as far as that is known now.
    pub fn over_at(&self, now: Now) -> Option<Monotonic> {
        self.0.as_ref().map(|grant| grant.over_at(now))
    }
}

/// Who the request is from that would do that: an error if a token is required and it shows no good one.
#[inline]
pub(super) fn caller(
    cx: &mut Context<'_, Node>,
    request: &Request<'_>,
    deed: Deed,
) -> Result<Caller, Refusal> {
    match cx.app.requires_tokens() && deed != Deed::See {
        true => caller_by_token(cx, request),
        false => Ok(Caller(None)),
    }
}

#[cold]
fn caller_by_token(cx: &mut Context<'_, Node>, request: &Request<'_>) -> Result<Caller, Refusal> {
    let token = credentials::token(request);
    let why = match &token {
        None => {
            cx.app.counts.refused(Refused::NotAllowed);
            "a token is required"
        }
        Some(token) => match cx.app.recognise(("web", cx.transport.id()), token, cx.now) {
            Some(grant) => return Ok(Caller(Some(grant))),
            None => {
                cx.app.counts.refused(Refused::Token);
                "that token is not good"
            }
        },
    };
    Err(Refusal::of_credentials(why, Challenge::to(request, token.is_some())))
}

/// Whether the request may do that, wherever it is from.
#[inline]
pub(super) fn may(node: &Node, request: &Request<'_>, deed: Deed) -> Result<(), Refusal> {
    if request.names_its_page() { may_from_page(node, request, deed) } else { Ok(()) }
}

#[cold]
fn may_from_page(node: &Node, request: &Request<'_>, deed: Deed) -> Result<(), Refusal> {
    let changes = deed == Deed::Change;
    if !changes || is_ours(request) || node.web.origins.find_allowed(request).is_some() {
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
