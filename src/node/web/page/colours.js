// The colours of the page's style sheet, for what is drawn by hand.
class Colours {
  #servers;

  constructor(servers) {
    this.#servers = servers;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    for (const name of ["land", "coast", "net", "town", "label", "text", "rim", "accent", "font", "name"]) {
      this[name] = colour(name);
    }
    this.servers = Array.from({ length: SERVER_COLOURS }, (_, at) => colour(`server-${at}`));
  }

  // The colour of a server, by its name.
  of(name) {
    return this.servers[this.#servers.colour(this.#servers.index(name))];
  }
}
