// The sphere: distances, Mercator's projection, and circles drawn on it.
//
// Degrees as everywhere in the herd; "world" coordinates are Mercator's square with sides of 1,
// (0, 0) at its north-western corner.

const EARTH_RADIUS_KM = 6371.0088; // the sphere on which the herd's own NEAR measures
const HALFWAY_ROUND_KM = Math.PI * EARTH_RADIUS_KM;
const MERCATOR_LATITUDE_MAX = 85.0511287798; // where the square ends: the poles are drawn there
const RADIANS = Math.PI / 180;

function worldX(longitude) {
  return longitude / 360 + 0.5;
}

function worldY(latitude) {
  const drawn = Math.max(-MERCATOR_LATITUDE_MAX, Math.min(MERCATOR_LATITUDE_MAX, latitude));
  const sine = Math.sin(drawn * RADIANS);
  return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
}

function longitudeOf(x) {
  return wrapLongitude((x - 0.5) * 360);
}

function latitudeOf(y) {
  return Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) / RADIANS;
}

// Into [-180, 180); what is within the world already keeps its digits.
function wrapLongitude(longitude) {
  if (longitude >= -180 && longitude <= 180) return longitude;
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

// From one world x to another the short way, which may lead over the 180th meridian.
function shortWay(from, to) {
  const straight = to - from;
  return straight - Math.round(straight);
}

// Great-circle distance by the haversine formula, in kilometres.
function kilometresBetween(a, b) {
  const halfNorth = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2);
  const halfEast = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2);
  const haversine =
    halfNorth * halfNorth +
    Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * halfEast * halfEast;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

// The initial bearing from one place to another, degrees clockwise from north.
function bearing(from, to) {
  const east = (to.longitude - from.longitude) * RADIANS;
  const y = Math.sin(east) * Math.cos(to.latitude * RADIANS);
  const x =
    Math.cos(from.latitude * RADIANS) * Math.sin(to.latitude * RADIANS) -
    Math.sin(from.latitude * RADIANS) * Math.cos(to.latitude * RADIANS) * Math.cos(east);
  return (Math.atan2(y, x) / RADIANS + 360) % 360;
}

// Where one comes to after so many kilometres in a direction. The longitude is not wrapped, so
// that points around a centre near the 180th meridian stay together.
function destination(from, degrees, kilometres) {
  const angle = kilometres / EARTH_RADIUS_KM;
  const latitude = from.latitude * RADIANS;
  const course = degrees * RADIANS;
  const sine =
    Math.sin(latitude) * Math.cos(angle) + Math.cos(latitude) * Math.sin(angle) * Math.cos(course);
  const east = Math.atan2(
    Math.sin(course) * Math.sin(angle) * Math.cos(latitude),
    Math.cos(angle) - Math.sin(latitude) * sine,
  );
  return {
    latitude: Math.asin(Math.max(-1, Math.min(1, sine))) / RADIANS,
    longitude: from.longitude + east / RADIANS,
  };
}

// A circle on the sphere as rings of [latitude, longitude], the way Leaflet's polygons take them:
// the first is the outside, a second one a hole.
//
// A circle that holds a pole is no closed curve on the map: its edge runs once around the world,
// and the area is what lies between that edge and the map's. One that holds both poles is the
// whole map without a circle around the centre's antipode.
function circleRings(centre, kilometres) {
  const reach = kilometres / EARTH_RADIUS_KM / RADIANS;
  const holdsNorth = centre.latitude + reach >= 90;
  const holdsSouth = centre.latitude - reach <= -90;
  if (holdsNorth && holdsSouth) {
    return [wholeMap(centre), ...circleRings(antipode(centre), HALFWAY_ROUND_KM - kilometres)];
  }
  const edge = [];
  for (let degrees = 0; degrees < 360; degrees += 4) {
    const { latitude, longitude } = destination(centre, degrees, kilometres);
    edge.push([latitude, longitude]);
  }
  if (!holdsNorth && !holdsSouth) return [edge];
  edge.sort((a, b) => a[1] - b[1]);
  const [west, east] = [centre.longitude - 180, centre.longitude + 180];
  const end = holdsNorth ? 89.9 : -89.9;
  const meeting = edge[0][0]; // where the edge comes round to itself
  return [[[end, west], [meeting, west], ...edge, [meeting, east], [end, east]]];
}

function antipode(place) {
  return { latitude: -place.latitude, longitude: place.longitude + 180 };
}

function wholeMap(centre) {
  const [west, east] = [centre.longitude, centre.longitude + 360];
  return [[89.9, west], [89.9, east], [-89.9, east], [-89.9, west]];
}
