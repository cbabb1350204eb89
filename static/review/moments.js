// Small things that every screen of an annotator needs.

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function afterPaint(then) {
  requestAnimationFrame(() => setTimeout(then));
}
