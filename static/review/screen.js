// The annotator's screen: one key is label and next; the save goes on behind.

import { typing } from "../app.js";
import { Outbox } from "./outbox.js";
import { Picture } from "./picture.js";
import { Supply, load } from "./supply.js";
import { View } from "./view.js";

const root = document.getElementById("screen");
const config = JSON.parse(root.dataset.config);
const base = `/projects/${config.project}`;
const classes = new Map(config.classes.map((c) => [c.id, c]));

const view = new View(config, classes);
const picture = new Picture(view.canvas, view.frame);
const history = config.recent; // this person's answers, oldest first: {key, kind, classId, item}
let current = null;
let shownAt = 0;
let flagged = false;
let answeredHere = 0;
const startedAt = Date.now();

const outbox = new Outbox(`${config.project}-${config.user}`, {
  changed: (state) => view.saving(state, `/sign-in?next=${location.pathname}`),
  refused: (entry, sentence) => {
    const index = history.findIndex((answer) => answer.key === entry.body.key);
    if (index >= 0) history.splice(index, 1);
    view.refuse(sentence);
    view.strip(history, outbox);
  },
  saved: () => view.strip(history, outbox),
});

const supply = new Supply(`${base}/queue/${config.pile}/claim`, {
  busy: () => (current ? [current.id] : []),
  told: (answer) => {
    if (answer.ok) view.waiting = answer.data.waiting;
    view.progress(answeredHere, startedAt);
    if (!current) next(answer);
  },
});

async function next(answer = null) {
  const item = supply.take();
  if (item) return show(item);
  current = null;
  if (answer) view.empty(answer.ok, answer.status);
  else supply.refill();
  return undefined;
}

async function show(item) {
  current = item;
  flagged = false;
  view.flag(false);
  if (!item.image) {
    view.enable(false); // no answer to a picture that nobody has seen
    await load(item);
    if (current !== item) return;
  }
  if (item.broken) return view.broken(item);
  picture.show(item.image);
  view.show(item, picture.zoom);
  view.enable(true);
  shownAt = performance.now();
}

function answer(kind, classId) {
  if (!current?.image || !view.enabled) return;
  const item = current;
  const key = newKey();
  const seconds = Math.round((performance.now() - shownAt) / 10) / 100;
  view.press(classId);
  history.push({ key, kind, classId, item });
  supply.answered(item.id);
  answeredHere += 1;
  view.answered();
  next();
  outbox.add(`${base}/annotations`, {
    image_id: item.id, kind, class_id: classId, source: config.pile, seconds, key, flagged,
  });
  view.strip(history, outbox);
  view.progress(answeredHere, startedAt);
}

function undo() {
  const last = history.pop();
  if (!last) return;
  if (current) supply.putBack(current);
  supply.reopened(last.item.id);
  answeredHere = Math.max(answeredHere - 1, 0);
  view.takenBack();
  outbox.add(`${base}/annotations/undo`, { undoes: last.key, key: newKey(), tab: supply.tab });
  view.strip(history, outbox);
  view.progress(answeredHere, startedAt);
  show(last.item);
}

// A click on an earlier answer shows its image again; the next answer to it counts.
function change(index) {
  if (current && !history.some((answer) => answer.item === current)) supply.putBack(current);
  show(history[index].item);
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const tools = {
  undo,
  stretch: () => redraw("stretch"),
  exact: () => redraw("exact"),
  bigger: () => zoom(1),
  smaller: () => zoom(-1),
  flag: () => view.flag((flagged = !flagged)),
  opinions: () => view.toggleOpinions(current),
  help: () => view.help.showModal(),
};

function redraw(property) {
  picture[property] = !picture[property];
  view.pressTool(property, picture[property]);
  if (current?.image) picture.draw();
}

function zoom(step) {
  picture.zoomSteps += step;
  if (!current?.image) return;
  picture.draw();
  view.show(current, picture.zoom);
}

const KEYS = { Backspace: "undo", c: "stretch", x: "exact", f: "flag", m: "opinions", "+": "bigger", "=": "bigger", "-": "smaller", "?": "help" };

document.addEventListener("keydown", (event) => {
  if (typing(event) || view.help.open) return;
  const chosen = config.classes.find((c) => c.key === event.key.toLowerCase());
  const tool = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!chosen && !tool && event.key !== " ") return;
  event.preventDefault();
  if (event.repeat) return; // a held key is one answer
  if (chosen) answer("label", chosen.id);
  else if (tool) tools[tool]();
  else answer("cant_tell", null);
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (event.detail > 1 && button.matches(".answer")) return; // a double click is one answer
  if (button.dataset.class) answer("label", Number(button.dataset.class));
  else if ("cantTell" in button.dataset) answer("cant_tell", null);
  else if (button.dataset.tool) tools[button.dataset.tool]();
  else if (button.dataset.index) change(Number(button.dataset.index));
  button.blur();
});

view.strip(history, outbox);
outbox.tell();
outbox.flush();
supply.refill();
