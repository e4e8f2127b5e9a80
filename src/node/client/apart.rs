//! What few connections have: kept apart, so that it takes no memory of the others.

use crate::node::Node;
use crate::node::access::Grant;
use crate::transport::Now;
use std::rc::Rc;

/// See the [module's docs](self).
#[derive(Debug, Default)]
pub(super) struct Apart(Option<Box<Rare>>);

#[derive(Debug, Default)]
struct Rare {
    /// Input that waits for room for its answers, while reading is paused for want of that.
    backlog: Option<Box<[u8]>>,
    /// What it may do, where tokens are in force and it has shown one.
    grant: Option<Rc<Grant>>,
}

impl Apart {
    fn rare(&mut self) -> &mut Rare {
        self.0.get_or_insert_default()
    }

    /// That input waits from now on.
    pub fn put_off(&mut self, input: &[u8]) {
        self.rare().backlog = Some(input.into());
    }

    /// Whether reading is paused; what waits may be nothing.
    pub fn is_put_off(&self) -> bool {
        self.0.as_ref().is_some_and(|rare| rare.backlog.is_some())
    }

    /// Whether input waits.
    pub fn has_input(&self) -> bool {
        let backlog = self.0.as_ref().and_then(|rare| rare.backlog.as_ref());
        backlog.is_some_and(|input| !input.is_empty())
    }

    /// The input that waits, which does so no longer.
    pub fn take_input(&mut self) -> Option<Box<[u8]>> {
        let input = self.0.as_mut().and_then(|rare| rare.backlog.take());
        self.0.take_if(|rare| rare.grant.is_none());
        input
    }

    /// What it has shown.
    pub fn grant(&self) -> Option<&Rc<Grant>> {
        self.0.as_ref()?.grant.as_ref()
    }

    /// It has shown that.
    pub fn set_grant(&mut self, grant: Rc<Grant>) {
        self.rare().grant = Some(grant);
    }

    /// Whether what it has shown counts no more; then it is let go.
    pub fn is_over(&mut self, node: &Node, now: Now) -> bool {
        self.0.as_mut().is_some_and(|rare| node.take_if_over(&mut rare.grant, now))
    }
}
