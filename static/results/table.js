// Sorts the table of models where it stands; a heading pressed again turns the order round.

const RISING_IS_GOOD = new Set([
  "precision",
  "recall",
  "f1",
  "accuracy",
  "answered",
  "auc",
  "average_precision",
  "balanced_accuracy",
  "mcc",
  "images_per_s",
]);

export function sortBy(link) {
  const column = link.dataset.sort;
  const heading = link.closest("th");
  const first = RISING_IS_GOOD.has(column) ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = heading.getAttribute("aria-sort") === first ? second : first;
  for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const body = link.closest("table").tBodies[0];
  const value = (row) => {
    const text = row.querySelector(`[data-column=${column}]`).dataset.value;
    return text === "" ? null : Number(text);
  };
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (x - y);
  });
  body.append(...rows);
}
