// Answers a minute, over the last ones; a pause for coffee does not count.

const COUNTED = 30;
const PAUSE_MS = 30000;

export class Pace {
  constructor() {
    this.times = [];
  }

  answered() {
    this.times = [...this.times, performance.now()].slice(-COUNTED);
  }

  // Null until there are enough answers to say.
  perMinute() {
    if (this.times.length < 6) return null;
    const gaps = this.times.slice(1).map((time, i) => time - this.times[i]).filter((gap) => gap < PAUSE_MS);
    const spent = gaps.reduce((sum, gap) => sum + gap, 0);
    return gaps.length && spent ? (60000 * gaps.length) / spent : null;
  }
}
