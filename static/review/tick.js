// A tick at each answer, for who wants to hear it: off until it is asked for.

import { remember, remembered } from "./remembered.js";

const PITCH = { label: 1320, cant_tell: 660 };

export class Tick {
  constructor() {
    this.on = remembered("tick", false);
  }

  choose(on) {
    this.on = on;
    remember("tick", on);
    if (on) this.sound("label");
  }

  sound(kind) {
    if (!this.on) return;
    const context = (this.context ??= new AudioContext());
    const [source, volume] = [context.createOscillator(), context.createGain()];
    source.frequency.value = PITCH[kind];
    volume.gain.setValueAtTime(0.06, context.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.04);
    source.connect(volume).connect(context.destination);
    source.start();
    source.stop(context.currentTime + 0.05);
  }
}
