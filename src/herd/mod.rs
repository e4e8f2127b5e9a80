//! Who the servers of a herd are, where they listen, and who talks with whom.
//!
//! A herd is one of the three built in, or a JSON file:
//!
//! ```
//! # let herd = herd::herd::Herd::from_json(br#"
//! {
//!   "herd": "coast",
//!   "ttl_seconds": 86400,
//!   "servers": [
//!     {
//!       "name": "Monterey",
//!       "host": "monterey.example.net",
//!       "port": 11645,
//!       "tls_port": 11644,
//!       "web_port": 8080,
//!       "web_listen": "127.0.0.1",
//!       "talks_with": ["Pacifica", "Ventura"]
//!     },
//!     {
//!       "name": "Pacifica",
//!       "host": "192.0.2.17",
//!       "port": 11645,
//!       "neighbour_port": 20001,
//!       "listen": "10.0.0.17"
//!     },
//!     {
//!       "name": "Ventura",
//!       "host": "2001:db8::5",
//!       "port": 11645,
//!       "listen": "::",
//!       "talks_with": ["Pacifica"]
//!     }
//!   ]
//! }
//! # "#)?;
//! # assert_eq!(herd.servers[1].neighbours, [0, 2]);
//! # Ok::<(), herd::herd::Mistake>(())
//! ```
//!
//! | field | of | meaning |
//! |---|---|---|
//! | `herd` | file | the herd's name; servers of differently named herds refuse each other |
//! | `ttl_seconds` | file, optional | for how long after its time a position counts, in whole seconds, 1 to 315619200; for ever if left out |
//! | `tombstone_seconds` | file, optional | the same of what says that a client is forgotten; not less than `ttl_seconds`; 604800 (a week) or `ttl_seconds`, whichever is more, if left out |
//! | `servers` | file | the servers, at least one |
//! | `name` | server | how clients see it in answers, and how it is started |
//! | `host` | server | where clients and neighbours reach it: a host name or an IP address |
//! | `port` | server | TCP port for clients; 0 for none, where there is a `tls_port` |
//! | `tls_port` | server, optional | TCP port for clients that speak TLS; none if left out |
//! | `neighbour_port` | server, optional | TCP port for neighbours; `port` + 1000 if left out, or `tls_port` + 1000 where `port` is 0 |
//! | `listen` | server, optional | the address to bind, where that is not `host` |
//! | `web_port` | server, optional | TCP port for browsers, apps that report over HTTP and tools; none if left out |
//! | `web_listen` | server, optional | the address to bind for `web_port`, where that is not what `listen` says |
//! | `talks_with` | server, optional | names of its neighbours |
//!
//! Links go both ways: one may be named by either server or by both. Names are 1 to 64 bytes of
//! UTF-8 without white space, control characters or `/`, and neither `.` nor `..`, since they travel
//! between servers as one field and name log files. Any other field is refused, so that a misspelt one is noticed.

mod certificates;
mod change;
mod error;
mod file;
mod text;

pub use change::Unchangeable;
pub use error::{HerdError, Mistake, ServerMistake};

use crate::limits::HERD_FILE_BYTES_MAX;
use crate::transport::Endpoint;
use crate::wire::Lifetimes;
use std::fs::File;
use std::io::{self, Read};

/// The built-in herds, by name; the first is the one that is meant when none is named.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("goloman", include_str!("../herds/goloman.json")),
    ("alford", include_str!("../herds/alford.json")),
    ("riley", include_str!("../herds/riley.json")),
];

/// All servers, and who talks with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Herd {
    /// The herd's name.
    pub name: String,
    /// For how long it remembers.
    pub lifetimes: Lifetimes,
    /// The servers in the order of the file; neighbours are indices into it.
    pub servers: Vec<Server>,
}

/// One server of a herd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name, unlike that of any other server of the herd.
    pub name: String,
    /// Host name or IP address (IPv6 without brackets) at which others reach it.
    pub host: String,
    /// Host name or IP address that it binds.
    pub listen: String,
    /// TCP port for clients that speak plainly, if it serves those.
    pub client_port: Option<u16>,
    /// TCP port for clients that speak TLS, if it serves those; one of the two is there.
    pub tls_port: Option<u16>,
    /// TCP port for neighbours.
    pub neighbour_port: u16,
    /// TCP port for HTTP, if it serves that.
    pub web_port: Option<u16>,
    /// Host name or IP address that it binds for HTTP.
    pub web_listen: String,
    /// The servers that it talks with, whichever side named the link: indices into
    /// [`Herd::servers`], ascending, each once, never its own.
    pub neighbours: Vec<usize>,
}

impl Herd {
    /// The built-in herd of that name, or else the herd in the file at that path.
    ///
    /// # Errors
    ///
    /// One line that names the place: the file, and within it the line and column, or the server.
    pub fn load(name_or_path: &str) -> Result<Herd, HerdError> {
        let in_place = |mistake| HerdError { place: name_or_path.to_owned(), mistake };
        match BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            Some((_, json)) => Herd::from_json(json.as_bytes()),
            None => read_file(name_or_path).and_then(|json| Herd::from_json(&json)),
        }
        .map_err(in_place)
    }

    /// The herd that `json` describes.
    ///
    /// # Errors
    ///
    /// The first mistake found: JSON's before names and addresses, these before links.
    pub fn from_json(json: &[u8]) -> Result<Herd, Mistake> {
        file::parse(json)
    }

    /// The index of the server with that name.
    pub fn position(&self, server: &str) -> Option<usize> {
        self.servers.iter().position(|one| one.name == server)
    }

    /// The servers to which no path of links leads from that one, in their order: they never hear of
    /// one another.
    ///
    /// # Panics
    /// If `server` is not an index into the servers.
    pub fn unreachable_from(&self, server: usize) -> Vec<&Server> {
        let mut reached = vec![false; self.servers.len()];
        reached[server] = true;
        let mut to_visit = vec![server];
        while let Some(at) = to_visit.pop() {
            for &neighbour in &self.servers[at].neighbours {
                if !std::mem::replace(&mut reached[neighbour], true) {
                    to_visit.push(neighbour);
                }
            }
        }
        let servers = self.servers.iter().zip(reached);
        servers.filter(|(_, reached)| !reached).map(|(server, _)| server).collect()
    }
}

impl Server {
    /// Where clients connect that speak plainly, if anywhere.
    pub fn client_endpoint(&self) -> Option<Endpoint> {
        self.client_port.map(|port| plain(&self.host, port))
    }

    /// Where clients connect that speak TLS, if anywhere: its address alone, since whom to trust there
    /// is for who dials to say.
    pub fn tls_endpoint(&self) -> Option<Endpoint> {
        self.tls_port.map(|port| plain(&self.host, port))
    }

    /// Where neighbours dial.
    pub fn neighbour_endpoint(&self) -> Endpoint {
        plain(&self.host, self.neighbour_port)
    }

    /// Where browsers and tools connect, if anywhere.
    pub fn web_endpoint(&self) -> Option<Endpoint> {
        self.web_port.map(|port| plain(&self.host, port))
    }

    /// What the server binds for clients that speak plainly, if anything.
    pub fn client_listener(&self) -> Option<Endpoint> {
        self.client_port.map(|port| plain(&self.listen, port))
    }

    /// What the server binds for clients that speak TLS, if anything.
    pub fn tls_listener(&self) -> Option<Endpoint> {
        self.tls_port.map(|port| plain(&self.listen, port))
    }

    /// What the server binds for neighbours.
    pub fn neighbour_listener(&self) -> Endpoint {
        plain(&self.listen, self.neighbour_port)
    }

    /// What the server binds for HTTP, if anything.
    pub fn web_listener(&self) -> Option<Endpoint> {
        self.web_port.map(|port| plain(&self.web_listen, port))
    }
}

fn plain(host: &str, port: u16) -> Endpoint {
    Endpoint::plain(host, port)
}

fn read_file(path: &str) -> Result<Vec<u8>, Mistake> {
    read_bounded(path).map_err(Mistake::Unreadable)?.ok_or(Mistake::TooLarge)
}

/// The file's bytes, or `None` if there are too many.
fn read_bounded(path: &str) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = File::open(path)?.take(HERD_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= HERD_FILE_BYTES_MAX).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Server, client port, and the names in the column "talks with" of the design's table.
    type Row = (&'static str, u16, &'static [&'static str]);

    fn assert_is(herd: &str, rows: &[Row]) {
        let loaded = Herd::load(herd).unwrap();
        assert_eq!(loaded.name, herd);
        assert_eq!(loaded.servers.len(), rows.len());
        for (at, (server, (name, port, _))) in loaded.servers.iter().zip(rows).enumerate() {
            assert_eq!((server.name.as_str(), server.client_port), (*name, Some(*port)));
            assert_eq!(server.tls_port, None);
            assert_eq!(server.neighbour_port, port + 1_000);
            assert_eq!(server.web_port, Some(port + 2_000));
            for host in [&server.host, &server.listen, &server.web_listen] {
                assert_eq!(host, "127.0.0.1");
            }
            let expected: Vec<usize> = (0..rows.len())
                .filter(|other| {
                    rows[*other].2.contains(name) || rows[at].2.contains(&rows[*other].0)
                })
                .collect();
            assert_eq!(server.neighbours, expected, "neighbours of {name}");
        }
    }

    #[test]
    fn goloman_is_as_contracted() {
        assert_is(
            "goloman",
            &[
                ("Goloman", 11_645, &["Hands", "Holiday", "Wilkes"]),
                ("Hands", 11_646, &["Wilkes"]),
                ("Holiday", 11_647, &["Welsh", "Wilkes"]),
                ("Welsh", 11_648, &[]),
                ("Wilkes", 11_649, &[]),
            ],
        );
    }

    #[test]
    fn alford_is_as_contracted() {
        assert_is(
            "alford",
            &[
                ("Alford", 17_415, &["Hamilton", "Welsh"]),
                ("Hamilton", 17_416, &["Holiday"]),
                ("Holiday", 17_417, &[]),
                ("Ball", 17_418, &["Holiday", "Welsh"]),
                ("Welsh", 17_419, &[]),
            ],
        );
    }

    #[test]
    fn riley_is_as_contracted() {
        assert_is(
            "riley",
            &[
                ("Riley", 15_310, &["Jaquez", "Juzang"]),
                ("Jaquez", 15_311, &[]),
                ("Juzang", 15_312, &["Campbell"]),
                ("Campbell", 15_313, &[]),
                ("Bernard", 15_314, &["Jaquez", "Juzang", "Campbell"]),
            ],
        );
    }

    #[test]
    fn a_link_named_on_either_side_is_there_for_both() {
        let loaded = Herd::load("goloman").unwrap();
        let welsh = &loaded.servers[loaded.position("Welsh").unwrap()];
        assert_eq!(welsh.neighbours, [loaded.position("Holiday").unwrap()]);
        assert_eq!(loaded.position("Hamilton"), None);
    }

    #[test]
    fn servers_that_no_path_of_links_leads_to_are_known() {
        for (name, _) in BUILT_IN {
            let herd = Herd::load(name).unwrap();
            (0..herd.servers.len()).for_each(|at| assert!(herd.unreachable_from(at).is_empty()));
        }
        let server = |name: &str, port: u16, talks_with: &str| {
            format!(r#"{{"name":"{name}","host":"h","port":{port},"talks_with":[{talks_with}]}}"#)
        };
        let servers = [
            server("A", 1, r#""C""#),
            server("B", 2, r#""E""#),
            server("C", 3, r#""D""#),
            server("D", 4, ""),
            server("E", 5, ""),
        ];
        let json = format!(r#"{{"herd":"cut","servers":[{}]}}"#, servers.join(","));
        let herd = Herd::from_json(json.as_bytes()).unwrap();
        let names = |at: usize| -> Vec<&str> {
            herd.unreachable_from(at).iter().map(|server| server.name.as_str()).collect()
        };
        for at in [0, 2, 3] {
            assert_eq!(names(at), ["B", "E"]);
        }
        assert_eq!(names(1), ["A", "C", "D"]);
    }

    #[test]
    fn a_missing_file_is_named_and_the_built_in_herds_are_offered() {
        let said = Herd::load("no/such/herd.json").unwrap_err().to_string();
        assert!(said.starts_with("herd no/such/herd.json: "), "{said}");
        assert!(said.contains("goloman, alford, riley"), "{said}");
        assert!(said.contains("No such file"), "{said}");
    }

    #[test]
    fn a_directory_is_not_a_herd() {
        let said = Herd::load("src").unwrap_err().to_string();
        assert!(said.contains("irectory"), "{said}");
    }

    #[test]
    fn a_file_without_end_is_refused_without_reading_it_all() {
        let said = Herd::load("/dev/zero").unwrap_err().to_string();
        assert_eq!(said, "herd /dev/zero: the file is over 1048576 bytes");
    }
}
