//! How links are protected: which certificate a neighbour must show, and who may go without.

use super::peers::Peer;
use crate::transport::{Endpoint, Security, TlsProfile};
use log::warn;
use std::fmt;

/// The TLS configurations for neighbours, which the reactor is given.
pub const LINKS_PROFILE: TlsProfile = TlsProfile("neighbours");

/// How links to neighbours are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSecurity {
    /// Not at all.
    Plain,
    /// By TLS, with certificates on both sides.
    Tls,
    /// The same where the neighbour speaks it, for as long as a herd changes from the one to the other:
    /// neighbours are dialled by TLS first, and who comes without is listened to.
    TlsPreferred,
}

impl LinkSecurity {
    /// The endpoint of a neighbour whose certificate is for that name.
    pub(in crate::node) fn protect(self, endpoint: Endpoint, certificate_name: String) -> Endpoint {
        let security = match self {
            LinkSecurity::Plain => Security::Plain,
            LinkSecurity::Tls | LinkSecurity::TlsPreferred => {
                let (profile, name) = (LINKS_PROFILE, certificate_name);
                Security::Tls { profile, name, behind_greeting: false }
            }
        };
        Endpoint { security, ..endpoint }
    }

    /// Says that somebody who has shown no certificate is believed, though all are to have one.
    pub(super) fn tell_if_open(self, shown: Option<&str>, who: fmt::Arguments<'_>) {
        if self == LinkSecurity::TlsPreferred && shown.is_none() {
            warn!("{who} without TLS: whoever says so is believed (--keys-optional)");
        }
    }

    /// Why whoever has shown a certificate for that name (or none) is not that neighbour.
    pub(super) fn judge(self, shown: Option<&str>, peer: &Peer) -> Result<(), String> {
        match (&peer.endpoint().security, shown) {
            (Security::Tls { name, .. }, Some(shown)) if shown != name => Err(format!(
                "the certificate is for {shown}, and that of {} for {name}",
                peer.name()
            )),
            (Security::Tls { .. }, None) if self == LinkSecurity::Tls => {
                Err("neighbours speak TLS here".to_owned())
            }
            _ => Ok(()),
        }
    }
}
