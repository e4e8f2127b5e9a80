//! Which versions of the lines between servers are spoken, as servers tell each other: who greets
//! names its highest one, who answers names the lower of the two, or says why there is none.

use herd::wire::neighbour::Version;
use std::collections::BTreeMap;

/// What came of greetings, by the server that was greeted and the one that greeted.
#[derive(Debug, Default)]
pub struct Versions {
    /// The highest that each server speaks in its present life.
    highest: BTreeMap<usize, Version>,
    /// Of the last greeting in the present lives of both.
    outcomes: BTreeMap<(usize, usize), Outcome>,
}

/// What came of a greeting: the version that is spoken, or why the server would not listen.
pub type Outcome = Result<Version, String>;

impl Versions {
    /// A server starts and speaks that one and the one before; nobody has greeted it yet.
    pub fn started(&mut self, machine: usize, highest: Version) {
        self.highest.insert(machine, highest);
        self.outcomes.retain(|&(greeted, greeter), _| greeted != machine && greeter != machine);
    }

    /// A server answers a greeting that named `theirs`.
    ///
    /// # Errors
    /// If that is not the answer of such a server to such a greeting.
    pub fn answered(
        &mut self,
        machine: usize,
        greeter: usize,
        theirs: Version,
        outcome: Outcome,
    ) -> Result<(), String> {
        let ours = self.highest.get(&machine).copied().unwrap_or(Version::HIGHEST);
        let right = match (&outcome, ours.common_with(theirs)) {
            (Ok(version), common) => Some(*version) == common,
            (Err(reason), common) => reason.contains("protocol version") == common.is_none(),
        };
        let said = format!("a server of version {ours}, greeted in {theirs}, says {outcome:?}");
        self.outcomes.insert((machine, greeter), outcome);
        if right { Ok(()) } else { Err(said) }
    }

    /// What came of the last greeting of one server by another.
    pub fn outcome(&self, machine: usize, greeter: usize) -> Option<&Outcome> {
        self.outcomes.get(&(machine, greeter))
    }
}
