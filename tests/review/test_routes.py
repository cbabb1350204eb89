"""The screen's calls over HTTP: what they take, whom they refuse, what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from app.models import Annotation, Image, LabelClass, QueueEntry
from app.models.base import now
from app.review.service import fill_review
from tests import factories
from tests.review.conftest import Room
from tests.web import on_sqlite


def count(room: Room) -> int:
    with room.database.read() as session:
        return session.scalar(select(func.count()).select_from(Annotation)) or 0


def add_round(room: Room) -> None:
    """The first two images are unclear, the others accepted as open."""
    with room.database.write() as session:
        project = session.get_one(factories.Project, room.project)
        closed, open_ = project.classes
        unsure, sure = [(closed, 0.7), (open_, 0.6)], [(open_, 0.9), (open_, 0.95)]
        says = {image: unsure if i < 2 else sure for i, image in enumerate(room.images)}
        factories.add_round(session, project, says)
        fill_review(session, room.project, {room.images[0]: 0.2, room.images[1]: 0.1})


def test_an_item_holds_what_the_screen_shows(room: Room):
    add_round(room)
    claimed = room.tab().claim(5, pile="review")
    assert [item["id"] for item in claimed["items"]] == [room.images[1], room.images[0]]
    item = claimed["items"][1]
    assert (item["name"], item["width"], item["height"]) == ("000000.png", 8, 8)
    assert item["opinions"] == [
        {"labeler": "ResNet50", "class_id": room.classes[0], "confidence": 0.7},
        {"labeler": "YOLOv8n", "class_id": room.classes[1], "confidence": 0.6},
    ]
    assert claimed["waiting"] == 2
    assert [c["name"] for c in claimed["classes"]] == ["closed", "open"]


@on_sqlite
def test_the_items_picture_can_be_fetched(room: Room):
    tab = room.tab()
    picture = tab.client.get(tab.claim(1)["items"][0]["url"])
    assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/png")


def test_an_acknowledged_answer_is_in_the_database(room: Room):
    tab = room.tab()
    image = tab.ids(1)[0]
    response = tab.answer(image, room.classes[1], key="an-answer-1")
    assert (response.status_code, response.json()["key"]) == (200, "an-answer-1")
    with room.database.read() as session:
        row = session.get_one(Annotation, response.json()["saved"])
        assert (row.image_id, row.class_id, row.source) == (image, room.classes[1], "seed")
        assert session.get_one(Image, image).state == "settled"


def test_a_resend_is_acknowledged_alike_and_adds_nothing(room: Room):
    tab = room.tab()
    image = tab.ids(1)[0]
    answers = [tab.answer(image, room.classes[1], key="an-answer-1") for _ in range(3)]
    assert {a.status_code for a in answers} == {200}
    assert len({a.json()["saved"] for a in answers}) == 1
    assert count(room) == 1


def test_an_archived_class_is_a_conflict_in_words(room: Room):
    tab = room.tab()
    image = tab.ids(1)[0]
    with room.database.write() as session:
        session.get_one(LabelClass, room.classes[1]).archived_at = now()
    response = tab.answer(image, room.classes[1])
    assert response.status_code == 409
    assert response.json() == {"error": "The class open was archived meanwhile; please choose another."}
    assert count(room) == 0


def test_the_second_person_is_told_both_values(room: Room):
    ann, bob = room.tab(), room.tab()
    image = ann.ids(1)[0]
    ann.answer(image, room.classes[0])
    response = bob.answer(image, room.classes[1])
    assert response.status_code == 409
    assert "closed; you said open" in response.json()["error"]


@on_sqlite
@pytest.mark.parametrize(
    "fields",
    [
        {"seconds": -1}, {"kind": "undo"}, {"source": "import"}, {"key": "short"}, {"key": "a\x00bcdefgh"},
        {"image_id": 0}, {"image_id": 2**63}, {"author_id": 1}, {"class_id": None}, {"class_id": 10**6},
        {"kind": "cant_tell"},
    ],
)  # fmt: skip
def test_a_malformed_answer_is_refused_and_changes_nothing(room: Room, fields: dict[str, Any]):
    tab = room.tab()
    image = tab.ids(1)[0]
    response = tab.answer(**{"image_id": image, "class_id": room.classes[0]} | fields)
    assert response.status_code == 422
    assert response.json()["error"]
    assert count(room) == 0


@on_sqlite
@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999"])
def test_seconds_that_are_no_number_are_refused(room: Room, text: str):
    tab = room.tab()
    body = json.dumps(
        {"image_id": tab.ids(1)[0], "kind": "cant_tell", "source": "seed", "seconds": 0, "key": "a" * 8}
    ).replace('"seconds": 0', f'"seconds": {text}')
    response = tab.client.post(
        f"/projects/{room.project}/annotations", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    assert count(room) == 0


@on_sqlite
@pytest.mark.parametrize("tab_name", ["", "a\x00b", "x" * 41, "<script>"])
def test_a_strange_tab_name_is_refused(room: Room, tab_name: str):
    tab = room.tab()
    tab.name = tab_name
    response = tab.client.post(f"/projects/{room.project}/queue/seed/claim", json={"tab": tab_name})
    assert response.status_code == 422


@on_sqlite
def test_an_unknown_pile_is_nothing_here(room: Room):
    response = room.tab().client.post(f"/projects/{room.project}/queue/other/claim", json={"tab": "a" * 8})
    assert response.status_code == 404


def test_a_stranger_finds_nothing(room: Room):
    stranger = room.tab(member=False)
    here = f"/projects/{room.project}"
    calls = [
        stranger.client.get(f"{here}/label"),
        stranger.client.get(f"{here}/review"),
        stranger.client.get(f"{here}/progress"),
        stranger.client.post(f"{here}/queue/seed/claim", json={"tab": "a" * 8}),
        stranger.answer(room.images[0], room.classes[0]),
        stranger.undo("any-key-at-all"),
        stranger.client.post(f"{here}/images/{room.images[0]}/doubt"),
    ]
    assert [c.status_code for c in calls] == [404] * len(calls)
    with room.database.read() as session:
        assert session.scalar(select(QueueEntry.image_id).where(QueueEntry.leased_until.is_not(None))) is None


def test_a_member_reaches_no_other_projects_image(room: Room):
    tab = room.tab()
    assert tab.answer(room.noise_images[0], room.classes[0]).status_code == 404
    doubt = tab.client.post(f"/projects/{room.project}/images/{room.noise_images[0]}/doubt")
    assert doubt.status_code == 404
    assert count(room) == 0


@on_sqlite
def test_who_is_not_signed_in_is_told_so(room: Room):
    tab = room.tab()
    tab.client.cookies.clear()
    response = tab.answer(room.images[0], room.classes[0])
    assert (response.status_code, response.json()) == (401, {"error": "Please sign in."})


def test_a_doubted_image_comes_first_in_review(room: Room):
    add_round(room)
    tab = room.tab()
    doubted = room.images[9]
    response = tab.client.post(f"/projects/{room.project}/images/{doubted}/doubt")
    assert response.status_code == 200
    assert tab.ids(5, pile="review") == [doubted, room.images[1], room.images[0]]
    with room.database.read() as session:
        assert session.get_one(Image, doubted).state == "unclear"


def test_the_progress_counts_this_project_only(room: Room):
    tab = room.tab()
    tab.answer(tab.ids(1)[0], room.classes[0])
    counts = tab.client.get(f"/projects/{room.project}/progress").json()
    assert (counts["images"], counts["seed"], counts["new"], counts["answers"]) == (30, 1, 29, 1)


@on_sqlite
def test_the_page_brings_classes_keys_and_the_last_answers(room: Room):
    tab = room.tab()
    image = tab.ids(1)[0]
    tab.answer(image, room.classes[1], key="an-answer-1")
    page = tab.client.get(f"/projects/{room.project}/label", headers={"Accept": "text/html"})
    soup = BeautifulSoup(page.text, "html.parser")
    buttons = [b.get_text(" ", strip=True) for b in soup.select("#buttons button")]
    assert buttons == ["1 closed", "2 open", "Space can’t tell"]
    config = json.loads(soup.select_one("#screen")["data-config"])
    assert [(a["key"], a["classId"], a["item"]["id"]) for a in config["recent"]] == [
        ("an-answer-1", room.classes[1], image)
    ]
    assert (config["goal"], config["done"]) == (12, 1)


@on_sqlite
def test_the_review_page_shows_no_seed_answers(room: Room):
    tab = room.tab()
    tab.answer(tab.ids(1)[0], room.classes[1])
    page = tab.client.get(f"/projects/{room.project}/review", headers={"Accept": "text/html"})
    config = json.loads(BeautifulSoup(page.text, "html.parser").select_one("#screen")["data-config"])
    assert config["recent"] == []


@on_sqlite
def test_earlier_answers_come_page_by_page(room: Room):
    tab = room.tab()
    ids = tab.ids(25)
    for number, image in enumerate(ids):
        assert tab.answer(image, room.classes[0], key=f"answer-{number:02d}").status_code == 200
    room.tab().answer(room.images[-1], room.classes[0])
    before = f"/projects/{room.project}/annotations/recent?pile=seed&before="
    page = tab.client.get(f"{before}answer-05").json()["recent"]
    assert [a["key"] for a in page] == [f"answer-{i:02d}" for i in range(5)]
    assert [a["item"]["id"] for a in page] == ids[:5]
    assert len(tab.client.get(f"{before}answer-24").json()["recent"]) == 20
    assert tab.client.get(f"{before}never-said-this").json()["recent"] == []
