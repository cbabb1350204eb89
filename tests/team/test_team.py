"""The team page: two people replayed over HTTP, and the figures that the page and the command line tell."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from sqlalchemy import select

from app.cli import main
from app.config import Settings
from app.images.rendered import write_eyes_zip
from app.labeling.queries import loop_counts
from app.models import Image, Project, Recipe
from app.review.service import apply_overlap
from app.team.service import read_second_look, read_team
from tests import factories
from tests.review.conftest import Room, Tab, room
from tests.web import on_sqlite, parsed

__all__ = ["room"]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """The labels of thirty rendered eyes: 1 is open."""
    folder = tmp_path_factory.mktemp("eyes")
    write_eyes_zip(folder / "eyes.zip", 30, 5, folder / "labels.csv")
    with (folder / "labels.csv").open() as rows:
        return [int(row["label"] == "open") for row in csv.DictReader(rows)]


def replay(room: Room, tab: Tab, says: dict[int, int]) -> None:
    """Answer all that is served, as a file says; 2: can't tell."""
    while ids := tab.ids(10):
        for image in ids:
            unsure = says[image] == 2
            class_id = None if unsure else room.classes[says[image]]
            response = tab.answer(image, class_id, kind="cant_tell" if unsure else "label", seconds=2.0)
            assert response.status_code == 200, response.text


@pytest.fixture
def replayed(room: Room, truth: list[int]) -> tuple[Room, Tab, Tab, list[int], list[int]]:
    """Ann answers as the truth is, Bob errs on every seventh image and cannot tell one."""
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        project.overlap = 2
        apply_overlap(session, project)
    ann, bob = room.tab("ann@lab"), room.tab("bob@lab")
    bobs = [1 - label if i % 7 == 0 else label for i, label in enumerate(truth)]
    bobs[3] = 2
    replay(room, ann, dict(zip(room.images, truth, strict=True)))
    replay(room, bob, dict(zip(room.images, bobs, strict=True)))
    return room, ann, bob, truth, bobs


Replayed = tuple[Room, Tab, Tab, list[int], list[int]]


def test_the_page_tells_of_both_and_of_what_is_between_them(replayed: Replayed):
    room, _ann, _bob, anns, bobs = replayed
    erin = room.tab("erin@lab", "engineer")
    page = parsed(erin.client.get(f"/projects/{room.project}/team", headers={"Accept": "text/html"}))
    rows = {
        row.th.text: [cell.get_text(" ", strip=True) for cell in row.select("td")]
        for row in page.select("tbody tr")
    }
    assert [rows[email][:3] for email in ("ann@lab", "bob@lab")] == [["30", "0", "2.0"], ["30", "1", "2.0"]]
    both = [(a, b) for a, b in zip(anns, bobs, strict=True) if b != 2]
    kappa = cohen_kappa_score(*np.array(both).T)
    between = rows["ann@lab and bob@lab"]
    assert between[:2] == ["29", "5"]
    assert between[2].startswith(f"{100 * 24 / 29:.1f} %")
    assert between[3].startswith(f"{kappa:.3f}".removeprefix("0"))
    differences = page.select(".differences li")
    assert len(differences) == 5
    assert {link["href"].split("=")[1] for link in page.select(".differences a")} == {
        f"{i:06d}.png" for i, (a, b) in enumerate(zip(anns, bobs, strict=True)) if b not in {a, 2}
    }
    assert {dd.get_text(strip=True) for dd in differences[0].select("dd")[:2]} == {"closed", "open"}
    assert "People differ on 5 images" in page.get_text()


def test_the_database_has_each_answer_once_and_labels_where_they_agree(replayed: Replayed):
    room, _ann, _bob, anns, bobs = replayed
    with room.database.read() as session:
        counts = loop_counts(session, room.project)
        labels = {
            i.id: (i.state, i.class_id)
            for i in session.scalars(select(Image).where(Image.project_id == room.project))
        }
    assert (counts.answers, counts.seed, counts.disputed) == (60, 25, 5)
    for image, a, b in zip(room.images, anns, bobs, strict=True):
        expected = ("settled", room.classes[a]) if b in {a, 2} else ("disputed", None)
        assert labels[image] == expected


@on_sqlite
def test_annotators_see_their_own_row_and_nobody_elses(replayed: Replayed):
    room, ann, _bob, _anns, _bobs = replayed
    page = ann.client.get(f"/projects/{room.project}/team", headers={"Accept": "text/html"}).text
    assert "ann@lab" in page
    assert "bob@lab" not in page
    assert "differences" not in page.replace("team.css", "")


@on_sqlite
def test_an_image_that_is_still_asked_is_in_no_list_of_differences(replayed: Replayed):
    room, *_ = replayed
    with room.database.write() as session:
        disputed = session.scalars(select(Image).where(Image.state == "disputed")).all()
        for image in disputed:
            image.state = "unclear"
    erin = room.tab("erin@lab", "engineer")
    page = parsed(erin.client.get(f"/projects/{room.project}/team", headers={"Accept": "text/html"}))
    assert page.select(".differences li") == []


@on_sqlite
def test_the_command_line_tells_the_same_and_cleanlabs_consensus(
    replayed: Replayed,
    settings: Settings,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    room, _ann, _bob, anns, _bobs = replayed
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        says = {
            image: [(project.classes[label], 0.95)] * 2 for image, label in zip(room.images, anns, strict=True)
        }
        factories.add_round(session, project, says)
        for image, label in zip(room.images, anns, strict=True):
            row = session.get_one(Image, image)
            row.predicted_class_id, row.confidence = room.classes[label], 0.95
    monkeypatch.setenv("SQUINT_DATABASE_URL", settings.database_url)
    out = tmp_path / "consensus.csv"
    assert main(["agreement", "Eyes", "--csv", str(out), "--json", "--data-dir", str(tmp_path)]) == 0
    told = json.loads(capfd.readouterr().out)
    (pair,) = told["pairs"]
    assert (pair["images"], pair["differ"], pair["people"]) == (29, 5, ["ann@lab", "bob@lab"])
    assert told["consensus"]["images"] == 29
    assert told["consensus"]["merit"]["ann@lab"] > told["consensus"]["merit"]["bob@lab"]
    with out.open() as rows:
        found = {row["filename"]: row["consensus"] for row in csv.DictReader(rows)}
    names = ["closed", "open"]
    assert found == {f"{i:06d}.png": names[label] for i, label in enumerate(anns) if i != 3}


@on_sqlite
def test_answers_from_a_file_say_nothing_of_a_persons_speed(room: Room):
    tab = room.tab("ann@lab")
    for image in tab.ids(12):
        assert tab.answer(image, room.classes[0], seconds=0.0).status_code == 200
    with room.database.read() as session:
        team = read_team(session, session.get_one(Project, room.project))
    ann = next(person for person in team.people if person.user.email == "ann@lab")
    assert (ann.answers, ann.seconds, ann.a_minute) == (12, None, None)


def test_where_two_people_often_differ_the_labels_they_agree_on_are_not_called_faultless(replayed: Replayed):
    room, _ann, _bob, anns, _bobs = replayed
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        project.recipe = Recipe.SQUINT
        for image_id, label in zip(room.images, anns, strict=True):
            image = session.get_one(Image, image_id)
            image.predicted_class_id, image.confidence = room.classes[label], 0.6
        session.flush()
        found = read_second_look(session, project)
    assert found is not None
    assert found.labels == 25
    assert found.before is not None
    assert 0.001 < found.before < 0.05
