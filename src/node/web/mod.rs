//! The web port.

mod figures;

pub(super) use figures::Figures;
