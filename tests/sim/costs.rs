//! What updates cost on the links: who sends which to whom, how far each has come, and in how many
//! bytes. Counted where the protocols are handed lines and write them (see `watch`).

use super::agenda::Time;
use herd::herd::Herd;
use std::collections::{BTreeMap, HashMap};

/// What lines between servers are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A position.
    At,
    /// The mark behind positions, and the acknowledgement that answers such a mark.
    Mark,
    Acknowledge,
    /// A mark or an acknowledgement that shows only that a server lives.
    Beat,
}

/// Lines and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub lines: u64,
    pub bytes: u64,
}

/// One update on its way.
#[derive(Debug)]
struct Update {
    taken_at: Time,
    last_at: Time,
    /// By server: over how many links it came first, once it is there.
    hops: Vec<Option<u16>>,
    reached: usize,
    /// Which link directions it has crossed: a bit each.
    crossed: Vec<u64>,
}

/// How far an update has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The first server that sent it on.
    pub origin: usize,
    /// Servers that have it.
    pub reached: usize,
    pub hops_max: u16,
    /// From being sent on first to being taken in last.
    pub time: Time,
}

/// Counts since they were last cleared.
#[derive(Debug)]
pub struct Costs {
    servers: usize,
    /// Numbers of link directions: from a server to its neighbour.
    directions: BTreeMap<(usize, usize), usize>,
    updates: Vec<Update>,
    by_line: HashMap<Box<[u8]>, usize>,
    sums: [Sum; 4],
    /// The first update that crossed a link twice in the same direction.
    pub twice: Option<String>,
}

impl Costs {
    pub fn new(herd: &Herd) -> Self {
        let servers = herd.servers.iter().enumerate();
        let pairs = servers.flat_map(|(from, server)| {
            server.neighbours.iter().map(move |&neighbour| (from, neighbour))
        });
        Costs {
            servers: herd.servers.len(),
            directions: pairs.zip(0..).collect(),
            updates: Vec::new(),
            by_line: HashMap::new(),
            sums: [Sum::default(); 4],
            twice: None,
        }
    }

    /// Link directions: two for each link.
    pub fn directions(&self) -> usize {
        self.directions.len()
    }

    pub fn clear(&mut self) {
        self.updates.clear();
        self.by_line.clear();
        self.sums = [Sum::default(); 4];
    }

    pub fn sum(&self, purpose: Purpose) -> Sum {
        self.sums[purpose as usize]
    }

    /// Updates that have crossed a link.
    pub fn updates(&self) -> usize {
        self.updates.len()
    }

    /// How far each has come.
    pub fn ways(&self) -> impl Iterator<Item = Way> + '_ {
        self.updates.iter().map(|update| Way {
            origin: update.hops.iter().position(|hops| *hops == Some(0)).unwrap_or(0),
            reached: update.reached,
            hops_max: update.hops.iter().flatten().copied().max().unwrap_or(0),
            time: update.last_at - update.taken_at,
        })
    }

    /// A server writes a line to another.
    pub fn wrote(&mut self, purpose: Purpose, line: &[u8]) {
        let sum = &mut self.sums[purpose as usize];
        sum.lines += 1;
        sum.bytes += line.len() as u64;
    }

    /// A server sends a position to its neighbour, in a line with its LF.
    pub fn sent(&mut self, now: Time, from: usize, to: usize, line: &[u8]) {
        self.wrote(Purpose::At, line);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let number = match self.by_line.get(line) {
            Some(&number) => number,
            None => self.begin(now, from, line),
        };
        let Some(&direction) = self.directions.get(&(from, to)) else {
            return;
        };
        let word = &mut self.updates[number].crossed[direction / 64];
        let bit = 1 << (direction % 64);
        if *word & bit != 0 {
            let line = line.escape_ascii();
            self.twice.get_or_insert_with(|| format!("twice from {from} to {to}: {line}"));
        }
        *word |= bit;
    }

    /// A server is handed a position by its neighbour, in a line without its LF.
    pub fn received(&mut self, now: Time, from: usize, to: usize, line: &[u8]) {
        let Some(&number) = self.by_line.get(line) else {
            return;
        };
        let update = &mut self.updates[number];
        if let (Some(hops), None) = (update.hops[from], update.hops[to]) {
            update.hops[to] = Some(hops + 1);
            update.reached += 1;
            update.last_at = now;
        }
    }

    /// Who sends a position that nobody has sent before has just taken it from a client.
    fn begin(&mut self, now: Time, origin: usize, line: &[u8]) -> usize {
        let number = self.updates.len();
        let mut hops = vec![None; self.servers];
        hops[origin] = Some(0);
        let crossed = vec![0; self.directions.len().div_ceil(64)];
        self.updates.push(Update { taken_at: now, last_at: now, hops, reached: 1, crossed });
        self.by_line.insert(line.into(), number);
        number
    }
}
