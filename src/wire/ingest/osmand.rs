//! OsmAnd's online tracking and the old form of Traccar Client: fields of a query or a form.

use super::{Fields, Unfit};
use crate::wire::uri;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// The values of the fields that matter, still escaped.
#[derive(Default, Clone, Copy)]
struct Values<'a> {
    id: Option<&'a [u8]>,
    device_id: Option<&'a [u8]>,
    latitude: Option<&'a [u8]>,
    longitude: Option<&'a [u8]>,
    location: Option<&'a [u8]>,
    timestamp: Option<&'a [u8]>,
    /// Whether there is anything to decode.
    escaped: bool,
}

/// Whether a query is meant as a report, be it a good one: it has an `id`, `deviceid`, `lat`, `lon` or
/// `location`.
pub fn is_report(query: &[u8]) -> bool {
    !query.is_empty() && Values::read(query).mean_a_report()
}

pub(super) fn write(
    line: &mut Fields<'_>,
    query: &[u8],
    form: &[u8],
    now_nanoseconds: i64,
) -> Result<(), Unfit<'static>> {
    let values = Values::read(query);
    if values.mean_a_report() {
        return values.write(line, now_nanoseconds);
    }
    Values::read(form).write(line, now_nanoseconds)
}

/// `None` if the query is not meant as a report.
pub(super) fn write_query(
    line: &mut Fields<'_>,
    query: &[u8],
    now_nanoseconds: i64,
) -> Option<Result<(), Unfit<'static>>> {
    let values = Values::read(query);
    values.mean_a_report().then(|| values.write(line, now_nanoseconds))
}

impl<'a> Values<'a> {
    fn read(fields: &'a [u8]) -> Self {
        let escaped = memchr2(b'%', b'+', fields).is_some();
        let mut values = Values { escaped, ..Values::default() };
        for (name, value) in uri::fields(fields) {
            if escaped {
                if let Ok(name) = uri::decode_field(name) {
                    values.set(&name, value);
                }
            } else {
                values.set(name, value);
            }
        }
        values
    }

    #[inline]
    fn set(&mut self, name: &[u8], value: &'a [u8]) {
        let place = match name {
            b"id" => &mut self.id,
            b"deviceid" => &mut self.device_id,
            b"lat" => &mut self.latitude,
            b"lon" => &mut self.longitude,
            b"location" => &mut self.location,
            b"timestamp" => &mut self.timestamp,
            _ => return,
        };
        *place = Some(value);
    }

    fn mean_a_report(&self) -> bool {
        let Values { id, device_id, latitude, longitude, location, .. } = self;
        [id, device_id, latitude, longitude, location].iter().any(|value| value.is_some())
    }

    fn write(&self, line: &mut Fields<'_>, now_nanoseconds: i64) -> Result<(), Unfit<'static>> {
        let id = self.id.or(self.device_id).ok_or(Unfit::Missing("id"))?;
        line.client(&self.decoded("id", id)?)?;
        match (self.latitude, self.longitude, self.location) {
            (Some(latitude), Some(longitude), _) => {
                line.location(&self.decoded("lat", latitude)?, &self.decoded("lon", longitude)?)?;
            }
            (_, _, Some(location)) => {
                let location = self.decoded("location", location)?;
                let comma = memchr(b',', &location).ok_or(Unfit::NoPair("location"))?;
                line.location(&location[..comma], &location[comma + 1..])?;
            }
            (None, _, None) => return Err(Unfit::Missing("lat")),
            (Some(_), None, None) => return Err(Unfit::Missing("lon")),
        }
        let time = self.timestamp.map(|time| self.decoded("timestamp", time)).transpose()?;
        line.time(time.as_deref(), now_nanoseconds)
    }

    fn decoded(
        &self,
        name: &'static str,
        value: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, Unfit<'static>> {
        if !self.escaped {
            return Ok(Cow::Borrowed(value));
        }
        uri::decode_field(value).map_err(|misescaped| Unfit::Escape(name, misescaped))
    }
}
