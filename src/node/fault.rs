//! What cannot happen, and how it is said if it does.

/// A fault of our own: a panic where debug assertions are on; elsewhere an error in the log, once
/// for each place in the code, and the caller goes on as well as it can.
macro_rules! fault {
    ($($message:tt)+) => {{
        debug_assert!(false, $($message)+);
        static SAID: std::sync::Once = std::sync::Once::new();
        SAID.call_once(|| log::error!($($message)+));
    }};
}

pub(in crate::node) use fault;
