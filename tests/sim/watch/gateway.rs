//! The model of a gateway's conversation with the bus: what others have told and it has not heard, it asks
//! for, and goes on to ask for, as long as there is somebody who could tell it.

use super::super::agenda::{SECOND, Time};
use super::super::bus::SUBJECT;
use super::super::bus::frames::{Batch, Frame, Frames};
use herd::positions::Positions;
use herd::wire::neighbour::Digest;
use std::collections::BTreeMap;

/// How long a gateway may lack what it was told of and not ask for it: it may wait for a digest, as it may
/// know by itself what it lacks, and for others whom it asks first.
const ASKED_WITHIN: Time = 12 * SECOND;

/// After each question that has brought nothing it may wait twice as long, from a second on.
const PAUSE: Time = SECOND;
const PAUSES_MAX: u32 = 6;

/// Who is not called for so long sleeps: it pings, or tells a digest.
const CALLED_WITHIN: Time = 6 * SECOND;

/// Whoever has said nothing for so long may be gone: gateways say every 5 s what they hold (contract).
const GONE_AFTER: Time = 6 * SECOND;

/// What a gateway has heard in its life.
#[derive(Debug, Default)]
pub struct AtBus {
    /// By server.
    told: BTreeMap<String, Told>,
    called_at: Time,
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
    /// How often in vain.
    asked: u32,
    heard_at: Time,
    /// What it holds, at which second.
    digest: Option<Digest>,
}

impl AtBus {
    /// It is connected, as if for the first time.
    pub fn connected(&mut self, now: Time) {
        for told in self.told.values_mut() {
            (told.since, told.asked) = (told.since.map(|_| now), 0);
        }
    }

    pub fn arrived(&mut self, now: Time, frames: &mut Frames, bytes: &[u8]) {
        frames.add(bytes);
        while let Some(frame) = frames.next() {
            let Frame::Message { payload, .. } = frame else { continue };
            if let Some((batch, _)) = Batch::of(&payload) {
                let told = self.told.entry(batch.server.to_owned()).or_default();
                told.take(now, &batch);
            } else if let Some((server, epoch, digest)) = digest_of(&payload)
                && let Some(told) = self.told.get_mut(server)
            {
                if told.epoch == epoch {
                    (told.heard_at, told.digest) = (now, Some(digest));
                } else {
                    self.told.remove(server);
                }
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
                told.asked += 1;
            }
        }
    }

    /// Who holds the same lacks nothing, whatever has not come.
    pub fn holds(&mut self, positions: &Positions) {
        for told in self.told.values_mut().filter(|told| told.since.is_some()) {
            let Some(digest) = told.digest else { continue };
            let at_step = digest.step.and_then(|step| positions.digest_at(step));
            if digest.sum == positions.digest() || Some(digest.sum) == at_step {
                let to = told.ahead.iter().map(|&(_, to)| to).max();
                told.up_to = to.unwrap_or(0).max(told.up_to);
                (told.ahead, told.since) = (Vec::new(), None);
            }
        }
    }

    /// What it should have asked for and has not.
    pub fn judge(&mut self, now: Time) -> Result<(), String> {
        let slept = now > self.called_at + CALLED_WITHIN;
        self.called_at = now;
        for (server, told) in &mut self.told {
            if slept {
                told.since = told.since.map(|_| now);
            }
            let is_there = told.heard_at + GONE_AFTER > now;
            let patience = ASKED_WITHIN + (PAUSE << told.asked.min(PAUSES_MAX));
            if let Some(since) = told.since.filter(|since| is_there && since + patience < now) {
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
            if to > self.up_to {
                (self.up_to, self.asked) = (to, 0);
            }
        }
        self.since = (!self.ahead.is_empty()).then(|| self.since.unwrap_or(now));
    }
}

/// A digest, and whose it is in which life.
fn digest_of(payload: &[u8]) -> Option<(&str, &str, Digest)> {
    let fields: Vec<&str> = str::from_utf8(payload).ok()?.split(' ').collect();
    let ["DIGEST", _, server, epoch, _, sum, step, ..] = &fields[..] else { return None };
    let sum = u64::from_str_radix(sum, 16).ok()?;
    Some((server, epoch, Digest { sum, step: step.parse().ok() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(at_bus: &mut AtBus, seconds: u64, payload: &str) {
        let message = format!("MSG herd.x 1 {}\r\n{payload}\r\n", payload.len());
        at_bus.arrived(seconds * SECOND, &mut Frames::default(), message.as_bytes());
    }

    fn batch(range: &str) -> String {
        format!("FEED sim S2 0123456789abcdef {range}\n")
    }

    #[test]
    fn who_lacks_something_and_does_not_ask_is_found_while_there_is_somebody_to_ask() {
        let mut at_bus = AtBus::default();
        let digest = "DIGEST sim S2 0123456789abcdef 9 00000000000000aa 0 0 0\n";
        heard(&mut at_bus, 0, &batch("3 5"));
        heard(&mut at_bus, 1, &batch("7 9"));
        let passes = |at_bus: &mut AtBus, from: u64, to: u64| {
            (from..=to).find(|&second| {
                if second.is_multiple_of(5) {
                    heard(at_bus, second, digest);
                }
                at_bus.judge(second * SECOND).is_err()
            })
        };
        assert_eq!(passes(&mut at_bus, 2, 30), Some(15));
        at_bus.written(
            15 * SECOND,
            b"PUB herd.again.S2 40\r\nAGAIN sim S2 0123456789abcdef 5 7\n\r\n",
        );
        assert_eq!(passes(&mut at_bus, 16, 40), Some(30), "it did not come");
        assert_eq!(at_bus.judge(36 * SECOND), Ok(()), "who has gone cannot be asked");
        assert!(passes(&mut at_bus, 37, 60).is_some());
        heard(&mut at_bus, 61, &batch("5 7"));
        assert_eq!(passes(&mut at_bus, 62, 90), None);
        heard(&mut at_bus, 90, &batch("15 17"));
        let positions = Positions::new([1, 2]);
        at_bus.holds(&positions);
        assert!(passes(&mut at_bus, 91, 120).is_some(), "it holds something else");
        let same = digest.replace("00000000000000aa", &format!("{:016x}", positions.digest()));
        heard(&mut at_bus, 121, &same);
        at_bus.holds(&positions);
        assert_eq!(passes(&mut at_bus, 122, 150), None, "it holds the same");
        // Another life counts anew.
        heard(&mut at_bus, 151, &batch("20 21"));
        heard(&mut at_bus, 152, "FEED sim S2 00000000000000ff 0 2\n");
        assert_eq!(passes(&mut at_bus, 153, 180), None);
        // Also if it says that by a digest alone.
        heard(&mut at_bus, 181, &batch("0 1"));
        heard(&mut at_bus, 182, &batch("5 6"));
        heard(&mut at_bus, 183, &digest.replace("0123456789abcdef", "00000000000000ff"));
        assert_eq!(passes(&mut at_bus, 184, 210), None);
    }
}
