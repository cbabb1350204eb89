// Uploads: files are sent in one request, whose answer brings the import's progress line by line.

import { toast } from "./app.js";
import { _, counted, decimal, n_ } from "./words.js";

const form = document.getElementById("upload");
if (form) start();

function start() {
  const drop = document.getElementById("drop");
  const files = document.getElementById("files");
  const folder = document.getElementById("folder");
  document.querySelector(".folder").hidden = !("webkitdirectory" in folder);
  files.addEventListener("change", () => send([...files.files].map(named)));
  folder.addEventListener("change", () => send([...folder.files].map(named)));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    send(await dropped(event.dataTransfer));
  });
}

document.body.addEventListener("labels-added", refresh);

function named(file) {
  return { file, name: file.webkitRelativePath || file.name };
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map(named);
  return (await Promise.all(entries.map((entry) => walk(entry)))).flat();
}

async function walk(entry) {
  const name = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    return [{ file: await new Promise((done, failed) => entry.file(done, failed)), name }];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found;
    for (const inner of some) found.push(...(await walk(inner)));
  }
}

function send(items) {
  if (!items.length) return;
  const body = new FormData();
  if (document.getElementById("class_folders").checked) body.append("class_folders", "true");
  for (const { file, name } of items) body.append("files", file, name);
  const request = new XMLHttpRequest();
  const view = show(() => request.abort());
  request.upload.addEventListener("progress", (event) => view.sending(event.loaded, event.total));
  request.addEventListener("progress", () => view.lines(request.responseText));
  request.addEventListener("load", () => finish(request, view));
  request.addEventListener("error", () =>
    view.failed(_("The server could not be reached. What it took stays; upload the same files again.")),
  );
  request.addEventListener("abort", () =>
    view.failed(_("Cancelled. What was taken stays; upload the same files again to complete it.")),
  );
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/x-ndjson, application/json");
  request.send(body);
}

function finish(request, view) {
  if (request.status !== 200) {
    view.failed(
      sentence(request.responseText) ??
        _("The server answered %(status)s; nothing was taken.", { status: request.status }),
    );
    return;
  }
  const last = view.lines(request.responseText);
  if (last?.report) view.done(last.report, last.url);
  else view.failed(last?.error ?? _("The server went away. What it took stays; upload the same files again."));
  refresh();
}

function sentence(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}

function refresh() {
  const empty = document.querySelector(".columns.empty");
  if (empty) empty.classList.remove("empty");
  window.htmx
    .ajax("GET", location.pathname + location.search, { target: "#grid", select: "#grid", swap: "outerHTML" })
    .catch(() => toast(_("The images could not be shown; please reload the page.")));
}

function show(cancel) {
  const part = (name) => document.getElementById(`upload-${name}`);
  const [state, words, bar, note, notes, button] = ["state", "words", "bar", "note", "notes", "cancel"].map(part);
  const began = performance.now();
  state.hidden = false;
  button.hidden = false;
  button.onclick = cancel;
  notes.replaceChildren();
  form.inert = true;
  const put = (text, hint, value) => {
    words.textContent = text;
    note.textContent = hint;
    if (value === undefined) bar.removeAttribute("value");
    else bar.value = value;
  };
  const end = () => {
    button.hidden = true;
    form.inert = false;
    form.reset();
  };
  let importing = 0;
  let last;
  put(_("Sending"), "", 0);
  return {
    sending(loaded, total) {
      const rate = loaded / Math.max(1, performance.now() - began) / 1000;
      put(
        _("Sending %(part)s of %(all)s", { part: megabytes(loaded), all: megabytes(total) }),
        _("%(number)s MB/s", { number: decimal(rate, 1) }),
        loaded / total,
      );
      if (loaded === total) put(_("Looking at the files"), "", undefined);
    },
    lines(text) {
      const whole = text
        .slice(0, text.lastIndexOf("\n") + 1)
        .trim()
        .split("\n");
      last = JSON.parse(whole.at(-1) || "null") ?? last;
      if (last?.stage) {
        importing ||= performance.now();
        const rate = last.done / Math.max(0.2, (performance.now() - importing) / 1000);
        const hint = last.done ? _("%(number)s images a second", { number: counted(Math.round(rate)) }) : "";
        if (last.stage === "reading")
          put(
            _("%(done)s of %(all)s images", { done: counted(last.done), all: counted(last.total) }),
            hint,
            last.done / (last.total || 1),
          );
        else put(_("Looking for near duplicates"), "", undefined);
      }
      return last;
    },
    done(report, url) {
      end();
      const counts = {
        taken: counted(report.taken),
        there: counted(report.already_there),
        aside: counted(report.set_aside),
      };
      const received = n_("%(number)s file in %(seconds)s s", "%(number)s files in %(seconds)s s", report.received, {
        seconds: decimal(report.seconds, 1),
      });
      const skipped = report.skipped
        ? n_(", %(number)s of debris skipped", ", %(number)s of debris skipped", report.skipped)
        : "";
      put(_("%(taken)s taken, %(there)s already there, %(aside)s set aside", counts), received + skipped, 1);
      for (const line of report.notes.slice(0, 20))
        add(notes, line.file ? `${line.file}: ${line.reason}` : line.reason);
      const link = document.createElement("a");
      link.href = url;
      link.textContent = _("The whole report");
      add(notes, link);
    },
    failed(text) {
      end();
      put(text, "", 0);
    },
  };
}

function add(list, content) {
  const item = document.createElement("li");
  item.append(content);
  list.append(item);
}

function megabytes(bytes) {
  return _("%(number)s MB", { number: decimal(bytes / 1e6, bytes < 1e8 ? 1 : 0) });
}
