// The token that the server may want: taken from the page's own address or asked for, and kept in
// the tab, so that it is gone with it.

const TOKEN_KEY = "herd.token";

class Token {
  #dialog;
  #words;
  #field;
  #value = "";
  #given = null; // while it is asked for: a promise that is kept when somebody has given one
  #give = null;

  constructor(dialog) {
    this.#dialog = dialog;
    this.#words = dialog.querySelector("[role=status]");
    this.#field = dialog.querySelector("input");
    // There is nothing behind it to be seen, and browsers may close it all the same.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => this.#given && !dialog.open && dialog.showModal());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take(this.#field.value.trim());
    });
    // `/?token=...` is how one comes who was given an address: it must stay in no history.
    const address = new URL(location);
    const given = address.searchParams.get("token");
    if (given === null) {
      this.#value = stored();
    } else {
      address.searchParams.delete("token");
      history.replaceState(null, "", address);
      this.#keep(given.trim());
    }
  }

  get value() {
    return this.#value;
  }

  // Resolves at once unless one is asked for; then when it has been given, or when the signal ends
  // the wait.
  async ready(signal) {
    if (!this.#given) return;
    signal.throwIfAborted();
    const ended = new Promise((end) => signal.addEventListener("abort", end, { once: true }));
    await Promise.race([this.#given, ended]);
    signal.throwIfAborted();
  }

  // The server has not taken what it was shown: somebody is asked, if that is still all there is.
  refused(shown) {
    if (shown !== this.#value || this.#given) return;
    this.#given = new Promise((give) => (this.#give = give));
    this.#field.value = "";
    setText(this.#words, shown ? "The server does not take that token: it is wrong, or its time is over." : "");
    this.#keep("");
    this.#dialog.showModal();
    this.#field.focus();
  }

  #take(value) {
    this.#keep(value);
    this.#given = null;
    this.#dialog.close();
    this.#give();
  }

  // A browser may be told to keep nothing: then it is for this page.
  #keep(value) {
    this.#value = value;
    try {
      if (value) sessionStorage.setItem(TOKEN_KEY, value);
      else sessionStorage.removeItem(TOKEN_KEY);
    } catch {
      // See above.
    }
  }
}

function stored() {
  try {
    return sessionStorage.getItem(TOKEN_KEY) ?? "";
  } catch {
    return "";
  }
}
