"""The recipe `squint` beyond eyes: colour, many sizes, few images, and a class that appears late."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image as Pictures
from sqlalchemy import select

from app.config import Settings
from app.db import Database
from app.labelers.tasks import prepare
from app.models import Image, Job, Project, Round
from ml.training import execute
from tests.conftest import SignIn
from tests.finished import publish_round
from tests.labelers.test_squint import QUICK, images_of
from tests.web import on_sqlite


def coloured(number: int, kind: int) -> bytes:
    """A stripe across, along, or neither, in colour, 32 to 224 pixels wide."""
    dice = np.random.default_rng(number)
    height, width = dice.integers(32, 225, 2)
    pixels = dice.integers(0, 90, (height, width, 3), np.uint8)
    if kind == 0:
        pixels[height // 3 : height // 2] += 140
    elif kind == 1:
        pixels[:, width // 3 : width // 2] += 140
    stream = io.BytesIO()
    Pictures.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@on_sqlite
def test_a_class_that_appears_late_among_forty_colour_images_of_many_sizes(
    sign_in: SignIn, database: Database, settings: Settings, tmp_path: Path
):
    settings.data_dir.mkdir()
    person = sign_in()
    base = person.post("/projects", data={"name": "stripes", "classes": "across, along"}).headers["Location"]
    kinds = {f"{i:02d}.png": i % 3 for i in range(40)}
    with zipfile.ZipFile(tmp_path / "stripes.zip", "w") as archive:
        for number, (name, kind) in enumerate(kinds.items()):
            archive.writestr(name, coloured(number, kind))
    with (tmp_path / "stripes.zip").open("rb") as stream:
        person.post(f"{base}/images", files={"files": ("stripes.zip", stream)})
    with database.read() as session:
        project = session.scalars(select(Project)).one()
    images = images_of(database, project)

    def say(those: list[Image], source: str) -> None:
        with database.read() as session:
            classes = session.get_one(Project, project.id).active_classes
            for image in those:
                body = {
                    "image_id": image.id, "kind": "label", "class_id": classes[kinds[image.name]].id,
                    "source": source, "seconds": 1.0, "key": f"key-of-image-{image.id}",
                }  # fmt: skip
                assert person.post(f"{base}/annotations", json=body).status_code == 200

    say([image for image in images[:33] if kinds[image.name] < 2], "seed")
    run_round(database, settings, project, "first")
    assert person.post(f"{base}/classes/add", data={"name": "neither"}).status_code < 400
    said = person.get(f"{base}/effort").text
    assert "Nothing is known of neither yet" in said
    assert "at least 2 of neither" in said
    say([image for image in images[:33] if kinds[image.name] == 2][:4], "review")
    run_round(database, settings, project, "second")
    with database.read() as session:
        newest = session.scalars(select(Round).order_by(Round.number.desc())).first()
        assert newest.report["classes"] == ["across", "along", "neither"]
        accepted = session.scalars(select(Image.class_id).where(Image.state == "accepted")).all()
        third = session.get_one(Project, project.id).active_classes[2].id
    assert "Nothing is accepted as neither yet: 5 answers are needed; it has 4." in newest.report["notes"]
    assert third not in accepted
    assert "Nothing is known" not in person.get(f"{base}/effort").text
    assert Counter(image.state for image in images_of(database, project))["settled"] == 26


def run_round(database: Database, settings: Settings, project: Project, name: str) -> None:
    """Let a real round of small models run, as the worker does."""
    with database.write() as session:
        quickest = QUICK | {"pretrain_images": 40, "steps": 3, "folds": 2, "draws": 3}
        job = Job(id=name, kind="label", project_id=project.id, spec={"models": [], "settings": quickest})
        session.add(job)
    folder = settings.runs_dir / job.id
    folder.mkdir(parents=True)
    prepare(database, settings, job, folder)
    execute(folder)
    with database.write() as session:
        publish_round(session, settings, job, folder)
