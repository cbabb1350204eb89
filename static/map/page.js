// The map of the images: every image a mark where alike ones lie near each other; looked at closely, the image itself.

import { toast } from "../app.js";
import { _, counted, n_ } from "../words.js";
import { choose } from "./chosen.js";
import { legend } from "./legend.js";
import { frame, mark, readColors } from "./marks.js";
import { Pictures } from "./pictures.js";
import { View } from "./view.js";

const SMALLEST_PICTURE = 16;
const LARGEST_PICTURE = 72;
const MARK = 4.5;
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const page = document.getElementById("map");
if (page) start();

async function start() {
  const response = await fetch(`${page.dataset.base}/images/map/points`, { headers: { Accept: "application/json" } });
  if (!response.ok) return toast(_("The map could not be fetched. Please load the page again."));
  const map = await response.json();
  const points = map.id.map((id, i) => ({
    id,
    name: map.name[i],
    content: map.content[i],
    x: map.x[i],
    y: map.y[i],
    state: map.states[map.state[i]],
    class: map.class[i],
    cell: map.cell[i],
  }));
  show(map, points);
}

function show(map, points) {
  const canvas = document.getElementById("plane");
  let [colors, chosen, hidden, due] = [readColors(map.classes), null, new Set(), false];
  const redraw = () => {
    if (!due) requestAnimationFrame(paint);
    due = true;
  };
  const paint = () => {
    due = false;
    draw(
      canvas,
      view,
      points.filter((p) => !hidden.has(p.class)),
      pictures,
      colors,
      chosen,
    );
  };
  const pick = (point) => {
    if (!point) return;
    chosen = point;
    choose(point, points, map.classes, pictures, page.dataset.base, pick);
    view.reveal(point);
  };
  const pictures = new Pictures(page.dataset.base, map, redraw);
  const view = new View(canvas, {
    changed: redraw,
    clicked: (at) =>
      pick(
        nearest(
          view,
          points.filter((p) => !hidden.has(p.class)),
          at,
          30,
        ),
      ),
  });
  const of = Number(page.dataset.total);
  document.getElementById("drawn").textContent =
    of > points.length
      ? _("%(part)s of %(whole)s images", { part: counted(points.length), whole: counted(of) })
      : n_("%(number)s image", "%(number)s images", of);
  const renew = () => legend(map.classes, points, colors, hidden, redraw);
  renew();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colors = readColors(map.classes);
    renew();
    redraw();
  });
  for (const button of page.querySelectorAll("[data-zoom]"))
    button.addEventListener("click", () => view.zoom(Number(button.dataset.zoom)));
  canvas.addEventListener("keydown", (event) => {
    const shown = points.filter((p) => !hidden.has(p.class));
    if (ARROWS[event.key])
      pick(
        chosen
          ? thatWay(shown, chosen, ARROWS[event.key])
          : nearest(view, shown, [canvas.clientWidth / 2, canvas.clientHeight / 2], Infinity),
      );
    else if (event.key === "+" || event.key === "-")
      view.zoom(event.key === "+" ? 2 : 0.5, chosen ? view.toScreen(chosen) : undefined);
    else if (event.key === "Enter" && chosen) location.assign(pictures.address(chosen));
    else return;
    event.preventDefault();
  });
  new ResizeObserver(redraw).observe(canvas);
}

function draw(canvas, view, points, pictures, colors, chosen) {
  const density = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * density)) canvas.width = Math.round(width * density);
  if (canvas.height !== Math.round(height * density)) canvas.height = Math.round(height * density);
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  const side = Math.min((0.8 * view.side) / Math.sqrt(points.length || 1), LARGEST_PICTURE);
  const others = chosen ? [...points.filter((p) => p !== chosen), chosen] : points; // The chosen one lies on top.
  for (const point of others) {
    const [x, y] = view.toScreen(point);
    if (x < -side || y < -side || x > width + side || y > height + side) continue;
    if (side >= SMALLEST_PICTURE && pictures.draw(context, point, x - side / 2, y - side / 2, side))
      frame(context, x - side / 2, y - side / 2, side, point, colors);
    else mark(context, x, y, MARK, point, colors);
  }
  if (!chosen) return;
  const [x, y] = view.toScreen(chosen);
  const radius = Math.max(side >= SMALLEST_PICTURE ? side * 0.72 : 0, 10);
  context.lineWidth = 2.5;
  context.strokeStyle = colors.text;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function nearest(view, points, [px, py], most) {
  let [best, least] = [null, most];
  for (const point of points) {
    const [x, y] = view.toScreen(point);
    const distance = Math.hypot(x - px, y - py);
    if (distance < least) [best, least] = [point, distance];
  }
  return best;
}

// The nearest image in a direction: what lies aside counts as farther.
function thatWay(points, from, [dx, dy]) {
  let [best, least] = [null, Infinity];
  for (const point of points) {
    const [x, y] = [point.x - from.x, point.y - from.y];
    const ahead = x * dx + y * dy;
    const distance = Math.hypot(x, y) + 2 * Math.abs(x * dy - y * dx);
    if (point !== from && ahead > 0 && distance < least) [best, least] = [point, distance];
  }
  return best;
}
