// What the screen shows; it decides nothing.

import { _, counted, n_ } from "../words.js";
import { Strip } from "./strip.js";

const $ = (id) => document.getElementById(id);
const SIGN_IN = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`; // and back to this page

export class View {
  constructor(config, classes) {
    this.config = config;
    this.classes = classes;
    this.canvas = $("picture");
    this.frame = $("frame");
    this.help = $("help");
    this.answers = [...document.querySelectorAll(".answer")];
    this.strip = new Strip($("strip"), classes);
    this.opinionsShown = config.showOpinions;
  }

  enable(on) {
    for (const button of this.answers) button.disabled = !on;
  }

  // `standing`: the answer in force, when an earlier image is looked at again.
  show(item, zoom, standing) {
    hide(this.canvas, false);
    hide($("message"), true);
    const times = Math.round(zoom * 10) / 10;
    $("caption").textContent = `${item.name} · ${item.width} × ${item.height} · ×${times}`;
    hide($("again"), !standing);
    if (standing)
      $("again-said").textContent = _("You said %(answer)s. The next answer counts instead.", {
        answer: this.nameOf(standing),
      });
    this.canvas.setAttribute("aria-label", _("%(name)s, the image to answer", { name: item.name }));
    if (this.opinionsShown) this.opinions(item); // else what is written there stays true for a moment
  }

  nameOf(answer) {
    return answer.kind === "cant_tell"
      ? _("can’t tell")
      : (this.classes.get(answer.classId)?.name ?? _("an archived class"));
  }

  opinions(item) {
    const list = $("opinion-list");
    if (!item.opinions.length) write(list, _("The labelers have not seen this image yet."));
    else if (!this.opinionsShown) write(list, _("Hidden, so that they do not sway you."));
    else list.replaceChildren(...item.opinions.map((said) => opinion(said, this.classes.get(said.class_id))));
  }

  toggleOpinions(item) {
    this.opinionsShown = !this.opinionsShown;
    this.pressTool("opinions", this.opinionsShown);
    if (item) this.opinions(item);
  }

  // The answer's button looks pressed as long as its key is.
  press(classId) {
    this.release();
    this.down = this.answers.find((b) => (classId ? Number(b.dataset.class) === classId : "cantTell" in b.dataset));
    this.down?.classList.add("pressed");
  }

  release() {
    this.down?.classList.remove("pressed");
    this.down = null;
  }

  pressTool(name, on) {
    document.querySelector(`[data-tool="${name}"]`)?.setAttribute("aria-pressed", on);
  }

  say(sentence) {
    $("said").textContent = sentence;
  }

  saving({ waiting, problem, signIn }) {
    const saved = $("saved");
    const unsaved = () =>
      n_("▲ %(number)s answer not saved yet: %(problem)s", "▲ %(number)s answers not saved yet: %(problem)s", waiting, {
        problem,
      });
    saved.className = problem ? "lost" : waiting ? "waiting" : "good";
    saved.textContent = problem
      ? `${unsaved()} `
      : waiting
        ? _("◌ saving %(number)s", { number: waiting })
        : `● ${_("saved")}`;
    saved.setAttribute("role", problem ? "alert" : "note");
    if (signIn) saved.append(link(SIGN_IN, _("Sign in again")));
  }

  // What was not taken stays in sight with its picture and both values.
  refused(list) {
    hide($("refused"), !list.length);
    $("refused-list").replaceChildren(...list.map(refusal));
  }

  progress({ done, total, more, perMinute }) {
    const all = `${counted(total)}${more ? "+" : ""}`;
    const share = _("%(part)s of %(whole)s", { part: counted(done), whole: all });
    $("pile-progress").textContent = `${share} ${this.config.words.done}`;
    $("pile-bar").max = Math.max(total, 1);
    $("pile-bar").value = done;
    const left = perMinute && total > done && !more ? ` · ${timeFor((total - done) / perMinute)}` : "";
    write($("pace"), perMinute ? _("%(number)s a minute", { number: Math.round(perMinute) }) + left : "");
  }

  // `minutes`: how long somebody has worked; null: nothing to say.
  rest(minutes) {
    hide($("rest"), minutes === null);
    if (minutes !== null)
      write(
        $("rest-said"),
        _("%(minutes)s minutes without a break. Tired eyes err more: look away for a while.", { minutes }),
      );
  }

  note(sentence, href, label) {
    $("note").hidden = false;
    $("note-said").textContent = sentence;
    $("note-link").replaceChildren(...(href ? [link(href, label, "button small")] : []));
  }

  // `newest`: the classes that the server has now; the buttons are those of when the page was loaded.
  compareClasses(newest) {
    if (asWords(newest) === asWords(this.config.classes)) return;
    this.note(_("The project’s classes have changed."), location.pathname, _("Load them"));
  }

  // In the place of what is answered.
  message(sentence, ...actions) {
    this.enable(false);
    this.clear();
    $("message").hidden = false;
    if ($("message").firstElementChild?.textContent === sentence) return; // said again, it would lose the focus
    const words = Object.assign(document.createElement("p"), { textContent: sentence });
    $("message").replaceChildren(words, ...actions);
  }

  clear() {
    this.canvas.hidden = true;
    $("again").hidden = true;
    $("caption").textContent = "";
    $("opinion-list").textContent = "";
  }
}

// Why nothing comes, to be a message; null when the server has answered.
export function interruption({ ok, status }) {
  if (status === 401) return [_("You are signed out."), link(SIGN_IN, _("Sign in again"), "button primary")];
  return ok ? null : [_("The server cannot be reached; trying again. Your answers are kept here.")];
}

function asWords(classes) {
  return classes.map((c) => [c.id, c.name, c.key, c.color].join()).join("\n");
}

// A value set again would be styled and laid out again.
function hide(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

function write(element, sentence) {
  if (element.textContent !== sentence) element.textContent = sentence;
}

export function link(href, label, className = "") {
  return Object.assign(document.createElement("a"), { href, textContent: label, className });
}

function timeFor(minutes) {
  const whole = Math.ceil(minutes);
  return whole < 90
    ? _("about %(number)s min left", { number: whole })
    : _("about %(number)s h left", { number: Math.round(whole / 60) });
}

function refusal({ sentence, picture }) {
  const line = document.createElement("p");
  line.append(...(picture ? [Object.assign(new Image(), { src: picture, alt: "" })] : []), sentence);
  return line;
}

function opinion(said, chosen) {
  const box = document.createElement("div");
  box.className = `opinion class-${chosen?.color ?? 8}`;
  const name = chosen?.name ?? (said.class_id === null ? _("can’t tell") : _("an archived class"));
  const sure = said.confidence?.toFixed(2).replace(/^0/, ""); // a labeler's; a person says none
  const words = sure ? `${name} ${sure}` : name;
  const word = Object.assign(document.createElement("b"), { className: "class", textContent: words });
  box.append(said.labeler, word);
  if (!sure) return box;
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: said.confidence });
  bar.setAttribute(
    "aria-label",
    _("%(labeler)s is sure to %(number)s percent", {
      labeler: said.labeler,
      number: Math.round(said.confidence * 100),
    }),
  );
  box.append(bar);
  return box;
}
