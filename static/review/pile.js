// How far the pile is: the server's count, and what was answered here since.

export class Pile {
  // `unsent`: answers that the server did not know when it counted.
  constructor({ done, goal, ownCount }, unsent) {
    this.ownCount = ownCount; // `done` is what this person did, not what everybody did
    this.goal = goal; // null: to the end of the pile
    this.done = Math.max(done + unsent, 0);
    this.waiting = null; // the server has not said yet
    this.more = false;
  }

  // One answer more or less. To a seed only labels count: from *can't tell* nothing can be learnt.
  count(kind, step) {
    if (this.goal === null || kind === "label") this.done = Math.max(this.done + step, 0);
    if (this.waiting !== null) this.waiting = Math.max(this.waiting - step, 0);
  }

  // `waiting`: what the server counted, without the answers that are still on their way to it.
  takeStock({ waiting, counted_all: all, round }) {
    // What went away without our doing was answered by others, unless a new round took it.
    const byOthers = this.waiting === null || this.more || round !== this.round ? 0 : this.waiting - waiting;
    if (this.goal === null && all && !this.ownCount) this.done += Math.max(byOthers, 0);
    Object.assign(this, { waiting, round, more: !all });
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
