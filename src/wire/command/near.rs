//! `NEAR`: which clients are near?

use super::super::Location;
use super::super::scanner::Scanner;
use super::radius;
use crate::limits;

/// The fields of a `NEAR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near<'a> {
    /// Near what.
    pub place: Place<'a>,
    /// At most [`limits::NEAR_KILOMETRES_MAX`]; what is finer than a micrometre is cut off.
    pub radius_micrometres: u64,
    /// Most results: at most [`limits::NEAR_RESULTS_MAX`].
    pub bound: u16,
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// Where the client with this id is.
    Client(&'a [u8]),
    /// A point; a field that can be read as one is one.
    Location(Location),
}

impl<'a> Near<'a> {
    pub(super) fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let place = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        let place = Location::parse(place).map_or(Place::Client(place), Place::Location);
        scanner.gap()?;
        let radius_micrometres = radius(&mut scanner, limits::NEAR_KILOMETRES_MAX)?;
        scanner.gap()?;
        let (bound, _) = scanner.integer()?;
        let bound = u16::try_from(bound).ok().filter(|&bound| bound <= limits::NEAR_RESULTS_MAX)?;
        scanner.skip_white_space();
        scanner.end()?;
        Some(Near { place, radius_micrometres, bound })
    }
}
