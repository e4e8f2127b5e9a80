//! `GET /digests?prefix=HEX&before=SECONDS`: the digests of ranges of clients, by which who compares servers
//! finds the clients that differ.
//!
//! ```json
//! {"server": "Hands", "prefix": "a7", "records": 812, "digest": "…",
//!  "ranges": [{"prefix": "a700", "records": 3, "digest": "…"}, …], "clients": null}
//! ```
//!
//! Where there are few, `clients` has each of them: `{"client": {"id", "time", "server", "difference"},
//! "forgotten", "digest"}`, of those that the token allows to ask about. With `before` only what was taken
//! before that time counts, by the clocks of the servers that took it: what is under way is then left out by
//! all alike.
//!
//! All records are looked at, in shares, on what a turn has for questions about who is near.

use super::Node;
use super::access::Caller;
use super::figures::hexadecimal;
use super::pending::Pending;
use super::reply::{JSON, Refusal, Reply};
use crate::fault::fault;
use crate::node::access::Sight;
use crate::node::hub::client_at;
use crate::positions::{Change, Kind, Range, RangeSum, RangeSums};
use crate::tokens::Right;
use crate::transport::Context;
use crate::wire::client_json::write_client_gone;
use crate::wire::uri;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

const NANOSECONDS: i64 = 1_000_000_000;

/// An answer for which there is more to look at.
#[derive(Debug)]
pub(super) struct DigestAnswer {
    sums: RangeSums,
    caller: Caller,
    reply: Reply,
}

#[derive(Serialize)]
struct Digests<'a> {
    server: &'a str,
    prefix: String,
    #[serde(flatten)]
    total: Sum,
    ranges: Vec<Part>,
    clients: Option<Vec<Client>>,
}

#[derive(Serialize)]
struct Sum {
    records: u64,
    digest: String,
}

#[derive(Serialize)]
struct Part {
    prefix: String,
    #[serde(flatten)]
    sum: Sum,
}

#[derive(Serialize)]
struct Client {
    client: Box<RawValue>,
    forgotten: bool,
    digest: String,
}

/// Answers, or begins to.
pub(super) fn answer(
    cx: &mut Context<'_, Node>,
    query: &[u8],
    caller: Caller,
    reply: Reply,
) -> Result<Option<Pending>, Refusal> {
    let sums = RangeSums::new(range(query)?, taken_before(query)?, cx.app.positions());
    let mut answer = DigestAnswer { sums, caller, reply };
    if cx.app.nears.anybody_waits() {
        cx.app.nears.wait(cx.transport.id(), false);
    } else if answer.go_on(cx) {
        return Ok(None);
    }
    Ok(Some(Pending::Digests(Box::new(answer))))
}

fn range(query: &[u8]) -> Result<Range, Refusal> {
    let Some(prefix) = value(query, "prefix")? else { return Ok(Range::default()) };
    let wrong =
        || Refusal::new(400, "the prefix is not an even number of hexadecimal digits up to 16");
    Range::parse(&prefix).ok_or_else(wrong)
}

fn taken_before(query: &[u8]) -> Result<i64, Refusal> {
    let Some(before) = value(query, "before")? else { return Ok(i64::MAX) };
    let seconds = str::from_utf8(&before).ok().and_then(|seconds| seconds.parse::<u32>().ok());
    let wrong = || Refusal::new(400, "the time of before is not in whole seconds since 1970");
    Ok(i64::from(seconds.ok_or_else(wrong)?) * NANOSECONDS)
}

fn value<'q>(query: &'q [u8], name: &str) -> Result<Option<Cow<'q, [u8]>>, Refusal> {
    let misescaped = |wrong| Refusal::new(400, format!("in the {name} {wrong}"));
    uri::value(query, name).map_err(misescaped)
}

impl DigestAnswer {
    /// It is its turn. Whether that was the end.
    pub fn go_on(&mut self, cx: &mut Context<'_, Node>) -> bool {
        let Node { nears, positions, .. } = &mut *cx.app;
        if nears.have_spent() {
            nears.wait(cx.transport.id(), false);
            return false;
        }
        let looked_at = positions.sum_ranges(&mut self.sums, nears.places_left());
        nears.charge_places(looked_at);
        if !self.sums.is_whole() {
            nears.wait(cx.transport.id(), true);
            return false;
        }
        self.write(cx);
        true
    }

    fn write(&self, cx: &mut Context<'_, Node>) {
        let sight = self.caller.sight(cx.app, Right::Ask, cx.now);
        let mut bytes = 0;
        let written = self.reply.compose(cx, JSON, |node, body| {
            let digests = self.digests(node, sight.as_ref());
            if let Err(error) = serde_json::to_writer(&mut *body, &digests) {
                fault!("digests cannot be written: {error}");
            }
            body.push(b'\n');
            bytes = body.len();
            Ok(())
        });
        if let Err(refusal) = written {
            self.reply.refuse(cx, &refusal);
        }
        cx.app.nears.charge_bytes(bytes);
    }

    fn digests<'a>(&self, node: &'a Node, sight: Option<&Sight>) -> Digests<'a> {
        let sums = &self.sums;
        let is_seen = |client: &[u8]| sight.is_none_or(|sight| sight.covers(client));
        let clients = || {
            let first = node.positions.first_of(sums);
            let seen = first.filter(|(change, _)| is_seen(change.client()));
            seen.filter_map(|(change, digest)| Client::new(&change, digest)).collect()
        };
        let mut parts = sums.parts().peekable();
        // Those of one place are told apart by nothing, however many they are.
        let are_listed = sums.are_few() || parts.peek().is_none();
        let part =
            |(range, sum): (Range, RangeSum)| Part { prefix: range.to_string(), sum: sum.into() };
        Digests {
            server: &node.settings.name,
            prefix: sums.range().to_string(),
            total: sums.total().into(),
            ranges: parts.map(part).collect(),
            clients: are_listed.then(clients),
        }
    }
}

impl From<RangeSum> for Sum {
    fn from(sum: RangeSum) -> Self {
        Sum { records: sum.records(), digest: hexadecimal(sum.digest()) }
    }
}

impl Client {
    fn new(change: &Change<'_>, digest: u64) -> Option<Self> {
        let mut client = Vec::new();
        write_client_gone(&mut client, &client_at(change));
        let client =
            String::from_utf8(client).ok().and_then(|json| RawValue::from_string(json).ok());
        if client.is_none() {
            fault!("a client was written as what is no JSON");
        }
        let forgotten = change.kind() == Kind::Tombstone;
        Some(Client { client: client?, forgotten, digest: hexadecimal(digest) })
    }
}
