// A fresh page when the job lands that `data-reload-when-empty` watches: its strip answers 286 then.

document.addEventListener("htmx:afterSwap", (event) => {
  const strip = event.target.closest("[data-reload-when-empty]");
  if (strip && event.detail.xhr.status === 286) location.reload();
});
