// Small things that every screen of an annotator needs.

const LONGEST_FRAME_MS = 250;

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// When the next frame is on the screen: what a person sees begins here.
export function afterPaint(then) {
  requestAnimationFrame(() => setTimeout(then));
}

// Behind the next frame, so that nothing delays it; a hidden tab paints none, and does it nevertheless.
export function behindPaint(then) {
  let left = then;
  const once = () => {
    left?.();
    left = null;
  };
  afterPaint(once);
  setTimeout(once, LONGEST_FRAME_MS);
}
