// A model's scores, counted on a grid by the server: every figure at every threshold follows without asking again.

const known = new Map();

export function fetchTally(base, model) {
  const address = `${base}/models/${model.id}.tally?v=${model.version}`;
  if (!known.has(address)) known.set(address, load(address));
  return known.get(address);
}

async function load(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) {
    known.delete(address);
    return null;
  }
  const data = await response.arrayBuffer();
  const [steps, columns] = new Uint32Array(data, 0, 2);
  const grid = new Float32Array(data, 8, steps);
  const counts = new Int32Array(data, 8 + 4 * steps, columns * 2 * steps);
  return new Tally(
    grid,
    Array.from({ length: columns }, (_, c) =>
      [0, 1].map((own) => counts.subarray((2 * c + own) * steps, (2 * c + own + 1) * steps)),
    ),
  );
}

class Tally {
  constructor(grid, columns) {
    this.grid = grid;
    this.columns = columns; // each [others, own]
    this.above = columns.map((pair) => pair.map(summedFromTheEnd));
  }

  // The first step that is not below the threshold.
  index(threshold) {
    const wanted = Math.fround(threshold);
    let low = 0;
    let high = this.grid.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.grid[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(threshold, column = 0) {
    const [others, own] = this.above[column];
    const start = this.index(threshold);
    return { fp: others[start], tn: others[0] - others[start], tp: own[start], fn: own[0] - own[start] };
  }

  // Scores from `low` up to `high` are set aside; the rest is said.
  banded(low, high) {
    const upper = this.at(high);
    const lower = this.at(low);
    const unsure = { others: lower.fp - upper.fp, own: lower.tp - upper.tp };
    const said = { tp: upper.tp, fp: upper.fp, tn: lower.tn, fn: lower.fn };
    const all = upper.tp + upper.fp + upper.tn + upper.fn;
    const aside = unsure.others + unsure.own;
    return { ...said, unsure, all, aside, error: ratio(said.fp + said.fn, all - aside) };
  }

  histogram(bins, column = 0) {
    return this.columns[column].map((counts) => {
      const found = new Array(bins).fill(0);
      counts.forEach((count, i) => {
        found[Math.min(Math.floor(this.grid[i] * bins + 1e-6), bins - 1)] += count;
      });
      return found;
    });
  }
}

function summedFromTheEnd(counts) {
  const sums = new Float64Array(counts.length + 1);
  for (let i = counts.length - 1; i >= 0; i--) sums[i] = sums[i + 1] + counts[i];
  return sums;
}

export function ratio(part, whole) {
  return whole ? part / whole : 0;
}

export function figures({ tp, fp, tn, fn }) {
  return {
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    accuracy: ratio(tp + tn, tp + fp + tn + fn),
  };
}
