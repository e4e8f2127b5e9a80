// Draws frames as long as there is something to be drawn, and counts them.

class Frames {
  #draw;
  #asked = false;
  #counted = 0;
  #since = 0;
  rate = null; // frames in the last second, or null when the page is at rest

  // `draw(now)` tells whether the next frame will look otherwise.
  constructor(draw) {
    this.#draw = draw;
    setInterval(() => this.#measure(), 1000);
  }

  wake() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#counted += 1;
      if (this.#draw(performance.now())) this.wake();
    });
  }

  #measure() {
    const now = performance.now();
    const rate = Math.round((this.#counted * 1000) / (now - this.#since));
    this.rate = this.#asked || this.#counted > 10 ? rate : null;
    [this.#since, this.#counted] = [now, 0];
  }
}
