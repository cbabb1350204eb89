// What the annotator's screen says when there is no image to show.

import { _ } from "../words.js";
import { interruption, link } from "./view.js";

// A picture is not missing because the server is away.
export function unshown({ name, status }) {
  const missing = [200, 404].includes(status);
  return missing
    ? [_("%(name)s cannot be shown; trying again. Its file may be missing.", { name })]
    : interruption({ ok: false, status });
}

// What is said when the seed is complete, where it leads, and that link's words.
export function seedDone(config, base) {
  if (config.engineer && config.learnsAlone)
    return [
      _("The seed is complete: from here on the labelers learn by themselves. More answers do no harm."),
      `${base}/labelers`,
      _("To the labelers"),
    ];
  if (config.engineer)
    return [_("The seed is complete: the labelers can learn now."), `${base}/labelers`, _("Train the labelers")];
  return [_("The seed is complete, thank you. More answers do no harm."), base, _("To the overview")];
}

// `unsent`: whether answers are still on their way. `waiting`: how many images the pile has.
export function ending({ words }, base, { unsent, waiting }) {
  if (unsent) return [_("Saving the last answers …")]; // who leaves now would not find them counted
  if (waiting > 0)
    return [
      _("The last images are on other screens: other people’s, or another tab of yours. What they leave comes here."),
    ];
  return [words.end, link(base + words.next, _("What comes next"), "button primary")];
}
