//! Commands made beforehand, into which digits are patched, and places spread evenly over the globe.

use crate::command::{Language, Questions};

/// The latitude up to which Redis takes places: all are within it.
const LATITUDE_DEGREES_MAX: f64 = 85.051_128;
/// Belts between the equator and that latitude, as a power of two.
const BELT_BITS: u32 = 10;
/// Of random bits, those that say how far from the equator.
const NORTH_BITS: u32 = 31;

const DECIMALS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// A report with room for digits, and where they go.
#[derive(Debug, Clone)]
pub struct Report {
    line: Vec<u8>,
    /// The ten digits of the id.
    id: usize,
    place: Place,
    /// Ten digits of seconds, which a point and nine digits follow.
    time: Option<usize>,
    /// The seconds that stand there.
    seconds: u64,
}

/// A question for who is near a place, with room for the place.
#[derive(Debug, Clone)]
pub struct Near {
    line: Vec<u8>,
    place: Place,
}

/// Where in a command a place goes.
#[derive(Debug, Clone)]
struct Place {
    /// The sign of the latitude, which two digits, a point and six digits follow.
    latitude: usize,
    /// The sign of the longitude, which three digits, a point and six digits follow.
    longitude: usize,
    /// What stands for a plus.
    plus: u8,
}

impl Report {
    pub fn new(language: Language) -> Self {
        match language {
            Language::Herd => Report {
                line: b"IAMAT phone-0000000000 +00.000000-000.000000 0000000000.000000000\n".into(),
                id: 12,
                place: Place { latitude: 23, longitude: 33, plus: b'+' },
                time: Some(45),
                seconds: 0,
            },
            // A leading zero does for the plus, which means a blank here.
            Language::Http => Report {
                line: b"GET /?id=phone-0000000000&lat=000.000000&lon=-000.000000\
                    &timestamp=0000000000.000000000 HTTP/1.1\r\nHost: load\r\n\r\n"
                    .into(),
                id: 15,
                place: Place { latitude: 30, longitude: 45, plus: b'0' },
                time: Some(67),
                seconds: 0,
            },
            Language::RedisSet => Report {
                line: b"*3\r\n$3\r\nSET\r\n$16\r\nphone-0000000000\r\n$42\r\n\
                    +00.000000-000.000000 0000000000.000000000\r\n"
                    .into(),
                id: 24,
                place: Place { latitude: 41, longitude: 51, plus: b'+' },
                time: Some(63),
                seconds: 0,
            },
            // A leading zero does for the plus, which not every version takes.
            Language::RedisGeoAdd | Language::RedisGeoSearch => Report {
                line: b"*5\r\n$6\r\nGEOADD\r\n$4\r\nherd\r\n$11\r\n-000.000000\r\n$10\r\n0\
                    00.000000\r\n$16\r\nphone-0000000000\r\n"
                    .into(),
                id: 72,
                place: Place { latitude: 49, longitude: 31, plus: b'0' },
                time: None,
                seconds: 0,
            },
        }
    }

    /// The same with one more field, which ends its line, at the end of its head.
    pub fn with_field(mut self, field: &[u8]) -> Self {
        let end = self.line.len() - b"\r\n".len();
        self.line.splice(end..end, field.iter().copied());
        self
    }

    /// Appends the report of a client at that time, from the place that random bits stand for.
    #[inline(always)]
    pub fn write(
        &mut self,
        out: &mut Vec<u8>,
        client: u64,
        place: (&Globe, u64),
        time_nanoseconds: u64,
    ) {
        let (seconds, fraction) =
            (time_nanoseconds / 1_000_000_000, time_nanoseconds % 1_000_000_000);
        if let Some(time) = self.time
            && seconds != self.seconds
        {
            self.seconds = seconds;
            write_digits::<10>(&mut self.line, time, seconds);
        }
        // The digits go into the copy: a processor is slow to copy what it has just written.
        let start = out.len();
        out.extend_from_slice(&self.line);
        let line = &mut out[start..];
        write_client(line, self.id, client);
        self.place.write(line, place);
        if let Some(time) = self.time {
            write_digits::<9>(line, time + 11, fraction);
        }
    }
}

impl Near {
    pub fn new(language: Language, questions: &Questions) -> Self {
        let Questions { near_kilometres, near_results, .. } = questions;
        let (kilometres, results) = (near_kilometres.to_string(), near_results.to_string());
        if language != Language::RedisGeoSearch {
            return Near {
                line: format!("NEAR +00.000000-000.000000 {kilometres} {results}\n").into(),
                place: Place { latitude: 5, longitude: 15, plus: b'+' },
            };
        }
        let mut line = "*12\r\n$9\r\nGEOSEARCH\r\n$4\r\nherd\r\n$10\r\nFROMLONLAT\r\n\
            $11\r\n-000.000000\r\n$10\r\n000.000000\r\n"
            .to_owned();
        let rest = ["BYRADIUS", &kilometres, "km", "ASC", "COUNT", &results, "WITHDIST"];
        for argument in rest {
            line += &format!("${}\r\n{argument}\r\n", argument.len());
        }
        Near { line: line.into(), place: Place { latitude: 70, longitude: 52, plus: b'0' } }
    }

    /// Appends the question for who is near the place that random bits stand for.
    pub fn write(&self, out: &mut Vec<u8>, place: (&Globe, u64)) {
        let start = out.len();
        out.extend_from_slice(&self.line);
        self.place.write(&mut out[start..], place);
    }
}

impl Place {
    // A report is made in a few hundred instructions, and the call would be many of them.
    #[inline(always)]
    fn write(&self, line: &mut [u8], (globe, random): (&Globe, u64)) {
        let [latitude, longitude] = globe.place(random);
        write_angle::<2, 10>(line, self.latitude, self.plus, latitude);
        write_angle::<3, 11>(line, self.longitude, self.plus, longitude);
    }
}

/// A latitude or a longitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Angle {
    /// Without its sign.
    microdegrees: u64,
    /// Whether it is to the south or to the west.
    is_negative: bool,
}

/// Places spread evenly over the globe's area, but for its caps, which Redis does not take.
///
/// The area between the equator and a latitude grows with the latitude's sine (Archimedes): so a
/// uniform number becomes the latitude whose sine it is. The arc sine is read from a table and
/// interpolated: reports are made at millions a second.
#[derive(Debug)]
pub struct Globe {
    /// The latitudes, in millionths of a degree, that part belts of equal area.
    belts: [u32; (1 << BELT_BITS) + 1],
}

impl Globe {
    pub fn new() -> Self {
        let most = LATITUDE_DEGREES_MAX.to_radians().sin();
        let mut belts = [0; (1 << BELT_BITS) + 1];
        for (belt, latitude) in belts.iter_mut().enumerate() {
            let sine = most * belt as f64 / f64::from(1 << BELT_BITS);
            *latitude = (sine.asin().to_degrees() * 1e6).round() as u32;
        }
        Globe { belts }
    }

    /// The place, latitude and longitude, that random bits stand for.
    #[inline(always)]
    fn place(&self, random: u64) -> [Angle; 2] {
        let (north, east) = (random & ((1 << NORTH_BITS) - 1), random >> 33);
        let within_belt = NORTH_BITS - BELT_BITS;
        let belt = (north >> within_belt) as usize;
        let [from, to] = [self.belts[belt], self.belts[belt + 1]].map(u64::from);
        let part = north & ((1 << within_belt) - 1);
        let latitude = from + (((to - from) * part) >> within_belt);
        let longitude = (east * 180_000_000) >> 31;
        [
            Angle { microdegrees: latitude, is_negative: random >> 31 & 1 == 1 },
            Angle { microdegrees: longitude, is_negative: random >> 32 & 1 == 1 },
        ]
    }
}

/// Writes the ten digits of a client's id at that place.
pub fn write_client(line: &mut [u8], at: usize, client: u64) {
    write_digits::<10>(line, at, client);
}

/// Writes an angle at that place, `BYTES` in all: its sign, `N` digits, a point that is there, six
/// digits.
#[inline(always)]
fn write_angle<const N: usize, const BYTES: usize>(
    line: &mut [u8],
    at: usize,
    plus: u8,
    angle: Angle,
) {
    let Some(out) = line[at..].first_chunk_mut::<BYTES>() else {
        return;
    };
    let Angle { microdegrees, is_negative } = angle;
    out[0] = if is_negative { b'-' } else { plus };
    write_digits::<N>(out, 1, microdegrees / 1_000_000);
    write_digits::<6>(out, N + 2, microdegrees % 1_000_000);
}

/// Writes the last `N` digits of a number at that place.
#[inline(always)]
fn write_digits<const N: usize>(line: &mut [u8], at: usize, mut number: u64) {
    let Some(out) = line[at..].first_chunk_mut::<N>() else {
        return;
    };
    let mut end = N;
    while end >= 2 {
        out[end - 2..end].copy_from_slice(&DECIMALS[(number % 100) as usize]);
        number /= 100;
        end -= 2;
    }
    if end == 1 {
        out[0] = b'0' + (number % 10) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_where_redis_takes_them(random: u64) {
            let [latitude, longitude] = Globe::new().place(random);
            prop_assert!(latitude.microdegrees <= 85_051_128);
            prop_assert!(longitude.microdegrees <= 180_000_000);
        }

        #[test]
        fn as_many_are_between_two_latitudes_as_there_is_area(north in 0..1_u64 << NORTH_BITS) {
            // That share of all places of a hemisphere is nearer to the equator.
            let share = north as f64 / f64::from(1_u32 << NORTH_BITS);
            let [latitude, _] = Globe::new().place(north);
            let sine = |degrees: f64| degrees.to_radians().sin();
            let area = sine(latitude.microdegrees as f64 / 1e6) / sine(LATITUDE_DEGREES_MAX);
            // Within a belt the latitude is drawn evenly: in the last one that is 1.6e-5 off.
            prop_assert!((area - share).abs() < 2e-5, "{area} of the area, {share} of the places");
        }
    }

    #[test]
    fn all_four_quarters_are_settled() {
        let globe = Globe::new();
        let quarters = [0, 1, 2, 3]
            .map(|signs: u64| globe.place(signs << NORTH_BITS).map(|angle| angle.is_negative));
        assert_eq!(quarters, [[false, false], [true, false], [false, true], [true, true]]);
        let farthest = globe.place(u64::MAX).map(|angle| angle.microdegrees);
        assert_eq!(farthest, [85_051_127, 179_999_999]);
    }
}
