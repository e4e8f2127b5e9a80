//! What `herdctl verify` says.

use super::{Outcome, Verdict};
use crate::amounts::count;
use crate::asker::Unasked;
use crate::verify::differences::{Difference, Record};
use herd::wire::{Printable, plural};
use serde::Serialize;

/// Clients that are shown to people; the rest is counted.
const SHOWN_MAX: usize = 20;

/// For people.
pub fn text(outcome: &Outcome) -> String {
    let servers = plural(outcome.servers, "server");
    let herd = &outcome.herd;
    match &outcome.verdict {
        Verdict::Same { records, digest } => {
            format!("{herd}: {servers} agree: {} records, digest {digest}\n", count(*records))
        }
        Verdict::Settled { records, of, .. } => {
            let (records, of) = (count(*records), count(*of));
            format!(
                "{herd}: {servers} agree on what is at rest, {records} of {of} records; the rest moves\n"
            )
        }
        Verdict::Unasked(unasked) => {
            let line = |(server, why): &(String, Unasked)| {
                format!("  {server} cannot be asked: {}\n", why.text())
            };
            format!(
                "{herd}: it is not known whether {servers} agree:\n{}",
                unasked.iter().map(line).collect::<String>()
            )
        }
        Verdict::Unlinked => {
            format!(
                "{herd}: it is not known whether {servers} agree: they change, and not all are linked\n  \
                 (herdctl status says what is down)\n"
            )
        }
        Verdict::Different { differing, is_complete, .. } => {
            let mut lines = format!("{herd}: {servers} do not agree:\n");
            for (client, held) in differing.iter().take(SHOWN_MAX) {
                lines += &format!("  {}\n", Printable(client.as_bytes()));
                for (server, record) in held {
                    lines += &format!("    {server:12} {}\n", held_text(record.as_ref()));
                }
            }
            if let Some(more) = differing.len().checked_sub(SHOWN_MAX).filter(|&more| more > 0) {
                lines += &format!("  and {}\n", plural(more, "more client"));
            }
            if !is_complete {
                lines += "  These may not be all: too much differs or moves to look at all of it, or the\n  \
                    token allows to ask about some clients only.\n";
            }
            lines
        }
    }
}

fn held_text(record: Option<&Record>) -> String {
    let Some(record) = record else { return "does not know it".to_owned() };
    let what = if record.forgotten { "forgotten as of" } else { "reported at" };
    let (time, server) = (Printable(record.time.as_bytes()), Printable(record.server.as_bytes()));
    format!("{what} {time}, taken by {server}")
}

#[derive(Serialize)]
struct Document<'a> {
    herd: &'a str,
    agree: bool,
    at_rest: bool,
    records: Option<u64>,
    before: Option<i64>,
    unasked: Vec<Failed<'a>>,
    differing: Vec<Differing<'a>>,
    complete: bool,
}

#[derive(Serialize)]
struct Failed<'a> {
    server: &'a str,
    error: String,
}

#[derive(Serialize)]
struct Differing<'a> {
    id: &'a str,
    held: Vec<Held<'a>>,
}

#[derive(Serialize)]
struct Held<'a> {
    server: &'a str,
    record: Option<&'a Record>,
}

/// For programs.
pub fn json(outcome: &Outcome) -> Result<String, serde_json::Error> {
    let mut document = Document {
        herd: &outcome.herd,
        agree: outcome.agree(),
        at_rest: true,
        records: None,
        before: None,
        unasked: Vec::new(),
        differing: Vec::new(),
        complete: true,
    };
    match &outcome.verdict {
        Verdict::Same { records, .. } => document.records = Some(*records),
        Verdict::Settled { before, records, .. } => {
            (document.records, document.before) = (Some(*records), Some(*before));
        }
        Verdict::Unasked(unasked) => {
            let failed = unasked.iter().map(|(server, why)| Failed { server, error: why.text() });
            document.unasked = failed.collect();
            document.complete = false;
        }
        Verdict::Unlinked => document.complete = false,
        Verdict::Different { before, differing, is_complete } => {
            document.before = *before;
            document.differing = differing.iter().map(Differing::of).collect();
            document.complete = *is_complete;
        }
    }
    document.at_rest = document.before.is_none();
    Ok(serde_json::to_string(&document)? + "\n")
}

impl<'a> Differing<'a> {
    fn of((id, held): (&'a String, &'a Difference)) -> Self {
        let held = held.iter().map(|(server, record)| Held { server, record: record.as_ref() });
        Differing { id, held: held.collect() }
    }
}
