// The score of each test image, by class, with the thresholds.

import { _, fixed, n_ } from "../words.js";
import { named } from "./axes.js";

const BINS = 40;

export function histogram(tally, config, { low, high }, pickBar) {
  const [others, own] = tally.histogram(BINS);
  const counts = config.positive === 1 ? [others, own] : [own, others];
  const top = Math.max(1, ...others, ...own);
  const bars = counts.map((values, c) => ({
    name: config.classes[c],
    tone: `class-${config.colors[c]}`,
    items: values.map((y, i) => ({
      y,
      from: (i + c / 2) / BINS,
      to: (i + (c + 1) / 2) / BINS,
      words: named(
        config.classes[c],
        n_("score %(low)s to %(high)s: %(number)s image", "score %(low)s to %(high)s: %(number)s images", y, {
          low: fixed(i / BINS),
          high: fixed((i + 1) / BINS),
        }),
      ),
      pick: () => pickBar(c, i / BINS, i === BINS - 1 ? 2 : (i + 1) / BINS),
    })),
  }));
  return {
    title: _("Score of each test image"),
    file: "score-of-each-test-image",
    height: 210,
    bars,
    band: [low, high],
    marks: [{ x: high }],
    table: [
      ["score from", "to", ...config.classes],
      ...others.map((_, i) => [i / BINS, (i + 1) / BINS, counts[0][i], counts[1][i]]),
    ],
    hint: _("Root scale. A click shows a bar’s images."),
    x: { label: _("score"), min: 0, max: 1, ticks: [0, 0.5, 1] },
    y: { label: "", min: 0, max: top, at: Math.sqrt, ticks: [0, Math.round(top / 4), top] },
  };
}
