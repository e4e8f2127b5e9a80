// The pointer over the map: who is under it, and who is clicked.

const MOUSE_REACH_PX = 4; // beyond the dot's edge
const TOUCH_REACH_PX = 16;

class Pointer {
  #clients;
  #listener;
  #at = null;
  #hovered = null; // the id of who is under the mouse
  #told = null; // what was last told of it, to tell only what is new

  // `listener`: find(point, reach) tells the slots there, nearest first; hover(slots, point) and
  // click(slots) take them.
  constructor(world, clients, listener) {
    [this.#clients, this.#listener] = [clients, listener];
    const map = world.leaflet.getContainer();
    map.addEventListener("pointermove", (move) => {
      this.#at = move.pointerType === "mouse" && !move.buttons ? this.#point(map, move) : null;
      this.look();
    });
    map.addEventListener("pointerleave", () => {
      this.#at = null;
      this.look();
    });
    // Not every browser says of a click what made it.
    let touched = false;
    map.addEventListener("pointerdown", (down) => (touched = down.pointerType !== "mouse"), { capture: true });
    world.leaflet.on("click", ({ containerPoint }) => {
      const reach = touched ? TOUCH_REACH_PX : MOUSE_REACH_PX;
      listener.click(listener.find(containerPoint, reach));
    });
  }

  slot() {
    return this.#hovered === null ? -1 : this.#clients.slotOf(this.#hovered);
  }

  // Looks who is under the mouse now: it moves, and so do they.
  look() {
    const slots = this.#at ? this.#listener.find(this.#at, MOUSE_REACH_PX) : [];
    const report = slots.length ? this.#clients.report(slots[0]) : null;
    const telling = report && [report.id, age(ageOf(report)), slots.length, this.#at.x, this.#at.y].join();
    if (telling === this.#told) return;
    this.#told = telling;
    this.#hovered = report?.id ?? null;
    this.#listener.hover(slots, this.#at);
    document.body.classList.toggle("pointing", report !== null);
  }

  #point(map, { clientX, clientY }) {
    const corner = map.getBoundingClientRect();
    return { x: clientX - corner.left, y: clientY - corner.top };
  }
}
