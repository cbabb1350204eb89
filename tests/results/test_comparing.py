"""Two models side by side: the test is on the images both were judged by, and shows those that changed sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from scipy.stats import binomtest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import Settings
from app.db import Database
from app.models import Image, Project
from app.results.comparing import compare_sides, differences, open_side
from app.results.tasks import publish
from tests.conftest import SignIn
from tests.factories import add_project
from tests.finished import add_job, finished_run
from tests.results.conftest import COUNT
from tests.web import on_sqlite, parsed

pytestmark = on_sqlite


def publish_another(session: Session, settings: Settings, project: Project, turned: int = 0) -> list[Image]:
    """Publish a second bake-off over the later half of the images; the first `turned` labels have changed."""
    query = select(Image).where(Image.project_id == project.id).order_by(Image.id)
    images = list(session.scalars(query))[COUNT // 2 :]
    labels = [(i + (i < turned)) % 2 for i in range(len(images))]
    score = np.random.default_rng(9).random((len(images), 1)).astype(np.float32)
    job = add_job(session, project, "bakeoff")
    folder = finished_run(
        Path(settings.data_dir) / job.id, project, "bakeoff", images,
        {"resnet18": np.hstack([1 - score, score])}, labels,
    )  # fmt: skip
    publish(session, settings, job, folder)
    return images


def right(side, rows: np.ndarray) -> np.ndarray:  # noqa: ANN001
    return (side.contender.scores[rows, 1] >= np.float32(0.6)) == (side.board.labels[rows] == 1)


@pytest.mark.parametrize("turned", [0, 4])
def test_two_bake_offs_meet_on_their_common_images_whose_labels_have_stayed(
    database: Database, settings: Settings, published: Project, turned: int
):
    with database.write() as session:
        publish_another(session, settings, published, turned)
    with database.read() as session:
        first, second = open_side(session, published.id, 1), open_side(session, published.id, 3)
        found = compare_sides(session, first, second, 0.6)
    assert found.common == COUNT // 2 - turned
    one = right(first, np.arange(COUNT // 2 + turned, COUNT))
    two = right(second, np.arange(turned, COUNT // 2))
    assert (found.pair.only_first, found.pair.only_second) == ((one & ~two).sum(), (two & ~one).sum())
    parting = int((one != two).sum())
    assert found.pair.p == pytest.approx(binomtest(int((one & ~two).sum()), parting).pvalue)
    by = found.differences["error"]
    assert by["value"] == pytest.approx(((two & ~one).sum() - (one & ~two).sum()) / len(one))
    assert by["low"] < by["value"] < by["high"]  # type: ignore[operator]
    lost = second.board.image_ids[found.lost]
    assert set(lost) == set(second.board.image_ids[turned:][one & ~two])
    assert "of bake-off 1" in found.verdict.sentence
    assert "of bake-off 2" in found.verdict.sentence


def test_the_page_shows_who_is_better_what_differs_and_who_changed_sides(
    sign_in: SignIn, database: Database, settings: Settings, published: Project
):
    with database.write() as session:
        publish_another(session, settings, published)
    browser, base = sign_in(), f"/projects/{published.id}/results/compare"
    page = parsed(browser.get(f"{base}?first=1&second=2&threshold=0.5"))
    assert "ResNet18" in page.text
    assert [li.text.partition(": ")[0] for li in page.select("main .panel li")[:2]] == ["EER", "Error"]
    galleries = [h.text for h in page.select("h2") if "is right" in h.text]
    shown = len(page.select(".tile"))
    assert sum(int(text.rsplit("·", 1)[1]) for text in galleries) == shown > 0
    rows = {row.th.text: [cell.text for cell in row.select("td")] for row in differing(page)}
    assert rows["model"] == ["resnet18", "resnet50"]
    assert "test images" not in rows
    across = parsed(browser.get(f"{base}?first=1&second=3"))
    assert "test images" in {row.th.text for row in differing(across)}
    assert browser.get(base).status_code == 200


def differing(page: BeautifulSoup) -> list:
    heading = page.find("h2", string=lambda text: text and "Made differently" in text)
    return heading.parent.select("tr")  # type: ignore[union-attr]


def test_nothing_differs_from_itself_and_a_strangers_model_is_absent(
    sign_in: SignIn, database: Database, published: Project
):
    with database.write() as session:
        side = open_side(session, published.id, 1)
        assert differences(side, side) == []
        stranger = add_project(session)
    assert sign_in().get(f"/projects/{stranger.id}/results/compare").status_code == 404
    assert sign_in().get(f"/projects/{stranger.id}/results/compare?first=1&second=2").status_code == 404
    assert sign_in().get(f"/projects/{published.id}/results/compare?first=1&second=99").status_code == 404
