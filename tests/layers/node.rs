//! The walls inside of the node, as its page draws them.

use crate::code::Token;
use crate::paths::NamedPath;

/// The node's folders: each knows what its `mod.rs` offers, and never another one.
const SIBLINGS: [&str; 5] = ["client", "gateway", "link", "places", "web"];

/// What all of them may use: it knows nobody above it.
const LAST_ROW: [&str; 5] = ["deadlines", "histogram", "lines", "log_throttle", "random"];

/// What the folder of Places does not name: its questions lay down requests, and only the node makes
/// conversations and actions of them.
const NOT_IN_PLACES: [&str; 2] = ["Conversation", "Action"];

/// What is wrong with what a file of that module names.
pub fn node_offences(
    modules: &[&str],
    tokens: &[Token<'_>],
    named: &[NamedPath<'_>],
) -> Vec<(usize, String)> {
    let ["node", own, ..] = modules else { return Vec::new() };
    let inside = named.iter().filter_map(|named| match named.segments[..] {
        ["node", other, ..] => Some((named.line, other)),
        _ => None,
    });
    let wrong = inside.filter(|(_, other)| !may_name(own, other));
    let mut found: Vec<(usize, String)> = wrong
        .map(|(line, other)| (line, format!("node::{own} names node::{other}, against its walls")))
        .collect();
    if *own == "places" {
        let asked = tokens.iter().filter(|token| NOT_IN_PLACES.contains(&token.text));
        found.extend(asked.map(|token| {
            let what = format!("names {}: node::places lays down requests instead", token.text);
            (token.line, what)
        }));
    }
    found
}

fn may_name(own: &str, other: &str) -> bool {
    if LAST_ROW.contains(&own) {
        return LAST_ROW.contains(&other);
    }
    own == other || !SIBLINGS.contains(&own) || !SIBLINGS.contains(&other)
}

#[cfg(test)]
mod tests {
    use crate::rules::file_offences;

    fn said(path: &str, source: &str) -> Vec<String> {
        file_offences(path, &format!("//! Doc.\n{source}")).iter().map(|o| o.to_string()).collect()
    }

    #[test]
    fn the_folders_of_the_node_never_name_each_other() {
        assert_eq!(
            said("src/node/client/whatsat.rs", "use crate::node::{Node, places::Questions};"),
            ["src/node/client/whatsat.rs:2: node::client names node::places, against its walls"]
        );
        assert_eq!(
            said("src/node/link/peers/check.rs", "use super::super::super::client;").len(),
            1
        );
        assert_eq!(said("src/node/link/mod.rs", "use super::client::Client;").len(), 1);
        assert_eq!(said("src/node/places/mod.rs", "fn f() { crate::node::link::Peers }").len(), 1);
        // Its own folder, what the node offers, what all may use, and the library's own modules.
        let allowed = "use super::{calls, pool}; use crate::node::{Node, QuestionId, lines::TRAFFIC}; \
            use crate::places::Search;";
        assert_eq!(said("src/node/places/quota.rs", allowed), [""; 0]);
        // The node knows them all.
        assert_eq!(said("src/node/mod.rs", "use self::client::C; use crate::node::link;").len(), 0);
    }

    #[test]
    fn what_all_of_them_use_knows_nobody_above_it() {
        assert_eq!(
            said("src/node/random.rs", "use super::Node;"),
            ["src/node/random.rs:2: node::random names node::Node, against its walls"]
        );
        assert_eq!(said("src/node/lines.rs", "use crate::node::{client, link::Peers};").len(), 2);
        let allowed = "use super::deadlines::Deadlines; use crate::limits; use crate::positions;";
        assert_eq!(said("src/node/log_throttle.rs", allowed), [""; 0]);
    }

    #[test]
    fn places_makes_neither_conversations_nor_actions() {
        let source = "use crate::transport::{Action, Context};\nuse crate::node::Conversation;";
        let said = said("src/node/places/pool.rs", source);
        assert_eq!(
            said,
            [
                "src/node/places/pool.rs:2: names Action: node::places lays down requests instead",
                "src/node/places/pool.rs:3: names Conversation: node::places lays down requests instead",
            ]
        );
    }
}
