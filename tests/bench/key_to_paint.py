"""From a key press to the next image on the screen, in Chromium: 500 keys at a person's quickest pace.

`ms`: all of it. A screen of 60 Hz starts a frame every 16.7 ms, and a key that comes between waits for the next:
`own_ms` is without that wait, what our page itself takes. `late`: keys that one frame was not enough for.
"""

from __future__ import annotations

import time

from app.models import Pile
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell
from tests.e2e.screens import Server, chromium, sign_in

KEYS, PACE_S = 500, 0.15
WATCH = """() => {
  window.painted = [];
  const shown = () => document.querySelector("#caption").textContent;
  let before;
  addEventListener("keydown", () => { before = shown(); }, { capture: true });
  // Heard last: the page has done by then what it does before the frame.
  addEventListener("keydown", ({ timeStamp }) => {
    const handled = performance.now();
    let [waited, frames] = [0, 0];
    const look = () => requestAnimationFrame(() => {
      waited ||= performance.now() - handled;
      frames += 1;
      // A message posted inside a frame arrives when that frame has been painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const ms = performance.now() - timeStamp;
        if (shown() && shown() !== before) painted.push({ ms, own: ms - waited, late: frames > 1 });
        else look();
      };
      port2.postMessage(0);
    });
    look();
  });
}"""


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, KEYS * 4)
            queue_all(session, project, Pile.REVIEW)
            user, _ = signed_in(session, "admin")
        with Server(settings.data_dir) as server, chromium() as browser:
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            sign_in(context, database, user.id, server.url)
            page = context.new_page()
            page.goto(f"{server.url}/projects/{project.id}/review")
            page.wait_for_function("() => document.querySelector('#caption').textContent")
            page.evaluate(WATCH)
            for number in range(KEYS):
                page.keyboard.press("12"[number % 2])
                time.sleep(PACE_S)
            page.wait_for_function("() => document.querySelector('#saved').textContent.includes('saved')")
            painted = page.evaluate("() => window.painted")
    tell(
        "key_to_paint",
        keys=len(painted),
        **percentiles([key["ms"] / 1000 for key in painted], 50, 95),
        **percentiles([key["own"] / 1000 for key in painted], 50, 95, name="own_ms"),
        late=sum(key["late"] for key in painted),
    )


if __name__ == "__main__":
    main()
