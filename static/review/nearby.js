// Beside the image: the rest of its group, and the answered images most like it, class by class.
// Fetched behind the images to come, and only while it is shown.

import { _ } from "../words.js";
import { remember, remembered } from "./remembered.js";

const A_CLASS = 4;
const A_GROUP = 8;
const KEPT = 60; // images; and sheets of tiles
const AGAIN_MS = 5000;
const LONGEST_WAIT_MS = 500;

export class Nearby {
  // `allowed`: not where nobody is to be swayed.
  constructor(base, panel, classes, allowed) {
    this.url = `${base}/nearby`;
    this.panel = panel;
    this.classes = classes;
    this.allowed = allowed;
    this.known = new Map(); // image → what stands beside it, each image of it with its tile
    this.sheets = new Map(); // address → its promise
    this.wanted = [];
    this.build();
    this.toggle(allowed && remembered("nearby", matchMedia("(min-width: 1001px)").matches));
  }

  build() {
    this.group = new Tiles({ name: _("Its group") }, A_GROUP, true);
    this.byClass = new Map([...this.classes].map(([id, named]) => [id, new Tiles(named, A_CLASS)]));
    const rows = [this.group, ...this.byClass.values()].flatMap(({ title, list }) => [title, list]);
    this.nothing = Object.assign(document.createElement("p"), {
      className: "quiet small",
      textContent: _("Nothing answered is like it yet."),
    });
    this.panel.append(...rows, this.nothing);
  }

  toggle(on = !this.shown) {
    this.shown = on && this.allowed;
    this.panel.hidden = !this.shown;
    return this.shown;
  }

  choose() {
    remember("nearby", this.toggle());
    return this.shown;
  }

  // The images that come next; each is asked for once.
  expect(items) {
    this.wanted = items;
    if (!this.shown || this.asking || this.failed || items.every(({ id }) => this.known.has(id))) return;
    this.asking = true;
    const idle = window.requestIdleCallback ?? setTimeout;
    idle(() => this.ask().finally(() => (this.asking = false)), { timeout: LONGEST_WAIT_MS });
  }

  async ask() {
    const ids = this.wanted.map(({ id }) => id).filter((id) => !this.known.has(id));
    if (!ids.length) return;
    try {
      const response = await fetch(`${this.url}?ids=${ids}`, {
        headers: { Accept: "application/json" },
        priority: "low",
      });
      if (!response.ok) throw new Error("no help");
      this.keep(await response.json());
    } catch {
      this.failed = true;
      setTimeout(() => (this.failed = false), AGAIN_MS);
    }
    if (this.current && ids.includes(this.current.id)) this.show(this.current);
  }

  keep({ beside, tiles }) {
    const whole = (ids) => ids.map((id) => ({ id, ...tiles[id] }));
    for (const [id, { nearest, group }] of Object.entries(beside)) {
      const byClass = new Map(nearest.map(({ classId, ids }) => [classId, whole(ids)]));
      this.known.set(Number(id), { byClass, group: whole(group) });
    }
    for (const tile of Object.values(tiles)) if (tile.sheet) this.sheet(tile.sheet).catch(() => {});
    const wanted = new Set(this.wanted.map(({ id }) => id));
    for (const id of this.known.keys()) if (!wanted.has(id) && this.known.size > KEPT) this.known.delete(id);
  }

  show(item) {
    this.current = item;
    if (!this.shown) return;
    const beside = item && this.known.get(item.id);
    if (item && !beside) this.expect([item, ...this.wanted.filter(({ id }) => id !== item.id)]);
    this.draw(this.group, beside?.group ?? []);
    for (const [id, row] of this.byClass) this.draw(row, beside?.byClass.get(id) ?? []);
    this.nothing.hidden = !beside || beside.group.length > 0 || beside.byClass.size > 0;
  }

  draw(row, tiles) {
    row.title.hidden = row.list.hidden = !tiles.length;
    row.places.forEach((place, number) => this.drawTile(place, tiles[number]));
  }

  async drawTile(place, tile) {
    place.box.hidden = !tile;
    place.tile = tile;
    if (!tile) return;
    const chosen = this.classes.get(tile.classId);
    place.box.className = chosen ? `class-${chosen.color}` : "";
    place.canvas.setAttribute("aria-label", `${tile.name}: ${chosen?.name ?? _("no answer")}`);
    place.canvas.title = tile.name;
    if (place.mark) place.mark.textContent = chosen?.name ?? _("no answer");
    try {
      const picture = await this.picture(tile);
      if (place.tile === tile) paint(place.canvas, picture);
    } catch {
      place.box.hidden = place.tile === tile; // its file is missing
    }
  }

  async picture({ sheet, cell, columns, url }) {
    if (!sheet) return { image: await this.sheet(url) };
    const image = await this.sheet(sheet);
    const side = image.width / Math.min(columns, sheet.split("ids=")[1].split("&")[0].split(",").length);
    return { image, left: (cell % columns) * side, top: Math.floor(cell / columns) * side, side };
  }

  sheet(address) {
    if (!this.sheets.has(address)) this.sheets.set(address, bitmap(address));
    if (this.sheets.size > KEPT) this.sheets.delete(this.sheets.keys().next().value);
    return this.sheets.get(address);
  }
}

// So many places in a row, made once and only drawn anew: nothing is laid out again for the next image.
class Tiles {
  constructor(named, count, marked = false) {
    this.title = heading(named);
    this.list = Object.assign(document.createElement("div"), { className: "near", hidden: true });
    this.places = Array.from({ length: count }, () => {
      const box = Object.assign(document.createElement("span"), { hidden: true });
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      const mark = marked ? Object.assign(document.createElement("small"), { className: "mark" }) : null;
      box.append(canvas, ...(mark ? [mark] : []));
      return { box, canvas, mark };
    });
    this.list.append(...this.places.map(({ box }) => box));
  }
}

async function bitmap(address) {
  const response = await fetch(address, { priority: "low" });
  if (!response.ok) throw new Error("no picture");
  return createImageBitmap(await response.blob());
}

function paint(canvas, { image, left = 0, top = 0, side = null }) {
  const square = side ?? Math.min(image.width, image.height);
  const [x, y] = side ? [left, top] : [(image.width - square) / 2, (image.height - square) / 2];
  if (canvas.width !== square) canvas.width = canvas.height = square;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, square, square);
  context.drawImage(image, x, y, square, square, 0, 0, square, square);
}

function heading({ name, color }) {
  const title = Object.assign(document.createElement("h3"), { textContent: name, hidden: true });
  if (color !== undefined) title.className = `class class-${color}`;
  return title;
}
