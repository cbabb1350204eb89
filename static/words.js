// Sentences in the reader's language: scripts write English, a catalogue brings the others.

const language = document.documentElement.lang;
const { words, forms } = language === "en" ? { words: {}, forms: [] } : await import(`./words/${language}.js`);
const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);
const mark = numbers.format(0.5).at(1);

// `_("%(done)s of %(all)s settled", { done, all })`
export function _(message, values = {}) {
  return filled(words[message]?.[0] ?? message, values);
}

// The sentence for so many; `%(number)s` is the number.
export function n_(one, many, number, values = {}) {
  const own = words[one]?.[Math.max(forms.indexOf(plurals.select(number)), 0)];
  return filled(own ?? (number === 1 ? one : many), { number: counted(number), ...values });
}

// 12.34 → "12.3", or as the language writes it.
export function decimal(value, digits) {
  return value.toFixed(digits).replace(".", mark);
}

// 0.9876 → ".988", as the server writes it; only English leaves out the zero.
export function fixed(value, digits = 3) {
  const text = decimal(value, digits);
  return language === "en" ? text.replace(/^0\./, ".") : text;
}

// 0.026 → 2.6 %
export function percent(share) {
  return `${numbers.format(Math.round(share * 1000) / 10)} %`;
}

// 4000 → 4,000, or as the language writes it.
export function counted(number) {
  return numbers.format(number);
}

function filled(message, values) {
  return message.replace(/%\((\w+)\)s/g, (_whole, name) => values[name]);
}
