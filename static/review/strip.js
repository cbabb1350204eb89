// The last answers, one tile an image, each clickable to change.

import { _ } from "../words.js";

const SHOWN = 20;

export class Strip {
  constructor(list, classes) {
    this.list = list;
    this.classes = classes;
    this.tiles = new Map(); // key of an answer → its tile
  }

  // `waiting`: keys of answers that the server has not committed yet.
  update(history, waiting) {
    const shown = newest(history);
    const tiles = new Map(shown.map((answer) => [answer.key, this.tiles.get(answer.key) ?? this.tile(answer)]));
    for (const [key, tile] of tiles) tile.classList.toggle("waiting", waiting.has(key));
    for (const [key, tile] of this.tiles) if (!tiles.has(key)) tile.remove();
    this.tiles = tiles;
    // What stays where it is keeps the focus, and is not laid out again.
    [...tiles.values()].forEach((tile, place) => {
      if (this.list.children[place] !== tile) this.list.insertBefore(tile, this.list.children[place] ?? null);
    });
  }

  tile(answer) {
    const chosen = this.classes.get(answer.classId);
    const name = chosen?.name ?? (answer.kind === "cant_tell" ? _("can’t tell") : _("an archived class"));
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      title: `${answer.item.name}: ${name}`,
    });
    button.className = chosen ? `class-${chosen.color}` : "";
    button.dataset.answer = answer.key;
    button.setAttribute("aria-label", `${answer.item.name}: ${name}; ${_("change")}`);
    const image = Object.assign(new Image(), { alt: "", src: answer.item.url });
    const mark = Object.assign(document.createElement("span"), { className: "mark", textContent: chosen?.name ?? "?" });
    button.append(image, mark);
    const tile = document.createElement("li");
    tile.append(button);
    return tile;
  }
}

// An image answered twice is shown once, with the answer that stands.
function newest(history) {
  const byImage = new Map();
  for (const answer of history.slice(-3 * SHOWN)) {
    byImage.delete(answer.item.id);
    byImage.set(answer.item.id, answer);
  }
  return [...byImage.values()].slice(-SHOWN);
}
