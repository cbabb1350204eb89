// With two classes a finger answers: it draws the picture to the left for the first one, to the right for the second.

const FAR = 70; // pixels

export class Swipe {
  // `buttons`: what left and right stand for; `swiped(button)`.
  constructor(frame, [left, right], swiped) {
    Object.assign(this, { frame, left, right, swiped, from: null, aimed: null });
    frame.classList.add("swipes");
    left.classList.add("swipe-left");
    right.classList.add("swipe-right");
    frame.addEventListener("pointerdown", (event) => this.down(event));
    frame.addEventListener("pointermove", (event) => this.move(event));
    frame.addEventListener("pointerup", () => this.up());
    frame.addEventListener("pointercancel", () => this.rest());
  }

  // A picture larger than its frame is moved about by the finger, and a second finger means something else.
  down({ pointerType, isPrimary, clientX }) {
    this.rest();
    if (pointerType === "touch" && isPrimary && this.frame.scrollWidth <= this.frame.clientWidth) this.from = clientX;
  }

  move({ isPrimary, clientX }) {
    if (this.from === null || !isPrimary) return;
    const way = clientX - this.from;
    this.aim(Math.abs(way) < FAR ? null : way < 0 ? this.left : this.right);
    this.frame.firstElementChild.style.transform = `translateX(${way}px)`;
  }

  up() {
    const { aimed } = this;
    this.rest();
    if (aimed && !aimed.disabled) this.swiped(aimed);
  }

  rest() {
    this.from = null;
    this.aim(null);
    this.frame.firstElementChild.style.transform = "";
  }

  aim(button) {
    if (button === this.aimed) return;
    this.aimed?.classList.remove("pressed");
    button?.classList.add("pressed");
    this.aimed = button;
  }
}
