"""The grid's calls over HTTP: whose tile it is, what a page of answers becomes, how it is taken back."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select, update

from app.models import Annotation, Image, Job, LabelClass, Project, ProjectMember, QueueEntry
from app.models.base import now
from app.review.service import fill_review
from app.security import COOKIE, open_session
from tests import factories
from tests.review.conftest import Room, Tab
from tests.web import SAME_SITE, on_sqlite, served

UNCLEAR = 12
"""The first twelve images are unclear, rather open, each surer than the one before; the others surely closed."""


@dataclass
class Grid:
    """A browser tab with the grid, as its script uses the server."""

    client: TestClient | httpx.Client
    room: Room
    name: str

    def claim(self, count: int = 4, have: Sequence[int] = (), **fields: Any) -> dict[str, Any]:
        body = {
            "tab": self.name, "class_id": self.room.classes[1], "of": "unclear", "order": "least", "count": count,
            "have": list(have),
        }  # fmt: skip
        response = self.client.post(f"/projects/{self.room.project}/grid/claim", json=body | fields)
        assert response.status_code == 200, response.text
        return response.json()

    def ids(self, count: int = 4, have: Sequence[int] = (), **fields: Any) -> list[int]:
        return [item["id"] for item in self.claim(count, have, **fields)["items"]]

    def accepted(self, count: int = 4, have: Sequence[int] = ()) -> list[int]:
        return self.ids(count, have, of="accepted", class_id=self.room.classes[0])

    def confirm(self, answers: dict[int, int], key: str | None = None, **fields: Any) -> Any:
        body = {
            "tab": self.name, "key": key or f"page_{uuid4().hex}", "seconds": 8.0, "left_out": [],
            "answers": [{"image_id": image, "class_id": chosen} for image, chosen in answers.items()],
        }  # fmt: skip
        return self.client.post(f"/projects/{self.room.project}/grid/answers", json=body | fields)

    def undo(self, page: str, image_ids: list[int]) -> Any:
        body = {"undoes": page, "key": f"page_{uuid4().hex}", "tab": self.name, "image_ids": image_ids}
        return self.client.post(f"/projects/{self.room.project}/grid/undo", json=body)


def grid_of(room: Room, tab: Tab | None = None) -> Grid:
    tab = tab or room.tab()
    return Grid(tab.client, room, tab.name)


def publish(room: Room, number: int = 1, *, unclear: int = UNCLEAR) -> None:
    with room.database.write() as session:
        project = session.get_one(Project, room.project)
        closed, opened = project.classes
        says = {
            image: [(opened, 0.6 + i / 100), (closed, 0.5)] if i < unclear else [(closed, 0.8 + i / 1000)] * 2
            for i, image in enumerate(room.images)
        }
        factories.add_round(session, project, says, number)
        fill_review(session, room.project, {image: float(i) for i, image in enumerate(room.images[:unclear])})


@pytest.fixture
def scored(room: Room) -> Room:
    publish(room)
    return room


def states(room: Room, ids: list[int]) -> list[str]:
    with room.database.read() as session:
        return [session.get_one(Image, image).state for image in ids]


def rows(room: Room) -> list[Annotation]:
    with room.database.read() as session:
        return list(session.scalars(select(Annotation).order_by(Annotation.id)))


def test_tiles_of_one_class_and_pile_come_least_sure_first_or_surest_first(scored: Room):
    grid = grid_of(scored)
    assert grid.ids(4) == scored.images[:4]
    assert grid.ids(4, order="most") == scored.images[UNCLEAR - 1 : UNCLEAR - 5 : -1]
    assert grid.ids(4, class_id=scored.classes[0]) == []
    assert grid.accepted(3) == scored.images[UNCLEAR : UNCLEAR + 3]
    assert grid.ids(4, of="accepted") == []


def test_a_tile_says_where_in_which_sheet_it_is_drawn(scored: Room):
    grid = grid_of(scored)
    items = grid.claim(3)["items"]
    assert [(i["name"], i["width"], i["cell"], i["classId"]) for i in items] == [
        (f"{n:06d}.png", 8, n, scored.classes[1]) for n in range(3)
    ]
    assert len({item["sheet"] for item in items}) == 1
    sheet = grid.client.get(items[0]["sheet"])
    assert (sheet.status_code, sheet.headers["Content-Type"]) == (200, "image/png")
    assert sheet.headers["Cache-Control"].endswith("immutable")


def test_a_large_picture_comes_by_itself_and_small(scored: Room):
    with scored.database.write() as session:
        session.execute(update(Image).where(Image.id == scored.images[0]).values(width=400, height=300))
    large, tiny = grid_of(scored).claim(2)["items"]
    assert "sheet" not in large
    assert large["url"].endswith("&size=160")
    assert tiny["cell"] == 0


def test_a_tile_is_on_one_screen_only_grid_or_review(scored: Room):
    ann, bob, cid = grid_of(scored), grid_of(scored), scored.tab()
    assert ann.ids(4) == scored.images[:4]
    assert cid.ids(3, pile="review") == scored.images[4:7]
    assert bob.ids(20) == scored.images[7:UNCLEAR]
    assert ann.claim(20, have=scored.images[:4])["elsewhere"] == UNCLEAR - 4
    assert cid.ids(20, have=tuple(scored.images[4:7]), pile="review") == []


def test_accepted_tiles_are_leased_though_they_wait_in_no_pile(scored: Room):
    ann, bob = grid_of(scored), grid_of(scored)
    first = ann.accepted(10)
    assert bob.accepted(20) == scored.images[UNCLEAR + 10 :]
    assert ann.claim(0, have=first)["kept"] == first
    with scored.database.write() as session:
        ended = now() - timedelta(seconds=1)
        session.execute(update(QueueEntry).where(QueueEntry.pile == "none").values(leased_until=ended))
    assert bob.accepted(5) == first[:5]
    assert ann.claim(0, have=first)["kept"] == first[5:]


def test_a_tab_that_turned_to_other_tiles_lets_go_of_those_it_had(scored: Room):
    ann, bob = grid_of(scored), grid_of(scored)
    first = ann.ids(4)
    ann.accepted(4)
    assert bob.ids(4) == first


def test_people_who_ask_at_the_same_moment_share_no_tile(app: FastAPI, scored: Room):
    with scored.database.write() as session:
        people = [factories.add_user(session) for _ in range(6)]
        session.add_all(ProjectMember(project_id=scored.project, user_id=person.id) for person in people)
        tokens = [open_session(session, person, days=1) for person in people]
    together = threading.Barrier(len(tokens))

    def work(address: str, token: str) -> list[int]:
        client = httpx.Client(
            base_url=address,
            cookies={COOKIE: token},
            headers=SAME_SITE | {"Accept": "application/json"},
            timeout=60,
        )
        grid = Grid(client, scored, uuid4().hex)
        together.wait()
        unclear = grid.ids(2)
        return [*unclear, *grid.accepted(3, have=unclear)]

    with served(app) as address, ThreadPoolExecutor(len(tokens)) as pool:
        had = list(pool.map(work, [address] * len(tokens), tokens))
    everything = [image for ids in had for image in ids]
    assert sorted(everything) == scored.images  # twelve and eighteen: every tile once


def test_a_confirmed_page_is_an_answer_an_image_each_with_its_share_of_the_seconds(scored: Room):
    grid = grid_of(scored)
    a, b, c, d = grid.ids(4)
    closed, opened = scored.classes
    response = grid.confirm({a: opened, b: closed, c: opened}, left_out=[d])
    assert (response.json()["saved"], response.json()["refused"]) == (3, [])
    assert [(row.image_id, row.class_id, row.source, row.seconds) for row in rows(scored)] == [
        (a, opened, "review", 2.0), (b, closed, "review", 2.0), (c, opened, "review", 2.0)
    ]  # fmt: skip
    assert rows(scored)[0].opinions[0]["class_id"] == opened
    assert states(scored, [a, b, c]) == ["settled"] * 3
    assert not {a, b, c} & set(grid_of(scored).ids(20))


@on_sqlite
def test_a_page_somebody_went_away_from_counts_no_longer_than_one_answer_may(scored: Room):
    grid = grid_of(scored)
    grid.confirm(dict.fromkeys(grid.ids(4), scored.classes[1]), seconds=86_400.0)
    assert sum(row.seconds for row in rows(scored)) == 600.0


def test_a_tile_that_several_people_answer_comes_to_each_of_them_once(scored: Room):
    with scored.database.write() as session:
        session.execute(update(Image).where(Image.id == scored.images[0]).values(wanted=2))
    ann, bob = grid_of(scored), grid_of(scored)
    first = ann.ids(2)
    assert ann.confirm(dict.fromkeys(first, scored.classes[1])).json()["saved"] == 2
    assert states(scored, first) == ["unclear", "settled"]
    claimed = ann.claim(30)
    assert first[0] not in [item["id"] for item in claimed["items"]]
    assert claimed["elsewhere"] == 0
    assert bob.ids(30) == first[:1]
    bob.confirm({first[0]: scored.classes[1]})
    assert states(scored, first) == ["settled", "settled"]


def test_what_an_audit_has_drawn_is_on_no_grid(scored: Room):
    first = grid_of(scored)
    held = first.accepted(2)
    with scored.database.write() as session:
        ids = scored.images[UNCLEAR:]
        session.execute(delete(QueueEntry).where(QueueEntry.image_id == ids[5]))
        session.add(QueueEntry(image_id=ids[5], project_id=scored.project, pile="audit", rank=0.0))
    grid = grid_of(scored)
    claimed = grid.claim(30, of="accepted", class_id=scored.classes[0])
    assert [item["id"] for item in claimed["items"]] == [i for i in ids if i not in {*held, ids[5]}]
    assert claimed["elsewhere"] == len(held)


def test_a_page_sent_again_adds_nothing(scored: Room):
    grid = grid_of(scored)
    page = dict.fromkeys(grid.ids(4), scored.classes[1])
    sent = [grid.confirm(page, key="page_sent0again") for _ in range(3)]
    assert [response.json()["saved"] for response in sent] == [4, 4, 4]
    assert len(rows(scored)) == 4


def test_a_tile_that_somebody_else_answered_is_refused_with_both_values_and_the_rest_is_saved(scored: Room):
    ann, bob = grid_of(scored), scored.tab()
    a, b, c, d = ann.ids(4)
    bob.answer(b, scored.classes[0], source="review")
    assert ann.claim(0, have=(a, b, c, d))["kept"] == [a, c, d]
    report = ann.confirm(dict.fromkeys([a, b, c, d], scored.classes[1])).json()
    assert report["saved"] == 3
    assert [refused["image_id"] for refused in report["refused"]] == [b]
    assert "000001.png meanwhile: closed; you said open" in report["refused"][0]["sentence"]


@on_sqlite
def test_an_archived_class_is_refused_tile_by_tile(scored: Room):
    grid = grid_of(scored)
    a, b = grid.ids(2)
    with scored.database.write() as session:
        session.get_one(LabelClass, scored.classes[0]).archived_at = now()
    report = grid.confirm({a: scored.classes[0], b: scored.classes[1]}).json()
    assert report["saved"] == 1
    assert "archived" in report["refused"][0]["sentence"]


@on_sqlite
def test_another_projects_image_is_neither_leased_nor_answered(scored: Room):
    grid = grid_of(scored)
    assert grid.claim(0, have=scored.noise_images)["kept"] == []
    report = grid.confirm({scored.noise_images[0]: scored.classes[1]}, left_out=scored.noise_images[1:]).json()
    assert report["refused"] == [{"image_id": scored.noise_images[0], "sentence": "There is no such image."}]
    assert rows(scored) == []
    assert set(states(scored, scored.noise_images)) == {"new"}


def test_a_page_is_taken_back_onto_the_tab_that_confirmed_it(scored: Room):
    ann, bob = grid_of(scored), grid_of(scored)
    unclear, accepted = ann.ids(3), ann.accepted(2)
    ids = unclear + accepted
    ann.confirm(dict.fromkeys(ids, scored.classes[1]), key="page_to0take0back")
    assert ann.undo("page_to0take0back", ids).json()["undone"] == ids
    assert states(scored, ids) == ["unclear"] * 3 + ["accepted"] * 2
    assert not set(ids) & {*bob.ids(20), *bob.accepted(20), *scored.tab().ids(20, pile="review")}
    assert [row.kind for row in rows(scored)] == ["label"] * 5 + ["undo"] * 5
    assert ann.undo("page_to0take0back", ids).status_code == 200
    assert len(rows(scored)) == 10


@on_sqlite
def test_nobody_takes_back_anothers_page(scored: Room):
    ann, bob = grid_of(scored), grid_of(scored)
    ids = ann.ids(3)
    ann.confirm(dict.fromkeys(ids, scored.classes[1]), key="page_of0ann0alone")
    assert bob.undo("page_of0ann0alone", ids).status_code == 404
    assert states(scored, ids) == ["settled"] * 3


def test_an_accepted_tile_left_out_is_first_in_review_and_on_no_grid_until_it_is_taken_back(scored: Room):
    ann, bob = grid_of(scored), grid_of(scored)
    a, b = ann.accepted(2)
    ann.confirm({a: scored.classes[0]}, key="page_with0doubt", left_out=[b])
    assert states(scored, [a, b]) == ["settled", "unclear"]
    assert b not in bob.ids(30, class_id=scored.classes[0])
    assert ann.undo("page_with0doubt", [a, b]).json()["undone"] == [a, b]
    assert states(scored, [a, b]) == ["accepted", "accepted"]
    assert not {a, b} & {*bob.accepted(30), *scored.tab().ids(30, pile="review")}
    ann.confirm({}, left_out=[b])
    assert scored.tab().ids(1, pile="review") == [b]


def test_an_unclear_tile_left_out_keeps_its_place_in_review_free_for_anybody(scored: Room):
    grid = grid_of(scored)
    a, b = grid.ids(2)
    grid.confirm({b: scored.classes[1]}, left_out=[a])
    assert a not in grid.ids(30)
    assert scored.tab().ids(1, pile="review") == [a]


def test_a_new_round_takes_no_tile_from_a_screen_and_shows_none_twice(scored: Room):
    ann, bob, cid = grid_of(scored), grid_of(scored), scored.tab()
    unclear, reviewed = ann.ids(4), cid.ids(2, pile="review")
    held = unclear + ann.accepted(4, have=unclear)
    publish(scored, 2, unclear=1)  # but for the first all unclear images are accepted as closed now
    assert ann.claim(0, have=held)["kept"] == sorted(held)
    assert not {*held, *reviewed} & {*bob.ids(30), *bob.accepted(30), *scored.tab().ids(30, pile="review")}
    assert ann.confirm(dict.fromkeys(held, scored.classes[0])).json()["saved"] == len(held)


@on_sqlite
@pytest.mark.parametrize(
    "fields",
    [{"of": "settled"}, {"order": "random"}, {"count": 241}, {"count": -1}, {"have": [0]}, {"tab": "short"}],
)
def test_a_malformed_claim_is_refused(scored: Room, fields: dict[str, Any]):
    body = {"tab": "a" * 8, "class_id": 1, "of": "unclear", "order": "least", "count": 1, "have": []}
    response = scored.tab().client.post(f"/projects/{scored.project}/grid/claim", json=body | fields)
    assert response.status_code == 422


@on_sqlite
def test_a_page_whose_key_is_no_pages_key_is_refused(scored: Room):
    assert grid_of(scored).confirm({scored.images[0]: scored.classes[0]}, key="answer-1234").status_code == 422
    assert rows(scored) == []


@on_sqlite
def test_enough_confirmed_tiles_let_the_labelers_learn_again(scored: Room):
    with scored.database.write() as session:
        project = session.get_one(Project, scored.project)
        project.recipe, project.seed_size, project.round_size = "squint", UNCLEAR, UNCLEAR
    grid = grid_of(scored)
    grid.confirm({image: scored.classes[i % 2] for i, image in enumerate(grid.ids(UNCLEAR))})
    with scored.database.read() as session:
        query = select(func.count()).select_from(Job).where(Job.kind == "label", Job.project_id == scored.project)
        assert session.scalar(query) == 2


def page_of(room: Room, grid: Grid, query: str = "") -> BeautifulSoup:
    response = grid.client.get(f"/projects/{room.project}/grid{query}", headers={"Accept": "text/html"})
    assert response.status_code == 200, response.text
    return BeautifulSoup(response.text, "html.parser")


def config_of(room: Room, grid: Grid, query: str = "") -> dict[str, Any]:
    return json.loads(page_of(room, grid, query).select_one("#grid-page")["data-config"])


def test_the_page_counts_the_piles_and_begins_with_the_fullest_unclear_one(scored: Room):
    closed, opened = scored.classes
    soup = page_of(scored, grid_of(scored))
    assert [a.get_text(" ", strip=True) for a in soup.select(".piles a")] == [
        "unclear closed 0", "unclear open 12", "accepted closed 18", "accepted open 0"
    ]  # fmt: skip
    assert soup.select_one(".piles a[aria-current]").get_text(" ", strip=True) == "unclear open 12"
    config = config_of(scored, grid_of(scored), f"?of=accepted&class_id={closed}&order=most")
    assert [config[name] for name in ("of", "classId", "order", "waiting")] == ["accepted", closed, "most", 18]
    assert config["done"] == "A person has looked at every accepted image that the labelers take for closed."
    assert config["next"] == {
        "href": f"/projects/{scored.project}/grid?of=unclear&class_id={opened}",
        "label": "Go on with unclear open (12)",
    }


@on_sqlite
def test_the_last_piles_end_leads_to_what_comes_next(scored: Room):
    grid = grid_of(scored)
    grid.confirm(dict.fromkeys(grid.accepted(20), scored.classes[0]))
    config = config_of(scored, grid)
    assert config["next"] == {"href": f"/projects/{scored.project}", "label": "What comes next"}


@on_sqlite
def test_before_the_first_round_the_page_says_what_is_missing(room: Room):
    config = config_of(room, grid_of(room))
    assert config["waiting"] == 0
    assert "The labelers have not looked at the images yet" in config["done"]
    assert config["next"]["href"] == f"/projects/{room.project}/labelers"


@on_sqlite
@pytest.mark.parametrize("query", ["?class_id=999999", "?of=settled", "?order=random", "?class_id=x"])
def test_a_grid_of_something_else_is_refused_in_words(scored: Room, query: str):
    assert grid_of(scored).client.get(f"/projects/{scored.project}/grid{query}").status_code == 422


def test_the_last_page_can_be_asked_for_until_another_answer_comes_after_it(scored: Room):
    tab = scored.tab()
    grid = grid_of(scored, tab)
    closed, opened = scored.classes

    def last_page() -> Any:
        return grid.client.get(f"/projects/{scored.project}/grid/last-page").json()["page"]

    assert last_page() is None
    for key in ("page_number0one", "page_number0two"):
        a, b = grid.ids(2)
        grid.confirm({a: opened, b: closed}, key=key)
    last = last_page()
    assert (last["key"], [tile["id"] for tile in last["tiles"]]) == ("page_number0two", [a, b])
    assert last["said"] == {str(a): opened, str(b): closed}
    grid.undo("page_number0two", [a, b])
    assert last_page()["key"] == "page_number0one"
    tab.answer(tab.ids(1, pile="review")[0], opened, source="review")
    assert last_page() is None
