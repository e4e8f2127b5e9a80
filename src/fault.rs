//! What becomes of a fault of our own: a state that the program says cannot be.

/// Says that something is so which cannot be: a panic in builds with debug assertions (tests, the
/// simulator, the fuzzers, soaks); in others an error in the log, once for each place in the
/// program, and the caller goes on as well as it can.
macro_rules! fault {
    ($($what:tt)+) => {{
        static TOLD: std::sync::Once = std::sync::Once::new();
        debug_assert!(false, $($what)+);
        TOLD.call_once(|| {
            log::error!("a fault of this program, please report it: {}", format_args!($($what)+));
        });
    }};
}

pub(crate) use fault;
