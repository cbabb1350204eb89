// What a key press asks for.

const TOOLS = {
  backspace: "undo",
  escape: "leave",
  c: "stretch",
  x: "exact",
  f: "flag",
  m: "opinions",
  "+": "bigger",
  "=": "bigger",
  "-": "smaller",
  ".": "brighter",
  ",": "darker",
  g: "nearby",
  "?": "help",
};

const PLACES = { Comma: ",", Period: ".", Minus: "-", Equal: "=" };

// Returns {classId} for a class's key, {cantTell}, {tool}, or null for a key that means nothing here.
export function asked(event, classes) {
  const key = keyOf(event);
  const chosen = classes.find((c) => c.key.toLowerCase() === key);
  if (chosen) return { classId: chosen.id };
  // Who walks the page by Tab presses its buttons with Space.
  if (key === " ") return event.target.closest("button, a, summary") ? null : { cantTell: true };
  return TOOLS[key] ? { tool: TOOLS[key] } : null;
}

// On a keyboard that types no Latin letters the place of the key counts.
function keyOf(event) {
  const typed = event.key.toLowerCase();
  if (typed.length !== 1 || typed <= "~") return typed;
  return PLACES[event.code] ?? event.code.replace(/^(Key|Digit)/, "").toLowerCase();
}
