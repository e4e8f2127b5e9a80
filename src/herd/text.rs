//! A herd as the text of a herd file, whatever it was made from.

use super::{Herd, Server};
use serde_json::{Value, json};

impl Herd {
    /// A herd file that says the same: [`Herd::from_json`] makes this herd of it. Each link is named by
    /// both its servers, and what a file may leave out is there.
    pub fn to_json(&self) -> String {
        let servers: Vec<Value> = self.servers.iter().map(|server| self.entry(server)).collect();
        let mut file = json!({
            "herd": self.name,
            "tombstone_seconds": self.lifetimes.tombstone_seconds,
            "servers": servers,
        });
        if let Some(ttl_seconds) = self.lifetimes.ttl_seconds {
            file["ttl_seconds"] = ttl_seconds.into();
        }
        // The alternate form has a line for each field.
        format!("{file:#}\n")
    }

    fn entry(&self, server: &Server) -> Value {
        let names = server.neighbours.iter().map(|&neighbour| &self.servers[neighbour].name);
        let mut entry = json!({
            "name": server.name,
            "host": server.host,
            "listen": server.listen,
            "port": server.client_port.unwrap_or(0),
            "neighbour_port": server.neighbour_port,
            "talks_with": names.collect::<Vec<_>>(),
        });
        if let Some(tls_port) = server.tls_port {
            entry["tls_port"] = tls_port.into();
        }
        if let Some(web_port) = server.web_port {
            entry["web_port"] = web_port.into();
            entry["web_listen"] = server.web_listen.clone().into();
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::herd::BUILT_IN;

    #[test]
    fn what_is_written_is_the_same_herd() {
        let other = r#"{"herd": "Zürich-\"2\"", "ttl_seconds": 7, "servers": [
            {"name": "A", "host": "::1", "port": 0, "tls_port": 9, "listen": "::"},
            {"name": "B", "host": "b", "port": 8, "neighbour_port": 9, "web_port": 80,
             "web_listen": "127.0.0.1", "talks_with": ["A"]}]}"#;
        for json in BUILT_IN.iter().map(|(_, json)| *json).chain([other]) {
            let herd = Herd::from_json(json.as_bytes()).unwrap();
            let written = herd.to_json();
            assert_eq!(Herd::from_json(written.as_bytes()).unwrap(), herd, "{written}");
        }
    }
}
