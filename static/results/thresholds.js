// Two sliders: from where on an image is of the class, and from where up to there it is left open.

import { address, part, state } from "./state.js";

const PAUSE_MS = 250;
const HALF_A_STEP = 0.0005;
let drawing = 0;
let pause = 0;
let redraw = () => {};

// `moved()` draws what follows the sliders.
export function whenMoved(moved) {
  redraw = moved;
}

const form = part("choice");
form?.addEventListener("input", ({ target }) => follow(target.id, Number(target.value)));
form?.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (!step || !event.target.dataset.step) return;
  event.preventDefault();
  const size = event.shiftKey ? 0.001 : Number(event.target.dataset.step);
  event.target.value = (Number(event.target.value) + step * size).toFixed(3);
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
});
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-threshold]");
  if (preset) moveTo(Number(preset.dataset.from), Number(preset.dataset.threshold));
});

// What stands on the sliders counts, also when they were moved before this script had come.
export function takeEarlyMoves() {
  if (!form) return;
  const stands = { from: state.low, threshold: state.high };
  const shown = Object.keys(stands).map((id) => [id, Number(part(id).value)]);
  for (const [id, value] of shown) if (Math.abs(value - stands[id]) > HALF_A_STEP) follow(id, value);
}

// One slider was moved: without a band both stay together, and the lower one never passes the upper.
function follow(id, value) {
  if (id === "threshold") moveTo(Math.min(state.low === state.high ? value : state.low, value), value);
  else moveTo(value, Math.max(state.high, value));
}

export function moveTo(low, high) {
  state.low = Math.round(low * 1000) / 1000;
  state.high = Math.round(high * 1000) / 1000;
  part("threshold").value = state.high;
  part("from").value = state.low;
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(redraw);
  clearTimeout(pause);
  pause = setTimeout(settle, PAUSE_MS);
}

// When the slider rests: a link to what is seen, and the galleries of it.
function settle() {
  const { config } = state;
  history.replaceState(null, "", `${config.base}?${address()}`);
  part("galleries").setAttribute("aria-busy", "true");
  window.htmx.ajax("GET", `${config.base}/galleries?${address()}`, { target: "#galleries", swap: "innerHTML" });
}
