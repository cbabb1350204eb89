// The labelers page: a grid to look through, and a fresh page when the round lands.

import "./doubt.js";

document.addEventListener("htmx:afterSwap", (event) => {
  const strip = event.target.closest("[data-reload-when-empty]");
  if (strip && event.detail.xhr.status === 286) location.reload();
});
