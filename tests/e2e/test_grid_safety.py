"""The grid before a server that is killed, a network that fails and other people: every tile answered once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from sqlalchemy import update

from app.models import Annotation, Image, QueueEntry
from tests import factories
from tests.e2e.grid_desk import TILES, UNSEEN_MS, GridDesk, publish

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("grid-screen")]


def wake(page: Page) -> Any:
    """Let the screen ask for tiles, as it does every now and then, and be answered; return what it said."""
    with page.expect_request("**/claim") as claim:  # while one is on its way it begins no other
        page.evaluate("waking = setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 100)")
    page.evaluate("clearInterval(waking)")
    assert claim.value.response()
    return claim.value.post_data_json


def test_a_page_taken_back_while_it_is_being_saved_loses_none_of_its_tiles(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    answers: list[tuple[Route, APIResponse]] = []
    held: dict[str, Route] = {}
    grid.page.route("**/grid/answers", lambda route: answers.append((route, route.fetch())), times=1)
    for call in ("claim", "sheet.png*"):
        grid.page.route(f"**/{call}", partial(held.__setitem__, call), times=1)
    first = grid.confirm()
    while not answers:
        grid.page.wait_for_timeout(20)
    held["claim"].continue_()
    while "sheet.png*" not in held:
        grid.page.wait_for_timeout(20)
    grid.page.keyboard.press("Backspace")  # the server has saved it all, and the screen does not know yet
    assert grid.shown() == first
    held["sheet.png*"].continue_()
    route, answer = answers[0]
    route.fulfill(response=answer)
    grid.saved()
    expect(grid.page.locator(".cell.off")).to_have_count(0)
    grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(first)


def test_a_page_confirmed_twice_before_it_is_saved_does_not_come_again(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    held: dict[str, Route] = {}
    for call in ("answers", "undo"):
        grid.page.route(f"**/grid/{call}", partial(held.__setitem__, call), times=1)
    first = grid.confirm()
    grid.page.keyboard.press("Backspace")
    grid.confirm()
    with grid.page.expect_request("**/grid/undo"):
        held["answers"].continue_()
    assert set(first) <= set(wake(grid.page)["have"])
    held["undo"].continue_()
    grid.saved()
    assert set(grid.labels()) == set(first)
    assert grid.shown() == grid.images[TILES : 2 * TILES]


@pytest.mark.parametrize("key", ["Control+z", "Backspace"])
def test_a_page_taken_back_is_shown_as_it_was_confirmed_and_its_next_answers_count(grid: GridDesk, key: str):
    _, opened = grid.classes
    grid.tile(7).click()
    first = grid.confirm()
    grid.tile(1).click()
    grid.page.keyboard.press(key)
    assert grid.shown() == first
    expect(grid.tile(7)).to_have_attribute("aria-label", "000007.png: closed")
    grid.tile(7).click()
    grid.confirm()
    expect(grid.tile(1)).to_have_attribute("aria-label", "000041.png: closed")
    grid.saved()
    assert grid.labels() == dict.fromkeys(first, opened)
    assert [row.kind for row in grid.rows()].count("undo") == TILES


def test_pages_are_taken_back_after_a_reload_one_after_the_other(grid: GridDesk):
    grid.tile(7).click()
    first = grid.confirm()
    second = grid.confirm()
    grid.saved()
    grid.load()
    for page in (second, first):
        grid.page.keyboard.press("Backspace")
        expect(grid.tile(0)).to_have_attribute("data-id", str(page[0]))
        assert grid.shown() == page
        grid.saved()
    expect(grid.tile(7)).to_have_attribute("aria-label", "000007.png: closed")
    assert grid.labels() == {}
    grid.page.keyboard.press("Backspace")
    expect(grid.page.locator("#said")).to_have_text("There is no page to take back.")


def test_marks_of_a_page_that_is_not_confirmed_survive_a_reload(grid: GridDesk):
    grid.tile(3).click()
    grid.load()
    expect(grid.tile(3)).to_have_attribute("aria-label", "000003.png: closed")
    expect(grid.page.locator("#confirm")).to_contain_text("Confirm 1 closed, 39 open")


def test_a_double_press_confirms_no_page_that_nobody_has_seen(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    grid.page.wait_for_timeout(3 * UNSEEN_MS)
    grid.page.locator("#confirm").dblclick()
    grid.page.keyboard.press("Enter")
    grid.saved()
    assert len(grid.rows()) == TILES


def test_a_server_killed_between_pages_loses_nothing_and_doubles_nothing(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    first = grid.confirm()
    grid.saved()
    grid.server.kill()
    second = grid.confirm()
    expect(grid.page.locator("#saved")).to_contain_text("1 answer not saved yet: the server cannot be reached")
    grid.server.start()
    third = grid.confirm()
    grid.saved()
    assert len(third) == 20
    assert set(grid.labels()) == {*first, *second, *third} == set(grid.images[:100])
    assert len(grid.rows()) == 100


def test_a_page_confirmed_offline_survives_a_reload_and_does_not_come_again(grid: GridDesk):
    grid.page.route("**/grid/answers", lambda route: route.abort())
    first = grid.confirm()
    expect(grid.page.locator("#saved")).to_contain_text("not saved yet")
    grid.load()
    assert grid.shown() == grid.images[TILES : 2 * TILES]
    grid.page.unroute("**/grid/answers")
    grid.saved()
    assert set(grid.labels()) == set(first)
    assert len(grid.rows()) == TILES


def test_a_page_that_was_committed_but_never_acknowledged_is_saved_once(grid: GridDesk):
    lost = []

    def swallow(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    grid.page.route("**/grid/answers", swallow)
    grid.confirm()
    grid.saved()
    assert (len(lost), len(grid.rows())) == (1, TILES)


def test_a_tile_that_somebody_else_answered_stays_in_sight_with_both_values(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    with grid.database.write() as session:
        bob = factories.add_user(session)
        image = session.get_one(Image, grid.images[5])
        session.add(
            Annotation(
                project_id=grid.project, image_id=image.id, author_id=bob.id, kind="label", source="review",
                class_id=grid.classes[0], seconds=1.0, idempotency_key="bob-was-first",
            )
        )  # fmt: skip
        image.state, image.class_id = "settled", grid.classes[0]
        session.execute(factories.no_longer_waits(image.id))
    grid.confirm()
    refused = grid.page.locator("#refused")
    expect(refused).to_contain_text("000005.png meanwhile: closed; you said open")
    expect(refused.locator("img")).to_have_count(1)
    grid.saved()
    assert len(grid.labels()) == TILES
    grid.page.keyboard.press("Backspace")
    assert grid.images[5] not in grid.shown()
    grid.load()
    expect(refused.locator("img")).to_be_visible()
    grid.page.get_by_role("button", name="understood").click()
    expect(refused).to_be_hidden()


def test_a_tile_that_is_somebody_elses_meanwhile_keeps_its_place_and_is_not_answered(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    with grid.database.write() as session:
        bob = factories.add_user(session)
        theirs = QueueEntry.image_id == grid.images[5]
        session.execute(update(QueueEntry).where(theirs).values(leased_by_id=bob.id, leased_tab="bobs-tab"))
    wake(grid.page)
    expect(grid.tile(5)).to_have_attribute("aria-label", "000005.png: taken by somebody else, not answered")
    page = grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(page) - {page[5]}


def test_two_tabs_of_one_person_show_different_tiles_and_share_the_outbox(grid: GridDesk):
    other = grid.load("", grid.context.new_page())
    here, there = grid.confirm(), grid.confirm(other)
    assert len(there) == 100 - 2 * TILES  # the first tab has its next page too
    grid.saved()
    grid.saved(other)
    assert not set(here) & set(there)
    assert set(grid.labels()) == {*here, *there}
    assert len(grid.rows()) == len(here) + len(there)


def test_a_new_round_changes_nothing_on_the_open_page_and_its_answers_are_taken(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    shown = grid.shown()
    publish(grid.database, grid.project, grid.images, unclear=10, number=2)
    wake(grid.page)
    assert grid.shown() == shown
    grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(shown)
    assert len(grid.rows()) == TILES
