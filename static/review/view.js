// What the screen shows; it decides nothing.

const $ = (id) => document.getElementById(id);

export class View {
  constructor(config, classes) {
    this.config = config;
    this.classes = classes;
    this.canvas = $("picture");
    this.frame = $("frame");
    this.help = $("help");
    this.waiting = 0;
    this.done = config.done;
    this.opinionsShown = config.showOpinions;
    this.enabled = false;
  }

  enable(on) {
    this.enabled = on;
    for (const button of document.querySelectorAll(".answer")) button.disabled = !on;
  }

  show(item, zoom) {
    this.canvas.hidden = false;
    $("message").hidden = true;
    $("caption").textContent = `${item.name} · ${item.width} × ${item.height} · ×${Math.round(zoom * 10) / 10}`;
    this.canvas.setAttribute("aria-label", `${item.name}, the image to answer`);
    this.opinions(item);
  }

  opinions(item) {
    const list = $("opinion-list");
    list.replaceChildren();
    if (!item.opinions.length) return void (list.textContent = "The labelers have not seen this image yet.");
    if (!this.opinionsShown) return void (list.textContent = "Hidden, so that they do not sway you. M shows them.");
    for (const said of item.opinions) list.append(opinion(said, this.classes.get(said.class_id)));
  }

  toggleOpinions(item) {
    this.opinionsShown = !this.opinionsShown;
    if (item) this.opinions(item);
  }

  press(classId) {
    const button = document.querySelector(classId ? `[data-class="${classId}"]` : "[data-cant-tell]");
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 120);
  }

  pressTool(name, on) {
    document.querySelector(`[data-tool="${name}"]`).setAttribute("aria-pressed", on);
  }

  flag(on) {
    this.pressTool("flag", on);
  }

  answered() {
    this.done += 1;
    this.waiting = Math.max(this.waiting - 1, 0);
  }

  takenBack() {
    this.done = Math.max(this.done - 1, 0);
    this.waiting += 1;
  }

  strip(history, outbox) {
    const from = Math.max(history.length - 20, 0);
    $("strip").replaceChildren(...history.slice(from).map((answer, i) => {
      const chosen = this.classes.get(answer.classId);
      const name = chosen?.name ?? (answer.kind === "cant_tell" ? "can’t tell" : "archived class");
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.index = from + i;
      button.className = `${chosen ? `class-${chosen.color}` : ""} ${outbox.has(answer.key) ? "waiting" : ""}`;
      button.title = `${answer.item.name}: ${name}`;
      button.setAttribute("aria-label", `${answer.item.name}: ${name}; change`);
      const image = new Image();
      image.src = answer.item.url;
      image.alt = "";
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.textContent = chosen?.key ?? "?";
      button.append(image, mark);
      const entry = document.createElement("li");
      entry.append(button);
      return entry;
    }));
  }

  saving({ waiting, problem, signIn }, signInUrl) {
    const saved = $("saved");
    saved.className = problem ? "lost" : waiting ? "waiting" : "good";
    saved.textContent = problem ? `▲ not saved: ${problem} ${waiting} waiting. ` : waiting ? `◌ saving ${waiting}` : "● saved";
    if (signIn) {
      const link = Object.assign(document.createElement("a"), { href: signInUrl, textContent: "Sign in" });
      saved.append(link);
    }
  }

  refuse(sentence) {
    const box = $("refused");
    box.hidden = false;
    box.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence }));
    const close = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "Understood" });
    close.addEventListener("click", () => (box.hidden = true));
    box.append(close);
  }

  progress(answeredHere, startedAt) {
    const { goal } = this.config;
    const total = goal ? Math.max(goal, this.done) : this.done + this.waiting;
    $("pile-progress").textContent = `${this.done} of ${total} ${goal ? "seed answers" : "unclear"}`;
    if (answeredHere < 5) return;
    const perMinute = answeredHere / ((Date.now() - startedAt) / 60000);
    const left = Math.ceil((total - this.done) / perMinute);
    $("pace").textContent = `${Math.round(perMinute)} a minute${left > 0 ? ` · about ${left} min left` : ""}`;
    if (goal && this.done === goal) this.seedDone();
  }

  seedDone() {
    this.say("The seed is complete. The labelers can learn now; more answers do no harm.", `/projects/${this.config.project}`, "To the overview");
  }

  empty(reached, status) {
    this.enable(false);
    this.canvas.hidden = true;
    $("caption").textContent = "";
    const sentence = reached
      ? "Nothing waits for you here now."
      : status === 401 ? "Please sign in again." : "The server cannot be reached; trying again.";
    this.say(sentence, reached ? `/projects/${this.config.project}` : "", "To the overview");
    if (!this.canvas.hidden) return;
    $("message").hidden = false;
  }

  say(sentence, href, label) {
    const box = $("message");
    box.replaceChildren(Object.assign(document.createElement("p"), { textContent: sentence }));
    if (href) box.append(Object.assign(document.createElement("a"), { href, className: "button primary", textContent: label }));
    box.hidden = false;
  }

  broken(item) {
    this.enable(false);
    this.canvas.hidden = true;
    this.say(`${item.name} cannot be shown; its file may be missing. Please reload, or tell the engineer.`, "", "");
  }
}

function opinion(said, chosen) {
  const box = document.createElement("div");
  box.className = `opinion class-${chosen?.color ?? 8}`;
  const word = Object.assign(document.createElement("b"), { className: "class", textContent: `${chosen?.name ?? "?"} ${said.confidence.toFixed(2).replace(/^0/, "")}` });
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: said.confidence });
  bar.setAttribute("aria-label", `${said.labeler} is sure to ${Math.round(said.confidence * 100)} percent`);
  box.append(word, said.labeler, bar);
  return box;
}
