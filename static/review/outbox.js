// Answers on their way: kept in the browser until the server has committed them, sent in order, each once.
// An answer carries its own key, so that sending it again is harmless.

const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

export class Outbox {
  // `changed(state)` hears {waiting, problem, signIn}; `refused(entry, sentence)` of an answer that was not taken.
  constructor(name, { changed, refused, saved }) {
    this.name = `squint-outbox-${name}`;
    this.listeners = { changed, refused, saved };
    this.failures = 0;
    this.sending = false;
    addEventListener("online", () => this.flush());
    addEventListener("storage", (event) => event.key === this.name && this.tell());
  }

  entries() {
    return JSON.parse(localStorage.getItem(this.name) ?? "[]");
  }

  store(entries) {
    localStorage.setItem(this.name, JSON.stringify(entries));
  }

  add(url, body) {
    this.store([...this.entries(), { url, body }]);
    this.tell();
    this.flush();
  }

  remove(key) {
    this.store(this.entries().filter((entry) => entry.body.key !== key));
  }

  has(key) {
    return this.entries().some((entry) => entry.body.key === key);
  }

  tell(problem = null, signIn = false) {
    this.listeners.changed({ waiting: this.entries().length, problem, signIn });
  }

  async flush() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    // One tab sends at a time, where the browser can promise that; elsewhere the keys make doubles harmless.
    const send = () => this.sendAll();
    await (navigator.locks ? navigator.locks.request(this.name, send) : send());
    this.sending = false;
    if (this.entries().length && !this.blocked) {
      this.timer = setTimeout(() => this.flush(), RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] ?? 1000);
    }
  }

  async sendAll() {
    this.blocked = false;
    for (let entry = this.entries()[0]; entry; entry = this.entries()[0]) {
      const answer = await post(entry.url, entry.body);
      if (answer.ok) {
        this.failures = 0;
        this.remove(entry.body.key);
        this.listeners.saved(entry);
        this.tell();
      } else if ([401, 403].includes(answer.status)) {
        this.blocked = true;
        return this.tell("Please sign in again; your answers wait here.", true);
      } else if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
        this.remove(entry.body.key);
        this.listeners.refused(entry, answer.sentence);
        this.tell();
      } else {
        this.failures += 1;
        return this.tell(answer.sentence);
      }
    }
  }
}

export async function post(url, body) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15000),
    });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const data = isJson ? await response.json() : {};
    return { ok: response.ok && isJson, status: response.status, data, sentence: data.error ?? "The server answered with an error." };
  } catch {
    return { ok: false, status: 0, data: {}, sentence: "The server cannot be reached." };
  }
}
