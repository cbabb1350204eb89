// The page's contents: which parts there are, where the reader is, and the part that an address names though it comes
// late.

const LINE = 120; // pixels below the contents: what lies above it is being read
const contents = document.getElementById("contents");
const links = [...(contents?.children ?? [])];
let [awaited, due] = [location.hash, false];

if (contents) {
  contents.addEventListener("click", ({ target }) => open(target.closest("a")?.hash));
  document.addEventListener("htmx:afterSettle", renew);
  addEventListener(
    "scroll",
    () => {
      if (!due) requestAnimationFrame(mark);
      due = true;
    },
    { passive: true },
  );
  renew();
}

function place(hash) {
  return hash ? document.getElementById(hash.slice(1)) : null;
}

function renew() {
  for (const link of links) link.hidden = !place(link.hash);
  if (place(awaited)) {
    open(awaited);
    place(awaited).scrollIntoView();
    awaited = "";
  }
  mark();
}

function open(hash) {
  if (place(hash)?.matches("details")) place(hash).open = true;
}

function mark() {
  due = false;
  const line = contents.getBoundingClientRect().bottom + LINE;
  const tops = links.map(
    ({ hash }) => (place(hash)?.matches("input") ? null : place(hash)?.getBoundingClientRect().top) ?? Infinity,
  );
  const read = Math.max(...tops.filter((top) => top <= line));
  const current = links[tops.indexOf(read)];
  if (current?.hasAttribute("aria-current")) return;
  for (const link of links) link.removeAttribute("aria-current");
  current?.setAttribute("aria-current", "true");
  contents.scrollLeft = (current?.offsetLeft ?? 0) - contents.clientWidth / 3; // on a phone not all of them fit
}
