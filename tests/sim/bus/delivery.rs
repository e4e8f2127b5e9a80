//! What is published, and how it comes to those who have subscribed, or does not.

use super::super::agenda::MILLISECOND;
use super::super::env::Env;
use super::super::trace::Tag;
use super::traffic::{self, Kind};
use super::{Bus, Later, SUBJECT, subjects};

/// What strangers publish.
const NOISE: [&[u8]; 10] = [
    b"",
    b"hello",
    b"FEED",
    b"FEED sim\n",
    b"FEED nowhere nobody 00000000000000zz 1 2\nAT x\n",
    b"FEED nowhere nobody 0123456789abcdef 5 4\n",
    b"FEED nowhere nobody 0123456789abcdef 0 1\nAT nobody +1.0 c1 here 1\n",
    b"DIGEST nowhere nobody 0123456789abcdef\n",
    b"AGAIN nowhere nobody 0123456789abcdef 0 18446744073709551616\n",
    b"\xff\xfe\0\r\nMSG herd.feed 1 0\r\n\r\n",
];

impl Bus {
    pub(super) fn publish(
        &mut self,
        env: &mut Env,
        index: usize,
        subject: &str,
        payload: &[u8],
    ) -> Result<(), String> {
        let (now, machine) = (env.agenda.now(), self.conns[index].machine);
        env.trace.note(now, Tag::Bus, machine as u64, index as u64, payload);
        let (kind, behind) =
            Kind::of(subject, SUBJECT).ok_or_else(|| format!("nobody listens to {subject}"))?;
        let name = env.checks.name(machine);
        traffic::judge(kind, behind, payload, &name, &env.checks)?;
        self.traffic.add(machine, kind, payload);
        let conn = &mut self.conns[index];
        conn.pace_of_talk.add(kind, now - conn.since)?;
        if self.forbidden == Some(kind) {
            let word = format!("-ERR 'Permissions Violation for Publish to \"{subject}\"'\r\n");
            self.tell(env, index, word.as_bytes());
            return Ok(());
        }
        env.checks.tally.batches += u64::from(kind == Kind::Feed);
        env.checks.tally.agains += u64::from(kind == Kind::Again);
        self.spread(env, Some(index), subject, payload);
        Ok(())
    }

    /// Tells a message to all who have subscribed to it, but for who has published it.
    fn spread(&mut self, env: &mut Env, from: Option<usize>, subject: &str, payload: &[u8]) {
        for index in 0..self.conns.len() {
            let conn = &self.conns[index];
            if conn.end.is_none() || Some(index) == from {
                continue;
            }
            let wanted = |(pattern, _): &&(String, String)| subjects::matches(pattern, subject);
            let with_headers = from.is_none() && conn.takes_headers;
            let each: Vec<Vec<u8>> = conn
                .subscriptions
                .iter()
                .filter(wanted)
                .map(|(_, sid)| message(subject, sid, payload, with_headers))
                .collect();
            each.into_iter().for_each(|bytes| self.deliver(env, index, bytes));
        }
    }

    fn deliver(&mut self, env: &mut Env, index: usize, bytes: Vec<u8>) {
        let manners = &self.manners;
        if env.random.chance(manners.lost) {
            env.checks.tally.lost_on_bus += 1;
            return;
        }
        let (repeated, late) = (manners.repeated, manners.late);
        let (again, most) = (env.random.chance(repeated), manners.late_most);
        for _ in 0..1 + u32::from(again) {
            if env.random.chance(late) {
                let pause = env.random.magnitude(MILLISECOND, most.max(2 * MILLISECOND));
                self.plan(env, pause, Later::Deliver(index, bytes.clone()));
            } else {
                self.tell(env, index, &bytes);
            }
        }
    }

    /// Somebody who is no gateway publishes.
    pub fn say(&mut self, env: &mut Env, subject: &str, payload: &[u8]) {
        self.spread(env, None, &format!("{SUBJECT}.{subject}"), payload);
    }

    /// A stranger publishes.
    pub(super) fn noise(&mut self, env: &mut Env) {
        let kinds = ["feed", "digest", "again.S0", "again.S1", "again.nobody", "elsewhere"];
        let (subject, payload) = (*env.random.pick(&kinds), *env.random.pick(&NOISE));
        self.say(env, subject, payload);
        self.make_noise(env);
    }
}

/// What is told of a message.
fn message(subject: &str, sid: &str, payload: &[u8], with_headers: bool) -> Vec<u8> {
    let (headers, total) = match with_headers {
        true => (&b"NATS/1.0\r\nFrom: nobody\r\n\r\n"[..], payload.len() + 26),
        false => (&b""[..], payload.len()),
    };
    let head = match with_headers {
        true => format!("HMSG {subject} {sid} _INBOX.x {} {total}\r\n", headers.len()),
        false => format!("MSG {subject} {sid} {total}\r\n"),
    };
    [head.as_bytes(), headers, payload, b"\r\n"].concat()
}
