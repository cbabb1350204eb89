// Galleries: arrows move, a class's key relabels the image, D sends it to review, Z takes a label back.

import { toast, typing } from "../app.js";
import { _ } from "../words.js";

const inspector = document.getElementById("inspector");
const tab = crypto.randomUUID();
const given = new Map(); // image → key of the label given here
let chosen = null;
let shownAt = 0;

const key = () => `issue-${crypto.randomUUID()}`;
const project = () => location.pathname.match(/^\/projects\/\d+/)[0];

async function post(address, body) {
  const response = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  }).catch(() => null);
  if (response?.ok) return response.json();
  const answer = await response?.json().catch(() => null);
  toast(answer?.error ?? _("The server could not be reached; nothing was saved."));
  return null;
}

function choose(tile) {
  chosen?.classList.remove("chosen");
  chosen = tile;
  if (!inspector) return;
  inspector.hidden = !tile;
  if (!tile) return;
  tile.classList.add("chosen");
  shownAt = performance.now();
  inspector.querySelector("img").src = tile.querySelector("img").src;
  const { name, label, source, score } = tile.dataset;
  inspector.querySelector("[data-part=name]").textContent = name;
  const doubt = tile.classList.contains("suspect") ? ` · ${_("this label is in doubt")}` : "";
  inspector.querySelector("[data-part=facts]").textContent =
    _("labelled %(label)s (%(source)s) · score %(score)s", { label, source, score }) + doubt;
  inspector.querySelector("[data-undo]").disabled = !given.has(tile.dataset.image);
}

function nowIs(tile, words) {
  let line = tile.querySelector(".now");
  if (!line) {
    line = document.createElement("span");
    line.className = "small now";
    tile.append(line);
  }
  line.textContent = words;
}

async function relabel(tile, button) {
  const classId = Number(button.dataset.relabel);
  const { image, now } = tile.dataset;
  const body = {
    class_id: classId,
    seen: now ? Number(now) : null,
    seconds: (performance.now() - shownAt) / 1000,
    key: key(),
  };
  tile.setAttribute("aria-busy", "true");
  const saved = await post(`${project()}/results/images/${image}/label`, body);
  tile.removeAttribute("aria-busy");
  if (!saved) return;
  if (!given.has(image)) tile.dataset.before = now;
  given.set(image, saved.key);
  tile.dataset.now = saved.class_id ?? "";
  tile.removeAttribute("aria-pressed");
  // Where several people are asked, one word alone need not change the label.
  const name = button.dataset.className;
  nowIs(tile, saved.class_id === classId ? _("now %(name)s", { name }) : _("you say %(name)s", { name }));
  if (tile === chosen) choose(tile);
}

async function doubt(tile) {
  tile.setAttribute("aria-busy", "true");
  const sent = await post(`${project()}/images/${tile.dataset.image}/doubt`);
  tile.removeAttribute("aria-busy");
  if (sent) tile.setAttribute("aria-pressed", "true");
}

async function takeBack(tile) {
  const image = tile.dataset.image;
  if (!given.has(image)) return;
  const undone = await post(`${project()}/annotations/undo`, { undoes: given.get(image), key: key(), tab });
  if (!undone) return;
  given.delete(image);
  tile.dataset.now = tile.dataset.before;
  nowIs(tile, _("taken back"));
  choose(tile);
}

function neighbour(tile, pressed) {
  const tiles = [...tile.closest("[data-gallery]").querySelectorAll(".tile")];
  const across = tiles.filter((other) => other.offsetTop === tiles[0].offsetTop).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
  return tiles[tiles.indexOf(tile) + steps[pressed]];
}

document.addEventListener("focusin", (event) => {
  const tile = event.target.closest("[data-gallery] .tile");
  if (tile) choose(tile);
});
document.addEventListener("click", (event) => {
  const tile = event.target.closest("[data-gallery] .tile");
  if (tile) {
    tile.focus(); // Safari does not focus what it clicks
    choose(tile);
  }
});
inspector?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !chosen?.isConnected) return;
  if (button.dataset.relabel) relabel(chosen, button);
  else if ("doubt" in button.dataset) doubt(chosen);
  else takeBack(chosen);
});

// Before the page's other keys: here a class's key means the class.
document.addEventListener(
  "keydown",
  (event) => {
    const tile = document.activeElement?.closest("[data-gallery] .tile");
    if (!tile || typing(event)) return;
    const pressed = event.key.toLowerCase();
    const button = inspector?.querySelector(`[data-class-key="${CSS.escape(pressed)}"]`);
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      neighbour(tile, event.key)?.focus();
    } else if (event.key === "Escape") {
      tile.blur();
      choose(null);
    } else if (!event.repeat && (button || ["d", "z"].includes(pressed))) {
      event.preventDefault();
      if (button) relabel(tile, button);
      else if (pressed === "d") doubt(tile);
      else takeBack(tile);
    }
  },
  true,
);
