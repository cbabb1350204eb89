"""Where little is known the pages say so: they neither stumble nor make something up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.labeling.service import Answer, submit_annotation
from app.models import AnnotationKind, AnnotationSource, LabelClass, Project, Round
from app.review.service import fill_seed
from tests.conftest import SignIn
from tests.factories import add_images, add_project, add_round, add_user
from tests.web import on_sqlite

PAGES = ("", "/labelers", "/audit", "/effort", "/results", "/images", "/label", "/review")
EMPTY_REPORT = {
    "splits": {"train": 10, "val": 0}, "agreed": 0, "disagreed": 30, "classes": ["closed", "open"],
    "counts": [[30, 0], [30, 0]], "cross_table": None, "accepted_by_class": [0, 0], "seconds": 3.0,
    "notes": ["Nothing is accepted before there are 20 answers; there are 10."], "environment":
    {"torch": "2", "device": "cpu", "code": "1"}, "manifest_sha256": "0" * 64, "image_set": "0" * 64, "seed": 0,
    "accepted_wrong": {"estimate": 0.0, "low": 0.0, "high": 1.0, "checked": 0, "wrong": 0, "bound": 1.0},
    "all_wrong": {"estimate": 0.5, "low": 0.3, "high": 0.7},
}  # fmt: skip


def words(client: TestClient, project_id: int, page: str) -> str:
    answer = client.get(f"/projects/{project_id}{page}")
    assert answer.status_code == 200, (page, answer.text)
    main = BeautifulSoup(answer.text, "html.parser").select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def label(session: Session, project: Project, count: int, classes: int = 9) -> None:
    author = add_user(session)
    images = add_images(session, project, 40)
    fill_seed(session, project.id)
    for i, image in enumerate(images[:count]):
        chosen = project.classes[i % min(len(project.classes), classes)].id
        answer = Answer(image.id, AnnotationKind.LABEL, chosen, AnnotationSource.SEED, 1.0, f"key-{i:06d}")
        submit_annotation(session, user=author, project_id=project.id, answer=answer)


def one_class(session: Session) -> Project:
    project = add_project(session, classes=("open",), recipe="squint")
    label(session, project, 40)
    return project


def one_class_answered(session: Session) -> Project:
    """Of two: everything looks closed so far."""
    project = add_project(session, recipe="squint", seed_size=50)
    label(session, project, 40, classes=1)
    return project


def not_estimated(session: Session) -> Project:
    """A round from before rounds estimated the whole pile."""
    project = nothing_accepted(session)
    made = session.scalars(select(Round)).one()
    made.report = {key: value for key, value in EMPTY_REPORT.items() if key != "all_wrong"}
    return project


def three_seeds(session: Session) -> Project:
    project = add_project(session, recipe="squint")
    label(session, project, 3)
    return project


def nothing_accepted(session: Session) -> Project:
    """As a round leaves it over images that are all the same, or after a handful of answers."""
    project = add_project(session, recipe="squint")
    label(session, project, 10)
    made = add_round(session, project, {})
    made.recipe, made.report = "squint", EMPTY_REPORT
    for labeler in made.labelers:
        labeler.metrics = {"weight": 0.0, "error": 0.5, "error_low": 0.2, "error_high": 0.8, "checked": 10}
    return project


def a_class_that_appears_late(session: Session) -> Project:
    project = nothing_accepted(session)
    made = session.scalars(select(Round)).one()
    made.report = {**made.report, "class_ids": [c.id for c in project.classes]}
    project.classes.append(LabelClass(name="half", key="3", color=2, position=2))
    session.flush()
    return project


MAKES = [one_class, one_class_answered, three_seeds, nothing_accepted, not_estimated, a_class_that_appears_late]


@on_sqlite
@pytest.mark.parametrize("make", MAKES)
def test_every_page_opens(sign_in: SignIn, database: Database, make: Callable[[Session], Project]):
    with database.write() as session:
        project_id = make(session).id
    client = sign_in()
    for page in PAGES:
        words(client, project_id, page)


@on_sqlite
@pytest.mark.parametrize(
    ("make", "page", "says"),
    [
        (one_class, "/labelers", "The project has one class only"),
        (one_class, "/effort", "Nothing is known yet"),
        (
            one_class_answered,
            "/effort",
            "the first estimate comes with the first round. The labelers need a few more",
        ),
        (one_class_answered, "/effort", "at least 2 of open"),
        (
            not_estimated,
            "/effort",
            "did not estimate the wrong labels of the whole pile yet. The next round does",
        ),
        (three_seeds, "", "Label 37 more images"),
        (three_seeds, "/labelers", "The labelers need a few more seed labels: at least 1 of open"),
        (three_seeds, "/audit", "There are none yet"),
        (nothing_accepted, "/labelers", "Nothing is accepted yet."),
        (nothing_accepted, "/labelers", "Nothing is accepted before there are 20 answers; there are 10."),
        (nothing_accepted, "/audit", "There are none yet"),
        (nothing_accepted, "/effort", "Not enough rounds yet"),
        (nothing_accepted, "/effort", "about 50.0 % of all labels would be wrong now, 30.0 % to 70.0 %"),
        (a_class_that_appears_late, "/labelers", "at least 2 of half"),
        (a_class_that_appears_late, "/effort", "Nothing is known of half yet"),
        (a_class_that_appears_late, "", "Nothing is known of half yet"),
    ],
)
def test_it_says_what_is_missing(
    sign_in: SignIn, database: Database, make: Callable[[Session], Project], page: str, says: str
):
    with database.write() as session:
        project_id = make(session).id
    assert says.lower() in words(sign_in(), project_id, page).lower()


@on_sqlite
def test_labelers_are_not_started_on_one_class(sign_in: SignIn, database: Database):
    with database.write() as session:
        project_id = one_class(session).id
    answer = sign_in().post(f"/projects/{project_id}/labelers")
    assert answer.status_code == 409
    assert "one class only" in answer.text
