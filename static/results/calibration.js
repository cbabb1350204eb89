// How often it is so when a model says so, in ten bins of the score.

import { _, fixed, n_, percent } from "../words.js";
import { TENTHS, named } from "./axes.js";

export function calibration(shown) {
  const series = shown.map((model) => ({
    name: model.name,
    tone: model.tone,
    dashed: model.dashed,
    items: reliability(model),
  }));
  const table = [
    ["model", "said", "true", "images"],
    ...series.flatMap((line) => line.items.map((p) => [line.name, p.x, p.y, p.images])),
  ];
  const ideal = {
    tone: "ideal",
    dashed: true,
    silent: true,
    items: [
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ],
  };
  return {
    title: _("Calibration"),
    file: "calibration",
    lines: [ideal, ...series],
    points: series.map((line) => ({
      tone: line.tone,
      items: line.items.map((p) => ({ ...p, r: Math.min(3 + Math.sqrt(p.images) / 6, 10) })),
    })),
    table,
    hint: _("On the dashed line a score is a true probability. A click shows the images of that score."),
    x: { label: _("score"), min: 0, max: 1, ticks: TENTHS },
    y: { label: _("share that is so"), min: 0, max: 1, ticks: TENTHS },
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
    return [
      {
        x: bin.sum / images,
        y,
        images,
        words: named(
          name,
          n_(
            "of %(number)s image that scores %(low)s to %(high)s, %(share)s is so",
            "of %(number)s images that score %(low)s to %(high)s, %(share)s are so",
            images,
            { low: fixed(i / 10, 1), high: fixed((i + 1) / 10, 1), share: percent(y) },
          ),
        ),
        pick: () => pickBin(i / 10, i === 9 ? 2 : (i + 1) / 10),
      },
    ];
  });
}
