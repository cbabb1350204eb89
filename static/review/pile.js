// How far the pile is: the server's count, and what was answered here since.

export class Pile {
  // `unsent`: answers that the server did not know when it counted.
  constructor({ done, goal, ownCount }, unsent) {
    this.ownCount = ownCount; // `done` is what this person did, not what everybody did
    this.goal = goal; // null: to the end of the pile
    this.done = Math.max(done + unsent, 0);
    this.waiting = null; // the server has not said yet
    this.more = false;
    this.pending = 0;
  }

  // One answer more or less. To a seed only labels count: from *can't tell* nothing can be learnt.
  count(kind, step) {
    if (this.goal === null || kind === "label") this.done = Math.max(this.done + step, 0);
    if (this.waiting !== null) this.waiting = Math.max(this.waiting - step, 0);
    this.pending += 1;
  }

  // The server is asked to count while so many of our answers are on their way to it.
  asked(unsent) {
    this.pending = unsent;
  }

  // `waiting`: what the server counted; of our pending answers nobody knows which it knew.
  takeStock({ waiting, counted_all: all, round }) {
    const begins = this.waiting === null || this.unsure || this.more || round !== this.round;
    const apart = begins ? 0 : this.waiting - waiting;
    // What went away without our doing was answered by others, unless a new round took it.
    const byOthers = Math.max(apart - this.pending, 0);
    const came = Math.max(-apart - this.pending, 0);
    if (this.goal === null && all && !this.ownCount) this.done += byOthers;
    this.waiting = begins ? Math.max(waiting - this.pending, 0) : this.waiting - byOthers + came;
    Object.assign(this, { round, more: !all, unsure: begins && this.pending > 0 });
  }

  // Null while it is not known.
  get progress() {
    if (this.goal !== null) return { done: this.done, total: Math.max(this.goal, this.done), more: false };
    if (this.waiting === null) return null;
    return { done: this.done, total: this.done + this.waiting, more: this.more };
  }

  get reached() {
    return this.goal !== null && this.done >= this.goal;
  }
}
