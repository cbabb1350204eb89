// What was marked on a page that is not confirmed yet: it survives a reload of the tab.

export class Drafts {
  constructor(name) {
    this.name = name;
    this.said = new Map(JSON.parse(sessionStorage.getItem(name) ?? "[]"));
  }

  of(tile, otherwise) {
    return this.said.has(tile.id) ? this.said.get(tile.id) : otherwise;
  }

  keep(tiles) {
    for (const { id, said, asked } of tiles) {
      if (said === asked) this.said.delete(id);
      else this.said.set(id, said);
    }
    this.store();
  }

  forget(tiles) {
    for (const { id } of tiles) this.said.delete(id);
    this.store();
  }

  store() {
    sessionStorage.setItem(this.name, JSON.stringify([...this.said]));
  }
}
