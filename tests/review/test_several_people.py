"""Several people at the screen: blind to each other, none asked twice, and engineers decide where they differ."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.labeling.queries import loop_counts
from app.models import Annotation, Image, Project, QueueEntry
from app.review import repeats
from app.review.service import apply_overlap
from tests.review.conftest import Room, Tab
from tests.web import on_sqlite


def set_up(room: Room, **columns: Any) -> None:
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        for column, value in columns.items():
            setattr(project, column, value)
        apply_overlap(session, project)


def answer_all(room: Room, tab: Tab, says: int, **fields: Any) -> list[int]:
    ids = []
    while part := tab.ids(20):
        for image in part:
            assert tab.answer(image, room.classes[says], **fields).status_code == 200
        ids += part
    return ids


def free_leases(session: Session) -> None:
    """As if everybody had closed their tabs and time had passed."""
    session.execute(update(QueueEntry).values(leased_until=None))


def state(room: Room, image: int) -> tuple[str, int | None]:
    with room.database.read() as session:
        row = session.get_one(Image, image)
        return row.state, row.class_id


def test_an_image_goes_to_two_people_and_to_none_of_them_twice(room: Room):
    set_up(room, overlap=2)
    ann, bob, carl = (room.tab() for _ in range(3))
    assert sorted(answer_all(room, ann, 0)) == room.images
    assert ann.claim()["waiting"] == 0
    assert sorted(answer_all(room, bob, 0)) == room.images
    assert carl.claim(pile="review")["items"] == carl.claim()["items"] == []
    assert {state(room, image) for image in room.images} == {("settled", room.classes[0])}


@on_sqlite
def test_an_engineer_who_cannot_tell_decides_too_though_nobody_has_answered(room: Room):
    erin = room.tab(role="engineer")
    answer = erin.answer(room.images[0], None, kind="cant_tell", source="adjudication")
    assert answer.status_code == 200
    assert "note" not in answer.json()
    assert state(room, room.images[0]) == ("set_aside", None)


@on_sqlite
def test_the_overview_says_that_only_other_peoples_answers_are_missing(room: Room):
    set_up(room, overlap=2)
    ann, bob = room.tab(), room.tab()
    answer_all(room, ann, 0)

    def asked(tab: Tab) -> str:
        page = BeautifulSoup(tab.client.get(f"/projects/{room.project}").text, "html.parser")
        return page.select_one(".next").get_text(" ", strip=True)

    assert "You have answered all that you can: 12 images wait for other people." in asked(ann)
    assert "Label 12 images" in asked(bob)


def test_who_is_still_asked_finds_nobodys_answer_on_any_page(room: Room):
    set_up(room, overlap=2)
    ann, bob, erin = room.tab(), room.tab(), room.tab(role="engineer")
    image = ann.ids(1)[0]
    ann.answer(image, room.classes[1])
    name = f"{room.images.index(image):06d}.png"
    here = f"/projects/{room.project}"
    for reader in (bob, erin):
        item = next(item for item in reader.claim(50)["items"] if item["id"] == image)
        assert set(item) == {"id", "url", "name", "width", "height", "opinions"}
        assert item["opinions"] == []
        reader.claim(0)
        for page in ("images", "images?state=new", "label", "labelers"):
            shown = BeautifulSoup(reader.client.get(f"{here}/{page}").text, "html.parser")
            tile = shown.find("img", alt=name)
            assert tile is None or "open" not in tile.parent.text
        assert name not in reader.client.get(f"{here}/images?class_id={room.classes[1]}").text
        with room.database.write() as session:
            free_leases(session)
    table = erin.client.get(f"{here}/export/labels.csv").text
    line = next(line for line in table.splitlines() if line.startswith(name))
    assert line.split(",")[1:4] == ["", "new", ""]


def test_where_two_differ_an_engineer_decides_and_nobody_else(room: Room):
    set_up(room, overlap=2)
    ann, bob, erin = room.tab(), room.tab(), room.tab(role="engineer")
    image = ann.ids(1)[0]
    ann.answer(image, room.classes[0])
    bob.answer(image, room.classes[1])
    assert state(room, image) == ("disputed", None)
    here = f"/projects/{room.project}"
    for pile in ("seed", "review"):
        assert image not in erin.ids(50, pile=pile)
    refused = ann.client.post(f"{here}/queue/disputed/claim", json={"tab": ann.name, "count": 5})
    assert refused.status_code == 403
    assert ann.answer(image, room.classes[0], source="adjudication").status_code == 403
    claimed = erin.claim(5, pile="disputed")
    assert claimed["items"][0]["opinions"] == [
        {"labeler": "Person 1", "class_id": room.classes[0]},
        {"labeler": "Person 2", "class_id": room.classes[1]},
    ]
    assert erin.answer(image, room.classes[1], source="adjudication", key="the-decision").status_code == 200
    assert state(room, image) == ("settled", room.classes[1])
    assert erin.claim(5, pile="disputed")["waiting"] == 0
    assert erin.undo("the-decision").status_code == 200
    assert state(room, image) == ("disputed", None)


def test_can_t_tell_goes_to_somebody_else_and_a_person_alone_is_told_that_nobody_is_there(room: Room):
    ann = room.tab()
    first, second = ann.ids(2)
    alone = ann.answer(first, None, kind="cant_tell").json()
    assert "Nobody else is in this project" in alone["note"]
    assert state(room, first) == ("set_aside", None)
    bob = room.tab()
    assert "note" not in ann.answer(second, None, kind="cant_tell").json()
    assert state(room, second) == ("new", None)
    assert second not in ann.ids(50)
    ann.claim(0)
    with room.database.write() as session:
        free_leases(session)
    assert second in bob.ids(50)
    assert "note" not in bob.answer(second, None, kind="cant_tell").json()
    assert state(room, second) == ("set_aside", None)


@pytest.fixture
def repeating(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The room, where two answers lie between an answer and its repeat, and every image brings a repeat."""
    monkeypatch.setattr(repeats, "APART", 2)
    set_up(room, repeat_share=1.0)
    return room


def test_an_own_earlier_answer_comes_again_unmarked_and_changes_no_label(repeating: Room):
    tab, other = repeating.tab(), repeating.tab()
    first = tab.ids(4)
    for image in first:
        tab.answer(image, repeating.classes[0])
    items = tab.claim(3)["items"]
    again = [item["id"] for item in items if item["id"] in first]
    assert again
    assert {frozenset(item) for item in items} == {frozenset(items[0])}
    assert not set(again) & set(other.ids(50))
    assert tab.answer(again[0], repeating.classes[1], key="said-again").status_code == 200
    assert state(repeating, again[0]) == ("settled", repeating.classes[0])
    assert tab.answer(again[0], repeating.classes[1], key="changed-mind").status_code == 200
    assert state(repeating, again[0]) == ("settled", repeating.classes[0])
    with repeating.database.read() as session:
        rows = session.scalars(select(Annotation.source).where(Annotation.image_id == again[0])).all()
        counts = loop_counts(session, repeating.project)
    assert list(rows) == ["seed", "repeat", "repeat"]
    assert counts.seed == 4


def test_a_repeat_that_is_taken_back_is_asked_again_as_a_repeat(repeating: Room):
    tab = repeating.tab()
    first = tab.ids(3)
    for image in first:
        tab.answer(image, repeating.classes[0])
    again = next(image for image in tab.ids(2) if image in first)
    tab.answer(again, repeating.classes[1], key="said-again")
    assert tab.undo("said-again").status_code == 200
    tab.answer(again, repeating.classes[1])
    assert state(repeating, again) == ("settled", repeating.classes[0])


@on_sqlite
def test_nothing_is_repeated_twice_nor_alone(repeating: Room):
    tab = repeating.tab()
    answer_all(repeating, tab, 0)
    with repeating.database.read() as session:
        rows = session.scalars(select(Annotation.image_id).where(Annotation.source == "repeat")).all()
    assert len(rows) == len(set(rows)) > 5
    assert tab.ids(20) == []
