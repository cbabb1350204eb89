// Training curves that grow while a job runs: one chart of losses and one of accuracies for each model.

import uPlot from "../vendor/uPlot.esm.js";

const EVERY_MS = 1500;
const CHARTS = [["loss", "train_loss", "val_loss"], ["accuracy", "train_accuracy", "val_accuracy"]];

for (const box of document.querySelectorAll("[data-curves]")) watch(box, new Map());

async function watch(box, charts) {
  const response = await fetch(box.dataset.curves).catch(() => null);
  const state = response?.ok ? await response.json() : { over: false, curves: {} };
  for (const [series, metrics] of Object.entries(state.curves)) {
    for (const [name, train, validation] of CHARTS) {
      if (metrics[train]) draw(box, charts, `${series} ${name}`, metrics[train], metrics[validation] ?? []);
    }
  }
  if (!state.over) setTimeout(() => watch(box, charts), EVERY_MS);
}

function draw(box, charts, title, train, validation) {
  const data = [train.map((_, i) => i + 1), train, validation];
  const chart = charts.get(title);
  if (chart) {
    chart.plot.setData(data);
    chart.words.textContent = inWords(title, train, validation);
    return;
  }
  if (charts.size === 0) box.replaceChildren();
  const figure = document.createElement("figure");
  const words = document.createElement("figcaption");
  words.className = "quiet small";
  words.textContent = inWords(title, train, validation);
  figure.append(words);
  box.append(figure);
  const plot = new uPlot(options(figure), data, figure);
  addEventListener("resize", () => plot.setSize({ width: figure.clientWidth, height: 180 }));
  charts.set(title, { plot, words });
}

function inWords(title, train, validation) {
  const last = (values) => values.at(-1)?.toFixed(3) ?? "–";
  return `${title} after epoch ${train.length}: train ${last(train)}, validation ${last(validation)}`;
}

function options(figure) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const line = (label, stroke, dash) => ({ label, stroke, width: 2, dash, points: { show: false } });
  return {
    width: figure.clientWidth, height: 180, legend: { show: false }, cursor: { drag: { x: false } },
    scales: { x: { time: false } },
    axes: [{ ...axis, space: 60 }, { ...axis, size: 46 }],
    series: [{}, line("train", color("--class-1")), line("validation", color("--class-0"), [6, 4])],
  };
}
