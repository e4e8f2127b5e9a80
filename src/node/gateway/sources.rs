//! The other gateways: how far each has told its feed, what of that has not come, and when it is asked for.
//!
//! One question at a time, whomever it is asked: what is told again is told to all, so who waits a moment
//! before it asks, and longer each time that this has brought nothing, finds that others have asked, and
//! the bus is never full of what has been told already.

use super::stretches::Stretches;
use crate::limits;
use crate::node::agreement::{Agreement, Finding, difference};
use crate::node::random::Random;
use crate::positions::Positions;
use crate::transport::Monotonic;
use crate::wire::gateway::{Source, Stretch};
use crate::wire::neighbour::Digest;
use std::time::Duration;

/// One of the [`Sources`]; good until the next of them is [found](Sources::find).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SourceId(usize);

/// The other gateways that were heard.
#[derive(Debug, Default)]
pub(super) struct Sources {
    known: Vec<Other>,
    /// Whom we have asked, and until when its answer is waited for.
    asked: Option<(usize, Monotonic)>,
    /// When anybody may be asked for everything: what none of our gaps shows differs from all alike.
    all_at: Monotonic,
    /// Whether somebody has been asked for everything, or has agreed with us, in this life of ours: what we
    /// took before it, or our herd did, no other herd tells unless it is asked for everything.
    is_told: bool,
    /// Questions asked.
    questions: u64,
}

/// Another gateway.
#[derive(Debug)]
pub(super) struct Other {
    herd: Box<[u8]>,
    server: Box<[u8]>,
    epoch: u64,
    /// The one before: what comes late from there says nothing.
    former: Option<u64>,
    came: Stretches,
    heard: Monotonic,
    /// Whether it has told a digest in this life: what it told before we heard it may be known here.
    has_compared: bool,
    /// What is to be asked, and when.
    ask: Option<(Question, Monotonic)>,
    /// The pause before it is asked again, if that brings nothing.
    pause: Duration,
    agreement: Agreement,
    /// Whether it holds what we hold, when that was last seen.
    agrees: Option<bool>,
    /// The pause before everything is asked for once more, and the end of that pause.
    all_pause: Duration,
    all_at: Monotonic,
    /// Whether its digest cannot be compared with ours, and that has been said.
    is_apart: bool,
    /// Changes that were news here, and the newest time at which one of them was taken.
    taken: u64,
    newest_nanoseconds: Option<i64>,
}

/// What is asked of another gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// To tell again what is missing.
    Missing,
    /// To tell everything.
    All,
}

/// A question that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asking<'a> {
    Again(Source<'a>, Stretch),
    All(Source<'a>),
}

impl Sources {
    /// That gateway, in that life of it; none if there are too many. A new life has told nothing yet.
    pub fn find(&mut self, source: Source<'_>, now: Monotonic) -> Option<SourceId> {
        let is_it = |other: &Other| *other.herd == *source.herd && *other.server == *source.server;
        let index = match self.known.iter().position(is_it) {
            Some(index) => index,
            None => self.add(source, now)?,
        };
        let other = &mut self.known[index];
        other.heard = now;
        if other.epoch != source.epoch {
            other.former = Some(std::mem::replace(&mut other.epoch, source.epoch));
            (other.came, other.agreement, other.ask) = Default::default();
            (other.has_compared, other.agrees) = (false, None);
        }
        Some(SourceId(index))
    }

    /// Whether that life of the gateway is known to be over.
    pub fn is_over(&self, source: Source<'_>) -> bool {
        let is_it = |other: &&Other| other.names() == [source.herd, source.server];
        self.known.iter().find(is_it).is_some_and(|other| other.former == Some(source.epoch))
    }

    fn add(&mut self, source: Source<'_>, now: Monotonic) -> Option<usize> {
        let other = Other {
            herd: source.herd.into(),
            server: source.server.into(),
            epoch: source.epoch,
            former: None,
            came: Stretches::default(),
            heard: now,
            has_compared: false,
            ask: None,
            pause: limits::GATEWAY_ASK_PAUSE_MIN,
            agreement: Agreement::default(),
            agrees: None,
            all_pause: limits::START_OVER_PAUSE,
            all_at: now,
            is_apart: false,
            taken: 0,
            newest_nanoseconds: None,
        };
        if self.known.len() < limits::GATEWAY_SOURCES_MAX {
            self.known.push(other);
            return Some(self.known.len() - 1);
        }
        let (index, silent) = self.known.iter().enumerate().min_by_key(|(_, other)| other.heard)?;
        if now.since(silent.heard) < limits::GATEWAY_SILENCE_MAX {
            return None;
        }
        // Whoever was there and has been asked is waited for all the same, as long as for any answer.
        self.known[index] = other;
        Some(index)
    }

    /// It has told a stretch, all of which has come.
    pub fn came(&mut self, id: SourceId, stretch: Stretch, now: Monotonic, random: &mut Random) {
        let other = &mut self.known[id.0];
        let before = other.came.up_to();
        other.came.came(stretch);
        other.agreement.moved();
        if other.came.up_to() > before {
            other.pause = limits::GATEWAY_ASK_PAUSE_MIN;
            if let Some((asked, until)) = &mut self.asked
                && *asked == id.0
            {
                *until = now + limits::GATEWAY_ANSWER_PATIENCE;
            }
        }
        self.look_for_gap(id, now, random);
    }

    /// It has told its feed up to there, and that is the digest of all that it holds. `is_at_rest`: so have
    /// we. Gives what belongs in the log, if anything does.
    pub fn digest(
        &mut self,
        id: SourceId,
        (up_to, digest): (u64, Digest),
        is_at_rest: bool,
        positions: &Positions,
        now: Monotonic,
        random: &mut Random,
    ) -> Option<Finding> {
        let other = &mut self.known[id.0];
        other.came.told(up_to);
        if !std::mem::replace(&mut other.has_compared, true) {
            other.ask = None;
        }
        let difference = difference(digest, positions);
        if difference == Some(0) {
            // Whatever has not come is known here all the same.
            other.came.came(Stretch { from: 0, to: up_to });
            other.ask = None;
            self.is_told = true;
        } else if !self.is_told {
            other.ask = Some((Question::All, now + patience(random)));
        }
        self.look_for_gap(id, now, random);
        let other = &mut self.known[id.0];
        if other.ask.is_some() || !is_at_rest {
            other.agreement.moved();
            return None;
        }
        let difference = difference?;
        let finding = other.agreement.compare(difference, Some(difference), true, now);
        other.agrees = other.agreement.verdict().or(other.agrees);
        if difference == 0 {
            other.all_pause = limits::START_OVER_PAUSE;
        } else if other.agreement.is_lost() && now >= other.all_at.max(self.all_at) {
            other.ask = Some((Question::All, now + patience(random)));
        }
        finding
    }

    /// Its digest cannot be compared, or can again; whether it is news that it cannot.
    pub fn is_apart(&mut self, id: SourceId, is_apart: bool) -> bool {
        let was_apart = std::mem::replace(&mut self.known[id.0].is_apart, is_apart);
        is_apart && !was_apart
    }

    /// It has told a change that was news here, and when that was taken by the clock of who took it.
    pub fn taken(&mut self, id: SourceId, taken_nanoseconds: i64) {
        let other = &mut self.known[id.0];
        other.taken += 1;
        other.newest_nanoseconds = other.newest_nanoseconds.max(Some(taken_nanoseconds));
    }

    fn look_for_gap(&mut self, id: SourceId, now: Monotonic, random: &mut Random) {
        let other = &mut self.known[id.0];
        if other.came.missing().is_some() {
            let digest_due = match other.has_compared {
                true => Duration::ZERO,
                false => limits::GATEWAY_DIGEST_INTERVAL,
            };
            let at = now + digest_due + patience(random);
            other.ask.get_or_insert((Question::Missing, at));
        } else if other.ask.take_if(|(question, _)| *question == Question::Missing).is_some() {
            self.asked.take_if(|(asked, _)| *asked == id.0);
        }
    }

    /// The bus is there again: what is missing is asked for soon.
    pub fn reconnected(&mut self, now: Monotonic, random: &mut Random) {
        self.asked = None;
        for other in &mut self.known {
            other.pause = limits::GATEWAY_ASK_PAUSE_MIN;
            if let Some((_, at)) = &mut other.ask {
                *at = now + patience(random);
            }
        }
    }

    /// When a question may be due.
    pub fn deadline(&self) -> Option<Monotonic> {
        let first = self.known.iter().filter_map(|other| other.ask).map(|(_, at)| at).min()?;
        Some(self.asked.map_or(first, |(_, until)| until.max(first)))
    }

    /// The question that is due, if one is; it counts as asked.
    pub fn next_question(&mut self, now: Monotonic, random: &mut Random) -> Option<Asking<'_>> {
        if self.asked.is_some_and(|(_, until)| now < until) {
            return None;
        }
        // Who is not heard does not answer, and tells its digest when it is back.
        for other in &mut self.known {
            other.ask.take_if(|_| now.since(other.heard) >= limits::GATEWAY_UNHEARD_MAX);
        }
        let asks = self.known.iter().enumerate();
        let due = asks.filter_map(|(index, other)| Some((other.ask?, index)));
        // Who tells digests goes first: of others it is not known that they will ever answer.
        let urgency = |&((_, at), index): &((Question, Monotonic), usize)| {
            (!self.known[index].has_compared, at)
        };
        let ((question, _), index) = due.filter(|((_, at), _)| *at <= now).min_by_key(urgency)?;
        self.asked = Some((index, now + limits::GATEWAY_ANSWER_PATIENCE));
        self.questions += 1;
        if question == Question::All {
            // One at a time: what one tells may be what the others would have.
            self.is_told = true;
            for other in &mut self.known {
                other.ask.take_if(|(question, _)| *question == Question::All);
            }
        }
        let other = &mut self.known[index];
        let missing = other.came.missing();
        match question {
            Question::Missing => {
                other.ask = Some((question, now + other.pause + patience(random)));
                other.pause = (2 * other.pause).min(limits::GATEWAY_ASK_PAUSE_MAX);
            }
            Question::All => {
                other.agreement.moved();
                self.all_at = now + limits::START_OVER_PAUSE;
                other.all_at = now + other.all_pause;
                other.all_pause = (2 * other.all_pause).min(limits::START_OVER_PAUSE_MAX);
            }
        }
        let source = Source { herd: &other.herd, server: &other.server, epoch: other.epoch };
        match (question, missing) {
            (Question::Missing, Some(stretch)) => Some(Asking::Again(source, stretch)),
            (Question::Missing, None) => None,
            (Question::All, _) => Some(Asking::All(source)),
        }
    }

    /// How many questions were asked.
    pub fn questions(&self) -> u64 {
        self.questions
    }

    /// All that were heard of late.
    pub fn iter(&self, now: Monotonic) -> impl Iterator<Item = &Other> {
        let is_late = move |other: &&Other| now.since(other.heard) < limits::GATEWAY_SHOWN_FOR;
        self.known.iter().filter(is_late)
    }
}

/// From the patience with a gap to twice as much.
fn patience(random: &mut Random) -> Duration {
    let least = limits::GATEWAY_GAP_PATIENCE;
    least + Duration::from_millis(random.up_to(least.as_millis() as u64))
}

impl Other {
    /// Its herd's name, and the server's.
    pub fn names(&self) -> [&[u8]; 2] {
        [&self.herd, &self.server]
    }

    /// How many of its sequence numbers have been told and have not come.
    pub fn behind(&self) -> u64 {
        self.came.behind()
    }

    /// Whether it holds what we hold, as far as that is known.
    pub fn agrees(&self) -> Option<bool> {
        self.agrees
    }

    /// When it was heard.
    pub fn heard(&self) -> Monotonic {
        self.heard
    }

    /// Changes told by it that were news here; the newest time at which one was taken.
    pub fn taken(&self) -> (u64, Option<i64>) {
        (self.taken, self.newest_nanoseconds)
    }
}
