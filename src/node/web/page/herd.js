// What the server says of itself and its herd (`/status`), and how much is going on.

const STATUS_EVERY_MS = 2000;
const STATUS_DENIED_MS = 30000; // a token's rights do not change, but another one may be shown
const RATE_WINDOW = 5; // seconds over which reports a second are taken
const HISTORY = 60; // seconds that the little curve shows
const BEHIND_SECONDS = 1; // less is the time that telling takes, and not being behind

class Herd {
  #status = null;
  #isDenied = false;
  #clients;
  #samples = []; // each second: reports so far, of all and by server

  constructor(clients) {
    this.#clients = clients;
  }

  get status() {
    return this.#status;
  }

  // The server that we talk with, "" as long as it has not said who it is.
  get own() {
    return text(this.#status?.server);
  }

  // Whether our token does not allow to see the servers.
  get isDenied() {
    return this.#isDenied;
  }

  get ownInWords() {
    return this.own ? visible(this.own) : "the server";
  }

  // Asks again and again; `then` is called after each answer.
  follow(then) {
    const look = async () => {
      if (!document.hidden) {
        let refused = 0;
        const status = await askJson("/status", (code) => (refused = code));
        this.#isDenied = refused === 403;
        if (status) this.#take(status);
        then();
      }
      setTimeout(look, this.#isDenied ? STATUS_DENIED_MS : STATUS_EVERY_MS);
    };
    look();
  }

  // To be called each second.
  sample() {
    const byServer = new Map(this.#names().map((name) => [name, this.#clients.servers.reportsOf(name)]));
    const all = [...byServer.values()].reduce((a, b) => a + b, 0);
    this.#samples.push({ at: performance.now(), all, byServer });
    if (this.#samples.length > HISTORY + 1) this.#samples.shift();
  }

  // What was told when the stream began is no report of this second.
  restartRates() {
    this.#samples = [];
    this.sample();
  }

  // Reports a second, of one server or of all.
  rate(name) {
    const last = this.#samples.at(-1);
    const first = this.#samples.at(-1 - RATE_WINDOW) ?? this.#samples[0];
    if (!last || last === first) return 0;
    const of = (sample) => (name === undefined ? sample.all : (sample.byServer.get(name) ?? 0));
    return ((of(last) - of(first)) * 1000) / (last.at - first.at);
  }

  // The reports of each second that is remembered, oldest first.
  history() {
    return this.#samples.slice(1).map((sample, at) => {
      const before = this.#samples[at];
      return ((sample.all - before.all) * 1000) / Math.max(1, sample.at - before.at);
    });
  }

  // All servers that are known of, this one first: from the status and from who took reports.
  servers() {
    const { own } = this;
    const names = this.#names().filter((name) => name !== own).sort();
    return (own ? [own, ...names] : names).map((name) => ({
      name,
      own: name === own,
      clients: this.#clients.servers.clientsOf(name),
      rate: this.rate(name),
    }));
  }

  // The links: those of this server with their state, the others of the herd as far as the status
  // names them (`servers`: [{name, talks_with}]), whose state cannot be seen from here.
  links() {
    const { own } = this;
    const links = this.#neighbours().map((neighbour) => ({
      from: own,
      to: text(neighbour.name),
      ours: directionState(neighbour.dialled),
      theirs: directionState(neighbour.accepted),
      agrees: neighbour.agrees ?? null,
      words: linkWords(neighbour),
    }));
    const known = new Set(links.map(({ from, to }) => pairKey(from, to)));
    for (const server of array(this.#status?.servers)) {
      for (const other of array(server?.talks_with)) {
        const key = pairKey(text(server.name), text(other));
        if (known.has(key)) continue;
        known.add(key);
        links.push({ from: text(server.name), to: text(other), ours: "unseen", theirs: "unseen", agrees: null, words: "" });
      }
    }
    return links.filter(({ from, to }) => from && to);
  }

  #take(status) {
    this.#status = status;
    // So that each has its colour from the start.
    for (const name of this.#names()) this.#clients.servers.index(name);
  }

  #neighbours() {
    return array(this.#status?.neighbours).filter((neighbour) => text(neighbour?.name));
  }

  #names() {
    const told = [
      this.own,
      ...this.#neighbours().map(({ name }) => name),
      ...array(this.#status?.servers).map((server) => text(server?.name)),
      ...this.#clients.servers.names,
    ];
    return [...new Set(told.filter(Boolean))];
  }
}

// The answer comes from our own server, but perhaps from another version of it.
function text(value) {
  return typeof value === "string" ? value : "";
}

function array(value) {
  return Array.isArray(value) ? value : [];
}

function pairKey(a, b) {
  return JSON.stringify([a, b].sort());
}

function isBehind(direction) {
  return direction?.behind_changes > 0 && !(direction.behind_seconds < BEHIND_SECONDS);
}

function directionState(direction) {
  if (!direction?.up) return "down";
  return isBehind(direction) ? "behind" : "up";
}

// `dialled` is the link on which we tell the neighbour, `accepted` the one on which it tells us.
function linkWords({ dialled, accepted, agrees }) {
  const said = [];
  if (dialled?.up && accepted?.up) said.push(`linked${since(dialled, accepted)}`);
  else if (dialled?.up) said.push(`hears us, but we do not hear it${since(accepted)}`);
  else if (accepted?.up) said.push(`we hear it, but it does not hear us${since(dialled)}`);
  else said.push(`no link${since(dialled, accepted)}`);
  if (dialled?.up && isBehind(dialled)) said.push(`it is ${lag(dialled)} behind`);
  if (accepted?.up && isBehind(accepted)) said.push(`we are ${lag(accepted)} behind`);
  if (agrees === true) said.push("agrees");
  if (agrees === false) said.push("does not agree");
  return said.join(", ");
}

function since(...directions) {
  const seconds = Math.min(...directions.map((direction) => direction?.since_seconds ?? Infinity));
  return Number.isFinite(seconds) ? ` for ${duration(seconds)}` : "";
}

function lag({ behind_changes: changes, behind_seconds: seconds }) {
  const time = Number.isFinite(seconds) ? ` (${duration(seconds)})` : "";
  return `${plural(changes, "change")}${time}`;
}
