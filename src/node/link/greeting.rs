//! Who greets us, and whether we listen.

use super::peers::PeerId;
use crate::node::Node;
use crate::wire::Printable;
use crate::wire::neighbour::Version;

/// Who greets us and what both speak, or why we do not listen.
pub(super) fn judge_greeting(
    node: &Node,
    theirs: Version,
    herd: &[u8],
    from: &[u8],
    to: &[u8],
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
    match node.peers.find(from) {
        Some(peer) => Ok((peer, version)),
        None => Err(format!("{} is no neighbour of {name}", Printable(from))),
    }
}
