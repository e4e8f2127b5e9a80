// Whether the picture is whole.
//
// A server tells everything at the beginning of a stream, up to `now`;
// one that is asked to go on from where we were tells only what is new, unless it is another one
// than before (its ids name another epoch): then it tells everything again, and who is not told
// again has to go.
class Picture {
  #clients;
  #epoch = null;
  #anew = false;
  #restarted = false;
  isWhole = false; // all that was so at the beginning has been told

  constructor(clients) {
    this.#clients = clients;
  }

  opened(resumed) {
    if (!resumed) this.#expectEverything();
  }

  heard(id) {
    if (!id) return;
    const epoch = id.slice(0, Math.max(0, id.lastIndexOf("-")));
    const another = this.#epoch !== null && epoch !== this.#epoch;
    if (another && !this.#anew) this.#expectEverything();
    this.#restarted ||= another;
    this.#epoch = epoch;
  }

  // `now` came. Tells what it ended: `anew`, a telling of everything; `restarted`, by another life
  // of the server than the one that told before.
  told() {
    const ended = { anew: this.#anew, restarted: this.#restarted };
    if (ended.anew) this.#clients.keepOnlyTold();
    this.#anew = this.#restarted = false;
    this.isWhole = true;
    return ended;
  }

  #expectEverything() {
    this.#anew = true;
    this.isWhole = false;
    this.#clients.expectEverything();
  }
}
