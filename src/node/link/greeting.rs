//! Who greets us, and whether we listen.

use super::peers::PeerId;
use crate::node::Node;
use crate::wire::neighbour::Version;
use crate::wire::{Lifetimes, Printable};

/// Who greets us and what both speak, or why we do not listen; `shown` is the name of the certificate.
pub(super) fn judge_greeting(
    node: &Node,
    theirs: Version,
    [herd, from, to]: [&[u8]; 3],
    lifetimes: Option<Lifetimes>,
    shown: Option<&str>,
) -> Result<(PeerId, Version), String> {
    let (our_herd, name, ours) = (&node.settings.herd, &node.settings.name, node.settings.version);
    let Some(version) = ours.common_with(theirs) else {
        let spoken = ours.spoken();
        return Err(format!("{spoken} here, not {theirs}: servers may be one version apart"));
    };
    if herd != our_herd.as_bytes() {
        return Err(format!("this is herd {our_herd}, not {}", Printable(herd)));
    }
    if to != name.as_bytes() {
        return Err(format!("this is {name}, not {}", Printable(to)));
    }
    let ours = node.settings.lifetimes;
    if let Some(theirs) = lifetimes.filter(|&theirs| theirs != ours) {
        return Err(format!("herd files differ: {theirs} there, {ours} here"));
    }
    let Some(peer) = node.peers.find(from) else {
        return Err(format!("{} is no neighbour of {name}", Printable(from)));
    };
    node.settings.links.judge(shown, &node.peers[peer])?;
    Ok((peer, version))
}

/// Whether it is news that such a greeting is refused: once, that a neighbour's herd file is another, as
/// only people can mend that.
pub(super) fn is_refusal_news(node: &mut Node, from: &[u8], lifetimes: Option<Lifetimes>) -> bool {
    let others = lifetimes.filter(|&theirs| theirs != node.settings.lifetimes);
    match (others, node.peers.find(from)) {
        (Some(theirs), Some(peer)) => node.peers[peer].received_mut().differs(theirs),
        _ => true,
    }
}
