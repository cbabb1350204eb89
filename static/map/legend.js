// What the marks mean, and which of them are shown.

import { _, counted } from "../words.js";
import { mark } from "./marks.js";

const SIDE = 16;

export function legend(classes, points, colors, hidden, changed) {
  const box = document.getElementById("legend");
  const kinds = [...classes.map((c, i) => ({ number: i, name: c.name })), { number: -1, name: _("no label") }];
  const entries = kinds.flatMap(({ number, name }) => {
    const count = points.filter((p) => p.class === number).length;
    return count ? [entry(number, name, count, colors, hidden, changed)] : [];
  });
  const words = document.createElement("span");
  words.className = "quiet small";
  words.append(
    sample({ class: 0, state: "settled" }, colors),
    ` ${_("a person said so")}  `,
    sample({ class: 0, state: "accepted" }, colors),
    ` ${_("accepted")}  `,
    sample({ class: -1, state: "unclear" }, colors),
    ` ${_("no label")}`,
  );
  box.replaceChildren(...entries, words);
}

function entry(number, name, count, colors, hidden, changed) {
  const label = document.createElement("label");
  const tick = Object.assign(document.createElement("input"), { type: "checkbox", checked: !hidden.has(number) });
  tick.addEventListener("change", () => {
    if (tick.checked) hidden.delete(number);
    else hidden.add(number);
    changed();
  });
  label.append(
    tick,
    sample({ class: number, state: number < 0 ? "unclear" : "settled" }, colors),
    ` ${name} ${counted(count)}`,
  );
  return label;
}

function sample(point, colors) {
  const canvas = Object.assign(document.createElement("canvas"), {
    width: SIDE * 2,
    height: SIDE * 2,
    className: "sample",
  });
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  mark(context, SIDE / 2, SIDE / 2, 5, point, colors);
  return canvas;
}
