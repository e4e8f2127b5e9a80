//! The new form of Traccar Client, from version 9 on: JSON as its location library makes it.

use super::{Fields, Unfit, document, members, number, string, time};

pub(super) fn write(
    line: &mut Fields<'_>,
    body: &[u8],
    now_nanoseconds: i64,
) -> Result<(), Unfit<'static>> {
    let [device, location] = members(document(body)?, "body", ["device_id", "location"])?;
    let device = string(device.ok_or(Unfit::Missing("device_id"))?, "device_id")?;
    line.client(device.as_bytes())?;
    let location = location.ok_or(Unfit::Missing("location"))?;
    let [coordinates, timestamp] = members(location, "location", ["coords", "timestamp"])?;
    let coordinates = coordinates.ok_or(Unfit::Missing("location.coords"))?;
    let names = ["latitude", "longitude"];
    let [latitude, longitude] = members(coordinates, "location.coords", names)?;
    line.location(number(latitude, "latitude")?, number(longitude, "longitude")?)?;
    line.time(time(timestamp)?.as_deref().map(str::as_bytes), now_nanoseconds)
}
