//! A connection as a test uses it: what is read is waited for, with a deadline.

use super::DEADLINE;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

/// A client of a server, or somebody who poses as a neighbour.
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    pub stream: S,
    /// What has come and was not asked for yet.
    unread: Vec<u8>,
}

/// TLS over that.
pub type Tls<S = TcpStream> = StreamOwned<ClientConnection, S>;

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::new(TcpStream::connect_timeout(&address, DEADLINE).unwrap())
    }

    pub fn new(stream: TcpStream) -> Client {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Client { stream, unread: Vec::new() }
    }

    /// The half-close.
    pub fn finish(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The same where the server may have closed before, and all that still comes.
    #[track_caller]
    pub fn rest_after_end(&mut self) -> Vec<u8> {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.rest()
    }
}

impl<S: Read + Write> Client<Tls<S>> {
    /// Goes through the handshake; what it comes to, on this side.
    pub fn shake_hands(&mut self) -> std::io::Result<()> {
        let StreamOwned { conn, sock } = &mut self.stream;
        while conn.is_handshaking() {
            conn.complete_io(sock)?;
        }
        Ok(())
    }

    /// The half-close, as TLS has it.
    pub fn notify_close(&mut self) {
        self.stream.conn.send_close_notify();
        self.stream.flush().unwrap();
    }
}

impl<S: Read + Write> Client<S> {
    /// Over that, whatever it is.
    pub fn over(stream: S) -> Client<S> {
        Client { stream, unread: Vec::new() }
    }

    /// The same under TLS, with a server of that name.
    pub fn secure(self, config: &Arc<ClientConfig>, name: &str) -> Client<Tls<S>> {
        let name = name.to_owned().try_into().unwrap();
        let session = ClientConnection::new(Arc::clone(config), name).unwrap();
        Client { stream: StreamOwned::new(session, self.stream), unread: self.unread }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a line and reads one.
    pub fn ask(&mut self, command: &str) -> String {
        self.send(format!("{command}\n"));
        self.line()
    }

    /// The next line, without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = self.take_through(b"\n");
        line.pop();
        String::from_utf8(line).unwrap()
    }

    /// The next answer to a `WHATSAT`: its `AT` line and the JSON, without line ends behind them.
    #[track_caller]
    pub fn near(&mut self) -> (String, String) {
        let line = self.line();
        let mut json = self.take_through(b"\n\n");
        json.truncate(json.len() - 2);
        (line, String::from_utf8(json).unwrap())
    }

    /// The next answer over HTTP: its status and its body, whose length its head tells.
    #[track_caller]
    pub fn answer(&mut self) -> (u16, String) {
        let head = String::from_utf8(self.take_through(b"\r\n\r\n")).unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            assert!(self.receive(), "the connection was closed within a body behind {head:?}");
        }
        let body = self.unread.drain(..length).collect();
        (status.unwrap_or_else(|| panic!("{head}")), String::from_utf8(body).unwrap())
    }

    /// All that comes until the server closes.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        while self.receive() {}
        std::mem::take(&mut self.unread)
    }

    /// Waits until the connection ends in whatever way; what came before.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> Vec<u8> {
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.unread.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it does not end"),
                Err(_) => break,
            }
        }
        std::mem::take(&mut self.unread)
    }

    #[track_caller]
    fn take_through(&mut self, end: &[u8]) -> Vec<u8> {
        let mut searched = 0;
        loop {
            let found = self.unread[searched..].windows(end.len()).position(|part| part == end);
            if let Some(at) = found {
                return self.unread.drain(..searched + at + end.len()).collect();
            }
            searched = self.unread.len().saturating_sub(end.len() - 1);
            if !self.receive() {
                let came = String::from_utf8_lossy(&self.unread);
                panic!("the connection was closed behind {came:?}");
            }
        }
    }

    /// Reads some more; false at the end.
    #[track_caller]
    fn receive(&mut self) -> bool {
        let mut buffer = [0; 16_384];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(read) => {
                    self.unread.extend_from_slice(&buffer[..read]);
                    return read > 0;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let came = String::from_utf8_lossy(&self.unread);
                    panic!("{error} behind {came:?}");
                }
            }
        }
    }
}
