"""The grid's tiles over HTTP: which come, in which order, and to whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, update

from app.models import Image, ProjectMember, QueueEntry
from app.models.base import now
from app.security import COOKIE, open_session
from tests import factories
from tests.review.conftest import UNCLEAR, Room, publish
from tests.review.grid_tab import Grid, grid_of, states
from tests.web import SAME_SITE, on_sqlite, served


def test_tiles_of_one_class_and_pile_come_least_sure_first_or_surest_first(scored: Room):
    grid = grid_of(scored)
    assert grid.ids(4) == scored.images[:4]
    assert grid.ids(4, order="most") == scored.images[UNCLEAR - 1 : UNCLEAR - 5 : -1]
    assert grid.ids(4, class_id=scored.classes[0]) == []
    assert grid.accepted(3) == scored.images[UNCLEAR : UNCLEAR + 3]
    assert grid.ids(4, of="accepted") == []


def test_a_tile_says_where_in_which_sheet_it_is_drawn(scored: Room):
    grid = grid_of(scored)
    claimed = grid.claim(3)
    assert [(i["name"], i["width"], i["sheet"], i["cell"], i["classId"]) for i in claimed["tiles"]] == [
        (f"{n:06d}.png", 8, 0, n, scored.classes[1]) for n in range(3)
    ]
    sheet = grid.client.get(claimed["sheets"][0])
    assert (sheet.status_code, sheet.headers["Content-Type"]) == (200, "image/png")
    assert sheet.headers["Cache-Control"].endswith("immutable")


def test_a_large_picture_comes_by_itself_and_small(scored: Room):
    with scored.database.write() as session:
        session.execute(update(Image).where(Image.id == scored.images[0]).values(width=400, height=300))
    large, tiny = grid_of(scored).claim(2)["tiles"]
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


def test_a_tile_that_several_people_answer_comes_to_each_of_them_once(scored: Room):
    with scored.database.write() as session:
        session.execute(update(Image).where(Image.id == scored.images[0]).values(wanted=2))
    ann, bob = grid_of(scored), grid_of(scored)
    first = ann.ids(2)
    assert ann.confirm(dict.fromkeys(first, scored.classes[1])).json()["refused"] == []
    assert states(scored, first) == ["unclear", "settled"]
    claimed = ann.claim(30)
    assert first[0] not in [item["id"] for item in claimed["tiles"]]
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
    assert [item["id"] for item in claimed["tiles"]] == [i for i in ids if i not in {*held, ids[5]}]
    assert claimed["elsewhere"] == len(held)


def test_a_new_round_takes_no_tile_from_a_screen_and_shows_none_twice(scored: Room):
    ann, bob, cid = grid_of(scored), grid_of(scored), scored.tab()
    unclear, reviewed = ann.ids(4), cid.ids(2, pile="review")
    held = unclear + ann.accepted(4, have=unclear)
    publish(scored, 2, unclear=1)  # but for the first all unclear images are accepted as closed now
    assert ann.claim(0, have=held)["kept"] == sorted(held)
    assert not {*held, *reviewed} & {*bob.ids(30), *bob.accepted(30), *scored.tab().ids(30, pile="review")}
    assert ann.confirm(dict.fromkeys(held, scored.classes[0])).json()["refused"] == []


@on_sqlite
@pytest.mark.parametrize(
    "fields",
    [{"of": "settled"}, {"order": "random"}, {"count": 241}, {"count": -1}, {"have": [0]}, {"tab": "short"}],
)
def test_a_malformed_claim_is_refused(scored: Room, fields: dict[str, Any]):
    body = {"tab": "a" * 8, "class_id": 1, "of": "unclear", "order": "least", "count": 1, "have": []}
    response = scored.tab().client.post(f"/projects/{scored.project}/grid/claim", json=body | fields)
    assert response.status_code == 422
