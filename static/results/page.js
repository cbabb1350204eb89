// The results page: thresholds move every figure in the browser; galleries come after a pause.

import { draw } from "./chart.js";
import "../reload.js";
import { _, counted, fixed, percent } from "../words.js";
import * as curves from "./curves.js";
import { openImages } from "./opening.js";
import { sortBy } from "./table.js";
import { fetchTally, figures, ratio } from "./tally.js";
import "./tiles.js";

const PAUSE_MS = 250;
const HALF_A_STEP = 0.0005;
const state = { low: 0.6, high: 0.6, curve: "roc", cost: null, column: 0, tally: null, config: null, drawing: 0, pause: 0 };
const part = (id) => document.getElementById(id);

start();
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "live") start();
  if (event.target.id === "galleries") event.target.removeAttribute("aria-busy");
});

async function start() {
  const board = part("board");
  if (!board) return;
  const config = JSON.parse(board.dataset.config);
  Object.assign(state, { config, low: config.from, high: config.threshold, tally: null, column: config.classes.length > 2 ? config.positive : 0 });
  state.cost ??= config.models.some((m) => m.latency_ms !== null) ? "latency_ms" : "bytes";
  showFront();
  wire(board);
  const chosen = config.models.find((m) => m.id === config.model);
  state.tally = await fetchTally(config.base, chosen);
  if (state.config !== config || !state.tally) return;
  if (form) takeEarlyMoves();
  redraw();
  if (config.classes.length === 2) await countOthers(config);
}

let resting = 0;
addEventListener("resize", () => {
  clearTimeout(resting);
  resting = setTimeout(() => {
    if (!state.tally) return;
    showFront();
    redraw();
  }, PAUSE_MS);
});

function wire(board) {
  for (const tab of board.querySelectorAll("[data-curve]")) {
    tab.addEventListener("click", () => chooseCurve(tab));
    tab.addEventListener("keydown", (event) => moveTab(event, tab));
  }
  chooseCurve(board.querySelector(`[data-curve=${state.curve}]`));
  part("everyone").addEventListener("change", drawCurve);
  part("column")?.addEventListener("change", (event) => {
    state.column = Number(event.target.value);
    drawCurve();
  });
  const more = part("more");
  more.checked = sessionStorage.getItem("squint-more") === "1";
  const showMore = () => {
    board.classList.toggle("all", more.checked);
    sessionStorage.setItem("squint-more", more.checked ? "1" : "0");
  };
  more.addEventListener("change", showMore);
  showMore();
}

// Thresholds.

const form = part("choice");
form?.addEventListener("input", (event) => {
  const value = Number(event.target.value);
  if (event.target.id === "threshold") moveTo(Math.min(state.low === state.high ? value : state.low, value), value);
  else moveTo(value, Math.max(state.high, value));
});
form?.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (!step || !event.target.dataset.step) return;
  event.preventDefault();
  const size = event.shiftKey ? 0.001 : Number(event.target.dataset.step);
  event.target.value = (Number(event.target.value) + step * size).toFixed(3);
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
});
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-threshold]");
  if (preset) moveTo(Number(preset.dataset.from), Number(preset.dataset.threshold));
});

// What stands on the sliders counts, also when they were moved before this script had come.
function takeEarlyMoves() {
  const moved = (id, from) => Math.abs(Number(part(id).value) - from) > HALF_A_STEP;
  const [lowMoved, highMoved] = [moved("from", state.low), moved("threshold", state.high)];
  if (!lowMoved && !highMoved) return;
  const high = Number(part("threshold").value);
  moveTo(!lowMoved && state.low === state.high ? high : Math.min(Number(part("from").value), high), high);
}

function moveTo(low, high) {
  state.low = Math.round(low * 1000) / 1000;
  state.high = Math.round(high * 1000) / 1000;
  part("threshold").value = state.high;
  part("from").value = state.low;
  cancelAnimationFrame(state.drawing);
  state.drawing = requestAnimationFrame(redraw);
  clearTimeout(state.pause);
  state.pause = setTimeout(settle, PAUSE_MS);
}

function address(changes = {}) {
  const { config, low, high } = state;
  const values = { bakeoff: config.bakeoff, model: config.model, threshold: high, ...(low < high ? { from: low } : {}), ...changes };
  return new URLSearchParams(values).toString();
}

// When the slider rests: a link to what is seen, and the galleries of it.
function settle() {
  const { config } = state;
  history.replaceState(null, "", `${config.base}?${address()}`);
  part("galleries").setAttribute("aria-busy", "true");
  window.htmx.ajax("GET", `${config.base}/galleries?${address()}`, { target: "#galleries", swap: "innerHTML" });
}

function redraw() {
  const { config, tally, low, high } = state;
  if (!tally) return;
  if (config.classes.length === 2) {
    const found = tally.banded(low, high);
    showCounts(found);
    showOutcome(found);
    offerThreshold();
    draw(document.querySelector("[data-chart=histogram]"), curves.histogram(tally, config, state, (label, least, below) => openImages(config.base, address({ label, least, below }))));
    moveRows();
  }
  drawCurve();
}

function showOutcome(found) {
  const say = (value) => (Math.abs(value - Math.round(value * 100) / 100) < 5e-4 ? fixed(value, 2) : fixed(value));
  part("threshold-out").textContent = say(state.high);
  part("from-out").textContent = say(state.low);
  const shares = { aside: percent(found.aside / found.all), number: counted(found.aside), wrong: percent(found.error) };
  part("outcome").textContent = found.aside ? _("%(aside)s set aside (%(number)s), %(wrong)s of the rest wrong", shares) : _("%(wrong)s wrong, none set aside", shares);
}

// The threshold that goes into use with the model, unless it is in use just so.
function offerThreshold() {
  const offer = document.querySelector("#use form");
  if (!offer) return;
  offer.threshold.value = state.high;
  offer.querySelector("[data-part=from]").textContent = fixed(state.high);
  offer.hidden = Number(offer.dataset.from) === state.high;
}

function showCounts(found) {
  const p = state.config.positive;
  const n = 1 - p;
  const cells = { [`${n},${n}`]: found.tn, [`${n},${p}`]: found.fp, [`${p},${n}`]: found.fn, [`${p},${p}`]: found.tp, [`${n},-1`]: found.unsure.others, [`${p},-1`]: found.unsure.own };
  for (const link of document.querySelectorAll("[data-cell]")) link.textContent = counted(cells[link.dataset.cell]);
  for (const cell of document.querySelectorAll(".unsure")) cell.hidden = state.low === state.high;
  const turned = { tp: found.tn, fp: found.fn, fn: found.fp, tn: found.tp };
  for (const row of document.querySelectorAll(".per-class [data-class]")) {
    const values = figures(Number(row.dataset.class) === p ? found : turned);
    for (const cell of row.querySelectorAll("[data-figure]")) cell.textContent = fixed(values[cell.dataset.figure]);
  }
}

// The table's other rows move as soon as their tallies are there.
async function countOthers(config) {
  for (const model of config.models) {
    const tally = await fetchTally(config.base, model);
    if (state.config !== config) return;
    if (tally) model.tally = tally;
  }
  moveRows();
  if (part("everyone").checked) drawCurve();
}

function moveRows() {
  part("board").classList.toggle("banded", state.low < state.high);
  for (const model of state.config.models) {
    if (!model.tally) continue;
    const found = model.tally.banded(state.low, state.high);
    const values = { ...figures(found), answered: 1 - ratio(found.aside, found.all) };
    const row = document.querySelector(`[data-row="${model.id}"]`);
    for (const [name, value] of Object.entries(values)) {
      const cell = row.querySelector(`[data-column=${name}]`);
      cell.textContent = fixed(value);
      cell.dataset.value = value;
    }
  }
}

// Charts.

function chooseCurve(tab) {
  for (const other of tab.parentElement.children) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
  part("curve").setAttribute("aria-labelledby", tab.id);
  state.curve = tab.dataset.curve;
  drawCurve();
}

function moveTab(event, tab) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const tabs = [...tab.parentElement.children];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

async function drawCurve() {
  const { config, tally, curve } = state;
  if (!tally) return;
  const twoClasses = config.classes.length === 2;
  const column = curve === "coverage" && !twoClasses ? config.classes.length : state.column;
  const chosen = config.models.find((m) => m.id === config.model);
  const pick = (threshold) => pickThreshold(Math.min(Math.round(threshold * 1000) / 1000, 1));
  const picks = (id) => ({
    pickBin: (least, below) => openImages(config.base, address({ model: id, least, below, ...columnWanted() })),
    pickBand: (low, high) => pickBand(id, low, high),
  });
  const shown = [{ name: chosen.title, tone: "class-1", tally, column, pick, ...picks(chosen.id) }];
  if (part("everyone").checked) {
    for (const [place, model] of config.models.entries()) {
      if (model.id === chosen.id) continue;
      const other = await fetchTally(config.base, model);
      if (other) shown.push({ name: model.title, tone: `class-${[0, 2, 3, 4, 5, 6, 7, 8, 9][place % 9]}`, tally: other, column, pick, dashed: true, silent: true, ...picks(model.id) });
    }
  }
  if (state.curve !== curve || state.tally !== tally) return;
  const spec = { calibration: () => curves.calibration(shown), coverage: () => curves.coverage(shown, twoClasses) }[curve]?.() ?? curves[curve](shown);
  const whose = shown.length > 1 ? _("all models") : chosen.title;
  spec.title = twoClasses ? _("%(chart)s of %(model)s", { chart: spec.title, model: whose }) : _("%(chart)s of %(model)s, %(name)s against the rest", { chart: spec.title, model: whose, name: config.classes[state.column] });
  spec.file += `-of-${shown.length > 1 ? "all-models" : chosen.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}${twoClasses ? "" : `-class-${state.column}`}`;
  if (twoClasses && ["roc", "det", "pr"].includes(curve)) spec.points = [{ tone: "plain", items: [standing(curve)] }].filter((series) => series.items[0]);
  draw(part("curve"), spec);
}

// Where the threshold stands on the curve.
function standing(curve) {
  const { tp, fp, tn, fn } = state.tally.at(state.high);
  const [miss, pass] = [fn / (tp + fn), fp / (fp + tn)];
  const at = { roc: [pass, 1 - miss], det: [pass, miss], pr: [1 - miss, tp / (tp + fp)] }[curve];
  if (!at.every(Number.isFinite) || (curve === "det" && at.some((v) => v < 0.0005 || v > 0.5))) return null;
  return { x: at[0], y: at[1], r: 6, words: _("the threshold stands here: %(threshold)s", { threshold: fixed(state.high) }) };
}

function columnWanted() {
  return state.config.classes.length > 2 ? { column: state.column } : {};
}

function pickThreshold(threshold) {
  const { config } = state;
  if (config.classes.length === 2) moveTo(threshold, threshold);
  openImages(config.base, address({ near: threshold, ...columnWanted() }));
}

// The band goes to the sliders, and what the model sets aside by it comes into view; without a band, what is wrong.
function pickBand(id, low, high) {
  moveTo(low, high);
  openImages(state.config.base, address({ model: id, ...(low < high ? { said: -1 } : { wrong: true }) }));
}

function showFront() {
  const { config } = state;
  const box = document.querySelector("[data-chart=front]");
  const costs = ["latency_ms", "bytes"].filter((cost) => config.models.some((m) => m[cost] !== null && m.error !== null));
  box.hidden = !costs.length;
  if (!costs.length) return;
  if (!costs.includes(state.cost)) state.cost = costs[0];
  draw(box, curves.front(config.models, state.cost, chooseModel));
  if (costs.length < 2) return;
  const other = costs.find((cost) => cost !== state.cost);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet-button small";
  button.textContent = other === "bytes" ? _("against size") : _("against latency");
  button.addEventListener("click", () => {
    state.cost = other;
    showFront();
    box.querySelector("figcaption button").focus();
  });
  box.querySelector("figcaption").prepend(button);
}

// The table.

function chooseModel(id) {
  const { config } = state;
  history.replaceState(null, "", `${config.base}?${address({ model: id })}`);
  window.htmx.ajax("GET", `${config.base}/live?${address({ model: id })}`, { target: "#live", swap: "innerHTML" });
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const model = event.target.closest("#live [data-model]");
  const heading = event.target.closest("#live [data-sort]");
  const images = event.target.closest("[data-images]");
  if (!model && !heading && !(images && state.config)) return;
  event.preventDefault();
  if (model) chooseModel(Number(model.dataset.model));
  else if (heading) sortBy(heading);
  else openImages(state.config.base, `${address()}&${images.dataset.images}`);
});
