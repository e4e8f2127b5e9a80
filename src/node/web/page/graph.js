// The herd as a little graph: a disc for each server, as large as its share of the clients and in
// the colour of its dots; between neighbours two lines, one for each direction; on them whether
// both hold the same.

const SVG = "http://www.w3.org/2000/svg";
const GRAPH_WIDTH = 320;
const GRAPH_HEIGHT = 226;
const LINES_APART = 2.6;
// With more servers the figures, and with still more the names, would lie on each other: they are
// titles then.
const FIGURES_MAX = 8;
const NAMES_AROUND_MAX = 14;

class Graph {
  #svg;
  #words;
  #shape = "";
  #parts = null;
  #small = 1; // how much smaller discs are, with many servers

  constructor(svg, words) {
    this.#svg = svg;
    this.#words = words;
    svg.setAttribute("viewBox", `0 0 ${GRAPH_WIDTH} ${GRAPH_HEIGHT}`);
  }

  // Shows the herd as it now is. What is there is changed and not made anew, so that what moves
  // goes on moving and a pointer's title stays.
  show(herd, colours) {
    const servers = herd.servers();
    const links = herd.links();
    const shape = JSON.stringify([servers.map(({ name }) => name), links.map(({ from, to }) => [from, to])]);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(servers, links);
    }
    const all = servers.reduce((sum, { clients }) => sum + clients, 0);
    for (const server of servers) this.#showServer(server, all, colours.of(server.name));
    links.forEach((link, at) => showLink(this.#parts.links[at], link));
    this.#svg.classList.toggle("busy", herd.rate() > 0);
    this.#showWords(links);
  }

  #build(servers, links) {
    const places = ringPlaces(servers);
    const lines = links.map((link) => linkParts(places.get(link.from), places.get(link.to)));
    const named = servers.length <= NAMES_AROUND_MAX;
    const counted = servers.length <= FIGURES_MAX;
    const parts = (server) => serverParts(server, places.get(server.name), named, counted);
    const nodes = new Map(servers.map((server) => [server.name, parts(server)]));
    this.#small = Math.min(1, Math.sqrt(FIGURES_MAX / servers.length));
    this.#parts = { links: lines, nodes };
    const groups = [...lines.map(({ group }) => group), ...[...nodes.values()].map(({ group }) => group)];
    this.#svg.replaceChildren(...groups);
  }

  #showServer({ name, clients, rate }, all, colour) {
    const parts = this.#parts.nodes.get(name);
    const share = all ? clients / all : 0;
    setAttribute(parts.disc, "r", (this.#small * (6 + 11 * Math.sqrt(share))).toFixed(1));
    setAttribute(parts.disc, "fill", colour);
    setText(parts.figures, `${count(clients)} · ${perSecond(rate)}`);
    setText(parts.title, `${visible(name)}: took the last report of ${plural(clients, "client")}, ${perSecond(rate)} reports`);
  }

  // The same in words, for who does not see the graph and for who wants it exactly.
  #showWords(links) {
    const seen = links.filter(({ words }) => words);
    while (this.#words.children.length > seen.length) this.#words.lastChild.remove();
    while (this.#words.children.length < seen.length) {
      this.#words.append(element("li", {}, element("b"), element("span")));
    }
    seen.forEach(({ to, words, ours, theirs, agrees }, at) => {
      const [name, said] = this.#words.children[at].children;
      setText(name, `${visible(to)} `);
      setText(said, words);
      setAttribute(this.#words.children[at], "class", worst(ours, theirs, agrees));
    });
    const states = seen.map(({ ours, theirs, agrees }) => worst(ours, theirs, agrees));
    const well = states.filter((state) => state === "up" || state === "linked").length;
    setAttribute(this.#svg, "aria-label", `The herd's links: ${well} of ${states.length} are well. In words below.`);
  }
}

function perSecond(rate) {
  return `${rate >= 10 || rate === 0 ? count(Math.round(rate)) : rate.toFixed(1)}/s`;
}

function worst(ours, theirs, agrees) {
  if (ours === "down" || theirs === "down") return "down";
  if (ours === "behind" || theirs === "behind") return "behind";
  if (agrees === null) return "linked"; // and not compared yet
  return agrees ? "up" : "apart";
}

// Around an ellipse, this server at the top; one alone in the middle.
function ringPlaces(servers) {
  const [x, y] = [GRAPH_WIDTH / 2, GRAPH_HEIGHT / 2 + 4];
  if (servers.length === 1) return new Map([[servers[0].name, { x, y }]]);
  const at = (turn) => ({ x: x + 118 * Math.sin(turn), y: y - 66 * Math.cos(turn) });
  return new Map(servers.map(({ name }, index) => [name, at((2 * Math.PI * index) / servers.length)]));
}

function svgElement(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function serverParts({ name, own }, { x, y }, named, counted) {
  const title = svgElement("title", {});
  const disc = svgElement("circle", { cx: x, cy: y, r: 6, class: "server" });
  const group = svgElement("g", { class: own ? "own" : "" }, title);
  if (own) group.append(svgElement("circle", { cx: x, cy: y, r: 20.5, class: "halo" }));
  group.append(disc);
  // Outside the ring, where no link runs.
  const below = y >= GRAPH_HEIGHT / 2 - 20;
  const label = svgElement("text", { x, y: below ? y + 30 : y - 38, class: "name" });
  label.textContent = visible(name);
  const figures = svgElement("text", { x, y: below ? y + 42 : y - 26, class: "figures" });
  if (named) group.append(label);
  if (counted) group.append(figures);
  return { group, title, disc, figures };
}

function linkParts(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const [acrossX, acrossY] = [(-(b.y - a.y) / length) * LINES_APART, ((b.x - a.x) / length) * LINES_APART];
  const line = (from, to, side) =>
    svgElement("path", { d: `M${from.x + acrossX * side} ${from.y + acrossY * side}L${to.x + acrossX * side} ${to.y + acrossY * side}` });
  const ours = line(a, b, 1);
  const theirs = line(b, a, -1);
  const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
  const badge = svgElement("circle", { cx: x, cy: y, r: 7.5 });
  const sign = svgElement("text", { x, y: y + 4 });
  const title = svgElement("title", {});
  const mark = svgElement("g", { class: "mark" }, badge, sign);
  return { group: svgElement("g", {}, title, ours, theirs, mark), ours, theirs, mark, sign, title };
}

const SIGNS = { up: "=", apart: "≠", behind: "…", down: "×" };

function showLink(parts, { from, to, ours, theirs, agrees, words }) {
  setAttribute(parts.ours, "class", `link ${ours}`);
  setAttribute(parts.theirs, "class", `link ${theirs}`);
  const state = ours === "unseen" ? "unseen" : worst(ours, theirs, agrees);
  setAttribute(parts.mark, "class", `mark ${state}`);
  setText(parts.sign, SIGNS[state] ?? "");
  const pair = `${visible(from)} and ${visible(to)}`;
  setText(parts.title, words ? `${pair}: ${words}` : `${pair}: not seen from here`);
}

function setText(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// A minute of reports a second as a curve.
function drawCurve(path, values) {
  const top = Math.max(1, ...values);
  const point = (value, at) =>
    `${(100 - (values.length - 1 - at) * (100 / (HISTORY - 1))).toFixed(2)} ${(22 - (value / top) * 20).toFixed(2)}`;
  setAttribute(path, "d", values.length > 1 ? `M${values.map(point).join("L")}` : "");
}
