// Answers that were not taken, each with its reason: kept in the browser until the person has read them, or has
// answered those images anew. All screens and tabs of the person tell them.

export class Refusals {
  // `shown(list)`: each {sentence, picture}, oldest first.
  constructor(name, shown) {
    this.prefix = `squint-refused-${name}/`;
    this.shown = shown;
    this.unstored = new Map(); // where the browser's store is full or shut
    addEventListener("storage", ({ key }) => key?.startsWith(this.prefix) && this.tell());
    this.tell();
  }

  // `entry`: as the outbox had it; its name tells its age. `picture`: an address.
  add({ name }, { image, sentence, picture = null }) {
    const own = `${this.prefix}${name.slice(name.indexOf("/") + 1)}-${image ?? ""}`;
    try {
      localStorage.setItem(own, JSON.stringify({ image, sentence, picture }));
    } catch {
      this.unstored.set(own, { image, sentence, picture });
    }
    this.tell();
  }

  all() {
    const stored = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
    const names = [...stored, ...this.unstored.keys()].sort();
    return names.map((name) => ({ name, ...(this.unstored.get(name) ?? JSON.parse(localStorage.getItem(name))) }));
  }

  // The person's newer answers to these images were taken.
  resolve(ids) {
    this.drop(this.all().filter(({ image }) => ids.includes(image)));
  }

  understood() {
    this.drop(this.all());
  }

  drop(those) {
    for (const { name } of those) {
      this.unstored.delete(name);
      localStorage.removeItem(name);
    }
    if (those.length) this.tell();
  }

  tell() {
    this.shown(this.all());
  }
}
