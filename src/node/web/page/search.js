// The search box: finds clients by a part of their ids; with nothing in it, those around the
// middle of the map, so that the map can be read without a pointer.

const CHOICES_MAX = 30;

class Search {
  #input;
  #list;
  #more;
  #clients;
  #around;
  #choose;
  #ids = [];
  #at = -1;

  // `around()` tells the slots in view, nearest to the middle first; `choose(id)` is called with
  // the id that was chosen, known or not.
  constructor({ input, list, more }, clients, { around, choose }) {
    [this.#input, this.#list, this.#more] = [input, list, more];
    [this.#clients, this.#around, this.#choose] = [clients, around, choose];
    input.addEventListener("input", () => this.#look());
    input.addEventListener("focus", () => this.#look());
    input.addEventListener("blur", () => this.close());
    input.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    list.addEventListener("click", (event) => {
      const choice = event.target.closest("[data-at]");
      if (choice) this.#take(this.#ids[Number(choice.dataset.at)]);
    });
  }

  focus() {
    this.#input.focus();
    this.#input.select();
  }

  close() {
    this.#show([], 0);
  }

  #look() {
    const wanted = this.#input.value.trim().toLowerCase();
    if (wanted) {
      const { ids, more } = this.#matches(wanted);
      this.#show(ids, more, "No client that is shown has this in its id. Enter asks the server.");
    } else {
      const slots = this.#around();
      const ids = slots.slice(0, CHOICES_MAX).map((slot) => this.#clients.report(slot).id);
      this.#show(ids, slots.length - ids.length, "No client is in view.");
    }
  }

  // Ids that begin with it come first, then those that have it anywhere; the shorter before the
  // longer, so that an id that is typed in full is the first.
  #matches(wanted) {
    const found = [];
    for (const { id } of this.#clients.reports()) {
      const at = id.toLowerCase().indexOf(wanted);
      if (at >= 0) found.push({ id, late: at > 0 });
    }
    found.sort((a, b) => a.late - b.late || a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
    const ids = found.slice(0, CHOICES_MAX).map(({ id }) => id);
    return { ids, more: found.length - ids.length };
  }

  #show(ids, more, none = "") {
    this.#ids = ids;
    this.#list.replaceChildren(...ids.map((id, at) => this.#choice(id, at)));
    this.#more.textContent = ids.length ? (more > 0 ? `and ${count(more)} more` : "") : none;
    const open = ids.length > 0 || none !== "";
    this.#list.parentElement.hidden = !open;
    this.#input.setAttribute("aria-expanded", String(open));
    this.#mark(ids.length && this.#input.value.trim() ? 0 : -1);
  }

  #choice(id, at) {
    const report = this.#clients.reportOf(id);
    const seconds = element("small", { text: age(ageOf(report)) });
    return element("li", { role: "option", id: `choice-${at}`, "data-at": at }, idElement(id), seconds);
  }

  #mark(at) {
    this.#at = at;
    [...this.#list.children].forEach((choice, index) => {
      choice.setAttribute("aria-selected", String(index === at));
      if (index === at) choice.scrollIntoView({ block: "nearest" });
    });
    if (at >= 0) this.#input.setAttribute("aria-activedescendant", `choice-${at}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const last = this.#ids.length - 1;
    if (event.key === "ArrowDown") this.#mark(this.#at < last ? this.#at + 1 : 0);
    else if (event.key === "ArrowUp") this.#mark(this.#at > 0 ? this.#at - 1 : last);
    else if (event.key === "Enter") this.#take(this.#ids[this.#at] ?? this.#input.value.trim());
    else if (event.key === "Escape") {
      this.#input.value = "";
      this.#input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(id) {
    if (!id) return;
    this.#input.value = "";
    this.#input.blur();
    this.#choose(id);
  }
}
