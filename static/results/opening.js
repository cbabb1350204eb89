// The images behind a number: fetched into their place on the page, which comes into view.

export async function openImages(base, query) {
  const place = document.getElementById("cell");
  await window.htmx.ajax("GET", `${base}/images?${query}`, { target: "#cell", swap: "innerHTML" });
  place.scrollIntoView({
    block: "start",
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
  });
  (place.querySelector(".tile") ?? place).focus({ preventScroll: true });
}
