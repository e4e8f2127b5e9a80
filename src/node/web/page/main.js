// Puts the page together: the stream feeds the clients, frames draw them, the panel tells of them.

const $ = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 760px)");
const coarse = matchMedia("(pointer: coarse)");

const clients = new Clients(ageOf);
const herd = new Herd(clients);
const towns = new Towns();
const world = new World($("map"), calm.matches);
const labels = new Labels($("labels"), towns);
const dots = new Dots($("dots"), clients);
const graph = new Graph($("graph"), $("links"));
const card = new Card($("client"), clients, towns, (id) => choose(id));
const tip = new Tip($("tip"), towns);
const picture = new Picture(clients);
const connection = new Connection($("banner"), herd, clients);
clients.glides = !calm.matches;

// ---- what the server tells -------------------------------------------------------------------

const stream = new EventStream({
  opened(resumed) {
    picture.opened(resumed);
    connection.back();
    frames.wake();
  },
  event(name, data, id) {
    picture.heard(id);
    const happened = EVENTS[name];
    if (happened) happened(data);
  },
  turned() {
    setAttribute(document.body, "data-clients", String(clients.size));
    frames.wake();
  },
  lost: (reason) => connection.lost(reason),
  shut: () => connection.shut(),
});

const EVENTS = {
  at(report) {
    const now = performance.now();
    if (!clients.take(report, now)) return;
    if (picture.isWhole) dots.pulse(report.id, now);
    if (report.id === card.id) card.took(report);
  },
  out: ({ id }) => leave(id, "It has left the circle."),
  gone: ({ id, server }) => leave(id, `It was forgotten at ${visible(String(server))}.`),
  expired: ({ id }) => leave(id, "Its last report has become too old."),
  now() {
    const { anew, restarted } = picture.told();
    if (!anew) return;
    herd.restartRates();
    if (restarted) connection.startedAnew();
    if (card.id !== null && !clients.has(card.id)) card.ended("The server does not know it any more.");
    if (!view.isChosen && clients.size) view.showAll();
  },
};

function leave(id, words) {
  clients.forget(id);
  if (id === card.id) card.ended(words);
}

// ---- frames ----------------------------------------------------------------------------------

const frames = new Frames((now) => {
  const at = world.view();
  if (view.changed(at)) labels.draw(at, colours);
  const selected = card.id === null ? -1 : clients.slotOf(card.id);
  const hovered = pointer.slot();
  dots.draw(at, now, colours, { selected, hovered, trail: card.trail });
  if (selected >= 0 && $("follow").checked) view.keep(clients.drawnAt(selected, now), at, now);
  pointer.look();
  return clients.isMoving(now) || dots.isPulsing() || world.isZooming();
});

// ---- the view --------------------------------------------------------------------------------

const PAN_SECONDS = 0.6;

const view = {
  isChosen: false, // whether somebody has chosen what is to be seen, so that it is left so
  last: "", // what was drawn last, to know when names are to be drawn anew
  panning: 0, // until when

  changed({ size, left, top }) {
    const key = [size, left, top, $("map").clientWidth, $("map").clientHeight, colours.name].join();
    const changed = key !== this.last;
    this.last = key;
    return changed;
  },

  showAll() {
    world.fit(clients.reports(), panel.covered());
  },

  goTo(place, zoom) {
    world.goTo(place, Math.max(world.leaflet.getZoom(), zoom), panel.covered());
  },

  // Keeps who is followed within the middle half of the map.
  keep({ x, y }, { size, left, top }, now) {
    if (now < this.panning) return;
    const { right, bottom } = panel.covered();
    const [width, height] = [$("map").clientWidth - right, $("map").clientHeight - bottom];
    const across = shortWay(0.5, (x * size + left - width / 2) / size + 0.5) * size;
    const down = y * size + top - height / 2;
    const away = Math.abs(across) > width / 4 || Math.abs(down) > height / 4;
    if (!away || world.isZooming()) return;
    this.panning = now + 1000 * PAN_SECONDS;
    world.leaflet.panBy([across, down], { animate: !calm.matches, duration: PAN_SECONDS });
  },

  // The view is in the address after `#`, so that it can be kept and passed on.
  restore() {
    const [zoom, latitude, longitude] = location.hash.slice(1).split("/").map(Number);
    this.isChosen = [zoom, latitude, longitude].every(Number.isFinite) && location.hash.length > 1;
    if (this.isChosen) world.leaflet.setView([latitude, longitude], zoom, { animate: false });
    else world.leaflet.setView([25, 10], world.leaflet.getMinZoom(), { animate: false });
  },

  save() {
    const { lat, lng } = world.leaflet.getCenter();
    const zoom = world.leaflet.getZoom().toFixed(2);
    history.replaceState(null, "", `#${zoom}/${lat.toFixed(4)}/${wrapLongitude(lng).toFixed(4)}`);
  },
};

world.leaflet.on("move zoom viewreset resize zoomanim", () => frames.wake());
for (const doing of ["wheel", "pointerdown"]) {
  $("map").addEventListener(doing, () => (view.isChosen = true), { capture: true, passive: true });
}
world.leaflet.on("dragstart", () => ($("follow").checked = false));
let saving = 0;
world.leaflet.on("moveend", () => {
  clearTimeout(saving);
  if (view.isChosen) saving = setTimeout(() => view.save(), 400);
});

// ---- choosing --------------------------------------------------------------------------------

async function choose(id, { others = [], go = true } = {}) {
  const report = clients.reportOf(id) ?? (await askJson(`/clients/${encodeURIComponent(id)}`));
  if (!report) return connection.say(`No client is called “${visible(id)}”.`);
  card.show(id, report, others);
  card.refresh(colours);
  panel.open();
  view.isChosen = true;
  if (go) view.goTo(report, 5);
  frames.wake();
}

const search = new Search({ input: $("search"), list: $("choices"), more: $("more") }, clients, {
  around() {
    const middle = world.leaflet.getSize().divideBy(2);
    return dots.at(middle, Math.hypot(middle.x, middle.y));
  },
  choose,
});

const pointer = new Pointer(world, clients, {
  find: (point, reach) => (circle.isDrawing ? [] : dots.at(point, dots.radius + reach)),
  hover(slots, point) {
    if (slots.length) tip.show(clients.report(slots[0]), slots.length - 1, point, colours);
    else tip.hide();
    frames.wake();
  },
  click(slots) {
    if (!slots.length) return clear();
    const [id, ...others] = slots.map((slot) => clients.report(slot).id);
    choose(id, { others, go: false });
  },
});

const near = new NearList($("near"), {
  choose,
  resize: (kilometres) => circle.resize(kilometres),
  only: (whether) => stream.watch(whether ? circle.query : ""),
  close: () => circle.clear(),
});

const circle = new Circle(world, {
  drawing(whether) {
    setAttribute($("circle"), "aria-pressed", String(whether));
    document.body.classList.toggle("drawing", whether);
    if (!whether) return connection.hush();
    const enter = coarse.matches ? "" : ", or press Enter for one in the middle";
    connection.say(`Drag a circle on the map${enter}.`);
    $("map").focus({ preventScroll: true }); // so that Enter is not the button's
  },
  dragged(kilometres, point) {
    view.isChosen = true;
    if (kilometres === null) tip.hide();
    else tip.say(distance(kilometres), { x: point[0], y: point[1] });
  },
  drawn(centre, kilometres) {
    near.open(kilometres);
    panel.open();
    if ($("only").checked) stream.watch(circle.query);
  },
  answered: (found) => near.show(found, circle.limit),
  cleared() {
    if ($("only").checked) stream.watch("");
    near.close();
    panel.settle();
  },
});

function clear() {
  if (circle.isDrawing) return circle.startDrawing(false);
  if (card.id !== null) {
    card.hide();
    panel.settle();
  } else if (circle.isThere) circle.clear();
  tip.hide();
  frames.wake();
}

// ---- buttons and keys ------------------------------------------------------------------------

// On a narrow screen the panel is a sheet that is drawn up and put down; on a wide one it is open.
const panel = {
  open: () => panel.toggle(true),
  toggle(wanted) {
    const open = $("panel").classList.toggle("open", wanted);
    setAttribute($("sheet"), "aria-expanded", String(open));
  },

  // Down again, when what it was drawn up for is gone.
  settle: () => panel.toggle(!$("client").hidden || !$("near").hidden),

  // How much of the map it covers at the right and at the bottom, in pixels.
  covered() {
    const { left, top } = $("panel").getBoundingClientRect();
    return narrow.matches ? { right: 0, bottom: innerHeight - top } : { right: innerWidth - left, bottom: 0 };
  },
};

const STEP_PX = 120;
const KEYS = {
  "/": () => search.focus(),
  Escape: clear,
  c: () => circle.startDrawing(!circle.isDrawing),
  a: () => view.showAll(),
  "+": () => world.leaflet.zoomIn(),
  "=": () => world.leaflet.zoomIn(),
  "-": () => world.leaflet.zoomOut(),
  ArrowLeft: () => world.leaflet.panBy([-STEP_PX, 0]),
  ArrowRight: () => world.leaflet.panBy([STEP_PX, 0]),
  ArrowUp: () => world.leaflet.panBy([0, -STEP_PX]),
  ArrowDown: () => world.leaflet.panBy([0, STEP_PX]),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input:not([type='checkbox'])");
  if (typing && event.key !== "Escape") return;
  if (event.key === "Enter" && circle.isDrawing && !event.target.closest("button")) circle.dropInTheMiddle();
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  view.isChosen = true;
  event.preventDefault();
});

function onClick(id, then) {
  $(id).addEventListener("click", () => {
    view.isChosen = true;
    then();
  });
}

onClick("in", () => world.leaflet.zoomIn());
onClick("out", () => world.leaflet.zoomOut());
onClick("all", () => view.showAll());
onClick("circle", () => circle.startDrawing(!circle.isDrawing));
onClick("sheet", () => panel.toggle());
onClick("go", () => view.goTo(card.place, 9));
onClick("close", clear);

// ---- colours, and what goes on each second ---------------------------------------------------

let colours;
function chooseColours() {
  colours = new Colours(clients.servers);
  world.colours(colours);
  circle.colours(colours);
  frames.wake();
}

function showNumbers() {
  herd.sample();
  const { status } = herd;
  const all = Number.isFinite(status?.clients) ? status.clients : clients.size;
  setText($("clients"), $("only").checked ? `${count(clients.size)} of ${count(all)}` : count(clients.size));
  setText($("rate"), perSecond(herd.rate()).replace("/s", ""));
  setText($("fps"), frames.rate === null ? "at rest" : String(frames.rate));
  setAttribute(document.body, "data-fps", String(frames.rate ?? ""));
  setText($("herd"), text(status?.herd) || "herd");
  setText($("seen"), herd.own ? `seen from ${herd.ownInWords}` : "");
  document.title = connection.titled(`${visible(herd.own) || "Herd"}: ${plural(clients.size, "client")}`);
  drawCurve($("curve"), herd.history());
  $("unseen").hidden = !herd.isDenied;
  graph.show(herd, colours);
  card.refresh(colours);
  connection.refresh();
  pointer.look();
}

dark.addEventListener("change", chooseColours);
calm.addEventListener("change", () => (clients.glides = !calm.matches));
view.restore();
chooseColours();
showNumbers();
setInterval(showNumbers, 1000);
setInterval(() => clients.lookAtAges() && frames.wake(), 5000);
herd.follow(() => graph.show(herd, colours));
stream.watch("");
