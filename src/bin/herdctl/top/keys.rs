//! What is typed.

use super::state::Key;
use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const CONTROL_C: u8 = 0x03;
const ESCAPE: u8 = 0x1b;
/// How long the rest of a key may take that begins as Esc does, over a slow line.
const REST_WAIT: Duration = Duration::from_millis(100);
/// Bytes read at a time.
const READ_BYTES: usize = 64;

/// The keys of the terminal, which is in raw mode.
pub struct Keys(Receiver<Vec<u8>>);

impl Keys {
    /// Reads them from now on, on a thread of their own.
    pub fn listen() -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; READ_BYTES];
            while let Ok(count @ 1..) = io::stdin().read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Keys(receiver)
    }

    /// Those that come within that time; none if the terminal has gone.
    pub fn within(&self, time: Duration) -> Option<Vec<Key>> {
        let mut bytes = match self.0.recv_timeout(time) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Timeout) => return Some(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => return None,
        };
        if bytes.last() == Some(&ESCAPE)
            && let Ok(rest) = self.0.recv_timeout(REST_WAIT)
        {
            bytes.extend(rest);
        }
        Some(read(&bytes))
    }
}

/// Which keys these bytes are; others are passed over.
fn read(mut bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    while let Some((&first, behind)) = bytes.split_first() {
        bytes = behind;
        let key = match (first, behind) {
            (CONTROL_C | b'q', _) => Key::End,
            (b's', _) => Key::Sort,
            (b'k', _) => Key::Up,
            (b'j', _) => Key::Down,
            (b'\r' | b'\n', _) => Key::One,
            (ESCAPE, [b'[' | b'O', sequence @ ..]) => {
                // It goes on to a letter, or `~`.
                let end = sequence.iter().position(|byte| matches!(byte, b'@'..=b'~'));
                bytes = end.map_or(&[], |end| &sequence[end + 1..]);
                match end.map(|end| sequence[end]) {
                    Some(b'A') => Key::Up,
                    Some(b'B') => Key::Down,
                    _ => continue,
                }
            }
            (ESCAPE, _) => Key::All,
            _ => continue,
        };
        keys.push(key);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_terminals_send_them() {
        let keys = read(b"s\x1b[A\x1bOBkj\r\n\x1b[1;5A\x1b[5~x\x1bq\x03\x1b");
        let expected = [
            Key::Sort,
            Key::Up,
            Key::Down,
            Key::Up,
            Key::Down,
            Key::One,
            Key::One,
            Key::Up,
            Key::All,
            Key::End,
            Key::End,
            Key::All,
        ];
        assert_eq!(keys, expected);
        assert_eq!(read(b"\x1b[1;"), [], "it is cut off");
    }
}
