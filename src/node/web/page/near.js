// The list of who is within the circle, as the server answered.

class NearList {
  #root;
  #title;
  #list;
  #radius;
  #only;
  #ids = [];

  // `choose(id)` for who is picked, `resize(kilometres)` for another radius, `only(whether)` for
  // watching nothing but the circle, `close()`.
  constructor(root, { choose, resize, only, close }) {
    this.#root = root;
    this.#title = root.querySelector("h2");
    this.#list = root.querySelector("ol");
    this.#radius = root.querySelector("input[type=number]");
    this.#only = root.querySelector("input[type=checkbox]");
    this.#radius.addEventListener("change", () => resize(Number(this.#radius.value)));
    this.#only.addEventListener("change", () => only(this.#only.checked));
    root.querySelector("[data-close]").addEventListener("click", close);
    this.#list.addEventListener("click", (event) => {
      const at = [...this.#list.children].indexOf(event.target.closest("li"));
      if (at >= 0) choose(this.#ids[at]);
    });
  }

  open(kilometres) {
    this.#root.hidden = false;
    this.#radius.value = kilometres < 10 ? kilometres.toFixed(3) : kilometres.toFixed(1);
    if (!this.#list.children.length) setText(this.#title, "Asking who is near …");
  }

  close() {
    this.#root.hidden = true;
    this.#only.checked = false;
    this.#list.replaceChildren();
  }

  show(clients, limit) {
    if (clients === null) return setText(this.#title, "The server does not say who is near");
    const many = clients.length >= limit ? `${limit} or more clients` : plural(clients.length, "client");
    setText(this.#title, clients.length ? `${many} in the circle` : "Nobody is in the circle");
    // Items are used again, so that who has the focus keeps it.
    while (this.#list.children.length > clients.length) this.#list.lastChild.remove();
    while (this.#list.children.length < clients.length) this.#list.append(nearItem());
    this.#ids = clients.map(({ id }) => String(id));
    clients.forEach((client, at) => fillItem(this.#list.children[at], client));
  }
}

function nearItem() {
  const button = element("button", { type: "button" }, element("bdi", { class: "id" }), element("small"));
  return element("li", {}, button);
}

function fillItem(item, { id, kilometres }) {
  const [name, away] = item.firstChild.children;
  setText(name, visible(String(id)));
  setText(away, distance(Number(kilometres)));
}
