//! What must hold of questions, calls and connections to Places, whenever a turn ends.

use super::{Questions, Reply, State};
use std::collections::BTreeSet;

impl Questions {
    /// What is wrong with them, if anything is. Costs as much as there is of them.
    pub fn check(&self) -> Result<(), String> {
        self.check_questions()?;
        self.check_calls()?;
        let mut asked = Vec::new();
        for call in self.calls.values() {
            match call.state {
                State::Asked(connection) => asked.push(connection),
                State::Waiting => {}
            }
        }
        self.pool.check(self.waiting.len(), asked.into_iter())
    }

    /// Each question is answered or has a call that knows of it; each call is counted right.
    fn check_questions(&self) -> Result<(), String> {
        let mut asking = BTreeSet::new();
        for (&id, question) in &self.questions {
            if let Reply::From(call) = question.reply {
                asking.insert((call, id));
            }
        }
        for (&call_id, call) in &self.calls {
            let served = call.questions.iter().filter(|&&id| asking.remove(&(call_id, id)));
            let served = served.count();
            if served != call.askers {
                let askers = call.askers;
                return Err(format!("call {call_id} has {askers} askers, and {served} ask"));
            }
        }
        match asking.iter().next() {
            Some((call, question)) => {
                Err(format!("question {question} waits for call {call}, which knows nothing of it"))
            }
            None => Ok(()),
        }
    }

    /// Each call is found by what it asks, and waits for a connection once or not at all.
    fn check_calls(&self) -> Result<(), String> {
        if self.by_search.len() != self.calls.len() {
            let (searches, calls) = (self.by_search.len(), self.calls.len());
            return Err(format!("{calls} calls are found by {searches} searches"));
        }
        let waiting: BTreeSet<_> = self.waiting.iter().collect();
        for (&id, call) in &self.calls {
            if self.by_search.get(&call.search) != Some(&id) {
                return Err(format!("call {id} is not found by what it asks"));
            }
            if (call.state == State::Waiting) != waiting.contains(&id) {
                return Err(format!("call {id} is {:?} and queued otherwise", call.state));
            }
            if call.state == State::Waiting && call.askers == 0 {
                return Err(format!("call {id} waits for a connection, and nobody for it"));
            }
        }
        if !waiting.iter().all(|id| self.calls.contains_key(id)) {
            return Err(format!("these wait for a connection: {:?}", self.waiting));
        }
        self.waiting.check()
    }
}
