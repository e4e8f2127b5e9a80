//! Somebody else on the bus, who speaks its protocol as its page has it.

use crate::harness::DEADLINE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A connection to the bus.
#[derive(Debug)]
pub struct Subscriber {
    reader: BufReader<TcpStream>,
    subscriptions: u32,
}

impl Subscriber {
    pub fn connect(port: u16) -> Subscriber {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut subscriber = Subscriber { reader: BufReader::new(stream), subscriptions: 0 };
        assert!(subscriber.line().starts_with("INFO {"));
        subscriber.send("CONNECT {\"verbose\":false,\"headers\":true}\r\n");
        subscriber
    }

    fn send(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    /// Has what is published there come from now on.
    pub fn subscribe(&mut self, subject: &str) {
        self.subscriptions += 1;
        let number = self.subscriptions;
        self.send(&format!("SUB {subject} {number}\r\nPING\r\n"));
        assert_eq!(self.line(), "PONG\r\n");
    }

    /// The next message: its subject, and its headers and payload.
    pub fn next(&mut self) -> (String, String) {
        loop {
            let line = self.line();
            if line == "PING\r\n" {
                self.send("PONG\r\n");
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            assert!(matches!(words[0], "MSG" | "HMSG"), "{line}");
            let bytes: usize = words.last().unwrap().parse().unwrap();
            let mut payload = vec![0; bytes + 2];
            self.reader.read_exact(&mut payload).unwrap();
            payload.truncate(bytes);
            return (words[1].to_owned(), String::from_utf8(payload).unwrap());
        }
    }

    /// Publishes, and gives what is answered.
    pub fn ask(&mut self, subject: &str, payload: &str) -> String {
        self.subscriptions += 1;
        let number = self.subscriptions;
        let bytes = payload.len();
        let inbox = format!("_INBOX.{number}");
        self.send(&format!(
            "SUB {inbox} {number}\r\nPUB {subject} {inbox} {bytes}\r\n{payload}\r\n"
        ));
        loop {
            let (subject, payload) = self.next();
            if subject == inbox {
                return payload;
            }
        }
    }
}

/// RFC 4648, section 4.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word =
            (0..3).fold(0_u32, |word, at| word << 8 | u32::from(*three.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= three.len() { digit.into() } else { '=' });
        }
    }
    text
}
