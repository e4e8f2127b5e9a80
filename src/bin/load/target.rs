//! Which server is meant by a name or an address, and which of its ports.

use herd::herd::{BUILT_IN, Herd, Server};
use herd::transport::Endpoint;
use std::fmt;

/// A server that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its name, unless only its address was given.
    pub server: Option<String>,
    /// Where clients connect.
    pub endpoint: Endpoint,
}

/// Which of a server's ports is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// For clients that speak plainly.
    Clients,
    /// For clients that speak TLS.
    Tls,
    /// For HTTP.
    Web,
}

impl Door {
    /// For clients that do or do not speak TLS.
    pub fn for_clients(is_tls: bool) -> Self {
        if is_tls { Door::Tls } else { Door::Clients }
    }

    /// Where it is, if that server has it.
    pub fn endpoint(self, server: &Server) -> Option<Endpoint> {
        match self {
            Door::Clients => server.client_endpoint(),
            Door::Tls => server.tls_endpoint(),
            Door::Web => server.web_endpoint(),
        }
    }

    /// What is said of a server that has it not.
    fn lacking(self) -> &'static str {
        match self {
            Door::Clients => "listens for clients that speak TLS only: give --ca",
            Door::Tls => "has no tls_port in its herd file",
            Door::Web => "has no web port in its herd file",
        }
    }
}

impl Target {
    /// A server of a herd, at that door if it has it.
    fn of(server: &Server, door: Door) -> Result<Self, String> {
        let name = server.name.clone();
        match door.endpoint(server) {
            Some(endpoint) => Ok(Target { server: Some(name), endpoint }),
            None => Err(format!("{name} {}", door.lacking())),
        }
    }

    /// Looks for a server of that name in the herd, or in all that are built in; or else takes it for
    /// `host:port`.
    ///
    /// # Errors
    /// In one line why it is neither.
    pub fn find(named: &str, herd: Option<&str>, door: Door) -> Result<Target, String> {
        let herds = match herd {
            Some(herd) => vec![herd],
            None => BUILT_IN.iter().map(|(name, _)| *name).collect(),
        };
        for herd in &herds {
            let herd = Herd::load(herd).map_err(|wrong| wrong.to_string())?;
            if let Some(at) = herd.position(named) {
                return Target::of(&herd.servers[at], door);
            }
        }
        let endpoint = endpoint(named).ok_or_else(|| {
            format!("{named:?} is no server of {} and no host:port", herds.join(", "))
        })?;
        Ok(Target { server: None, endpoint })
    }

    /// The server of that name, and behind it the others of its herd that have that door, in the order of
    /// the herd file from it on.
    ///
    /// # Errors
    /// In one line: it is no server of a herd, or lacks that door.
    pub fn find_any(named: &str, herd: Option<&str>, door: Door) -> Result<Vec<Target>, String> {
        let first = Target::find(named, herd, door)?;
        let herds = herd.map_or_else(|| BUILT_IN.map(|(name, _)| name).to_vec(), |herd| vec![herd]);
        let herds = herds.into_iter().filter_map(|herd| Herd::load(herd).ok());
        let of = |herd: Herd| herd.position(named).map(|at| (herd, at));
        let Some((herd, at)) = herds.into_iter().find_map(of) else {
            return Err(format!("{named:?} is no server of a herd, so that others are not known"));
        };
        let (before, from_it_on) = herd.servers.split_at(at);
        let others = from_it_on[1..].iter().chain(before);
        let others = others.filter_map(|server| Target::of(server, door).ok());
        Ok([first].into_iter().chain(others).collect())
    }

    /// All servers of a herd, of the first that is built in if none is named.
    ///
    /// # Errors
    /// In one line what is wrong with the herd, or which server lacks that door.
    pub fn all(herd: Option<&str>, door: Door) -> Result<Vec<Target>, String> {
        let herd = Herd::load(herd.unwrap_or(BUILT_IN[0].0)).map_err(|wrong| wrong.to_string())?;
        herd.servers.iter().map(|server| Target::of(server, door)).collect()
    }
}

/// For people.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Some(server) => write!(f, "{server} at {}", self.endpoint),
            None => write!(f, "{}", self.endpoint),
        }
    }
}

fn endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!bare.is_empty()).then_some(Endpoint::plain(bare, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_herds_and_all_else_is_an_address() {
        let shown = |named: &str, herd| {
            Target::find(named, herd, Door::Clients).map(|found| found.to_string())
        };
        assert_eq!(shown("Welsh", None).unwrap(), "Welsh at 127.0.0.1:11648");
        assert_eq!(shown("Welsh", Some("alford")).unwrap(), "Welsh at 127.0.0.1:17419");
        assert_eq!(shown("Riley", None).unwrap(), "Riley at 127.0.0.1:15310");
        let web = Target::find("Welsh", None, Door::Web).unwrap();
        assert_eq!(web.to_string(), "Welsh at 127.0.0.1:13648");
        assert_eq!(shown("localhost:5", None).unwrap(), "localhost:5");
        assert_eq!(shown("[::1]:5", None).unwrap(), "[::1]:5");
        for wrong in ["Nobody", "h:", "h:x", "h:65536", ":5", "[]:5"] {
            let said = shown(wrong, None).unwrap_err();
            assert!(
                said.contains("is no server of goloman, alford, riley and no host:port"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_port_that_a_server_lacks_is_said() {
        let said = Target::find("Welsh", None, Door::Tls).unwrap_err();
        assert_eq!(said, "Welsh has no tls_port in its herd file");
        assert!(Target::all(None, Door::Tls).unwrap_err().starts_with("Goloman has no tls_port"));
        assert_eq!(Target::find("h:5", None, Door::Tls).unwrap().to_string(), "h:5");
    }

    #[test]
    fn the_others_of_a_server_s_herd_come_behind_it_in_their_order() {
        let names = |named: &str, herd| -> Vec<String> {
            let found = Target::find_any(named, herd, Door::Clients).unwrap();
            found.into_iter().filter_map(|target| target.server).collect()
        };
        let all = ["Holiday", "Welsh", "Wilkes", "Goloman", "Hands"];
        assert_eq!(names("Holiday", None), all);
        assert_eq!(names("Bernard", Some("riley"))[..2], ["Bernard", "Riley"]);
        let said = Target::find_any("localhost:5", None, Door::Clients).unwrap_err();
        assert_eq!(said, "\"localhost:5\" is no server of a herd, so that others are not known");
    }

    #[test]
    fn a_herd_is_all_of_its_servers() {
        assert_eq!(Target::all(Some("riley"), Door::Clients).unwrap().len(), 5);
        assert_eq!(Target::all(None, Door::Web).unwrap()[0].server.as_deref(), Some("Goloman"));
    }
}
