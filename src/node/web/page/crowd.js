// Thousands of dots, pixel by pixel. Handing 10,000 small pictures to the canvas takes a slow
// machine 20 ms a frame; writing their pixels into one picture takes 2.
//
// Dots are opaque (age is mixed into the colour beforehand), so that a pixel is written and never
// blended: what is solid covers what is there, the soft edge is written where nothing is yet.

const SOLID_ALPHA = 200; // of 255; fainter pixels of a dot are its edge
const EDGE_ALPHA = 40; // what is fainter still is left out

class Crowd {
  #image = null;
  #pixels = null;
  #margin = 0;
  #stamps = [];
  #stampsOf = null;

  // Paints the clients whose fade is in [from, to) of each pair of `layers`, in that order. The
  // sprites are square canvases by server and fade; `around` is the world's size, in pixels.
  paint(context, clients, sprites, layers, ratio, around) {
    this.#fit(context.canvas, sprites);
    this.#pixels.fill(0);
    for (const [from, to] of layers) this.#paintLayer(clients, from, to, ratio, around);
    context.putImageData(this.#image, -this.#margin, -this.#margin);
  }

  #paintLayer({ screenX, screenY, server, fade, size }, from, to, ratio, around) {
    const width = this.#image.width;
    const margin = this.#margin;
    const half = margin / 2;
    const [right, bottom] = [width - margin - half, this.#image.height - margin - half];
    for (let slot = 0; slot < size; slot++) {
      const age = fade[slot];
      if (age < from || age >= to) continue;
      const y = Math.round(screenY[slot] * ratio);
      if (y < -half || y >= bottom) continue;
      const stamp = this.#stamps[server[slot]][age];
      for (let x = Math.round(screenX[slot] * ratio); x < right; x += Math.round(around)) {
        if (x >= -half) this.#stamp(stamp, (y + margin) * width + x + margin);
      }
    }
  }

  #stamp({ solid, solidColours, edge, edgeColours }, at) {
    const pixels = this.#pixels;
    for (let index = 0; index < solid.length; index++) pixels[at + solid[index]] = solidColours[index];
    for (let index = 0; index < edge.length; index++) {
      const pixel = at + edge[index];
      if (pixels[pixel] === 0) pixels[pixel] = edgeColours[index];
    }
  }

  // A picture of the canvas's size with a margin that holds a whole dot, so that none is cut.
  #fit({ width, height }, sprites) {
    const margin = sprites[0][0].width;
    const same = this.#image?.width === width + 2 * margin && this.#image?.height === height + 2 * margin;
    if (same && this.#stampsOf === sprites) return;
    this.#margin = margin;
    this.#image = new ImageData(width + 2 * margin, height + 2 * margin);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#stampsOf = sprites;
    this.#stamps = sprites.map((ages) => ages.map((sprite) => stampOf(sprite, this.#image.width)));
  }
}

// A sprite's pixels: how far from its middle each is in a picture of that width, and its colour.
function stampOf(sprite, width) {
  const side = sprite.width;
  const { data } = sprite.getContext("2d").getImageData(0, 0, side, side);
  const colours = new Uint32Array(data.buffer);
  const stamp = { solid: [], solidColours: [], edge: [], edgeColours: [] };
  for (let index = 0; index < colours.length; index++) {
    const alpha = data[4 * index + 3];
    if (alpha < EDGE_ALPHA) continue;
    const kind = alpha >= SOLID_ALPHA ? "solid" : "edge";
    stamp[kind].push((Math.floor(index / side) - side / 2) * width + (index % side) - side / 2);
    stamp[`${kind}Colours`].push(colours[index]);
  }
  const packed = (list, type) => type.from(list);
  return {
    solid: packed(stamp.solid, Int32Array),
    solidColours: packed(stamp.solidColours, Uint32Array),
    edge: packed(stamp.edge, Int32Array),
    edgeColours: packed(stamp.edgeColours, Uint32Array),
  };
}
