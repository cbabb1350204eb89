// Mouse and touch on the board: a click, a click with Shift or Ctrl, and a frame drawn around tiles.

const DRAG_FROM = 6;

export class Hands {
  // `clicked(tile, event)`; `framed(tiles)` while a frame is drawn: with Shift or Ctrl, those selected before too.
  constructor(board, frame, { clicked, framed }) {
    Object.assign(this, { board, frame, clicked, framed, from: null, dragged: false });
    const area = board.root.parentElement;
    area.addEventListener("pointerdown", (event) => this.down(event));
    area.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, () => this.up());
    board.root.addEventListener("click", (event) => this.click(event));
  }

  // A finger scrolls the page; it taps, and draws no frame.
  down(event) {
    this.dragged = false;
    if (event.pointerType === "touch" || event.button !== 0 || event.target.closest("button, a")) return;
    this.from = { x: event.clientX + scrollX, y: event.clientY + scrollY };
    this.before = event.shiftKey || event.ctrlKey || event.metaKey ? [...this.board.selected] : [];
  }

  move(event) {
    if (!this.from) return;
    const [x, y] = [event.clientX + scrollX, event.clientY + scrollY];
    if (!this.dragged && Math.hypot(x - this.from.x, y - this.from.y) < DRAG_FROM) return;
    if (!this.dragged) event.currentTarget.setPointerCapture(event.pointerId);
    this.dragged = true;
    const box = {
      left: Math.min(x, this.from.x),
      top: Math.min(y, this.from.y),
      right: Math.max(x, this.from.x),
      bottom: Math.max(y, this.from.y),
    };
    this.draw(box);
    this.framed([...this.before, ...this.inside(box)]);
  }

  draw({ left, top, right, bottom }) {
    this.frame.hidden = false;
    Object.assign(this.frame.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${right - left}px`,
      height: `${bottom - top}px`,
    });
  }

  inside({ left, top, right, bottom }) {
    return this.board.tiles.filter(({ element }) => {
      const box = element.getBoundingClientRect();
      return (
        box.left + scrollX < right &&
        box.right + scrollX > left &&
        box.top + scrollY < bottom &&
        box.bottom + scrollY > top
      );
    });
  }

  up() {
    this.from = null;
    this.frame.hidden = true;
  }

  click(event) {
    if (this.dragged) return; // the end of a frame
    const id = Number(event.target.closest(".cell")?.dataset.id);
    const tile = this.board.tiles.find((one) => one.id === id);
    if (tile) this.clicked(tile, event);
  }
}
