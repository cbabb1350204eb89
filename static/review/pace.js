// Answers a minute, over the last ones; a pause for coffee does not count. And how long it is since the last one.

const COUNTED = 30;
const PAUSE_MS = 30000;
const REST_MS = 300000;
const STRETCH_MS = 1800000;

export class Pace {
  constructor() {
    this.times = [];
    this.rested();
  }

  answered() {
    const now = performance.now();
    if (now - (this.times.at(-1) ?? now) > REST_MS) this.rested();
    this.times = [...this.times, now].slice(-COUNTED);
  }

  // Null until there are enough answers to say.
  perMinute() {
    if (this.times.length < 6) return null;
    const gaps = this.times
      .slice(1)
      .map((time, i) => time - this.times[i])
      .filter((gap) => gap < PAUSE_MS);
    const spent = gaps.reduce((sum, gap) => sum + gap, 0);
    return gaps.length && spent ? (60000 * gaps.length) / spent : null;
  }

  // A new stretch of work begins: after some minutes without an answer, or when the person says so.
  rested() {
    this.began = performance.now();
  }

  // Minutes of work without a rest, once they are enough for one; else null.
  tiredAfter() {
    const worked = performance.now() - this.began;
    return worked >= STRETCH_MS ? Math.round(worked / 60000) : null;
  }
}
