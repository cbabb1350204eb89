// The results page: the threshold, the sorting and the chosen model ask for the live part anew.

import "./doubt.js";

const form = document.getElementById("choice");

document.addEventListener("input", (event) => {
  if (event.target.id === "threshold") document.getElementById("threshold-out").textContent = Number(event.target.value).toFixed(2);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-model], [data-sort]");
  if (!link || !form) return;
  event.preventDefault();
  if (link.dataset.model) document.getElementById("model").value = link.dataset.model;
  else document.getElementById("sort").value = link.dataset.sort;
  form.dispatchEvent(new Event("change", { bubbles: true }));
});

document.addEventListener("htmx:afterSwap", (event) => {
  const strip = event.target.closest("[data-reload-when-empty]");
  if (strip && event.detail.xhr.status === 286) location.reload();
});
