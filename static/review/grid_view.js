// What stands around the tiles; it decides nothing.

import { _, counted } from "../words.js";
import { View } from "./view.js";

const $ = (id) => document.getElementById(id);

export class GridView extends View {
  constructor(config, classes) {
    super(config, classes);
    this.board = $("board");
    this.bar = $("bar");
    this.confirm = $("confirm");
    this.size = $("tiles");
  }

  page(tiles) {
    $("message").hidden = true;
    this.board.hidden = false;
    this.enable(true);
    this.counts(tiles);
  }

  enable(on) {
    super.enable(on);
    this.confirm.disabled = !on;
  }

  counts(tiles) {
    const words = this.countedWords(tiles);
    $("confirm-words").textContent = words
      ? _("Confirm %(answers)s", { answers: words })
      : tiles.length
        ? _("Go on")
        : _("Confirm");
  }

  // "66 open, 4 closed, 1 to review"
  countedWords(tiles) {
    const said = tiles.filter((tile) => !tile.off).map((tile) => tile.said);
    const counted = this.config.classes.map(({ id, name }) => [said.filter((one) => one === id).length, name]);
    counted.push([said.filter((one) => one === null).length, _("to review")]);
    return counted
      .filter(([count]) => count)
      .map((pair) => pair.join(" "))
      .join(", ");
  }

  selection(count) {
    $("selection").textContent = count ? _("%(number)s selected", { number: count }) : "";
  }

  progress({ done, left }) {
    $("pile-progress").textContent = _("%(number)s left", { number: counted(left) });
    $("pile-bar").max = Math.max(done + left, 1);
    $("pile-bar").value = done;
  }

  clear() {
    this.counts([]);
    this.board.hidden = true;
  }
}
