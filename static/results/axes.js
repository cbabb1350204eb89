// What the charts of the results page have in common. Pure: no document, no requests.

export const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];

// From 0 up to `top` in steps of 1, 2 or 5 times a power of ten.
export function roundTicks(top) {
  const least = top / 5;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= least);
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

export function named(name, words) {
  return `${name}: ${words}`;
}
