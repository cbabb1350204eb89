// A chart to take away: as SVG with its colours written into it, as PNG in double size, or its numbers as CSV.

import { _ } from "../words.js";

const KEPT = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "font-family",
  "font-size",
  "font-weight",
  "opacity",
  "visibility",
];

export function downloads(svg, spec) {
  const row = document.createElement("span");
  row.className = "row downloads";
  const kinds = {
    SVG: () => save(picture(svg), `${spec.file}.svg`),
    PNG: () => savePng(svg, `${spec.file}.png`),
    CSV: () => save(table(spec), `${spec.file}.csv`),
  };
  for (const [kind, run] of Object.entries(kinds)) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet-button small";
    button.textContent = kind;
    button.setAttribute("aria-label", _("Download %(name)s as %(kind)s", { name: spec.name ?? spec.title, kind }));
    button.addEventListener("click", run);
    row.append(button);
  }
  return row;
}

function standalone(svg) {
  const copy = svg.cloneNode(true);
  const [own, copied] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  own.forEach((node, i) => {
    const style = getComputedStyle(node);
    for (const property of KEPT) copied[i].setAttribute(property, style.getPropertyValue(property));
    copied[i].removeAttribute("class");
  });
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of [
    ["width", width],
    ["height", height],
    ["fill", getComputedStyle(document.querySelector(".panel")).backgroundColor],
  ])
    ground.setAttribute(key, value);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

function picture(svg) {
  return new Blob([standalone(svg)], { type: "image/svg+xml" });
}

async function savePng(svg, file) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(blob, file));
}

function table(spec) {
  const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  return new Blob([spec.table.map((row) => row.map(cell).join(",")).join("\n"), "\n"], { type: "text/csv" });
}

function save(blob, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
