// What the page says: ages, places and numbers in words, and strangers' text made harmless.

const NUMBERS = new Intl.NumberFormat("en");

function count(number) {
  return NUMBERS.format(number);
}

function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// A length of time, with the one unit that matters.
function duration(seconds) {
  if (seconds < 90) return plural(Math.max(0, Math.round(seconds)), "second");
  if (seconds < 90 * 60) return plural(Math.round(seconds / 60), "minute");
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), "hour");
  return plural(Math.round(seconds / 86400), "day");
}

// How long ago that was. A report may be of the future: clients' clocks are their own.
function age(seconds) {
  if (!Number.isFinite(seconds)) return "at an unknown time";
  if (seconds < -2) return `in ${duration(-seconds)}, by its clock`;
  if (seconds < 2) return "now";
  return `${duration(seconds)} ago`;
}

function clockTime(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "";
  const today = new Date().toDateString() === date.toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

function degrees(place) {
  const { latitude, longitude } = place;
  const north = `${Math.abs(latitude).toFixed(5)}° ${latitude < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(longitude).toFixed(5)}° ${longitude < 0 ? "W" : "E"}`;
}

function distance(kilometres) {
  if (kilometres < 1) return `${Math.round(kilometres * 1000)} m`;
  if (kilometres < 10) return `${kilometres.toFixed(1)} km`;
  return `${count(Math.round(kilometres))} km`;
}

const POINTS = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

function compass(degrees) {
  return POINTS[Math.round(degrees / 45) % 8];
}

// An id is any text that a stranger chose: shown as text and never as markup, what would turn or
// break the line as a visible mark, and what is too long with its middle left out.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHOWN_MAX = 120;

function visible(text) {
  const characters = Array.from(text);
  const shown =
    characters.length <= SHOWN_MAX
      ? text
      : `${characters.slice(0, SHOWN_MAX - 20).join("")}…${characters.slice(-19).join("")}`;
  return shown.replace(UNSEEN, "\u{fffd}");
}

// An element with text in it: the only way in which the page makes elements. `attributes` are set
// as such, but for `text` and for `on...`, which are listeners.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function idElement(id, name = "bdi") {
  return element(name, { class: "id", text: visible(id), title: id.length > SHOWN_MAX ? plural(id.length, "character") : null });
}
