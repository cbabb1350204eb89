"""A doubtful label goes to review, is relabelled where it is seen, and the page tells how many were wrong."""

from __future__ import annotations

from bs4 import BeautifulSoup
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.db import Database
from app.labeling.service import Answer, submit_annotation, undo
from app.models import (
    NO_PILE,
    Annotation,
    AnnotationKind,
    AnnotationSource,
    Image,
    Issue,
    Project,
    QueueEntry,
    User,
)
from app.results.issues import list_batches
from app.results.queries import doubted_rows, get_bakeoff, read_findings, read_labels
from tests.conftest import SignIn
from tests.web import on_sqlite

KEY = "key-of-an-answer"


def doubted(database: Database, project: Project) -> list[int]:
    with database.read() as session:
        bakeoff = get_bakeoff(session, project.id)
        ids, _labels = read_labels(session, bakeoff)
        return ids[doubted_rows(read_findings(session, bakeoff))].tolist()


def send(browser: TestClient, project: Project, count: int):
    return browser.post(f"/projects/{project.id}/results/issues", data={"count": count, "bakeoff": 1})


def test_the_worst_labels_come_first_in_the_queue_in_their_order(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    worst = doubted(database, published)
    assert send(browser, published, 5).status_code == 303
    assert send(browser, published, 3).status_code == 303
    with database.read() as session:
        entries = select(QueueEntry.image_id).order_by(QueueEntry.rank)
        assert session.scalars(entries).all() == [*worst[5:8], *worst[:5]]
        assert session.scalar(select(func.count()).select_from(Issue)) == 8
    claimed = browser.post(
        f"/projects/{published.id}/queue/review/claim", json={"tab": "a-tab-of-mine", "count": 2}
    )
    assert [item["id"] for item in claimed.json()["items"]] == worst[5:7]


def test_answers_in_review_count_as_answers_to_the_issue_and_say_how_many_were_wrong(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    worst = doubted(database, published)
    send(browser, published, 4)
    with database.write() as session:
        user = session.get_one(User, browser.user_id)  # type: ignore[attr-defined]
        classes = [c.id for c in published.classes]
        for number, image_id in enumerate(worst[:3]):
            image = session.get_one(Image, image_id)
            other = next(c for c in classes if c != image.class_id)
            kind = AnnotationKind.CANT_TELL if number == 2 else AnnotationKind.LABEL
            said = None if number == 2 else other if number == 0 else image.class_id
            answer = Answer(image_id, kind, said, AnnotationSource.REVIEW, 1.0, f"{KEY}-{number}")
            submit_annotation(session, user=user, project_id=published.id, answer=answer)
            session.flush()
        assert set(session.scalars(select(Annotation.source))) == {"import", "issue"}
        (batch,) = list_batches(session, published.id)
        assert (batch.sent, batch.answered, batch.wrong, batch.cant_tell) == (4, 3, 1, 1)
        undo(session, user=user, project_id=published.id, undoes_key=f"{KEY}-0", key=f"{KEY}-undo")
        session.flush()
        (batch,) = list_batches(session, published.id)
        assert (batch.answered, batch.wrong) == (2, 0)
    page = BeautifulSoup(browser.get(f"/projects/{published.id}/results/findings").text, "html.parser")
    assert [cell.text.split()[0] for cell in page.select("#doubts tbody td")][-4:] == ["4", "2", "0", "1"]


@on_sqlite
def test_what_waits_or_has_another_label_by_now_is_passed_over(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    worst = doubted(database, published)
    with database.write() as session:
        image = session.get_one(Image, worst[0])
        image.class_id = next(c.id for c in published.classes if c.id != image.class_id)
    for count in (5, 2000):
        send(browser, published, count)
    page = browser.get(f"/projects/{published.id}/results/findings").text
    assert "1 label has been put right since this bake-off" in page
    with database.read() as session:
        assert set(session.scalars(select(Issue.image_id))) == set(worst[1:])
    assert send(browser, published, 1).status_code == 409
    assert send(sign_in("annotator"), published, 1).status_code == 404
    assert send(browser, published, 0).status_code == 422


@on_sqlite
def test_a_tile_on_somebodys_grid_waits_for_nobody_and_is_sent_all_the_same(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    worst = doubted(database, published)
    with database.write() as session:
        session.add(QueueEntry(image_id=worst[0], project_id=published.id, pile=NO_PILE, rank=0.0))
    assert not marked_as_in_review(browser, published)
    send(browser, published, 1)
    assert marked_as_in_review(browser, published) == worst[:1]


def marked_as_in_review(browser: TestClient, project: Project) -> list[int]:
    page = BeautifulSoup(browser.get(f"/projects/{project.id}/results/findings").text, "html.parser")
    return [int(str(tile["data-image"])) for tile in page.select("#doubts .tile[aria-pressed=true]")]


@on_sqlite
def test_a_label_given_on_the_page_is_an_annotation_of_the_source_issue_and_is_saved_once(
    sign_in: SignIn, database: Database, published: Project
):
    browser = sign_in()
    closed, open_ = (c.id for c in published.classes)
    with database.read() as session:
        image = session.scalars(select(Image).where(Image.class_id == closed)).first()
    assert image is not None
    address = f"/projects/{published.id}/results/images/{image.id}/label"
    body = {"class_id": open_, "seen": closed, "seconds": 1.5, "key": KEY}
    for _ in range(2):
        assert browser.post(address, json=body).json()["class_id"] == open_
    with database.read() as session:
        row = session.scalars(select(Annotation).where(Annotation.source != "import")).one()
        assert (row.source, row.class_id, row.author_id) == ("issue", open_, browser.user_id)  # type: ignore[attr-defined]
        assert session.get_one(Image, image.id).class_id == open_


@on_sqlite
def test_a_person_who_sees_the_label_that_stands_may_correct_it_and_nobody_else(
    sign_in: SignIn, database: Database, published: Project
):
    first, second = sign_in(), sign_in()
    closed, open_ = (c.id for c in published.classes)
    with database.read() as session:
        image = session.scalars(select(Image).where(Image.class_id == closed)).first()
    assert image is not None
    address = f"/projects/{published.id}/results/images/{image.id}/label"
    said = {"class_id": open_, "seen": closed, "seconds": 1.0, "key": KEY}
    assert first.post(address, json=said).status_code == 200
    stale = second.post(address, json={**said, "class_id": closed, "seen": None})
    assert stale.status_code == 409
    assert "another label meanwhile" in stale.text
    assert second.post(address, json={**said, "class_id": closed, "seen": open_}).status_code == 200
    with database.read() as session:
        assert session.get_one(Image, image.id).class_id == closed
    for wrong in (
        {**said, "class_id": 10**9, "key": "another-key"},
        {**said, "seen": "x"},
        {**said, "key": "short"},
    ):
        assert first.post(address, json=wrong).status_code == 422
