// The tiles on screen: what each is said to be, which are selected, where the keyboard is.

import { _ } from "../words.js";
import { paint } from "./grid_pictures.js";

const GAP = 8;
const SMALLEST = 44,
  LARGEST = 180;

export class Board {
  // `bar` stands below the tiles, in front of whatever does not fit.
  constructor(root, bar, classes) {
    this.root = root;
    this.bar = bar;
    this.classes = classes;
    this.tiles = [];
    this.selected = new Set();
    this.at = 0; // the tile that the keyboard is on
    this.anchor = 0; // where Shift+arrows began
    this.stretch = false;
    addEventListener("resize", () => this.fit());
    root.addEventListener("focusin", ({ target }) =>
      this.bring(this.tiles.findIndex(({ element }) => element === target)),
    );
  }

  // Makes a tile's element once, before it is shown.
  make(tile) {
    const cell = Object.assign(document.createElement("div"), { className: "cell", tabIndex: -1 });
    cell.setAttribute("role", "option");
    cell.dataset.id = tile.id;
    const picture = document.createElement(tile.source ? "canvas" : "span");
    picture.className = "picture";
    if (!tile.source) picture.textContent = tile.off;
    const mark = Object.assign(document.createElement("span"), { className: "mark" });
    cell.append(picture, mark);
    tile.element = cell;
    this.paint(tile);
    this.draw(tile);
  }

  paint(tile) {
    if (tile.source && tile.stretch !== this.stretch) paint(tile.element.firstChild, tile.source, this.stretch);
    tile.stretch = this.stretch;
  }

  show(tiles) {
    const active = this.root.contains(document.activeElement);
    this.tiles = tiles;
    this.selected.clear();
    for (const tile of tiles) {
      this.paint(tile);
      this.draw(tile);
    }
    this.root.replaceChildren(...tiles.map((tile) => tile.element));
    this.fit();
    this.walkTo(0, { focus: active });
  }

  nameOf(tile) {
    if (tile.off) return _("%(why)s, not answered", { why: tile.off });
    return tile.said === null
      ? _("left out, for review")
      : (this.classes.get(tile.said)?.name ?? _("an archived class"));
  }

  draw(tile) {
    const { element, said, asked } = tile;
    const chosen = this.classes.get(said);
    const [look, mark] = tile.off
      ? ["off", tile.source ? _("taken") : ""]
      : said === asked
        ? ["", ""]
        : said === null
          ? ["left-out", `? ${_("review")}`]
          : [`changed class-${chosen?.color ?? 8}`, chosen?.name ?? _("archived")];
    element.className = `cell ${look}`;
    element.lastChild.textContent = mark;
    element.setAttribute("aria-label", `${tile.name}: ${this.nameOf(tile)}`);
    element.setAttribute("aria-selected", this.selected.has(tile));
  }

  mark(tiles, said) {
    for (const tile of tiles) {
      tile.said = said;
      this.draw(tile);
    }
  }

  select(tiles) {
    const before = this.selected;
    this.selected = new Set(tiles);
    for (const tile of new Set([...before, ...tiles])) if (tile.element) this.draw(tile);
  }

  // What a class key means: the selected tiles, else the one that the keyboard is on.
  chosen() {
    if (this.selected.size) return this.tiles.filter((tile) => this.selected.has(tile));
    return this.root.contains(document.activeElement) ? this.tiles.slice(this.at, this.at + 1) : [];
  }

  walk(key, extend) {
    if (!this.tiles.length) return;
    const step = { arrowleft: -1, arrowright: 1, arrowup: -this.columns, arrowdown: this.columns }[key];
    const last = this.tiles.length - 1;
    const to = key === "home" ? 0 : key === "end" ? last : this.at + step;
    // The first key only brings the keyboard in; a column's end is no reason to jump elsewhere.
    const inside = this.root.contains(document.activeElement);
    if (!this.selected.size) this.anchor = this.at;
    this.walkTo(!inside ? this.at : to < 0 || to > last ? this.at : to, { focus: true, extend });
  }

  walkTo(index, { focus = false, extend = false } = {}) {
    this.bring(index);
    if (focus) this.tiles[index]?.element.focus();
    if (extend) this.select(this.tiles.slice(Math.min(index, this.anchor), Math.max(index, this.anchor) + 1));
    else {
      this.anchor = index;
      if (focus) this.select([]);
    }
  }

  bring(index) {
    this.tiles[this.at]?.element.setAttribute("tabindex", -1);
    this.at = index;
    this.tiles[index]?.element.setAttribute("tabindex", 0);
  }

  redraw() {
    this.tiles.forEach((tile) => this.paint(tile));
  }

  // The largest tiles of which a whole page is seen at once; where none are large enough, the page scrolls.
  fit() {
    const width = this.root.clientWidth;
    const height = this.bar.getBoundingClientRect().top - this.root.getBoundingClientRect().top - scrollY - GAP;
    const count = Math.max(this.tiles.length, 1);
    const wide = (columns) => Math.min((width + GAP) / columns, LARGEST + GAP) - GAP;
    const side = (columns) => Math.min(wide(columns), (height + GAP) / Math.ceil(count / columns) - GAP);
    const most = Math.min(count, Math.floor((width + GAP) / (SMALLEST + GAP)));
    this.columns = 1;
    for (let columns = 2; columns <= most; columns += 1)
      if (side(columns) >= side(this.columns)) this.columns = columns;
    const seen = side(this.columns) >= SMALLEST;
    if (!seen) this.columns = Math.max(1, Math.floor((width + GAP) / (SMALLEST * 1.4 + GAP)));
    this.root.style.setProperty("--columns", this.columns);
    this.root.style.setProperty("--side", `${Math.floor((seen ? side : wide)(this.columns))}px`);
  }
}
