"""From a key press to the next image on the screen, in Chromium: 500 keys at a person's quickest pace."""

from __future__ import annotations

import time

from app.models import Pile
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell
from tests.e2e.screens import Server, chromium, sign_in

KEYS, PACE_S = 500, 0.15
WATCH = """() => {
  window.painted = [];
  const shown = () => document.querySelector("#caption").textContent;
  addEventListener("keydown", (event) => {
    const before = shown();
    const look = () => requestAnimationFrame(() => {
      // A message posted inside a frame arrives when that frame has been painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        if (shown() && shown() !== before) painted.push(performance.now() - event.timeStamp);
        else look();
      };
      port2.postMessage(0);
    });
    look();
  }, { capture: true });
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
            seconds = [float(ms) / 1000 for ms in page.evaluate("() => window.painted")]
    tell("key_to_paint", keys=len(seconds), **percentiles(seconds, 50, 95))


if __name__ == "__main__":
    main()
