//! What a client says to a NATS server.

use crate::wire::client_json::write_string;
use crate::wire::decimal::write_integer;
use std::fmt;

/// Who a client is and how it goes on: `CONNECT`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Connect<'a> {
    /// What operators of the bus see of it.
    pub name: &'a str,
    /// The version of its program.
    pub version: &'a str,
    /// With a password: who it is.
    pub user: Option<&'a str>,
    /// Its password.
    pub password: Option<&'a str>,
    /// Instead of user and password: what shows that it may.
    pub token: Option<&'a str>,
    /// Whether this is said under TLS.
    pub tls: bool,
    /// Whether the server's `INFO` offers headers: then messages may have them, and who asks for an answer
    /// is told (by a message with the status 503) if nobody is there to give it.
    pub headers: bool,
}

/// Shows no secret.
impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Appends `CONNECT`: the server is not to confirm each line, nor to send us what we publish.
pub fn write_connect(out: &mut Vec<u8>, connect: &Connect<'_>) {
    out.extend_from_slice(
        b"CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":false,\"protocol\":1",
    );
    let flags = [
        ("tls_required", connect.tls),
        ("headers", connect.headers),
        ("no_responders", connect.headers),
    ];
    for (name, flag) in flags {
        write_name(out, name);
        out.extend_from_slice(if flag { b"true" } else { b"false" });
    }
    let texts = [
        ("lang", Some("rust")),
        ("version", Some(connect.version)),
        ("name", Some(connect.name)),
        ("user", connect.user),
        ("pass", connect.password),
        ("auth_token", connect.token),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            write_name(out, name);
            write_string(out, text.as_bytes());
        }
    }
    out.extend_from_slice(b"}\r\n");
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    for part in [",\"", name, "\":"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends `SUB`: what is published on the subject, which may have wildcards, is to be delivered, as
/// messages with that id.
pub fn write_subscribe(out: &mut Vec<u8>, subject: &[u8], id: u64) {
    out.extend_from_slice(b"SUB ");
    out.extend_from_slice(subject);
    out.push(b' ');
    write_integer(out, id);
    out.extend_from_slice(b"\r\n");
}

/// Appends `PUB`: a message on a [subject](super::is_subject); its payload is the parts, one behind the
/// other.
pub fn write_publish(out: &mut Vec<u8>, subject: &[u8], parts: &[&[u8]]) {
    out.extend_from_slice(b"PUB ");
    out.extend_from_slice(subject);
    out.push(b' ');
    write_integer(out, bytes(parts));
    out.extend_from_slice(b"\r\n");
    write_payload(out, parts);
}

/// Appends `HPUB`: the same with headers, names and values without line ends. They count as payload where
/// a server limits it.
pub fn write_publish_with_headers(
    out: &mut Vec<u8>,
    subject: &[u8],
    headers: &[(&str, &str)],
    parts: &[&[u8]],
) {
    const VERSION: &[u8] = b"NATS/1.0\r\n";
    let lines =
        headers.iter().map(|(name, value)| name.len() + ": ".len() + value.len() + "\r\n".len());
    let header_bytes = VERSION.len() as u64 + lines.sum::<usize>() as u64 + "\r\n".len() as u64;
    out.extend_from_slice(b"HPUB ");
    out.extend_from_slice(subject);
    out.push(b' ');
    write_integer(out, header_bytes);
    out.push(b' ');
    write_integer(out, header_bytes + bytes(parts));
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(VERSION);
    for (name, value) in headers {
        for part in [name, ": ", value, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
    write_payload(out, parts);
}

/// Appends `PING`.
pub fn write_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PING\r\n");
}

/// Appends `PONG`.
pub fn write_pong(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PONG\r\n");
}

fn bytes(parts: &[&[u8]]) -> u64 {
    parts.iter().map(|part| part.len() as u64).sum()
}

fn write_payload(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}
