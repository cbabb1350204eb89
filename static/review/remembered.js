// A person's choices, kept in the browser.

export function remembered(name, otherwise) {
  try {
    return (localStorage.getItem(`squint-${name}`) ?? (otherwise ? "on" : "off")) === "on";
  } catch {
    return otherwise;
  }
}

export function remember(name, on) {
  try {
    localStorage.setItem(`squint-${name}`, on ? "on" : "off");
  } catch {
    // A browser that stores nothing asks again next time.
  }
}
