//! What happens when a part of the store finds that another is not as it must be.

/// A fault of our own: stops a debug build; in a release build it is an error in the log, once for
/// each place in the code, and the caller goes on as best it can.
macro_rules! fault {
    ($($what:tt)+) => {{
        static SAID: std::sync::Once = std::sync::Once::new();
        debug_assert!(false, $($what)+);
        SAID.call_once(|| log::error!("a fault in the store: {}", format_args!($($what)+)));
    }};
}

pub(super) use fault;

/// Takes `part` from a sum of which it is a part.
#[inline]
pub(super) fn take_from(sum: &mut usize, part: usize) {
    match sum.checked_sub(part) {
        Some(rest) => *sum = rest,
        None => {
            fault!("{part} is to be taken from a sum of {sum}");
            *sum = 0;
        }
    }
}
