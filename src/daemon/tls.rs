//! TLS on this server's ports: what is spoken with neighbours, and what clients and visitors are shown.
//! Read anew at SIGHUP, for connections that come from then on.

use super::keys::{self, Keys, TokenKeys};
use super::{Failure, PUBLIC_PROFILE};
use crate::cli::TrustOptions;
use crate::herd::{Herd, Server};
use crate::limits;
use crate::node::{LINKS_PROFILE, LinkSecurity, Node};
use crate::reactor::{
    PeerNames, Reactor, ServerTls, mutual_client_config, mutual_server_config, server_config,
};
use crate::tokens::Verifier;
use crate::wire::plural;
use log::Level;
use rustls::ClientConfig;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What is spoken, as it is now.
#[derive(Debug, Clone)]
struct Configs {
    neighbours: Option<Neighbours>,
    public: Option<ServerTls>,
    /// Until when the certificates are good: whom each is for, and POSIX seconds.
    ends: Vec<(&'static str, i64)>,
}

#[derive(Debug, Clone)]
struct Neighbours {
    dialled: Arc<ClientConfig>,
    accepted: ServerTls,
}

/// What is spoken, and where that is read.
pub(super) struct Tls {
    options: TrustOptions,
    /// The server's own name, and that which its certificate is for.
    server: String,
    in_certificate: String,
    configs: Rc<RefCell<Configs>>,
    /// When it was last looked whether a certificate ends soon, in POSIX seconds.
    looked_at: i64,
}

impl Tls {
    /// Reads what that server of the herd is to speak.
    ///
    /// # Errors
    /// Something is missing, or of no use.
    pub(super) fn read(options: &TrustOptions, herd: &Herd, index: usize) -> Result<Self, Failure> {
        let server = &herd.servers[index];
        let peers = peer_names(options, herd, server).map_err(Failure::usage)?;
        let in_certificate = herd.certificate_name(server);
        let own = (&*server.name, &*in_certificate);
        let configs = configs(options, own, &peers).map_err(Failure::usage)?;
        if let (Some(port), None) = (server.tls_port, &configs.public) {
            let why = "neither --keys nor --cert says what to show there";
            return Err(Failure::Usage(format!("tls_port {port}: {why}")));
        }
        Ok(Tls {
            options: options.clone(),
            server: server.name.clone(),
            in_certificate,
            configs: Rc::new(RefCell::new(configs)),
            looked_at: i64::MIN,
        })
    }

    /// How links are protected.
    pub(super) fn links(&self) -> LinkSecurity {
        match (&self.options.keys, self.options.keys_optional) {
            (None, _) => LinkSecurity::Plain,
            (Some(_), false) => LinkSecurity::Tls,
            (Some(_), true) => LinkSecurity::TlsPreferred,
        }
    }

    /// Whether clients and visitors can be shown a certificate.
    pub(super) fn is_public(&self) -> bool {
        self.configs.borrow().public.is_some()
    }

    /// Has the reactor speak it.
    pub(super) fn install(&self, reactor: &mut Reactor<Node>, first_line: Duration) {
        let Configs { neighbours, public, .. } = self.configs.borrow().clone();
        if neighbours.is_some() {
            let [dialled, accepted] = [(); 2].map(|()| Rc::clone(&self.configs));
            let gone = || "there are no keys".to_owned();
            let dialled = move || {
                let configs = dialled.borrow();
                configs.neighbours.as_ref().map(|n| Arc::clone(&n.dialled)).ok_or_else(gone)
            };
            reactor.set_client_tls(LINKS_PROFILE, Box::new(dialled));
            let accepted =
                move || accepted.borrow().neighbours.as_ref().map(|n| n.accepted.clone());
            reactor.set_server_tls(LINKS_PROFILE, Box::new(accepted));
        }
        if public.is_some() {
            let configs = Rc::clone(&self.configs);
            // Who has that long to say something has no longer to begin.
            let most = limits::HANDSHAKE_TIMEOUT;
            let handshake_timeout = if first_line.is_zero() { most } else { most.min(first_line) };
            let public = move || {
                let public = configs.borrow().public.clone();
                public.map(|public| ServerTls { handshake_timeout, ..public })
            };
            reactor.set_server_tls(PUBLIC_PROFILE, Box::new(public));
        }
    }

    /// Has the node demand tokens, if it is to.
    ///
    /// # Errors
    /// In one line: what they are verified by is missing, or of no use.
    pub(super) fn require_tokens(&self, node: &mut Node, herd: &str) -> Result<(), String> {
        if let (true, Some(dir)) = (self.options.require_tokens, &self.options.keys) {
            let TokenKeys { key, revoked } =
                keys::tokens_in_folder(dir).map_err(|why| format!("--keys {why}"))?;
            node.require_tokens(Verifier::new(key, herd), revoked);
        }
        Ok(())
    }

    /// Tells the node when its certificates end, for whoever looks at it from outside.
    pub(super) fn tell_ends(&self, node: &mut Node) {
        node.set_certificate_ends(self.configs.borrow().ends.iter().copied());
    }

    /// Reads all again, for the server with that index of that herd; connections that are up go on with what
    /// they have.
    ///
    /// False if there is nothing to be read.
    ///
    /// # Errors
    /// In one line: then all stays as it is.
    pub(super) fn reload(
        &mut self,
        node: &mut Node,
        herd: &Herd,
        index: usize,
    ) -> Result<bool, String> {
        if self.options == TrustOptions::default() {
            return Ok(false);
        }
        let peers = peer_names(&self.options, herd, &herd.servers[index])?;
        let own = (&*self.server, &*self.in_certificate);
        let configs = configs(&self.options, own, &peers)?;
        self.require_tokens(node, &herd.name)?;
        self.configs.replace(configs);
        self.tell_ends(node);
        self.looked_at = i64::MIN;
        Ok(true)
    }

    /// Says once a day which certificates end soon; `now` is POSIX seconds.
    pub(super) fn remind(&mut self, now: i64) {
        if now.saturating_sub(self.looked_at) < DAY_SECONDS {
            return;
        }
        self.looked_at = now;
        for &(whom, ends_at) in &self.configs.borrow().ends {
            let renewed_by = match whom {
                CLIENTS => "renew the files of --cert and --key",
                _ => "have another made (herdca server)",
            };
            if let Some((level, why)) = ends_soon(ends_at, now, renewed_by) {
                log::log!(level, "the certificate for {whom} {why}");
            }
        }
    }
}

const DAY_SECONDS: i64 = 86_400;

/// Whom certificates are for: that of the folder of keys, and that of `--cert`.
const NEIGHBOURS: &str = "neighbours";
const CLIENTS: &str = "clients";

/// What is to be said of a certificate that is good until then, and another of which is got so, if anything is.
fn ends_soon(ends_at: i64, now: i64, renewed_by: &str) -> Option<(Level, String)> {
    let left = ends_at.saturating_sub(now);
    let days = plural(left.unsigned_abs() / DAY_SECONDS.unsigned_abs(), "day");
    if left <= 0 {
        return Some((Level::Error, format!("has ended {days} ago: nobody takes it any more")));
    }
    let is_soon = left.unsigned_abs() < limits::CERTIFICATE_ENDS_SOON.as_secs();
    is_soon.then(|| (Level::Warn, format!("ends in {days}: {renewed_by}, and send SIGHUP")))
}

/// The names that neighbours' certificates are for, all different.
fn peer_names(options: &TrustOptions, herd: &Herd, server: &Server) -> Result<PeerNames, String> {
    if options.keys.is_none() {
        return Ok(PeerNames::default());
    }
    let names = herd.certificate_names().map_err(|mistake| mistake.to_string())?;
    PeerNames::new(server.neighbours.iter().map(|&neighbour| names[neighbour].clone()))
}

fn configs(
    options: &TrustOptions,
    (server, in_certificate): (&str, &str),
    peers: &PeerNames,
) -> Result<Configs, String> {
    let keys = options.keys.as_deref().map(|dir| keys::in_folder(dir, server, in_certificate));
    let keys = keys.transpose();
    let keys = keys.map_err(|why| format!("--keys {why}"))?;
    let shown = options.certificate.as_ref().map(|(cert, key)| keys::identity(cert, key));
    let shown = shown.transpose().map_err(|why| format!("--cert {why}"))?;
    let in_keys = |why| format!("--keys, {server}.pem with {server}.key: {why}");
    let mut ends = Vec::new();
    let mut neighbours = None;
    if let Some(Keys { authorities, identity }) = &keys {
        ends.extend(keys::ends_at(identity).map(|at| (NEIGHBOURS, at)));
        neighbours = Some(Neighbours {
            dialled: mutual_client_config(authorities, identity).map_err(in_keys)?,
            accepted: ServerTls {
                peers: peers.clone(),
                is_optional: options.keys_optional,
                ..ServerTls::for_anybody(
                    mutual_server_config(authorities, identity, peers).map_err(in_keys)?,
                )
            },
        });
    }
    let public = shown.as_ref().or(keys.as_ref().map(|keys| &keys.identity));
    if let Some(identity) = &shown {
        ends.extend(keys::ends_at(identity).map(|at| (CLIENTS, at)));
    }
    let public = public.map(server_config).transpose();
    let public =
        public.map_err(|why| format!("--cert with --key: {why}"))?.map(ServerTls::for_anybody);
    Ok(Configs { neighbours, public, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_that_end_soon_are_said_once_a_day() {
        let now = 1_700_000_000;
        for (days, said) in [
            (31, None),
            (30, None),
            (29, Some("ends in 29 days: do so, and send SIGHUP")),
            (1, Some("ends in 1 day")),
            (0, Some("has ended 0 days ago")),
            (-2, Some("has ended 2 days ago")),
        ] {
            let found = ends_soon(now + days * DAY_SECONDS, now, "do so");
            assert_eq!(found.is_some(), said.is_some(), "{days}");
            if let (Some((level, why)), Some(said)) = (found, said) {
                assert!(why.starts_with(said), "{why}");
                assert_eq!(level == Level::Error, days <= 0);
            }
        }
        let options = TrustOptions::default();
        let herd = Herd::load("goloman").unwrap();
        let mut tls = Tls::read(&options, &herd, 0).unwrap();
        tls.remind(now);
        assert_eq!(tls.looked_at, now);
        tls.remind(now + DAY_SECONDS - 1);
        assert_eq!(tls.looked_at, now);
        tls.remind(now + DAY_SECONDS);
        assert_eq!(tls.looked_at, now + DAY_SECONDS);
    }

    #[test]
    fn a_port_for_tls_needs_something_to_show() {
        let json = br#"{"herd": "coast", "servers": [
            {"name": "Sur_1", "host": "127.0.0.1", "port": 1, "tls_port": 2}]}"#;
        let herd = Herd::from_json(json).unwrap();
        let Err(Failure::Usage(why)) = Tls::read(&TrustOptions::default(), &herd, 0) else {
            panic!("it has nothing to show")
        };
        assert!(why.starts_with("tls_port 2: "), "{why}");
        let options = TrustOptions { keys: Some("nowhere".into()), ..TrustOptions::default() };
        let Err(Failure::Usage(why)) = Tls::read(&options, &herd, 0) else {
            panic!("it cannot have a certificate")
        };
        assert!(why.contains("no label of the DNS"), "{why}");
    }
}
