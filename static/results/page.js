// The results page: the thresholds move every figure in the browser.

import "../reload.js";
import { _, counted, fixed, percent } from "../words.js";
import { draw } from "./chart.js";
import { chooseCurve, drawCurve, moveTab, showFront } from "./charts.js";
import { histogram } from "./histogram.js";
import { openImages } from "./opening.js";
import { address, chooseModel, part, state } from "./state.js";
import { sortBy } from "./table.js";
import { fetchTally, figures, ratio } from "./tally.js";
import { takeEarlyMoves, whenMoved } from "./thresholds.js";
import "./tiles.js";

const PAUSE_MS = 250;

whenMoved(redraw);
start();
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "live") start();
  if (event.target.id === "galleries") event.target.removeAttribute("aria-busy");
});

async function start() {
  const board = part("board");
  if (!board) return;
  const config = JSON.parse(board.dataset.config);
  Object.assign(state, {
    config,
    low: config.from,
    high: config.threshold,
    tally: null,
    column: config.classes.length > 2 ? config.positive : 0,
  });
  state.cost ??= config.models.some((m) => m.latency_ms !== null) ? "latency_ms" : "bytes";
  showFront();
  wire(board);
  const chosen = config.models.find((m) => m.id === config.model);
  state.tally = await fetchTally(config.base, chosen);
  if (state.config !== config || !state.tally) return;
  takeEarlyMoves();
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

function redraw() {
  const { config, tally, low, high } = state;
  if (!tally) return;
  if (config.classes.length === 2) {
    const found = tally.banded(low, high);
    showCounts(found);
    showOutcome(found);
    offerThreshold();
    draw(
      document.querySelector("[data-chart=histogram]"),
      histogram(tally, config, state, (label, least, below) =>
        openImages(config.base, address({ label, least, below })),
      ),
    );
    moveRows();
  }
  drawCurve();
}

function showOutcome(found) {
  const say = (value) => (Math.abs(value - Math.round(value * 100) / 100) < 5e-4 ? fixed(value, 2) : fixed(value));
  part("threshold-out").textContent = say(state.high);
  part("from-out").textContent = say(state.low);
  const shares = { aside: percent(found.aside / found.all), number: counted(found.aside), wrong: percent(found.error) };
  part("outcome").textContent = found.aside
    ? _("%(aside)s set aside (%(number)s), %(wrong)s of the rest wrong", shares)
    : _("%(wrong)s wrong, none set aside", shares);
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
  const cells = {
    [`${n},${n}`]: found.tn,
    [`${n},${p}`]: found.fp,
    [`${p},${n}`]: found.fn,
    [`${p},${p}`]: found.tp,
    [`${n},-1`]: found.unsure.others,
    [`${p},-1`]: found.unsure.own,
  };
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
