// What part of the map is seen, and how the mouse, fingers and keys move it. One finger that goes up or down scrolls
// the page; two are the map's.

const CLOSEST = 60;
const STILL = 5; // Pixels that a click may move.

export class View {
  scale = 1;
  x = 0.5;
  y = 0.5;
  #canvas;
  #held = new Map();
  #moved = 0;
  #before = [];

  constructor(canvas, { changed, clicked }) {
    this.#canvas = canvas;
    this.changed = changed;
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY / 400), this.#at(event));
      },
      { passive: false },
    );
    for (const kind of ["touchstart", "touchmove"]) {
      canvas.addEventListener(
        kind,
        (event) => {
          if (event.touches.length > 1 && event.cancelable) event.preventDefault();
        },
        { passive: false },
      );
    }
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#held.set(event.pointerId, this.#at(event));
      if (this.#held.size === 1) [this.#moved, this.#before] = [0, [this.scale, this.x, this.y]];
    });
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => {
      this.#held.delete(event.pointerId);
      if (!this.#held.size && this.#moved < STILL) clicked(this.#at(event));
    });
    canvas.addEventListener("pointercancel", (event) => {
      this.#held.delete(event.pointerId);
      [this.scale, this.x, this.y] = this.#before; // The finger scrolls the page: it meant nothing here.
      this.changed();
    });
  }

  // Pixels from the map's 0..1, and back.
  get side() {
    return Math.min(this.#canvas.clientWidth, this.#canvas.clientHeight) * 0.94 * this.scale;
  }

  toScreen(point) {
    return [
      this.#canvas.clientWidth / 2 + (point.x - this.x) * this.side,
      this.#canvas.clientHeight / 2 + (point.y - this.y) * this.side,
    ];
  }

  // `factor` 0 shows all of it.
  zoom(factor, [px, py] = [this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2]) {
    if (!factor) [this.scale, this.x, this.y] = [1, 0.5, 0.5];
    else {
      const [dx, dy] = [px - this.#canvas.clientWidth / 2, py - this.#canvas.clientHeight / 2];
      const [x, y] = [this.x + dx / this.side, this.y + dy / this.side];
      this.scale = Math.min(Math.max(this.scale * factor, 1), CLOSEST);
      [this.x, this.y] = [x - dx / this.side, y - dy / this.side];
    }
    this.#keepInside();
  }

  // Move so that a point is seen.
  reveal(point) {
    const [px, py] = this.toScreen(point);
    const inside = px > 30 && py > 30 && px < this.#canvas.clientWidth - 30 && py < this.#canvas.clientHeight - 30;
    if (!inside) [this.x, this.y] = [point.x, point.y];
    this.#keepInside();
  }

  #keepInside() {
    [this.x, this.y] = [this.x, this.y].map((at) => Math.min(Math.max(at, 0), 1));
    this.changed();
  }

  #at(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  #move(event) {
    const before = this.#held.get(event.pointerId);
    if (!before) return;
    const now = this.#at(event);
    const other = [...this.#held].find(([id]) => id !== event.pointerId)?.[1];
    this.#held.set(event.pointerId, now);
    this.#moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (other) {
      const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]) || 1;
      this.zoom(apart(now) / apart(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
      this.#shift(before, now, 0.5);
    } else if (this.#moved >= STILL) this.#shift(before, now, 1);
  }

  #shift(before, now, share) {
    this.x -= (share * (now[0] - before[0])) / this.side;
    this.y -= (share * (now[1] - before[1])) / this.side;
    this.#keepInside();
  }
}
