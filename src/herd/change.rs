//! Another herd file for a server that runs: what cannot be another.

use super::{Herd, Server};
use std::fmt;

/// What a herd file that is read again says otherwise, though it cannot change while the server runs. Its
/// `Display` is a clause that names the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unchangeable {
    /// It has no server of that name any more.
    Gone(String),
    /// A field, what it is for as long as the server runs, and what the file says.
    Field(&'static str, String, String),
}

impl fmt::Display for Unchangeable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unchangeable::Gone(name) => {
                write!(f, "it has no server {name:?} any more: stop the server that is to go")
            }
            Unchangeable::Field(field, is, says) => {
                write!(f, "`{field}` is {is} for as long as this server runs, and {says} there")
            }
        }
    }
}

impl Herd {
    /// The index here of that server of the herd before, if it may go on by this one: only who the others
    /// are, where they are, and who talks with whom may change while a server runs.
    ///
    /// # Errors
    /// The first thing that cannot change.
    ///
    /// # Panics
    /// If `server` is not an index into the servers of the herd before.
    pub fn index_after(&self, before: &Herd, server: usize) -> Result<usize, Unchangeable> {
        let own = &before.servers[server];
        let index = self.position(&own.name).ok_or_else(|| Unchangeable::Gone(own.name.clone()))?;
        let fields = before.fixed(own).into_iter().zip(self.fixed(&self.servers[index]));
        match fields.into_iter().find(|((_, is), (_, says))| is != says) {
            Some(((field, is), (_, says))) => Err(Unchangeable::Field(field, is, says)),
            None => Ok(index),
        }
    }

    /// What cannot change while that server runs.
    fn fixed(&self, own: &Server) -> [(&'static str, String); 9] {
        let port = |port: Option<u16>| port.map_or_else(|| "none".to_owned(), |at| at.to_string());
        let ttl = self.lifetimes.ttl_seconds.map(|seconds| seconds.to_string());
        [
            ("herd", format!("{:?}", self.name)),
            ("ttl_seconds", ttl.unwrap_or_else(|| "none".to_owned())),
            ("tombstone_seconds", self.lifetimes.tombstone_seconds.to_string()),
            ("port", port(own.client_port)),
            ("tls_port", port(own.tls_port)),
            ("neighbour_port", own.neighbour_port.to_string()),
            ("listen", format!("{:?}", own.listen)),
            ("web_port", port(own.web_port)),
            ("web_listen", format!("{:?}", own.web_listen)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn herd(of_file: &str, of_server: &str) -> Herd {
        let json = format!(
            r#"{{"herd": "coast"{of_file}, "servers": [
                {{"name": "Ventura", "host": "127.0.0.1", "port": 5}},
                {{"name": "Sur", "host": "127.0.0.1", "port": 1, "web_port": 2{of_server}}}]}}"#
        );
        Herd::from_json(json.as_bytes()).unwrap()
    }

    #[test]
    fn who_the_others_are_may_change_and_so_may_the_order() {
        let json = br#"{"herd": "coast", "servers": [
            {"name": "Sur", "host": "127.0.0.1", "port": 1, "web_port": 2, "talks_with": ["Salinas"]},
            {"name": "Salinas", "host": "127.0.0.2", "port": 7}]}"#;
        let after = Herd::from_json(json).unwrap();
        assert_eq!(after.index_after(&herd("", ""), 1), Ok(0));
    }

    #[test]
    fn what_cannot_change_is_named_with_both_values() {
        let before = herd("", "");
        for (after, why) in [
            (herd(r#", "ttl_seconds": 9"#, ""), "`ttl_seconds` is none for as long"),
            (herd(r#", "tombstone_seconds": 9"#, ""), "`tombstone_seconds` is 604800 for as long"),
            (herd("", r#", "tls_port": 3"#), "`tls_port` is none for as long"),
            (herd("", r#", "neighbour_port": 4"#), "`neighbour_port` is 1001 for as long"),
            (herd("", r#", "listen": "0.0.0.0""#), "`listen` is \"127.0.0.1\" for as long"),
            (herd("", r#", "web_listen": "::1""#), "`web_listen` is \"127.0.0.1\" for as long"),
        ] {
            let said = after.index_after(&before, 1).unwrap_err().to_string();
            assert!(said.starts_with(why), "{said}");
        }
        let said = Herd::load("goloman").unwrap().index_after(&before, 1).unwrap_err();
        assert_eq!(
            said.to_string(),
            "it has no server \"Sur\" any more: stop the server that is to go"
        );
    }
}
