// What a person may choose for long hours: to be told of a break, and to hear each answer.

import { remember, remembered } from "./remembered.js";
import { Tick } from "./tick.js";

export class Comfort {
  constructor(pace, view) {
    this.pace = pace;
    this.view = view;
    this.tick = new Tick();
    this.breaks = remembered("breaks", true);
    view.help.addEventListener("change", ({ target }) => {
      if (target.name === "breaks") this.chooseBreaks(target.checked);
      else this.tick.choose(target.checked);
    });
    this.show();
  }

  answered(kind) {
    this.pace.answered();
    this.view.rest(this.breaks ? this.pace.tiredAfter() : null);
    this.tick.sound(kind);
  }

  rested() {
    this.pace.rested();
    this.view.rest(null);
  }

  chooseBreaks(on) {
    this.breaks = on;
    remember("breaks", on);
    this.show();
    this.rested();
  }

  show() {
    for (const name of ["breaks", "tick"]) {
      this.view.help.querySelector(`[name=${name}]`).checked = name === "breaks" ? this.breaks : this.tick.on;
    }
  }
}
