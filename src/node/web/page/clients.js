// Who is where: the clients that the server has told of, and where each is drawn at this moment.
//
// A client is a slot in typed arrays without gaps (the last slot fills the one that is freed), so
// that thousands can be moved in each frame. What is not needed in each frame is in its report,
// as it was told: {id, latitude, longitude, time, server, difference}.

// Between two reports a dot takes as long as the client takes between reports, so that it moves
// evenly; who has long been silent comes in a second.
const GLIDE_MIN_MS = 150;
const GLIDE_MAX_MS = 6000;
const GLIDE_AFTER_SILENCE_MS = 1000;
const GLIDE_LATENESS = 1.08; // a little longer than the last interval, so as not to stop and go
const TAIL = 0.6; // how much of a glide a dot draws behind it

// From which age (seconds) on a dot is drawn how faint; later entries are fainter.
const FADE_AGES = [0, 60, 600, 3600, 6 * 3600, 86400];

class Clients {
  #slots = new Map(); // id -> slot
  #reports = [];
  #arrivals = [];
  #told = []; // in which telling of everything a client was last told
  #telling = 0;
  #servers = new Servers();
  #moving = 0; // until when somebody glides, by the page's clock (milliseconds)
  // World coordinates: where a glide began, and how far it leads (short way); its time.
  #fromX = new Float64Array(1024);
  #fromY = new Float64Array(1024);
  #byX = new Float64Array(1024);
  #byY = new Float64Array(1024);
  #start = new Float64Array(1024);
  #length = new Float64Array(1024);
  // What a frame left for who draws and who points: the place on the screen, and how to draw it.
  screenX = new Float32Array(1024);
  screenY = new Float32Array(1024);
  tailX = new Float32Array(1024); // from there to where the dot is leads its tail
  tailY = new Float32Array(1024);
  server = new Uint8Array(1024);
  fade = new Uint8Array(1024);

  #ageOf;
  glides = true; // or jumps, for who prefers less motion

  // `ageOf` tells how old a report is, in seconds.
  constructor(ageOf) {
    this.#ageOf = ageOf;
  }

  get size() {
    return this.#reports.length;
  }

  get servers() {
    return this.#servers;
  }

  has(id) {
    return this.#slots.has(id);
  }

  slotOf(id) {
    return this.#slots.get(id) ?? -1;
  }

  reportOf(id) {
    return this.#reports[this.slotOf(id)] ?? null;
  }

  report(slot) {
    return this.#reports[slot];
  }

  reports() {
    return this.#reports;
  }

  isMoving(now) {
    return now < this.#moving;
  }

  // Takes a report; true if it is news and not what was already known.
  take(report, now) {
    const { id, latitude, longitude } = report;
    if (typeof id !== "string" || !Number.isFinite(latitude) || !Number.isFinite(longitude)) {
      return false;
    }
    const x = worldX(longitude);
    const y = worldY(latitude);
    const known = this.#slots.get(id);
    const slot = known ?? this.#add(id, x, y);
    const before = this.#reports[slot];
    const news = !before || before.time !== report.time || before.server !== report.server;
    if (before && news) this.#glide(slot, x, y, now);
    this.#reports[slot] = report;
    this.#told[slot] = this.#telling;
    this.#servers.moved(before?.server, report.server, news);
    this.server[slot] = this.#servers.index(report.server);
    this.fade[slot] = this.#fadeOf(report);
    if (news) this.#arrivals[slot] = now;
    return news;
  }

  forget(id) {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#servers.moved(this.#reports[slot].server, undefined, false);
    this.#slots.delete(id);
    const last = this.size - 1;
    if (slot !== last) this.#copySlot(last, slot);
    for (const list of [this.#reports, this.#arrivals, this.#told]) list.pop();
  }

  // Everything is told anew from here on: `keepOnlyTold` then forgets who was not told again.
  expectEverything() {
    this.#telling += 1;
  }

  keepOnlyTold() {
    const gone = this.#reports.filter((_, slot) => this.#told[slot] !== this.#telling);
    for (const { id } of gone) this.forget(id);
  }

  // Looks at all ages; true if some dot is to be drawn otherwise than before.
  lookAtAges() {
    let changed = false;
    for (let slot = 0; slot < this.size; slot++) {
      const fade = this.#fadeOf(this.#reports[slot]);
      changed ||= this.fade[slot] !== fade;
      this.fade[slot] = fade;
    }
    return changed;
  }

  // Puts everybody on the screen for one frame. A view is the world's size and its north-western
  // corner in pixels; the world repeats to the east and to the west, and a dot's first place that
  // is not left of the screen's edge (by `margin`) is what counts.
  project(view, margin, now) {
    const { size, left, top } = view;
    for (let slot = 0; slot < this.size; slot++) {
      const since = (now - this.#start[slot]) / this.#length[slot];
      const part = Math.min(1, since);
      const tail = Math.max(0, part - Math.max(0, since - TAIL));
      const [byX, byY] = [this.#byX[slot] * size, this.#byY[slot] * size];
      const x = this.#fromX[slot] * size + left + byX * part;
      const into = x - Math.floor((x + margin) / size) * size;
      const y = this.#fromY[slot] * size + top + byY * part;
      this.screenX[slot] = into;
      this.screenY[slot] = y;
      this.tailX[slot] = into - byX * tail;
      this.tailY[slot] = y - byY * tail;
    }
  }

  // Where a client is drawn at this moment, in world coordinates.
  drawnAt(slot, now) {
    const part = Math.min(1, (now - this.#start[slot]) / this.#length[slot]);
    return {
      x: this.#fromX[slot] + this.#byX[slot] * part,
      y: this.#fromY[slot] + this.#byY[slot] * part,
    };
  }

  #fadeOf(report) {
    const seconds = this.#ageOf(report);
    let fade = FADE_AGES.length - 1;
    while (fade > 0 && !(seconds >= FADE_AGES[fade])) fade -= 1;
    return fade;
  }

  #glide(slot, x, y, now) {
    const at = this.drawnAt(slot, now);
    const since = now - this.#arrivals[slot];
    let length = since < GLIDE_MAX_MS ? since * GLIDE_LATENESS : GLIDE_AFTER_SILENCE_MS;
    if (!this.glides) length = 0;
    this.#fromX[slot] = at.x - Math.floor(at.x); // however often it went around the world
    this.#fromY[slot] = at.y;
    this.#byX[slot] = shortWay(at.x, x);
    this.#byY[slot] = y - at.y;
    this.#start[slot] = now;
    this.#length[slot] = this.glides ? Math.max(GLIDE_MIN_MS, length) : 1e-3;
    this.#moving = Math.max(this.#moving, now + this.#length[slot] * (1 + TAIL) + 50);
  }

  #add(id, x, y) {
    const slot = this.size;
    if (slot === this.fade.length) this.#makeRoom();
    this.#slots.set(id, slot);
    this.#fromX[slot] = x;
    this.#fromY[slot] = y;
    this.#byX[slot] = this.#byY[slot] = this.#start[slot] = 0;
    this.#length[slot] = 1;
    return slot;
  }

  #copySlot(from, to) {
    for (const array of this.#arrays()) array[to] = array[from];
    for (const list of [this.#reports, this.#arrivals, this.#told]) list[to] = list[from];
    this.#slots.set(this.#reports[to].id, to);
  }

  #arrays() {
    return [
      this.#fromX, this.#fromY, this.#byX, this.#byY, this.#start, this.#length,
      this.screenX, this.screenY, this.tailX, this.tailY, this.server, this.fade,
    ];
  }

  #makeRoom() {
    const twice = (old) => {
      const room = new old.constructor(old.length * 2);
      room.set(old);
      return room;
    };
    [
      this.#fromX, this.#fromY, this.#byX, this.#byY, this.#start, this.#length,
      this.screenX, this.screenY, this.tailX, this.tailY, this.server, this.fade,
    ] = this.#arrays().map(twice);
  }
}

// The servers of the herd as far as they are known, each with a colour of its own, and what the
// reports tell of them: whose last report each took, and how many a second.
const SERVER_COLOURS = 8;

class Servers {
  #names = [];
  #clients = [];
  #reports = [];

  get names() {
    return this.#names;
  }

  index(name) {
    const known = this.#names.indexOf(name);
    if (known >= 0) return known;
    if (this.#names.length === 255) return 254; // a byte in each slot
    this.#clients.push(0);
    this.#reports.push(0);
    return this.#names.push(name) - 1;
  }

  // A server's colour: by its place among the names in order, so that it is the same tomorrow.
  colour(index) {
    const name = this.#names[index];
    return this.#names.filter((other) => other < name).length % SERVER_COLOURS;
  }

  moved(from, to, counted) {
    if (from !== undefined) this.#clients[this.index(from)] -= 1;
    if (to !== undefined) this.#clients[this.index(to)] += 1;
    if (to !== undefined && counted) this.#reports[this.index(to)] += 1;
  }

  clientsOf(name) {
    return this.#clients[this.#names.indexOf(name)] ?? 0;
  }

  // How many reports each has taken since the page was opened.
  reportsOf(name) {
    return this.#reports[this.#names.indexOf(name)] ?? 0;
  }
}
