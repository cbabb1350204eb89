// The next tiles: leased, their pictures decoded and their elements made before they are needed.

import { loadPictures } from "./grid_pictures.js";
import { Supply } from "./supply.js";

const MOST_HELD = 500;

export class GridSupply extends Supply {
  // `wish`: what the grid shows; `size()`: tiles a page; `made(tile)` makes a tile's element.
  constructor(url, { wish, size, made, busy, told }) {
    super(url, { busy, told });
    this.wish = wish;
    this.size = size;
    this.made = made;
    this.exhausted = false; // the last claim brought less than it asked for
    this.lost = []; // what it said is not this tab's any more
    this.trusted = 0; // claims up to this one may say so of tiles that are
  }

  get wanted() {
    return this.size();
  }

  // The answered ones too, until they are saved: they are still leased to this tab and would come again.
  held() {
    const unsaved = [...this.out].filter(([, last]) => last === Infinity).map(([id]) => id);
    return [...super.held(), ...unsaved].slice(0, MOST_HELD);
  }

  // Tiles taken back are on screen before the server has heard of it: till then it may say that they are not ours.
  distrust() {
    this.trusted = Infinity;
  }

  trust() {
    this.trusted = this.asked;
  }

  async add(number, have, data) {
    const fresh = data.tiles.filter(({ id }) => !have.includes(id));
    if (!(await loadPictures(fresh, data.sheets))) return false;
    this.exhausted = data.elsewhere !== null;
    fresh.forEach(this.made);
    super.add(number, have, { items: fresh, kept: data.kept });
    // Only now: while the pictures came a page may have been taken back. What was answered here is no loss.
    const lost = (id) => !data.kept.includes(id) && !this.out.has(id);
    this.lost = number > this.trusted ? have.filter(lost) : [];
    return true;
  }

  prepare() {}

  // A full page, or the last one, or with `any` what there is; null when that is nothing, or more is on its way.
  takePage(any = false) {
    const count = this.size();
    if (!this.items.length || (this.items.length < count && !this.exhausted && !any)) return null;
    setTimeout(() => this.refill()); // not now: this may be within the claim that brought these
    return this.items.splice(0, count);
  }

  putBackPage(tiles) {
    this.items.unshift(...tiles);
  }
}
