"""People labelling over HTTP, each on one kept connection: eight, and twenty while a model trains."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from uuid import uuid4

from sqlalchemy import select

from app.db import Database
from app.models import Annotation, Pile
from tests.bench.client import Client
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell
from tests.bench.training import training
from tests.e2e.screens import Server

IMAGES = 20_000
AT_ONCE, REFILL_AT = 20, 12


@dataclass
class Seen:
    """What one person's browser saw."""

    label_s: list[float] = field(default_factory=list)
    next_s: list[float] = field(default_factory=list)
    saved: list[int] = field(default_factory=list)
    """Ids of the images whose answers were acknowledged."""
    errors: int = 0


class Person:
    def __init__(self, port: int, token: str, project_id: int, class_ids: list[int]) -> None:
        self._client = Client(port, token)
        self._base = f"/projects/{project_id}"
        self._classes = class_ids
        self._tab = uuid4().hex
        self._images: list[int] = []
        self.seen = Seen()

    def work(self, start: Barrier, for_s: float, pace_s: float, late_s: float) -> Seen:
        """Answer for so long, one image every `pace_s`, or as fast as the server lets them.

        `late_s` keeps people out of step: a crowd that presses its keys together is no crowd of people.
        """
        start.wait()
        time.sleep(late_s)
        began = time.perf_counter()
        while (now := time.perf_counter()) - began < for_s:
            self._refill()
            self._answer(self._images.pop(0))
            time.sleep(max(now + pace_s - time.perf_counter(), 0))
        return self.seen

    def _refill(self) -> None:
        if len(self._images) >= REFILL_AT:
            return
        body = {"tab": self._tab, "count": AT_ONCE - len(self._images), "have": self._images}
        seconds, status, answer = self._client.post(f"{self._base}/queue/review/claim", body)
        self.seen.next_s.append(seconds)
        self.seen.errors += status != 200
        self._images += [item["id"] for item in answer["items"]]

    def _answer(self, image_id: int) -> None:
        body = {
            "image_id": image_id, "kind": "label", "class_id": self._classes[image_id % 2], "source": "review",
            "seconds": 1.0, "key": uuid4().hex,
        }  # fmt: skip
        seconds, status, _ = self._client.post(f"{self._base}/annotations", body)
        self.seen.label_s.append(seconds)
        if status == 200:
            self.seen.saved.append(image_id)
        else:
            self.seen.errors += 1


def measure(
    people: int, pace_s: float, for_s: float, *, while_training: bool = False, name: str = "annotators"
) -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, IMAGES)
            queue_all(session, project, Pile.REVIEW)
            tokens = [signed_in(session, "admin")[1] for _ in range(people)]
            class_ids = [c.id for c in project.active_classes]
        with Server(settings.data_dir) as server, training(settings.data_dir, wanted=while_training):
            start = Barrier(people)
            crowd = [Person(server.port, token, project.id, class_ids) for token in tokens]
            with ThreadPoolExecutor(people) as pool:
                late = [pace_s * place / people for place in range(people)]
                seen = list(pool.map(lambda one, wait: one.work(start, for_s, pace_s, wait), crowd, late))
        saved = [image_id for one in seen for image_id in one.saved]
        tell(
            name,
            annotators=people,
            training=while_training,
            pace_s=pace_s,
            labels_per_s=round(len(saved) / for_s, 1),
            **percentiles([s for one in seen for s in one.label_s], 50, 95, 99, name="label_ms"),
            **percentiles([s for one in seen for s in one.next_s], 99, name="next_ms"),
            doubled=len(saved) - len(set(saved)),
            lost=lost(database, saved),
            errors=sum(one.errors for one in seen),
        )


def lost(database: Database, saved: list[int]) -> int:
    """Return how many acknowledged answers the database does not hold."""
    with database.read() as session:
        held = set(session.scalars(select(Annotation.image_id)))
    return len(set(saved) - held)


def main() -> None:
    measure(8, pace_s=0.5, for_s=30)
    measure(20, pace_s=1.0, for_s=30, while_training=True)
    measure(8, pace_s=0.0, for_s=15, name="annotators_flat_out")


if __name__ == "__main__":
    main()
