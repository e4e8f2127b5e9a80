//! What a client of the bus says: NATS, read strictly and without the program's own parser.

use serde_json::Value;

/// Longest line that a NATS server takes, without its end.
pub const LINE_BYTES_MAX: usize = 4_096;

/// One operation of a client.
#[derive(Debug, PartialEq)]
pub enum Said {
    Connect(Value),
    Subscribe { pattern: String, sid: String },
    Unsubscribe { sid: String },
    Publish { subject: String, headers: bool, payload: Vec<u8> },
    Ping,
    Pong,
}

/// Takes the first operation out of `inbox` if it is there as a whole; the error is what no client may say.
pub fn take(inbox: &mut Vec<u8>, payload_bytes_max: usize) -> Result<Option<Said>, String> {
    let Some(length) = inbox.windows(2).position(|two| two == b"\r\n") else {
        return match inbox.len() > LINE_BYTES_MAX + 1 {
            true => Err(format!("a line of {} bytes and more", inbox.len())),
            false => Ok(None),
        };
    };
    let line = &inbox[..length];
    let wrong = || format!("not of NATS: {}", line[..line.len().min(200)].escape_ascii());
    if length > LINE_BYTES_MAX {
        return Err(format!("a line of {length} bytes"));
    }
    let text = str::from_utf8(line).map_err(|_| wrong())?;
    if text.contains(['\n', '\r', '\t']) || text.ends_with(' ') {
        return Err(wrong());
    }
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |field: &str| match field.parse::<usize>() {
        Ok(number) if number.to_string() == field => Ok(number),
        _ => Err(wrong()),
    };
    let said = match (verb, &fields[..]) {
        ("CONNECT", _) => {
            let told: Value = serde_json::from_str(rest).map_err(|why| format!("{why}: {text}"))?;
            Said::Connect(told)
        }
        ("PING", [""]) => Said::Ping,
        ("PONG", [""]) => Said::Pong,
        ("SUB", [pattern, sid] | [pattern, _, sid]) => {
            if !super::subjects::is_pattern(pattern) || sid.is_empty() {
                return Err(wrong());
            }
            Said::Subscribe { pattern: (*pattern).to_owned(), sid: (*sid).to_owned() }
        }
        ("UNSUB", [sid] | [sid, _]) if !sid.is_empty() => {
            Said::Unsubscribe { sid: (*sid).to_owned() }
        }
        ("PUB" | "HPUB", [subject, sizes @ ..]) => {
            let (of_headers, total) = match (verb, sizes) {
                ("PUB", [total] | [_, total]) => (0, number(total)?),
                ("HPUB", [headers, total] | [_, headers, total]) => {
                    (number(headers)?, number(total)?)
                }
                _ => return Err(wrong()),
            };
            if !super::subjects::is_subject(subject) || of_headers > total {
                return Err(wrong());
            }
            if total > payload_bytes_max {
                return Err(format!("{total} bytes, of which it may send {payload_bytes_max}"));
            }
            let start = length + 2;
            if inbox.len() < start + total + 2 {
                return Ok(None);
            }
            if &inbox[start + total..start + total + 2] != b"\r\n" {
                return Err(format!("no end behind {total} bytes of {text}"));
            }
            let (headers, payload) = inbox[start..start + total].split_at(of_headers);
            let is_sound = headers.starts_with(b"NATS/1.0\r\n") && headers.ends_with(b"\r\n\r\n");
            if verb == "HPUB" && !is_sound {
                return Err(format!("no headers: {}", headers.escape_ascii()));
            }
            let (subject, payload) = ((*subject).to_owned(), payload.to_vec());
            let said = Said::Publish { subject, headers: verb == "HPUB", payload };
            inbox.drain(..start + total + 2);
            return Ok(Some(said));
        }
        _ => return Err(wrong()),
    };
    inbox.drain(..length + 2);
    Ok(Some(said))
}
