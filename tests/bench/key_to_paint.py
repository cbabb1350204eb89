"""From a key press to the next image on the screen, in Chromium: 500 keys at a person's quickest pace.

`ms`: all of it, as the browser itself accounts for a key, until the frame that it changed is presented. A screen
of 60 Hz may show a frame every 16.7 ms: `own_ms` is without the wait for the next of them, what the page and the
browser's drawing take. `late`: keys whose next image was not in place for that frame.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

from app.models import Pile
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell
from tests.e2e.screens import Server, chromium, sign_in

KEYS, PACE_S = 500, 0.15
LATENCIES = ["-*", "input.scrolling"]
"""What Chromium is to trace: how long each event took to its frame, stage by stage."""
WAIT = "RendererMainFinishedToBeginImplFrame"
WATCH = """() => {
  window.late = 0;
  const shown = () => document.querySelector("#caption").textContent;
  let before;
  addEventListener("keydown", () => { before = shown(); }, { capture: true });
  // Heard last, before the frame.
  addEventListener("keydown", () => { late += !shown() || shown() === before; });
}"""


def key_latencies(trace: bytes) -> Iterator[tuple[float, float]]:
    """Yield of each key the seconds to its frame, and how many of them it waited for the next frame to begin."""
    for stages in _events(json.loads(trace)["traceEvents"]):
        if stages["type"] == "KEY_PRESSED":
            yield stages["EventLatency"], stages.get(WAIT, 0.0)


def _events(trace: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """An event is told from its beginning to its end, and then its id may be another's."""
    told: dict[tuple[int, str], dict[str, Any]] = {}
    for entry in trace:
        if entry["ph"] not in "be" or "id2" not in entry:
            continue
        event, name = (entry["pid"], str(entry["id2"])), entry["name"]
        if entry["ph"] == "b":
            if name == "EventLatency":
                told[event] = {"type": entry["args"]["event_latency"]["event_type"]}
            told.setdefault(event, {"type": ""})[name] = entry["ts"]
        elif name in told.get(event, {}):
            told[event][name] = (entry["ts"] - told[event][name]) / 1e6
            if name == "EventLatency":
                yield told.pop(event)


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, KEYS * 4)
            queue_all(session, project, Pile.REVIEW)
            user, _ = signed_in(session, "admin")
        with Server(settings.data_dir) as server, chromium("window") as browser:
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            sign_in(context, database, user.id, server.url)
            page = context.new_page()
            page.goto(f"{server.url}/projects/{project.id}/review")
            page.wait_for_function("() => document.querySelector('#caption').textContent")
            page.evaluate(WATCH)
            browser.start_tracing(page=page, categories=LATENCIES)
            for number in range(KEYS):
                page.keyboard.press("12"[number % 2])
                time.sleep(PACE_S)
            keys = list(key_latencies(browser.stop_tracing()))
            page.wait_for_function("() => document.querySelector('#saved').textContent.includes('saved')")
            late = page.evaluate("() => window.late")
    tell(
        "key_to_paint",
        keys=len(keys),
        **percentiles([whole for whole, _ in keys], 50, 95),
        **percentiles([whole - wait for whole, wait in keys], 50, 95, name="own_ms"),
        late=late,
    )


if __name__ == "__main__":
    main()
