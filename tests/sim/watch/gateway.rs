//! The model of a gateway's conversation with the bus: what others have told and it has not heard, it asks
//! for, and goes on to ask for, as long as there is somebody who could tell it.

use super::super::agenda::{SECOND, Time};
use super::super::bus::SUBJECT;
use super::super::bus::frames::{Batch, Frame, Frames};
use std::collections::BTreeMap;

/// How long a gateway may lack what it was told of and not ask for it.
const ASKED_WITHIN: Time = 15 * SECOND;

/// Whoever has said nothing for so long may be gone: gateways say every 5 s what they hold (contract).
const GONE_AFTER: Time = 6 * SECOND;

#[derive(Debug, Default)]
pub struct AtBus {
    frames: Frames,
    /// By server.
    told: BTreeMap<String, Told>,
}

/// What a server has told in its present life.
#[derive(Debug, Default)]
struct Told {
    epoch: String,
    /// Without a gap from where the first batch began.
    up_to: u64,
    /// Batches behind a gap.
    ahead: Vec<(u64, u64)>,
    /// Since when there is one, or since it was asked about last.
    since: Option<Time>,
    heard_at: Time,
}

impl AtBus {
    pub fn arrived(&mut self, now: Time, bytes: &[u8]) {
        self.frames.add(bytes);
        while let Some(frame) = self.frames.next() {
            let Frame::Message { payload, .. } = frame else { continue };
            if let Some((batch, _)) = Batch::of(&payload) {
                let told = self.told.entry(batch.server.to_owned()).or_default();
                told.take(now, &batch);
            } else if let Some(server) = digest_of(&payload)
                && let Some(told) = self.told.get_mut(server)
            {
                told.heard_at = now;
            }
        }
    }

    /// The gateway says that.
    pub fn written(&mut self, now: Time, bytes: &[u8]) {
        let subject = format!("PUB {SUBJECT}.again.");
        for line in bytes.split(|&byte| byte == b'\n') {
            let whom = line.strip_prefix(subject.as_bytes());
            let whom = whom.and_then(|rest| str::from_utf8(rest).ok()?.split(' ').next());
            if let Some(told) = whom.and_then(|whom| self.told.get_mut(whom)) {
                told.since = told.since.map(|_| now);
            }
        }
    }

    /// What it should have asked for and has not.
    pub fn judge(&self, now: Time) -> Result<(), String> {
        for (server, told) in &self.told {
            let is_there = told.heard_at + GONE_AFTER > now;
            if let Some(since) = told.since.filter(|since| is_there && since + ASKED_WITHIN < now) {
                let seconds = (now - since) / SECOND;
                let (up_to, ahead) = (told.up_to, &told.ahead);
                return Err(format!(
                    "has heard {server} up to {up_to} and then {ahead:?}, and has not asked for {seconds} s"
                ));
            }
        }
        Ok(())
    }
}

impl Told {
    fn take(&mut self, now: Time, batch: &Batch<'_>) {
        self.heard_at = now;
        if self.epoch != batch.epoch {
            let epoch = batch.epoch.to_owned();
            *self = Told { epoch, up_to: batch.from, heard_at: now, ..Told::default() };
        }
        self.ahead.push((batch.from, batch.to));
        while let Some(at) = self.ahead.iter().position(|&(from, _)| from <= self.up_to) {
            let (_, to) = self.ahead.swap_remove(at);
            self.up_to = self.up_to.max(to);
        }
        self.since = (!self.ahead.is_empty()).then(|| self.since.unwrap_or(now));
    }
}

/// Whose digest it is.
fn digest_of(payload: &[u8]) -> Option<&str> {
    let mut fields = str::from_utf8(payload).ok()?.split(' ');
    (fields.next()? == "DIGEST").then(|| fields.nth(1))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(at_bus: &mut AtBus, seconds: u64, payload: &str) {
        let message = format!("MSG herd.x 1 {}\r\n{payload}\r\n", payload.len());
        at_bus.arrived(seconds * SECOND, message.as_bytes());
    }

    fn batch(range: &str) -> String {
        format!("FEED sim S2 0123456789abcdef {range}\n")
    }

    #[test]
    fn who_lacks_something_and_does_not_ask_is_found_while_there_is_somebody_to_ask() {
        let mut at_bus = AtBus::default();
        heard(&mut at_bus, 0, &batch("3 5"));
        heard(&mut at_bus, 1, &batch("7 9"));
        heard(&mut at_bus, 14, "DIGEST sim S2 0123456789abcdef 9 0 - - -\n");
        assert_eq!(at_bus.judge(16 * SECOND), Ok(()));
        assert!(at_bus.judge(17 * SECOND).is_err());
        assert_eq!(at_bus.judge(21 * SECOND), Ok(()), "who has gone cannot be asked");
        at_bus.written(
            17 * SECOND,
            b"PUB herd.again.S2 40\r\nAGAIN sim S2 0123456789abcdef 5 7\n\r\n",
        );
        heard(&mut at_bus, 31, &batch("9 9"));
        assert_eq!(at_bus.judge(32 * SECOND), Ok(()));
        assert!(at_bus.judge(33 * SECOND).is_err(), "it did not come");
        heard(&mut at_bus, 33, &batch("5 7"));
        assert_eq!(at_bus.judge(34 * SECOND), Ok(()));
        // Another life counts anew.
        heard(&mut at_bus, 34, &batch("20 21"));
        heard(&mut at_bus, 35, "FEED sim S2 00000000000000ff 0 2\n");
        heard(&mut at_bus, 60, "FEED sim S2 00000000000000ff 2 4\n");
        assert_eq!(at_bus.judge(61 * SECOND), Ok(()));
    }
}
