// Draws frames as long as there is something to be drawn, and measures how many a second.

const FRAMES_MIN = 5; // fewer in a second say nothing

class Frames {
  #draw;
  #asked = false;
  #last = null; // when the frame was drawn that this one follows without a rest
  #counted = 0;
  #milliseconds = 0;
  rate = null; // frames a second while there was something to draw, or null when the page rested

  // `draw(now)` tells whether the next frame will look otherwise.
  constructor(draw) {
    this.#draw = draw;
    setInterval(() => this.#measure(), 1000);
  }

  wake() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#frame(performance.now()));
  }

  #frame(now) {
    this.#asked = false;
    if (this.#last !== null) {
      this.#counted += 1;
      this.#milliseconds += now - this.#last;
    }
    const goesOn = this.#draw(now);
    this.#last = goesOn ? now : null;
    if (goesOn) this.wake();
  }

  #measure() {
    const said = this.#counted >= FRAMES_MIN;
    this.rate = said ? Math.round((this.#counted * 1000) / this.#milliseconds) : null;
    this.#counted = this.#milliseconds = 0;
  }
}
