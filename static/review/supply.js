// The next images, leased and decoded before they are needed.

import { post } from "./outbox.js";

const WANTED = 20;
const REFILL_AT = 12;

export class Supply {
  constructor(url, { busy, told }) {
    this.url = url;
    this.items = [];
    this.out = new Map(); // answered here, perhaps not yet known to the server
    this.busy = busy; // ids that are on screen
    this.told = told; // hears of every answer of the server
    this.tab = sessionStorage.getItem("squint-tab") ?? crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    sessionStorage.setItem("squint-tab", this.tab);
    setInterval(() => this.refill(true), 40000);
  }

  take() {
    const item = this.items.shift();
    if (this.items.length < REFILL_AT) this.refill();
    return item;
  }

  putBack(item) {
    this.items.unshift(item);
  }

  // A person's answer may reach the server after the next refill: the image must not come twice.
  answered(id) {
    this.out.set(id, performance.now());
    if (this.out.size > 300) this.out.delete(this.out.keys().next().value);
  }

  reopened(id) {
    this.out.delete(id);
  }

  async refill(keepAlive = false) {
    if (this.refilling) return this.refilling;
    if (!keepAlive && this.items.length >= WANTED) return undefined;
    this.refilling = this.ask();
    await this.refilling;
    this.refilling = null;
    return undefined;
  }

  async ask() {
    const have = [...this.items.map((item) => item.id), ...this.busy()];
    const count = Math.max(WANTED - this.items.length, 0);
    const answer = await post(this.url, { tab: this.tab, count, have });
    const known = new Set([...have, ...this.out.keys()]);
    const fresh = answer.ok ? answer.data.items.filter((item) => !known.has(item.id)) : [];
    for (const item of fresh) this.items.push(item);
    for (const item of fresh) load(item);
    this.told(answer);
  }
}

// Resolves to the decoded picture; asked for twice it is loaded once.
export function load(item) {
  if (!item.loading) {
    const image = new Image();
    image.src = item.url;
    item.loading = image.decode().then(() => Object.assign(item, { image })).catch(() => Object.assign(item, { broken: true }));
  }
  return item.loading;
}
