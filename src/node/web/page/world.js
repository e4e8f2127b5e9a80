// The map under the dots: Leaflet with the outline of the world's land.

const LAND_STEP = 100; // the outline is in hundredths of a degree
const SEAM = 0.05; // degrees by which land at the 180th meridian overlaps its other half

// The outline's rings as [latitude, longitude]. In the file each point is the step from the one
// before it.
function readLand() {
  const rings = JSON.parse(document.getElementById("land").textContent);
  return rings.map((steps) => {
    const ring = [];
    let [x, y] = [0, 0];
    for (let at = 0; at < steps.length; at += 2) {
      x += steps[at];
      y += steps[at + 1];
      ring.push([y / LAND_STEP, x / LAND_STEP]);
    }
    return ring;
  });
}

function isSeam([latitude, longitude]) {
  return Math.abs(longitude) === 180 || latitude === -90;
}

// A ring's coast: its outline without what only closes it at the map's edges.
function coastOf(ring) {
  const lines = [[]];
  for (const point of [...ring, ring[0]]) {
    const line = lines.at(-1);
    if (line.length && isSeam(line.at(-1)) && isSeam(point)) lines.push([point]);
    else line.push(point);
  }
  return lines.filter((line) => line.length > 1);
}

function shifted(line, by) {
  return line.map(([latitude, longitude]) => [latitude, longitude + by]);
}

function overSeam(ring) {
  return ring.map(([latitude, longitude]) => [
    latitude,
    Math.abs(longitude) === 180 ? longitude + Math.sign(longitude) * SEAM : longitude,
  ]);
}

// Leaflet's canvas, drawn anew also while the map is dragged: without tiles that is cheap enough,
// and no blank edge comes into view. (The names with `_` here and below are Leaflet's own; its
// version is the one beside us.)
const LiveCanvas = L.Canvas.extend({
  getEvents() {
    return { ...L.Canvas.prototype.getEvents.call(this), move: this._update, viewreset: this._resetSharply };
  },

  // A reset leaves the canvas between two pixels, which blurs it; an update puts it right.
  _resetSharply() {
    this._reset();
    this._update();
  },
});

// Leaflet rounds a shape's points to whole pixels, which makes circles and coasts ragged.
const BetweenPixels = {
  _projectLatlngs(places, rings, bounds) {
    if (!(places[0] instanceof L.LatLng)) {
      for (const part of places) this._projectLatlngs(part, rings, bounds);
      return;
    }
    const origin = this._map.getPixelOrigin();
    const ring = places.map((place) => this._map.project(place).subtract(origin));
    for (const point of ring) bounds.extend(point);
    rings.push(ring);
  },
};
const Outline = L.Polyline.extend(BetweenPixels);
const Area = L.Polygon.extend(BetweenPixels);

const WORLDS = [-360, 0, 360]; // the world is drawn three times, for wide screens and its seam
const ZOOM_MAX = 19;
const FIT_PADDING = 70; // pixels

class World {
  #map;
  #land;
  #coast;
  #easing = null; // the zoom that is under way

  constructor(container, calm) {
    this.#map = L.map(container, {
      zoomSnap: 0,
      zoomDelta: 0.75,
      wheelPxPerZoomLevel: 90,
      maxZoom: ZOOM_MAX,
      zoomControl: false,
      attributionControl: false,
      boxZoom: false, // a drag with Shift draws a circle
      worldCopyJump: true,
      maxBoundsViscosity: 1,
      maxBounds: [[-MERCATOR_LATITUDE_MAX, -1e6], [MERCATOR_LATITUDE_MAX, 1e6]],
      zoomAnimation: !calm,
      inertia: !calm,
      renderer: new LiveCanvas({ padding: 0.3 }),
    });
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(this.#map);
    this.#drawLand();
    this.#keepFilled();
    this.#map.on("zoomanim", (zoom) => this.#ease(zoom));
    this.#map.on("zoomend", () => (this.#easing = null));
  }

  get leaflet() {
    return this.#map;
  }

  colours({ land, coast }) {
    this.#land.setStyle({ fillColor: land });
    this.#coast.setStyle({ color: coast });
  }

  // Where the world lies on the screen at this moment, also in the midst of a zoom.
  view() {
    if (!this.#easing) return this.#viewNow();
    const { from, to, began } = this.#easing;
    const part = leafletEase(Math.min(1, (performance.now() - began) / LEAFLET_ZOOM_MS));
    const between = (key) => from[key] + (to[key] - from[key]) * part;
    return { size: between("size"), left: between("left"), top: between("top") };
  }

  isZooming() {
    return this.#easing !== null;
  }

  // The place under a point of the screen. Longitudes go on beyond 180 where the world repeats.
  placeAt(point) {
    const { lat, lng } = this.#map.containerPointToLatLng(point);
    return { latitude: Math.max(-90, Math.min(90, lat)), longitude: lng };
  }

  // Goes to a place, in the copy of the world that is nearest, and puts it into the middle of what
  // is not `covered` (pixels at the right and at the bottom).
  goTo({ latitude, longitude }, zoom, covered) {
    const here = this.#map.getCenter().lng;
    const nearest = longitude + Math.round((here - longitude) / 360) * 360;
    const aside = L.point(covered.right, covered.bottom).divideBy(2);
    const middle = this.#map.unproject(this.#map.project([latitude, nearest], zoom).add(aside), zoom);
    const still = !this.#map.options.zoomAnimation;
    if (still) this.#map.setView(middle, zoom, { animate: false });
    else this.#map.flyTo(middle, zoom, { duration: 0.9 });
  }

  // Shows all of these places, whichever way around the world they lie closest together.
  fit(places, covered) {
    if (!places.length) return;
    const longitudes = places.map((place) => place.longitude).sort((a, b) => a - b);
    let [widest, start] = [longitudes[0] + 360 - longitudes.at(-1), longitudes[0]];
    for (let at = 1; at < longitudes.length; at++) {
      const gap = longitudes[at] - longitudes[at - 1];
      if (gap > widest) [widest, start] = [gap, longitudes[at]];
    }
    const latitudes = places.map((place) => place.latitude);
    const south = latitudes.reduce((a, b) => Math.min(a, b));
    const north = latitudes.reduce((a, b) => Math.max(a, b));
    const bounds = [[south, start], [north, start + 360 - widest]];
    this.#map.fitBounds(bounds, {
      paddingTopLeft: [FIT_PADDING, FIT_PADDING],
      paddingBottomRight: [covered.right + FIT_PADDING, covered.bottom + FIT_PADDING],
      maxZoom: 11,
      animate: false,
    });
  }

  #viewNow() {
    const corner = this.#map.layerPointToContainerPoint([0, 0]).subtract(this.#map.getPixelOrigin());
    return { size: 256 * 2 ** this.#map.getZoom(), left: corner.x, top: corner.y };
  }

  #viewAt(center, zoom) {
    const middle = this.#map.project(center, zoom);
    const half = this.#map.getSize().divideBy(2);
    return { size: 256 * 2 ** zoom, left: half.x - middle.x, top: half.y - middle.y };
  }

  #ease({ center, zoom }) {
    this.#easing = {
      from: this.#viewNow(),
      to: this.#viewAt(center, zoom),
      began: performance.now(),
    };
  }

  #drawLand() {
    const rings = readLand();
    const everywhere = (lines) => WORLDS.flatMap((by) => lines.map((line) => shifted(line, by)));
    this.#land = new Area(everywhere(rings.map(overSeam)).map((ring) => [ring]), {
      stroke: false,
      fillOpacity: 1,
      interactive: false,
      smoothFactor: 0.7,
    }).addTo(this.#map);
    this.#coast = new Outline(everywhere(rings.flatMap(coastOf)), {
      weight: 1,
      interactive: false,
      smoothFactor: 0.7,
    }).addTo(this.#map);
  }

  // The world is never smaller than the screen is wide, so that there are never more than two of
  // a dot to draw.
  #keepFilled() {
    const keep = () => this.#map.setMinZoom(Math.max(0, Math.log2(this.#map.getSize().x / 256)));
    this.#map.on("resize", keep);
    keep();
  }
}

// Leaflet zooms with a CSS transition, `0.25s cubic-bezier(0, 0, 0.25, 1)`; what is drawn over it
// has to keep step. The curve's parameter is found by halving.
const LEAFLET_ZOOM_MS = 250;

function leafletEase(time) {
  let [low, high] = [0, 1];
  for (let round = 0; round < 20; round++) {
    const at = (low + high) / 2;
    if (0.75 * at * at + 0.25 * at * at * at < time) low = at;
    else high = at;
  }
  return 3 * low * low - 2 * low * low * low;
}
