"""The map of the images in real Chromium: by mouse, by keys, and on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from app.config import Settings
from app.db import Database
from app.images.packing import build_pack
from ml.likeness import MAP
from tests import factories
from tests.e2e.screens import Server, phone

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("review-screen")]


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser at the map of nine images, three by three; the last three are accepted as open."""
    database = Database(f"sqlite:///{server.data_dir / 'squint.db'}")
    with database.write() as session:
        user = factories.add_user(session)
        project = factories.add_project(session, members=[user.id], recipe="squint")
        images = factories.add_images(session, project, 9, side=24)
        factories.add_round(session, project, {image.id: [(project.classes[1], 0.9)] * 2 for image in images[6:]})
        user_id, project_id = user.id, project.id
    pack = build_pack(database, Settings(data_dir=server.data_dir), project_id).pack
    np.save(f"{pack.path}/{MAP}", np.float32([[n, n % 3 / 2, n // 3 / 2] for n in range(9)]))
    with phone(browser, server, database, user_id) as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.goto(f"/projects/{project_id}/images/map")
        yield page
        assert problems == []
    database.close()


def test_an_image_is_chosen_by_keys_or_a_click_and_shows_what_lies_around_it(page: Page):
    plane, words = page.locator("#plane"), page.locator("#chosen-words")
    expect(page.locator("#drawn")).to_have_text("9 images")
    plane.focus()
    page.keyboard.press("ArrowRight")
    expect(words).to_have_text("000004.png: not labelled yet")
    page.keyboard.press("ArrowDown")
    expect(words).to_have_text("000007.png: open, accepted")
    page.keyboard.press("ArrowRight")
    expect(words).to_have_text("000008.png: open, accepted")
    around = page.locator("#chosen .tile")
    expect(around).to_have_count(8)
    around.nth(7).click()
    expect(words).to_have_text("000000.png: not labelled yet")
    expect(page.get_by_role("link", name="Find it in the list")).to_have_attribute(
        "href", f"/projects/{page.url.split('/')[4]}/images?q=000000.png"
    )
    page.get_by_label("no label").uncheck()
    page.get_by_role("button", name="Whole map").click()
    plane.click()
    expect(words).to_have_text("000000.png: not labelled yet")
    page.get_by_label("no label").check()
    plane.click()
    expect(words).to_have_text("000004.png: not labelled yet")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_one_finger_scrolls_the_page_past_the_map_and_two_zoom_it(page: Page):
    expect(page.locator("#drawn")).to_have_text("9 images")
    before = drawn(page)
    x, y = middle(page)
    draw_fingers(page, [[(x, y - 30 * step)] for step in range(6)])
    page.wait_for_function("scrollY > 60")
    assert drawn(page) == before
    page.reload()  # for a page that still glides after a swipe takes no fingers
    assert drawn(page) == before
    page.evaluate("document.getElementById('plane').scrollIntoView({block: 'center'})")  # a swipe may glide far
    place = page.evaluate("scrollY")
    x, y = middle(page)
    tries = 0
    while drawn(page) == before and tries < 10:  # Chromium may let touches go that come soon after a reload
        draw_fingers(page, [[(x, y - 20 - 12 * step), (x, y + 20 + 12 * step)] for step in range(6)])
        tries += 1
    assert drawn(page) != before
    assert page.evaluate("[scrollY, visualViewport.scale]") == [place, 1]


def middle(page: Page) -> tuple[float, float]:
    """Where the map's middle is on the screen, in pixels."""
    box = page.locator("#plane").bounding_box() or {}
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drawn(page: Page) -> str:
    """What the map shows once all its pictures have come."""
    page.wait_for_load_state("networkidle")
    before, picture = "", "not yet"
    while picture != before:
        page.wait_for_timeout(100)
        before, picture = picture, page.evaluate("document.getElementById('plane').toDataURL()")
    return picture


def draw_fingers(page: Page, path: list[list[tuple[float, float]]]) -> None:
    """Put fingers on the screen, draw them along the path and take them away."""
    fingers = page.context.new_cdp_session(page)
    moves = [("touchMove", points) for points in path[1:]]
    for kind, points in [("touchStart", path[0]), *moves, ("touchEnd", [])]:
        told = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})
