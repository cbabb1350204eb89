// What each threshold gives: ROC, DET, precision and recall, made from tallies. Pure: no document, no requests.

import { _, fixed, percent } from "../words.js";
import { TENTHS, named } from "./axes.js";
import { ratio } from "./tally.js";

const RARE = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4];

// Normal deviate, by Abramowitz and Stegun 26.2.23 (off by at most 4.5e-4): DET axes are even in it.
function probit(p) {
  const q = Math.min(Math.max(p, 1e-6), 1 - 1e-6);
  if (q > 0.5) return -probit(1 - q);
  const r = Math.sqrt(-2 * Math.log(q));
  return -(
    r -
    (2.515517 + 0.802853 * r + 0.010328 * r * r) / (1 + 1.432788 * r + 0.189269 * r * r + 0.001308 * r * r * r)
  );
}

export function each(tally, column, make) {
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
    name,
    tone,
    dashed,
    silent,
    items: each(tally, column, make).map((item) => ({
      ...item,
      words: named(name, item.words),
      pick: () => pick(item.threshold),
    })),
  }));
  const table = [
    ["model", "threshold", axes.x.name, axes.y.name],
    ...lines.flatMap((line) => line.items.map((p) => [line.name, p.threshold, p.x, p.y])),
  ];
  return {
    title,
    file,
    ...axes,
    lines,
    table,
    hint: _("Point at the curve, or use the arrow keys; a click takes its threshold and shows the images around it."),
  };
}

export function roc(shown) {
  const axes = {
    x: { label: _("false positive rate"), name: "false positive rate", min: 0, max: 1, ticks: TENTHS },
    y: { label: _("true positive rate"), name: "true positive rate", min: 0, max: 1, ticks: TENTHS },
  };
  return curve(shown, "roc", "ROC", axes, (others, own, allOthers, allOwn, threshold) => {
    const [x, y] = [ratio(others, allOthers), ratio(own, allOwn)];
    return {
      x,
      y,
      threshold,
      words: _("from %(threshold)s on, %(found)s found, %(through)s of the others let through", {
        threshold: fixed(threshold),
        found: percent(y),
        through: percent(x),
      }),
    };
  });
}

export function det(shown) {
  const axis = (label, name) => ({ label, name, min: 0.0005, max: 0.5, ticks: RARE, at: probit, words: percent });
  return curve(
    shown,
    "det",
    "DET",
    { x: axis(_("others let through"), "others let through"), y: axis(_("missed"), "missed") },
    (others, own, allOthers, allOwn, threshold) => {
      const [x, y] = [ratio(others, allOthers), 1 - ratio(own, allOwn)];
      if (x < 0.0005 || y < 0.0005 || x > 0.5 || y > 0.5) return null;
      return {
        x,
        y,
        threshold,
        words: _("from %(threshold)s on, %(missed)s missed, %(through)s of the others let through", {
          threshold: fixed(threshold),
          missed: percent(y),
          through: percent(x),
        }),
      };
    },
  );
}

export function pr(shown) {
  const axes = {
    x: { label: _("recall"), name: "recall", min: 0, max: 1, ticks: TENTHS },
    y: { label: _("precision"), name: "precision", min: 0, max: 1, ticks: TENTHS },
  };
  return curve(
    shown,
    "precision-and-recall",
    _("Precision and recall"),
    axes,
    (others, own, _allOthers, allOwn, threshold) => {
      if (!(others + own)) return null;
      const [x, y] = [ratio(own, allOwn), own / (others + own)];
      return {
        x,
        y,
        threshold,
        words: _("from %(threshold)s on, recall %(recall)s, precision %(precision)s", {
          threshold: fixed(threshold),
          recall: fixed(x),
          precision: fixed(y),
        }),
      };
    },
  );
}
