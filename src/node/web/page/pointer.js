// The pointer over the map: who is under it, and who is clicked.
const MOUSE_REACH_PX = 4; // beyond the dot's edge
const TOUCH_REACH_PX = 16;

class Pointer {
  #clients;
  #listener;
  #at = null;
  #hovered = null; // the id of who is under the mouse

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
    world.leaflet.on("click", ({ originalEvent: event, containerPoint }) => {
      const reach = event.pointerType === "touch" ? TOUCH_REACH_PX : MOUSE_REACH_PX;
      listener.click(listener.find(containerPoint, reach));
    });
  }

  slot() {
    return this.#hovered === null ? -1 : this.#clients.slotOf(this.#hovered);
  }

  // Looks who is under the mouse now: it moves, and so do they.
  look() {
    const slots = this.#at ? this.#listener.find(this.#at, MOUSE_REACH_PX) : [];
    const id = slots.length ? this.#clients.report(slots[0]).id : null;
    const changed = id !== this.#hovered;
    this.#hovered = id;
    if (changed || id !== null) this.#listener.hover(slots, this.#at);
    document.body.classList.toggle("pointing", id !== null);
  }

  #point(map, { clientX, clientY }) {
    const corner = map.getBoundingClientRect();
    return { x: clientX - corner.left, y: clientY - corner.top };
  }
}
