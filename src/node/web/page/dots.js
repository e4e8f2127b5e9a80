// The dots: one canvas over the map, drawn by hand, since ten thousand markers of Leaflet's would
// each be an object to move. A dot is a small picture made beforehand for each colour and age.
// A few are drawn as such, between the pixels too, so that slow ones do not hop; a crowd's pixels
// are copied (see `Crowd`).

const CROWD_MIN = 1000; // so many dots are painted pixel by pixel, without tails, which would be a haze
const NAMES_MAX = 40; // so few dots in view have their ids beside them
const NAME_LENGTH = 24;
const PULSES_MAX = 250;
const PULSE_MS = 900;
const FADE_ALPHAS = [1, 0.82, 0.66, 0.5, 0.38, 0.28];
const LAYERS = [[2, 6], [0, 2]]; // the old ones first, so that those that are fresh lie on top

class Dots {
  #canvas;
  #context;
  #clients;
  #sprites = [];
  #spritesFor = "";
  #crowd = new Crowd();
  #pulses = new Map(); // id -> when it began
  #radius = 4;
  #view = { size: 256, left: 0, top: 0 };
  #width = 0;
  #height = 0;

  constructor(canvas, clients) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#clients = clients;
  }

  // A report came: a ring goes out from the dot, unless there are too many to see one.
  pulse(id, now) {
    if (this.#pulses.size < PULSES_MAX && this.#clients.size <= PULSES_MAX) this.#pulses.set(id, now);
  }

  isPulsing() {
    return this.#pulses.size > 0;
  }

  // `marked`: {selected, hovered, trail}: slots (-1 for none) and the selected one's way so far.
  draw(view, now, colours, marked) {
    const { width, height, ratio } = fitCanvas(this.#canvas, this.#context);
    [this.#view, this.#width, this.#height] = [view, width, height];
    this.#radius = this.#chooseRadius(view);
    this.#prepareSprites(colours, ratio);
    this.#clients.project(view, this.#radius + 2, now);
    const crowded = this.#clients.size >= CROWD_MIN;
    if (crowded) this.#drawCrowd(ratio);
    else this.#context.clearRect(0, 0, width, height);
    if (!crowded) this.#drawTails(colours);
    this.#drawTrail(marked.trail, colours);
    this.#drawPulses(now, colours);
    if (!crowded) for (const [from, to] of LAYERS) this.#drawDots(ratio, from, to);
    this.#drawNames(colours);
    for (const slot of [marked.hovered, marked.selected]) {
      if (slot >= 0) this.#drawMark(slot, colours, slot === marked.selected);
    }
  }

  // Who is drawn within `reach` pixels of a point, nearest first. All are looked at: going through
  // the places that the last frame left takes 0.03 ms for 10,000, less than keeping an index.
  at({ x, y }, reach) {
    const { screenX, screenY, size } = this.#clients;
    const worldSize = this.#view.size;
    const found = [];
    for (let slot = 0; slot < size; slot++) {
      const down = screenY[slot] - y;
      if (down > reach || down < -reach) continue;
      let along = screenX[slot] - x;
      along -= Math.round(along / worldSize) * worldSize;
      const away = along * along + down * down;
      if (away <= reach * reach) found.push({ slot, away });
    }
    return found.sort((a, b) => a.away - b.away).map(({ slot }) => slot);
  }

  get radius() {
    return this.#radius;
  }

  #chooseRadius(view) {
    const crowd = this.#clients.size;
    const base = crowd <= 60 ? 6 : crowd <= CROWD_MIN ? 4.5 : crowd <= 5000 ? 3.5 : 3;
    const narrow = this.#width < 500 ? 1 : 0;
    const zoom = Math.log2(view.size / 256);
    return Math.round(Math.min(7, base - narrow + Math.max(0, zoom - 4) * 0.35) * 2) / 2;
  }

  #prepareSprites(colours, ratio) {
    const servers = this.#clients.servers;
    const key = [this.#radius, ratio, colours.name, servers.names.length].join();
    if (key === this.#spritesFor) return;
    this.#spritesFor = key;
    this.#sprites = servers.names.map((_, index) =>
      FADE_ALPHAS.map((alpha) => this.#sprite(colours.servers[servers.colour(index)], alpha, colours, ratio)),
    );
  }

  #sprite(colour, alpha, colours, ratio) {
    const half = Math.ceil((this.#radius + 1) * ratio);
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = 2 * half;
    const context = sprite.getContext("2d");
    context.translate(half, half);
    context.scale(ratio, ratio);
    disc(context, 0, 0, this.#radius + 0.5, colours.rim);
    disc(context, 0, 0, this.#radius - 0.5, colours.land);
    context.globalAlpha = alpha;
    disc(context, 0, 0, this.#radius - 0.5, colour);
    return sprite;
  }

  #drawCrowd(ratio) {
    this.#crowd.paint(this.#context, this.#clients, this.#sprites, LAYERS, ratio, this.#view.size * ratio);
  }

  #drawDots(ratio, fadeFrom, fadeTo) {
    const { screenX, screenY, server, fade, size } = this.#clients;
    if (size === 0) return;
    const context = this.#context;
    const half = this.#sprites[0][0].width / 2;
    const [right, bottom] = [(this.#width + this.#radius) * ratio, (this.#height + this.#radius) * ratio];
    const around = this.#view.size * ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    for (let slot = 0; slot < size; slot++) {
      const age = fade[slot];
      if (age < fadeFrom || age >= fadeTo) continue;
      const y = screenY[slot] * ratio;
      if (y < -half || y > bottom) continue;
      const sprite = this.#sprites[server[slot]][age];
      for (let x = screenX[slot] * ratio; x < right; x += around) {
        context.drawImage(sprite, x - half, y - half);
      }
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // From where the last report was to where the dot has come: which way it is going.
  #drawTails(colours) {
    const { screenX, screenY, tailX, tailY, server, fade, size, servers } = this.#clients;
    const context = this.#context;
    context.lineWidth = Math.max(1.5, this.#radius * 0.7);
    context.lineCap = "round";
    context.globalAlpha = 0.35;
    for (let index = 0; index < servers.names.length; index++) {
      context.strokeStyle = colours.servers[servers.colour(index)];
      context.beginPath();
      for (let slot = 0; slot < size; slot++) {
        if (server[slot] !== index || fade[slot] > 0) continue;
        for (let by = 0; screenX[slot] + by < this.#width + this.#radius; by += this.#view.size) {
          context.moveTo(tailX[slot] + by, tailY[slot]);
          context.lineTo(screenX[slot] + by, screenY[slot]);
        }
      }
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #drawTrail(trail, colours) {
    if (trail.length < 2) return;
    const { size, left, top } = this.#view;
    const context = this.#context;
    context.strokeStyle = colours.accent;
    context.lineWidth = 2;
    context.globalAlpha = 0.7;
    context.beginPath();
    // The trail is unrolled: each point beside the one before it, also across the 180th meridian.
    let x = trail[0].x;
    const turns = Math.floor((x * size + left) / size);
    context.moveTo((x - turns) * size + left, trail[0].y * size + top);
    for (const point of trail) {
      x += shortWay(x, point.x);
      context.lineTo((x - turns) * size + left, point.y * size + top);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  #drawPulses(now, colours) {
    const context = this.#context;
    const { screenX, screenY, server, servers } = this.#clients;
    context.lineWidth = 1.5;
    for (const [id, began] of this.#pulses) {
      const part = (now - began) / PULSE_MS;
      const slot = this.#clients.slotOf(id);
      if (part >= 1 || slot < 0) {
        this.#pulses.delete(id);
        continue;
      }
      context.globalAlpha = (1 - part) * 0.7;
      context.strokeStyle = colours.servers[servers.colour(server[slot])];
      circlePath(context, screenX[slot], screenY[slot], this.#radius + part * 14);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  // Their ids, where there is room for them.
  #drawNames(colours) {
    const { screenX, screenY, size } = this.#clients;
    const inView = [];
    for (let slot = 0; slot < size && inView.length <= NAMES_MAX; slot++) {
      const hidden = screenX[slot] > this.#width || screenY[slot] < 0 || screenY[slot] > this.#height;
      if (!hidden) inView.push(slot);
    }
    if (inView.length > NAMES_MAX) return;
    const context = this.#context;
    context.font = `600 12px ${colours.font}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    context.strokeStyle = colours.rim;
    context.fillStyle = colours.text;
    const named = [];
    for (const slot of inView) {
      const name = shortened(this.#clients.report(slot).id);
      const [x, y] = [screenX[slot] + this.#radius + 6, screenY[slot]];
      const right = x + context.measureText(name).width;
      const taken = (other) => Math.abs(other.y - y) < 14 && other.x < right + 8 && x < other.right + 8;
      if (named.some(taken)) continue;
      named.push({ x, y, right });
      context.strokeText(name, x, y);
      context.fillText(name, x, y);
    }
  }

  #drawMark(slot, colours, selected) {
    const context = this.#context;
    const { screenX, screenY } = this.#clients;
    for (let x = screenX[slot]; x < this.#width + this.#radius; x += this.#view.size) {
      context.lineWidth = selected ? 5 : 4;
      context.strokeStyle = colours.rim;
      circlePath(context, x, screenY[slot], this.#radius + 3.5);
      context.stroke();
      context.lineWidth = selected ? 2.5 : 1.5;
      context.strokeStyle = colours.accent;
      context.stroke();
    }
  }
}

function shortened(id) {
  const start = visible(id.slice(0, 4 * NAME_LENGTH));
  return start.length > NAME_LENGTH ? `${start.slice(0, NAME_LENGTH - 1)}…` : start;
}

function circlePath(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function disc(context, x, y, radius, colour) {
  circlePath(context, x, y, radius);
  context.fillStyle = colour;
  context.fill();
}
