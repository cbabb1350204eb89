// A chart as plain SVG: lines, bars and points on two axes. The mouse, touch or arrow keys find a point; a click or
// Enter picks it. What is drawn can be taken away as SVG, PNG or CSV.

import { counted } from "../words.js";
import { downloads } from "./download.js";

const SVG = "http://www.w3.org/2000/svg";
const LETTER = 6.6; // As wide as most letters of labels are, in pixels.
const LINE = 14; // From label to label below it.
const ABOVE_AND_BELOW = [-7, 19, 33, 47]; // Where a label may stand, from its point.
const EDGE = { left: 62, right: 18, top: 10, bottom: 38 };

export function make(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

// `spec`: title, `file` for a name of what is taken away, height at most, x and y
// `{label, min, max, ticks, at, words}`, `lines` and `bars` and `points` of `{name, tone, items: [{x, y, words, pick}]}`,
// `areas` of `{tone, items: [{x, low, high}]}`, `marks` [{x, tone}], `band` [from, to], `table` [headings, ...rows].
export function draw(box, spec) {
  // As wide as its place, so that words keep their size on a phone.
  const width = Math.min(Math.max(box.clientWidth - 28, 260), 1100);
  const size = { width, height: Math.round(Math.min(width * 0.72, spec.height ?? 400)) };
  const svg = make("svg", {
    viewBox: `0 0 ${size.width} ${size.height}`,
    role: "img",
    tabindex: "0",
    "aria-label": spec.title,
  });
  const place = placed(spec, size);
  axes(svg, spec, place, size);
  if (spec.band)
    svg.append(
      make("rect", {
        class: "band",
        x: place.x(spec.band[0]),
        y: EDGE.top,
        width: Math.max(place.x(spec.band[1]) - place.x(spec.band[0]), 0),
        height: size.height - EDGE.top - EDGE.bottom,
      }),
    );
  areas(svg, spec, place);
  const shown = [...bars(svg, spec, place), ...lines(svg, spec, place), ...points(svg, spec, place, size)];
  for (const mark of spec.marks ?? [])
    svg.append(
      make("line", {
        class: `mark ${mark.tone ?? ""}`,
        x1: place.x(mark.x),
        x2: place.x(mark.x),
        y1: EDGE.top,
        y2: size.height - EDGE.bottom,
      }),
    );
  const words = document.createElement("p");
  words.className = "quiet small words";
  words.setAttribute("aria-live", "polite");
  words.textContent = spec.hint ?? "";
  const focused = document.activeElement === box.querySelector("svg");
  box.querySelector(".drawn")?.remove();
  const figure = document.createElement("figure");
  figure.className = "drawn";
  figure.append(svg, words, foot(svg, spec));
  box.append(figure);
  if (focused) svg.focus();
  explore(svg, shown, words, spec);
}

function placed(spec, size) {
  const along = (axis, from, to) => (value) => {
    const at = axis.at ?? ((v) => v);
    const share = (at(value) - at(axis.min)) / (at(axis.max) - at(axis.min) || 1);
    return Math.round((from + (to - from) * share) * 10) / 10;
  };
  return {
    x: along(spec.x, EDGE.left, size.width - EDGE.right),
    y: along(spec.y, size.height - EDGE.bottom, EDGE.top),
  };
}

function axes(svg, spec, place, size) {
  for (const tick of spec.y.ticks) {
    svg.append(
      make("line", { class: "grid", x1: EDGE.left, x2: size.width - EDGE.right, y1: place.y(tick), y2: place.y(tick) }),
    );
    svg.append(make("text", { x: EDGE.left - 7, y: place.y(tick) + 4, "text-anchor": "end" }, word(spec.y, tick)));
  }
  for (const tick of spec.x.ticks)
    svg.append(
      make(
        "text",
        { x: place.x(tick), y: size.height - EDGE.bottom + 16, "text-anchor": "middle" },
        word(spec.x, tick),
      ),
    );
  svg.append(
    make(
      "text",
      { x: (EDGE.left + size.width - EDGE.right) / 2, y: size.height - 5, "text-anchor": "middle" },
      spec.x.label,
    ),
  );
  const middle = (EDGE.top + size.height - EDGE.bottom) / 2;
  svg.append(
    make("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, spec.y.label),
  );
}

function word(axis, value) {
  return axis.words ? axis.words(value) : counted(value);
}

function areas(svg, spec, place) {
  for (const series of spec.areas ?? []) {
    const edge = (side) => series.items.map((item) => `${place.x(item.x)},${place.y(item[side])}`);
    const group = make("g", { class: series.tone });
    group.append(make("polygon", { class: "area", points: [...edge("high"), ...edge("low").reverse()].join(" ") }));
    svg.append(group);
  }
}

function bars(svg, spec, place) {
  const shown = [];
  for (const series of spec.bars ?? []) {
    const group = make("g", { class: series.tone });
    for (const item of series.items) {
      if (!item.y) continue;
      const [left, right, top, floor] = [place.x(item.from), place.x(item.to), place.y(item.y), place.y(spec.y.min)];
      const node = make("rect", {
        class: "bar",
        x: left,
        y: top,
        width: Math.max(right - left - 0.5, 0.8),
        height: Math.max(floor - top, 0.5),
      });
      group.append(node);
      shown.push({ ...item, node, px: (left + right) / 2, py: top, left, right });
    }
    svg.append(group);
  }
  return shown;
}

function lines(svg, spec, place) {
  const shown = [];
  for (const series of spec.lines ?? []) {
    const path = series.items.map((item) => `${place.x(item.x)},${place.y(item.y)}`);
    const group = make("g", { class: series.tone ?? "" });
    group.append(make("polyline", { class: `line ${series.dashed ? "dashed" : ""}`, points: path.join(" ") }));
    svg.append(group);
    if (!series.silent)
      shown.push(...series.items.map((item) => ({ ...item, px: place.x(item.x), py: place.y(item.y) })));
  }
  return shown;
}

function points(svg, spec, place, size) {
  const shown = [];
  const taken = (spec.points ?? []).flatMap(({ items }) =>
    items.map(({ x, y }) => ({ left: place.x(x) - 7, right: place.x(x) + 7, y: place.y(y) + 4 })),
  );
  for (const series of spec.points ?? []) {
    const group = make("g", { class: series.tone ?? "" });
    for (const item of series.items) {
      const at = { px: place.x(item.x), py: place.y(item.y) };
      group.append(
        item.square
          ? make("rect", {
              class: "point front",
              x: at.px - 6,
              y: at.py - 6,
              width: 12,
              height: 12,
              transform: `rotate(45 ${at.px} ${at.py})`,
            })
          : make("circle", { class: "point", cx: at.px, cy: at.py, r: item.r ?? 5 }),
      );
      if (item.label) group.append(label(item.label, at, size.width, taken));
      shown.push({ ...item, ...at });
    }
    svg.append(group);
  }
  return shown;
}

// On the side where it fits, or else where more of it does; above its point, or below where that is taken.
function label(text, at, width, taken) {
  const room = { start: width - at.px - 10, end: at.px - 10 };
  const anchor = text.length * LETTER > room.start && room.end > room.start ? "end" : "start";
  const most = Math.floor(room[anchor] / LETTER);
  const shown = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  const x = at.px + (anchor === "end" ? -10 : 10);
  const left = anchor === "end" ? x - shown.length * LETTER : x;
  const spots = ABOVE_AND_BELOW.map((by) => ({ left, right: left + shown.length * LETTER, y: at.py + by }));
  const box = spots.find((spot) => !taken.some((other) => collide(spot, other))) ?? spots[0];
  taken.push(box);
  return make("text", { class: "label", x, y: box.y, "text-anchor": anchor }, shown);
}

function collide(one, other) {
  return one.left < other.right && other.left < one.right && Math.abs(one.y - other.y) < LINE;
}

// The point under the mouse or the arrow keys is named in words, and picked by a click or Enter.
function explore(svg, shown, words, spec) {
  const finder = make("circle", { class: "finder", r: 6, visibility: "hidden" });
  svg.append(finder);
  const ordered = shown.filter((item) => item.words).sort((a, b) => a.px - b.px || a.py - b.py);
  let current = -1;
  const show = (index) => {
    current = index;
    const item = ordered[index];
    finder.setAttribute("visibility", item ? "visible" : "hidden");
    if (item) {
      finder.setAttribute("cx", item.px);
      finder.setAttribute("cy", item.py);
    }
    words.textContent = item ? item.words : (spec.hint ?? "");
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = -1;
    let least = Infinity;
    ordered.forEach((item, index) => {
      const inside = item.left !== undefined && x >= item.left && x <= item.right;
      const distance = inside ? Math.abs(y - item.py) / 100 : Math.hypot(item.px - x, item.py - y);
      if (distance < least) [best, least] = [index, distance];
    });
    return best;
  };
  svg.addEventListener("pointermove", (event) => show(nearest(event)));
  svg.addEventListener("pointerleave", () => show(-1));
  svg.addEventListener("click", (event) => {
    const index = nearest(event);
    show(index);
    ordered[index]?.pick?.();
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (step && ordered.length) {
      event.preventDefault();
      show(Math.min(Math.max(current + step, 0), ordered.length - 1));
    } else if (event.key === "Enter") ordered[current]?.pick?.();
  });
}

function foot(svg, spec) {
  const row = document.createElement("figcaption");
  row.className = "row spread";
  const legend = document.createElement("span");
  legend.className = "small legend";
  for (const series of [...(spec.bars ?? []), ...(spec.lines ?? [])]) {
    if (!series.name) continue;
    const entry = document.createElement("span");
    entry.className = `class ${series.tone ?? ""}`;
    entry.textContent = `${series.dashed ? "┄" : "━"} ${series.name}`;
    legend.append(entry, " ");
  }
  row.append(legend, downloads(svg, spec));
  return row;
}
