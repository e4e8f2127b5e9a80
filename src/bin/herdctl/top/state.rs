//! What `top` knows, and what keys make of it.

use super::history::History;
use crate::asker::Unasked;
use crate::look::{Answer, Look, Looked};
use herd::herd::Herd;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To end.
    End,
    /// Another order.
    Sort,
    Up,
    Down,
    /// To look at the server that is chosen.
    One,
    /// To look at all again.
    All,
}

/// By what servers are in order; but for the first the largest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    File,
    Reports,
    Questions,
    Lag,
    Clients,
}

impl Order {
    /// As it is called.
    pub fn name(self) -> &'static str {
        match self {
            Order::File => "herd file",
            Order::Reports => "reports",
            Order::Questions => "questions",
            Order::Lag => "lag",
            Order::Clients => "clients",
        }
    }

    fn next(self) -> Self {
        match self {
            Order::File => Order::Reports,
            Order::Reports => Order::Questions,
            Order::Questions => Order::Lag,
            Order::Lag => Order::Clients,
            Order::Clients => Order::File,
        }
    }
}

/// All that is shown.
#[derive(Debug)]
pub struct State {
    look: Look,
    histories: Vec<History>,
    /// Servers that have answered, or not, at least once.
    asked: Vec<bool>,
    order: Order,
    chosen: usize,
    is_one: bool,
}

impl State {
    /// Of a herd that has not been asked.
    pub fn new(herd: &Herd) -> Self {
        let servers = herd.servers.len();
        let not_yet = || Err(Unasked::Failed("it has not answered yet".to_owned()));
        State {
            look: Look::of(herd, (0..servers).map(|_| not_yet()).collect()),
            histories: (0..servers).map(|_| History::default()).collect(),
            asked: vec![false; servers],
            order: Order::File,
            chosen: 0,
            is_one: false,
        }
    }

    /// A server has answered, or not, at that time in seconds.
    pub fn note(&mut self, at: usize, seconds: f64, answer: Result<Answer, Unasked>) {
        self.asked[at] = true;
        self.look.servers[at].answer = answer;
        let server = &self.look.servers[at];
        let lag = self.look.behind(server).map(|(behind, _)| behind);
        self.histories[at].note(seconds, server.status(), lag);
    }

    /// Whether all have been asked: before that nothing is wrong.
    pub fn is_known(&self) -> bool {
        self.asked.iter().all(|asked| *asked)
    }

    /// What the servers say.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// What that server has said.
    pub fn history(&self, server: usize) -> &History {
        &self.histories[server]
    }

    /// By what they are in order.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Which server is chosen.
    pub fn chosen(&self) -> usize {
        self.chosen
    }

    /// That one, if it is looked at alone.
    pub fn one(&self) -> Option<(usize, &Looked)> {
        self.is_one.then(|| (self.chosen, &self.look.servers[self.chosen]))
    }

    /// The numbers of the servers in their order.
    pub fn in_order(&self) -> Vec<usize> {
        let mut servers: Vec<usize> = (0..self.histories.len()).collect();
        let figure = |server: &usize| {
            let history = &self.histories[*server];
            let known = match self.order {
                Order::File => None,
                Order::Reports => history.reports.last(),
                Order::Questions => history.questions.last(),
                Order::Lag => history.lag.last(),
                Order::Clients => {
                    let status = self.look.servers[*server].status();
                    status.map(|status| status.clients as f64)
                }
            };
            known.unwrap_or(-1.0)
        };
        servers.sort_by(|one, other| figure(other).total_cmp(&figure(one)));
        servers
    }

    /// Does what a key asks for.
    pub fn press(&mut self, key: Key) {
        let order = self.in_order();
        let place = order.iter().position(|&server| server == self.chosen).unwrap_or(0);
        match key {
            Key::End => {}
            Key::Sort => self.order = self.order.next(),
            Key::Up => self.chosen = order[place.saturating_sub(1)],
            Key::Down => self.chosen = order[(place + 1).min(order.len() - 1)],
            Key::One => self.is_one = true,
            Key::All => self.is_one = false,
        }
    }
}
