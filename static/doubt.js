// Grids of images in which a key or a click sends one to review. Used by the labelers and the results pages.

import { toast, typing } from "./app.js";
import { _ } from "./words.js";

export async function doubt(tile) {
  const address = `${tile.closest("[data-doubt-grid]").dataset.doubtGrid}/${tile.dataset.image}/doubt`;
  tile.setAttribute("aria-busy", "true");
  const response = await fetch(address, { method: "POST", headers: { Accept: "application/json" } }).catch(() => null);
  tile.removeAttribute("aria-busy");
  if (response?.ok) tile.setAttribute("aria-pressed", "true");
  else toast(_("This image was not sent to review; please try again."));
}

function neighbour(tile, key) {
  const tiles = [...tile.closest("[data-doubt-grid]").querySelectorAll(".tile")];
  const across = tiles.filter((other) => other.offsetTop === tiles[0].offsetTop).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
  return tiles[tiles.indexOf(tile) + steps[key]];
}

document.addEventListener("click", (event) => {
  const tile = event.target.closest("[data-doubt-grid] .tile");
  if (tile && event.detail < 2) doubt(tile);
});

document.addEventListener("keydown", (event) => {
  if (typing(event)) return;
  const tile = document.activeElement?.closest("[data-doubt-grid] .tile") ?? null;
  if (event.key.startsWith("Arrow")) {
    const target = tile ? neighbour(tile, event.key) : document.querySelector("[data-doubt-grid] .tile");
    if (!target) return;
    event.preventDefault();
    target.focus();
  } else if (event.key.toLowerCase() === "d" && tile && !event.repeat) {
    event.preventDefault();
    doubt(tile);
  }
});
