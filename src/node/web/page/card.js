// One client told in full: beside the map for who was chosen, and beside the pointer for who is
// under it.

const TRAIL_MAX = 600; // points of the way that is remembered of who is chosen
const SAME_SPOT_MAX = 40; // names listed of those at the same spot

class Card {
  #root;
  #towns;
  #clients;
  #fields;
  #id = null;
  #last = null; // the report that is shown, also when the client is gone
  #ended = "";
  #trail = [];
  #motion = "";
  #choose;

  // `choose(id)` is called for who is picked among those at the same spot.
  constructor(root, clients, towns, choose) {
    [this.#root, this.#clients, this.#towns, this.#choose] = [root, clients, towns, choose];
    const field = (name) => root.querySelector(`[data-field="${name}"]`);
    const names = ["id", "ended", "degrees", "words", "reported", "clock", "server", "swatch", "motion", "spot", "spotlist"];
    this.#fields = Object.fromEntries(names.map((name) => [name, field(name)]));
  }

  get id() {
    return this.#id;
  }

  get place() {
    return this.#last;
  }

  get trail() {
    return this.#trail;
  }

  show(id, report, others = []) {
    this.#id = id;
    this.#last = null;
    this.#trail = [];
    this.#motion = this.#ended = "";
    this.#fields.id.replaceChildren(idElement(id, "span"));
    this.#root.hidden = false;
    this.#showOthers(others);
    this.took(report);
  }

  hide() {
    this.#id = this.#last = null;
    this.#trail = [];
    this.#root.hidden = true;
  }

  // A new report of the client that is shown.
  took(report) {
    if (this.#last) this.#motion = motion(this.#last, report) ?? this.#motion;
    this.#last = report;
    this.#ended = "";
    this.#trail.push({ x: worldX(report.longitude), y: worldY(report.latitude) });
    if (this.#trail.length > TRAIL_MAX) this.#trail.shift();
    this.#fill();
  }

  // It is not shown any more, and why.
  ended(words) {
    this.#ended = words;
    this.#fill();
  }

  // Each second, as ages grow.
  refresh(colours) {
    if (!this.#last) return;
    setText(this.#fields.reported, age(ageOf(this.#last)));
    this.#fields.swatch.style.backgroundColor = colours.of(this.#last.server);
  }

  #fill() {
    const { latitude, longitude, time, server, difference } = this.#last;
    setText(this.#fields.degrees, degrees({ latitude, longitude }));
    setText(this.#fields.words, this.#towns.describe(this.#last));
    setText(this.#fields.reported, age(ageOf(this.#last)));
    setText(this.#fields.clock, clockTime(Number(time)));
    setText(this.#fields.server, `${visible(String(server))}${lateness(difference)}`);
    setText(this.#fields.motion, this.#motion);
    setText(this.#fields.ended, this.#ended);
    this.#fields.ended.hidden = this.#ended === "";
    this.#fields.motion.parentElement.hidden = this.#motion === "";
  }

  #showOthers(others) {
    const named = others.slice(0, SAME_SPOT_MAX);
    const more = others.length - named.length;
    setText(this.#fields.spot, others.length ? `${plural(others.length, "other")} at this spot` : "");
    this.#fields.spot.parentElement.hidden = others.length === 0;
    this.#fields.spotlist.replaceChildren(
      ...named.map((id) =>
        element("li", {}, element("button", { type: "button", onclick: () => this.#choose(id) }, idElement(id))),
      ),
      ...(more > 0 ? [element("li", { class: "more", text: `and ${count(more)} more` })] : []),
    );
  }
}

// How long after the client's own time the server had the report.
function lateness(difference) {
  const seconds = Number(difference);
  if (!Number.isFinite(seconds)) return "";
  const size = Math.abs(seconds);
  const words = size < 1 ? `${(size * 1000).toFixed(size < 0.01 ? 1 : 0)} ms` : duration(size);
  return `, ${words} ${seconds < 0 ? "before" : "after"} its time`;
}

// Speed and direction between two reports; null if they do not say.
function motion(before, report) {
  const seconds = Number(report.time) - Number(before.time);
  if (!(seconds > 0.05)) return null;
  const kilometres = kilometresBetween(before, report);
  const speed = (kilometres / seconds) * 3600;
  if (speed < 0.5) return "at rest";
  const shown = speed < 10 ? speed.toFixed(1) : count(Math.round(speed));
  return `${shown} km/h to the ${compass(bearing(before, report))}`;
}

// What is said beside the pointer.
class Tip {
  #root;
  #towns;

  constructor(root, towns) {
    [this.#root, this.#towns] = [root, towns];
  }

  show(report, more, point, colours) {
    const swatch = element("i", { class: "swatch" });
    swatch.style.backgroundColor = colours.of(report.server);
    const near = this.#towns.describe(report);
    this.#root.replaceChildren(
      element("div", {}, swatch, idElement(report.id, "b")),
      element("div", { text: near ? `${near} · ${degrees(report)}` : degrees(report) }),
      element("div", { text: `${age(ageOf(report))}, taken by ${visible(String(report.server))}` }),
      ...(more ? [element("div", { class: "more", text: `and ${count(more)} more here` })] : []),
    );
    this.#place(point);
  }

  say(words, point) {
    this.#root.replaceChildren(element("b", { text: words }));
    this.#place(point);
  }

  hide() {
    this.#root.hidden = true;
  }

  // Beside the pointer, and always whole on the screen.
  #place({ x, y }) {
    this.#root.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#root;
    const left = x + 16 + width > innerWidth ? x - 16 - width : x + 16;
    const top = y + 16 + height > innerHeight ? y - 16 - height : y + 16;
    this.#root.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }
}
