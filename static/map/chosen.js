// The chosen image beside the map: what is known of it, and what lies around it.

import { _ } from "../words.js";

const AROUND = 12;
const WORDS = {
  new: _("not labelled yet"),
  unclear: _("still unclear"),
  disputed: _("people differ"),
  set_aside: _("nobody can tell"),
};

export function choose(point, points, classes, pictures, base, pick) {
  const panel = document.getElementById("chosen");
  const words = document.getElementById("chosen-words");
  words.classList.remove("quiet");
  words.textContent = `${point.name}: ${inWords(point, classes)}`;
  const picture = Object.assign(document.createElement("img"), {
    src: pictures.address(point),
    alt: point.name,
    className: "pixels large",
  });
  const links = row([
    link(_("Open the picture"), pictures.address(point)),
    link(_("Find it in the list"), `${base}/images?q=${encodeURIComponent(point.name)}`),
  ]);
  const heading = Object.assign(document.createElement("h2"), { textContent: _("Around it") });
  const list = document.createElement("ul");
  list.className = "tiles";
  for (const other of around(point, points)) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = other.class < 0 ? "tile" : `tile class-${classes[other.class].color}`;
    const small = Object.assign(document.createElement("img"), {
      src: pictures.address(other, 160),
      alt: `${other.name}: ${inWords(other, classes)}`,
      loading: "lazy",
      className: "pixels",
    });
    const caption = Object.assign(document.createElement("span"), {
      className: "class small",
      textContent: other.class < 0 ? "–" : classes[other.class].name,
    });
    button.append(small, caption);
    button.addEventListener("click", () => pick(other));
    item.append(button);
    list.append(item);
  }
  panel.replaceChildren(picture, words, links, heading, list);
}

export function inWords(point, classes) {
  if (point.class < 0) return WORDS[point.state] ?? point.state;
  const { name } = classes[point.class];
  return point.state === "settled" ? _("%(name)s, a person said", { name }) : _("%(name)s, accepted", { name });
}

function around(point, points) {
  const far = (other) => Math.hypot(other.x - point.x, other.y - point.y);
  return points
    .filter((other) => other !== point)
    .sort((a, b) => far(a) - far(b))
    .slice(0, AROUND);
}

function row(nodes) {
  const box = document.createElement("p");
  box.className = "row";
  box.append(...nodes);
  return box;
}

function link(text, href) {
  return Object.assign(document.createElement("a"), { href, textContent: text, className: "button small" });
}
