// The circle: drawn by dragging (or dropped in the middle with the keyboard), it asks the server
// who is near, and keeps asking while it is there.

const ASK_AGAIN_MS = 2500;
const NEAR_LIMIT = 100;
const DRAG_MIN_PX = 6; // less is a click and not a circle
const CIRCLE_KM_MIN = 0.001;

class Circle {
  #world;
  #shape = null;
  #colour = "";
  #drawing = false;
  #centre = null;
  #kilometres = 0;
  #timer = 0;
  #asked = 0;
  #listener;

  // It tells its `listener`: drawing(whether); dragged(kilometres, point) while it is drawn and
  // dragged(null) after it; drawn(centre, kilometres); answered(clients, or null when no answer
  // came); cleared().
  constructor(world, listener) {
    this.#world = world;
    this.#listener = listener;
    this.#takeDrags(world.leaflet.getContainer());
  }

  get isDrawing() {
    return this.#drawing;
  }

  get isThere() {
    return this.#centre !== null;
  }

  get query() {
    return nearQuery(this.#centre, this.#kilometres);
  }

  get limit() {
    return NEAR_LIMIT;
  }

  startDrawing(whether = true) {
    if (whether === this.#drawing) return;
    this.#drawing = whether;
    this.#world.leaflet.dragging[whether ? "disable" : "enable"]();
    this.#listener.drawing(whether);
  }

  // A circle that fits well into what is to be seen.
  dropInTheMiddle() {
    const map = this.#world.leaflet;
    const size = map.getSize();
    const centre = this.#world.placeAt(size.divideBy(2));
    const edge = this.#world.placeAt([size.x / 2, size.y / 2 + Math.min(size.x, size.y) / 4]);
    this.set(centre, kilometresBetween(centre, edge));
  }

  set(centre, kilometres) {
    this.startDrawing(false);
    this.#centre = { ...centre, longitude: wrapLongitude(centre.longitude) };
    this.#kilometres = Math.max(CIRCLE_KM_MIN, Math.min(HALFWAY_ROUND_KM, kilometres));
    this.#outline(this.#centre, this.#kilometres);
    this.#listener.drawn(this.#centre, this.#kilometres);
    this.#askAgain();
  }

  resize(kilometres) {
    if (this.#centre && kilometres > 0) this.set(this.#centre, kilometres);
  }

  clear() {
    this.startDrawing(false);
    clearTimeout(this.#timer);
    this.#asked += 1; // what is still to be answered is not wanted any more
    this.#shape?.remove();
    this.#shape = null;
    if (!this.#centre) return;
    this.#centre = null;
    this.#listener.cleared();
  }

  colours({ accent }) {
    this.#colour = accent;
    this.#shape?.setStyle({ color: accent, fillColor: accent });
  }

  async #askAgain() {
    clearTimeout(this.#timer);
    const asked = (this.#asked += 1);
    const answer = await askJson(`/clients?${this.query}&limit=${NEAR_LIMIT}`);
    if (asked !== this.#asked) return;
    this.#listener.answered(Array.isArray(answer?.clients) ? answer.clients : null);
    this.#timer = setTimeout(() => this.#askAgain(), ASK_AGAIN_MS);
  }

  #outline(centre, kilometres) {
    const rings = circleRings(centre, kilometres);
    const copies = WORLDS.map((by) => rings.map((ring) => shifted(ring, by)));
    if (this.#shape) this.#shape.setLatLngs(copies);
    else {
      this.#shape = new Area(copies, { weight: 2, fillOpacity: 0.12, interactive: false, smoothFactor: 0 });
      this.#shape.addTo(this.#world.leaflet);
      this.colours({ accent: this.#colour });
    }
  }

  // With the circle's tool chosen, or with Shift, a drag is a circle and not a move of the map.
  // Seen before Leaflet sees it.
  #takeDrags(container) {
    container.addEventListener("pointerdown", (down) => {
      const wanted = (this.#drawing || down.shiftKey) && down.isPrimary && down.button === 0;
      if (!wanted || down.target.closest("button, a, input")) return;
      this.#drag(container, down);
    }, { capture: true });
    // Leaflet drags by the mouse's own events.
    container.addEventListener("mousedown", (down) => {
      if (this.#drawing || down.shiftKey) down.stopPropagation();
    }, { capture: true });
  }

  #drag(container, down) {
    down.preventDefault();
    container.setPointerCapture(down.pointerId);
    const corner = container.getBoundingClientRect();
    const pointOf = (event) => [event.clientX - corner.left, event.clientY - corner.top];
    const centre = this.#world.placeAt(pointOf(down));
    const isDrag = (event) =>
      Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= DRAG_MIN_PX;
    const ending = new AbortController();
    const listen = (name, then) => container.addEventListener(name, then, { signal: ending.signal });
    let reach = 0;
    listen("pointermove", (move) => {
      if (!isDrag(move)) return;
      reach = Math.min(HALFWAY_ROUND_KM, kilometresBetween(centre, this.#world.placeAt(pointOf(move))));
      this.#outline(centre, reach);
      this.#listener.dragged(reach, pointOf(move));
    });
    listen("pointerup", () => {
      ending.abort();
      this.#listener.dragged(null);
      swallowClick(container);
      if (reach > 0) this.set(centre, reach);
      else if (this.#centre) this.#outline(this.#centre, this.#kilometres);
    });
    listen("pointercancel", () => {
      ending.abort();
      this.#listener.dragged(null);
      if (this.#centre) this.#outline(this.#centre, this.#kilometres);
      else this.clear();
    });
  }
}

// The end of a drag is a click, too, to who listens for clicks.
function swallowClick(container) {
  const swallow = (click) => click.stopPropagation();
  container.addEventListener("click", swallow, { capture: true });
  setTimeout(() => container.removeEventListener("click", swallow, { capture: true }));
}
