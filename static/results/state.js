// What is seen on the results page, and its address.

export const state = {
  low: 0.6,
  high: 0.6,
  curve: "roc",
  cost: null,
  column: 0,
  tally: null,
  config: null,
};

export function part(id) {
  return document.getElementById(id);
}

export function address(changes = {}) {
  const { config, low, high } = state;
  const values = {
    bakeoff: config.bakeoff,
    model: config.model,
    threshold: high,
    ...(low < high ? { from: low } : {}),
    ...changes,
  };
  return new URLSearchParams(values).toString();
}

export function chooseModel(id) {
  const { config } = state;
  history.replaceState(null, "", `${config.base}?${address({ model: id })}`);
  window.htmx.ajax("GET", `${config.base}/live?${address({ model: id })}`, { target: "#live", swap: "innerHTML" });
}
