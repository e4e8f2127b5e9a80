// Names for orientation: a net of meridians and parallels, and towns as the zoom lets them in.

const TOWN_STEP = 100; // towns are in hundredths of a degree
const LABEL_HEIGHT = 13;
const LABEL_GAP = 14; // pixels kept free around a label
const NEARBY_KM = 250; // a town farther away says nothing about where somebody is

class Towns {
  #towns = JSON.parse(document.getElementById("towns").textContent).map(([name, y, x]) => ({
    name,
    latitude: y / TOWN_STEP,
    longitude: x / TOWN_STEP,
    x: worldX(x / TOWN_STEP),
    y: worldY(y / TOWN_STEP),
  }));

  // From the most populous on.
  [Symbol.iterator]() {
    return this.#towns[Symbol.iterator]();
  }

  // Where a place is, in words, or "" far from everywhere.
  describe(place) {
    let [nearest, least] = [null, NEARBY_KM];
    for (const town of this.#towns) {
      const away = Math.abs(town.latitude - place.latitude) > 3 ? Infinity : kilometresBetween(town, place);
      if (away < least) [nearest, least] = [town, away];
    }
    if (!nearest) return "";
    if (least < 5) return `in ${nearest.name}`;
    return `${distance(least)} ${compass(bearing(nearest, place))} of ${nearest.name}`;
  }
}

class Labels {
  #canvas;
  #context;
  #towns;
  #widths = new Map();

  constructor(canvas, towns) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#towns = towns;
  }

  draw(view, colours) {
    const { width, height } = fitCanvas(this.#canvas, this.#context);
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    this.#drawNet(view, width, height, colours);
    context.font = `${LABEL_HEIGHT - 2}px ${colours.font}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.strokeStyle = colours.land;
    context.lineWidth = 3;
    for (const { name, x, y } of this.#choose(view, width, height)) {
      context.fillStyle = colours.town;
      context.fillRect(x - 1, y - 1, 2, 2);
      context.strokeText(name, x + 5, y);
      context.fillStyle = colours.label;
      context.fillText(name, x + 5, y);
    }
  }

  // The most populous towns in view whose names do not touch each other.
  #choose(view, width, height) {
    const chosen = [];
    const most = Math.min(70, 8 + (width * height) / 22000);
    for (const town of this.#towns) {
      const y = town.y * view.size + view.top;
      if (y < 0 || y > height) continue;
      const x = ((((town.x * view.size + view.left) % view.size) + view.size) % view.size);
      if (x > width) continue;
      const label = { name: town.name, x, y, right: x + this.#width(town.name) };
      if (chosen.some((other) => touches(label, other))) continue;
      chosen.push(label);
      if (chosen.length >= most) break;
    }
    return chosen;
  }

  #width(name) {
    let width = this.#widths.get(name);
    if (width === undefined) {
      width = this.#context.measureText(name).width + 5;
      this.#widths.set(name, width);
    }
    return width;
  }

  #drawNet(view, width, height, colours) {
    const step = netStep(view.size);
    const context = this.#context;
    context.strokeStyle = colours.net;
    context.lineWidth = 1;
    context.beginPath();
    const stepX = (step / 360) * view.size;
    const firstX = ((view.left % stepX) + stepX) % stepX;
    for (let x = firstX; x < width; x += stepX) {
      context.moveTo(Math.round(x) + 0.5, 0);
      context.lineTo(Math.round(x) + 0.5, height);
    }
    const north = latitudeOf(-view.top / view.size);
    const south = latitudeOf((height - view.top) / view.size);
    for (let at = Math.ceil(south / step) * step; at <= north; at += step) {
      const y = Math.round(worldY(at) * view.size + view.top) + 0.5;
      context.moveTo(0, y);
      context.lineTo(width, y);
    }
    context.stroke();
  }
}

function touches(a, b) {
  return (
    Math.abs(a.y - b.y) < LABEL_HEIGHT + LABEL_GAP &&
    a.x < b.right + LABEL_GAP &&
    b.x < a.right + LABEL_GAP
  );
}

// The net's lines are some 150 pixels apart, by a round number of degrees that divides the world.
const NET_STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

function netStep(size) {
  return NET_STEPS.find((step) => (step / 360) * size < 260) ?? NET_STEPS.at(-1);
}

// Gives a canvas the pixels that its place on the screen has, and lets one draw in CSS pixels.
function fitCanvas(canvas, context) {
  const ratio = Math.min(devicePixelRatio || 1, 2); // more costs time and is not seen
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height, ratio };
}
