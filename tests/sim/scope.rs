//! What a `WATCH` takes, written down a second time: all, one client, or those within a circle, by
//! another formula of the distance than the program's.

use super::contract::{is_id, kilometres};
use super::report::Report;
use herd::wire::Location;

/// Metres.
const EARTH_RADIUS: f64 = 6_371_008.8;

/// Distances are rounded to the metre, and this formula is not exact either: so near the edge of a
/// circle either is right.
pub const BORDER_METRES: f64 = 1.0;

/// Kilometres of the largest circle.
pub const KILOMETRES_MAX: u128 = 20_040;

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    All,
    Client(Vec<u8>),
    Area { centre: Location, radius_metres: f64 },
}

/// Whether a position is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    No,
    Border,
    Yes,
}

impl Scope {
    /// Of the fields of a `WATCH`.
    pub fn parse(first: &[u8], second: &[u8]) -> Option<Self> {
        match (first, second, Location::parse(first)) {
            (b"*", b"", _) => Some(Scope::All),
            (client, b"", None) => is_id(client).then(|| Scope::Client(client.to_vec())),
            (_, radius, Some(centre)) if !radius.is_empty() => {
                let micrometres = kilometres(radius, KILOMETRES_MAX)?;
                Some(Scope::Area { centre, radius_metres: micrometres as f64 / 1e6 })
            }
            _ => None,
        }
    }

    /// Whether that position is taken.
    pub fn takes(&self, report: &Report) -> Takes {
        match self {
            Scope::All => Takes::Yes,
            Scope::Client(client) if client == report.client() => Takes::Yes,
            Scope::Client(_) => Takes::No,
            Scope::Area { centre, radius_metres } => {
                let Some(place) = Location::parse(report.location()) else { return Takes::No };
                let beyond = metres_between(centre, &place) - radius_metres;
                match beyond {
                    _ if beyond.abs() <= BORDER_METRES => Takes::Border,
                    _ if beyond < 0.0 => Takes::Yes,
                    _ => Takes::No,
                }
            }
        }
    }

    /// Whether it takes a client wherever it is.
    pub fn takes_everywhere(&self, client: &[u8]) -> bool {
        match self {
            Scope::All => true,
            Scope::Client(watched) => watched == client,
            Scope::Area { .. } => false,
        }
    }
}

/// The distance along a great circle: the angle between the two directions from the Earth's centre,
/// by their cross and their dot product, which is exact for near ones and for opposite ones.
pub fn metres_between(one: &Location, other: &Location) -> f64 {
    let direction = |place: &Location| {
        let degrees = [place.latitude_nanodegrees, place.longitude_nanodegrees];
        let [latitude, longitude] = degrees.map(|nanos| (nanos as f64 / 1e9).to_radians());
        let level = latitude.cos();
        [level * longitude.cos(), level * longitude.sin(), latitude.sin()]
    };
    let (a, b) = (direction(one), direction(other));
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let length = cross.iter().map(|part| part * part).sum::<f64>().sqrt();
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    EARTH_RADIUS * length.atan2(dot)
}

#[test]
fn circles_take_who_is_within_them_also_beyond_the_180th_meridian_and_at_the_poles() {
    let takes = |watch: [&str; 2], location: &str| {
        let line = format!("AT S +0.000000000 c {location} 1\n").into_bytes();
        Scope::parse(watch[0].as_bytes(), watch[1].as_bytes())
            .expect("a watch")
            .takes(&Report::new(line, 0))
    };
    // A degree of a great circle is 111.195 km.
    assert_eq!(takes(["+0+0", "111.2"], "+1+0"), Takes::Yes);
    assert_eq!(takes(["+0+0", "111.19"], "+1+0"), Takes::No);
    assert_eq!(takes(["+0+0", "111.195"], "+0-1"), Takes::Border);
    assert_eq!(takes(["+0+179.5", "112"], "+0-179.5"), Takes::Yes);
    assert_eq!(takes(["+90+10", "0"], "+90-170"), Takes::Border);
    assert_eq!(takes(["+90+0", "112"], "+89-123"), Takes::Yes);
    assert_eq!(takes(["+0+0", "20040"], "+0+180"), Takes::Yes);
    assert_eq!(takes(["c", ""], "+0+0"), Takes::Yes);
    assert_eq!(takes(["d", ""], "+0+0"), Takes::No);
    assert_eq!(takes(["*", ""], "+0+0"), Takes::Yes);
    for [first, second] in [["+0+0", ""], ["*", "1"], ["c", "1"], ["+0+0", "20040.1"], ["", ""]] {
        assert_eq!(Scope::parse(first.as_bytes(), second.as_bytes()), None, "{first} {second}");
    }
}
