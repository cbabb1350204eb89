"""The grid of a hundred thousand images: the page, its first tiles leased, and the sheet they are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import Image, Job, Pile, Project, Round
from tests.bench.client import Client
from tests.bench.stage import installation, percentiles, project_with_images, queue_all, signed_in, tell
from tests.e2e.screens import Server

IMAGES, LOOKS, TILES = 100_000, 40, 80
UNCLEAR_SHARE = 0.2


def main() -> None:
    with installation() as (settings, database):
        with database.write() as session:
            project = project_with_images(session, IMAGES)
            score(session, project)
            _, token = signed_in(session, "admin")
        with Server(settings.data_dir) as server:
            client = Client(server.port, token)
            seconds = [look(client, project, number) for number in range(LOOKS)]
    tell("grid", images=IMAGES, tiles=TILES, **percentiles(seconds, 50, 95))


def score(session: Session, project: Project) -> None:
    """As after a round: every image taken for a class, a fifth of them unclear."""
    session.add(Job(id="bench", kind="label", project_id=project.id))
    session.flush()
    session.add(Round(project_id=project.id, job_id="bench", number=1, recipe="squint"))
    dice = np.random.default_rng(0)
    ids = queue_all(session, project, Pile.REVIEW)
    confidence = dice.uniform(0.5, 1.0, len(ids))
    class_ids = [c.id for c in project.classes]
    rows: list[dict[str, Any]] = [
        {
            "id": image_id, "confidence": float(sure), "predicted_class_id": class_ids[int(index)],
            "state": "unclear" if number < UNCLEAR_SHARE * len(ids) else "accepted",
        }
        for number, (image_id, sure, index) in enumerate(
            zip(ids, confidence, dice.integers(0, len(class_ids), len(ids)), strict=True)
        )
    ]  # fmt: skip
    session.execute(update(Image), rows)


def look(client: Client, project: Project, number: int) -> float:
    """Return how long page, claim and sheet took together; each look is another person's tab."""
    state = ("unclear", "accepted")[number % 2]
    class_id = project.classes[number // 2 % 2].id
    here = f"/projects/{project.id}/grid"
    page_s, status, _ = client.get(f"{here}?of={state}&class_id={class_id}")
    assert status == 200
    wish = {"class_id": class_id, "of": state, "order": "least"}
    body = {"tab": f"tab-{number:08}", "count": TILES, "have": [], **wish}
    claim_s, status, claimed = client.post(f"{here}/claim", body)
    assert (status, len(claimed["tiles"])) == (200, TILES)
    sheet_s, status, png = client.get(claimed["sheets"][0])
    assert (status, png[:4]) == (200, b"\x89PNG")
    return page_s + claim_s + sheet_s


if __name__ == "__main__":
    main()
