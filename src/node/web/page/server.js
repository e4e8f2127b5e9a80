// Talking with the server that the page came from, and with no other.

const token = new Token(document.getElementById("token"));

// The one place that knows where requests go and what they carry. A token goes as a header, so that
// it stays out of addresses. By `Accept` the server knows a page, which asks for tokens itself.
async function ask(path, { headers = {}, signal }) {
  await token.ready(signal);
  const shown = token.value;
  const authorization = shown ? { Authorization: `Bearer ${encodeHeader(shown) || "?"}` } : {};
  const all = { Accept: "application/json", ...headers, ...authorization };
  const answer = await fetch(path, { headers: all, signal, cache: "no-store" });
  noteClock(answer.headers.get("Date"));
  if (answer.status === 401) token.refused(shown);
  return answer;
}

// Ages are by the server's clock where this machine's is wrong. A `Date` has whole seconds, so
// that a small difference says nothing.
const CLOCK_DOUBT_SECONDS = 3;
let clockAhead = 0;

function noteClock(date) {
  const seconds = Date.parse(date) / 1000;
  if (!Number.isFinite(seconds)) return;
  const ahead = seconds + 0.5 - Date.now() / 1000;
  clockAhead = Math.abs(ahead) > CLOCK_DOUBT_SECONDS ? ahead : 0;
}

function ageOf(report) {
  return Date.now() / 1000 + clockAhead - Number(report.time);
}

const ANSWER_WAIT_MS = 8000;

// Asks for JSON; null if there is none within reasonable time. `refused` is called with the status of an
// answer that is none.
async function askJson(path, refused = () => {}) {
  try {
    const answer = await ask(path, { signal: AbortSignal.timeout(ANSWER_WAIT_MS) });
    if (answer.ok) return await answer.json();
    refused(answer.status);
  } catch {
    // There is none.
  }
  return null;
}

// `near`'s arguments: six decimals are 11 cm, a kilometre's three a metre.
function nearQuery({ latitude, longitude }, kilometres) {
  return `near=${latitude.toFixed(6)},${wrapLongitude(longitude).toFixed(6)}&km=${kilometres.toFixed(3)}`;
}

// The server says something every 15 s; after twice that and more it is taken for dead.
const SILENCE_MAX_MS = 35000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 3000;

// The server's events, for as long as the page is open.
//
// It reads server-sent events with `fetch` instead of `EventSource`, which can carry no token in a
// header, gives up for good at an answer like 503, and cannot notice a server that is silent
// because its machine is gone. The rest is as there: it comes back by itself and says
// (`Last-Event-ID`) what it heard last.
//
// It tells its `listener`:
//   opened(resumed)      the server is there; `resumed`: it was asked to go on from where we were
//   event(name, data, id)
//   turned(now)          a chunk's events have been told
//   lost(reason)         it is not there any more, or still not; `reason` in words, or null
//   shut()               it wants a token, which somebody is asked for
class EventStream {
  #listener;
  #query = "";
  #lastId = "";
  #ending = new AbortController();
  #hurry = () => {};

  constructor(listener) {
    this.#listener = listener;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  // Listens to what fits a query ("" is everything) instead of what was listened to before.
  watch(query) {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#query = query;
    this.#lastId = ""; // what was heard of one filter says nothing about another
    this.#listen(this.#ending.signal);
  }

  async #listen(ended) {
    let wait = RETRY_MIN_MS;
    while (!ended.aborted) {
      await token.ready(ended).catch(() => {});
      if (ended.aborted) return;
      const { heard, reason, isShut } = await this.#connection(ended);
      if (ended.aborted) return;
      if (isShut) {
        this.#listener.shut();
        continue;
      }
      if (heard) wait = RETRY_MIN_MS;
      this.#listener.lost(reason);
      await this.#pause(wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, RETRY_MAX_MS);
    }
  }

  #pause(milliseconds) {
    return new Promise((resume) => {
      const timer = setTimeout(resume, milliseconds);
      this.#hurry = () => {
        clearTimeout(timer);
        resume();
      };
    });
  }

  // One connection, from its beginning to its end.
  async #connection(ended) {
    const silence = new AbortController();
    const end = () => silence.abort();
    ended.addEventListener("abort", end);
    let watchdog = setTimeout(end, SILENCE_MAX_MS);
    let heard = false;
    try {
      const resumed = this.#lastId !== "";
      const headers = { Accept: "text/event-stream" };
      if (resumed) headers["Last-Event-ID"] = encodeHeader(this.#lastId);
      const answer = await ask(`/events${this.#query && `?${this.#query}`}`, {
        headers,
        signal: silence.signal,
      });
      if (answer.status === 401) return { isShut: true };
      if (!answer.ok) return { heard, reason: `It answers ${answer.status}.` };
      heard = true;
      this.#listener.opened(resumed);
      const lines = new EventLines((name, data, id) => {
        this.#lastId = id || this.#lastId;
        this.#listener.event(name, data, id);
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done || ended.aborted) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(end, SILENCE_MAX_MS);
        lines.take(value);
        this.#listener.turned();
      }
    } catch {
      // Refused, reset or silent: for who looks at the map it is all the same.
    } finally {
      clearTimeout(watchdog);
      ended.removeEventListener("abort", end);
    }
    return { heard, reason: null };
  }
}

function encodeHeader(id) {
  return /^[\x20-\x7e]*$/.test(id) ? id : "";
}

// Cuts a stream of text into events, as the HTML standard's "event stream" says; comments and
// fields that are not ours are passed over, and so is data that is no JSON.
class EventLines {
  #tell;
  #rest = "";
  #name = "";
  #data = "";
  #id = "";

  constructor(tell) {
    this.#tell = tell;
  }

  take(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  #line(line) {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") this.#data += this.#data ? `\n${value}` : value;
    else if (field === "event") this.#name = value;
    else if (field === "id") this.#id = value;
  }

  #end() {
    const [name, data] = [this.#name, this.#data];
    this.#name = this.#data = "";
    if (!name) return;
    try {
      this.#tell(name, data === "" ? {} : JSON.parse(data), this.#id);
    } catch (fault) {
      console.error(fault);
    }
  }
}
