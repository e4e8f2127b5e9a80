//! What belongs in the log: `RUST_LOG` as `env_logger` reads it, else `info`.

use env_logger::Builder;
use log::{Level, Log, Metadata};
use std::env;

/// What is logged unless `RUST_LOG` says otherwise. That it is empty says nothing.
const DEFAULT: &str = "info";
/// What our events are logged as: the modules of this program, and lines in and out.
const OURS: [&str; 2] = ["herd", TRAFFIC];
/// What lines in and out are logged as.
const TRAFFIC: &str = "traffic";
/// Those of them that are fit for the log as they are: no control character is in them.
const TRAFFIC_LINE: &str = "traffic::line";

/// What belongs in the log.
pub(super) struct Filter {
    pub(super) filter: env_logger::Logger,
    /// What was given, if nothing of ours can pass it, and yet it is not `off`.
    pub(super) hidden_by: Option<String>,
}

impl Filter {
    pub(super) fn from_environment() -> Self {
        Filter::new(env::var("RUST_LOG").ok().as_deref())
    }

    pub(super) fn new(given: Option<&str>) -> Self {
        let words = given.map(str::trim).filter(|words| !words.is_empty()).unwrap_or(DEFAULT);
        let filter = Builder::new().parse_filters(words).build();
        let hides_all = !words.eq_ignore_ascii_case("off") && !lets_ours_through(&filter, words);
        Filter { filter, hidden_by: hides_all.then(|| words.to_owned()) }
    }
}

/// What is known of an event by its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// Whether it is of a turn and has its time.
    pub(super) in_turn: bool,
    /// Whether it is known to hold no control character.
    pub(super) is_clean: bool,
}

/// What is known of an event of that target.
pub(super) fn origin(target: &str) -> Origin {
    let is_clean = target == TRAFFIC_LINE;
    Origin { in_turn: is_clean || target == TRAFFIC, is_clean }
}

/// Whether any event of ours may pass. A word that is no level is taken for a module, and the
/// modules of ours that are named may be the only ones that do.
fn lets_ours_through(filter: &env_logger::Logger, words: &str) -> bool {
    let named = words.split([',', '=', '/']).map(str::trim).filter(|word| word.starts_with("herd"));
    named.chain(OURS).any(|target| {
        filter.enabled(&Metadata::builder().level(Level::Error).target(target).build())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_nothing_of_ours_can_pass_is_noticed() {
        for words in ["warning", "loud", "verbose,mio=trace", "off,mio=debug", "herd=off"] {
            let hidden_by = Filter::new(Some(words)).hidden_by;
            assert_eq!(hidden_by.as_deref(), Some(words));
        }
        for words in [
            "",
            " ",
            "off",
            "OFF",
            "error",
            "WARN",
            "info,traffic=off",
            "off,traffic=info",
            "herd=debug",
            "herd::node::link",
            "off,herd::node=trace",
            "loud,warn",
            "info/kiwi",
        ] {
            assert_eq!(Filter::new(Some(words)).hidden_by, None, "{words:?}");
        }
        assert_eq!(Filter::new(None).hidden_by, None);
    }
}
