//! `PUT /clients/ID`: our own form.

use super::{Fields, Unfit, document, members, number, time};

pub(super) fn write(
    line: &mut Fields<'_>,
    client: &[u8],
    body: &[u8],
    now_nanoseconds: i64,
) -> Result<(), Unfit<'static>> {
    line.client(client)?;
    let names = ["latitude", "longitude", "time"];
    let [latitude, longitude, given] = members(document(body)?, "body", names)?;
    line.location(number(latitude, "latitude")?, number(longitude, "longitude")?)?;
    line.time(time(given)?.as_deref().map(str::as_bytes), now_nanoseconds)
}
