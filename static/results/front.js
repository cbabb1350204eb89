// Error against cost, and the models that no other one beats in both.

import { _, counted, percent } from "../words.js";
import { named, roundTicks } from "./axes.js";

export function front(models, cost, choose) {
  const known = models.filter((m) => m[cost] !== null && m.error !== null);
  const values = known.map((m) => m[cost]);
  const [cheapest, dearest] = [Math.min(...values), Math.max(...values)];
  const middle = Math.sqrt(cheapest * dearest);
  const reach = Math.max(dearest / middle, 2); // models of nearly one cost: their ticks keep apart
  const words =
    cost === "bytes"
      ? (v) => _("%(number)s MB", { number: counted(Number((v / 1e6).toPrecision(2))) })
      : (v) => _("%(number)s ms", { number: counted(Number(v.toPrecision(2))) });
  const items = known.map((m) => ({
    x: m[cost],
    y: m.error,
    label: m.title,
    square: m.front[cost],
    words: named(
      m.title,
      _("%(share)s errors, %(cost)s", { share: percent(m.error), cost: words(m[cost]) }) +
        (m.front[cost] ? _(", beaten by none") : ""),
    ),
    pick: () => choose(m.id),
  }));
  const line = known
    .filter((m) => m.front[cost])
    .sort((a, b) => a[cost] - b[cost])
    .map((m) => ({ x: m[cost], y: m.error }));
  const top = Math.max(0.001, ...known.map((m) => m.error)) * 1.15;
  return {
    title: cost === "bytes" ? _("Error against size") : _("Error against latency"),
    file: cost === "bytes" ? "error-against-size" : "error-against-latency",
    height: 230,
    lines: [{ items: line, silent: true, dashed: true, tone: "ideal" }],
    points: [{ tone: "plain", items }],
    table: [["model", cost, "error", "on the front"], ...known.map((m) => [m.title, m[cost], m.error, m.front[cost]])],
    hint: _("◆ no other model is both cheaper and better."),
    x: {
      label: cost === "bytes" ? _("size of the model") : _("one image on this machine"),
      min: middle / reach / 1.6,
      max: middle * reach * 1.6,
      at: Math.log,
      ticks: [middle / reach, middle, middle * reach],
      words,
    },
    y: { label: "", min: 0, max: top, ticks: roundTicks(top), words: percent },
  };
}
