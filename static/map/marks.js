// How an image is marked on the map: its class by shape and colour, what stands of it by the mark's inside.

const CORNERS = [
  null,
  corners(4, 45),
  corners(3, -90),
  corners(4, 0),
  corners(3, 90),
  corners(6, 0),
  cross(0),
  corners(5, -90),
  cross(45),
  star(),
];
const SETTLED = "settled";
const ACCEPTED = "accepted";

function corners(count, turn, radius = () => 1) {
  return Array.from({ length: count }, (_, i) => {
    const angle = ((360 / count) * i + turn) * (Math.PI / 180);
    return [Math.cos(angle) * radius(i), Math.sin(angle) * radius(i)];
  });
}

function star() {
  return corners(10, -90, (i) => (i % 2 ? 0.45 : 1.1));
}

function cross(turn) {
  return corners(12, turn, (i) => (i % 3 === 2 ? 0.45 : 1));
}

export function mark(context, x, y, radius, point, colors) {
  context.lineWidth = Math.max(radius / 3.5, 1.2);
  context.beginPath();
  if (point.class < 0) {
    context.strokeStyle = context.fillStyle = colors.quiet;
    context.arc(x, y, radius / 2.2, 0, 2 * Math.PI);
    if (point.state === "new") context.stroke();
    else context.fill();
    return;
  }
  const shape = CORNERS[point.class % CORNERS.length];
  if (shape) shape.forEach(([dx, dy], i) => context[i ? "lineTo" : "moveTo"](x + dx * radius, y + dy * radius));
  else context.arc(x, y, radius * 0.9, 0, 2 * Math.PI);
  context.closePath();
  context.fillStyle = context.strokeStyle = colors.classes[point.class];
  if (point.state === SETTLED) context.fill();
  context.stroke();
}

// Round a picture, with the mark in its corner: whole where a person said so, dashed where the labelers did.
export function frame(context, left, top, side, point, colors) {
  if (point.class < 0) return;
  context.strokeStyle = colors.classes[point.class];
  context.lineWidth = 2;
  context.setLineDash(point.state === ACCEPTED ? [4, 3] : []);
  context.strokeRect(left, top, side, side);
  context.setLineDash([]);
  const [radius, x, y] = [Math.min(side / 6, 6), left + side, top + side];
  context.fillStyle = colors.ground;
  context.beginPath();
  context.arc(x, y, radius * 1.6, 0, 2 * Math.PI);
  context.fill();
  mark(context, x, y, radius, point, colors);
}

export function readColors(classes) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    quiet: color("--quiet"),
    text: color("--text"),
    ground: color("--panel"),
    accent: color("--accent"),
    classes: classes.map((c) => color(`--class-${c.color}`)),
  };
}
