"""The grid's pages over HTTP: what a page of answers becomes, how it is taken back, what the screen is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, func, select, update

from app.models import Image, Job, LabelClass, Project, QueueEntry
from app.models.base import now
from tests.review.conftest import UNCLEAR, Room
from tests.review.grid_tab import Grid, grid_of, rows, states
from tests.web import on_sqlite


def test_a_confirmed_page_is_an_answer_an_image_each_with_its_share_of_the_seconds(scored: Room):
    grid = grid_of(scored)
    a, b, c, d = grid.ids(4)
    closed, opened = scored.classes
    response = grid.confirm({a: opened, b: closed, c: opened}, left_out=[d])
    assert response.json()["refused"] == []
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


def test_a_page_sent_again_adds_nothing(scored: Room):
    grid = grid_of(scored)
    page = dict.fromkeys(grid.ids(4), scored.classes[1])
    sent = [grid.confirm(page, key="page_sent0again") for _ in range(3)]
    assert [response.json()["refused"] for response in sent] == [[], [], []]
    assert len(rows(scored)) == 4


def test_a_tile_that_somebody_else_answered_is_refused_with_both_values_and_the_rest_is_saved(scored: Room):
    ann, bob = grid_of(scored), scored.tab()
    a, b, c, d = ann.ids(4)
    bob.answer(b, scored.classes[0], source="review")
    assert ann.claim(0, have=(a, b, c, d))["kept"] == [a, c, d]
    report = ann.confirm(dict.fromkeys([a, b, c, d], scored.classes[1])).json()
    assert [refused["image_id"] for refused in report["refused"]] == [b]
    assert "000001.png meanwhile: closed; you said open" in report["refused"][0]["sentence"]
    assert len(rows(scored)) == 4


@on_sqlite
def test_an_archived_class_is_refused_tile_by_tile(scored: Room):
    grid = grid_of(scored)
    a, b = grid.ids(2)
    with scored.database.write() as session:
        session.get_one(LabelClass, scored.classes[0]).archived_at = now()
    report = grid.confirm({a: scored.classes[0], b: scored.classes[1]}).json()
    assert [refused["image_id"] for refused in report["refused"]] == [a]
    assert "archived" in report["refused"][0]["sentence"]
    assert states(scored, [a, b]) == ["unclear", "settled"]


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


@on_sqlite
def test_a_page_takes_as_many_statements_as_an_answer(scored: Room):
    grid = grid_of(scored)
    one, *others = grid.ids(8)
    asked: list[str] = []
    event.listen(scored.database.engine, "before_cursor_execute", lambda _c, _cursor, sql, *_: asked.append(sql))
    grid.confirm({one: scored.classes[1]})
    for_one = len(asked)
    grid.confirm(dict.fromkeys(others, scored.classes[1]))
    assert len(asked) - for_one <= for_one


def test_a_refused_tile_that_waits_for_an_adjudicator_waits_on(scored: Room):
    with scored.database.write() as session:
        session.get_one(Project, scored.project).overlap = 2
    ann, bob, cid = grid_of(scored), scored.tab(), scored.tab()
    a, b = ann.ids(2)
    with scored.database.write() as session:
        session.execute(update(Image).where(Image.id == a).values(wanted=2))
    for tab, chosen in zip((bob, cid), scored.classes, strict=True):
        tab.answer(a, chosen, source="review")
    report = ann.confirm(dict.fromkeys([a, b], scored.classes[1])).json()
    assert [refused["image_id"] for refused in report["refused"]] == [a]
    with scored.database.read() as session:
        assert session.get_one(QueueEntry, a).pile == "disputed"
