"""The annotator's screen in real Chromium: one key is label and next, and every answer can be changed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.models import Project, User
from tests.e2e.conftest import Desk

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


def test_thirty_keys_are_thirty_answers_each_of_the_image_that_was_shown(desk: Desk):
    keys = "12 1122" * 4 + "12"
    shown = desk.press(keys)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said(keys), strict=True))
    assert len(desk.rows()) == 30
    expect(desk.page.locator("#strip li")).to_have_count(20)
    expect(desk.page.locator("#pile-progress")).to_have_text("26 of 40 seed answers")


def test_seconds_count_from_the_painted_image_to_the_key(desk: Desk):
    desk.press("1")
    desk.name()
    desk.page.wait_for_timeout(1000)
    desk.press("2")
    desk.saved()
    assert 0.6 <= desk.rows()[-1].seconds < 5


def test_backspace_walks_back_and_the_next_answer_counts(desk: Desk):
    shown = desk.press("1111")
    for name in reversed(shown[1:]):
        desk.page.keyboard.press("Backspace")
        expect(desk.page.locator("#caption")).to_contain_text(name)
    again = desk.press("222")
    desk.saved()
    assert again == shown[1:]
    assert desk.labels() == dict(zip(shown, desk.said("1222"), strict=True))
    assert [row.kind for row in desk.rows()].count("undo") == 3


def test_undo_goes_beyond_what_a_reload_brought(desk: Desk):
    shown = desk.press("12" * 14)
    desk.saved()
    desk.load()
    for _ in range(25):
        desk.page.keyboard.press("Backspace")
    expect(desk.page.locator("#caption")).to_contain_text(shown[3])
    desk.saved()
    assert desk.labels() == dict(zip(shown[:3], desk.said("121"), strict=True))


def test_an_earlier_answer_is_changed_by_a_click_in_the_strip(desk: Desk):
    shown = desk.press("111")
    waiting = desk.name()
    desk.page.locator("#strip button").first.click()
    expect(desk.page.locator("#caption")).to_contain_text(shown[0])
    expect(desk.page.locator("#again")).to_contain_text("You said closed")
    desk.press("2")
    expect(desk.page.locator("#caption")).to_contain_text(waiting)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("211"), strict=True))
    expect(desk.page.locator("#strip li")).to_have_count(3)


def test_an_earlier_answer_that_was_only_looked_at_stands(desk: Desk):
    shown = desk.press("12")
    waiting = desk.name()
    desk.page.locator("#strip button").first.click()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#caption")).to_contain_text(waiting)
    desk.saved()
    assert desk.labels() == dict(zip(shown, desk.said("12"), strict=True))


def test_a_flag_goes_with_the_image_that_was_flagged(desk: Desk):
    desk.press("f1")
    desk.press("2")
    desk.saved()
    assert [row.flagged for row in desk.rows()] == [True, False]


def test_the_end_of_the_pile_says_what_comes_next(desk: Desk):
    for _ in range(60):
        desk.press("1")
    desk.saved()
    expect(desk.page.locator("#message")).to_contain_text("No new image waits")
    expect(desk.page.get_by_role("link", name="What comes next")).to_be_visible()
    expect(desk.page.locator("#note")).to_contain_text("The seed is complete, thank you")
    assert len(desk.labels()) == 60


def test_an_engineer_is_not_asked_to_start_what_starts_by_itself(desk: Desk):
    with desk.database.write() as session:
        session.get_one(User, desk.user).role = "engineer"
        session.get_one(Project, desk.project).seed_size = 2
    desk.load()
    desk.press("12")
    expect(desk.page.get_by_role("link", name="Train the labelers")).to_be_visible()
    with desk.database.write() as session:
        session.get_one(Project, desk.project).recipe = "squint"
    desk.load()
    expect(desk.page.locator("#note")).to_contain_text("from here on the labelers learn by themselves")


def test_nothing_is_said_of_the_pile_before_its_size_is_known(desk: Desk):
    desk.to_review()
    desk.page.route("**/claim", lambda route: route.abort())
    desk.page.goto(f"{desk.server.url}/projects/{desk.project}/review")
    expect(desk.page.locator("#message")).to_contain_text("The server cannot be reached")
    expect(desk.page.locator("#pile-progress")).to_be_empty()
    desk.page.unroute("**/claim")
    expect(desk.page.locator("#pile-progress")).to_have_text("0 of 60 settled")
