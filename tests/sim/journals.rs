//! Servers that keep journals: what they find of them when they start, as the daemon's folder hands it
//! over, and what must be there then.
//!
//! * `always`: each report that a client saw answered, or one that wins against it, after any end.
//! * `second`: the same after the process was killed while its journal was whole; after a power cut, or
//!   while the disk was failing, those that were answered more than a second, and the time that the
//!   disk took, before.
//! * A disk that has lost what it had said to hold excuses all that.
//! * At rest the journal is whole and says what its server holds; at any time its files are not larger
//!   than the contract has it.

use super::agenda::{MILLISECOND, SECOND, Time};
use super::disk::Disks;
use super::env::Env;
use super::random::Random;
use super::report::Report;
use herd::journal::{HeadError, Identity, Part, file_number, parts, read_head};
use herd::node::{JournalOptions, Node};
use herd::transport::Now;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the seed of a run is changed by for its journals.
const SALT: u64 = 0x6a6f_7572;

/// Of a thousand files that are found, how many are taken for rotten, and so are to be written anew.
const REWRITTEN: u64 = 300;

/// Within which an appended report is asked to be forced (contract).
const FORCED_WITHIN: Time = SECOND;

/// What all files of a journal may have beside twice what lives (contract).
const STALE_BYTES_MAX: u64 = 64 << 20;

/// Who keeps one, and what they have promised.
#[derive(Debug, Default)]
pub struct Journals {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    always: bool,
    /// Those whose reports are to be there, by client.
    promised: BTreeMap<Box<[u8]>, Report>,
    /// The last life that has ended, and up to when what it answered was safe; always, if not until then.
    ended: Option<(u32, Option<Time>)>,
    /// The last life whose journal was too old when it was found.
    aside: u32,
}

impl Journals {
    /// All servers keep one, each as it is drawn.
    pub fn draw(seed: u64, machines: usize) -> Self {
        let mut random = Random::new(seed ^ SALT);
        let one = |_| Kept {
            always: random.chance(500),
            promised: BTreeMap::new(),
            ended: None,
            aside: 0,
        };
        Journals { kept: (0..machines).map(one).collect() }
    }

    /// Whether a server keeps one.
    pub fn are_kept(&self) -> bool {
        !self.kept.is_empty()
    }

    /// Whether a server answers reports when its disk holds them.
    pub fn is_always(&self, machine: usize) -> bool {
        self.kept.get(machine).is_some_and(|kept| kept.always)
    }

    /// A server's process has ended, in that life: what it answered up to then is safe.
    pub fn ended(&mut self, machine: usize, life: u32, safe: Option<Time>) {
        if let Some(kept) = self.kept.get_mut(machine) {
            kept.ended = Some((life, safe));
        }
    }
}

/// Up to when what a server has answered is forced, as far as its disk knows; it has missed turns since
/// `lapsed`.
pub fn forced_up_to(
    disks: &Disks,
    machine: usize,
    now: Time,
    lapsed: Option<Time>,
    gap: Time,
) -> Time {
    let times = [Some(now), lapsed, disks.busy_since(machine), disks.failed_since(machine)];
    let least = times.into_iter().flatten().min().unwrap_or(now);
    least.saturating_sub(FORCED_WITHIN + 2 * gap + MILLISECOND)
}

/// Whether a server says that its journal is whole.
pub fn is_whole(node: &Node, now: Now) -> bool {
    let mut out = Vec::new();
    node.write_metrics(now, &mut out);
    let whole = b"\nherd_journal_whole 1\n";
    out.windows(whole.len()).any(|line| line == whole)
}

/// What is handed over of one file: its number and length without a torn end, whether something in it is
/// not as it was written, and the lines of its blocks.
struct Found<'a> {
    number: u64,
    bytes: u64,
    is_rotten: bool,
    newest: Option<u64>,
    blocks: Vec<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn read(bytes: &'a [u8], id: &Identity, is_newest: bool) -> Self {
        let (number, length) = (id.file(), bytes.len() as u64);
        let (is_rotten, newest, blocks) = (false, None, Vec::new());
        let mut found = Found { number, bytes: length, is_rotten, newest, blocks };
        for part in parts(bytes, id) {
            match part {
                Part::Head { .. } => {}
                Part::Block { lines, posix_seconds, .. } => {
                    found.blocks.push(lines);
                    found.newest = found.newest.max(Some(posix_seconds));
                }
                Part::Rotten { .. } | Part::Missing { .. } => found.is_rotten = true,
                Part::Torn { at: 0, .. } => match read_head(bytes) {
                    Err(HeadError::Torn) => found.bytes = 0,
                    Err(HeadError::Rotten) if is_newest => found.bytes = 0,
                    _ => found.is_rotten = true,
                },
                Part::Torn { at, .. } => found.bytes = at,
            }
        }
        found
    }
}

fn number_of(path: &Path) -> Option<u64> {
    file_number(path.file_name()?.to_str()?)
}

/// A server starts: it takes in what its disk holds, if it keeps a journal. `now` in seconds since 1970.
pub fn open(
    node: &mut Node,
    env: &mut Env,
    machine: usize,
    (herd, server): (&str, &str),
    tombstone_seconds: u64,
    now: u64,
) {
    if !env.journals.are_kept() {
        return;
    }
    let files = env.disks.files(machine);
    let numbered: Vec<(u64, &PathBuf, &Vec<u8>)> =
        files.iter().filter_map(|(path, bytes)| Some((number_of(path)?, path, bytes))).collect();
    let last = numbered.last().map_or(0, |(number, ..)| *number);
    let always = env.journals.is_always(machine);
    let dir = PathBuf::from("journal");
    node.open_journal(JournalOptions { dir, always, next_number: last + 1 });
    let found = numbered.iter().map(|&(number, path, bytes)| {
        let id = Identity::new(herd, server, number);
        (path, Found::read(bytes, &id, number == last))
    });
    let found: Vec<_> = found.collect();
    let newest = found.iter().filter_map(|(_, found)| found.newest).max();
    let is_old = newest.is_some_and(|newest| now.saturating_sub(newest) > tombstone_seconds);
    for (path, found) in found {
        let left = if is_old { 0 } else { found.bytes };
        env.disks.keep(machine, path, left, env.agenda.now());
        if left > 0 {
            let is_rotten = found.is_rotten | env.disks.chance(REWRITTEN);
            let replayed = node.replay((found.number, left, is_rotten), found.blocks.into_iter());
            if replayed != Ok(0) {
                env.checks.fail(format!("{server} finds in its journal {replayed:?}"));
            }
        }
    }
    look_for_what_was_promised(node, env, machine, now, is_old);
}

/// A server has taken in its journal, which may have been too old.
fn look_for_what_was_promised(node: &Node, env: &mut Env, machine: usize, now: u64, is_old: bool) {
    let Some(kept) = env.journals.kept.get_mut(machine) else { return };
    if env.disks.has_lied(machine) || is_old {
        kept.promised.clear();
        kept.aside = kept.ended.take().map_or(kept.aside, |(life, _)| life);
        return;
    }
    for (report, life, at) in env.checks.acknowledged_by(machine) {
        let of_life = kept.ended.filter(|(ended, _)| *ended == life);
        let is_safe = of_life.is_some_and(|(_, safe)| safe.is_none_or(|safe| at <= safe));
        if life > kept.aside && (kept.always || is_safe) {
            let known = kept.promised.get(report.client());
            if known.is_none_or(|known| report.compare(known).is_gt()) {
                kept.promised.insert(report.client().into(), report.clone());
            }
        }
    }
    let now = (now * SECOND) as i64;
    kept.promised.retain(|_, promised| !promised.is_dead(env.lifetimes, now, false));
    let name = env.checks.name(machine);
    for (client, promised) in &kept.promised {
        let held = Report::held(node, client);
        if held.as_ref().is_none_or(|held| held.compare_as_taken(promised).is_lt()) {
            let line = |report: &Report| report.line().escape_ascii().to_string();
            let (is, was) = (held.as_ref().map(line), line(promised));
            env.checks.fail(format!("{name} has promised {was}, and starts with {is:?}"));
            return;
        }
    }
}

/// A turn has ended: whether the files are as small as they must be.
pub fn look_at_size(node: &Node, env: &mut Env, machine: usize) {
    let bytes = env.disks.bytes(machine);
    if bytes > STALE_BYTES_MAX {
        let held = env.checks.clients().iter().filter_map(|client| Report::held(node, client));
        let live: u64 = held.map(|held| held.line().len() as u64).sum();
        if bytes > 2 * live + STALE_BYTES_MAX {
            let name = env.checks.name(machine);
            env.checks.fail(format!("{name} has {bytes} bytes of files, of which {live} live"));
        }
    }
}

/// At rest: what the files of a server's journal say is what it holds. `again` is the same server, just made.
pub fn look_at_files(
    node: &Node,
    mut again: Node,
    env: &Env,
    machine: usize,
    (herd, server): (&str, &str),
    now: Now,
) -> Result<(), String> {
    if !is_whole(node, now) {
        return Err(format!("{server}: the journal is not whole"));
    }
    let dir = PathBuf::from("journal");
    again.open_journal(JournalOptions { dir, always: false, next_number: 1_000_000 });
    for (path, bytes) in env.disks.files(machine) {
        let Some(number) = number_of(&path) else { continue };
        let found = Found::read(&bytes, &Identity::new(herd, server, number), false);
        let replayed = again.replay((number, found.bytes, false), found.blocks.into_iter());
        if found.is_rotten && !env.disks.has_lied(machine) || replayed.is_err() {
            return Err(format!("{server}: {} is not as it was written", path.display()));
        }
    }
    for client in env.checks.clients() {
        let (is, said) = (Report::held(node, client), Report::held(&again, client));
        let now = now.posix_nanoseconds;
        let said = said.filter(|said| is.is_some() || !said.is_dead(env.lifetimes, now, false));
        if is != said {
            return Err(format!("{server} holds {is:?}, and its journal has {said:?}"));
        }
    }
    Ok(())
}
