// The charts of the results page: which one is shown, of which models, and what a click on it opens.

import { _, fixed } from "../words.js";
import { calibration } from "./calibration.js";
import { draw } from "./chart.js";
import { coverage } from "./coverage.js";
import { det, pr, roc } from "./curves.js";
import { front } from "./front.js";
import { openImages } from "./opening.js";
import { address, chooseModel, part, state } from "./state.js";
import { fetchTally } from "./tally.js";
import { moveTo } from "./thresholds.js";

const MADE = { roc, det, pr, calibration, coverage };

export function chooseCurve(tab) {
  for (const other of tab.parentElement.children) {
    other.setAttribute("aria-selected", String(other === tab));
    other.tabIndex = other === tab ? 0 : -1;
  }
  part("curve").setAttribute("aria-labelledby", tab.id);
  state.curve = tab.dataset.curve;
  drawCurve();
}

export function moveTab(event, tab) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const tabs = [...tab.parentElement.children];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

export async function drawCurve() {
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
      if (other)
        shown.push({
          name: model.title,
          tone: `class-${[0, 2, 3, 4, 5, 6, 7, 8, 9][place % 9]}`,
          tally: other,
          column,
          pick,
          dashed: true,
          silent: true,
          ...picks(model.id),
        });
    }
  }
  if (state.curve !== curve || state.tally !== tally) return;
  const spec = MADE[curve](shown, twoClasses);
  const whose = shown.length > 1 ? _("all models") : chosen.title;
  spec.title = twoClasses
    ? _("%(chart)s of %(model)s", { chart: spec.title, model: whose })
    : _("%(chart)s of %(model)s, %(name)s against the rest", {
        chart: spec.title,
        model: whose,
        name: config.classes[state.column],
      });
  const who = shown.length > 1 ? "all-models" : chosen.title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  spec.file += `-of-${who}${twoClasses ? "" : `-class-${state.column}`}`;
  if (twoClasses && ["roc", "det", "pr"].includes(curve))
    spec.points = [{ tone: "plain", items: [standing(curve)] }].filter((series) => series.items[0]);
  draw(part("curve"), spec);
}

// Where the threshold stands on the curve.
function standing(curve) {
  const { tp, fp, tn, fn } = state.tally.at(state.high);
  const [miss, pass] = [fn / (tp + fn), fp / (fp + tn)];
  const at = { roc: [pass, 1 - miss], det: [pass, miss], pr: [1 - miss, tp / (tp + fp)] }[curve];
  if (!at.every(Number.isFinite) || (curve === "det" && at.some((v) => v < 0.0005 || v > 0.5))) return null;
  return {
    x: at[0],
    y: at[1],
    r: 6,
    words: _("the threshold stands here: %(threshold)s", { threshold: fixed(state.high) }),
  };
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

export function showFront() {
  const { config } = state;
  const box = document.querySelector("[data-chart=front]");
  const costs = ["latency_ms", "bytes"].filter((cost) =>
    config.models.some((m) => m[cost] !== null && m.error !== null),
  );
  box.hidden = !costs.length;
  if (!costs.length) return;
  if (!costs.includes(state.cost)) state.cost = costs[0];
  draw(box, front(config.models, state.cost, chooseModel));
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
