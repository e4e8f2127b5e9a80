// Says in words when the server is lost and when it is back. What is read out to who cannot see
// it is said once; the seconds that pass are only shown.

const BACK_SHOWN_MS = 6000;
const SLIDE_MS = 400; // a little longer than the style sheet's transition

class Connection {
  #banner;
  #words;
  #seconds;
  #herd;
  #clients;
  #since = null; // when it was lost, or null
  #seen = "";
  #reason = null;
  #hiding = 0;

  constructor(banner, herd, clients) {
    this.#banner = banner;
    [this.#words, this.#seconds] = banner.children;
    [this.#herd, this.#clients] = [herd, clients];
  }

  lost(reason) {
    const first = this.#since === null;
    if (!first && reason === this.#reason) return;
    if (first) {
      this.#since = performance.now();
      this.#seen = this.#clients.size ? ` You see what was so at ${clockTime(Date.now() / 1000)}.` : "";
    }
    this.#reason = reason;
    document.body.dataset.state = "lost";
    const why = reason ? ` ${reason}` : "";
    this.#show(`Lost ${this.#herd.ownInWords}.${why} Trying to reach it again.${this.#seen}`, "bad");
    this.refresh();
  }

  back() {
    document.body.dataset.state = "live";
    if (this.#since === null) return;
    const away = duration((performance.now() - this.#since) / 1000);
    this.#since = this.#reason = null;
    this.#show(`${this.#who()} is back after ${away}.`, "good");
    this.#hideSoon();
  }

  // It is there, and wants a token: the dialog says so.
  shut() {
    this.#since = this.#reason = null;
    document.body.dataset.state = "shut";
    this.#hide();
  }

  // The server that is back is one that was started again.
  startedAnew() {
    if (this.#since !== null) return;
    this.#show(`${this.#who()} is back, started anew. This is what it now knows.`, "good");
    this.#hideSoon();
  }

  // Something that is said for a moment.
  say(words) {
    if (this.#since !== null) return;
    this.#show(words, "plain");
    this.#hideSoon();
  }

  // What was said for a moment is done with.
  hush() {
    if (this.#since === null && this.#banner.className === "plain") this.#hide();
  }

  refresh() {
    const seconds = this.#since === null ? 0 : (performance.now() - this.#since) / 1000;
    setText(this.#seconds, seconds >= 1 ? duration(seconds) : "");
  }

  titled(title) {
    return this.#since === null ? title : `(lost) ${title}`;
  }

  #who() {
    const words = this.#herd.ownInWords;
    return words[0].toUpperCase() + words.slice(1);
  }

  #show(words, kind) {
    clearTimeout(this.#hiding);
    setText(this.#words, words);
    setText(this.#seconds, "");
    this.#banner.className = kind;
  }

  #hideSoon() {
    this.#hiding = setTimeout(() => this.#hide(), BACK_SHOWN_MS);
  }

  // The words go too, when they are out of sight, so that the same ones are read out next time.
  #hide() {
    clearTimeout(this.#hiding);
    this.#banner.className = "hidden";
    this.#hiding = setTimeout(() => setText(this.#words, ""), SLIDE_MS);
  }
}
