// Answers on their way: kept in the browser until the server has committed them, sent in order, each once.
// An answer carries its own key, so that sending it again is harmless.

import { _ } from "../words.js";
import { behindPaint } from "./moments.js";

const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
const REMEMBERED_MS = 60000;
const CLOCKS_MS = 1000; // by so much the page's clock may be off the wall's

export class Outbox {
  // `changed({waiting, problem, signIn})`; `saved(entry, data)`, without data when another tab has sent it;
  // `refused(entry, sentence)` of one that was not taken, with an image's id where only its part was not.
  constructor(name, { changed, refused, saved }) {
    this.prefix = `squint-outbox-${name}/`;
    this.sent = `squint-sent-${name}`;
    this.listeners = { changed, refused, saved };
    this.unstored = new Map(); // where the browser's store is full or shut: gone with the tab, so said loudly
    this.failures = 0;
    this.sending = false;
    addEventListener("online", () => this.flush());
    addEventListener("focus", () => this.flush());
    addEventListener("storage", (event) => this.changedElsewhere(event));
  }

  // One stored entry for each answer, so that two tabs never write over each other's; names sort by age.
  names() {
    const stored = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
    return [...stored, ...this.unstored.keys()].sort();
  }

  entries() {
    return this.names()
      .map((name) => this.read(name))
      .filter(Boolean);
  }

  read(name) {
    const entry = this.unstored.get(name) ?? JSON.parse(localStorage.getItem(name));
    return entry && { ...entry, name };
  }

  keys() {
    return new Set(this.names().map((name) => name.slice(name.indexOf("-", this.prefix.length) + 1)));
  }

  // `item`: what the screen needs to show the answer again after a reload.
  add(url, body, item = null) {
    const newest =
      this.names()
        .at(-1)
        ?.slice(this.prefix.length, this.prefix.length + 13) ?? 0;
    this.age = Math.max(Date.now(), (this.age ?? 0) + 1, Number(newest) + 1);
    const name = `${this.prefix}${this.age}-${body.key}`;
    try {
      localStorage.setItem(name, JSON.stringify({ url, body, item }));
    } catch {
      this.unstored.set(name, { url, body, item });
    }
    this.tell();
    behindPaint(() => this.flush());
  }

  remove(entry) {
    this.unstored.delete(entry.name);
    localStorage.removeItem(entry.name);
  }

  changedElsewhere({ key, oldValue, newValue }) {
    if (!key?.startsWith(this.prefix)) return;
    if (newValue === null && oldValue) this.listeners.saved(JSON.parse(oldValue));
    this.tell();
  }

  tell(problem = null, signIn = false) {
    const waiting = this.names().length;
    const full = this.unstored.size ? _("this browser stores nothing; keep this tab open.") : null;
    this.listeners.changed({ waiting, problem: waiting ? (problem ?? full) : null, signIn });
  }

  async flush() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      // One tab sends at a time, where the browser can promise that; elsewhere the keys make doubles harmless.
      await (navigator.locks ? navigator.locks.request(this.prefix, () => this.sendAll()) : this.sendAll());
    } finally {
      this.sending = false;
    }
    if (!this.names().length || this.signedOut) return;
    this.timer = setTimeout(
      () => this.flush(),
      this.failures ? RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] : 0,
    );
  }

  async sendAll() {
    this.signedOut = false;
    for (let name = this.names()[0]; name; name = this.names()[0]) {
      const entry = this.read(name);
      if (!entry) continue; // another tab has sent it
      const answer = await post(entry.url, entry.body);
      if (answer.ok) this.settled(entry, () => this.taken(entry, answer.data));
      else if (answer.refused) this.settled(entry, () => this.refuse(entry, answer.sentence));
      else return this.failed(answer);
    }
    return undefined;
  }

  settled(entry, said) {
    this.failures = 0;
    this.remove(entry);
    said();
    this.tell();
  }

  // Of a page of answers some may be refused, each with its reason.
  taken(entry, data) {
    this.remember(entry);
    this.listeners.saved(entry, data);
    for (const { image_id: id, sentence } of data.refused ?? []) this.listeners.refused(entry, sentence, id);
  }

  remember({ url, body, item }) {
    const at = Date.now();
    const young = this.lately().filter((one) => one.at > at - REMEMBERED_MS);
    try {
      localStorage.setItem(this.sent, JSON.stringify([...young, { at, url, body, item }]));
    } catch {
      // The next page may lack it until it is loaded again; the answer itself is safe.
    }
  }

  lately() {
    return JSON.parse(localStorage.getItem(this.sent) ?? "[]");
  }

  // What was taken since this page was asked for, or just before: the server may have made the page without knowing it.
  overtaking() {
    return this.lately().filter(({ at }) => at >= performance.timeOrigin - CLOCKS_MS);
  }

  refuse(entry, sentence) {
    // What was never taken needs no taking back.
    for (const later of this.entries()) if (later.body.undoes === entry.body.key) this.remove(later);
    this.listeners.refused(entry, sentence);
  }

  failed({ status, sentence }) {
    this.signedOut = status === 401;
    this.failures += 1;
    this.tell(this.signedOut ? _("please sign in again, your answers wait here.") : sentence, this.signedOut);
  }
}

// `refused`: our server understood and said no. Anything else, such as a proxy's page, says nothing about the answer.
export async function post(url, body) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15000),
    });
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json") ?? false;
    const data = isJson ? await response.json() : {};
    const { ok, status } = response;
    const refused = isJson && [404, 409, 422].includes(status);
    return { ok: ok && isJson, status, data, refused, sentence: data.error ?? _("the server answered with an error.") };
  } catch {
    return { ok: false, status: 0, data: {}, refused: false, sentence: _("the server cannot be reached.") };
  }
}
