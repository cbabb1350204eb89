"""The grid in real Chromium: a page of tiles is judged by mouse, keys or finger, and confirmed in one go."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import update

from app.models import QueueEntry
from tests.e2e.grid_desk import TILES, UNSEEN_MS, GridDesk
from tests.e2e.screens import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("grid-screen")]
GREYS = """canvases => canvases.map((canvas) => [...canvas.getContext('2d')
  .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0))"""


def test_a_page_is_flipped_where_it_is_wrong_and_confirmed_by_one_key(grid: GridDesk):
    closed, opened = grid.classes
    expect(grid.page.locator("h1")).to_have_text("Unclear, rather open")
    assert grid.shown() == grid.images[:TILES]
    for number in (3, 7, 3):
        grid.tile(number).click()
    expect(grid.page.locator("#confirm")).to_contain_text("Confirm 1 closed, 39 open")
    page = grid.confirm()
    assert grid.shown() == grid.images[TILES : 2 * TILES]
    grid.saved()
    assert grid.labels() == {image: closed if image == page[7] else opened for image in page}
    seconds = {row.seconds for row in grid.rows()}
    assert len(seconds) == 1
    assert 0.4 / TILES <= seconds.pop() < 60 / TILES


def test_the_next_page_is_there_and_drawn_before_it_is_asked_for(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    grid.page.route("**/claim", lambda route: route.abort())
    grid.page.route("**/sheet.png*", lambda route: route.abort())
    grid.confirm()
    assert grid.shown() == grid.images[TILES : 2 * TILES]
    assert all(len(set(greys)) > 50 for greys in grid.page.locator(".cell canvas").evaluate_all(GREYS))


def test_a_page_of_tiles_is_one_request_for_its_pictures(grid: GridDesk):
    grid.page.wait_for_load_state("networkidle")
    asked: list[str] = []
    grid.page.on("request", lambda request: asked.append(request.url) if ".png" in request.url else None)
    grid.load()
    grid.page.wait_for_load_state("networkidle")
    assert len(asked) == 2  # this page, and the next one
    assert all("/sheet.png" in url for url in asked)


def test_arrows_walk_shift_extends_and_a_class_key_flips_what_is_chosen(grid: GridDesk):
    closed, opened = grid.classes
    keys = grid.page.keyboard
    keys.press("ArrowRight")  # brings the keyboard in
    keys.press("ArrowRight")
    keys.press("1")
    expect(grid.tile(1)).to_have_attribute("aria-label", "000001.png: closed")
    expect(grid.page.locator("#said")).to_have_text("000001.png: closed")
    keys.press("ArrowRight")
    for _ in range(2):
        keys.press("Shift+ArrowRight")
    expect(grid.page.locator(".cell[aria-selected=true]")).to_have_count(3)
    keys.press("1")
    keys.press("2")  # changed again
    keys.press("1")
    keys.press("ArrowDown")
    expect(grid.page.locator(".cell[aria-selected=true]")).to_have_count(0)
    page = grid.confirm()
    grid.saved()
    assert grid.labels() == {image: closed if 1 <= i <= 4 else opened for i, image in enumerate(page)}


def test_a_frame_drawn_with_the_mouse_chooses_tiles(grid: GridDesk):
    first, last = grid.tile(0).bounding_box(), grid.tile(2).bounding_box()
    assert first
    assert last
    mouse = grid.page.mouse
    mouse.move(first["x"] + 8, first["y"] + 8)
    mouse.down()
    mouse.move(last["x"] + 20, last["y"] + 30, steps=4)
    expect(grid.page.locator("#selection")).to_have_text("3 selected")
    mouse.up()
    expect(grid.page.locator(".cell[aria-selected=true]")).to_have_count(3)
    grid.page.locator(".answer").first.click()
    expect(grid.page.locator(".cell.changed")).to_have_count(3)
    grid.page.keyboard.press("Escape")
    expect(grid.page.locator(".cell[aria-selected=true]")).to_have_count(0)


@pytest.mark.parametrize("grid", [("closed", "open", "half")], indirect=True)
def test_with_three_classes_a_click_chooses_and_a_key_answers(grid: GridDesk):
    closed, opened, half = grid.classes
    grid.tile(0).click()
    grid.tile(2).click()
    grid.page.keyboard.press("3")
    grid.tile(5).click()
    grid.page.keyboard.press("1")
    expect(grid.page.locator("#confirm")).to_contain_text("1 closed, 37 open, 2 half")
    page = grid.confirm()
    grid.saved()
    expected = dict.fromkeys(page, opened) | {page[0]: half, page[2]: half, page[5]: closed}
    assert grid.labels() == expected


def test_what_cannot_be_decided_is_left_out_and_waits_for_review(grid: GridDesk):
    grid.load("?of=accepted")
    shown = grid.shown()
    grid.tile(4).focus()
    grid.page.keyboard.press("Space")
    expect(grid.tile(4)).to_have_attribute("aria-label", "000104.png: left out, for review")
    expect(grid.page.locator("#confirm")).to_contain_text("Confirm 19 closed, 1 to review")
    grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(shown) - {shown[4]}
    with grid.database.read() as session:
        assert session.get_one(QueueEntry, shown[4]).pile == "review"


def test_a_tile_whose_picture_is_missing_is_shown_as_such_and_not_answered(grid: GridDesk):
    def without_two(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "x-squint-empty": "0,2"})

    grid.page.route("**/sheet.png*", without_two)
    grid.load()
    expect(grid.tile(2)).to_have_attribute("aria-label", "000002.png: picture missing, not answered")
    grid.tile(2).click()
    page = grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(page) - {page[0], page[2]}
    grid.page.unroute_all(behavior="ignoreErrors")  # the next page's picture may be on its way


def test_pictures_that_the_server_cannot_send_now_are_no_missing_ones_and_come_when_it_can(grid: GridDesk):
    grid.page.route("**/sheet.png*", lambda route: route.abort())
    grid.page.goto(grid.page.url)
    expect(grid.page.locator("#message")).to_contain_text("The server cannot be reached; trying again.")
    grid.page.unroute_all(behavior="ignoreErrors")
    page = grid.confirm()
    grid.saved()
    assert set(grid.labels()) == set(page) == set(grid.images[:TILES])


def test_the_end_says_what_to_do_next(grid: GridDesk):
    grid.load("?of=accepted")
    grid.confirm()
    grid.saved()
    message = grid.page.locator("#message")
    expect(message).to_contain_text(
        "A person has looked at every accepted image that the labelers take for closed."
    )
    message.get_by_role("link", name="Go on with unclear open (100)").click()
    grid.ready()
    expect(grid.page.locator("h1")).to_have_text("Unclear, rather open")


def test_the_person_chooses_how_many_tiles_and_all_fit_on_the_screen(grid: GridDesk):
    grid.tile(0).click()
    grid.page.locator("#tiles").select_option("100")
    expect(grid.page.locator(".cell")).to_have_count(100)
    grid.page.locator("body").press("+")
    expect(grid.page.locator(".cell")).to_have_count(80)
    expect(grid.tile(0)).to_have_attribute("aria-label", "000000.png: closed")
    bar = grid.page.locator(".grid-bar").bounding_box()
    last = grid.tile(79).bounding_box()
    assert bar
    assert last
    assert last["y"] + last["height"] <= bar["y"]


def test_contrast_is_stretched_by_a_key(grid: GridDesk):
    def spread() -> tuple[int, int]:
        greys = grid.page.locator(".cell canvas").evaluate_all(GREYS)[0]
        return min(greys), max(greys)

    before = spread()
    grid.page.keyboard.press("c")
    assert spread() == (0, 255)
    grid.page.keyboard.press("c")
    assert spread() == before


def test_the_grid_works_by_touch_on_a_phone(grid: GridDesk, browser: Browser):
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(phone, grid.database, grid.user, grid.server.url)
    grid.page.wait_for_load_state("networkidle")  # a claim on its way would hold tiles after all
    grid.page.close()
    with grid.database.write() as session:
        session.execute(update(QueueEntry).values(leased_until=None))
    page = grid.load("", phone.new_page())
    expect(page.locator(".cell")).to_have_count(40)
    box = page.locator(".cell").nth(39).bounding_box()
    bar = page.locator(".grid-bar").bounding_box()
    assert box
    assert bar
    assert box["width"] >= 44
    assert box["y"] + box["height"] <= bar["y"]
    page.locator(".cell").nth(2).tap()
    expect(page.locator(".cell.changed")).to_have_count(1)
    page.wait_for_timeout(3 * UNSEEN_MS)
    page.locator("#confirm").tap()
    grid.saved(page)
    assert [row.class_id for row in grid.rows()].count(grid.classes[0]) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
