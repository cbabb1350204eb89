"""The audit in real Chromium: planned, drawn, checked key by key without seeing the labels, and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.db import Database
from app.review.service import fill_review
from tests import factories
from tests.e2e.screens import Server, phone
from tests.labelers.test_effort import REPORT, share

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """An annotator's browser at a project whose three rounds accepted forty eyes as open."""
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        user = factories.add_user(session)
        project = factories.add_project(session, members=[user.id], recipe="squint", show_opinions=True)
        images = factories.add_images(session, project, 40, side=24)
        says = {image.id: [(project.classes[1], 0.9)] * 2 for image in images}
        for number, wrong in ((1, 0.08), (2, 0.05), (3, 0.04)):
            made = factories.add_round(session, project, says, number)
            made.report = {**REPORT, "splits": {"train": 4 * number, "val": 0}, "all_wrong": share(wrong)}
        fill_review(session, project.id, {})
        user_id, address = user.id, f"/projects/{project.id}"
    with phone(browser, server, database, user_id) as page:
        page.set_default_timeout(20_000)
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/audit")
        yield page
        assert problems == []
    database.close()


def test_a_sample_is_drawn_checked_by_keys_and_speaks(page: Page):
    page.fill("#size", "6")
    page.get_by_role("button", name="Draw the sample").click()
    expect(page.locator("#pile-progress")).to_have_text("0 of 6 checked")
    expect(page.locator("#opinions")).to_be_hidden()
    for number in range(6):
        expect(page.locator(".answer").first).to_be_enabled()
        page.keyboard.press("1" if number == 2 else "2")
    page.get_by_role("link", name="What comes next").click()
    expect(page.locator(".said")).to_have_text(
        "1 of 6 wrong: at most 58.2 % of the accepted labels are wrong (95 %)."
    )
    expect(page.locator(".tiles li")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_effort_page_draws_its_chart_and_gives_it_away(page: Page):
    page.goto(page.url.replace("/audit", "/effort"))
    chart = page.get_by_role("img", name="Estimated wrong labels: 8.0 % after 4 answers")
    expect(chart).to_be_visible()
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".words")).to_contain_text("After 4 answers an estimated 8.0 % wrong")
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"answers,kind,wrong_percent,low,high")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Download effort as {kind}").click()
        assert saved.value.suggested_filename == f"effort.{kind.lower()}"
        assert Path(saved.value.path()).read_bytes().startswith(begin)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
