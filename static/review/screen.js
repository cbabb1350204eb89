// The annotator's screen: one key is label and next; the save goes on behind.

import { typing } from "../app.js";
import { _ } from "../words.js";
import { Comfort } from "./comfort.js";
import { listEarlier, restored } from "./history.js";
import { asked } from "./keys.js";
import { afterPaint, newKey } from "./moments.js";
import { Nearby } from "./nearby.js";
import { Outbox } from "./outbox.js";
import { Pace } from "./pace.js";
import { Picture } from "./picture.js";
import { Pile } from "./pile.js";
import { Refusals } from "./refusals.js";
import { ending, seedDone, unshown } from "./sentences.js";
import { Supply, letGo, load } from "./supply.js";
import { Swipe } from "./swipe.js";
import { View, interruption } from "./view.js";

const DOUBLE_CLICK_MS = 250;
const BROKEN_RETRY_MS = 2000;
const KEPT_READY = 20; // answered images; older ones are loaded anew when somebody walks back to them

const root = document.getElementById("screen");
const config = JSON.parse(root.dataset.config);
const base = `/projects/${config.project}`;
const classes = new Map(config.classes.map((c) => [c.id, c]));
const view = new View(config, classes);
const picture = new Picture(view.canvas, view.frame);
const nearby = new Nearby(base, document.getElementById("nearby"), classes, config.pile !== "audit");
const pace = new Pace();
const comfort = new Comfort(pace, view);
let current = null;
let earlier = null; // this person's answer to it, when an earlier image is looked at again
let shownAt = null;
let flagged = false;
let clickedAt = -Infinity;

const refusals = new Refusals(`${config.project}-${config.user}`, (list) => view.refused(list));

const outbox = new Outbox(`${config.project}-${config.user}`, {
  changed: (state) => view.saving(state),
  saved: ({ body }, data) => {
    supply.saved(body.image_id);
    if (data?.saved) refusals.resolve([body.image_id]);
    if (data?.note) view.note(data.note);
    if (!current || (pile.unsure && !outbox.names().length)) supply.refill(true);
    showHistory();
  },
  refused: (entry, sentence) => {
    const { body, item } = entry;
    const index = history.findIndex((answer) => answer.key === body.key);
    if (index >= 0 && !stands(history.splice(index, 1)[0].item)) pile.count(body.kind, -1);
    supply.reopened(body.image_id);
    refusals.add(entry, { image: body.image_id, sentence, picture: item?.url });
    showHistory();
  },
});

const supply = new Supply(`${base}/queue/${config.pile}/claim`, {
  busy: () => (current ? [current.id] : []),
  asking: () => pile.asked(outbox.names().length),
  told: (answer) => {
    if (answer.ok) takeStock(answer.data);
    nearby.expect([...(current ? [current] : []), ...supply.items]);
    if (current) return;
    if (supply.items.length) next();
    else
      view.message(
        ...(interruption(answer) ?? ending(config, base, { unsent: outbox.names().length > 0, waiting: pile.waiting })),
      );
  },
});

// This person's answers that stand, oldest first: {key, kind, classId, item}.
const history = restored(config, { overtaking: outbox.overtaking(), unsent: outbox.entries() }, supply);
const pile = new Pile(config, labels(history) - labels(config.recent));
let oldest = history[0] ?? null; // the earliest one known
let lookingBack = null;

function next() {
  current = supply.take() ?? null;
  if (current) show(current);
  else view.message(_("Looking for the next image …"));
  if (!current) supply.refill(true);
}

async function show(item, standing = null) {
  [current, earlier] = [item, standing];
  shownAt = null;
  mark(false);
  if (!item.image && !(await loaded(item))) return;
  picture.show(item.image);
  view.show(item, picture.zoom, standing);
  if (view.answers[0]?.disabled) view.enable(true);
  afterPaint(() => {
    if (current !== item) return;
    shownAt ??= performance.now();
    view.opinions(item);
    nearby.show(item);
  });
}

// No answer to a picture that nobody has seen: the buttons stay shut until it is there, or somebody else's turn.
async function loaded(item) {
  view.enable(false);
  while (!(await load(item))) {
    if (current !== item) return false;
    const skip = Object.assign(document.createElement("button"), { type: "button", textContent: _("Next image") });
    skip.addEventListener("click", next);
    view.message(...unshown(item), skip);
    await new Promise((wake) => setTimeout(wake, BROKEN_RETRY_MS));
  }
  return current === item;
}

function answer(kind, classId) {
  if (!current?.image || view.answers[0]?.disabled) return;
  const given = { key: newKey(), kind, classId, item: current };
  const seconds = shownAt === null ? 0 : Math.round(performance.now() - shownAt) / 1000;
  const body = {
    image_id: current.id,
    kind,
    class_id: classId,
    source: config.source,
    seconds,
    key: given.key,
    flagged,
  };
  if (!stands(current)) pile.count(kind, 1);
  history.push(given);
  oldest ??= given;
  if (history.length > KEPT_READY) letGo(history.at(-KEPT_READY - 1).item);
  supply.answered(current.id);
  outbox.add(`${base}/annotations`, body, bare(given.item));
  next();
  afterPaint(() => {
    comfort.answered(kind);
    view.say(view.nameOf(given));
    showHistory();
  });
}

async function undo() {
  if (!history.length) await lookBack();
  const last = history.pop();
  if (!last) return;
  putAway();
  supply.reopened(last.item.id);
  const standing = stands(last.item);
  if (!standing) pile.count(last.kind, -1);
  show(last.item, standing);
  outbox.add(`${base}/annotations/undo`, { undoes: last.key, key: newKey(), tab: supply.tab });
  view.say(_("Taken back: %(answer)s", { answer: view.nameOf(last) }));
  showHistory();
  if (history.length < 3) lookBack();
}

// One look at a time: a second one would bring answers back that are being taken back meanwhile.
function lookBack() {
  if (!oldest) return null;
  lookingBack ??= listEarlier(config, oldest).then((earlier) => {
    lookingBack = null;
    oldest = earlier[0] ?? oldest;
    history.unshift(...earlier);
    showHistory();
  });
  return lookingBack;
}

// A click on an earlier answer shows its image again; the next answer to it counts.
function change(key) {
  const given = history.find((one) => one.key === key);
  if (!given) return;
  putAway();
  show(given.item, given);
}

function leave() {
  if (current && earlier) next();
}

function putAway() {
  if (current && !earlier) supply.putBack(current);
  current = null;
}

function stands(item) {
  return history.findLast((given) => given.item.id === item.id) ?? null;
}

function labels(answers) {
  return new Set(answers.filter(({ kind }) => kind === "label").map(({ item }) => item.id)).size;
}

function takeStock(counted) {
  pile.takeStock(counted);
  view.compareClasses(counted.classes);
  showHistory();
}

function showHistory() {
  view.strip.update(history, outbox.keys());
  const { progress } = pile;
  if (progress) view.progress({ ...progress, perMinute: pace.perMinute() });
  if (pile.reached && config.train) view.note(...seedDone(config, base));
}

function bare({ id, url, name, width, height, opinions }) {
  return { id, url, name, width, height, opinions };
}

const tools = {
  undo,
  leave,
  stretch: () => redraw("stretch"),
  exact: () => redraw("exact"),
  bigger: () => zoom(1),
  smaller: () => zoom(-1),
  brighter: () => current?.image && picture.brighten(1),
  darker: () => current?.image && picture.brighten(-1),
  nearby: compare,
  rested: () => comfort.rested(),
  "no-breaks": () => comfort.chooseBreaks(false),
  flag: () => mark(!flagged),
  opinions: () => view.toggleOpinions(current),
  help: () => view.help.showModal(),
  understood: () => refusals.understood(),
};

function mark(on) {
  if (flagged !== on) view.pressTool("flag", on);
  flagged = on;
}

function redraw(property) {
  picture[property] = !picture[property];
  view.pressTool(property, picture[property]);
  if (current?.image) picture.draw();
}

function compare() {
  view.pressTool("nearby", nearby.choose());
  if (current) nearby.show(current);
}

function zoom(step) {
  picture.zoomSteps += step;
  if (!current?.image) return;
  picture.draw();
  view.show(current, picture.zoom, earlier);
}

document.addEventListener("keydown", (event) => {
  if (typing(event) || view.help.open) return;
  const wish = asked(event, config.classes);
  if (!wish) return;
  event.preventDefault();
  if (event.repeat) return; // a held key is one answer
  if (wish.tool) return void tools[wish.tool]();
  answer(wish.cantTell ? "cant_tell" : "label", wish.classId ?? null);
  view.press(wish.classId);
});
for (const end of ["keyup", "blur"]) addEventListener(end, () => view.release());

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".answer")) answerByClick(button);
  else if (button.dataset.tool) tools[button.dataset.tool]();
  else if (button.dataset.answer) change(button.dataset.answer);
  if (event.detail) button.blur(); // a mouse leaves no focus behind for the next Space
});

// A double click is one answer; nobody sees and judges an image in a quarter of a second.
function answerByClick(button) {
  if (performance.now() - clickedAt < DOUBLE_CLICK_MS) return;
  clickedAt = performance.now();
  if (button.dataset.class) answer("label", Number(button.dataset.class));
  else answer("cant_tell", null);
}

if (config.classes.length === 2) new Swipe(view.frame, view.answers, answerByClick);
view.pressTool("opinions", config.showOpinions);
view.pressTool("nearby", nearby.shown);
showHistory();
outbox.tell();
outbox.flush();
supply.refill();
