"""Leasing the next 20 images from a queue of a million, in the service that the route calls."""

from __future__ import annotations

import time

from app.models import Pile
from app.review.leases import Holder, claim
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell

IMAGES, CLAIMS = 1_000_000, 300


def main() -> None:
    with installation() as (_, database):
        with database.write() as session:
            project = project_with_images(session, IMAGES)
            queue_all(session, project, Pile.REVIEW)
            people = [signed_in(session, "annotator")[0].id for _ in range(8)]
        seconds = []
        for number in range(CLAIMS):
            holder = Holder(people[number % len(people)], f"tab-{number % len(people)}", 120.0)
            began = time.perf_counter()
            with database.write() as session:
                taken = claim(session, project_id=project.id, pile=Pile.REVIEW, holder=holder, count=20, have=[])
            seconds.append(time.perf_counter() - began)
            assert len(taken) == 20
    tell("claim", images=IMAGES, **percentiles(seconds, 50, 99))


if __name__ == "__main__":
    main()
