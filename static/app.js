// What every page shares: toasts, loud failures, and keys that press buttons.

import { _ } from "./words.js";

// On a phone the menu is wider than the screen: where one is comes into sight.
document.querySelector(".bar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const toasts = document.getElementById("toasts");

export function toast(sentence) {
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", "alert");
  box.textContent = `${sentence} `;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet-button";
  close.dataset.dismiss = "";
  close.setAttribute("aria-label", _("Dismiss"));
  close.textContent = "×";
  box.append(close);
  toasts.append(box);
}

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".toast").remove();
});

// What was refused before is past when somebody tries again.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "get") toasts.replaceChildren();
});

// htmx drops a request that never reached the server without a word: a lost save must be loud.
document.addEventListener("htmx:sendError", () => toast(_("The server could not be reached; nothing was saved.")));
document.addEventListener("htmx:timeout", () => toast(_("The server did not answer in time.")));

export function typing(event) {
  return (
    event.target.closest?.(
      "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]",
    ) !== null ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey
  );
}

// `data-key="r"` on a link or button: the key does what a click does.
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || typing(event)) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (target && !target.disabled) {
    event.preventDefault();
    target.click();
  }
});

// A form with `data-confirm="…"` asks first.
document.addEventListener(
  "submit",
  (event) => {
    const question = event.target.dataset?.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  },
  true,
);
