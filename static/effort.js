// The effort page's chart: what rounds estimated against answers, what the law expects, and the aim.

import { draw } from "./results/chart.js";
import { _, decimal, n_ } from "./words.js";

const box = document.querySelector("[data-chart]");
if (box) {
  const spec = specOf(JSON.parse(box.dataset.chart), Number(box.dataset.target));
  draw(box, spec);
  let drawn = box.clientWidth;
  addEventListener("resize", () => {
    if (box.clientWidth === drawn) return; // A phone's address bar comes and goes.
    drawn = box.clientWidth;
    draw(box, spec);
  });
}

function specOf(columns, target) {
  const { answers } = columns;
  const among = (middle, low, high, says) =>
    answers.flatMap((x, i) => {
      if (columns[middle][i] === null) return [];
      const words = says(x, {
        share: percent(columns[middle][i]),
        low: percent(columns[low][i]),
        high: percent(columns[high][i]),
      });
      return columns[low][i] === null
        ? [{ x, y: columns[middle][i] }]
        : [{ x, y: columns[middle][i], low: columns[low][i], high: columns[high][i], words }];
    });
  const past = among("estimate", "low", "high", (x, at) =>
    n_(
      "After %(number)s answer an estimated %(share)s wrong, %(low)s to %(high)s",
      "After %(number)s answers an estimated %(share)s wrong, %(low)s to %(high)s",
      x,
      at,
    ),
  );
  const future = among("expected", "expected_low", "expected_high", (x, at) =>
    n_(
      "After %(number)s answer an expected %(share)s wrong, %(low)s to %(high)s",
      "After %(number)s answers an expected %(share)s wrong, %(low)s to %(high)s",
      x,
      at,
    ),
  );
  const highest = Math.max(target, ...past.map((p) => p.high), ...future.map((p) => p.high ?? 0));
  const [xTicks, yTicks] = [ticks(0, answers.at(-1)), ticks(0, highest)];
  const estimates = past.map((p) =>
    n_("%(share)s after %(number)s answer", "%(share)s after %(number)s answers", p.x, { share: percent(p.y) }),
  );
  return {
    title: _("Estimated wrong labels: %(list)s. The aim is %(aim)s.", {
      list: estimates.join(", "),
      aim: percent(target),
    }),
    name: _("effort"),
    file: "effort",
    height: 320,
    hint: _("The mouse or the arrow keys name each round."),
    x: { label: _("answers"), min: 0, max: Math.max(answers.at(-1), xTicks.at(-1)), ticks: xTicks },
    y: {
      label: _("wrong of all labels"),
      min: 0,
      max: Math.max(highest, yTicks.at(-1)),
      ticks: yTicks,
      words: (value) => `${value} %`,
    },
    areas: [
      { tone: "class-1", items: past },
      { tone: "class-0", items: future.filter((p) => p.high !== undefined) },
    ],
    lines: [
      { name: _("estimated by the rounds"), tone: "class-1", items: past },
      { name: _("expected of more answers"), tone: "class-0", dashed: true, items: future },
      {
        name: _("aim"),
        tone: "good",
        dashed: true,
        silent: true,
        items: [
          { x: 0, y: target },
          { x: Math.max(answers.at(-1), xTicks.at(-1)), y: target },
        ],
      },
    ].filter((line) => line.items.length),
    points: [{ tone: "class-1", items: past.map((p) => ({ ...p, r: 4 })) }],
    table: [
      ["answers", "kind", "wrong_percent", "low", "high"],
      ...past.map((p) => [p.x, "estimated", p.y, p.low, p.high]),
      ...future.filter((p) => p.high !== undefined).map((p) => [p.x, "expected", p.y, p.low, p.high]),
    ],
  };
}

function percent(share) {
  return share === null ? "" : `${decimal(share, 1)} %`;
}

// Four or five round numbers from `from` to `to` or a little further.
function ticks(from, to) {
  const rough = (to - from) / 4 || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 2.5, 5, 10].find((factor) => factor * unit >= rough);
  const count = Math.ceil((to - from) / step - 1e-9) || 1;
  return Array.from({ length: count + 1 }, (_, i) => Math.round((from + i * step) * 1000) / 1000);
}
