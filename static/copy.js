// A button with `data-copy="ID"` copies that field; where the browser forbids it (plain http), it selects the text.

import { _ } from "./words.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = _("Copied");
  } catch {
    button.textContent = document.execCommand("copy") ? _("Copied") : _("Press Ctrl+C");
  }
});
