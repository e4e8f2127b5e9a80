//! What the bus says of itself, and how those must introduce themselves who use it.

use super::{ADDRESSES, Bus, PORT};
use herd::node::Credentials;
use serde_json::{Value, json};

impl Bus {
    /// What it says first, and again when something of it changes; `leaves`: that it will stop.
    pub(super) fn info(&self, index: usize, leaves: bool) -> Vec<u8> {
        let conn = &self.conns[index];
        let urls: Vec<String> =
            ADDRESSES.iter().map(|(name, _)| format!("{name}:{PORT}")).collect();
        let info = json!({
            "server_id": "NDUZ", "server_name": "bus", "version": "2.10.22", "go": "go1.22.8", "proto": 1,
            "host": "0.0.0.0", "port": PORT, "headers": conn.offers_headers, "client_id": index,
            "max_payload": conn.payload_bytes_max, "xkey": "", "connect_urls": urls, "ldm": leaves,
            "auth_required": self.credentials != Credentials::None,
        });
        format!("INFO {info} \r\n").into_bytes()
    }
}

/// Whether somebody introduces itself as a gateway must.
pub fn judge_connect(told: &Value, offers_headers: bool, who: &Credentials) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}: CONNECT {told}"));
    if told["verbose"] != false || !told["pedantic"].is_boolean() {
        return wrong("it wants each operation answered");
    }
    if told["echo"] != false {
        return wrong("it wants its own messages back");
    }
    if told["headers"] == true && !offers_headers {
        return wrong("it wants headers, which are not offered");
    }
    if !told["lang"].is_string() || !told["version"].is_string() {
        return wrong("it does not say what it is");
    }
    if told["tls_required"] == true {
        return wrong("it wants TLS");
    }
    let (user, password, token) = (&told["user"], &told["pass"], &told["auth_token"]);
    let is_known = match who {
        Credentials::None => user.is_null() && password.is_null() && token.is_null(),
        Credentials::User { user: name, password: secret } => {
            user == name && password == secret && token.is_null()
        }
        Credentials::Token(secret) => token == secret && user.is_null() && password.is_null(),
    };
    if is_known { Ok(()) } else { wrong("nobody knows it") }
}
