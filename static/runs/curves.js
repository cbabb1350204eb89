// Training curves that grow while a job runs: one chart of losses and one of accuracies for each model.

import uPlot from "../vendor/uPlot.esm.js";
import { _, fixed } from "../words.js";

const EVERY_MS = 1500;
const afterEpoch = (values) => _("%(title)s after epoch %(count)s: %(last)s", values);
const afterTry = (values) => _("%(title)s after try %(count)s: %(last)s", values);
const CHARTS = [
  {
    name: _("loss"),
    after: afterEpoch,
    lines: [
      [_("in training"), "train_loss"],
      [_("in validation"), "val_loss"],
    ],
  },
  {
    name: _("accuracy"),
    after: afterEpoch,
    lines: [
      [_("in training"), "train_accuracy"],
      [_("in validation"), "val_accuracy"],
    ],
  },
  {
    name: _("validation loss"),
    after: afterTry,
    lines: [
      [_("this one"), "trial_loss"],
      [_("the best"), "best_loss"],
    ],
  },
];

for (const box of document.querySelectorAll("[data-curves]")) watch(box, new Map());

async function watch(box, charts) {
  const response = await fetch(box.dataset.curves).catch(() => null);
  const state = response?.ok ? await response.json() : { over: false, curves: {} };
  for (const [series, metrics] of Object.entries(state.curves)) {
    for (const kind of CHARTS) {
      const lines = kind.lines.map(([, metric]) => metrics[metric] ?? []);
      if (lines[0].length) draw(box, charts, kind, `${series} ${kind.name}`, lines);
    }
  }
  if (!state.over) setTimeout(() => watch(box, charts), EVERY_MS);
}

function draw(box, charts, kind, title, lines) {
  const data = [lines[0].map((_, i) => i + 1), ...lines];
  const chart = charts.get(title);
  if (chart) {
    chart.plot.setData(data);
    chart.words.textContent = inWords(kind, title, lines);
    return;
  }
  if (charts.size === 0) box.replaceChildren();
  const figure = document.createElement("figure");
  const words = document.createElement("figcaption");
  words.className = "quiet small";
  words.textContent = inWords(kind, title, lines);
  figure.append(words);
  box.append(figure);
  const plot = new uPlot(options(kind, figure), data, figure);
  addEventListener("resize", () => plot.setSize({ width: figure.clientWidth, height: 180 }));
  charts.set(title, { plot, words });
}

function inWords(kind, title, lines) {
  const last = lines.flatMap((values, i) => (values.length ? [`${kind.lines[i][0]} ${fixed(values.at(-1))}`] : []));
  return kind.after({ title, count: lines[0].length, last: last.join(", ") });
}

function options(kind, figure) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const line = (label, stroke, dash) => ({ label, stroke, width: 2, dash, points: { show: false } });
  return {
    width: figure.clientWidth,
    height: 180,
    legend: { show: false },
    cursor: { drag: { x: false } },
    scales: { x: { time: false } },
    axes: [
      { ...axis, space: 60 },
      { ...axis, size: 46 },
    ],
    series: [{}, line(kind.lines[0][0], color("--class-1")), line(kind.lines[1][0], color("--class-0"), [6, 4])],
  };
}
