//! Who may do what: tokens that connections show, and what each allows.
//!
//! Without `--require-tokens` there is nothing of this, and anybody may do anything.

use super::Node;
use super::log_throttle::LogThrottle;
use crate::limits;
use crate::tokens::{Claims, Revoked, Right, TokenError, Verifier};
use crate::transport::{Action, ConnectionId, Monotonic, Now};
use crate::wire::Printable;
use log::{debug, info, warn};
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::fmt::{self, Display};
use std::rc::Rc;
use std::time::Duration;

const DAY_SECONDS: u64 = 86_400;

/// A token that was verified.
#[derive(Debug)]
pub(super) struct Grant {
    claims: Claims,
    /// Which of this server's keys has verified it.
    key: u32,
}

impl Grant {
    /// Whether it is about that client.
    pub fn covers(&self, client: &[u8]) -> bool {
        self.claims.covers(client)
    }

    /// Whether it is about every client.
    pub fn covers_all(&self) -> bool {
        self.claims.covers_all()
    }

    /// When its time is over, if the clock goes on as it does now; at most a day from now.
    pub fn over_at(&self, now: Now) -> Monotonic {
        let left = self.claims.expires_at().saturating_sub(posix_seconds(now)).min(DAY_SECONDS);
        let begun = u64::try_from(now.posix_nanoseconds % 1_000_000_000).unwrap_or_default();
        now.monotonic + Duration::from_secs(left).saturating_sub(Duration::from_nanos(begun))
    }

    /// Whose token it is.
    pub fn name(&self) -> &str {
        self.claims.name()
    }
}

/// What tokens are believed, and those that have been.
#[derive(Debug)]
pub(super) struct Access {
    verifier: Verifier,
    revoked: Revoked,
    /// Counts the keys that there have been.
    key: u32,
    /// Tokens that were verified, by their SHA-256.
    verified: HashMap<[u8; 32], Rc<Grant>>,
    /// How often one has been verified, be it a good one.
    verifications: u64,
    refused: LogThrottle,
    denied: LogThrottle,
}

/// Why somebody may not do something.
enum Denied<'a> {
    NoToken,
    Revoked(&'a Grant),
    Over(&'a Grant),
    Lacks(&'a Grant, Right),
    Other(&'a Grant, &'a [u8]),
}

impl Access {
    fn new(verifier: Verifier, revoked: Revoked) -> Self {
        Access {
            verifier,
            revoked,
            key: 0,
            verified: HashMap::new(),
            verifications: 0,
            refused: LogThrottle::default(),
            denied: LogThrottle::default(),
        }
    }

    /// From now on these hold: what was verified by another key is worth nothing.
    fn renew(&mut self, verifier: Verifier, revoked: Revoked) {
        if self.verifier != verifier {
            self.verifier = verifier;
            self.key += 1;
            self.verified = HashMap::new();
        }
        self.revoked = revoked;
    }

    /// Believes a token, or says why not.
    fn verify(&mut self, token: &[u8], now: u64) -> Result<Rc<Grant>, TokenError> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token).as_ref());
        if let Some(grant) = self.verified.get(&hash).filter(|grant| !grant.claims.is_over(now)) {
            return Ok(Rc::clone(grant));
        }
        self.verifications += 1;
        let claims = self.verifier.verify(token, now)?;
        let grant = Rc::new(Grant { claims, key: self.key });
        if self.verified.len() >= limits::TOKENS_REMEMBERED_MAX {
            self.verified = HashMap::new();
        }
        self.verified.insert(hash, Rc::clone(&grant));
        Ok(grant)
    }

    /// Whether a token still counts.
    fn holds<'a>(&self, grant: &'a Grant, now: u64) -> Result<(), Denied<'a>> {
        if grant.claims.is_over(now) {
            return Err(Denied::Over(grant));
        }
        if grant.key != self.key || self.revoked.contains(grant.claims.id()) {
            return Err(Denied::Revoked(grant));
        }
        Ok(())
    }

    fn judge<'a>(
        &self,
        grant: Option<&'a Grant>,
        right: Right,
        client: Option<&'a [u8]>,
        now: u64,
    ) -> Result<(), Denied<'a>> {
        let grant = grant.ok_or(Denied::NoToken)?;
        self.holds(grant, now)?;
        if !grant.claims.may(right) {
            return Err(Denied::Lacks(grant, right));
        }
        match client {
            Some(client) if !grant.covers(client) => Err(Denied::Other(grant, client)),
            _ => Ok(()),
        }
    }
}

impl Node {
    /// Nobody may do anything from now on without a token that this believes and that is not revoked.
    pub fn require_tokens(&mut self, verifier: Verifier, revoked: Revoked) {
        self.settings.is_guarded = true;
        match &mut self.access {
            Some(access) => access.renew(verifier, revoked),
            None => self.access = Some(Box::new(Access::new(verifier, revoked))),
        }
        // Whose token counts no more is told nothing more.
        let Node { hub, actions, .. } = self;
        actions.extend(hub.connections().map(Action::Wake));
    }

    /// Whether tokens are in force.
    #[inline]
    pub(super) fn requires_tokens(&self) -> bool {
        self.access.is_some()
    }

    /// How often a token has been verified that was not remembered: that takes its time.
    #[inline]
    pub(super) fn tokens_verified(&self) -> u64 {
        self.access.as_ref().map_or(0, |access| access.verifications)
    }

    /// Believes a token that was shown on that connection; the reason why not is in the log.
    pub(super) fn believe(
        &mut self,
        who: (&'static str, ConnectionId),
        token: &[u8],
        now: Now,
    ) -> Option<Rc<Grant>> {
        let grant = self.judge_token(who, token, now)?;
        tell_whose(who, &grant);
        Some(grant)
    }

    /// The same, where it is shown again with each request: whose it is is in the log the first time.
    pub(super) fn recognise(
        &mut self,
        who: (&'static str, ConnectionId),
        token: &[u8],
        now: Now,
    ) -> Option<Rc<Grant>> {
        let verified = self.tokens_verified();
        let grant = self.judge_token(who, token, now)?;
        if self.tokens_verified() != verified {
            tell_whose(who, &grant);
        }
        Some(grant)
    }

    fn judge_token(
        &mut self,
        (role, id): (&'static str, ConnectionId),
        token: &[u8],
        now: Now,
    ) -> Option<Rc<Grant>> {
        let access = self.access.as_deref_mut()?;
        let at = posix_seconds(now);
        let verified = access.verify(token, at);
        let why = match &verified {
            Ok(grant) => match access.holds(grant, at) {
                Ok(()) => return verified.ok(),
                Err(denied) => denied.to_string(),
            },
            Err(error) => error.to_string(),
        };
        tell(&mut access.refused, now.monotonic, format_args!("{role} {id}: refused, {why}"));
        None
    }

    /// Whether whoever has shown that on its connection may do that, about that client if it is about one.
    #[inline]
    pub(super) fn may(
        &mut self,
        who: (&'static str, ConnectionId),
        grant: Option<&Rc<Grant>>,
        (right, client): (Right, Option<&[u8]>),
        now: Now,
    ) -> bool {
        self.access.is_none() || self.may_by_token(who, grant, (right, client), now)
    }

    #[cold]
    fn may_by_token(
        &mut self,
        (role, id): (&'static str, ConnectionId),
        grant: Option<&Rc<Grant>>,
        (right, client): (Right, Option<&[u8]>),
        now: Now,
    ) -> bool {
        let Some(access) = self.access.as_deref_mut() else { return true };
        let judged = access.judge(grant.map(Rc::as_ref), right, client, posix_seconds(now));
        let Err(denied) = judged else { return true };
        let wish = right.word();
        let line = format_args!("{role} {id} may not {wish}: {denied}");
        tell(&mut access.denied, now.monotonic, line);
        false
    }

    /// Whether whoever has shown that on its connection may be told what is about no client.
    pub(super) fn is_trusted(&self, grant: Option<&Rc<Grant>>, now: Now) -> bool {
        let Some(access) = self.access.as_deref() else { return true };
        grant.is_some_and(|grant| access.holds(grant, posix_seconds(now)).is_ok())
    }

    /// Which clients somebody is told of who has shown that and would do that: all, if it is not said.
    pub(super) fn sight(&self, grant: Option<&Rc<Grant>>, right: Right, now: Now) -> Option<Sight> {
        let access = self.access.as_deref()?;
        let grant = grant
            .filter(|grant| access.judge(Some(grant), right, None, posix_seconds(now)).is_ok());
        match grant {
            Some(grant) if grant.covers_all() => None,
            grant => Some(Sight(grant.map(Rc::clone))),
        }
    }

    /// Whether what was shown counts no more; then it is taken.
    pub(super) fn take_if_over(&self, grant: &mut Option<Rc<Grant>>, now: Now) -> bool {
        let Some(access) = self.access.as_deref() else { return false };
        let is_over = |grant: &mut Rc<Grant>| access.holds(grant, posix_seconds(now)).is_err();
        grant.take_if(is_over).is_some()
    }
}

/// Those clients that somebody may be told of who may not be told of all.
#[derive(Debug, Clone)]
pub(super) struct Sight(Option<Rc<Grant>>);

/// The same token's is the same.
impl PartialEq for Sight {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Sight {
    /// Whether it is nobody.
    pub fn is_nobody(&self) -> bool {
        self.0.is_none()
    }

    /// Whether that is one of them.
    pub fn covers(&self, client: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|grant| grant.covers(client))
    }
}

fn tell_whose((role, id): (&'static str, ConnectionId), grant: &Grant) {
    let name = Printable(grant.name().as_bytes());
    info!("{role} {id} has the token {} of {name}", grant.claims.id());
}

/// As a warning now and then, and else for who looks for it.
fn tell(throttle: &mut LogThrottle, now: Monotonic, line: fmt::Arguments<'_>) {
    match throttle.admit(now, limits::DENIED_REMINDER) {
        Some(0) => warn!("{line}"),
        Some(others) => warn!("{line}; {others} more were since this was last said"),
        None => debug!("{line}"),
    }
}

fn posix_seconds(now: Now) -> u64 {
    u64::try_from(now.posix_nanoseconds / 1_000_000_000).unwrap_or(0)
}

impl Display for Denied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (grant, why): (_, &dyn Display) = match self {
            Denied::NoToken => return f.write_str("no token was shown"),
            Denied::Revoked(grant) => (grant, &"it is revoked"),
            Denied::Over(grant) => (grant, &"its time is over"),
            Denied::Lacks(grant, right) => {
                (grant, &format_args!("it does not allow to {}", right.word()))
            }
            Denied::Other(grant, client) => {
                (grant, &format_args!("it is not about {}", Printable(client)))
            }
        };
        let name = Printable(grant.name().as_bytes());
        write!(f, "token {} of {name}: {why}", grant.claims.id())
    }
}

#[cfg(test)]
pub(super) mod tests;
