// How much is answered, and how much of that is wrong, when the least sure images are set aside.

import { _, fixed, percent } from "../words.js";
import { TENTHS, named, roundTicks } from "./axes.js";
import { each } from "./curves.js";
import { ratio } from "./tally.js";

// How many are wrong when only so many are answered, the surest first.
export function coverage(shown, twoClasses) {
  const lines = shown.map((model) => ({
    name: model.name,
    tone: model.tone,
    dashed: model.dashed,
    items: twoClasses ? asideFromTheMiddle(model) : leastSureAside(model),
  }));
  const top = Math.max(0.02, ...lines.flatMap((line) => line.items.map((item) => item.y))) * 1.1;
  const table = [
    ["model", "coverage", "error"],
    ...lines.flatMap((line) => line.items.map((p) => [line.name, p.x, p.y])),
  ];
  return {
    title: _("Coverage and error"),
    file: "coverage-and-error",
    lines,
    table,
    hint: twoClasses
      ? _(
          "The band around the middle grows from right to left: fewer answers, fewer of them wrong. A click takes the band and shows what it sets aside.",
        )
      : _("Fewer answers, the surest first, and fewer of them wrong."),
    x: { label: _("answered"), min: 0, max: 1, ticks: TENTHS, words: percent },
    y: { label: _("of them wrong"), min: 0, max: top, ticks: roundTicks(top), words: percent },
  };
}

function asideFromTheMiddle({ name, tally, pickBand }) {
  return Array.from({ length: 50 }, (_step, i) => {
    const [low, high] = [0.5 - i / 100, 0.5 + i / 100];
    const found = tally.banded(low, high);
    const x = 1 - ratio(found.aside, found.all);
    return {
      x,
      y: found.error,
      words: named(
        name,
        _("not sure from %(low)s to %(high)s: %(answered)s answered, %(wrong)s of them wrong", {
          low: fixed(low, 2),
          high: fixed(high, 2),
          answered: percent(x),
          wrong: percent(found.error),
        }),
      ),
      pick: () => pickBand(low, high),
    };
  });
}

function leastSureAside({ name, tally, column }) {
  return each(tally, column, (wrong, right, allWrong, allRight, threshold) => {
    if (!(wrong + right)) return null;
    const [x, y] = [ratio(wrong + right, allWrong + allRight), wrong / (wrong + right)];
    return {
      x,
      y,
      words: named(
        name,
        _("from %(threshold)s on, %(answered)s answered, %(wrong)s of them wrong", {
          threshold: fixed(threshold, 2),
          answered: percent(x),
          wrong: percent(y),
        }),
      ),
    };
  });
}
