//! The law of callbacks, as `transport` lays it down, kept by the driver for each connection.

use herd::transport::{DriverSide, Monotonic, Transport};

/// How far a connection has come in the eyes of its protocol.
#[derive(Debug, Default)]
pub struct Law {
    made: bool,
    ended: bool,
    lost: bool,
    /// No data may come any more.
    closed: bool,
    /// When the protocol wanted to be called, as it left things.
    timer: Option<Monotonic>,
}

impl Law {
    pub fn made(&mut self) -> Result<(), String> {
        if self.made || self.lost {
            return Err("it is made twice".to_owned());
        }
        self.made = true;
        Ok(())
    }

    pub fn data(&self, data: &[u8]) -> Result<(), String> {
        self.during("data comes")?;
        if self.ended {
            return Err("data comes behind the end".to_owned());
        }
        if self.closed {
            return Err("data comes though it is ending or reading is paused".to_owned());
        }
        if data.is_empty() {
            return Err("no data comes".to_owned());
        }
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), String> {
        self.during("the end comes")?;
        if self.ended || self.closed {
            return Err("the end comes out of turn".to_owned());
        }
        self.ended = true;
        Ok(())
    }

    pub fn timer(&mut self, now: Monotonic) -> Result<(), String> {
        self.during("a timer expires")?;
        match self.timer.take() {
            Some(at) if at <= now => Ok(()),
            timer => Err(format!("a timer expires at {now:?} that was set to {timer:?}")),
        }
    }

    /// A callback that may come at any time from the first to the last.
    pub fn during(&self, what: &str) -> Result<(), String> {
        match (self.made, self.lost) {
            (true, false) => Ok(()),
            (false, _) => Err(format!("{what} before it is made")),
            (_, true) => Err(format!("{what} after it is lost")),
        }
    }

    pub fn lost(&mut self) -> Result<(), String> {
        if self.lost {
            return Err("it is lost twice".to_owned());
        }
        self.lost = true;
        Ok(())
    }

    /// A callback has left the transport so.
    pub fn left(&mut self, transport: &Transport) {
        self.timer = transport.timer();
        self.closed = !transport.wants_data();
    }
}
