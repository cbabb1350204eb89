// The effort page's chart: what rounds estimated against answers, what the law expects, and the aim.

import uPlot from "./vendor/uPlot.esm.js";

const HEIGHT = 280;
const SERIES = ["estimate", "low", "high", "expected", "expected_low", "expected_high"];

const figure = document.querySelector("[data-chart]");
if (figure) draw(figure, JSON.parse(figure.dataset.chart), Number(figure.dataset.target));

function draw(box, columns, target) {
  const aim = columns.answers.map(() => target);
  const plot = new uPlot(options(box), [columns.answers, ...SERIES.map((name) => columns[name]), aim], box);
  plot.root.setAttribute("role", "img");
  plot.root.setAttribute("aria-label", inWords(columns, target));
  addEventListener("resize", () => plot.setSize({ width: box.clientWidth, height: HEIGHT }));
  document.getElementById("save-png").addEventListener("click", () => save(plot));
}

function inWords({ answers, estimate }, target) {
  const known = estimate.flatMap((share, i) => (share === null ? [] : [`${share.toFixed(1)} percent after ${answers[i]} answers`]));
  return `Estimated wrong labels: ${known.join(", ")}. The aim is ${target} percent.`;
}

function options(box) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
  const percent = (_plot, share) => (share === null ? "–" : `${share.toFixed(1)} %`);
  const line = (label, stroke, more = {}) => ({ label, stroke, width: 2, value: percent, spanGaps: true, ...more });
  const edge = (label, stroke) => line(label, stroke, { width: 1, points: { show: false } });
  const [now, then] = [color("--class-1"), color("--class-0")];
  return {
    width: box.clientWidth, height: HEIGHT, cursor: { drag: { x: false } }, scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, high * 1.05] } },
    axes: [{ ...axis, space: 60, label: "answers", labelSize: 22, labelFont: "12px system-ui" }, { ...axis, size: 52, values: (_plot, ticks) => ticks.map((tick) => `${tick} %`) }],
    bands: [{ series: [3, 2], fill: `${now}26` }, { series: [6, 5], fill: `${then}26` }],
    series: [
      { label: "answers" }, line("estimated wrong", now, { points: { show: true, size: 7 } }), edge("at least", now), edge("at most", now),
      line("expected", then, { dash: [6, 4] }), edge("expected at least", then), edge("expected at most", then),
      line("aim", color("--good"), { width: 1, dash: [2, 4], points: { show: false } }),
    ],
  };
}

// The canvas has no ground of its own; a picture that is taken away needs one.
function save(plot) {
  const { canvas } = plot.ctx;
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d");
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => {
    const href = URL.createObjectURL(blob);
    Object.assign(document.createElement("a"), { href, download: "effort.png" }).click();
    setTimeout(() => URL.revokeObjectURL(href), 1000);
  });
}
