// The grid: a page of tiles of one class, judged at one glance, confirmed in one go; the save goes on behind.

import { typing } from "../app.js";
import { _, n_ } from "../words.js";
import { Board } from "./grid_board.js";
import { Drafts } from "./grid_drafts.js";
import { Hands } from "./grid_hands.js";
import { loadPictures, pictureOf } from "./grid_pictures.js";
import { GridSupply } from "./grid_supply.js";
import { GridView } from "./grid_view.js";
import { asked } from "./keys.js";
import { afterPaint, newKey } from "./moments.js";
import { Outbox } from "./outbox.js";
import { Refusals } from "./refusals.js";
import { interruption, link } from "./view.js";

const UNSEEN_MS = 400;
const KEPT_PAGES = 20;
const WALKS = new Set(["arrowleft", "arrowright", "arrowup", "arrowdown", "home", "end"]);

const root = document.getElementById("grid-page");
const config = JSON.parse(root.dataset.config);
const base = `/projects/${config.project}/grid`;
const classes = new Map(config.classes.map((c) => [c.id, c]));
const others = config.classes.filter((c) => c.id !== config.classId);
const view = new GridView(config, classes);
const board = new Board(view.board, view.bar, classes);
const drafts = new Drafts(`squint-grid-${config.project}-${config.user}`);
const history = []; // pages confirmed here, oldest first: {key, tiles}
const pile = { done: 0, left: config.waiting };
let page = null; // the tiles on screen
let shownAt = null;
let short = false; // it is to get more tiles when they are here: somebody asked for larger pages
let applied = false; // the selection has got its class: the next click begins another

const refusals = new Refusals(`${config.project}-${config.user}`, (list) => view.refused(list));

const outbox = new Outbox(`${config.project}-${config.user}`, {
  changed: (state) => view.saving(state),
  saved: ({ body }, data) => {
    // Taken back and confirmed again meanwhile, a tile is still on its way.
    const unsaved = new Set(outbox.entries().flatMap((entry) => idsOf(entry.body)));
    idsOf(body).forEach((id) => unsaved.has(id) || supply.saved(id));
    if (body.undoes) supply.trust();
    else if (data) refusals.resolve(idsOf(body));
    if (data?.undone) lose(body.image_ids.filter((id) => !data.undone.includes(id)));
    if (!page) supply.refill(true);
  },
  refused: (entry, sentence, imageId) => {
    const { body } = entry;
    const those = new Set(imageId ? [imageId] : idsOf(body));
    const confirmed = history.find(({ key }) => key === body.key);
    refusals.add(entry, {
      image: imageId,
      sentence,
      picture: pictureOf(confirmed?.tiles.find(({ id }) => id === imageId)),
    });
    if (confirmed) confirmed.tiles = confirmed.tiles.filter(({ id }) => !those.has(id));
    if (body.undoes) lose(body.image_ids);
    else if (!imageId) count(-those.size);
    if (!imageId) those.forEach((id) => supply.reopened(id));
  },
});

const supply = new GridSupply(`${base}/claim`, {
  wish: { class_id: config.classId, of: config.of, order: config.order },
  size: () => Number(view.size.value),
  made: (tile) => made(tile, drafts.of(tile, config.classId)),
  busy: () => (page ?? []).map(({ id }) => id),
  told: (answer) => {
    if (answer.ok) takeStock(answer.data);
    if (!page) next(answer);
    else if (short) resize();
    else lose(supply.lost);
  },
});

function made(tile, said) {
  tile.asked = config.classId;
  tile.said = said;
  board.make(tile);
}

function idsOf({ image_id: one, answers = [], left_out: left = [] }) {
  return one ? [one] : [...answers.map((answer) => answer.image_id), ...left];
}

function next(answer = null) {
  short = false;
  page = supply.takePage(answer !== null);
  if (page) show();
  else if (answer) view.message(...(interruption(answer) ?? ending(answer)));
  else {
    board.show([]);
    view.message(_("Looking for the next tiles …"));
    supply.refill(true);
  }
}

function show() {
  const shown = page;
  shownAt = null;
  view.page(page);
  board.show(page);
  changed();
  afterPaint(() => page === shown && (shownAt ??= performance.now()));
}

function changed() {
  if (page) view.counts(page);
  view.selection(board.selected.size);
  view.progress(pile);
}

// Tiles that are somebody else's now. They keep their place: none may slip under the finger that is about to click.
function lose(ids) {
  const lost = (page ?? []).filter((tile) => ids.includes(tile.id) && !tile.off);
  for (const tile of lost) {
    tile.off = _("taken by somebody else");
    board.draw(tile);
  }
  if (!lost.length) return;
  changed();
  view.say(_("%(number)s of these tiles: taken by somebody else.", { number: lost.length }));
}

function confirm() {
  // Nobody sees and judges a page in less: the second half of a double press is no answer to the next page.
  if (!page || view.confirm.disabled || shownAt === null || performance.now() - shownAt < UNSEEN_MS) return;
  const seconds = Math.round(performance.now() - shownAt) / 1000;
  const seen = page.filter((tile) => !tile.off);
  const given = { key: `page_${newKey()}`, tiles: seen };
  const answers = seen.filter(({ said }) => said !== null).map(({ id, said }) => ({ image_id: id, class_id: said }));
  const left = seen.filter(({ said }) => said === null).map(({ id }) => id);
  const words = view.countedWords(page);
  page.forEach(({ id }) => supply.answered(id));
  drafts.forget(page);
  next();
  if (!seen.length) return;
  history.push(given);
  history.splice(0, history.length - KEPT_PAGES);
  outbox.add(`${base}/answers`, { key: given.key, tab: supply.tab, seconds, answers, left_out: left });
  afterPaint(() => {
    count(seen.length);
    view.say(_("Confirmed: %(answers)s.", { answers: words }));
  });
}

function count(step) {
  pile.done = Math.max(pile.done + step, 0);
  pile.left = Math.max(pile.left - step, 0);
  view.progress(pile);
}

async function undo() {
  const last = history.pop() ?? (await lastSaved());
  if (!last?.tiles.length) return;
  if (page) supply.putBackPage(page);
  last.tiles.forEach(({ id }) => supply.reopened(id));
  supply.distrust();
  page = last.tiles;
  show();
  drafts.keep(page);
  count(-page.length);
  const body = { undoes: last.key, key: `page_${newKey()}`, tab: supply.tab, image_ids: page.map(({ id }) => id) };
  outbox.add(`${base}/undo`, body);
  view.say(_("Taken back: %(answers)s.", { answers: view.countedWords(page) }));
}

// A page confirmed before this one was loaded: the server knows it, once all is saved.
async function lastSaved() {
  if (outbox.names().length) return void view.say(_("The page can be taken back when it is saved."));
  const response = await fetch(`${base}/last-page`, { headers: { Accept: "application/json" } }).catch(() => null);
  const last = response?.ok ? (await response.json()).page : null;
  if (!last) return void view.say(_("There is no page to take back."));
  if (!(await loadPictures(last.tiles, last.sheets)))
    return void view.say(_("Its pictures do not come. Please try again."));
  last.tiles.forEach((tile) => made(tile, last.said[tile.id]));
  return last;
}

function takeStock({ classes: newest, elsewhere }) {
  if (elsewhere !== null) pile.left = supply.items.length + (page?.length ?? 0) + elsewhere;
  view.compareClasses(newest);
  view.progress(pile);
}

function ending({ data }) {
  if (!supply.exhausted) return [_("Looking for the next tiles …")];
  if (data.elsewhere)
    return [
      _("The last tiles are on other screens: other people’s, or another tab of yours. What they leave comes here."),
    ];
  return [config.done, link(config.next.href, config.next.label, "button primary")];
}

function mark(said) {
  const tiles = board.chosen().filter((tile) => !tile.off);
  if (!tiles.length) return view.say(_("Choose tiles first: click them, or walk to them by arrows."));
  const all = said === null && tiles.every((tile) => tile.said === null);
  give(tiles, all ? config.classId : said);
  applied = true;
}

function give(tiles, said) {
  board.mark(tiles, said);
  drafts.keep(tiles);
  changed();
  const name = tiles.length === 1 ? tiles[0].name : n_("%(number)s tile", "%(number)s tiles", tiles.length);
  view.say(`${name}: ${board.nameOf(tiles[0])}`);
}

// With two classes a click is the answer; with more it chooses, and a class key answers.
function clicked(tile, event) {
  const index = page.indexOf(tile);
  if (event.shiftKey) board.walkTo(index, { focus: true, extend: true });
  else if (others.length > 1 || event.ctrlKey || event.metaKey) {
    const before = applied ? [] : [...board.selected];
    const chosen = before.includes(tile) ? before.filter((one) => one !== tile) : [...before, tile];
    board.walkTo(index, { focus: true });
    board.select(chosen);
  } else {
    board.walkTo(index, { focus: true });
    if (!tile.off) give([tile], tile.said === config.classId ? others[0].id : config.classId);
  }
  applied = false;
  changed();
}

function resize() {
  localStorage.setItem("squint-grid-tiles", view.size.value);
  if (!page) return;
  const all = [...page, ...supply.items.splice(0)];
  page = all.splice(0, Number(view.size.value));
  short = page.length < Number(view.size.value) && !supply.exhausted;
  supply.putBackPage(all);
  const seenSince = shownAt;
  show();
  shownAt = seenSince;
  setTimeout(() => supply.refill()); // not now: this may be within a claim
}

function larger(step) {
  view.size.selectedIndex = Math.min(Math.max(view.size.selectedIndex + step, 0), view.size.length - 1);
  resize();
}

const tools = {
  undo,
  leave: () => (board.select([]), changed()),
  stretch: () => toggle("stretch"),
  exact: () => toggle("exact"),
  bigger: () => larger(-1),
  smaller: () => larger(1),
  help: () => view.help.showModal(),
  understood: () => refusals.understood(),
};

function toggle(property) {
  board[property] = !board[property];
  view.pressTool(property, board[property]);
  board.root.classList.toggle(property, board[property]);
  if (property === "stretch") board.redraw();
}

function wished(event) {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && key === "z") return undo;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && key === "a")
    return () => (board.select(page ?? []), changed());
  if (typing(event)) return null;
  if (WALKS.has(key) && !event.target.closest("select"))
    return () => (board.walk(key, event.shiftKey), (applied = false), changed());
  if (key === "enter") return event.target.closest("button, a, select, summary") ? null : confirm;
  const wish = asked(event, config.classes);
  if (wish?.tool) return tools[wish.tool] ?? null;
  return wish && (() => mark(wish.classId ?? null));
}

document.addEventListener("keydown", (event) => {
  const wish = view.help.open ? null : wished(event);
  if (!wish) return;
  event.preventDefault();
  // A held key walks; it answers nothing twice.
  if (!event.repeat || WALKS.has(event.key.toLowerCase())) wish();
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button === view.confirm) confirm();
  else if (button.dataset.tool) tools[button.dataset.tool]();
  else if (button.matches(".answer")) mark(Number(button.dataset.class) || null);
  if (event.detail) button.blur(); // a mouse leaves no focus behind for the next Enter
});

new Hands(board, document.getElementById("drawn"), {
  clicked,
  framed: (tiles) => (board.select(tiles), (applied = false), changed()),
});
view.size.value = localStorage.getItem("squint-grid-tiles") ?? (innerWidth < 700 ? config.sizes[0] : config.sizes[2]);
view.size.addEventListener("change", resize);
for (const { body } of outbox.entries()) if (!body.undoes) idsOf(body).forEach((id) => supply.answered(id));
changed();
outbox.tell();
outbox.flush();
supply.refill();
