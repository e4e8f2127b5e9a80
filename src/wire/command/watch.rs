//! `WATCH` and `UNWATCH`: of whose moves is a client told?

use super::super::Location;
use super::super::scanner::Scanner;
use super::radius;
use crate::limits;

/// The fields of a `WATCH` or an `UNWATCH`. Two are the same watch if they are written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch<'a> {
    /// Of one client, whether it is known or not.
    Client(&'a [u8]),
    /// Of those within a circle.
    Area {
        /// The centre, as it is written.
        centre: &'a [u8],
        /// The radius, as it is written.
        radius: &'a [u8],
        /// The centre.
        location: Location,
        /// At most [`limits::NEAR_KILOMETRES_MAX`]; what is finer than a micrometre is cut off.
        radius_micrometres: u64,
    },
    /// `*`: of all.
    All,
}

impl<'a> Watch<'a> {
    /// A single field that is a location is half an area and no client: a field that can be read as
    /// a location is one.
    pub(super) fn parse_fields(mut scanner: Scanner<'a>) -> Option<Self> {
        scanner.gap()?;
        let first = scanner.name(limits::CLIENT_ID_BYTES_MAX)?;
        let location = Location::parse(first);
        scanner.skip_white_space();
        if scanner.end().is_some() {
            return match first {
                b"*" => Some(Watch::All),
                client => location.is_none().then_some(Watch::Client(client)),
            };
        }
        let before = scanner;
        let radius_micrometres = radius(&mut scanner, limits::NEAR_KILOMETRES_MAX)?;
        let radius = scanner.since(&before);
        scanner.skip_white_space();
        scanner.end()?;
        Some(Watch::Area { centre: first, radius, location: location?, radius_micrometres })
    }

    /// Appends the fields, with one space between them.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Watch::Client(client) => out.extend_from_slice(client),
            Watch::Area { centre, radius, .. } => {
                out.extend_from_slice(centre);
                out.push(b' ');
                out.extend_from_slice(radius);
            }
            Watch::All => out.push(b'*'),
        }
    }
}
