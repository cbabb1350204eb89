// The next images, leased and decoded before they are needed.

import { behindPaint } from "./moments.js";
import { post } from "./outbox.js";

const WANTED = 20;
const REFILL_AT = 14;
const STAYING = 6; // when a new round has changed the order, so many still come as they were
const KEEP_ALIVE_MS = 40000;
const EMPTY_MS = 5000;
const UNREACHED_MS = 3000;
const UNREACHED = { ok: false, status: 0, data: {} };
const SMALL = 1 << 20; // pixels

export class Supply {
  constructor(url, { busy, told, asking = () => {} }) {
    this.url = url;
    this.wish = {}; // what else each claim says
    this.items = [];
    this.asked = 0; // claims begun
    this.round = undefined; // whose order the images came in
    this.out = new Map(); // image answered here → the last claim that may bring it nevertheless
    this.busy = busy; // ids that are on screen
    this.told = told; // hears every answer of the server
    this.asking = asking; // hears that it is being asked
    this.tab = tabName();
    this.later(KEEP_ALIVE_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.refill(true));
  }

  get wanted() {
    return WANTED;
  }

  // What the tab has: its leases are prolonged with every claim.
  held() {
    return [...new Set([...this.items.map((item) => item.id), ...this.busy()])];
  }

  prepare(items) {
    items.forEach(load);
  }

  take() {
    const item = this.items.shift();
    if (this.items.length < REFILL_AT) behindPaint(() => this.refill());
    return item;
  }

  putBack(item) {
    this.items.unshift(item);
  }

  answered(id) {
    this.out.set(id, Infinity);
  }

  saved(id) {
    if (this.out.has(id)) this.out.set(id, this.asked);
  }

  reopened(id) {
    this.out.delete(id);
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refill(true), ms);
  }

  async refill(keepAlive = false) {
    if (this.refilling || (!keepAlive && this.items.length >= this.wanted)) return;
    this.refilling = true;
    try {
      await this.ask();
    } finally {
      this.refilling = false;
    }
  }

  async ask() {
    const answer = await this.claim();
    const overtaken = answer.ok && this.round !== undefined && this.round !== answer.data.round;
    if (answer.ok) this.round = answer.data.round;
    if (overtaken && this.items.length > STAYING) await this.claim(this.items.slice(STAYING));
  }

  // With `given`, give these images back for those that now come first; they may be among them.
  async claim(given = []) {
    const number = (this.asked += 1);
    const gone = new Set(given.map((item) => item.id));
    const have = this.held().filter((id) => !gone.has(id));
    this.asking();
    const count = Math.max(this.wanted - this.items.length + given.length, 0);
    const renew = given.length ? { renew: true } : {};
    let answer = await post(this.url, { ...this.wish, ...renew, tab: this.tab, count, have });
    if (answer.ok && !(await this.add(number, have, answer.data, gone))) answer = UNREACHED;
    this.later(!answer.ok ? UNREACHED_MS : this.items.length ? KEEP_ALIVE_MS : EMPTY_MS);
    this.told(answer);
    return answer;
  }

  // Returns whether what came can be shown: if not, it is asked for again.
  add(number, have, { items, kept }, gone = new Set()) {
    const known = new Map(this.items.map((item) => [item.id, item]));
    // After a long sleep others may have what this tab held.
    this.items = this.items.filter(({ id }) => !gone.has(id) && (!have.includes(id) || kept.includes(id)));
    const here = new Set([...this.items.map((item) => item.id), ...this.busy()]);
    const fresh = items.filter((item) => !here.has(item.id) && !(this.out.get(item.id) >= number));
    for (const [id, last] of this.out) if (last <= number) this.out.delete(id);
    this.items.push(...fresh.map((item) => known.get(item.id) ?? item));
    this.items.forEach((item) => known.delete(item.id));
    known.forEach(letGo);
    this.prepare(this.items);
    return true;
  }
}

// Two tabs must not show one image, and a reloaded tab gets its own again.
function tabName() {
  const name =
    sessionStorage.getItem("squint-tab") ?? `tab-${crypto.getRandomValues(new Uint32Array(4)).join("")}`.slice(0, 40);
  // A duplicated tab copies this store: the name belongs to whoever holds it while the page lives.
  sessionStorage.removeItem("squint-tab");
  addEventListener("pagehide", () => sessionStorage.setItem("squint-tab", name));
  return name;
}

// Resolves to whether the picture is decoded and ready; asked for twice it is loaded once, and after a failure anew.
// `item.status` is then what the server said of it last, 0 if nothing.
export function load(item) {
  item.loading ??= decoded(item).then(
    (image) => Boolean((item.image = image)),
    () => Boolean((item.loading = null)),
  );
  return item.loading;
}

export function letGo(item) {
  item.image?.close?.();
  item.image = item.loading = null;
}

async function decoded(item) {
  const { url, width, height } = item;
  item.status = 0;
  const response = await fetch(url);
  item.status = response.status;
  if (!response.ok) throw new Error("no picture"); // it may have come with a picture that says so
  const picture = await response.blob();
  // What is small is kept ready to be drawn; of a large one the browser may let the pixels go while it waits.
  if (width * height <= SMALL) return createImageBitmap(picture);
  const image = new Image();
  image.src = URL.createObjectURL(picture);
  try {
    await image.decode();
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return image;
}
