// What each chart of the results page shows, made from tallies. Pure: no document, no requests.

import { _, counted, fixed, n_, percent } from "../words.js";
import { ratio } from "./tally.js";

const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];
const RARE = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4];
const BINS = 40;
const named = (name, words) => `${name}: ${words}`;

// Normal deviate, by Acklam's rational approximation: DET axes are even in it.
function probit(p) {
  const q = Math.min(Math.max(p, 1e-6), 1 - 1e-6);
  if (q > 0.5) return -probit(1 - q);
  const r = Math.sqrt(-2 * Math.log(q));
  return -(r - (2.515517 + 0.802853 * r + 0.010328 * r * r) / (1 + 1.432788 * r + 0.189269 * r * r + 0.001308 * r * r * r));
}

function each(tally, column, make) {
  const [others, own] = tally.above[column];
  const items = [];
  let last = null;
  for (let i = 0; i <= tally.grid.length; i++) {
    const item = make(others[i], own[i], others[0], own[0], tally.grid[i] ?? 1);
    if (!item || (last && item.x === last.x && item.y === last.y)) continue;
    items.push(item);
    last = item;
  }
  return items;
}

function curve(shown, file, title, axes, make) {
  const lines = shown.map(({ name, tone, tally, column, pick, dashed, silent }) => ({
    name, tone, dashed, silent, items: each(tally, column, make).map((item) => ({ ...item, words: named(name, item.words), pick: () => pick(item.threshold) })),
  }));
  const table = [["model", "threshold", axes.x.name, axes.y.name], ...lines.flatMap((line) => line.items.map((p) => [line.name, p.threshold, p.x, p.y]))];
  return { title, file, ...axes, lines, table, hint: _("Point at the curve, or use the arrow keys; a click takes its threshold and shows the images around it.") };
}

export function roc(shown) {
  const axes = { x: { label: _("false positive rate"), name: "false positive rate", min: 0, max: 1, ticks: TENTHS }, y: { label: _("true positive rate"), name: "true positive rate", min: 0, max: 1, ticks: TENTHS } };
  return curve(shown, "roc", "ROC", axes, (others, own, allOthers, allOwn, threshold) => {
    const [x, y] = [ratio(others, allOthers), ratio(own, allOwn)];
    return { x, y, threshold, words: _("from %(threshold)s on, %(found)s found, %(through)s of the others let through", { threshold: fixed(threshold), found: percent(y), through: percent(x) }) };
  });
}

export function det(shown) {
  const axis = (label, name) => ({ label, name, min: 0.0005, max: 0.5, ticks: RARE, at: probit, words: percent });
  return curve(shown, "det", "DET", { x: axis(_("others let through"), "others let through"), y: axis(_("missed"), "missed") }, (others, own, allOthers, allOwn, threshold) => {
    const [x, y] = [ratio(others, allOthers), 1 - ratio(own, allOwn)];
    if (x < 0.0005 || y < 0.0005 || x > 0.5 || y > 0.5) return null;
    return { x, y, threshold, words: _("from %(threshold)s on, %(missed)s missed, %(through)s of the others let through", { threshold: fixed(threshold), missed: percent(y), through: percent(x) }) };
  });
}

export function pr(shown) {
  const axes = { x: { label: _("recall"), name: "recall", min: 0, max: 1, ticks: TENTHS }, y: { label: _("precision"), name: "precision", min: 0, max: 1, ticks: TENTHS } };
  return curve(shown, "precision-and-recall", _("Precision and recall"), axes, (others, own, _allOthers, allOwn, threshold) => {
    if (!(others + own)) return null;
    const [x, y] = [ratio(own, allOwn), own / (others + own)];
    return { x, y, threshold, words: _("from %(threshold)s on, recall %(recall)s, precision %(precision)s", { threshold: fixed(threshold), recall: fixed(x), precision: fixed(y) }) };
  });
}

// How many are wrong when only so many are answered, the surest first.
export function coverage(shown, twoClasses) {
  const lines = shown.map((model) => ({ name: model.name, tone: model.tone, dashed: model.dashed, items: twoClasses ? asideFromTheMiddle(model) : leastSureAside(model) }));
  const top = Math.max(0.02, ...lines.flatMap((line) => line.items.map((item) => item.y))) * 1.1;
  const table = [["model", "coverage", "error"], ...lines.flatMap((line) => line.items.map((p) => [line.name, p.x, p.y]))];
  return {
    title: _("Coverage and error"), file: "coverage-and-error", lines, table, hint: twoClasses ? _("The band around the middle grows from right to left: fewer answers, fewer of them wrong. A click takes the band and shows what it sets aside.") : _("Fewer answers, the surest first, and fewer of them wrong."),
    x: { label: _("answered"), min: 0, max: 1, ticks: TENTHS, words: percent }, y: { label: _("of them wrong"), min: 0, max: top, ticks: roundTicks(top), words: percent },
  };
}

// From 0 up to `top` in steps of 1, 2 or 5 times a power of ten.
function roundTicks(top) {
  const least = top / 5;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= least);
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

function asideFromTheMiddle({ name, tally, pickBand }) {
  return Array.from({ length: 50 }, (_step, i) => {
    const [low, high] = [0.5 - i / 100, 0.5 + i / 100];
    const found = tally.banded(low, high);
    const x = 1 - ratio(found.aside, found.all);
    return { x, y: found.error, words: named(name, _("not sure from %(low)s to %(high)s: %(answered)s answered, %(wrong)s of them wrong", { low: fixed(low, 2), high: fixed(high, 2), answered: percent(x), wrong: percent(found.error) })), pick: () => pickBand(low, high) };
  });
}

function leastSureAside({ name, tally, column }) {
  return each(tally, column, (wrong, right, allWrong, allRight, threshold) => {
    if (!(wrong + right)) return null;
    const [x, y] = [ratio(wrong + right, allWrong + allRight), wrong / (wrong + right)];
    return { x, y, words: named(name, _("from %(threshold)s on, %(answered)s answered, %(wrong)s of them wrong", { threshold: fixed(threshold, 2), answered: percent(x), wrong: percent(y) })) };
  });
}

export function calibration(shown) {
  const series = shown.map((model) => ({ name: model.name, tone: model.tone, dashed: model.dashed, items: reliability(model) }));
  const table = [["model", "said", "true", "images"], ...series.flatMap((line) => line.items.map((p) => [line.name, p.x, p.y, p.images]))];
  const ideal = { tone: "ideal", dashed: true, silent: true, items: [{ x: 0, y: 0 }, { x: 1, y: 1 }] };
  return {
    title: _("Calibration"), file: "calibration", lines: [ideal, ...series], points: series.map((line) => ({ tone: line.tone, items: line.items.map((p) => ({ ...p, r: Math.min(3 + Math.sqrt(p.images) / 6, 10) })) })), table,
    hint: _("On the dashed line a score is a true probability. A click shows the images of that score."),
    x: { label: _("score"), min: 0, max: 1, ticks: TENTHS }, y: { label: _("share that is so"), min: 0, max: 1, ticks: TENTHS },
  };
}

function reliability({ name, tally, column, pickBin }) {
  const [others, own] = tally.columns[column];
  const bins = Array.from({ length: 10 }, () => ({ others: 0, own: 0, sum: 0 }));
  others.forEach((count, i) => {
    const bin = bins[Math.min(Math.floor(tally.grid[i] * 10 + 1e-6), 9)];
    bin.others += count;
    bin.own += own[i];
    bin.sum += (count + own[i]) * tally.grid[i];
  });
  return bins.flatMap((bin, i) => {
    const images = bin.others + bin.own;
    if (!images) return [];
    const y = bin.own / images;
    return [{ x: bin.sum / images, y, images, words: named(name, n_("of %(number)s image that scores %(low)s to %(high)s, %(share)s is so", "of %(number)s images that score %(low)s to %(high)s, %(share)s are so", images, { low: fixed(i / 10, 1), high: fixed((i + 1) / 10, 1), share: percent(y) })), pick: () => pickBin(i / 10, i === 9 ? 2 : (i + 1) / 10) }];
  });
}

export function histogram(tally, config, { low, high }, pickBar) {
  const [others, own] = tally.histogram(BINS);
  const counts = config.positive === 1 ? [others, own] : [own, others];
  const top = Math.max(1, ...others, ...own);
  const bars = counts.map((values, c) => ({
    name: config.classes[c], tone: `class-${config.colors[c]}`,
    items: values.map((y, i) => ({ y, from: (i + c / 2) / BINS, to: (i + (c + 1) / 2) / BINS, words: named(config.classes[c], n_("score %(low)s to %(high)s: %(number)s image", "score %(low)s to %(high)s: %(number)s images", y, { low: fixed(i / BINS), high: fixed((i + 1) / BINS) })), pick: () => pickBar(c, i / BINS, i === BINS - 1 ? 2 : (i + 1) / BINS) })),
  }));
  return {
    title: _("Score of each test image"), file: "score-of-each-test-image", height: 210, bars, band: [low, high], marks: [{ x: high }],
    table: [["score from", "to", ...config.classes], ...others.map((_, i) => [i / BINS, (i + 1) / BINS, counts[0][i], counts[1][i]])],
    hint: _("Root scale. A click shows a bar’s images."),
    x: { label: _("score"), min: 0, max: 1, ticks: [0, 0.5, 1] }, y: { label: "", min: 0, max: top, at: Math.sqrt, ticks: [0, Math.round(top / 4), top] },
  };
}

export function front(models, cost, choose) {
  const known = models.filter((m) => m[cost] !== null && m.error !== null);
  const values = known.map((m) => m[cost]);
  const [cheapest, dearest] = [Math.min(...values), Math.max(...values)];
  const middle = Math.sqrt(cheapest * dearest);
  const reach = Math.max(dearest / middle, 2); // models of nearly one cost: their ticks keep apart
  const words = cost === "bytes" ? (v) => _("%(number)s MB", { number: counted(Number((v / 1e6).toPrecision(2))) }) : (v) => _("%(number)s ms", { number: counted(Number(v.toPrecision(2))) });
  const items = known.map((m) => ({ x: m[cost], y: m.error, label: m.title, square: m.front[cost], words: named(m.title, _("%(share)s errors, %(cost)s", { share: percent(m.error), cost: words(m[cost]) }) + (m.front[cost] ? _(", beaten by none") : "")), pick: () => choose(m.id) }));
  const line = known.filter((m) => m.front[cost]).sort((a, b) => a[cost] - b[cost]).map((m) => ({ x: m[cost], y: m.error }));
  const top = Math.max(0.001, ...known.map((m) => m.error)) * 1.15;
  return {
    title: cost === "bytes" ? _("Error against size") : _("Error against latency"), file: cost === "bytes" ? "error-against-size" : "error-against-latency", height: 230, lines: [{ items: line, silent: true, dashed: true, tone: "ideal" }], points: [{ tone: "plain", items }],
    table: [["model", cost, "error", "on the front"], ...known.map((m) => [m.title, m[cost], m.error, m.front[cost]])],
    hint: _("◆ no other model is both cheaper and better."),
    x: { label: cost === "bytes" ? _("size of the model") : _("one image on this machine"), min: middle / reach / 1.6, max: middle * reach * 1.6, at: Math.log, ticks: [middle / reach, middle, middle * reach], words },
    y: { label: "", min: 0, max: top, ticks: roundTicks(top), words: percent },
  };
}
